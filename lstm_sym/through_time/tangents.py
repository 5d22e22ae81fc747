"""Forward mode of any kernel over sequences as they are: of different lengths, reversed, segment by segment."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.kernels import Array, Kernel
from lstm_sym.through_time.kernel import check_kernel, refuse_masked
from lstm_sym.through_time.lengths import as_given, checked_lengths, time_major, zeros
from lstm_sym.through_time.plan import head, planned, replaced_head
from lstm_sym.through_time.segmented import cotangent, run_of_no_steps


def jvp(
    kernel: Kernel,
    x: Any,
    params: Any,
    state: Any = None,
    *,
    x_dot: Any = None,
    params_dot: Any = None,
    state_dot: Any = None,
    lengths: Any = None,
    reverse: bool = False,
    batch_first: bool = False,
) -> tuple[Array, Array, Any, Any]:
    """The derivative of `forward` along (x_dot, params_dot, state_dot), each None for zero, in the precise form.

    Returns y and y_dot (T, B, H), the state after each sequence's own last step and its tangent; y_dot is 0 in the
    padding. The rest, and what is raised, is as in `forward`.
    """
    check_kernel(kernel, ("forward", "jvp"))
    refuse_masked(params=params, state=state, params_dot=params_dot, state_dot=state_dot)
    x = time_major("x", x, batch_first, axes=3)
    x_dot = cotangent("x_dot", x_dot, x.shape, x.dtype, batch_first)
    plan = planned(checked_lengths(lengths, *x.shape[:2]), None, reverse)
    run_of_no_steps(kernel, x, params, state, True)
    none, none_dot, *states = kernel.jvp(x[:0], params, state, params_dot=params_dot, state_dot=state_dot)
    carried, tangent = map(plan.sort, states)
    y, y_dot = (zeros((*x.shape[:2], *part.shape[2:]), part.dtype, batch_first) for part in (none, none_dot))
    for segment in plan.segments:
        index, rows = plan.index(segment), segment.rows
        y[index], y_dot[index], left, left_dot = kernel.jvp(
            x[index],
            params,
            head(carried, rows),
            x_dot=np.asarray(x_dot[index]),
            params_dot=params_dot,
            state_dot=head(tangent, rows),
        )
        carried, tangent = replaced_head(carried, left), replaced_head(tangent, left_dot)
    return as_given(y, batch_first), as_given(y_dot, batch_first), plan.unsort(carried), plan.unsort(tangent)
