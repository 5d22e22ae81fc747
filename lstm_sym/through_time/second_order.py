"""The whole Hessian of a small network, column by column, from the kernel's Hessian-vector product.

    L = sum dy[t] y[t] + sum dstate s[T]        H[i, j] = d^2 L / dtheta_i dtheta_j,  column j = hvp along unit vector j

For a loss l(y) that is not linear in y this is, with dy = dl/dy, the part of the Hessian that the network adds: the
other part, J' (d^2 l / dy^2) J, needs no second derivative of the cell.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.ground.progress import Progress, tell
from lstm_sym.kernels import Array, Kernel
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.kernel import check_kernel, refuse_masked
from lstm_sym.through_time.lengths import time_major
from lstm_sym.through_time.segmented import check_loss, run_of_no_steps

# Bytes that the matrix may take.
MEMORY = 2**30


class Hessian(NamedTuple):
    """The matrix (N, N) over all parameters in a row, and where each of them stands in it."""

    matrix: Array
    columns: dict[str, slice]


def hessian(
    kernel: Kernel,
    x: Any,
    params: Any,
    state: Any = None,
    *,
    dy: Any,
    dstate: Any = None,
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> Hessian:
    """d^2 L / dparams^2, in the precise form, for N parameters in N Hessian-vector products.

    x (T, B, D), dy = dL/dy (T, B, H), dstate = dL/d(last state); None for zeros, but not for both. Parameters stand in
    the order of Params, each row by row; `columns["U"]` is the slice of U. The matrix is returned as computed: how far
    it is from symmetric tells its rounding error. memory: the most bytes for it. Raises SequenceError where that is
    more, and where there is no loss.
    """
    check_kernel(kernel, ["hvp"])
    check_loss(dy, dstate)
    refuse_masked(x=x, params=params, state=state, dy=dy, dstate=dstate)
    y, _, _ = run_of_no_steps(kernel, time_major("x", x, axes=3), params, state, True)
    values = [np.asarray(value) for value in params]
    ends = np.cumsum([0, *(value.size for value in values)])
    needed = 8 * int(ends[-1]) ** 2
    if needed > memory:
        raise SequenceError(
            "params",
            f"{ends[-1]:,} parameters, whose Hessian takes {needed / 2**30:,.1f} GiB",
            "a Hessian has a row and a column a parameter",
            f"take a smaller network, allow memory={needed}, or use kernel.hvp along the directions that matter",
        )
    matrix = np.empty((0, 0), y.dtype)
    for j, direction in enumerate(np.eye(ends[-1], dtype=y.dtype)):
        parts = np.split(direction, ends[1:-1])
        along = type(params)(*(part.reshape(value.shape) for part, value in zip(parts, values, strict=True)))
        _, product = kernel.hvp(x, params, state, dy=dy, dstate=dstate, params_dot=along)
        column = np.concatenate([value.ravel() for value in product.params])
        matrix = matrix if j else np.empty((ends[-1], ends[-1]), column.dtype)  # the common dtype of all arguments
        matrix[:, j] = column
        tell(progress, j + 1, int(ends[-1]))
    spans = (slice(int(low), int(high)) for low, high in pairwise(ends))
    return Hessian(matrix, dict(zip(params._fields, spans, strict=True)))
