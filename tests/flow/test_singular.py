"""All singular values of a long product against hundreds of digits, against identities, and against the naive ways."""

import functools

import mpmath
import numpy as np
import pytest

from lstm_sym.flow import FlowError, growth_rates, record, singular_spectrum
from lstm_sym.flow.spectra import singular
from lstm_sym.kernels import gru, lstm


def gaussian(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def orthogonal(size: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(gaussian(size, size, seed=seed))[0]


def exact(matrices: list[np.ndarray]) -> np.ndarray:
    """ln of the singular values of the product, in as many digits as its condition takes, and 40 more."""
    spread = sum(np.ptp(np.log(np.linalg.svd(matrix, compute_uv=False))) for matrix in matrices)
    with mpmath.workdps(40 + int(spread / np.log(10))):
        product = mpmath.eye(len(matrices[0]))
        for matrix in matrices:
            product = mpmath.matrix(matrix.tolist()) * product
        return np.array([float(mpmath.log(value)) for value in mpmath.svd_r(product, compute_uv=False)])


def mixed(values: list[float], steps: int) -> list[np.ndarray]:
    """Matrices of these singular values, in directions of their own at every step."""
    size = len(values)
    return [orthogonal(size, 2 * t) @ np.diag(values) @ orthogonal(size, 2 * t + 1) for t in range(steps)]


def fixed(values: list[float], steps: int) -> list[np.ndarray]:
    """The same symmetric matrix at every step: the singular values of the product are powers."""
    frame = orthogonal(len(values))
    return [frame @ np.diag(values) @ frame.T] * steps


TINY = float(np.exp(-5.0))
PRODUCTS = {
    "gaussian": [0.3 * gaussian(4, 4, seed=t) for t in range(400)],
    "contracting": mixed([1.0, 1.0, np.exp(-2.0), TINY], 400),
    "orthogonal": [orthogonal(4, t) for t in range(400)],
    "orthogonal, shrunk": [TINY * orthogonal(4, t) for t in range(400)],
    "graded": [np.diag([TINY, 1.0, 1.0, np.exp(-2.0)])] * 400,
    "two pairs": fixed([1.0, 1.0, TINY, TINY], 400),
    "a close pair": fixed([1.0, TINY * (1 + 1e-5), TINY * (1 - 1e-5), TINY**1.01], 400),
    "a step": [gaussian(5, 5)],
    "some steps": [gaussian(5, 5, seed=t) for t in range(7)],
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_logarithms_are_those_of_the_exact_product(name):
    wanted = exact(PRODUCTS[name])
    found = singular_spectrum(PRODUCTS[name])
    assert found.steps == len(PRODUCTS[name])
    assert np.abs(found.log_values[0] - wanted).max() < 1e-8
    assert found.log_condition[0] == pytest.approx(wanted[0] - wanted[-1], abs=2e-8)


def test_they_are_exact_for_the_state_of_an_lstm():
    trajectory = record(lstm, lstm.init(2, 3, rng=np.random.default_rng(0)), gaussian(220, 1, 2))
    matrices = [matrix for block in trajectory.blocks() for matrix in block.state[:, 0]]
    found = singular_spectrum(trajectory, start=20)
    assert found.model == "lstm" and found.steps == 200
    assert np.abs(found.log_values[0] - exact(matrices[20:])).max() < 1e-8


def test_the_inverse_product_has_the_inverse_values():
    matrices = mixed([2.0, 1.0, 0.5, 0.1, 0.1], 300)
    forwards = singular_spectrum(matrices).log_values[0]
    backwards = singular_spectrum([np.linalg.inv(matrix) for matrix in reversed(matrices)]).log_values[0]
    assert np.abs(forwards + backwards[::-1]).max() < 1e-8


def test_they_add_up_to_the_determinants_in_a_wide_state():
    trajectory = record(gru, gru.init(4, 24), gaussian(300, 2, 4))
    matrices = np.concatenate([block.state for block in trajectory.blocks()])
    wanted = np.linalg.slogdet(matrices)[1].sum(axis=0)
    found = singular_spectrum(trajectory)
    assert found.log_values.sum(axis=1) == pytest.approx(wanted, rel=1e-11)
    assert (np.diff(found.log_values, axis=1) <= 0).all()
    for sequence in range(2):
        alone = singular_spectrum(matrices[:, sequence])
        assert np.abs(alone.log_values[0] - found.log_values[sequence]).max() < 1e-8


def test_their_rates_approach_the_lyapunov_exponents():
    matrices = gaussian(2000, 3, 3)
    difference = singular_spectrum(matrices).rates[0] - growth_rates(matrices).exponents
    assert 0 < np.abs(difference).max() < 0.01


def test_a_singular_value_of_zero_is_minus_infinity():
    matrices = [orthogonal(4, t) for t in range(60)]
    matrices[30] = np.diag([1.0, 1.0, 1.0, 0.0]) @ matrices[30]
    found = singular_spectrum(matrices)
    assert np.isneginf(found.log_values[0]).tolist() == [False, False, False, True]
    assert found.log_values[0, :2] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert found.log_condition[0] == np.inf
    assert np.isneginf(singular_spectrum([np.zeros((2, 2))]).log_values).all()


def test_rows_far_apart_in_size_keep_the_determinant():
    sizes = np.array([1.0, 1e-30, 1e-200])
    found = singular_spectrum([sizes[:, None] * orthogonal(3, t) for t in range(40)])
    assert found.log_values[0].sum() == pytest.approx(40 * np.log(sizes).sum(), rel=1e-12)
    assert found.rounded.tolist() == [False]


def test_what_is_less_than_the_rounding_of_a_jacobian_is_said_to_be():
    assert singular_spectrum(mixed([1.0, 0.5, 1e-18], 40)).rounded.tolist() == [True]
    assert singular_spectrum(mixed([1.0, 0.5, 1e-10], 40)).rounded.tolist() == [False]


# ---------------------------------------------------------------------------------------------- naive ways


def test_one_sweep_alone_is_off_by_more_than_a_nat_a_value():
    matrices = PRODUCTS["gaussian"][:200]
    values = exact(matrices)
    one = growth_rates(matrices).exponents * 200
    assert 0.1 < np.abs(one - values).max() < 10.0


def test_the_product_and_its_singular_values_are_off_by_thousands():
    product = functools.reduce(lambda product, matrix: matrix @ product, PRODUCTS["contracting"])
    smallest = np.log(np.linalg.svd(product, compute_uv=False)[-1])
    assert abs(smallest - singular_spectrum(PRODUCTS["contracting"]).log_values[0, -1]) > 1000


def test_without_rotations_close_values_stay_mixed(monkeypatch):
    matrices = [np.diag([1.0, 1.001]) @ orthogonal(2, t) for t in range(30)]
    wanted = exact(matrices)
    assert np.abs(singular_spectrum(matrices).log_values[0] - wanted).max() < 1e-10
    monkeypatch.setattr(singular, "_rotate", lambda *_: 0.0)
    assert np.abs(singular_spectrum(matrices).log_values[0] - wanted).max() > 1e-6


def test_one_matrix_transposed_is_noticed():
    matrices = list(PRODUCTS["gaussian"][:50])
    wanted = exact(matrices)
    matrices[20] = matrices[20].T
    assert np.abs(singular_spectrum(matrices).log_values[0] - wanted).max() > 1e-3


# ---------------------------------------------------------------------------------------------- rounds and refusals


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_in_a_round_every_row_meets_every_other_once(count):
    met = [
        tuple(sorted(pair)) for left, right in singular._round_robin(count) for pair in zip(left, right, strict=True)
    ]
    assert sorted(met) == [(i, j) for i in range(count) for j in range(i + 1, count)]
    for left, right in singular._round_robin(count):
        assert len({*left, *right}) == len(left) + len(right)


def test_progress_is_told_of_every_step():
    told = []
    singular_spectrum(PRODUCTS["orthogonal"], progress=lambda done, total: told.append((done, total)))
    assert told == [(step, 400) for step in range(1, 401)]


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ([np.eye(2)] * 100, {"memory": 1000}, "take 31 steps"),
        ([np.eye(2)] * 10, {"start": 10}, "no step from 10"),
        ([], {}, "no step"),
        ([np.eye(2), np.eye(3)], {}, "the matrix of step 1"),
        ([np.ones(3)], {}, "the matrix of step 0"),
        ([np.full((2, 2), np.inf)], {}, "not a finite number"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(source, arguments, message):
    with pytest.raises(FlowError, match=message):
        singular_spectrum(source, **arguments)


def test_a_product_that_its_zeros_make_nilpotent_is_exactly_zero():
    found = singular_spectrum([np.eye(3, k=1)] * 3)
    assert np.isneginf(found.log_values).all() and found.rounded.tolist() == [False]
    two = singular_spectrum([np.eye(3, k=1)] * 2).log_values[0]
    assert two.tolist() == pytest.approx([0.0, -np.inf, -np.inf])


def test_a_product_that_no_zeros_show_to_be_nilpotent_is_flagged_and_all_its_values_are_rounding():
    """N^3 = 0 for a shift along other axes than the units': no step shows it, and `rounded` says so."""
    axes = orthogonal(3, 0)
    found = singular_spectrum([axes @ np.eye(3, k=1) @ axes.T] * 3)
    assert found.rounded.tolist() == [True]
    assert found.log_values.max() < np.log(1e-15)


def test_directions_that_weights_of_zero_cut_off_are_minus_infinity_and_the_others_exact():
    params = lstm.init(3, 4)
    run = record(lstm, type(params)(*map(np.zeros_like, params)), gaussian(80, 2, 3))
    found = singular_spectrum(run, stop=20)
    assert found.log_values[:, :4] == pytest.approx(np.full((2, 4), found.log_values[0, 0]), abs=1e-12)
    assert np.isneginf(found.log_values[:, 4:]).all() and not found.rounded.any()


def test_a_cut_leaves_what_came_before_it_in_the_other_values():
    """The first column alone is kept at the end, after steps that mixed it with the others."""
    matrices = [orthogonal(3, seed) for seed in range(5)] + [np.diag([1.0, 0.0, 0.0])]
    assert singular_spectrum(matrices).log_values[0].tolist() == pytest.approx([0.0, -np.inf, -np.inf], abs=1e-12)
