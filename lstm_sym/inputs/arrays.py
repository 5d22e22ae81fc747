"""Reader of NumPy .npy files; the header is read by hand, and nothing is evaluated or unpickled."""

import math
import re
from typing import NamedTuple

import numpy as np

from .checks import MAX_SEQUENCES, refuse_large, refuse_not_finite, refuse_short, refuse_wide
from .errors import InputError
from .sequences import Array, Sequences, numbered, of_file

_MAGIC = b"\x93NUMPY"
# Version of the format -> bytes that hold the length of the header.
_VERSIONS = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
_LONGEST = 10_000
# A header is a dictionary of Python with these three keys, in any order; a list describes records.
_VALUES = {
    "descr": r"'([^'\\]*)'|\"([^\"\\]*)\"|(\[.*\])",
    "fortran_order": r"(True|False)",
    "shape": r"\(([-\d\s,L]*)\)",
}
_ENTRIES = {key: re.compile(rf"\s*['\"]{key}['\"]\s*:\s*(?:{value})\s*", re.DOTALL) for key, value in _VALUES.items()}
_TYPE = re.compile(r"([<>|=]?)([?biufcOSUVMm])(\d*)(\[.*\])?", re.DOTALL)
_SIZES = {"?": ("",), "b": ("1",), "i": tuple("1248"), "u": tuple("1248"), "f": ("2", "4", "8", "12", "16")}
_REFUSED_KINDS = {
    "O": ("Python objects, which would have to be unpickled", "sequences of different lengths saved as one array"),
    "c": ("complex numbers", "a spectrum saved in place of the signal"),
    "S": ("byte strings", "a table saved with its header"),
    "U": ("strings", "a table saved with its header"),
    "V": ("records with named fields", "a table read by np.genfromtxt(names=True)"),
    "M": ("dates", "the time axis saved in place of the values"),
    "m": ("time differences", "the time axis saved in place of the values"),
}


class _Header(NamedTuple):
    """What a header says, and the byte at which the values begin."""

    descr: str
    fortran: bool
    shape: tuple[int, ...]
    start: int


def read_array(data: bytes, file: str) -> Sequences:
    """Read the bytes of a .npy file.

    (T,) is one sequence of one channel, (T, D) one of D channels, (B, T, D) is B sequences of D channels:
    batch first, as files usually hold it. Booleans, integers and floats of any width and byte order become
    float64.

    Raises InputError: no .npy file, cut short, pickled, complex or otherwise not real numbers, of another number of
    axes, empty, too short, too large, of too many channels or sequences, or with a NaN or an infinity (the message
    names its index).
    """
    header = _header(data, file)
    dtype = _dtype(header.descr, file)
    count = math.prod(header.shape)
    _refuse_cut_short(len(data) - header.start, count * dtype.itemsize, len(data), header.shape, file)
    _refuse_shape(header.shape, file)
    flat = np.frombuffer(data, dtype, count, header.start)
    with np.errstate(over="ignore"):  # a long double out of range becomes an infinity, which is refused
        values = flat.reshape(header.shape, order="F" if header.fortran else "C")
        real: Array = np.ascontiguousarray(values, dtype=np.float64)
    refuse_not_finite(real, file, "index")
    real = real.reshape(-1, 1) if real.ndim == 1 else real
    notes = () if dtype == np.float64 else (_conversion(dtype),)
    return of_file(file, numbered(real.shape[-1]), *(real if real.ndim == 3 else (real,)), notes=notes)


