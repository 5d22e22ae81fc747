"""Rung 6: whether a broken engine is noticed, and by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from ladder.breaks import Break

import lstm_sym as ls
from lstm_sym.check import CHECKS
from lstm_sym.check.derived_lines import line_errors
from lstm_sym.compile.derivation import Derivation

EVERYTHING = """
a[t] = tanh(W @ x[t] + 2 * (U @ h[t-1]) - V.T @ c[t-1] + p * c[t-1] + b)
s[t] = sigmoid(W_s @ x[t] + U_s @ h[t-1] + q * c[t-1] - 0.5 * (U @ c[t-1]) + b_s)
c[t] = s[t] * c[t-1] + (1 - s[t]) * a[t]
m[t] = c[t] - max(c[t])
h[t] = k * a[t] / (2 + tanh(m[t]))
"""
"""A cell in which every rule has something to do."""

CELLS = {
    "everything": ls.parse(EVERYTHING, key="everything"),
    **{name: ls.cell(name) for name in ("lstm_peephole", "gru", "lstm_projected")},
}
BAR = 1e-12  # of a line, as in the suite of checks
KERNEL_CHECKS = ("autograd", "explicit Jacobian", "second order", "dot test", "step")


def derived(cell: ls.Cell) -> list[Any]:
    """All that the engine derives from a cell, to be compared: programs and Jacobians."""
    derivation = Derivation(cell)
    programs = [derivation.forward, derivation.adjoint, derivation.tangent]
    sources = [*cell.states, *filter(None, [cell.input]), *cell.parameters]
    maps = [derivation.jacobian(state, source).terms for state in cell.states for source in sources]
    return [[(program.statements, program.carries, program.direction) for program in programs], maps]


@lru_cache
def as_it_is(name: str) -> tuple[list[Any], str]:
    """What the engine derives from a cell, and its kernel, when nothing is broken."""
    return derived(CELLS[name]), ls.generate(CELLS[name])


def verdict(broken: Break, name: str) -> str:
    """What notices the break on this cell: "refused" (the engine itself), the name of a check, or "nothing".

    "unchanged": the cell has nothing that this break would change.
    """
    (programs, source), cell = as_it_is(name), CELLS[name]
    with broken.broken(), np.errstate(all="ignore"):
        found = attempted(lambda: derived(cell))
        if found == programs and attempted(lambda: ls.generate(cell)) == source:
            return "unchanged"
        hold = attempted(lambda: all(error <= BAR for _, error in line_errors(cell)))
        if hold is False:
            return "every line"
        if hold is None or found is None:
            return "refused"
        kernel = attempted(lambda: ls.build(replace(cell, name=broken.name)))  # by another name: no cache has it
        failed = (check for check in KERNEL_CHECKS if not passed(check, cell, kernel))
        return "refused" if kernel is None else next(failed, "nothing")


def passed(check: str, cell: ls.Cell, kernel: Any) -> bool:
    """Whether a check holds; one that stops has noticed."""
    result = attempted(lambda: CHECKS[check](cell, kernel))
    return result is not None and result.passed


def attempted(call: Callable[[], Any]) -> Any:
    """The result, or None where the broken engine stops: whatever the error, nobody gets a wrong gradient."""
    try:
        return call()
    except Exception:
        return None
