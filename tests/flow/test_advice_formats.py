"""Arithmetic in a format against NumPy's own, and against the bits of bfloat16."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym.flow import FlowError
from lstm_sym.flow.advice.formats import FORMATS, float_format, rounded


def of_bits(values: np.ndarray) -> np.ndarray:
    """bfloat16 is the upper half of float32: rounded to nearest even by adding to the lower half."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    kept = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return kept.astype(np.uint32).view(np.float32).astype(np.float64)


def everywhere(name: str) -> np.ndarray:
    """Numbers of every binade of the format, its subnormals, below and above, and ties."""
    form, rng = FORMATS[name], np.random.default_rng(0)
    powers = rng.uniform(form.least - form.precision - 3, form.greatest + 2, 20_000)
    values = np.exp2(powers) * rng.choice([-1.0, 1.0], 20_000)
    unit = 2.0 ** (form.least - form.precision)
    top = 2.0**form.greatest
    edges = [0.0, -0.0, unit, np.nextafter(unit, 1), 3 * unit, 2.0**form.least, top * 1.999, np.inf, -np.inf]
    limit = math.exp2(form.greatest) * (2 - 2.0**-form.precision)
    return np.concatenate([values, edges, np.arange(64) * unit, [limit, np.nextafter(limit, 0)]])


@pytest.mark.parametrize("name", ["float16", "float32"])
def test_rounding_is_that_of_numpy(name):
    values = everywhere(name)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(rounded(values, FORMATS[name]), values.astype(name).astype(np.float64))


def test_rounding_to_bfloat16_is_that_of_its_bits():
    with np.errstate(over="ignore"):
        values = everywhere("bfloat16").astype(np.float32)
    np.testing.assert_array_equal(rounded(values.astype(np.float64), FORMATS["bfloat16"]), of_bits(values))


@pytest.mark.parametrize("name", ["float16", "float32"])
def test_a_rounded_product_is_the_product_of_the_format(name):
    form, rng = FORMATS[name], np.random.default_rng(1)
    powers = rng.uniform(form.least / 2 - form.precision / 2, form.greatest / 2, (2, 20_000))
    left, right = rounded(np.exp2(powers), form)
    np.testing.assert_array_equal(rounded(left * right, form), (left.astype(name) * right.astype(name)).astype(float))


@pytest.mark.parametrize("name", FORMATS)
def test_the_limits_are_where_rounding_says(name):
    form = FORMATS[name]
    normal = 2.0**form.least
    assert form.log_normal == pytest.approx(math.log(normal), rel=1e-15)
    flushed = rounded(np.array([normal, np.nextafter(normal, 0)]), form, flush=True)
    assert flushed[0] == normal and flushed[1] in (0.0, normal)
    if name != "float64":
        zero, top = 2.0 ** (form.least - form.precision), 2.0**form.greatest * (2 - 2.0**-form.precision)
        assert [form.log_zero, form.log_overflow] == pytest.approx([math.log(zero), math.log(top)], rel=1e-12)
        found = rounded(np.array([zero, np.nextafter(zero, 1), np.nextafter(top, 0), top]), form)
        assert found[0] == 0 and found[1] > 0 and np.isfinite(found[2]) and found[3] == np.inf


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_the_formats_are_those_of_numpy(name):
    info, form = np.finfo(name), FORMATS[name]
    assert (info.nmant + 1, info.minexp, info.maxexp - 1) == (form.precision, form.least, form.greatest)


@given(value=st.floats(allow_nan=False), name=st.sampled_from(sorted(FORMATS)))
def test_rounding_twice_is_rounding_once(value, name):
    once = rounded(np.array([value]), FORMATS[name])
    np.testing.assert_array_equal(rounded(once, FORMATS[name]), once)


def test_float64_is_left_as_it_is_and_no_number_stays_none():
    values = np.array([1e-320, np.pi, np.nan])
    np.testing.assert_array_equal(rounded(values, FORMATS["float64"]), values)
    assert np.isnan(rounded(values, FORMATS["float16"])[2])


def test_an_unknown_format_is_refused():
    with pytest.raises(FlowError, match=r"'half'.*\n.*\n.*bfloat16"):
        float_format("half")
