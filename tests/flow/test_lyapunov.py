"""The Lyapunov spectrum against closed forms, forward mode, the complex step, and what must not pass for it."""

import tracemalloc

import mpmath
import numpy as np
import pytest

from lstm_sym import build, parse
from lstm_sym.flow import FlowError, lyapunov, record
from lstm_sym.flow.spectra import triangular
from lstm_sym.flow.spectra.exponents import growth_rates
from lstm_sym.flow.theory import largest_exponent
from lstm_sym.kernels import gru, henon, logistic_map, lstm, lstm_peephole, rnn

LINEAR = "h[t] = U @ h[t-1] + W @ x[t]"
TANH = "s[t] = J @ tanh(s[t-1])"
KERNELS = pytest.mark.parametrize("kernel", [rnn, lstm, lstm_peephole, gru], ids=lambda kernel: kernel.__name__)


def gaussian(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def run_of(kernel, steps: int = 200, batch: int = 1, hidden: int = 5, **fill: float):
    params = kernel.init(3, hidden, rng=np.random.default_rng(7), **fill)
    return record(kernel, params, gaussian(steps, batch, 3))


def jacobians(trajectory) -> np.ndarray:
    """(T, B, S, S)."""
    return np.concatenate([block.state for block in trajectory.blocks()])


def orthogonal(size: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(gaussian(size, size, seed=seed))[0]


# ---------------------------------------------------------------------------------------------- closed forms


def newman(size: int) -> np.ndarray:
    """Exponents of products of Gaussian matrices of variance 1/N: (ln(2/N) + digamma((N - i + 1)/2)) / 2.

    Newman 1986, Communications in Mathematical Physics 103: N |R_ii|^2 is chi-squared with N - i + 1 of freedom.
    """
    return np.array([(np.log(2 / size) + float(mpmath.digamma((size - i) / 2))) / 2 for i in range(size)])


def test_products_of_gaussian_matrices_have_the_exponents_of_newman():
    wanted = newman(3)
    assert wanted == pytest.approx([-0.184488, -0.491340, -1.184488], abs=1e-6)
    found = growth_rates(gaussian(5_000, 3, 3) / np.sqrt(3))
    assert (np.abs(found.exponents - wanted) < 3 * found.errors).all()
    # The increments are independent: the variance of each is trigamma((N - i + 1)/2) / 4.
    theory = [float(mpmath.polygamma(1, (3 - i) / 2)) ** 0.5 / 2 / np.sqrt(5_000) for i in range(3)]
    assert found.errors == pytest.approx(theory, rel=0.6)


def test_a_linear_cell_has_the_moduli_of_its_eigenvalues():
    blocks = np.zeros((5, 5))
    blocks[:2, :2] = 0.9 * np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    blocks[2:, 2:] = np.diag([0.5, -0.2, 0.01])
    mixed = gaussian(5, 5) + 3 * np.eye(5)
    recurrent = mixed @ blocks @ np.linalg.inv(mixed)
    kernel = build(parse(LINEAR))
    found = lyapunov(record(kernel, kernel.Params(U=recurrent, W=np.ones((5, 1))), gaussian(3000, 1)), burn_in=100)
    assert found.exponents == pytest.approx(np.log([0.9, 0.9, 0.5, 0.2, 0.01]), abs=1e-3)


def test_the_exponents_of_the_henon_map_add_up_to_the_logarithm_of_its_contraction():
    state = henon.State(np.full((1, 1), 0.1), np.full((1, 1), 0.1))
    found = lyapunov(record(henon, henon.Params(), steps=6_000, state=state))
    assert found.exponents.sum() == pytest.approx(np.log(0.3), rel=1e-11)
    # Sprott 2003, Chaos and Time-Series Analysis: 0.419, -1.623, Kaplan-Yorke dimension 1.258.
    assert abs(found.exponents[0] - 0.419) < 3 * found.errors[0] + 5e-4
    assert found.dimension == pytest.approx(1.258, abs=0.01)
    assert found.entropy == found.exponents[0]


def test_the_exponent_of_the_logistic_map_is_the_logarithm_of_two():
    state = logistic_map.State(np.full((1, 1), 0.1234))
    found = lyapunov(record(logistic_map, logistic_map.Params(), steps=6_000, state=state))
    assert abs(found.exponents[0] - np.log(2)) < 3 * found.errors[0] < 4e-3


def random_network(size: int, steps: int, seed: int = 0):
    """x' = J tanh x, the elements of J of variance g^2/N, g = 3."""
    kernel, rng = build(parse(TANH)), np.random.default_rng(seed)
    params = kernel.Params(J=3 / np.sqrt(size) * rng.standard_normal((size, size)))
    trajectory = record(kernel, params, steps=steps, state=kernel.State(rng.standard_normal((1, size))))
    return lyapunov(trajectory, burn_in=100)


def test_a_random_network_is_as_chaotic_as_mean_field_says():
    wanted = largest_exponent("tanh", 3.0)
    assert wanted == pytest.approx(0.310249, abs=1e-6)
    small = [random_network(64, 600, seed).exponents[0] for seed in range(3)]
    assert np.mean(small) == pytest.approx(wanted, abs=0.07)  # of 64 units: 0.05 below the limit of infinitely many


@pytest.mark.long
def test_a_large_random_network_is_that_of_mean_field():
    found = random_network(512, 400, seed=1)
    assert found.exponents[0] == pytest.approx(0.308, abs=0.012)
    assert found.dimension / 512 == pytest.approx(0.285, abs=0.006)


def log_determinant(trajectory) -> float:
    """ln |det J| of an LSTM, summed over time, from its gates.

    [[A + D C, D F], [C, F]] with A = diag(tanh(c) o') U_o has the determinant of [[A, 0], [C, F]]: det A prod f.
    """
    (tape,) = [trajectory.tape(segment) for segment in range(len(trajectory.starts))]
    _, f, o, _ = np.split(tape.gates, 4, axis=-1)
    diagonal = np.log(f) + np.log(np.abs(tape.tanh_c)) + np.log(o) + np.log1p(-o)
    return float(diagonal.sum() + len(trajectory) * np.linalg.slogdet(trajectory.params.U_o)[1])


@pytest.mark.parametrize("forget_bias", [0.0, 3.0])
def test_the_exponents_of_an_lstm_add_up_to_the_determinant_in_its_gates(forget_bias):
    trajectory = run_of(lstm, b_f=forget_bias)
    found = lyapunov(trajectory, burn_in=0)
    assert found.exponents.sum() * 200 == pytest.approx(log_determinant(trajectory), rel=1e-10)


# ---------------------------------------------------------------------------------------------- a second way


@KERNELS
def test_the_exponents_add_up_to_the_determinants(kernel):
    trajectory = run_of(kernel)
    wanted = np.linalg.slogdet(jacobians(trajectory))[1].sum()
    assert lyapunov(trajectory, burn_in=0).exponents.sum() * 200 == pytest.approx(wanted, abs=1e-9 * 200)


def directly_carried(kernel, steps: int = 200) -> tuple[float, np.ndarray]:
    """The rate of the vector that a frame of one column starts with, by forward mode; the Jacobians."""
    trajectory = run_of(kernel, steps)
    start = triangular.random_columns(trajectory.width, 1)[:, 0]
    parts = np.split(start[None], np.cumsum(trajectory.sizes)[:-1], axis=1)
    moved = kernel.jvp(trajectory.x, trajectory.params, state_dot=kernel.State(*parts))[3]
    return float(np.log(np.linalg.norm(np.concatenate(moved, axis=1))) / steps), jacobians(trajectory)


@KERNELS
def test_the_first_exponent_is_the_rate_of_a_vector_that_forward_mode_carries(kernel):
    rate, matrices = directly_carried(kernel)
    assert growth_rates(matrices, count=1).exponents[0] == pytest.approx(rate, rel=1e-12)


def test_leading_exponents_are_those_of_all():
    trajectory = run_of(lstm, 2000)
    few, all_of_them = lyapunov(trajectory, count=3), lyapunov(trajectory)
    assert few.exponents == pytest.approx(all_of_them.exponents[:3], abs=2e-3)
    assert len(few.exponents) == 3 and few.size == len(all_of_them.exponents) == 10


def test_each_sequence_is_measured_as_if_alone():
    trajectory = run_of(gru, 300, batch=3)
    together = lyapunov(trajectory)
    for sequence in range(3):
        alone = lyapunov(record(gru, trajectory.params, trajectory.x[:, sequence : sequence + 1]))
        assert np.sort(together.sequences[sequence]) == pytest.approx(np.sort(alone.exponents), rel=1e-7)
    assert together.exponents == pytest.approx(together.sequences.mean(axis=0), rel=1e-12)


def test_the_whole_state_of_an_lstm_is_measured_and_not_h_alone():
    """A block of the Jacobian, dh/dh with c held, is a product of other matrices: it misses the path through c."""
    for forget_bias, low, high in ((0.0, -0.53, -0.44), (3.0, -0.05, 0.0)):
        params = lstm.init(32, 32, rng=np.random.default_rng(1), b_f=forget_bias)
        trajectory = record(lstm, params, gaussian(600, 1, 32, seed=11))
        assert low < lyapunov(trajectory, count=1).exponents[0] < high
        assert growth_rates(jacobians(trajectory)[..., :32, :32], count=1).exponents[0] == pytest.approx(-2, abs=0.15)


# ---------------------------------------------------------------------------------------------- far apart, cut off


def test_rows_far_apart_in_size_are_taken_apart_exactly():
    sizes = np.array([1.0, 1e-30, 1e-200])
    found = growth_rates([sizes[:, None] * orthogonal(3, seed) for seed in range(40)])
    assert found.exponents.sum() == pytest.approx(np.log(sizes).sum(), rel=1e-13)
    assert not found.rounded.any()


def test_what_is_less_than_the_rounding_of_a_jacobian_is_said_to_be():
    nearly = np.diag([1.0, 0.5, 1e-18])
    found = growth_rates([orthogonal(3, seed) @ nearly @ orthogonal(3, seed + 50) for seed in range(40)])
    assert found.rounded.tolist() == [0.0, 0.0, 1.0]
    # Two rows that are the same but for their last digit, and a third one far smaller than either.
    parallel = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5 + 1e-16], [1e-10, -1e-10, 0.0]])
    assert growth_rates([parallel @ orthogonal(3, seed) for seed in range(40)]).rounded.tolist() == [0.0, 0.0, 1.0]
    sound = growth_rates([orthogonal(3, seed) @ np.diag([1, 0.5, 1e-10]) @ orthogonal(3, seed) for seed in range(40)])
    assert not sound.rounded.any()


