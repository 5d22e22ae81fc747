"""Reader of models of DyNet: of each parameter a line that describes it, and a line of numbers.

    #Parameter# /birnn/vanilla-lstm-builder/_0 {200,64} 204801 ZERO_GRAD
    -1.10644117e-01 +9.46614295e-02 ...

Matrices stand column by column. A LookupParameter {N,W} is a table of W vectors.
"""

from __future__ import annotations

import re
import warnings

import numpy as np

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.elements import are_counts, count_of
from lstm_sym.interop.errors import InteropError
from lstm_sym.kernels import Array

MARKS = (b"#Parameter# ", b"#LookupParameter# ")
"""How a file begins, and each parameter in it."""
_LINE = re.compile(
    rb"#(?P<kind>Parameter|LookupParameter)# (?P<name>\S{1,1000}) \{(?P<sizes>\d{1,18}(?:,\d{1,18})*)\} "
    rb"(?P<length>\d{1,18}) (?:ZERO|FULL)_GRAD[ \r]*"
)
_LONGEST = 2000
"""Bytes of a line that describes a parameter."""


def of_bytes(data: bytes, where: str) -> dict[str, Array]:
    """The parameters by their names, in float32, which is what DyNet keeps: a matrix {M,N} as (M, N), a table of W
    vectors {N,W} as (W, N).

    Gradients that were saved with them are left out. Raises InteropError: cut short, a line of another form, other
    numbers than the sizes say, two parameters of one name.
    """
    found: dict[str, Array] = {}
    at = 0
    while at < len(data):
        end = data.find(b"\n", at, at + _LONGEST)
        match = _LINE.fullmatch(data, at, end) if end >= 0 else None
        if match is None:
            raise damaged(where, f"at byte {at:,} no parameter is described, but {data[at : at + 40]!r}")
        at = end + 1 + int(match["length"])
        if at > len(data):
            raise damaged(where, f"{int(match['length']):,} bytes of numbers belong at {end + 1:,}, fewer are there")
        name = match["name"].decode("utf-8", "replace")
        if name in found:
            raise damaged(where, f"two of its parameters are called {name[:80]}")
        sizes = tuple(int(size) for size in match["sizes"].split(b","))
        value = _numbers(data[end + 1 : at].partition(b"\n")[0], sizes, f"{where}, {name[:80]}")
        found[name] = np.ascontiguousarray(value.T if match["kind"] == b"LookupParameter" else value)
    if not found:
        raise damaged(where, "it is empty")
    return found


def _numbers(text: bytes, sizes: tuple[int, ...], where: str) -> Array:
    """Numbers as text, as an array that they fill column by column."""
    if not are_counts(sizes):
        raise damaged(where, f"it has {len(sizes)} axes")
    count = count_of(sizes, where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            read = np.fromstring(text.decode("ascii"), dtype=np.float64, sep=" ")
            with np.errstate(over="ignore"):
                values = read.astype(np.float32)
    except (ValueError, DeprecationWarning) as error:
        raise damaged(where, "something among its numbers is no number") from error
    if len(values) != count:
        raise InteropError(
            where,
            f"{count:,} numbers belong to its sizes {sizes}, and {len(values):,} are there",
            "a download or a copy that was interrupted",
            "fetch it again, or save it again",
        )
    return values.reshape(sizes, order="F")
