"""step() against forward(): streaming gives the same sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.check.case import Case
from lstm_sym.check.result import CheckResult, relative_error


def check_step(kernel: Any, case: Case) -> CheckResult:
    """T calls of step(), and of what stepper() gives, against one forward(), both forms: <= 1e-14."""
    params, start, _ = case.of(kernel)
    wholes = [kernel.forward(case.x, params, start, precise=precise)[:2] for precise in (False, True)]
    advance, error = kernel.stepper(params, batch=case.x.shape[1]), 0.0
    for step in (lambda x_t, state: kernel.step(x_t, state, params), advance):
        state, outputs = start, []
        for x_t in case.x:
            y_t, state = step(x_t, state)
            outputs.append(y_t)
        for y, last in wholes:
            pairs = [(np.array(outputs), y), *zip(state, last, strict=True)]
            error = max(error, *(relative_error(found, expected) for found, expected in pairs))
    return CheckResult("step", "step by step against the whole sequence", error, 1e-14, case.label)
