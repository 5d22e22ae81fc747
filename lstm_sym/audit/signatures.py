"""The signatures of mistakes: which outputs each makes wrong, and from how many steps and sequences on.

Usage: python -m lstm_sym.audit.signatures docs/mistakes.md, which writes the table of that page again.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_sym.audit.deviations.deviation import is_parameter
from lstm_sym.audit.mistake_wording import MistakeWording
from lstm_sym.cells import cell
from lstm_sym.check import random_case
from lstm_sym.compile.derivation import Derivation
from lstm_sym.interpreter.over_time import Backward, Named, deviations, run_forward
from lstm_sym.mistakes.catalogue import Mistake, candidates
from lstm_sym.mistakes.noticed import NOTICED

CELL = "lstm"

TWENTY = (
    "a_o: slope left out",
    "a_f: slope left out",
    "tanh_c_slope: slope of the output",
    "g_slope: slope misremembered: 1 - g[t]",
    "h: carried adjoint left out",
    "c: carried adjoint left out",
    "c_prev: carried adjoint not sent",
    "h: cotangent left out",
    "c: sign: d_c_next[t]",
    "f: off by one in time",
    "c_prev: factor left out",
    "i: wrong factor: d_c[t]*g[t]: f[t]",
    "tanh_c: part for the whole: d_h[t]*o[t]: dy[t]",
    "h_prev: transposed: U_f",
    "h_prev: wrong weight: U_i d_a_i[t]: U_f",
    "U_f: off by one in time",
    "b_o: before the slope",
    "W_i: overwritten",
    "b_f: mean over the batch",
    "x: left out: W_g",
)
"""Beginnings of the keys of the mistakes on the page, without the name of the program."""

STAGES = {
    "one step": (1, 1),
    "two sequences": (1, 2),
    "two steps": (2, 1),
    "three steps": (3, 2),
}
"""Stage -> steps and sequences; nothing arrives from after the last step."""


@dataclass(frozen=True)
class Signature:
    """A mistake: on which stage it shows first, which outputs are wrong there, and which on the last stage."""

    mistake: Mistake
    stage: str
    first: tuple[str, ...]
    last: tuple[str, ...]


def signature(mistake: Mistake, given: Sequence[Backward], right: Sequence[Named]) -> Signature:
    """What a mistake shows on the sequences of the stages."""
    with np.errstate(all="ignore"):
        wrong = [_wrong(mistake.run(one).gradients, gradients) for one, gradients in zip(given, right, strict=True)]
    place = next((place for place, names in enumerate(wrong) if names), len(wrong) - 1)
    return Signature(mistake, list(STAGES)[place], wrong[place], wrong[-1])


def _wrong(found: Named, right: Named) -> tuple[str, ...]:
    return tuple(name for name, error in deviations(found, right).items() if not error <= NOTICED)


def sequences(derivation: Derivation) -> list[Backward]:
    """A random sequence for each stage."""
    found = []
    for steps, batch in STAGES.values():
        case = random_case(derivation.cell, steps=steps, batch=batch, inputs=2, hidden=4, seed=0)
        values = run_forward(derivation.forward, case.x, case.params, case.state)
        found.append(Backward(values, case.dy, {name: np.zeros_like(v) for name, v in case.dstate.items()}))
    return found


def signatures_of(derivation: Derivation, wanted: Sequence[str] = TWENTY) -> list[Signature]:
    """Of the mistakes whose keys begin so, in that order (StopIteration if there is none)."""
    known = candidates(derivation.adjoint, derivation.forward)
    starts = [f"{derivation.adjoint.name}.{start}" for start in wanted]
    chosen = [next(mistake for mistake in known if mistake.key.startswith(start)) for start in starts]
    given = sequences(derivation)
    right = [one.run(derivation.adjoint).gradients for one in given]
    return [signature(mistake, given, right) for mistake in chosen]


def table(derivation: Derivation) -> str:
    """The table of the page, in Markdown."""
    wording = MistakeWording(derivation)
    names = [*sequences(derivation)[0].run(derivation.adjoint).gradients]
    rows = ["| what is written | in line | shows first with | wrong there | wrong in the end |", "| --- " * 5 + "|"]
    for one in signatures_of(derivation):
        lines = ", ".join(line.number for line in wording.lines(one.mistake))
        first, last = (said(wrong, names) for wrong in (one.first, one.last))
        rows.append(f"| {wording.sentence(one.mistake)} | {lines} | {one.stage} | {first} | {last} |")
    return "\n".join(rows) + "\n"


def said(wrong: Collection[str], names: Sequence[str]) -> str:
    """A set of outputs in few words: "all but b_o", "all parameters of o", "x, h[0]"."""
    right = [name for name in names if name not in wrong]
    if not wrong or not right:
        return "all" if wrong else "none"
    parameters = [name for name in names if is_parameter(name)]
    gates = dict.fromkeys(name.rpartition("_")[2] for name in parameters)
    text = ", ".join(_short([name for name in names if name in wrong], parameters, list(gates)))
    without = ", ".join(_short(right, parameters, list(gates)))
    return f"all but {without}" if len(without) < len(text) else text


def _short(chosen: Sequence[str], parameters: Sequence[str], gates: Sequence[str]) -> list[str]:
    """Names, all parameters of a gate as one."""
    whole = {gate: [name for name in parameters if name.endswith(f"_{gate}")] for gate in gates}
    full = [gate for gate, names in whole.items() if set(names) <= set(chosen)]
    rest = [f"`{name}`" for name in chosen if not any(name in whole[gate] for gate in full)]
    return [*([f"W, U, b of {', '.join(full)}"] if full else []), *rest]


START, END = "<!-- signatures: python -m lstm_sym.audit.signatures docs/mistakes.md -->\n", "<!-- end -->"


def rewritten(page: str) -> str:
    """The page with the table as it is computed."""
    before, _, rest = page.partition(START)
    return f"{before}{START}\n{table(Derivation(cell(CELL)))}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(rewritten(target.read_text(encoding="utf-8")), encoding="utf-8")
