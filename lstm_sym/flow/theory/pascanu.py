"""Bounds on how gradients vanish and explode: ||dh[T]/dh[t]|| <= prod ||dh[k]/dh[k-1]|| (Pascanu et al. 2013).

Three bounds, each nearer to the truth than the one before, in the spectral norm:

    worst case     (gamma sigma_max(U))^(T-t)        gamma = sup |phi'|: 1 for tanh, 1/4 for the sigmoid
    slopes         prod max_i |phi'(a_i[k])| sigma_max(U)     the slopes that the trajectory met
    path           prod ||J[k]||_2                    J[k] the state Jacobian of any cell along the trajectory

The first needs no data: where gamma sigma_max(U) < 1 gradients must vanish, and they can explode only where it is
above 1. The Jacobian of the cell is derived from its equations, and each of its products of diagonals and matrices is
bounded by the product of their norms, so that the leaky and the antisymmetric network have these bounds as well.

Source: Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063, equations (5) to (7) and section 2.1; Bengio, Simard & Frasconi
1994. The Frobenius norm relative to that at lag 0 obeys the same bounds: ||R J||_F <= ||R||_F ||J||_2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.calculus.activations import activation
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers, log, spectral_norms
from lstm_sym.flow.runs.sweeps import sums_back
from lstm_sym.flow.runs.trajectory import StepDerivatives, Trajectory
from lstm_sym.flow.theory.overlay import Overlay, straight
from lstm_sym.ground.progress import Progress

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

    from lstm_sym.derivation.jacobian import Jacobian
    from lstm_sym.derivation.linear_map import LinearMap
    from lstm_sym.equations.cell import Cell

SOURCE = "Pascanu, Mikolov & Bengio 2013, section 2.1"


@dataclass(frozen=True)
class WorstCase:
    """A bound that holds for every input.

    Attributes:
        cell: the key of the cell.
        log_factor: ln of what ||J||_2 never exceeds, per step: ln(gamma sigma_max(U)); inf where phi has no steepest
            slope, -inf where U is zero.
    """

    cell: str
    log_factor: float

    @property
    def vanishes(self) -> bool:
        """Whether gradients must vanish: the factor is below 1. Sufficient, not necessary."""
        return self.log_factor < 0

    @property
    def may_explode(self) -> bool:
        """Whether gradients can explode: the factor is above 1. Necessary, not sufficient."""
        return self.log_factor > 0

    def overlay(self, lags: Sequence[int] | Integers | Array) -> Overlay:
        """lag ln(gamma sigma_max(U)), for every lag: the sensitivity relative to lag 0 cannot lie above it."""
        return Overlay("bound for any input, (γ σ)^lag", *straight(lags, self.log_factor), "bound", SOURCE)


def worst_case(cell: Cell, params: Any) -> WorstCase:
    """gamma sigma_max(U) of a cell with one state, derived from its equations; params: its parameters, as the kernel's.

    Raises FlowError: several states, or gates, whose Jacobian has no bound that holds for every input.
    """
    return WorstCase(cell.key, float(log(sum(_terms(cell, params, lambda name, _: activation(name).steepest)))))


def slope_bound(
    trajectory: Trajectory,
    cell: Cell,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    progress: Progress | None = None,
) -> Overlay:
    """prod_k max_i |phi'(a_i[k])| sigma_max(U) along a trajectory of a cell: the median over end points and sequences.

    ends, lags: as in `state_sensitivity`; the median of bounds is a bound of the median. Raises FlowError as
    `worst_case` does, and for a kernel whose tape lacks the argument of phi.
    """

    def bounds(block: StepDerivatives) -> Array:
        def met(name: str, argument: str) -> Array:
            met_there = np.asarray(getattr(block.tape, argument))[block.inside]
            return np.asarray(np.abs(activation(name).slope(met_there)).max(axis=-1))

        terms = np.asarray(sum(_terms(cell, trajectory.params, met)), np.float64)
        return np.broadcast_to(terms, (len(block.steps), trajectory.batch))

    return _along(trajectory, bounds, lags, ends, "bound by the slopes met, ∏ max φ′ σ", progress)


def path_bound(
    trajectory: Trajectory,
    *,
    lags: int,
    ends: int | Sequence[int] | Integers | None = None,
    progress: Progress | None = None,
) -> Overlay:
    """prod_k ||J[k]||_2 along a trajectory of any cell, J over all states: the median over end points and sequences.

    ends, lags: as in `state_sensitivity`; the median of bounds is a bound of the median.
    """

    def bounds(block: StepDerivatives) -> Array:
        return spectral_norms(block.state)

    return _along(trajectory, bounds, lags, ends, "bound along the path, ∏ ‖J‖", progress)


def _along(
    trajectory: Trajectory,
    bounds: Callable[[StepDerivatives], Array],
    lags: int,
    ends: Any,
    label: str,
    progress: Progress | None,
) -> Overlay:
    """The median over end points of the products of the bounds (n, B) of the last 0, 1, ..., lags steps."""
    refusals.refuse_all_but("Trajectory", trajectory)
    points = refusals.end_points(ends, len(trajectory), lags, trajectory.model)
    sums = sums_back(trajectory, lambda block: log(bounds(block)), points, lags, progress)
    return Overlay(label, np.arange(lags + 1.0), np.median(sums, axis=(0, 2)), "bound", SOURCE)


def _terms(cell: Cell, params: Any, slope: Callable[[str, str], Any]) -> list[Any]:
    """A bound of the norm of each product of the state Jacobian; slope(phi, argument) is one of |phi'| there."""
    from lstm_sym.api import derive
    from lstm_sym.derivation.jacobian import state_jacobian
    from lstm_sym.derivation.linear_map import Diagonal

    program = derive(cell).forward
    blocks = list(state_jacobian(program).values())
    if len(blocks) != 1:
        raise _without_bound(cell, f"{len(program.carries)} states")
    numbers: dict[Any, Any] = {value.symbol: abs(float(number)) for value, number in program.constants.items()}
    vectors = (value for value in program.parameters if len(value.shape) == 1)
    numbers |= {value.symbol: float(np.abs(getattr(params, value.name)).max()) for value in vectors}
    numbers |= _slopes(blocks[0], slope)
    norms: dict[Any, Any] = {}

    def bound(factor: Any) -> Any:
        if isinstance(factor, Diagonal):
            return _size(factor.expression, numbers, program.constants, cell)
        return norms[factor] if factor in norms else _norm(cell, factor, params)

    def products(linear: LinearMap) -> list[Any]:
        return [reduce(mul, map(bound, product), 1.0) for product in linear.terms]

    for stage, linear in blocks[0].map.stages.items():
        norms[stage] = sum(products(linear))
    return products(blocks[0].map)


