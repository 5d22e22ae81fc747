"""Kinks: where |a| or maximum(u, v) has no derivative. A Taylor remainder wants none of them within its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np

from lstm_sym.check.case import Array, Case, random_case
from lstm_sym.check.equations import Functions, array_functions, run_equations
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.expressions import Call
from lstm_sym.equations.functions import FUNCTIONS

Drawn = TypeVar("Drawn")

MARGIN = 2.0**-7
"""How far from every kink a smooth case is, twice the largest step of a Taylor remainder."""
DRAWS = 20

DISTANCES: dict[str, Callable[..., Any]] = {
    "relu": lambda a: a,
    "softsign": lambda a: a,
    "hard_sigmoid": lambda a: np.minimum(np.abs(a - 3), np.abs(a + 3)),
    "abs": lambda a: a,
    "maximum": lambda u, v: u - v,
    "minimum": lambda u, v: u - v,
    "where": lambda c, u, v: c,
    "max": lambda a: np.diff(np.sort(np.atleast_2d(a), axis=-1)[..., -2:], axis=-1),
}
"""Function -> how far its arguments are from a kink; 0 is a kink, and a quantity that stays there crosses none."""


def is_analytic(cell: Cell) -> bool:
    """Whether every function of the cell is analytic, so that it has no kink near which derivatives jump."""
    nodes = (node for equation in cell.equations for node in equation.expression.walk())
    called = {node.function for node in nodes if isinstance(node, Call)}
    return all(FUNCTIONS[name].analytic for name in called & set(FUNCTIONS)) and "max" not in called


def smooth_case(cell: Cell, *, seed: int, **sizes: int) -> Case:
    """A random case no quantity of which is within `MARGIN` of a kink; of DRAWS that are, the farthest."""
    cases = (random_case(cell, seed=seed + 1000 * draw, **sizes) for draw in range(DRAWS))
    return next(cases) if is_analytic(cell) else farthest(cases, partial(distance_from_kinks, cell))


def farthest(cases: Iterable[Drawn], distance: Callable[[Drawn], float]) -> Drawn:
    """The first case farther than `MARGIN` from every kink; the farthest where none is."""
    seen: list[tuple[float, Drawn]] = []
    for case in cases:
        seen.append((distance(case), case))
        if seen[-1][0] > MARGIN:
            break
    return max(seen, key=itemgetter(0))[1]


def distance_from_kinks(cell: Cell, case: Case) -> float:
    """The smallest distance of an argument from a kink, over all steps, sequences and units."""
    return distance_while(lambda functions: run_equations(cell, case.x, case.params, case.state, functions))


def distance_while(run: Callable[[Functions], Any]) -> float:
    """The smallest distance of an argument from a kink while equations are run with the functions given."""
    found: list[float] = []
    functions = array_functions(np)

    def watched(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            distances: Array = np.abs(DISTANCES[name](*arguments))
            found.append(float(distances.min(where=distances > 0, initial=np.inf)))
            return functions[name](*arguments)

        return call

    with np.errstate(all="ignore"):
        run(functions | {name: watched(name) for name in DISTANCES})
    return min(found, default=np.inf)
