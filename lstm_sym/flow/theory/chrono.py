"""How long a gate keeps its state, from its bias: T = 1 / (1 - f), f = sigmoid(b), so T = 1 + e^b (chrono).

The term of the state Jacobian that passes through no matrix is the gate that keeps the state: diag(f) in dc/dc of the
LSTM, diag(z) in dh/dh of the GRU. It is derived from the cell's equations; at zero input and state it is a function of
one bias alone, and SymPy solves for the bias that a wanted time scale needs.

    T(b) = 1 / (1 - keep(b))          b(T) = ln(T - 1) for the LSTM, -ln(T - 1) for a gate that forgets, as in the MGU

keep^lag is what is left after `lag` steps: e^-1 after tau = -1 / ln keep, which is T - 1/2 but for about 1/(12 T), and
one half after tau ln 2. Source: Tallec & Ollivier 2018, Can recurrent neural networks warp time?, arXiv:1804.11188,
section 2; their chrono initialisation is b_f ~ ln U[1, T_max - 1], b_i = -b_f.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.calculus.at_origin import entry, values_at_origin
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.flow.theory.overlay import Overlay, straight

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

    from lstm_sym.equations.cell import Cell

SOURCE = "Tallec & Ollivier 2018, section 2"


@dataclass(frozen=True, eq=False)
class TimeScale:
    """How long a state is kept, as a function of a bias.

    Attributes:
        cell: the key of the cell.
        state: the state that is kept.
        bias: the name of the bias that decides.
        symbol: its symbol.
        keep: the share that is kept in a step, an expression of the bias.
        steps: T = 1 / (1 - keep), an expression of the bias.
        inverse: the bias for a wanted T, an expression of the symbol T.
    """

    cell: str
    state: str
    bias: str
    symbol: sympy.Symbol
    keep: Expr
    steps: Expr
    inverse: Expr

    def time_constant(self, bias: float | Array) -> Array:
        """T, in steps, for a bias or an array of them."""
        return self._number(self.steps, self.symbol, bias)

    def bias_for(self, steps: float | Array) -> Array:
        """The bias that keeps the state for T steps. Raises FlowError for a T that is not within `reach`."""
        import sympy

        wanted, (low, high) = np.asarray(steps, np.float64), self.reach
        if not (wanted > low).all():
            why, fix = "a gate that forgets at once still takes one step", f"ask for more than {low:g} step"
            if low > 1:
                why, fix = "a part of the state passes the gate at every step", f"{fix}s"
            raise FlowError(f"{self.cell}, {self.bias}", f"a time scale of {np.min(wanted)} steps", why, fix)
        if not ((wanted < high) | np.isinf(high)).all():
            why = "a factor below 1 beside the gate, as in 0.9 * z[t] * h[t-1], so that a part is always forgotten"
            where, found = f"{self.cell}, {self.bias}", f"a time scale of {np.max(wanted)} steps"
            raise FlowError(where, found, why, f"ask for fewer than {high:g} steps")
        return self._number(self.inverse, sympy.Symbol("T", positive=True), wanted)

    @cached_property
    def reach(self) -> tuple[float, float]:
        """The time scales that a bias can set, above the first and below the second: (1, inf) for the LSTM.

        The gate of 0.9 * z[t] * h[t-1] keeps at most 0.9 of the state, which is for (1, 10).
        """
        import sympy

        ends = (float(sympy.limit(self.steps, self.symbol, end)) for end in (-sympy.oo, sympy.oo))
        low, high = sorted(ends)
        return max(low, 1.0), high

    def log_keep(self, bias: float | Array) -> Array:
        """ln keep, to the last digits however far the gate is open (log1p of -1 / T) or closed (SymPy, exactly)."""
        import sympy

        logs = np.array(np.log1p(-1 / np.maximum(self.time_constant(bias), 2.0)))
        closed = self._number(self.keep, self.symbol, bias) < 0.5
        logarithm = sympy.log(self.keep)
        exact = [logarithm.xreplace({self.symbol: sympy.Rational(float(value))}) for value in np.asarray(bias)[closed]]
        logs[closed] = [float(value.evalf(20)) for value in exact]
        return logs

    def half_life(self, bias: float | Array) -> Array:
        """The steps in which half of the state is forgotten: ln 2 / -ln keep."""
        return np.asarray(np.log(2.0) / -self.log_keep(bias))

    def overlay(self, lags: Sequence[int] | Integers | Array, bias: float) -> Overlay:
        """lag ln keep, for every lag: what is left of the state along the path that passes through no matrix."""
        label = f"chrono, T = {float(self.time_constant(bias)):.4g}"
        return Overlay(label, *straight(lags, float(self.log_keep(bias))), "prediction", SOURCE)

    @staticmethod
    def _number(expression: Expr, symbol: sympy.Symbol, value: float | Array) -> Array:
        from lstm_sym.interpreter.evaluation import evaluate

        with np.errstate(over="ignore", divide="ignore"):
            return np.asarray(evaluate(expression, {symbol: np.asarray(value, np.float64)}), np.float64)


def time_scale(cell: Cell, state: str | None = None) -> TimeScale:
    """T(b) and b(T) of a cell, derived from its equations. state: which one, by default the one that a gate keeps.

    Raises FlowError: no such state, or none that one gate of one bias keeps (the tanh RNN keeps nothing).
    """
    import sympy

    wanted = sympy.Symbol("T", positive=True)
    kept = _kept(cell)
    for name, keep in kept.items():
        (symbol,) = keep.free_symbols
        steps = sympy.simplify(1 / (1 - keep))
        inverses = sympy.solve(sympy.Eq(steps, wanted), symbol)
        # A gate can be opened to any time scale: what has no real bias for 2 steps is no gate.
        if state in (None, name) and len(inverses) == 1 and inverses[0].xreplace({wanted: sympy.Integer(2)}).is_real:
            return TimeScale(cell.key, name, symbol.name, symbol, keep, steps, _in_real_logs(inverses[0], wanted))
    raise FlowError(
        f"{cell.key}, time scale" + (f" of {state}" if state else ""),
        "no gate of one bias keeps it"
        if state in kept or state is None
        else f"gates keep {', '.join(kept) or 'nothing'}",
        "a cell without a gate on the way from its state to its state, or gates that share the work",
        "measure the half-life instead",
    )


def _in_real_logs(inverse: Expr, wanted: sympy.Symbol) -> Expr:
    """The bias as a sum of logarithms, -ln(T - 1); as one where a part has none, as ln(10 (1 - T) / (T - 10))."""
    import sympy

    simple = sympy.simplify(inverse)
    parts = sympy.expand_log(simple, force=True)
    return parts if all(log.xreplace({wanted: sympy.Integer(2)}).is_real for log in parts.atoms(sympy.log)) else simple


def chrono_biases(
    size: int, longest: float, rng: np.random.Generator, *, names: tuple[str, str] = ("b_f", "b_i")
) -> dict[str, Array]:
    """{"b_f": ln U[1, T_max - 1], "b_i": -b_f}, (size,) each: time scales from 2 steps to T_max, most of them long.

    longest: T_max, the longest dependency to expect, in steps. For an LSTM: params._replace(**chrono_biases(...)).
    names: of the biases of its forget gate and of its input gate, as its equations call them; by default those of the
    catalogue's LSTM. Raises FlowError unless T_max > 2.
    """
    if not longest > 2:
        raise FlowError(
            "chrono initialisation", f"T_max = {longest}", "a longest time below the shortest, 2 steps", "give more"
        )
    forget: Array = np.log(rng.uniform(1.0, longest - 1.0, size))
    return {names[0]: forget, names[1]: -forget}


def _kept(cell: Cell) -> dict[str, Any]:
    """State -> what of it is kept in a step through no matrix, at zero input and state: a function of one bias."""
    import sympy

    from lstm_sym.api import derive

    derivation = derive(cell)
    values = values_at_origin(derivation.forward, cell.key)
    biases, found = {bias.name for bias in derivation.roles.biases}, {}
    for (row, column), block in derivation.state_jacobian().items():
        if row != column:
            continue
        keep, _ = entry(block, values, sympy.Integer(0))
        if len(keep.free_symbols) == 1 and {symbol.name for symbol in keep.free_symbols} <= biases:
            found[row] = keep
    return found
