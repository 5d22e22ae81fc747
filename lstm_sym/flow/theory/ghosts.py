"""The one-unit recurrent network at its fixed points: where two of them meet and vanish (saddle-node, or fold).

For a cell of one unit without input, with a = u h + b before its function, the equations of the cell give

    fixed point       h = F(h, a)                        solved for h(a)
    slope             dF/dh + u dF/da = 1                solved for u(a)
    bias              b = a - u h(a)

as curves in a. For h = tanh(u h + b) that is u = cosh(a)^2, b = a - sinh(a) cosh(a): three fixed points where u > 1 and
|b| < sqrt(u (u - 1)) - arcosh(sqrt(u)), one outside. On the fold the memory of the unit is lost, and its gradient goes
from vanishing to exploding: Doya 1993, IEEE Transactions on Neural Networks 1, 75-80 (bifurcations in the learning of
recurrent networks); Pascanu, Mikolov & Bengio 2013, section 2.2 and figure 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lstm_sym.flow.calculus.roots import bisected
from lstm_sym.flow.calculus.single_unit import one_unit
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs.scaling import Array

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

    from lstm_sym.equations.cell import Cell

# Rounding of a - u h(a) - b: within this share of its terms a turning point is a fixed point, on the fold.
ROUNDING = 64 * np.finfo(float).eps
# Where turning points are looked for; where a bounded function has long reached its bounds; what slope is neutral.
GRID = np.linspace(-60.0, 60.0, 24_002)
FAR = 1e3
NEUTRAL = 1e-9


@dataclass(frozen=True)
class FixedPoints:
    """The fixed points of one unit at u and b.

    Attributes:
        states: (n,), the h of each, ascending.
        slopes: (n,), dh[t]/dh[t-1] at each.
    """

    states: tuple[float, ...]
    slopes: tuple[float, ...]

    @property
    def stable(self) -> tuple[bool, ...]:
        """Whether each attracts what is near it: |slope| < 1."""
        return tuple(abs(slope) < 1 - NEUTRAL for slope in self.slopes)

    @property
    def basins(self) -> tuple[tuple[float, float], ...]:
        """The open interval of initial states that each stable one attracts: its ends are the unstable ones.

        Raises FlowError where a slope is negative: the map is not monotone, and may end in a cycle.
        """
        if min(self.slopes) < 0:
            raise FlowError(
                "basins of one unit",
                f"the slope {min(self.slopes):.3g} at a fixed point",
                "a negative recurrent weight, with which the state jumps from side to side",
                "iterate the map to see where it ends",
            )
        ends = [-float("inf"), *self.states, float("inf")]
        edges = [end for end, moves in zip(ends, [True, *(not s for s in self.stable), True], strict=True) if moves]
        inside = [state for state, attracts in zip(self.states, self.stable, strict=True) if attracts]
        return tuple((max(e for e in edges if e < state), min(e for e in edges if e > state)) for state in inside)


@dataclass(frozen=True, eq=False)
class SaddleNode:
    """The fold of a one-unit cell, as formulas that SymPy derived from its equations, in the functions of the table.

    Attributes:
        cell: the key of the cell.
        argument: the symbol a, what stands in the function of the cell.
        recurrent: the symbol u.
        state: h(a) at a fixed point.
        weight: u(a) on the fold.
        bias: b(a) on the fold.
        slope: dh[t]/dh[t-1] at the fixed point of a, an expression of a and u.
    """

    cell: str
    argument: sympy.Symbol
    recurrent: sympy.Symbol
    state: Expr
    weight: Expr
    bias: Expr
    slope: Expr

    @cached_property
    def branches(self) -> tuple[Expr, ...]:
        """b(u) on each branch of the fold, where u(a) can be inverted: formulas of u. Raises FlowError if not."""
        import sympy

        from lstm_sym.equations.functions import defined

        a, u = self.argument, sympy.Symbol(self.recurrent.name, positive=True)
        try:
            inverses = sympy.solve(sympy.simplify(defined(self.weight)) - u, a)
        except NotImplementedError:
            inverses = []
        if not inverses:
            raise FlowError(
                f"{self.cell}, b(u)",
                "u(a) has no inverse in known functions",
                "a function other than tanh and sigmoid",
                "draw b(a) against u(a), or ask `fold` for numbers",
            )
        bias = sympy.simplify(defined(self.bias)).rewrite(sympy.exp)
        substituted = (sympy.expand(bias.xreplace({a: inverse})) for inverse in inverses)
        return tuple(sympy.simplify(sympy.radsimp(sympy.simplify(branch))) for branch in substituted)

    def fold(self, u: float) -> Array:
        """The b at which two fixed points meet, for a weight u: (m,), ascending; empty where there are none."""
        return np.sort(self._values(self.bias, np.array(self._turning(u))))

    def fixed_points(self, u: float, b: float) -> FixedPoints:
        """All fixed points at u and b, found between the turning points of a - u h(a), where it is monotone.

        On the fold the two that meet are one, of slope 1: a turning point itself. Raises FlowError where h(a) is not
        bounded, so that nothing says where to look.
        """

        def missing(a: float) -> float:
            return a - u * float(self._values(self.state, np.float64(a))) - b

        def missing_or_zero(a: float) -> float:
            rest = missing(a)
            return 0.0 if abs(rest) <= ROUNDING * (abs(a) + abs(a - rest - b) + abs(b)) else rest

        reach = abs(b) + abs(u) * float(np.abs(self._values(self.state, np.array([-FAR, FAR]))).max()) + 1
        if not missing(-reach) < 0 < missing(reach):
            raise FlowError(
                f"{self.cell}, u = {u:g}",
                "the state has no bound",
                "a function without bounds, as relu",
                "choose a bounded one",
            )
        turning = self._turning(u)
        pieces = pairwise([-reach, *turning, reach])
        ends = {a: missing_or_zero(a) for a in (-reach, *turning, reach)}
        between = [bisected(missing, *piece) for piece in pieces if ends[piece[0]] * ends[piece[1]] < 0]
        roots = np.sort([*between, *(a for a in turning if ends[a] == 0)])
        states, slopes = self._values(self.state, roots), self._values(self.slope, roots, u)
        return FixedPoints(tuple(states.tolist()), tuple(slopes.tolist()))

    def _turning(self, u: float) -> list[float]:
        """The a with u(a) = u, ascending."""

        def missing(a: float) -> float:
            return float(self._values(self.weight, np.float64(a))) - u

        below = self._values(self.weight, GRID) < u
        crossings = np.flatnonzero(below[1:] != below[:-1])
        return [bisected(missing, float(GRID[k]), float(GRID[k + 1])) for k in crossings]

    def _values(self, expression: Expr, a: Array | np.float64, u: float = 0.0) -> Array:
        from lstm_sym.interpreter.evaluation import evaluate

        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            found = evaluate(expression, {self.argument: a, self.recurrent: np.float64(u)})
        return np.broadcast_to(found, np.shape(a)).astype(np.float64)


def saddle_node(cell: Cell) -> SaddleNode:
    """The fold of a cell with one state, one recurrent matrix and one bias, at H = 1 and x = 0.

    Raises FlowError: a cell with gates, or with several states.
    """
    import sympy

    unit = one_unit(cell)
    a, h, u = unit.argument, unit.state, unit.weight
    (state,) = sympy.solve(sympy.Eq(unit.result, h), h)
    by_state, by_argument = (unit.result.diff(symbol).xreplace({h: state}) for symbol in (h, a))
    weight = (1 - by_state) / by_argument
    return SaddleNode(cell.key, a, u, state, weight, a - weight * state, by_state + u * by_argument)
