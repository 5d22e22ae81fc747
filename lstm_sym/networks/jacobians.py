"""The Jacobians of one layer at some steps, of its kernel: by the state before, A = ds/ds' and C = dy/ds', and by the
input, B = ds/dx and D = dy/dx. Of a layer without a state A and B have no rows, A and C no columns.
"""

from __future__ import annotations

from typing import Any

from lstm_sym.kernels import Array
from lstm_sym.networks.cell_layer import CellLayer


def rows_of_output(layer: CellLayer, tape: Any) -> slice | None:
    """Where the output stands among the states of a layer; None where it is none of them."""
    if layer.cell.output not in layer.cell.states:
        return None
    start = 0
    for name in layer.cell.states:
        width = getattr(tape, name).shape[-1]
        if name == layer.cell.output:
            return slice(start, start + width)
        start += width
    raise AssertionError(layer.cell.output)


def by_state(layer: CellLayer, tape: Any, params: Any, t: Any = slice(None)) -> tuple[Array, Array]:
    """A and C of a layer that runs forward, (..., B, S, S) and (..., B, N, S)."""
    kernel: Any = layer.kernel
    a = kernel.jacobian(tape, params, t) if layer.cell.states else None
    rows = rows_of_output(layer, tape)
    if rows is not None:
        assert a is not None
        return a, a[..., rows, :]
    if a is not None:
        return a, kernel.output_jacobian(tape, params, t)
    d = kernel.output_input_jacobian(tape, params, t)
    return d[..., :0, :0], d[..., :, :0]


def by_input(layer: CellLayer, tape: Any, params: Any, t: Any = slice(None)) -> tuple[Array, Array]:
    """B and D of a layer that runs forward, (..., B, S, D) and (..., B, N, D)."""
    kernel: Any = layer.kernel
    rows = rows_of_output(layer, tape)
    if rows is not None:
        b = kernel.input_jacobian(tape, params, t)
        return b, b[..., rows, :]
    d = kernel.output_input_jacobian(tape, params, t)
    return (kernel.input_jacobian(tape, params, t) if layer.cell.states else d[..., :0, :]), d
