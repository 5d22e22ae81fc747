"""Rung 2: kernels against mpmath, in units in the last place; and that an ulp is what it is taken for."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from ladder.digits import ORDINARY, SATURATED, errors, ulps

import lstm_sym as ls
from lstm_sym.check.many_digits import DEFINITIONS
from lstm_sym.equations.functions import FUNCTIONS

QUICK = ("rnn", "lstm", "qrnn", "indrnn", "henon", "logistic_map")
BARS = {ORDINARY: 64, SATURATED: 2**14}
"""Ulp of an array's maximum. At weights x60 a unit turns over from one step to the next: inputs that differ in their
last digit give gradients that differ in thousands of ulp, whoever computes them."""


def held(name: str, scale: float) -> None:
    found = errors(ls.cell(name), scale, precise=scale == SATURATED)
    assert set(found) == {"forward", "gradients"}
    assert all(array <= BARS[scale] for array, _ in found.values()), found


@pytest.mark.parametrize("scale", BARS)
@pytest.mark.parametrize("name", QUICK)
def test_kernels_hold_all_digits_but_the_last_few(name: str, scale: float) -> None:
    held(name, scale)


@pytest.mark.long
@pytest.mark.parametrize("scale", BARS)
@pytest.mark.parametrize("name", [name for name in ls.names() if name not in QUICK])
def test_all_kernels_hold_all_digits_but_the_last_few(name: str, scale: float) -> None:
    held(name, scale)


def test_the_fast_form_does_not_hold_them_in_saturation() -> None:
    found = errors(ls.cell("rnn"), SATURATED, precise=False)
    assert found["gradients"][0] > 1e6


def test_an_ulp_is_the_distance_to_the_next_number() -> None:
    one, next_one = np.array([1.0, 8.0]), np.array([np.nextafter(1.0, 2.0), 8.0])
    truth = np.array([mpmath.mpf(1), mpmath.mpf(8)])
    assert ulps(one, truth) == (0, 0)
    assert ulps(next_one, truth) == (1 / 8, 1)
    assert ulps(np.array([np.nan, 8.0]), truth) == (np.inf, np.inf)
    assert ulps(np.zeros(0), np.zeros(0, dtype=object)) == (0, 0)


def test_an_error_in_the_twelfth_digit_is_thousands_of_ulp(monkeypatch: Any) -> None:
    kernel = ls.build(ls.cell("rnn"))
    right = kernel.backward
    monkeypatch.setattr(kernel, "backward", lambda *given: right(*given)._replace(x=right(*given).x * (1 + 1e-12)))
    assert errors(ls.cell("rnn"), ORDINARY, precise=False)["gradients"][0] > 1000


def test_every_function_has_a_definition_in_mpmath() -> None:
    assert set(DEFINITIONS) == set(FUNCTIONS)
