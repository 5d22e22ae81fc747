"""Laws of decay: values, crossings and tails against closed forms and mpmath."""

import math

import mpmath
import numpy as np
import pytest

from lstm_sym.flow.memory.laws import Law


@pytest.mark.parametrize("rate", [1e-3, 0.1, 1.0, 3.0, 200.0])
@pytest.mark.parametrize("lag", [1, 7, 100])
def test_an_exponential_has_a_geometric_tail(rate, lag):
    law = Law(1.0, rate, -rate)
    assert law.log_tail(lag) == pytest.approx(-rate * (lag + 1) - math.log(-math.expm1(-rate)), rel=1e-12)


@pytest.mark.parametrize("exponent", [1.01, 1.5, 3.0, 12.0])
@pytest.mark.parametrize("lag", [1, 20, 1000])
def test_a_power_law_has_the_tail_of_hurwitz(exponent, lag):
    with mpmath.workdps(60):
        truth = float(mpmath.log(mpmath.zeta(exponent, lag + 1)))
    assert Law(0.0, exponent, 0.0).log_tail(lag) == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize(("offset", "exponent"), [(5.0, 2.0), (0.3, 1.2), (100.0, 4.0)])
@pytest.mark.parametrize("lag", [1, 60, 1000])
def test_a_shifted_power_law_has_the_tail_of_hurwitz(offset, exponent, lag):
    law = Law(0.0, exponent, -exponent * math.log1p(1 / offset), offset)
    with mpmath.workdps(60):
        truth = float(mpmath.log(mpmath.zeta(exponent, lag + 1 + offset) * mpmath.mpf(offset) ** exponent))
    assert law.log_tail(lag) == pytest.approx(truth, rel=1e-12, abs=1e-12)
    assert law.name == "shifted power law"
    assert float(law.logarithm(np.float64(7))) == pytest.approx(-exponent * math.log1p(7 / offset), rel=1e-12)
    assert law.through(20, -2.0).logarithm(np.array([20.0]))[0] == pytest.approx(-2.0, rel=1e-12)
    crossing = law.crossing(-3 * exponent)
    assert crossing == math.inf or float(law.logarithm(np.float64(crossing))) == pytest.approx(-3 * exponent, rel=1e-12)


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.75, 1.5])
def test_a_stretched_exponential_has_the_tail_of_its_sum(shape):
    scale, lag = 5.0, 10
    law = Law(shape, shape / scale**shape, -(scale**-shape))
    assert law.time_scale == pytest.approx(scale, rel=1e-12)
    last = 1e6
    terms = np.exp(-((np.arange(lag + 1.0, last + 1) / scale) ** shape))
    rest = scale / shape * float(mpmath.gammainc(1 / shape, (last / scale) ** shape)) - terms[-1] / 2
    assert law.log_tail(lag) == pytest.approx(math.log(terms.sum() + rest), rel=1e-9)


@pytest.mark.parametrize(
    "law", [Law(1.0, 0.0, 0.0), Law(1.0, -0.1, 0.0), Law(0.0, 1.0, 0.0), Law(0.0, 0.4, 0.0), Law(0.0, 0.9, 0.0, 5.0)]
)
def test_a_sum_that_diverges_is_infinite(law):
    assert law.log_tail(10) == math.inf


@pytest.mark.parametrize("shape", [0.0, 0.3, 1.0, 1.7])
@pytest.mark.parametrize("slope", [0.2, -0.2])
def test_the_crossing_is_where_the_law_has_the_value(shape, slope):
    law = Law(shape, slope, 0.5)
    lag = law.crossing(0.5 - 3 * slope)
    assert float(law.logarithm(np.float64(lag))) == pytest.approx(0.5 - 3 * slope, rel=1e-12)
    assert law.crossing(0.5 + slope) == math.inf


def test_a_law_that_stays_never_crosses():
    assert Law(1.0, 0.0, 0.0).crossing(-1.0) == math.inf
    assert Law(0.0, 1e-3, 0.0).crossing(-1.0) == math.inf


@pytest.mark.parametrize("shape", [0.0, 0.5, 1.0])
def test_a_law_is_moved_through_a_point(shape):
    law = Law(shape, 0.3, 7.0).through(20, -2.0)
    assert law.slope == 0.3
    assert float(law.logarithm(np.float64(20))) == pytest.approx(-2.0, rel=1e-12)


def test_the_names_and_scales_of_the_laws():
    assert [Law(shape, 1.0, 0.0).name for shape in (1.0, 0.0, 0.5)] == [
        "exponential",
        "power law",
        "stretched exponential",
    ]
    assert Law(1.0, 0.1, 0.0).time_scale == pytest.approx(10.0)
    assert math.isnan(Law(0.0, 1.0, 0.0).time_scale)
    assert Law(1.0, -0.1, 0.0).time_scale == math.inf
