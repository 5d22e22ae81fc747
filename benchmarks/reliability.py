"""The ladder of checks over the whole catalogue: the figures of docs/reliability.md.

    python3 run.py bench reliability [--rung NAME] [--jobs N] [--update] [--quick] [--threads N] [--json FILE]

Rungs: symbolic, digits, checks, mistakes, breaks. Each prints its table; --update writes it into the page as well. The
exit code is 1 if something does not hold. --quick takes a few cells alone, and writes nothing into the page.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from _measure import machine, options, progress, save
from _page import block, table, update

import lstm_sym as ls
from lstm_sym.cli.streams import standard_streams

# The rungs are of the tests, in the place of this folder, whose kernels.py would hide theirs.
sys.path[0] = str(Path(__file__).resolve().parents[1] / "tests")

FEW = ("rnn", "gru")
SMALL = 1e-40  # radius of a ball
PYTORCH = 1e-13  # relative, of each gradient
ULP = {"ordinary": 64, "saturated": 2**14}
Rows = list[dict[str, Any]]


class Rung(NamedTuple):
    """What is done for every item, what is said of it in a table, the figure, and which items do not hold."""

    items: Callable[[], Sequence[str]]
    measure: Callable[[str], dict[str, Any]]
    header: tuple[str, ...]
    row: Callable[[dict[str, Any]], tuple[object, ...]]
    figure: Callable[[Rows], str]
    failed: Callable[[dict[str, Any]], object]


def symbolic(name: str) -> dict[str, Any]:
    """Derived minus differentiated, and the state Jacobian at H = 2."""
    from ladder import ball_jacobian, identities

    lines, jacobian = identities.proof(ls.cell(name)), ball_jacobian.proof(ls.cell(name))
    radius = max(lines["radius"], jacobian["radius"])
    failed = [*lines["failed"], *map(str, jacobian["failed"])]
    return {**lines, "elements": jacobian["elements"], "radius": radius, "failed": failed}


def digits(name: str) -> dict[str, Any]:
    """Errors in ulp, ordinary weights in the fast form, saturated ones in the precise form."""
    from ladder.digits import ORDINARY, SATURATED, errors

    cell = ls.cell(name)
    return {
        "ordinary": errors(cell, ORDINARY, precise=False),
        "saturated": errors(cell, SATURATED, precise=True),
    }


def checks(name: str) -> dict[str, Any]:
    """Every check of the suite, twice."""
    from lstm_sym.check import check_cell

    first, second = (check_cell(ls.cell(name)) for _ in range(2))
    results = {result.name: result.error if result.ran else None for result in first}
    failed = [result.name for result in first if not result.passed]
    results["PyTorch"] = None
    if find_spec("torch"):
        from ladder.torch_engine import worst_error

        results["PyTorch"] = worst_error(ls.cell(name))
        failed += ["PyTorch"] if not results["PyTorch"] <= PYTORCH else []
    return {**results, "same": list(map(astuple, first)) == list(map(astuple, second)), "failed": failed}


def mistakes(name: str) -> dict[str, Any]:
    """Every mistake in the backward pass of a cell, and whether autograd notices it."""
    from ladder.slips import score

    return score(ls.cell(name))


def breaks(name: str) -> dict[str, Any]:
    """One way of breaking the engine, on every cell of the rung."""
    from ladder.breaks import BREAKS
    from ladder.mutation import CELLS, verdict

    broken = next(one for one in BREAKS if one.name == name)
    by = {cell: verdict(broken, cell) for cell in CELLS}
    missed = [cell for cell, what in by.items() if what == "nothing"]
    return {"by": by, "failed": missed or ("no cell has it" if set(by.values()) == {"unchanged"} else [])}


def names_of_breaks() -> list[str]:
    """The breaks, by name."""
    from ladder.breaks import BREAKS

    return [broken.name for broken in BREAKS]


def total(rows: Rows, key: str) -> int:
    """A sum over rows."""
    return sum(row[key] for row in rows)


def worst(rows: Rows, size: str, what: str, position: int) -> float:
    """The largest error in ulp."""
    return max(row[size][what][position] for row in rows)


def symbolic_figure(rows: Rows) -> str:
    """What rung 1 says."""
    count, by_sympy, elements = (total(rows, key) for key in ("identities", "by sympy", "elements"))
    return (
        f"{count} derivatives and {elements} elements of state Jacobians of {len(rows)} cells: none differs; SymPy "
        f"decides {by_sympy} of the {count}, all lie in balls of radius {max(row['radius'] for row in rows):.0e}"
    )


def digits_figure(rows: Rows) -> str:
    """What rung 2 says."""
    forward, gradients = (worst(rows, "ordinary", what, 0) for what in ("forward", "gradients"))
    saturated = sorted(row["saturated"]["gradients"][0] for row in rows)
    return (
        f"{len(rows)} cells against mpmath, in ulp of each array's maximum: forward <= {forward:.0f}, gradients <= "
        f"{gradients:.0f}; at weights x60 gradients <= {saturated[-1]:.0f}, in half of the cells <= "
        f"{saturated[len(saturated) // 2]:.0f}"
    )


def checks_figure(rows: Rows) -> str:
    """What rungs 3, 4 and 7 say."""

    def extreme(check: str, choose: Any = max) -> float:
        return choose((row[check] for row in rows if row[check] is not None), default=float("nan"))

    pytorch = f", PyTorch <= {extreme('PyTorch'):.0e}" if rows[0]["PyTorch"] is not None else ""
    autograd = max(extreme(check) for check in rows[0] if check.startswith("autograd"))
    orders = [extreme(order, min) for order in ORDERS]
    return (
        f"{len(rows)} cells: autograd <= {autograd:.0e}{pytorch}, complex step at lag 200 <= "
        f"{extreme('complex step'):.0e}, dot test <= {extreme('dot test'):.0e}, Taylor order >= {orders[0]:.4f}, "
        f"second order >= {orders[1]:.3f}; {total(rows, 'same')} of {len(rows)} agree with themselves, bit by bit"
    )


def mistakes_figure(rows: Rows) -> str:
    """What the mistakes of rung 6 say."""
    count, missed = total(rows, "mistakes"), sum(len(row["failed"]) for row in rows)
    return (
        f"{count} mistakes in the backward passes of {len(rows)} cells, up to {max(row['kinds'] for row in rows)} "
        f"kinds a cell: {count - missed} noticed, {missed} not"
    )


def breaks_figure(rows: Rows) -> str:
    """What the breaks of rung 6 say."""
    found = Counter(what for row in rows for what in row["by"].values() if what != "unchanged")
    by = ", ".join(f"{count} {what}" for what, count in found.most_common() if what != "nothing")
    return (
        f"the engine broken in {len(rows)} ways, {found.total()} broken cells: "
        f"{found.total() - found['nothing']} noticed, {found['nothing']} not ({by})"
    )


def scientific(value: float | None) -> str:
    """Two digits; a dash for what does not apply."""
    return "–" if value is None else f"{value:.1e}"


def pair(errors: tuple[float, float]) -> str:
    """array [entry]."""
    return f"{errors[0]:.1f} [{errors[1]:.3g}]"


CHECK_COLUMNS = (
    "autograd",
    "autograd, many steps",
    "complex step",
    "explicit Jacobian",
    "dot test",
    "second order",
    "every line",
    "PyTorch",
)
ORDERS = ("Taylor", "Taylor, second order")

RUNGS: dict[str, Rung] = {
    "symbolic": Rung(
        ls.names,
        symbolic,
        ("cell", "derivatives", "decided by SymPy", "elements at H = 2", "largest radius"),
        lambda r: (r["identities"], r["by sympy"], r["elements"], f"{r['radius']:.1e}"),
        symbolic_figure,
        lambda r: r["failed"] or r["radius"] >= SMALL,
    ),
    "digits": Rung(
        ls.names,
        digits,
        ("cell", "forward", "gradients", "forward, weights x60", "gradients, weights x60"),
        lambda r: tuple(pair(r[size][what]) for size in ULP for what in ("forward", "gradients")),
        digits_figure,
        lambda r: any(r[size][what][0] > bar for size, bar in ULP.items() for what in ("forward", "gradients")),
    ),
    "checks": Rung(
        ls.names,
        checks,
        ("cell", *CHECK_COLUMNS, *(f"{order}, order" for order in ORDERS), "twice the same"),
        lambda r: (
            *(scientific(r[check]) for check in CHECK_COLUMNS),
            *(f"{r[order]:.4f}" for order in ORDERS),
            "yes" if r["same"] else "no",
        ),
        checks_figure,
        lambda r: r["failed"] or not r["same"],
    ),
    "mistakes": Rung(
        ls.names,
        mistakes,
        ("cell", "kinds", "rewrites", "that change a gradient", "noticed"),
        lambda r: (r["kinds"], r["rewrites"], r["mistakes"], r["mistakes"] - len(r["failed"])),
        mistakes_figure,
        lambda r: r["failed"],
    ),
    "breaks": Rung(
        names_of_breaks,
        breaks,
        ("break", "noticed by, cell by cell"),
        lambda r: (", ".join(f"{cell}: {what}" for cell, what in r["by"].items() if what != "unchanged"),),
        breaks_figure,
        lambda r: r["failed"],
    ),
}


def parser() -> argparse.ArgumentParser:
    """The options that this script has and the others have not."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--rung", choices=RUNGS, action="append", help="this rung alone; may be given several times")
    own.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at once (default: 1)")
    own.add_argument("--update", action="store_true", help="write the tables into docs/reliability.md")
    return own


