"""The one measure of error, and what a check says."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_sym.check import CheckResult, random_case, relative_error
from lstm_sym.check.case import sizes_for
from lstm_sym.check.result import worst
from lstm_sym.check.taylor import convergence_order
from lstm_sym.equations import parse

HUGE = np.finfo(float).max


@pytest.mark.parametrize(
    ("found", "expected", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.5], [1.0, 2.0], 0.25),
        ([1.0, -2.0], [1.0, 2.0], 2.0),
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([0.0, 0.0], [0.0, -0.0], 0.0),
        ([0.0, 0.0], [1e-300, 0.0], 1.0),
        ([0.0, 0.0], [5e-324, 0.0], 1.0),
        ([1e-300, 0.0], [0.0, 0.0], np.inf),
        ([np.nan, 0.0], [1.0, 0.0], np.inf),
        ([1.0, 0.0], [np.nan, 0.0], np.inf),
        ([np.nan], [np.nan], np.inf),
        ([np.inf], [np.inf], np.inf),
        ([1.0], [np.inf], np.inf),
        ([], [], 0.0),
        ([1.0], [1.0, 1.0], np.inf),
        ([[1.0, 2.0]], [1.0, 2.0], np.inf),
        (1.0, 1.0, 0.0),
        (1.0, [1.0], np.inf),
        ([3 + 4j], [0j + 5], abs(-2 + 4j) / 5),
    ],
)
def test_the_relative_error_of_an_array(found: object, expected: object, error: float) -> None:
    assert relative_error(np.array(found), np.array(expected)) == pytest.approx(error)


def test_the_relative_error_has_no_absolute_floor() -> None:
    small = np.array([3e-200, 1e-200])
    assert relative_error(small * (1 + 1e-9), small) == pytest.approx(1e-9)
    assert relative_error(2 * small, small) == 1
    assert relative_error(np.zeros(2), small) == 1


def test_a_check_passes_at_its_bar_and_not_beyond_and_never_with_nan() -> None:
    assert CheckResult("n", "w", 1e-13, 1e-13).passed
    assert not CheckResult("n", "w", 1.0001e-13, 1e-13).passed
    assert not CheckResult("n", "w", float("inf"), 1e-13).passed
    assert not CheckResult("n", "w", float("nan"), 1e-13).passed
    assert CheckResult("n", "w", 1.98, 1.98, at_least=True).passed
    assert not CheckResult("n", "w", 1.97, 1.98, at_least=True).passed
    assert not CheckResult("n", "w", float("nan"), 1.98, at_least=True).passed


def test_the_worst_error_is_the_largest_and_nan_is_larger_than_any() -> None:
    assert worst({"a": 1e-16, "b": 1e-3, "c": 0.0}) == ("b", 1e-3)
    name, error = worst({"a": 1e-16, "b": float("nan"), "c": 1e300})
    assert name == "b" and np.isnan(error)


def test_the_order_of_a_remainder_is_its_exponent() -> None:
    for order in (1, 2, 3):
        assert convergence_order(lambda step, order=order: 7 * step**order, 1.0) == pytest.approx(order)
    assert convergence_order(lambda step: step**2 + 1e-3 * step, 1.0) < 1.98
    assert np.isnan(convergence_order(lambda step: np.nan, 1.0))
    assert convergence_order(lambda step: 0.0, 1.0) == np.inf


def test_a_random_case_is_the_same_for_the_same_seed_and_scales_its_weights_alone() -> None:
    cell = parse("h[t] = tanh(W @ x[t] + U @ h[t-1] + b)")
    case, again, other, scaled = (random_case(cell, seed=s, scale=k) for s, k in ((1, 1), (1, 1), (2, 1), (1, 60)))
    assert np.array_equal(case.x, again.x) and not np.array_equal(case.x, other.x)
    assert np.array_equal(case.x, scaled.x) and np.allclose(60 * case.params["U"], scaled.params["U"], rtol=1e-15)
    assert np.abs(case.params["U"]).max() < 0.5  # 1/sqrt(H), H = 4
    assert case.label == "T 5, B 3, D 2, H 4"


def test_the_sizes_of_a_case_differ_so_that_no_transposition_goes_unseen() -> None:
    projected = parse("m[t] = tanh(W @ x[t] + U @ r[t-1])\nr[t] = P @ m[t]", sizes={"r": "R", "m": "M"})
    sizes = sizes_for(projected, 7, 3, 2, 4)
    assert len(set(sizes.values())) == len(sizes) == 5
    assert {"T": 7, "B": 3, "D": 2}.items() <= sizes.items()
