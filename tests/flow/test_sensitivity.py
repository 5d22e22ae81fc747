"""The sensitivity by lag: what theory gives exactly, what reverse and forward mode give, and what must not agree."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest

from lstm_sym import build, cell, parse
from lstm_sym.flow import input_sensitivity, record, state_sensitivity
from lstm_sym.flow.runs import sweeps, trajectory
from lstm_sym.kernels import gru, lstm, lstm_peephole, rnn

LINEAR = "h[t] = U @ h[t-1] + W @ x[t]"
TWO_SPEEDS = """
a[t] = m * a[t-1]
b[t] = k * b[t-1] + W @ x[t]
h[t] = a[t-1] + b[t-1] + z * h[t-1] + V @ x[t]
"""
KERNELS = pytest.mark.parametrize("kernel", [rnn, lstm, lstm_peephole, gru], ids=lambda kernel: kernel.__name__)


def gaussian(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def gap(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest relative error of norms, from their logarithms, less the two last digits of a logarithm."""
    return float((np.abs(found - wanted) - 2 * np.spacing(np.abs(wanted))).max())


# ---------------------------------------------------------------------------------------------- theory


def signed_permutation(size: int) -> np.ndarray:
    """An orthogonal matrix whose elements are exact: 0, 1 and -1."""
    rng = np.random.default_rng(size)
    return np.eye(size)[rng.permutation(size)] * rng.choice([-1.0, 1.0], size)


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
@pytest.mark.parametrize(("rho", "lags"), [(1e-3, 1700), (0.5, 200), (1.0, 200), (0.03, 60)])
def test_a_linear_cell_forgets_as_rho_to_the_lag(rho, lags, norm):
    """dh[T]/dx[t] = U^lag W, and U = rho Q keeps every singular value of W: ||.|| = rho^lag ||W||, 10^-5100 too."""
    kernel = build(parse(LINEAR))
    params = kernel.Params(U=rho * signed_permutation(4), W=gaussian(4, 2))
    profile = input_sensitivity(record(kernel, params, gaussian(lags + 20, 2)), lags=lags, ends=3, norm=norm)
    size = mpmath.log(mpmath.mpf(float(np.linalg.norm(params.W, 2 if norm == "spectral" else "fro"))))
    wanted = np.array([float(size + lag * mpmath.log(mpmath.mpf(rho))) for lag in range(lags + 1)])
    assert profile.log_norms.shape == (3, lags + 1)
    assert gap(profile.log_norms, wanted) < 1e-12


def test_an_exploding_sensitivity_is_as_exact():
    kernel = build(parse("h[t] = u * h[t-1] + W @ x[t] + v * h[t-1] * h[t-1]"))
    params = kernel.Params(u=np.full(2, 4.0), W=np.eye(2), v=np.zeros(2))
    x = np.zeros((700, 2))
    x[-1] = 1.0
    profile = input_sensitivity(record(kernel, params, x), lags=690, ends=2)
    assert gap(profile.log_norms, 0.5 * np.log(2.0) + np.log(4.0) * np.arange(691)) < 1e-12


def test_a_path_that_fades_beside_one_that_lasts_is_not_lost():
    """dh[T]/dx[T-lag] = k^(lag-1) W, although dh[T]/da = 1 beside it, and k^1000 = 10^-3000 in the same matrix."""
    kernel = build(parse(TWO_SPEEDS))
    params = kernel.Params(V=np.eye(3), m=np.ones(3), k=np.full(3, 1e-3), z=np.zeros(3), W=gaussian(3, 3))
    profile = input_sensitivity(record(kernel, params, gaussian(1010, 3)), lags=1000, ends=2)
    wanted = np.log(np.linalg.norm(params.W)) + np.arange(1000) * np.log(1e-3)
    assert (kernel.State._fields, profile.output) == (("a", "b", "h"), "h")
    assert gap(profile.log_norms[:, 0], 0.5 * np.log([3.0, 3.0])) < 1e-12
    assert gap(profile.log_norms[:, 1:], wanted) < 1e-12


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
def test_the_cell_path_of_an_lstm_is_the_product_of_its_forget_gates(norm):
    """With U = 0, dc[T]/dc[t] = diag(f[T] ... f[t+1]), f = sigmoid(W_f x + b_f)."""
    drawn = lstm.init(3, 5, b_f=-30.0)
    params = drawn._replace(**{name: np.zeros((5, 5)) for name in ("U_i", "U_f", "U_g", "U_o")})
    x, lags, end = gaussian(80, 3), 60, 75
    profile = state_sensitivity(record(lstm, params, x), lags=lags, ends=[end], output="c", source="c", norm=norm)
    log_f = -np.logaddexp(0.0, -(x @ params.W_f.T + params.b_f))
    sums = np.array([log_f[end - lag + 1 : end + 1].sum(axis=0) for lag in range(lags + 1)])
    wanted = sums.max(axis=1) if norm == "spectral" else 0.5 * np.logaddexp.reduce(2 * sums, axis=1)
    assert wanted[-1] < -1700
    assert gap(profile.log_norms[0], wanted) < 1e-12


