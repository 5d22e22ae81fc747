"""Sequences of different lengths in one array: lengths, masks, padding, last steps, reversal.

Sequence b of an array (T, B, ...) is its steps 0 .. lengths[b] - 1; what stands after them is padding. Arrays are
time-major; with `batch_first` they are (B, T, ...), in and out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.kernel import Integers, refuse_masked


def pad(sequences: Sequence[Any], *, batch_first: bool = False) -> tuple[Array, Integers]:
    """B arrays (T_b, ...) as one array (T, B, ...), T the longest, padded with zeros; and their lengths (B,).

    Raises SequenceError: no sequence, or two that differ in more than their number of steps.
    """
    for index, sequence in enumerate(sequences):
        refuse_masked(**{f"sequences[{index}]": sequence})
    arrays = [np.asarray(sequence) for sequence in sequences]
    if not arrays:
        raise SequenceError("sequences", "there is none", "a selection that selected nothing", "give at least one")
    for index, array in enumerate(arrays):
        if array.ndim < 1 or array.shape[1:] != arrays[0].shape[1:]:
            raise SequenceError(
                f"sequences[{index}]",
                f"its shape is {array.shape}, that of the first {arrays[0].shape}; only the first size may differ",
                "sequences of other channels, or channels first",
                "give every sequence as (steps, channels), with the same channels",
            )
    lengths = np.array([len(array) for array in arrays], np.int64)
    shape = (int(lengths.max()), len(arrays), *arrays[0].shape[1:])
    padded = zeros(shape, np.result_type(*arrays), batch_first)
    for index, array in enumerate(arrays):
        padded[: len(array), index] = array
    return as_given(padded, batch_first), lengths


def unpad(y: Any, lengths: Any, *, batch_first: bool = False) -> list[Array]:
    """The B sequences of an array (T, B, ...), each of its own length, as views: what `pad` joined.

    Raises SequenceError: lengths that do not fit.
    """
    y = time_major("y", y, batch_first)
    return [y[:length, index] for index, length in enumerate(checked_lengths(lengths, *y.shape[:2]))]


def mask_of(lengths: Any, steps: int, *, batch_first: bool = False) -> Array:
    """The mask (T, B) that is True where a sequence is, False in its padding. Raises SequenceError."""
    lengths = checked_lengths(lengths, steps, np.size(lengths))
    return as_given(np.arange(steps)[:, None] < lengths, batch_first)


def lengths_of(mask: Any, *, batch_first: bool = False) -> Integers:
    """The lengths (B,) behind a mask (T, B) that is True from the first step of each sequence to its last.

    Raises SequenceError: a mask that is not boolean, or has a gap or padding before a step that it keeps.
    """
    mask = time_major("mask", mask, batch_first)
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise SequenceError(
            "mask",
            f"an array of shape {mask.shape} and dtype {mask.dtype}, where booleans (T, B) belong",
            "a mask of zeros and ones, or one with an axis for the channels",
            "give mask.astype(bool), one value a step and sequence",
        )
    lengths: Integers = mask.sum(axis=0, dtype=np.int64)
    wrong = np.argwhere(mask != mask_of(lengths, len(mask)))
    if wrong.size:
        row = int(wrong[0, 1])
        gap, kept = int(mask[:, row].argmin()), int(np.flatnonzero(mask[:, row])[-1])
        raise SequenceError(
            f"mask, sequence {row}",
            f"step {gap} is masked out, but step {kept} after it is not",
            "padding on the left, a gap within a sequence, a mask that is True in the padding, or axes exchanged",
            "move each sequence to the front, fill or cut at gaps, invert the mask with ~, or set batch_first",
        )
    return lengths


def last(y: Any, lengths: Any = None, *, batch_first: bool = False) -> Array:
    """y at the last step of each sequence's own: (T, B, ...) -> (B, ...); 0 for a sequence without a step.

    Raises SequenceError: lengths that do not fit.
    """
    y = time_major("y", y, batch_first)
    lengths = checked_lengths(lengths, *y.shape[:2])
    rows = np.flatnonzero(lengths)
    result = np.zeros(y.shape[1:], y.dtype)
    result[rows] = y[lengths[rows] - 1, rows]
    return result


def last_cotangent(d_last: Any, steps: int, lengths: Any = None, *, batch_first: bool = False) -> Array:
    """The cotangent dL/dy (T, B, ...) of a loss L of the last steps: dL/d(`last`(y)) (B, ...) there, 0 elsewhere.

    It is the adjoint of `last`: <last(y), d> = <y, last_cotangent(d)>. Raises SequenceError: lengths that do not fit.
    """
    refuse_masked(d_last=d_last)
    d_last = np.asarray(d_last)
    lengths = checked_lengths(lengths, steps, len(d_last))
    rows = np.flatnonzero(lengths)
    dy = zeros((steps, *d_last.shape), d_last.dtype, batch_first)
    dy[lengths[rows] - 1, rows] = d_last[rows]
    return as_given(dy, batch_first)


def reverse_within(x: Any, lengths: Any = None, *, batch_first: bool = False) -> Array:
    """Each sequence backwards within its own length: result[t] = x[length - 1 - t]; padding stays where it is.

    Applied twice it gives x, and it is its own adjoint. Raises SequenceError: lengths that do not fit.
    """
    x = time_major("x", x, batch_first)
    steps, batch = x.shape[:2]
    lengths = checked_lengths(lengths, steps, batch)
    times = np.arange(steps)[:, None]
    times = np.where(times < lengths, lengths - 1 - times, times)
    result = zeros(x.shape, x.dtype, batch_first)
    result[...] = x[times, np.arange(batch)]
    return as_given(result, batch_first)


def checked_lengths(lengths: Any, steps: int, batch: int) -> Integers:
    """Lengths (B,) between 0 and T; None means T for each.

    Raises SequenceError: another number of them, values that are no integers, below 0 or above T.
    """
    if lengths is None:
        return np.full(batch, steps, np.int64)
    refuse_masked(lengths=lengths)
    array = np.asarray(lengths)
    if array.shape != (batch,) or (array.size and array.dtype.kind not in "iu"):
        raise SequenceError(
            "lengths",
            f"an array of shape {array.shape} and dtype {array.dtype}, where {batch} integers belong",
            "a mask given as lengths, a length for the whole batch, or a mean that made them floats",
            "give one integer a sequence; lengths_of(mask) makes them from a mask",
        )
    wrong = np.flatnonzero((array < 0) | (array > steps))
    if wrong.size:
        raise SequenceError(
            f"lengths[{wrong[0]}]",
            f"{array[wrong[0]]}, one of {wrong.size} outside 0 to {steps}, the number of steps",
            "lengths of other sequences, lengths before they were cut, or x given batch-first",
            "count the steps of each sequence as it stands in x, or set batch_first",
        )
    return array.astype(np.int64)


def time_major(name: str, value: Any, batch_first: bool = False, axes: int = 2) -> Array:
    """An array as (T, B, ...), a view.

    Raises SequenceError: None, fewer than `axes` axes, ragged sequences, or masked ones.
    """
    if value is None:
        raise SequenceError(
            name,
            "None, which tells neither how many steps there are nor how many sequences",
            "a cell without an input, whose kernel can be told steps= instead",
            "give x of shape (T, B, 0) to a cell without an input: np.empty((T, B, 0))",
        )
    refuse_masked(**{name: value})
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise SequenceError(
            name, str(error), "a list of sequences of different lengths", "join them: x, lengths = pad(sequences)"
        ) from error
    if array.ndim < axes:
        expected = ("(B, T" if batch_first else "(T, B") + (", size)" if axes == 3 else ", ...)")
        raise SequenceError(
            name,
            f"an array of shape {array.shape}, where {expected} belongs",
            "one sequence given without the axis of the batch, or one channel without its own",
            "add the axis that is missing, as x[:, np.newaxis] for one sequence",
        )
    return array.swapaxes(0, 1) if batch_first else array


def zeros(shape: tuple[int, ...], dtype: Any, batch_first: bool) -> Array:
    """Zeros (T, B, ...) that lie in memory as the caller's arrays do."""
    steps, batch, *rest = shape
    return np.zeros((batch, steps, *rest), dtype).swapaxes(0, 1) if batch_first else np.zeros(shape, dtype)


def as_given(array: Array, batch_first: bool) -> Array:
    """An array (T, B, ...) in the caller's layout, a view."""
    return array.swapaxes(0, 1) if batch_first else array