def test_a_direction_that_is_cut_off_is_minus_infinity_and_the_others_stay():
    mask = np.array([1.0, 1.0, 0.0])[:, None]
    found = growth_rates(
        [0.5 * mask * orthogonal(3, seed) if seed == 20 else orthogonal(3, seed) for seed in range(40)]
    )
    assert np.isneginf(found.exponents).tolist() == [False, False, True]
    assert not found.rounded.any()
    assert np.isfinite(found.exponents[:2]).all() and found.errors[2] == 0 and (found.errors[:2] > 0).all()
    assert found.dimension == 0.0


def test_what_weights_of_zero_cut_off_is_exactly_minus_infinity():
    """Gates that do not read h leave a column of zeros a unit of it; its rounding, exp(-38), is no exponent."""
    params = lstm.init(3, 4)
    found = lyapunov(record(lstm, type(params)(*map(np.zeros_like, params)), gaussian(80, 2, 3)))
    assert found.exponents[:4] == pytest.approx(np.full(4, np.log(0.5)), rel=1e-12)
    assert np.isneginf(found.exponents[4:]).all() and (found.errors[4:] == 0).all() and not found.rounded.any()


def test_a_unit_that_rests_before_the_count_begins_has_an_exponent():
    cut = np.diag([1.0, 0.0]) @ orthogonal(2, 0)
    matrices = [cut if step == 3 else orthogonal(2, step) for step in range(60)]
    assert np.isfinite(growth_rates(matrices, burn_in=10).exponents).all()
    assert np.isneginf(growth_rates(matrices).exponents).tolist() == [False, True]


