"""The gain of the recurrent weights at which the origin of a cell ceases to be stable.

The entries of U are drawn independently with mean 0 and variance g^2 / N; for N -> infinity its eigenvalues fill the
disc |u| <= g evenly (circular law: Girko 1985; Tao & Vu 2010). On the eigenvector of u the state Jacobian at the
origin is a small matrix J(u), derived from the cell's equations; the origin is stable as long as no u of the disc
brings an eigenvalue of J(u) to the unit circle:

    g_c = min |u| over all u with det(lambda - J(u)) = 0 for some |lambda| = 1

where the eigenvalues lie inside the circle at u = 0. Of the u(lambda) that solve it the nearest to 0 is taken at
lambda = 1 or, for a state that jumps from side to side, at -1; that it is the nearest of the whole circle is verified.

The LSTM has lambda = f + i o u there: g_c = (1 - f) / (i o), which is 4 / (1 + e^b_f) where b_i = b_o = 0. The GRU has
lambda = z + (1 - z) r u: g_c = 1 / r = 1 + e^-b_r, whatever z is. Only the matrix of the candidate counts: the gates
are multiplied by a state or a candidate that is 0. (Can, Krishnamurthy & Schwab 2020, arXiv:2002.00025, for gated
continuous-time networks.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.calculus.at_origin import Origin, origin
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs.scaling import Array, log
from lstm_sym.flow.theory.overlay import Overlay

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

    from lstm_sym.equations.cell import Cell

SOURCE = "linearisation at the origin; circular law (Girko 1985; Tao & Vu 2010)"
# Where on the unit circle, and for which values of the biases, it is verified that no other lambda comes first.
ANGLES = 360
TRIALS = (-2.0, -0.3, 0.9)
# A modulus this near to 1 is on the circle: a double root comes out no better.
NEAR = 1e-7


@dataclass(frozen=True, eq=False)
class CriticalGain:
    """g_c as a formula of the biases.

    Attributes:
        cell: the key of the cell.
        matrix: the matrix whose gain it is.
        biases: the biases in the formula.
        zero: the biases that must be 0 for the origin to be a fixed point.
        expression: g_c, a SymPy expression of the biases.
        jacobian: the state Jacobian at the origin, a SymPy matrix over the states, in u and the biases.
    """

    cell: str
    matrix: str
    biases: tuple[str, ...]
    zero: tuple[str, ...]
    expression: Expr
    jacobian: sympy.Matrix

    def at(self, **biases: float) -> float:
        """g_c where the biases have these values; a bias that is not named is 0. Raises FlowError for no such bias."""
        import sympy

        wrong = [name for name in biases if name not in self.biases]
        if wrong:
            raise FlowError(
                f"critical gain of {self.cell}, {wrong[0]}",
                f"no bias of the formula, which has {', '.join(self.biases) or 'none'}",
                "a bias that must be 0 for the origin to be a fixed point, or another cell's",
                "name one of the formula",
            )
        values = {symbol: sympy.Float(biases.get(symbol.name, 0.0), 30) for symbol in self.expression.free_symbols}
        return float(self.expression.xreplace(values))

    def text(self) -> str:
        """g_c as one line: 4/(exp(b_f) + 1)."""
        return str(self.expression)

    def latex(self) -> str:
        """g_c in LaTeX, without delimiters."""
        import sympy

        return str(sympy.latex(self.expression))

    def overlay(self, bias: str, values: Sequence[float] | Array) -> Overlay:
        """ln g_c against the values of one bias, the others 0."""
        x = np.asarray(values, np.float64)
        gains = np.array([self.at(**{bias: float(value)}) for value in x])
        return Overlay(f"critical gain, {self.text()}", x, log(gains), "prediction", SOURCE)


def critical_gain(cell: Cell, keep: Iterable[str] | None = None) -> CriticalGain:
    """g_c of a cell, derived from its equations. keep: the biases left in the formula, all that there are by default.

    The other biases are 0. A cell with g_c = 0 stands on the unit circle without any recurrent weight.
    Raises FlowError: what `origin` refuses; a bias to keep that is none; a cell that is unstable at u = 0, or has an
    eigenvalue on or beyond the unit circle whatever u is; one whose eigenvalues leave the circle first elsewhere than
    at 1 or -1, for which there is no such formula.
    """
    import sympy

    point = origin(cell)
    kept = point.biases if keep is None else tuple(keep)
    expression = _gain(point)
    unknown = [name for name in kept if name not in point.biases]
    if unknown:
        raise FlowError(
            f"critical gain of {cell.key}, keep",
            f"{unknown[0]!r}, which is none of {', '.join(point.biases) or 'its biases'}",
            f"a bias that must be 0 for the origin to be a fixed point ({', '.join(point.zero) or 'none'})",
            "keep biases of gates",
        )
    dropped = {symbol: sympy.Integer(0) for symbol in expression.free_symbols if symbol.name not in kept}
    return CriticalGain(
        cell.key,
        point.matrix,
        kept,
        point.zero,
        _shortest(expression.xreplace(dropped)),
        point.jacobian.xreplace(dropped),
    )


def _gain(point: Origin) -> Expr:
    """|u| of the u nearest to 0 that brings an eigenvalue to the unit circle."""
    import sympy

    u, eigenvalue = point.eigenvalue, sympy.Symbol("lambda")
    size = point.jacobian.shape[0]
    characteristic = sympy.cancel((eigenvalue * sympy.eye(size) - point.jacobian).det())
    polynomial = sympy.Poly(sympy.numer(sympy.together(characteristic)), u)
    if polynomial.degree() != 1:
        raise _elsewhere(point.cell, f"a characteristic polynomial of degree {polynomial.degree()} in u")
    slope, rest = polynomial.all_coeffs()
    reaching = sympy.cancel(-rest / slope)
    # The factors that cancel are those without u: eigenvalues that no gain moves.
    fixed = sympy.cancel(slope / sympy.fraction(reaching)[1])
    _refuse_unstable(point.cell, rest, fixed, eigenvalue)
    return _nearest(point.cell, reaching, eigenvalue)


def _refuse_unstable(cell: str, without: Expr, fixed: Expr, eigenvalue: sympy.Symbol) -> None:
    """Raise a FlowError where a root at u = 0 lies beyond the unit circle, or one that u does not move lies on it."""
    import sympy

    for polynomial, limit, which in ((without, 1 + NEAR, "at u = 0"), (fixed, 1 - NEAR, "whatever u is")):
        coefficients = sympy.Poly(sympy.numer(sympy.together(polynomial)), eigenvalue).all_coeffs()
        for values in _trials(polynomial.free_symbols - {eigenvalue}):
            roots = np.roots([_number(coefficient, values) for coefficient in coefficients])
            largest = float(np.abs(roots).max(initial=0.0))
            if largest > limit:
                raise FlowError(
                    f"{cell}, at the origin",
                    f"an eigenvalue of modulus {largest:.6g} {which}",
                    "a state that keeps or amplifies itself through no recurrent matrix, as n[t] = n[t-1] + ...",
                    "give that state a factor below 1, or measure the largest exponent: no gain makes it stable",
                )


def _nearest(cell: str, reaching: Expr, eigenvalue: sympy.Symbol) -> Expr:
    """|u(lambda)| at the lambda = 1 or -1 that is the nearest to 0 of the circle, verified. Raises FlowError."""
    import sympy

    trials = list(_trials(reaching.free_symbols - {eigenvalue}))
    circle = np.exp(2j * np.pi * np.arange(ANGLES) / ANGLES)
    least = np.array([_least(reaching, {**values, eigenvalue: circle}) for values in trials])
    claims = []
    for end in (1, -1):
        gain = sympy.simplify(reaching.subs(eigenvalue, end))
        if gain.has(sympy.zoo, sympy.nan, sympy.oo):
            continue
        claimed = np.array([_number(gain, values) for values in trials])
        if (least >= np.abs(claimed) * (1 - 1e-9)).all() and ((claimed >= 0).all() or (claimed <= 0).all()):
            return gain if (claimed >= 0).all() else sympy.simplify(-gain)
        claims.append(float(np.abs(claimed[0])))
    found = f"an eigenvalue of modulus 1 at |u| = {least[0]:.6g}"
    raise _elsewhere(cell, found + (f", below the {min(claims):.6g} of 1 and -1" if claims else ""))


def _trials(biases: Iterable[sympy.Symbol]) -> Iterator[dict[Any, Any]]:
    """Some values of the biases."""
    ordered = sorted(biases, key=str)
    for trial in range(len(TRIALS)):
        yield {symbol: np.float64(TRIALS[(trial + k) % len(TRIALS)]) for k, symbol in enumerate(ordered)}


def _least(reaching: Expr, values: Mapping[Any, Any]) -> float:
    """The smallest |u| over a circle; a lambda that no u reaches is infinitely far."""
    from lstm_sym.interpreter.evaluation import evaluate

    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nanmin(np.abs(evaluate(reaching.n(), dict(values)))))


def _number(expression: Expr, values: Mapping[Any, Any]) -> float:
    return float(expression.xreplace(values).evalf())


def _shortest(expression: Expr) -> Expr:
    """The formula as a fraction of e^b or e^-b, for each bias the one that needs fewer operations."""
    import sympy

    biases = sorted(expression.free_symbols, key=str)
    powers = {bias: sympy.Symbol(f"e_{bias}", positive=True) for bias in biases}
    rational = sympy.expand(expression, power_exp=True)
    forms = []
    for signs in product((1, -1), repeat=len(biases)):
        chosen = list(zip(biases, signs, strict=True))
        into = {sympy.exp(s * b): powers[b] for b, s in chosen} | {sympy.exp(-s * b): 1 / powers[b] for b, s in chosen}
        form = sympy.factor(rational.xreplace(into))
        out_of = {powers[b]: sympy.exp(s * b) for b, s in chosen}
        forms += [form.xreplace(out_of), sympy.expand(form).xreplace(out_of)]
    return min(forms, key=lambda form: (sympy.count_ops(form), str(form)))


def _elsewhere(cell: str, found: str) -> FlowError:
    return FlowError(
        f"{cell}, at the origin",
        found,
        "a cell that is not monotone in its recurrent weights at the origin",
        "scan the gain and measure the largest exponent",
    )
