"""What of a kernel module is used in this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_sym.through_time.errors import SequenceError

Integers = NDArray[np.int64]


def check_kernel(
    kernel: Any,
    calls: Sequence[str] = ("forward", "backward"),
    error: Callable[[str, str, str, str], ValueError] = SequenceError,
) -> None:
    """Raises the error, SequenceError unless another is named, for what is no kernel module: it lacks a call."""
    missing = [call for call in calls if not callable(getattr(kernel, call, None))]
    if missing:
        shown = repr(kernel) if isinstance(kernel, str) else f"a {type(kernel).__name__}"
        raise error(
            "kernel",
            f"{shown[:40]}, which has no {' and no '.join(missing)}",
            "the name of a cell, or the cell itself, in the place of its kernel",
            "give the module: from lstm_sym.kernels import lstm; or kernel = lstm_sym.build(cell)",
        )


def refuse_masked(**given: Any) -> None:
    """Raises SequenceError for a masked array, or a list or named tuple with one in it, naming the argument.

    NumPy computes on with what lies below the mask, as if it had been measured.
    """
    for name, value in given.items():
        if any(np.ma.is_masked(part) for part in (value if isinstance(value, list | tuple) else [value])):
            raise SequenceError(
                name,
                "a masked array, whose masked entries are no numbers",
                "padding of sequences of different lengths, or missing values, that were masked",
                "give x.data and lengths=lengths_of(~np.ma.getmaskarray(x).any(axis=-1)); fill or cut at other gaps",
            )


def added(left: Any, right: Any) -> Any:
    """Two named tuples of arrays, field by field."""
    return type(left)(*map(np.add, left, right))