def test_steps_that_would_underflow_together_are_taken_one_by_one():
    found = growth_rates([1e-200 * orthogonal(4, seed) for seed in range(40)])
    assert found.exponents == pytest.approx(np.full(4, np.log(1e-200)), rel=1e-13)
    grown = growth_rates([10.0 ** (300 * (-1) ** (seed // 20)) * orthogonal(4, seed) for seed in range(40)])
    assert grown.exponents == pytest.approx(np.zeros(4), abs=1e-11)


def test_blocks_that_do_not_mix_are_both_looked_at():
    found = growth_rates([np.diag([0.1, 0.9])] * 1000, count=1, burn_in=100)
    assert found.exponents[0] == pytest.approx(np.log(0.9), rel=1e-12)


# ---------------------------------------------------------------------------------------------- what is read off


@pytest.mark.parametrize(
    ("exponents", "dimension", "entropy"),
    [([0.5, 0.0, -1.0], 2.5, 0.5), ([-0.1, -0.2, -0.3], 0.0, 0.0), ([0.3, 0.2, -0.1], 3.0, 0.5)],
)
def test_dimension_and_entropy_follow_their_formulas(exponents, dimension, entropy):
    found = growth_rates([np.diag(np.exp(exponents))] * 2000, burn_in=1000)
    assert found.exponents == pytest.approx(exponents, abs=1e-9)
    assert found.dimension == pytest.approx(dimension, abs=1e-7)
    assert found.entropy == pytest.approx(entropy, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_rounding_decides_neither_dimension_nor_entropy_of_a_neutral_product(seed):
    isometry = growth_rates([orthogonal(6, seed)] * 400)
    assert (isometry.dimension, isometry.entropy) == (6.0, 0.0)
    assert growth_rates([orthogonal(6, seed)] * 400, count=3).entropy == 0.0
    # One direction that is kept and others that fade: a cycle, of dimension 1.
    axes = orthogonal(3, seed)
    cycle = growth_rates([axes @ np.diag([1.0, 0.5, 0.25]) @ axes.T] * 400, burn_in=100)
    assert cycle.dimension == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("rate", [1e-9, -1e-9])
def test_a_rate_far_above_its_rounding_is_no_neutral_one(rate):
    found = growth_rates([np.exp(rate) * orthogonal(4, seed) for seed in range(200)])
    assert found.dimension == (4.0 if rate > 0 else 0.0)
    assert found.entropy == pytest.approx(max(0.0, 4 * rate), rel=1e-4)


def test_too_few_exponents_tell_neither_dimension_nor_entropy():
    found = growth_rates([np.diag(np.exp([0.5, 0.1, -1.0]))] * 100, count=2)
    for name in ("dimension", "entropy"):
        with pytest.raises(FlowError, match="2 of 3 exponents do not tell it"):
            getattr(found, name)


def test_the_error_knows_that_increments_are_correlated():
    """Growth by an autoregressive process, of which 1 + 2 sum rho^k = 19 steps tell as much as one alone."""
    rho, steps, noise = 0.9, 4_000, gaussian(4_000)
    process = np.empty(steps)
    level = 0.0
    for t in range(steps):
        level = rho * level + noise[t]
        process[t] = level
    found = growth_rates(np.exp(process)[:, None, None])
    wanted = 1 / (1 - rho) / np.sqrt(steps)
    assert found.exponents[0] == pytest.approx(process.mean(), rel=1e-10)
    assert found.errors[0] == pytest.approx(wanted, rel=0.5)
    assert found.errors[0] > 2 * process.std() / np.sqrt(steps)


def test_the_running_estimate_ends_at_the_exponents():
    found = lyapunov(run_of(lstm, 2000))
    assert 64 <= len(found.running_steps) <= 128 and found.running.shape == (len(found.running_steps), 10)
    assert found.running_steps[-1] <= found.steps == 1800 and found.burn_in == 200
    assert found.running[-1] == pytest.approx(found.exponents, abs=0.01)
    assert np.abs(found.running[0] - found.exponents).max() > 0.02


def test_progress_is_told_up_to_the_last_step():
    told = []
    lyapunov(run_of(rnn, 300), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (300, 300) and [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_long_product_takes_no_memory():
    few = [0.5 * orthogonal(8, seed) for seed in range(10)]
    matrices = (few[step % 10].copy() for step in range(2500))
    tracemalloc.start()
    growth_rates(matrices)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_constant_input_is_an_autonomous_system():
    params = rnn.init(2, 4, rng=np.random.default_rng(0))
    found = lyapunov(record(rnn, params, np.ones((400, 2))))
    fixed = record(rnn, params, np.ones((400, 2)))
    (last,) = jacobians(fixed)[-1]
    assert found.exponents == pytest.approx(np.sort(np.log(np.abs(np.linalg.eigvals(last))))[::-1], abs=0.01)


# ---------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "0 exponents of a state of 5 units"),
        ({"count": 6}, "6 exponents of a state of 5 units"),
        ({"burn_in": -1}, "-1 steps"),
        ({"burn_in": 190}, "10 steps after the first 190"),
        ({"feedback": np.ones((5, 3))}, r"shape \(5, 3\)"),
        ({"feedback": np.full((3, 5), np.nan)}, "finite numbers"),
        ({"feedback": np.ones((3, 5))}, r"the input is not feedback y\[t-1\]"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, message):
    with pytest.raises(FlowError, match=message):
        lyapunov(run_of(rnn), **arguments)


@pytest.mark.parametrize(
    ("matrices", "message"),
    [
        ([], "0 steps"),
        ([np.eye(2)] * 15, "15 steps"),
        ([np.eye(2)] * 20 + [np.eye(3)], "the matrix of step 20"),
        ([np.ones((2, 3))] * 20, "the matrix of step 0"),
        ([np.ones(3)] * 20, "the matrix of step 0"),
        ([np.eye(2)] * 20 + [np.diag([1, np.nan])] * 20, "step 20 of sequence 0"),
    ],
)
def test_matrices_that_make_no_product_are_refused(matrices, message):
    for given in (matrices, iter(matrices)):
        with pytest.raises(FlowError, match=message):
            growth_rates(given)


# ---------------------------------------------------------------------------------------------- mutations


def test_without_a_qr_on_the_way_only_the_first_exponent_is_left(monkeypatch):
    matrices = gaussian(100, 3, 3) / np.sqrt(3)
    wanted = np.linalg.slogdet(matrices)[1].sum()
    assert growth_rates(matrices).exponents.sum() * 100 == pytest.approx(wanted, abs=1e-9)
    for name, value in {"LONGEST": 10**6, "ALLOWED": np.inf, "WIDE": np.inf}.items():
        monkeypatch.setattr(triangular, name, value)
    monkeypatch.setattr(triangular.Frame.__init__, "__defaults__", (np.inf,))
    monkeypatch.setattr(triangular.Frame, "_following", lambda *_: 10**6)
    assert abs(growth_rates(matrices).exponents.sum() * 100 - wanted) > 1.0


def test_one_jacobian_transposed_is_noticed():
    """Determinants do not see it; the vector that forward mode carries does."""
    rate, matrices = directly_carried(lstm)
    matrices[100] = matrices[100].swapaxes(-2, -1)
    assert abs(growth_rates(matrices, count=1).exponents[0] - rate) > 1e-5
