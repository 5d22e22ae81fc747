"""Taylor remainders (Farrell et al. 2013), for a loss L along a direction d.

L(p + e d) - L(p) - e <g, d> falls as e^2 only if g is the gradient; less e^2/2 <d, H d> besides, it falls as e^3 only
if H d is the Hessian-vector product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_sym.check.case import Case, Named, kernel_gradients, named_gradients
from lstm_sym.check.result import CheckResult

STEPS = 2.0 ** -np.arange(10, 16)
SECOND_STEPS = 2.0 ** -np.arange(8, 12)
ROUNDING = 2.0**-46


def convergence_order(remainder: Callable[[float], float], scale: float, steps: np.ndarray[Any, Any] = STEPS) -> float:
    """The smallest order between neighbouring steps e = 1/1024, 1/2048, ... of a remainder.

    Infinite if the remainder is rounding at every step, |r| <= 2^-46 `scale`, the sum of the terms' sizes: the function
    is linear. A gradient wrong by one part in 10^11 is still seen, because its remainder is of order 1.
    """
    values = np.array([abs(remainder(float(step))) for step in steps])
    if not np.isfinite(values).all():
        return float("nan")
    if (values <= ROUNDING * scale).all():
        return float("inf")
    if (values == 0).any():
        return float("nan")
    return float(np.log2(values[:-1] / values[1:]).min())


def check_taylor(kernel: Any, case: Case, seed: int = 2) -> CheckResult:
    """Order of the remainder along a random direction of input, parameters and state: >= 1.98."""
    direction = _direction(case, seed)
    slope = _along(kernel_gradients(kernel, case, precise=True), direction)
    return _result("Taylor", kernel, case, direction, (slope, 0.0), STEPS, 1.98)


def check_second_taylor(kernel: Any, case: Case, seed: int = 3) -> CheckResult:
    """Order of the remainder of second order along a random direction of input, parameters and state: >= 2.9."""
    params, state, dstate = case.of(kernel)
    direction = _direction(case, seed)
    along = {
        "x_dot": direction["x"],
        "params_dot": kernel.Params(**{name: direction[name] for name in case.params}),
        "state_dot": kernel.State(**{name: direction[f"{name}[0]"] for name in case.state}),
    }
    found = kernel.hvp(case.x, params, state, dy=case.dy, dstate=dstate, **along)
    slope, curvature = (_along(named_gradients(values), direction) for values in found)
    return _result("Taylor, second order", kernel, case, direction, (slope, curvature), SECOND_STEPS, 2.9)


def _direction(case: Case, seed: int) -> Named:
    """A random direction of input, parameters and initial state, of length 1."""
    rng = np.random.default_rng(seed)
    drawn = {name: np.asarray(rng.standard_normal(np.shape(value))) for name, value in case.named.items()}
    size = np.sqrt(sum((value**2).sum() for value in drawn.values()))
    return {name: value / size for name, value in drawn.items()}


def _result(
    name: str, kernel: Any, case: Case, direction: Named, known: tuple[float, float], steps: Any, bar: float
) -> CheckResult:
    """The order of what remains of the loss beyond its `known` slope and curvature."""
    base, (slope, curvature) = _loss(kernel, case, direction, 0.0), known

    def remainder(step: float) -> float:
        return _loss(kernel, case, direction, step) - base - step * slope - step**2 / 2 * curvature

    order = convergence_order(remainder, _terms(kernel, case), steps)
    what = f"order of the remainder, steps 1/{round(1 / steps[0])} to 1/{round(1 / steps[-1])}"
    return CheckResult(name, what, order, bar, case.label, at_least=True)


def _along(gradients: Named, direction: Named) -> float:
    """<gradients, direction> over input, parameters and initial state."""
    return float(sum((value * direction[name]).sum() for name, value in gradients.items()))


def _terms(kernel: Any, case: Case) -> float:
    """The sum of the sizes of the terms of the loss, which bounds its rounding error."""
    y, last, _ = kernel.forward(case.x, kernel.Params(**case.params), kernel.State(**case.state))
    pairs = [(y, case.dy), *((value, case.dstate[name]) for name, value in last._asdict().items())]
    return float(sum(np.abs(value * weight).sum() for value, weight in pairs))


def _loss(kernel: Any, case: Case, direction: dict[str, Any], step: float) -> float:
    params = kernel.Params(**{name: value + step * direction[name] for name, value in case.params.items()})
    state = kernel.State(**{name: value + step * direction[f"{name}[0]"] for name, value in case.state.items()})
    y, last, _ = kernel.forward(case.x + step * direction["x"], params, state, precise=True)
    total = (y * case.dy).sum() + sum((value * case.dstate[name]).sum() for name, value in last._asdict().items())
    return float(total)
