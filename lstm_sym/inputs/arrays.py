"""Reader of NumPy .npy files; nothing is unpickled."""

import io
import math
import tokenize
from pathlib import Path

import numpy as np

from .checks import refuse_large, refuse_not_finite, refuse_short
from .errors import InputError
from .sequences import Array, Sequences, channels_named, user_source

_MAGIC = b"\x93NUMPY"
_VERSIONS = ((1, 0), (2, 0), (3, 0))
_REFUSED_KINDS = {
    "O": (
        "Python objects, which would have to be unpickled",
        "sequences of different lengths saved as one array",
    ),
    "c": ("complex numbers", "a spectrum saved in place of the signal"),
    "S": ("byte strings", "a table saved with its header"),
    "U": ("strings", "a table saved with its header"),
    "V": ("records with named fields", "a table read by np.genfromtxt(names=True)"),
    "M": ("dates", "the time axis saved in place of the values"),
    "m": ("time differences", "the time axis saved in place of the values"),
}


def read_array(data: bytes, file: str) -> Sequences:
    """Read the bytes of a .npy file.

    (T,) is one sequence of one channel, (T, D) one of D channels, (B, T, D) is B sequences of D channels:
    batch first, as files usually hold it. Booleans, integers and floats of any width and byte order become
    float64.

    Raises:
        InputError: no .npy file, cut short, pickled, complex or otherwise not real numbers, of another number
            of axes, empty, too short, too large, or with a NaN or an infinity (the message names its index).
    """
    shape, dtype = _header(data, file)
    _refuse_kind(dtype, file)
    _refuse_shape(shape, file)
    values = np.load(io.BytesIO(data), allow_pickle=False)
    with np.errstate(over="ignore"):  # a long double out of range becomes an infinity, which is refused
        real: Array = np.ascontiguousarray(values, dtype=np.float64)
    refuse_not_finite(real, file, "index")
    real = real.reshape(-1, 1) if real.ndim == 1 else real
    real.setflags(write=False)
    count = real.shape[-1]
    return Sequences(
        name=Path(file).name,
        source=user_source(file),
        channels=channels_named([f"channel {number}" for number in range(1, count + 1)]),
        sequences=tuple(real) if real.ndim == 3 else (real,),
        notes=() if dtype == np.float64 else (_conversion(dtype),),
    )


def _header(data: bytes, file: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Return shape and dtype, and refuse data that is not a whole .npy file, before anything is allocated."""
    if not data.startswith(_MAGIC):
        raise _not_an_array(file, f"the file begins with {data[:6]!r}, not with {_MAGIC!r}")
    buffer = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(buffer)
        if version not in _VERSIONS:
            raise ValueError(f"format version {version}")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(buffer)
    except (ValueError, SyntaxError, tokenize.TokenError, RecursionError) as error:
        raise _not_an_array(file, f"its header cannot be read ({str(error).splitlines()[0]})") from error
    present = len(data) - buffer.tell()
    expected = math.prod(shape) * dtype.itemsize
    # The length of a pickle is not known beforehand: `_refuse_kind` refuses those.
    if not dtype.hasobject and present < expected:
        raise InputError(
            file,
            f"byte {len(data)}",
            f"the file ends after {present} bytes of values, its header {shape} announces {expected}",
            "a download or a copy that was interrupted, or a disk that was full",
            "save or copy the file again",
        )
    return shape, dtype


def _not_an_array(file: str, found: str) -> InputError:
    return InputError(
        file,
        "byte 1",
        found,
        "an .npz archive, a pickle or a text file that was given the name .npy",
        "write one array with np.save(path, array)",
    )


def _refuse_kind(dtype: np.dtype[np.generic], file: str) -> None:
    if dtype.kind not in _REFUSED_KINDS:
        return
    found, why = _REFUSED_KINDS[dtype.kind]
    fix = "save real numbers: np.save(path, np.asarray(values, dtype=float))"
    if dtype.kind == "O":
        fix += ", one file per sequence where lengths differ"
    if dtype.kind == "c":
        fix += " on values.real, np.abs(values), or both parts as two channels"
    raise InputError(file, f"dtype {dtype}", f"{found}, where real numbers belong", why, fix)


def _refuse_shape(shape: tuple[int, ...], file: str) -> None:
    if len(shape) not in (1, 2, 3):
        raise InputError(
            file,
            f"shape {shape}",
            f"{len(shape)} axes, where (T,), (T, D) or (B, T, D) belongs",
            "a single number, or images and other data with axes that are not time or channel",
            "reshape to (T, D) before np.save: time as rows, all else as columns",
        )
    if min(shape) < 1:
        raise InputError(
            file,
            f"shape {shape}",
            f"an empty array, with an axis of length {min(shape)}",
            "a selection that selected nothing before the array was saved",
            "look at the array's shape before np.save",
        )
    steps = shape[-2] if len(shape) > 1 else shape[0]
    refuse_short(steps, file, f"steps along the time axis of shape {shape}")
    channels = math.prod(shape) // steps
    refuse_large(file, steps, channels, "save a part of it: np.save(path, values[:steps])")


def _conversion(dtype: np.dtype[np.generic]) -> str:
    rounded = " (beyond 2**53 rounded)" if dtype.kind in "iu" and dtype.itemsize == 8 else ""
    return f"{dtype} values are converted to float64{rounded}"