def _slopes(block: Jacobian, slope: Callable[[str, str], Any]) -> dict[sympy.Symbol, Any]:
    from lstm_sym.equations.functions import SLOPES

    found = {}
    for statement in block.slopes:
        row = SLOPES.get(type(getattr(statement, "expression", None)).__name__)
        if row is not None:
            (argument,) = statement.reads()
            found[statement.target.symbol] = slope(row.name, argument.name)
    return found


def _norm(cell: Cell, factor: Any, params: Any) -> float:
    """sigma_max of a matrix of the cell; it is that of the transpose as well."""
    from lstm_sym.derivation.linear_map import Matrix
    from lstm_sym.program import Value

    if not (isinstance(factor, Matrix) and isinstance(factor.value, Value)):
        raise _without_bound(cell, "means or parts of units")
    return float(np.linalg.norm(getattr(params, factor.value.name), 2))


def _size(expression: Expr, numbers: Mapping[Any, Any], constants: Mapping[Any, Any], cell: Cell) -> Any:
    """A bound of |expression|: sums by sums, products by products; numbers and constants together are exact."""
    import sympy

    exact = {value.symbol: sympy.Rational(n.numerator, n.denominator) for value, n in constants.items()}
    total: Any = 0.0
    for term in sympy.Add.make_args(sympy.expand(expression.xreplace(exact))):
        size: Any = 1.0
        for factor in sympy.Mul.make_args(term):
            if factor.is_Number:
                size = size * abs(float(factor))
            elif factor in numbers:
                size = size * numbers[factor]
            else:
                raise _without_bound(cell, f"the factor {factor}, which depends on the state")
        total = total + size
    return total


def _without_bound(cell: Cell, found: str) -> FlowError:
    return FlowError(
        f"{cell.key}, bound for any input",
        f"its Jacobian has {found}",
        "a cell with gates or several states: no product of constants bounds it",
        "take path_bound, which holds for every cell along a trajectory",
    )
