"""The dot test: <J v, u> = <v, J' u>, forward mode against reverse mode (Claerbout 2014)."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.check.case import Case
from lstm_sym.check.result import CheckResult


def check_dot(kernel: Any, case: Case, seed: int = 1) -> CheckResult:
    """jvp against backward along a random direction v of input, parameters and state, with u = J v: <= 1e-13.

    With u = J v the left side is a sum of squares, so that no cancellation hides or feigns an error.
    """
    rng = np.random.default_rng(seed)
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    x_dot = rng.standard_normal(case.x.shape)
    params_dot = kernel.Params(*(rng.standard_normal(np.shape(value)) for value in params))
    state_dot = kernel.State(*(rng.standard_normal(np.shape(value)) for value in state))
    _, y_dot, _, last_dot = kernel.jvp(case.x, params, state, x_dot=x_dot, params_dot=params_dot, state_dot=state_dot)
    left = (y_dot**2).sum() + sum((value**2).sum() for value in last_dot)
    worst = 0.0
    for precise in (False, True):
        _, _, tape = kernel.forward(case.x, params, state, precise=precise)
        grads = kernel.backward(y_dot, tape, params, last_dot)
        pairs = [
            (grads.x, x_dot),
            *zip(grads.params, params_dot, strict=True),
            *zip(grads.state, state_dot, strict=True),
        ]
        right = sum((gradient * direction).sum() for gradient, direction in pairs)
        worst = max(worst, float(abs(left - right) / left)) if np.isfinite(right) else np.inf
    return CheckResult("dot test", "<Jv, u> = <v, J'u> with u = Jv", worst, 1e-13, case.label)
