"""Products of matrices far below and above the range of a float, against exact arithmetic."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym.flow.runs import scaling
from lstm_sym.flow.runs.scaling import SAFE, ZERO, Scaled, _times_by_column, log_norm, scaled, times

EXPONENTS = st.lists(st.integers(-30_000, 30_000), min_size=3, max_size=3)


def exact(stack: Scaled) -> list[list[Fraction]]:
    """The one matrix of a stack (1, 1, M, N) as fractions."""
    powers = [Fraction(2) ** int(power) if power > ZERO else Fraction(0) for power in stack.exponent[0, 0]]
    return [[Fraction(value) * power for value, power in zip(row, powers, strict=True)] for row in stack.mantissa[0, 0]]


def stack_of(seed: int, powers: list[int]) -> Scaled:
    matrix = np.random.default_rng(seed).uniform(0.5, 1.0, (1, 1, 2, 3))
    return scaled(matrix, np.array(powers).reshape(1, 1, 3))


@given(seed=st.integers(0, 1000), powers=EXPONENTS)
def test_a_scaled_matrix_is_the_matrix_times_its_powers_of_two(seed, powers):
    stack = stack_of(seed, powers)
    plain = np.random.default_rng(seed).uniform(0.5, 1.0, (2, 3))
    wanted = [[Fraction(v) * Fraction(2) ** p for v, p in zip(row, powers, strict=True)] for row in plain]
    assert exact(stack) == wanted
    assert np.abs(stack.mantissa).max(axis=-2).min() >= 0.5


@given(
    seed=st.integers(0, 1000),
    powers=EXPONENTS,
    steps=st.lists(st.integers(-900, 900), min_size=12, max_size=12),
    zeros=st.sets(st.integers(0, 11)),
)
def test_a_product_agrees_with_exact_arithmetic_in_every_element(seed, powers, steps, zeros):
    left = stack_of(seed, powers)
    digits = np.random.default_rng(seed + 1).uniform(0.5, 1.0, (1, 3, 4))
    right = np.ldexp(digits, np.array(steps).reshape(1, 3, 4))
    right.flat[list(zeros)] = 0.0
    found = exact(times(left, right))
    for row, left_row in zip(found, exact(left), strict=True):
        for column, value in enumerate(row):
            wanted = sum(a * Fraction(b) for a, b in zip(left_row, right[0, :, column], strict=True))
            assert abs(value - wanted) <= wanted * Fraction(1, 10**15)


@given(seed=st.integers(0, 1000), powers=st.lists(st.integers(-200, 200), min_size=3, max_size=3))
def test_the_quick_way_and_the_way_by_column_agree(seed, powers):
    left = stack_of(seed, powers)
    right = np.random.default_rng(seed).standard_normal((1, 3, 4))
    mantissa, power = np.frexp(right)
    quick, by_column = times(left, right), _times_by_column(left, mantissa, power)
    for a, b in zip(np.ravel(exact(quick)), np.ravel(exact(by_column)), strict=True):
        assert abs(a - b) <= Fraction(1, 10**14) * sum(map(abs, np.ravel(exact(left))))


@pytest.mark.parametrize("at_once", [1, 2**19])
@pytest.mark.parametrize("spread", [0, 3 * SAFE])
def test_a_stack_of_more_axes_is_multiplied_as_each_matrix_alone(spread, at_once, monkeypatch):
    """Two sequences, three end points, four units: (2, 3, 4, M, N), near to each other and far apart."""
    monkeypatch.setattr(scaling, "AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    left = scaled(rng.standard_normal((2, 3, 4, 1, 5)), rng.integers(0, spread + 1, (2, 3, 4, 5)))
    right = rng.standard_normal((2, 5, 6))
    found = times(left, right)
    assert found.mantissa.shape == (2, 3, 4, 1, 6) and found.exponent.shape == (2, 3, 4, 6)
    for b, n, k in np.ndindex(2, 3, 4):
        alone = times(Scaled(left.mantissa[b, n, k][None, None], left.exponent[b, n, k][None, None]), right[b][None])
        np.testing.assert_array_equal(found.exponent[b, n, k], alone.exponent[0, 0])
        np.testing.assert_allclose(found.mantissa[b, n, k], alone.mantissa[0, 0], rtol=0, atol=1e-14)


def test_columns_of_zeros_stay_zero():
    left = scaled(np.array([[[[1.0, 0.0], [0.5, 0.0]]]]))
    product = times(left, np.array([[[0.0, 2.0], [3.0, 4.0]]]))
    np.testing.assert_array_equal(product.exponent > ZERO, [[[False, True]]])
    assert exact(product) == [[0, 2], [0, 1]]
    far = times(Scaled(left.mantissa, left.exponent + np.array([0, SAFE])), np.array([[[0.0, 2.0], [0.0, 0.0]]]))
    assert exact(far) == [[0, 2], [0, 1]]


@pytest.mark.parametrize("power", [-40_000, -1100, 0, 1100, 40_000])
@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
def test_the_logarithm_of_a_norm_holds_far_beyond_the_range_of_a_float(power, norm):
    matrix = np.random.default_rng(0).standard_normal((3, 4))
    size = np.linalg.norm(matrix, 2 if norm == "spectral" else "fro")
    wanted = mpmath.log(mpmath.mpf(float(size))) + power * mpmath.log(2)
    found = log_norm(scaled(matrix, np.full(4, power)), norm)
    assert abs(float(found) - float(wanted)) <= 1e-14 + 2 * np.spacing(abs(float(wanted)))


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1.0, 1e160, 1e290])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (1, 1), (0, 4)])
def test_the_spectral_norm_is_the_largest_singular_value(size, shape):
    """Also where others are far below it, and beside a matrix of another size and one of zeros."""
    matrix = np.random.default_rng(0).standard_normal(shape)
    matrix[:1] *= 1e12
    stack = np.stack([size * matrix, matrix, 0 * matrix])
    wanted = [max(np.linalg.svd(one, compute_uv=False), default=0.0) for one in stack]
    np.testing.assert_allclose(scaling.spectral_norms(stack), wanted, rtol=1e-14, atol=0)


def test_the_columns_of_a_product_keep_one_exponent_while_they_are_near_to_each_other():
    """Powers of two are exact, so that what is not aligned at every step is the same to the bit."""
    rng = np.random.default_rng(0)
    near, far = rng.standard_normal((2, 1, 4, 4))
    left = times(scaled(rng.standard_normal((1, 2, 3, 4))), near)
    assert (left.exponent == left.exponent[..., :1]).all()
    aligned = Scaled(*vars(scaled(left.mantissa, left.exponent)).values())
    assert exact_stack(times(left, far)) == exact_stack(times(aligned, far))
    far[:, :, 0] *= 2.0**-150
    apart = times(left, far)
    assert (apart.exponent[..., 0] < apart.exponent[..., 1] - 100).all()
    assert np.abs(apart.mantissa).max(axis=-2).min() >= 0.5
    steady = times(times(left, 2.0**40 * near), 2.0**40 * near)
    assert (steady.exponent == steady.exponent[..., :1]).all()
    assert np.abs(steady.mantissa).max() <= 2.0**scaling.LOOSE


def exact_stack(stack: Scaled) -> list:
    return [exact(Scaled(stack.mantissa[:, [n]], stack.exponent[:, [n]])) for n in range(stack.mantissa.shape[1])]


def test_the_logarithm_of_a_zero_norm_is_minus_infinity():
    assert np.isneginf(log_norm(scaled(np.zeros((2, 3)))))


@pytest.mark.parametrize("power", [0, 1, -1, 900, 1022, -1022, 1023, -1074, -2000, 2000])
def test_a_shift_is_that_of_ldexp_to_the_bit(power):
    values = np.array([[1.5, -0.1, 5e-324, 0.0], [-0.0, 1e308, 3e-310, np.pi]])
    with np.errstate(over="ignore"):
        for powers in (np.array([power]), np.array([power, 0, -power, 3]), np.full(values.shape, power)):
            assert scaling._shifted(values, powers).tobytes() == np.ldexp(values, powers).tobytes()


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([1.0, 4.0, -0.25, 0.0], (-1, 3)),
        ([5e-324, 1e308], (-1073, 1024)),
        ([1e-300], (-996, -SAFE)),
        ([0.0, -0.0], (-SAFE, -SAFE)),
        ([], (-SAFE, -SAFE)),
    ],
)
def test_the_spread_is_that_of_the_entries_that_are_not_0(entries, found):
    assert scaling._spread(np.array([entries])) == found