def measured(rung: Rung, items: Sequence[str], jobs: int) -> Iterator[tuple[dict[str, Any], object]]:
    """The results of all items, in order, each with what does not hold; an item may stop with an error."""
    with ProcessPoolExecutor(jobs) as pool:
        waiting = {item: pool.submit(rung.measure, item) for item in items}
        for item in progress(items, str):
            try:
                row = {"name": item, **waiting[item].result()}
            except Exception as error:
                yield {"name": item}, f"{type(error).__name__}: {error}"
            else:
                yield row, rung.failed(row)


def main() -> None:
    """Climb the rungs, print their tables, and write them into the page if asked to."""
    own, sys.argv[1:] = parser().parse_known_args()
    chosen = options(__doc__ or "")
    host, blocks, failed = machine(chosen.threads), {}, []
    for name in own.rung or RUNGS:
        rung = RUNGS[name]
        items = [item for item in rung.items() if item in FEW] or rung.items()[:3] if chosen.quick else rung.items()
        print(f"rung {name}: {len(items)} items", file=sys.stderr, flush=True)
        results = list(measured(rung, items, own.jobs))
        failed += [f"{name}, {row['name']}: {what}" for row, what in results if what]
        rows = [row for row, _ in results if len(row) > 1]
        body = table(rung.header, [(row["name"], *rung.row(row)) for row in rows])
        blocks[name] = block(rung.figure(rows), f"python3 run.py bench reliability --rung {name}", host, body)
        print(f"{blocks[name]}\n", flush=True)
        save(chosen.json, f"{Path(__file__).stem} {name}", host, rows)
    for what in failed:
        print(f"does not hold: {what}", file=sys.stderr)
    if own.update and not chosen.quick and not failed:
        update(blocks)
        print("wrote docs/reliability.md", file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    with standard_streams():
        main()
