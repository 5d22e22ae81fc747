"""A cell that reads its own output: the closed map by the complex step, and as the network that it is."""

import numpy as np
import pytest

from lstm_sym import build, parse
from lstm_sym.flow import FlowError, closed_loop, lyapunov, record
from lstm_sym.flow.runs.feedback import closed_jacobians
from lstm_sym.kernels import gru, lstm, lstm_output, lstm_peephole, rnn, slstm

KERNELS = pytest.mark.parametrize("kernel", [rnn, lstm, lstm_peephole, gru], ids=lambda kernel: kernel.__name__)


def gaussian(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@KERNELS
def test_the_closed_jacobian_is_that_of_the_closed_map(kernel):
    """By the complex step: the imaginary part of the map at s + i 1e-30 e_j is column j of the Jacobian."""
    params = kernel.init(2, 4, rng=np.random.default_rng(3))
    feedback = gaussian(2, 4)
    start = kernel.State(*(gaussian(1, 4, seed=seed) for seed, _ in enumerate(kernel.State._fields)))
    trajectory = closed_loop(kernel, params, feedback, start, 40)
    state = start
    for found in closed_jacobians(trajectory, feedback):
        size = trajectory.width
        # Every direction is a sequence of its own.
        moved = np.repeat(np.concatenate(state, axis=1), size, axis=0) + 1e-30j * np.eye(size)
        parts = kernel.State(*np.split(moved, len(state), axis=1))
        stepped = kernel.step(parts.h @ feedback.T, parts, params)[1]
        wanted = np.concatenate(stepped, axis=1).imag.T / 1e-30
        assert np.abs(found[0] - wanted).max() < 1e-13 * np.abs(wanted).max()
        state = kernel.step(state.h @ feedback.T, state, params)[1]


def test_a_closed_loop_is_the_network_with_the_feedback_among_its_weights():
    size = 40
    params = rnn.init(3, size, rng=np.random.default_rng(0))
    feedback = gaussian(3, size)
    within = 2.0 / np.sqrt(size) * gaussian(size, size, seed=5)
    params = params._replace(U=within - params.W @ feedback, b=np.zeros(size))
    start = rnn.State(gaussian(1, size, seed=6))
    closed = lyapunov(closed_loop(rnn, params, feedback, start, 2000), feedback=feedback)
    alone = lyapunov(record(rnn, params._replace(U=within), np.zeros((2000, 3)), state=start))
    driven = lyapunov(closed_loop(rnn, params, feedback, start, 2000))
    assert alone.exponents[0] > 0.03  # chaotic: the two runs part, their averages do not
    assert closed.exponents[:20] == pytest.approx(alone.exponents[:20], abs=0.05)
    assert abs(driven.exponents[0] - alone.exponents[0]) > 0.2


def test_a_closed_loop_starts_where_the_cell_does():
    params, feedback = slstm.init(2, 3), gaussian(2, 3)
    trajectory = closed_loop(slstm, params, feedback, None, 5)
    assert np.isneginf(trajectory.starts[0].m).all() and not trajectory.starts[0].h.any()
    y, last, _ = slstm.forward(trajectory.x, params)
    assert trajectory.x[1:] == pytest.approx(y[:-1] @ feedback.T, rel=1e-14)
    assert np.isfinite(last.m).all() and trajectory.last.m == pytest.approx(last.m, rel=1e-14)


def test_the_input_of_a_closed_loop_is_the_output_before():
    size = 30
    params = rnn.init(2, size, rng=np.random.default_rng(0))._replace(U=2 * np.linalg.qr(gaussian(size, size))[0])
    feedback = gaussian(2, size)
    trajectory = closed_loop(rnn, params, feedback, rnn.State(gaussian(1, size)), 500)
    before = np.concatenate([trajectory.tape(segment).h[:-1] for segment in range(len(trajectory.starts))])
    assert before.shape == (500, 1, size)
    assert np.abs(trajectory.x - before @ feedback.T).max() < 1e-9


def test_a_loop_starts_at_rest_without_a_state():
    params = lstm.init(2, 4, rng=np.random.default_rng(3), b_g=1.0)
    assert closed_loop(lstm, params, np.ones((2, 4)), None, 20).x[0].tolist() == [[0.0, 0.0]]


def test_loops_that_cannot_be_closed_are_refused():
    params = lstm.init(2, 4)
    with pytest.raises(FlowError, match="0 steps"):
        closed_loop(lstm, params, np.ones((2, 4)), None, 0)
    with pytest.raises(FlowError, match="the transpose"):
        closed_loop(lstm, params, np.ones((2, 5)), None, 20)
    with pytest.raises(FlowError, match="none of its states"):
        closed_loop(lstm_output, lstm_output.init(2, 4, K=3), np.ones((2, 4)), None, 20)
    with pytest.raises(FlowError, match="no longer a finite number"):
        linear = build(parse("h[t] = U @ h[t-1] + W @ x[t]"))
        closed_loop(
            linear, linear.Params(U=1e3 * np.eye(2), W=np.eye(2)), np.eye(2), linear.State(np.ones((1, 2))), 500
        )


def test_a_loop_that_is_not_closed_in_the_derivative_is_noticed():
    """The Jacobian of the driven cell alone leaves out what comes back through the input."""
    params, feedback = rnn.init(2, 4, rng=np.random.default_rng(3)), gaussian(2, 4)
    trajectory = closed_loop(rnn, params, feedback, rnn.State(gaussian(1, 4)), 40)
    driven = np.concatenate([block.state for block in trajectory.blocks()])
    closed = np.array(list(closed_jacobians(trajectory, feedback)))
    assert closed.shape == driven.shape and (np.abs(closed - driven).max(axis=(1, 2, 3)) > 0.1).all()
