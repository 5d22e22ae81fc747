"""Floating-point formats, and arithmetic in them.

A format of precision p and exponents emin to emax has the normal numbers 2^emin to (2 - 2^(1-p)) 2^emax, and below
them the subnormal multiples of 2^(emin-p+1). Rounded to nearest, ties to even, what is at most 2^(emin-p) becomes 0,
and what is at least (2 - 2^-p) 2^emax becomes infinite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format.

    Attributes:
        name: as NumPy and PyTorch call it.
        precision: p, the bits of the significand, the leading one counted.
        least, greatest: emin and emax, the exponents of the smallest and the largest normal number.
        source: where it is defined.
    """

    name: str
    precision: int
    least: int
    greatest: int
    source: str

    @property
    def log_normal(self) -> float:
        """ln of the smallest normal number; below it precision is lost, and with flush to zero everything."""
        return self.least * math.log(2.0)

    @property
    def log_zero(self) -> float:
        """ln of the largest number that is rounded to 0."""
        return (self.least - self.precision) * math.log(2.0)

    @property
    def log_overflow(self) -> float:
        """ln of the smallest number that is rounded to infinity."""
        return self.greatest * math.log(2.0) + math.log(2.0 - 2.0**-self.precision)


IEEE = "IEEE 754-2019, table 3.5"
FORMATS = {
    "float16": FloatFormat("float16", 11, -14, 15, IEEE),
    "bfloat16": FloatFormat("bfloat16", 8, -126, 127, "Intel, BFLOAT16 Hardware Numerics Definition, 2018"),
    "float32": FloatFormat("float32", 24, -126, 127, IEEE),
    "float64": FloatFormat("float64", 53, -1022, 1023, IEEE),
}


def float_format(name: str) -> FloatFormat:
    """The format of this name. Raises FlowError for one that is not in `FORMATS`."""
    refusals.refuse_unknown("format", name, FORMATS)
    return FORMATS[name]


def rounded(values: Array, form: FloatFormat, *, flush: bool = False) -> Array:
    """Values rounded to the nearest number of a format, ties to even, as float64 of the same shape.

    flush: subnormal results become 0, as on hardware that flushes them. A product of two numbers of up to 24 bits
    is exact in float64, so to round it here is to multiply in the format.
    """
    if form.precision >= 53:
        result = np.array(values, np.float64)
    else:
        power = np.maximum(np.frexp(values)[1] - 1, form.least) - form.precision + 1
        with np.errstate(invalid="ignore", over="ignore"):
            result = np.ldexp(np.rint(np.ldexp(values, -power)), power)
        result = np.where(np.abs(result) >= 2.0 ** (form.greatest + 1), np.copysign(np.inf, result), result)
    return np.where(np.abs(result) < 2.0**form.least, 0.0, result) if flush else result
