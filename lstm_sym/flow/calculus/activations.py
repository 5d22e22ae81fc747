"""A function of the table of functions as theory uses it: its values, its derivatives, its kinks, its steepest slope.

phi, phi' and phi'' are the symbols of the table and what SymPy makes of them by `diff`; they are evaluated in the forms
free of cancellation. Nothing about a function is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs.scaling import Array

# Where the steepest slope is looked for, beside the kinks: densely around 0, then further out by powers of two.
NEAR = np.linspace(-32.0, 32.0, 4097)
FAR = 2.0 ** np.arange(6, 1000)
HALVINGS = 50


@dataclass(frozen=True, eq=False)
class Activation:
    """A function phi of one argument.

    Attributes:
        name: as a cell file writes it; "identity" for phi(a) = a.
        kinks: where phi' jumps, ascending.
        derivatives: phi, phi', phi'' as SymPy expressions of `argument`.
        argument: the symbol a.
    """

    name: str
    kinks: tuple[float, ...]
    derivatives: tuple[Any, Any, Any]
    argument: Any

    def value(self, a: Array) -> Array:
        """phi(a), element by element."""
        return self._at(a, 0)

    def slope(self, a: Array) -> Array:
        """phi'(a), element by element."""
        return self._at(a, 1)

    def curvature(self, a: Array) -> Array:
        """phi''(a), element by element; at a kink it says nothing of the jump."""
        return self._at(a, 2)

    @property
    def steepest(self) -> float:
        """sup |phi'(a)| over all a where phi is defined: 1 for tanh, 1/4 for the sigmoid, inf for exp and log."""
        far = np.abs(self.slope(np.concatenate([-FAR, FAR])))
        points = np.union1d(NEAR, self.kinks)
        for _ in range(HALVINGS):
            sizes = np.abs(self.slope(points))
            largest = float(np.nanmax(sizes))
            if not np.isfinite(largest):
                return float("inf")
            best = int(np.nanargmax(sizes))
            around = points[max(best - 1, 0)], points[min(best + 1, len(points) - 1)]
            points = np.union1d(np.linspace(*around, 5), points[best])
        return max(largest, float(np.nanmax(far)))

    def _at(self, a: Array, order: int) -> Array:
        from lstm_sym.interpreter.evaluation import evaluate

        with np.errstate(all="ignore"):
            values = evaluate(self.derivatives[order], {self.argument: a})
        return np.broadcast_to(values, np.shape(a)).astype(np.float64)


@lru_cache
def activation(name: str) -> Activation:
    """The function of this name in the table of functions, or "identity".

    Raises FlowError: no function of one argument has this name.
    """
    import sympy

    from lstm_sym.equations.functions import FUNCTIONS

    known = ["identity", *(row.name for row in FUNCTIONS.values() if row.arity == 1)]
    if name not in known:
        raise FlowError(
            f"activation {name!r}",
            "no function of one argument has this name",
            "another library's name, or a function of two arguments",
            f"name one of {', '.join(known)}",
        )
    a = sympy.Symbol("a", real=True)
    phi = a if name == "identity" else FUNCTIONS[name].symbol(a)
    kinks = () if name == "identity" else _kinks(FUNCTIONS[name].definition(a), a)
    return Activation(name, kinks, (phi, phi.diff(a), phi.diff(a, 2)), a)


def _kinks(definition: Any, a: Any) -> tuple[float, ...]:
    """Where the pieces of a definition meet, ascending."""
    import sympy
    from sympy.core.relational import Relational

    pieces = sympy.piecewise_fold(definition.rewrite(sympy.Piecewise))
    meets = (sympy.solve(sympy.Eq(edge.lhs, edge.rhs), a) for edge in pieces.atoms(Relational))
    return tuple(sorted({float(point) for points in meets for point in points}))