# ----------------------------------------------------------------------------- the engine, other ways


def by_reverse_mode(kernel, params, x: np.ndarray, end: int) -> np.ndarray:
    """ln ||dy[end]/dx[end - lag]|| for every lag, one row of the Jacobian for each backward pass: (B, end + 1)."""
    y, _, tape = kernel.forward(x, params, precise=True)
    rows = []
    for unit in range(y.shape[2]):
        dy = np.zeros_like(y)
        dy[end, :, unit] = 1.0
        rows.append(kernel.backward(dy, tape, params).x[end::-1])
    return np.log(np.linalg.norm(np.stack(rows), axis=(0, 3))).T


def by_forward_mode(kernel, params, x: np.ndarray, end: int, lag: int) -> np.ndarray:
    """ln ||dy[end]/dx[end - lag]||, one column of the Jacobian for each input: (B,)."""
    columns = []
    for channel in range(x.shape[2]):
        x_dot = np.zeros_like(x)
        x_dot[end - lag, :, channel] = 1.0
        columns.append(kernel.jvp(x, params, x_dot=x_dot)[1][end])
    return np.log(np.linalg.norm(np.stack(columns), axis=(0, 2)))


@KERNELS
def test_the_profile_is_what_reverse_mode_gives(kernel):
    params, x = kernel.init(3, 5), gaussian(14, 2, 3)
    profile = input_sensitivity(record(kernel, params, x), lags=9, ends=[10, 13])
    wanted = np.stack([by_reverse_mode(kernel, params, x, end)[:, :10] for end in (10, 13)], axis=1)
    np.testing.assert_array_equal(profile.ends, [[10, 0], [13, 0], [10, 1], [13, 1]])
    assert gap(profile.log_norms, wanted.reshape(4, 10)) < 1e-12


@KERNELS
def test_the_profile_is_what_forward_mode_gives(kernel):
    params, x = kernel.init(2, 4), gaussian(9, 3, 2)
    profile = input_sensitivity(record(kernel, params, x), lags=7, ends=[8])
    wanted = np.stack([by_forward_mode(kernel, params, x, 8, lag) for lag in range(8)], axis=1)
    assert gap(profile.log_norms, wanted) < 1e-12


@KERNELS
def test_the_states_together_are_the_product_of_the_state_jacobians(kernel):
    params, x = kernel.init(2, 4), gaussian(9, 1, 2)
    tape = kernel.forward(x, params, precise=True)[2]
    jacobians = kernel.jacobian(tape, params)[:, 0]
    wanted, product = [], np.eye(jacobians.shape[-1])
    for t in range(8, 1, -1):
        wanted.append(np.log(np.linalg.norm(product)))
        product = product @ jacobians[t]
    profile = state_sensitivity(record(kernel, params, x), lags=6, ends=[8])
    assert (profile.output, profile.source) == ("state", "state")
    assert gap(profile.log_norms[0], np.array(wanted)) < 1e-12


def test_a_generated_cell_of_the_catalogue_is_measured_as_its_kernel():
    x = gaussian(30, 3)
    profiles = [input_sensitivity(record(k, k.init(3, 4), x), lags=20) for k in (lstm, build(cell("lstm")))]
    np.testing.assert_array_equal(profiles[0].log_norms, profiles[1].log_norms)


def test_a_long_vanishing_product_agrees_with_many_digits():
    """A saturated tanh network over 150 steps, sensitivity below 10^-400, in 60 digits from the same equations."""
    rng = np.random.default_rng(3)
    params = rnn.Params(W=12 * rng.standard_normal((3, 2)), U=4 * rng.standard_normal((3, 3)), b=np.zeros(3))
    x = rng.standard_normal((151, 2))
    profile = input_sensitivity(record(rnn, params, x), lags=150, ends=[150])
    with mpmath.workdps(60):
        wanted = [float(value) for value in _log_norms_in_digits(params, x)]
    assert wanted[-1] < -400 * np.log(10)
    # A pre-activation of 20 is known to its last digit, 4e-15, and so is ln sech^2 of it, summed over 150 steps.
    assert gap(profile.log_norms[0], np.array(wanted)) < 1e-11


def _log_norms_in_digits(params: rnn.Params, x: np.ndarray) -> list[mpmath.mpf]:
    W, U = mpmath.matrix(params.W.tolist()), mpmath.matrix(params.U.tolist())
    h, slopes = mpmath.zeros(3, 1), []
    for row in x:
        h = (W * mpmath.matrix(row.tolist()) + U * h).apply(mpmath.tanh)
        slopes.append(mpmath.diag([1 - value**2 for value in h]))
    product, norms = mpmath.eye(3), []
    for slope in reversed(slopes):
        norms.append(mpmath.log(mpmath.mnorm(product * slope * W, "f")))
        product = product * slope * U
    return norms


# ------------------------------------------------------------------------------- a wrong one is noticed


def kernel_with(kernel, **replaced):
    """A kernel of which some functions are others."""
    names = ("__name__", "OUTPUT", "forward", "jacobian", "input_jacobian")
    return SimpleNamespace(**{name: getattr(kernel, name) for name in names} | replaced)


