"""The dot test: <J v, u> = <v, J' u>, forward mode against reverse mode (Claerbout 2014)."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.check.case import Case
from lstm_sym.check.result import CheckResult

Pairs = list[tuple[Any, Any]]


def check_dot(kernel: Any, case: Case, seed: int = 1) -> CheckResult:
    """jvp against backward along a random direction v of input, parameters and state: <= 1e-13.

    Twice: with a random u, error relative to the sizes of the terms, which sees a tangent that is a projection of
    the true one; and with u = J v, where the left side is a sum of squares, so that no cancellation feigns agreement.
    """
    rng = np.random.default_rng(seed)
    params, state, given = case.of(kernel)
    x_dot = rng.standard_normal(case.x.shape)
    params_dot = kernel.Params(*(rng.standard_normal(np.shape(value)) for value in params))
    state_dot = kernel.State(*(rng.standard_normal(np.shape(value)) for value in state))
    _, y_dot, _, last_dot = kernel.jvp(case.x, params, state, x_dot=x_dot, params_dot=params_dot, state_dot=state_dot)
    errors = []
    for precise in (False, True):
        tape = case.tape(kernel, precise=precise)
        for dy, dstate in ((y_dot, last_dot), (case.dy, given)):
            grads = kernel.backward(dy, tape, params, dstate)
            left = [(dy, y_dot), *zip(dstate, last_dot, strict=True)]
            right = [(grads.x, x_dot), *zip(grads.params, params_dot, strict=True)]
            errors.append(_difference(left, [*right, *zip(grads.state, state_dot, strict=True)]))
    return CheckResult("dot test", "<Jv, u> = <v, J'u>, u random and u = Jv", float(np.max(errors)), 1e-13, case.label)


def _difference(left: Pairs, right: Pairs) -> float:
    """|<a, b> - <c, d>| relative to the sum of the terms' sizes on either side; NaN if both vanish."""
    terms = [np.concatenate([(a * b).ravel() for a, b in pairs]) for pairs in (left, right)]
    sizes = [np.abs(values).sum() for values in terms]
    return float(abs(terms[0].sum() - terms[1].sum()) / max(sizes)) if min(sizes) > 0 else float("nan")
