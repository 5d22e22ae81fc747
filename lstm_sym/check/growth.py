"""Cells that grow: a case ends before their numbers leave the range in which gradients can be compared.

Beyond 1e308 there is nothing to compare, and the products of a check leave it long before the state does. What is kept
is checked as strictly as any other case.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstm_sym.check.case import Case
from lstm_sym.check.equations import array_functions, run_equations_once
from lstm_sym.equations.cell import Cell

LARGEST, LARGEST_SINGLE = 1e100, 1e15
"""Up to which size states and outputs are compared; the same where a check runs in float32, which ends at 3e38."""


def before_overflow(cell: Cell, case: Case, largest: float = LARGEST) -> Case:
    """The first steps of a case, as many as leave every state and output within `largest`, but one at least."""
    steps = max(steps_within(cell, case, largest), 1)
    if steps >= len(case.x):
        return case
    sizes = {**case.sizes, "T": steps}
    return replace(case, x=case.x[:steps], dy=case.dy[:steps], sizes=sizes, wanted=len(case.x))


def steps_within(cell: Cell, case: Case, largest: float) -> int:
    """How many steps of the equations leave every state and output finite and within `largest`."""
    previous, functions = case.state, array_functions(np)
    for step, x_t in enumerate(case.x):
        with np.errstate(all="ignore"):
            values = run_equations_once(cell, x_t, case.params, previous, functions)
        previous = {name: values[name] for name in cell.states}
        if not all(np.all(np.abs(value) <= largest) for value in (*previous.values(), values[cell.output])):
            return step
    return len(case.x)