def without(part: slice, name: str):
    """The LSTM with rows missing from a Jacobian; its states are h (0 to 5) and c (5 to 10)."""

    def broken(tape, params, t=slice(None)):
        jacobian = getattr(lstm, name)(tape, params, t)
        jacobian[..., part, :] = 0.0
        return jacobian

    return kernel_with(lstm, **{name: broken})


MUTANTS = {
    "no input to c": without(slice(5, 10), "input_jacobian"),
    "no input to a unit of h": without(slice(2, 3), "input_jacobian"),
    "no path into c": without(slice(5, 10), "jacobian"),
    "no path into a unit of h": without(slice(2, 3), "jacobian"),
    "transposed": kernel_with(lstm, jacobian=lambda *given: np.swapaxes(lstm.jacobian(*given), -1, -2)),
    "a step off": kernel_with(lstm, jacobian=lambda tape, params, t: lstm.jacobian(tape, params, t - 1)),
    "a gate's slope left out": kernel_with(
        lstm, jacobian=lambda tape, params, t: lstm.jacobian(tape, params._replace(U_o=0 * params.U_o), t)
    ),
    "the input of a gate left out": kernel_with(
        lstm, input_jacobian=lambda tape, params, t: lstm.input_jacobian(tape, params._replace(W_f=0 * params.W_f), t)
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_jacobian_is_noticed(name):
    params, x = lstm.init(3, 5), gaussian(14, 1, 3)
    wanted = by_reverse_mode(lstm, params, x, 13)[:, :10]
    assert gap(input_sensitivity(record(lstm, params, x), lags=9, ends=[13]).log_norms, wanted) < 1e-12
    assert gap(input_sensitivity(record(MUTANTS[name], params, x), lags=9, ends=[13]).log_norms, wanted) > 1e-4


# --------------------------------------------------------------------------------- how it is asked for


def test_every_sequence_and_every_end_point_is_as_if_it_were_alone():
    params, x = lstm.init(3, 6), gaussian(50, 3, 3)
    together = input_sensitivity(record(lstm, params, x), lags=12, ends=[49, 12, 30, 30])
    for row, (end, sequence) in zip(together.log_norms, together.ends, strict=True):
        alone = input_sensitivity(record(lstm, params, x[:, sequence]), lags=12, ends=[end])
        np.testing.assert_allclose(row, alone.log_norms[0], rtol=0, atol=1e-13)


@pytest.mark.parametrize("memory", [1, 20_000])
def test_little_memory_gives_the_same(memory, monkeypatch):
    params, x = lstm.init(3, 6), gaussian(60, 2, 3)
    plenty = input_sensitivity(record(lstm, params, x), lags=12, ends=20)
    monkeypatch.setattr(sweeps, "MEMORY", memory)
    monkeypatch.setattr(trajectory, "MEMORY", memory)
    np.testing.assert_allclose(
        input_sensitivity(record(lstm, params, x), lags=12, ends=20).log_norms, plenty.log_norms, rtol=0, atol=1e-13
    )


def test_by_default_every_step_with_enough_before_it_is_an_end_point():
    profile = input_sensitivity(record(rnn, rnn.init(1, 2), gaussian(12, 1)), lags=5)
    assert profile.ends[:, 0].tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert profile.lags.tolist() == [0, 1, 2, 3, 4, 5]
    assert (profile.model, profile.output, profile.source) == ("rnn", "h", "x")


def test_a_number_of_end_points_is_spread_from_the_first_to_the_last():
    profile = input_sensitivity(record(rnn, rnn.init(1, 2), gaussian(101, 1)), lags=20, ends=5)
    assert profile.ends[:, 0].tolist() == [20, 40, 60, 80, 100]


def test_an_initial_state_counts():
    params, x = lstm.init(2, 3), gaussian(8, 2)
    state = lstm.State(np.full((1, 3), 0.9), np.full((1, 3), 2.0))
    one = input_sensitivity(record(lstm, params, x), lags=6, ends=[7])
    other = input_sensitivity(record(lstm, params, x, state=state), lags=6, ends=[7])
    assert gap(one.log_norms, other.log_norms) > 1e-4


def test_a_network_of_float32_is_measured_in_float64():
    params, x = lstm.init(2, 3, dtype=np.float32), gaussian(40, 2).astype(np.float32)
    wide = lstm.Params(*(value.astype(np.float64) for value in params))
    np.testing.assert_array_equal(
        input_sensitivity(record(lstm, params, x), lags=30).log_norms,
        input_sensitivity(record(lstm, wide, x.astype(np.float64)), lags=30).log_norms,
    )


def test_nothing_given_is_changed():
    params, x = lstm.init(2, 3), gaussian(20, 1, 2)
    for array in (x, *params):
        array.setflags(write=False)
    input_sensitivity(record(lstm, params, x), lags=6)


def test_progress_counts_every_step_once():
    calls = []
    input_sensitivity(
        record(rnn, rnn.init(1, 2), gaussian(50, 1)), lags=3, ends=[10, 40], progress=lambda *call: calls.append(call)
    )
    assert calls == [(done, 8) for done in range(1, 9)]
