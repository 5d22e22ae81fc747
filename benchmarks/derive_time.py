"""How long the derivation of each cell of the catalogue takes.

    python3 run.py bench derive_time [--quick] [--json FILE]

From the parsed cell: the forward program, the adjoint, the tangent and the state Jacobian, everything that a kernel
and a report are printed from. *First* is the first derivation of that cell in the process, after the modules are
imported and after the cells above it; *warm* is each later one, where SymPy finds its expressions in its cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from _measure import Clock, Options, machine, options, progress, save, show, spread

import lstm_sym as ls
from lstm_sym.cli.streams import standard_streams

BAR = 0.050  # seconds, warm
HEADER = ("cell", "first ms", "warm ms", "bar ms")


def derive(cell: ls.Cell, clock: Clock) -> float:
    """Seconds of one complete derivation."""
    begin = clock()
    derivation = ls.derive(cell)
    _ = derivation.adjoint, derivation.tangent, derivation.state_jacobian()
    return clock() - begin


def measure(name: str, chosen: Options) -> dict[str, Any]:
    """First and warm derivation of a cell."""
    cell = ls.cell(name)
    first = derive(cell, chosen.clock)
    warm = [derive(cell, chosen.clock) for _ in range(3 if chosen.quick else 20)]
    return {"cell": name, "first": first, "warm": spread(warm), "bar": BAR, "turns": len(warm)}


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    met = "met" if result["warm"].median <= BAR else "missed"
    return result["cell"], f"{1e3 * result['first']:.1f}", result["warm"].text(1e3, 1), f"{1e3 * BAR:.0f} {met}"


def main() -> None:
    """Measure every cell of the catalogue and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    results = [measure(name, chosen) for name in progress(ls.names(), str)]
    title = "Derivation: forward program, adjoint, tangent, state Jacobian; warm: median [quartiles]"
    show(title, host, HEADER, [row(result) for result in results])
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
