"""The parameters that a file is to hold, checked against the cell before anything is written."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_sym.emit.errors import EmitError
from lstm_sym.emit.numpy.support import float_dtype, sizes_of
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import is_composed, parts_of, with_composed
from lstm_sym.kernels import Array

DTYPES = ("float32", "float64")


def checked_parameters(cell: Cell, params: Any, dtype: str) -> tuple[dict[str, Array], dict[str, int], np.dtype[Any]]:
    """The parameters in the type of the file, the sizes that they tell, and that type. Raises EmitError."""
    if dtype and dtype not in DTYPES:
        raise EmitError("dtype", f"{dtype!r} is no type of an ONNX file", "", f"write one of {', '.join(DTYPES)}")
    if params is None:
        return {}, {}, np.dtype(dtype or "float32")
    values = params._asdict() if hasattr(params, "_asdict") else params
    if not isinstance(values, Mapping):
        raise EmitError(
            "params", f"it is a {type(params).__name__}", "", f"give a dict, or a Params, of {_names(cell.parameters)}"
        )
    _check_names(cell, values)
    if not cell.parameters:
        return {}, {}, np.dtype(dtype or "float32")
    record = namedtuple("Params", cell.parameters)(**values)
    shapes = {name: cell.shapes[name] for name in cell.parameters}
    try:
        kind = float_dtype({f"params.{name}": value for name, value in values.items()})
        sizes = sizes_of(record, shapes)
        sizes = with_composed(sizes, {size: parts_of(size) for size in sizes if is_composed(size)})
    except (TypeError, ValueError) as error:
        raise EmitError(
            "params",
            str(error),
            "parameters of another cell, or of other sizes",
            "give what init() of its kernel gives",
        ) from error
    chosen = np.dtype(dtype or kind)
    if str(chosen) not in DTYPES:
        raise EmitError("params", f"they are of {chosen}", "", "give real numbers, as float32 or float64")
    return {name: np.asarray(values[name], chosen) for name in cell.parameters}, sizes, chosen


def _check_names(cell: Cell, values: Mapping[Any, Any]) -> None:
    missing = [name for name in cell.parameters if name not in values]
    others = [str(name) for name in values if name not in cell.parameters]
    if missing or others:
        found = [f"there is no {_names(missing)}"] * bool(missing) + [f"{_names(others)} is none of it"] * bool(others)
        raise EmitError(
            "params",
            f"{'; '.join(found)}, in the parameters of {cell.key}",
            "weights of another cell, or under the names of another library",
            f"name them as the equations do: {_names(cell.parameters)}",
        )


def _names(names: Any) -> str:
    return ", ".join(names) or "nothing"