def _header(data: bytes, file: str) -> _Header:
    """What stands before the values, read by hand: nothing of it is evaluated."""
    if not data.startswith(_MAGIC):
        raise _not_an_array(file, f"the file begins with {data[:6]!r}, not with {_MAGIC!r}")
    width = _VERSIONS.get(data[6:8])
    if width is None:
        raise _unreadable(file, f"version {tuple(data[6:8])} of the format")
    start = 8 + width
    length = int.from_bytes(data[8:start], "little")
    if not 0 < length <= min(_LONGEST, len(data) - start):
        raise _unreadable(file, f"it is said to be {length} bytes long")
    text = data[start : start + length].decode("latin-1")
    found = _entries(text)
    if found is None:
        raise _unreadable(file, f"{text[:60].strip()!r}")
    sizes = [part.strip().removesuffix("L") for part in found["shape"].split(",")]
    if sizes[-1] == "":
        sizes.pop()
    if not all(re.fullmatch(r"-?\d{1,18}", size) for size in sizes):
        raise _unreadable(file, f"the shape ({found['shape'][:60]})")
    return _Header(found["descr"], found["fortran_order"] == "True", tuple(map(int, sizes)), start + length)


def _entries(text: str) -> dict[str, str] | None:
    """The three entries of a header, or nothing where it holds anything else."""
    text, found = text.strip(), dict[str, str]()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    rest = text[1:-1].strip().removesuffix(",")
    while rest:
        for key, entry in _ENTRIES.items():
            match = entry.match(rest)
            if match and key not in found and rest[match.end() : match.end() + 1] in ("", ","):
                found[key] = next(group for group in match.groups() if group is not None)
                rest = rest[match.end() + 1 :]
                break
        else:
            return None
    return found if len(found) == len(_ENTRIES) else None


def _dtype(descr: str, file: str) -> np.dtype[np.generic]:
    """The type of real numbers that a header describes, as in '<f8'."""
    found = _TYPE.fullmatch(descr)
    kind = found[2] if found else "V" if descr.startswith("[") else ""
    if kind in _REFUSED_KINDS:
        raise _refused_kind(kind, descr, file)
    try:
        if found is None or found[4] or found[3] not in _SIZES[kind]:
            raise TypeError
        return np.dtype(f"{found[1]}{kind}{found[3]}")
    except TypeError:  # some machines have no number of 12 or 16 bytes
        raise _unreadable(file, f"the type {descr[:60]!r}") from None


def _refuse_cut_short(present: int, expected: int, size: int, shape: tuple[int, ...], file: str) -> None:
    if present < expected:
        raise InputError(
            file,
            f"byte {size}",
            f"the file ends after {present} bytes of values, its header {shape} announces {expected}",
            "a download or a copy that was interrupted, or a disk that was full",
            "save or copy the file again",
        )


def _unreadable(file: str, what: str) -> InputError:
    return _not_an_array(file, f"its header cannot be read ({what})")


def _not_an_array(file: str, found: str) -> InputError:
    return InputError(
        file,
        "byte 1",
        found,
        "an .npz archive, a pickle or a text file that was given the name .npy",
        "write one array with np.save(path, array)",
    )


def _refused_kind(kind: str, descr: str, file: str) -> InputError:
    found, why = _REFUSED_KINDS[kind]
    fix = "save real numbers: np.save(path, np.asarray(values, dtype=float))"
    if kind == "O":
        fix += ", one file per sequence where lengths differ"
    if kind == "c":
        fix += " on values.real, np.abs(values), or both parts as two channels"
    return InputError(file, f"dtype {descr[:60]}", f"{found}, where real numbers belong", why, fix)


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
    refuse_large(file, steps, math.prod(shape) // steps, "save a part of it: np.save(path, values[:steps])")
    refuse_wide(file, shape[-1] if len(shape) > 1 else 1, f"the last axis of shape {shape}")
    if len(shape) == 3 and shape[0] > MAX_SEQUENCES:
        raise InputError(
            file,
            f"shape {shape}",
            f"{shape[0]} sequences, more than the {MAX_SEQUENCES} allowed",
            "axes in another order: batch, time, channel is read",
            "save a part of it, np.save(path, values[:1000]), or join the sequences along time",
        )


def _conversion(dtype: np.dtype[np.generic]) -> str:
    rounded = " (beyond 2**53 rounded)" if dtype.kind in "iu" and dtype.itemsize == 8 else ""
    return f"{dtype} values are converted to float64{rounded}"
