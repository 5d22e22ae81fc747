"""Fisher memory: the theorems of Ganguli, Huh & Sompolinsky, known curves, and the sums written out term by term."""

import numpy as np
import pytest

from lstm_sym.flow import FlowError
from lstm_sym.flow.theory import fisher_memory


def orthogonal(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def symmetric(size, seed=0):
    basis = orthogonal(size, seed)
    return basis * np.random.default_rng(seed).uniform(-0.95, 0.95, size) @ basis.T


def delay_line(size, alpha):
    return np.diag(np.full(size - 1, alpha**0.5), -1)


def brute(matrix, source, lags, terms=4000):
    """v' U'^k C^-1 U^k v with C summed term by term, in units of v'v."""
    covariance, power = np.zeros_like(matrix), np.eye(len(matrix))
    for _ in range(terms):
        covariance += power @ power.T
        power = matrix @ power
    inverse, found = np.linalg.inv(covariance), []
    for k in range(lags + 1):
        carried = np.linalg.matrix_power(matrix, k) @ source
        found.append(carried @ inverse @ carried / (source @ source))
    return np.array(found)


@pytest.mark.parametrize(
    "matrix", [0.9 * orthogonal(12), 0.999 * orthogonal(5), symmetric(9)], ids=["0.9", "0.999", "s"]
)
def test_a_normal_network_remembers_exactly_one_input(matrix):
    source = np.random.default_rng(1).standard_normal(len(matrix)) * 7
    assert fisher_memory(matrix, source, 3).total == pytest.approx(1.0, rel=1e-11)


def test_a_scaled_orthogonal_network_forgets_geometrically():
    """U = r Q: C = 1 / (1 - r^2), J(k) = r^2k (1 - r^2), down to 10^-2000."""
    found = fisher_memory(0.1 * orthogonal(6), np.ones(6), 1000)
    assert found.log_values == pytest.approx(np.log(0.99) + 2 * np.log(0.1) * np.arange(1001), rel=1e-11)


@pytest.mark.parametrize(("size", "alpha"), [(10, 0.9), (30, 0.5), (20, 1.2)])
def test_a_delay_line_in_closed_form(size, alpha):
    """J(k) = alpha^k (1 - alpha) / (1 - alpha^(k+1)) for k < N, exactly 0 after that; alpha > 1 is allowed."""
    found = fisher_memory(delay_line(size, alpha), np.eye(size)[0], size + 2)
    k = np.arange(size)
    assert found.log_values[:size] == pytest.approx(np.log(alpha**k * (1 - alpha) / (1 - alpha ** (k + 1))), rel=1e-9)
    assert np.isneginf(found.log_values[size:]).all()
    assert found.total == pytest.approx(np.exp(found.log_values[:size]).sum(), rel=1e-9)
    assert 1 < found.total < size


@pytest.mark.parametrize("seed", range(3))
def test_any_network_is_the_sum_written_out(seed):
    rng = np.random.default_rng(seed)
    matrix, source = rng.standard_normal((7, 7)), rng.standard_normal(7)
    matrix *= 0.9 / np.abs(np.linalg.eigvals(matrix)).max()
    found, wanted = fisher_memory(matrix, source, 200), brute(matrix, source, 200)
    assert np.exp(found.log_values) == pytest.approx(wanted, rel=1e-9)
    assert found.total == pytest.approx(wanted.sum(), rel=1e-8)


def test_summed_over_all_directions_the_memory_is_the_number_of_units():
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((8, 8))
    matrix *= 0.8 / np.abs(np.linalg.eigvals(matrix)).max()
    totals = [fisher_memory(matrix, direction, 0).total for direction in np.eye(8)]
    assert sum(totals) == pytest.approx(8.0, rel=1e-10)
    assert max(totals) > 1.2 > 1 > min(totals)


def test_the_overlay_is_the_curve():
    found = fisher_memory(0.5 * orthogonal(4), np.ones(4), 10)
    overlay = found.overlay([0, 3])
    assert list(overlay.log_values) == [found.log_values[0], found.log_values[3]]


@pytest.mark.parametrize(
    ("matrix", "source", "found"),
    [
        (1.01 * orthogonal(3), np.ones(3), "spectral radius of 1.01"),
        (np.eye(3)[:2], np.ones(2), "shape"),
        (0.5 * np.eye(3), np.zeros(3), "v = 0"),
        (np.full((3, 3), np.nan), np.ones(3), "not finite"),
        (delay_line(700, 9.0), np.eye(700)[0], "finite number|definite"),
    ],
)
def test_what_has_no_memory_to_speak_of_is_refused(matrix, source, found):
    with pytest.raises(FlowError, match=found):
        fisher_memory(matrix, source, 5)
