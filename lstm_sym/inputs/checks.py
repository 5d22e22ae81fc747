"""Refusals that several readers share; each says nothing where all is well."""

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

MEBIBYTE = 2**20
# The bound on any file, and on the float64 array that is made of it.
MAX_BYTES = 512 * MEBIBYTE
# Every channel has a name, a scale and a column of each weight matrix; every sequence is an array of its own.
MAX_CHANNELS = 4096
MAX_SEQUENCES = 65_536


def refuse_not_finite(values: NDArray[np.float64], file: str, place: str) -> None:
    """Raise an `InputError` that names the index of the first NaN or infinity in `values`."""
    finite = np.isfinite(values)
    if finite.all():
        return
    position = tuple(int(part) for part in np.argwhere(~finite)[0])
    raise InputError(
        file,
        f"{place} {list(position)}",
        f"the value {values[position]}, one of {int((~finite).sum())} that are not finite numbers",
        "a missing measurement stored as NaN, or a division by zero or an overflow in an earlier program",
        "fill the gap, or keep a stretch without one: a recurrent state never recovers from a NaN",
    )


def refuse_masked(values: object, file: str, place: str) -> None:
    """Raise an `InputError` for a masked array: what lies below its mask would be read as if it had been measured."""
    if np.ma.is_masked(values):
        raise InputError(
            file,
            place,
            "a masked array, whose masked entries are no numbers",
            "missing values, or padding of shorter sequences, that were masked",
            "fill the gaps with values.filled(number), or give each sequence as far as it goes",
        )


def refuse_short(steps: int, file: str, unit: str) -> None:
    """Raise an `InputError` if a sequence has fewer than two steps; `unit` is what the file calls a step."""
    if steps < 2:
        raise InputError(
            file,
            "",
            f"too short for a sequence: {steps} of at least 2 {unit}",
            "a header without data, a file cut short, or time stored along another axis",
            f"give at least 2 {unit}: a recurrent network needs a step to carry its state over",
        )


def refuse_large(file: str, steps: int, channels: int, fix: str) -> None:
    """Raise an `InputError` if a float64 array of `steps` x `channels` takes more than `MAX_BYTES`."""
    needed = 8 * steps * channels
    if needed > MAX_BYTES:
        raise InputError(
            file,
            "",
            f"{steps} steps of {channels} channels take {needed / MEBIBYTE:.1f} MiB as float64, "
            f"more than the {MAX_BYTES // MEBIBYTE} MiB allowed",
            "a whole archive where a stretch of a few thousand steps serves, or axes in another order",
            fix,
        )


def refuse_wide(file: str, channels: int, place: str) -> None:
    """Raise an `InputError` if there are more than `MAX_CHANNELS` channels; `place` is where they were counted."""
    if channels > MAX_CHANNELS:
        raise InputError(
            file,
            place,
            f"{channels} channels, more than the {MAX_CHANNELS} allowed",
            "a transposed table or array, whose steps stand where channels belong",
            "transpose it, so that a row is a step and a column a channel, or keep some of the columns",
        )


def require_generator(rng: object) -> None:
    """Raise a `TypeError` unless `rng` is a `numpy.random.Generator`."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng is {type(rng).__name__}, where a numpy.random.Generator belongs: give "
            "np.random.default_rng(seed), so that the draw can be repeated and no global state is touched"
        )
