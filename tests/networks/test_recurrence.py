"""A network as a kernel: its Jacobians by complex steps, and gradient flow through it by products and by backward."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.check.result import relative_error
from lstm_sym.networks import CellLayer, Dropout, Network, NetworkError, Pooling, Recurrence, dense

LSTM, GRU = CellLayer("low", ls.cell("lstm"), 4), CellLayer("high", ls.cell("gru"), 3)
NETWORKS = {
    "one layer": Network((LSTM,), 2),
    "two layers": Network((LSTM, Dropout("drop", 0.5), GRU), 2),
    "with a dense layer between": Network((LSTM, dense("middle", 3, "tanh"), GRU), 2),
    "logits": Network((LSTM, GRU, dense("out", 2)), 2),
    "probabilities": Network((LSTM, GRU, dense("out", 3, "sigmoid")), 2),
    "outputs that are no states": Network(
        (CellLayer("low", ls.cell("lstm_output"), 4, {"K": 3}), CellLayer("high", ls.cell("qrnn"), 3)), 2
    ),
}
STEP, T = 1e-30, 7
X = np.random.default_rng(0).standard_normal((T, 2, 2))


def kernel_of(name, readout=False):
    network = NETWORKS[name]
    kernel = Recurrence(network, output_is_a_state=readout)
    return network, kernel, kernel.Params(**network.init(1))


def stepped(kernel, params, x_t, state, direction):
    """d (state, output) along a direction of (state, x), by a complex step."""
    parts = [value + 1j * STEP * direction[0][name] for name, value in state._asdict().items()]
    y, last, _ = kernel.forward(x_t + 1j * STEP * direction[1], params, kernel.State(*parts), precise=True)
    return np.concatenate([value.imag for value in last], axis=1) / STEP, y[0].imag / STEP


@pytest.mark.parametrize("readout", [False, True], ids=["states", "and the output"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_jacobian_is_a_complex_step(name, readout):
    _, kernel, params = kernel_of(name, readout)
    rng, t = np.random.default_rng(2), 4
    _, _, tape = kernel.forward(X, params, precise=True)
    _, state, _ = kernel.forward(X[:t], params, precise=True)
    along = {key: rng.standard_normal(value.shape) for key, value in state._asdict().items()}
    flat = np.concatenate([*along.values()], axis=1)
    x_dot = rng.standard_normal((1, 2, 2))
    still = dict.fromkeys(along, 0.0)
    of_states, of_output = stepped(kernel, params, X[t : t + 1], state, (along, 0.0))
    assert relative_error(np.einsum("bij,bj->bi", kernel.jacobian(tape, params, t), flat), of_states) <= 1e-13
    if not kernel.adds:
        assert (
            relative_error(np.einsum("bij,bj->bi", kernel.output_jacobian(tape, params, t), flat), of_output) <= 1e-13
        )
    of_states, of_output = stepped(kernel, params, X[t : t + 1], state, (still, x_dot))
    assert relative_error(np.einsum("bij,bj->bi", kernel.input_jacobian(tape, params, t), x_dot[0]), of_states) <= 1e-13
    found = np.einsum("bij,bj->bi", kernel.output_input_jacobian(tape, params, t), x_dot[0])
    assert relative_error(found, of_output) <= 1e-13


@pytest.mark.parametrize("name", ["one layer", "two layers", "with a dense layer between", "logits"])
def test_the_parts_by_layer_and_equation_add_up(name):
    _, kernel, params = kernel_of(name)
    _, _, tape = kernel.forward(X, params, precise=True)
    parts = kernel.jacobian_parts(tape, params)
    assert relative_error(sum(parts.values()), kernel.jacobian(tape, params)) <= 1e-14
    assert {"low.f", "low.c"} <= set(parts) and all(np.abs(part).max() > 0 for part in parts.values())
    assert {"low.f", "low.f_slope"} <= set(kernel.log_terms(tape, params))


def test_parts_of_an_output_that_is_no_state_are_refused():
    _, kernel, params = kernel_of("outputs that are no states")
    _, _, tape = kernel.forward(X, params, precise=True)
    with pytest.raises(NetworkError, match="comes in no parts"):
        kernel.jacobian_parts(tape, params)


def test_a_pool_that_keeps_the_last_step_is_passed_over():
    """What is given out at a step is what the network gives of the sequence that ends there, and so is its gradient."""
    network = Network((LSTM, Pooling("pool", "last"), dense("out", 2)), 2)
    kernel, params = Recurrence(network, output_is_a_state=True), network.init(1)
    own = kernel.Params(**params)
    y, _, tape = kernel.forward(X, own, precise=True)
    for steps in (1, 4, T):
        pooled, _, kept = network.forward(X[:steps], params, precise=True)
        assert relative_error(y[steps - 1], pooled) <= 1e-14
        dx = network.backward(np.eye(2)[[0, 0]], kept, params).x[steps - 1]
        assert relative_error(kernel.input_jacobian(tape, own, steps - 1)[:, -2], dx) <= 1e-13


def test_flow_through_two_layers_is_the_product_of_their_jacobians():
    """||d high.h[T] / d x[t]|| of flow against J[T] ... J[t+1] ds[t]/dx[t], multiplied out."""
    _, kernel, params = kernel_of("two layers")
    run = flow.record(kernel, params, X)
    found = flow.input_sensitivity(run, lags=4, ends=[T - 1])
    _, _, tape = kernel.forward(X, params, precise=True)
    jacobians, inputs = kernel.jacobian(tape, params), kernel.input_jacobian(tape, params)
    for sequence in range(2):
        product = np.eye(11)[8:]  # the rows of high.h
        for lag in range(5):
            t = T - 1 - lag
            expected = np.linalg.norm(product @ inputs[t, sequence])
            assert np.exp(found.log_norms[sequence, lag]) == pytest.approx(expected, rel=1e-12)
            product = product @ jacobians[t, sequence]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_sensitivity_of_the_output_is_that_of_backward(name):
    """d y[T] / d x[t], row by row of y, as `Network.backward` gives it."""
    network, kernel, params = kernel_of(name, readout=True)
    found = flow.input_sensitivity(flow.record(kernel, params, X), lags=T - 1, ends=[T - 1])
    y, _, tape = network.forward(X, params._asdict(), precise=True)
    rows = []
    for unit in range(y.shape[2]):
        dy = np.zeros_like(y)
        dy[-1, :, unit] = 1
        rows.append(network.backward(dy, tape, params._asdict()).x)
    norms = np.sqrt(sum(row**2 for row in rows).sum(axis=2))  # (T, B)
    assert relative_error(np.exp(found.log_norms), norms[::-1].T) <= 1e-12


def one_logit(network, params, x, end, logit):
    """d y[end, logit] / d x[t] of every step up to the end, (T, B, D), by a one-hot cotangent."""
    y, _, tape = network.forward(x[: end + 1], params, precise=True)
    dy = np.zeros_like(y)
    dy[end, :, logit] = 1
    return network.backward(dy, tape, params).x


def of_the_states_below(dense_layer, params):
    """The rows d y / d h of a dense layer, as a readout of the states of the network below it."""
    kernel = dense_layer.kernel
    own = kernel.Params(**{name: params[f"out.{name}"] for name in kernel.Params._fields})

    def rows(state):
        _, _, tape = kernel.forward(getattr(state, "high.h")[None], own, precise=True)
        return kernel.output_input_jacobian(tape, own)[0]

    return rows


@pytest.mark.parametrize("name", ["logits", "probabilities"])
@pytest.mark.parametrize("by", ["the output as a state", "a readout of the states"])
def test_the_sensitivity_of_one_logit_is_that_of_backward(name, by):
    """d logit[T] / d x[t] through two layers and a dense one with a bias, for each logit, T and sequence."""
    network, whole, params = kernel_of(name, readout=True)
    ends, count = [6, 4], network.widths[-1]
    if by == "the output as a state":
        run, rows = flow.record(whole, params, X), np.eye(count)
    else:
        below = Recurrence(Network(network.layers[:-1], 2))
        named = params._asdict()
        run = flow.record(below, below.Params(**{key: named[key] for key in below.Params._fields}), X)
        rows = of_the_states_below(network.layers[-1], named)
    units = flow.unit_sensitivity(run, lags=4, ends=ends, readout=rows)
    for logit in range(count):
        for place, end in enumerate(ends):
            wanted = np.linalg.norm(one_logit(network, params._asdict(), X, end, logit), axis=2)[::-1][:5].T
            assert relative_error(np.exp(units.log_norms[place :: len(ends), :, logit]), wanted) <= 1e-12
            if by == "the output as a state":
                one = flow.input_sensitivity(run, lags=4, ends=[end], readout=rows[logit])
                assert relative_error(np.exp(one.log_norms), wanted) <= 1e-12


@pytest.mark.parametrize("readout", [False, True], ids=["states", "and the output"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_is_a_run_of_one_step(name, readout):
    _, kernel, params = kernel_of(name, readout)
    y, last, _ = kernel.forward(X, params)
    state = kernel.forward(X[:3], params)[1]
    for t in range(3, T):
        given, state = kernel.step(X[t], state, params)
        assert relative_error(given, y[t]) <= 1e-14
    assert all(relative_error(part, whole) <= 1e-14 for part, whole in zip(state, last, strict=True))
    unmoved = kernel.forward(X[:0], params, state)[1]
    assert all(np.array_equal(part, whole) for part, whole in zip(unmoved, state, strict=True))


@pytest.mark.parametrize("readout", [False, True], ids=["states", "and the output"])
@pytest.mark.parametrize("name", NETWORKS)
def test_its_gradients_are_those_of_the_network(name, readout):
    """A loss that reads every output, the last states, and, where it is a state, the last output once more."""
    network, kernel, params = kernel_of(name, readout)
    rng = np.random.default_rng(3)
    _, start, _ = kernel.forward(rng.standard_normal((2, 2, 2)), params)
    y, last, tape = kernel.forward(X, params, start, precise=True)
    dy = rng.standard_normal(y.shape)
    dlast = kernel.State(*(rng.standard_normal(part.shape) for part in last))
    found = kernel.backward(dy, tape, params, dlast)
    if kernel.adds:
        dy = np.concatenate((dy[:-1], dy[-1:] + getattr(dlast, kernel.OUTPUT)))
    own = [key for key in kernel.State._fields if not (kernel.adds and key == kernel.OUTPUT)]
    state, dstate = ({key: getattr(part, key) for key in own} for part in (start, dlast))
    _, _, whole = network.forward(X, params._asdict(), state, precise=True)
    wanted = network.backward(dy, whole, params._asdict(), dstate)
    assert relative_error(found.x, wanted.x) <= 1e-13
    assert all(relative_error(getattr(found.params, key), wanted.params[key]) <= 1e-13 for key in kernel.Params._fields)
    assert all(relative_error(getattr(found.state, key), wanted.state[key]) <= 1e-13 for key in own)
    assert not kernel.adds or not getattr(found.state, kernel.OUTPUT).any()


@pytest.mark.parametrize("readout", [False, True], ids=["states", "and the output"])
@pytest.mark.parametrize("name", NETWORKS)
def test_forward_mode_is_the_adjoint_of_its_gradients(name, readout):
    _, kernel, params = kernel_of(name, readout)
    rng = np.random.default_rng(4)
    _, start, _ = kernel.forward(rng.standard_normal((2, 2, 2)), params)
    y, _, tape = kernel.forward(X, params, start, precise=True)
    x_dot, dy = rng.standard_normal(X.shape), rng.standard_normal(y.shape)
    moved = [type(part)(*(rng.standard_normal(value.shape) for value in part)) for part in (params, start)]
    given, y_dot, last, last_dot = kernel.jvp(X, params, start, x_dot=x_dot, params_dot=moved[0], state_dot=moved[1])
    dlast = type(last)(*(rng.standard_normal(part.shape) for part in last))
    back = kernel.backward(dy, tape, params, dlast)
    ahead = (dy * y_dot).sum() + sum((a * b).sum() for a, b in zip(dlast, last_dot, strict=True))
    behind = (back.x * x_dot).sum()
    behind += sum(
        (a * b).sum()
        for of, by in ((back.params, moved[0]), (back.state, moved[1]))
        for a, b in zip(of, by, strict=True)
    )
    assert relative_error(given, y) <= 1e-13 and abs(ahead - behind) <= 1e-12 * abs(ahead)


def test_what_steps_contribute_to_the_gradient_of_a_whole_network():
    """Of the logits, by layer and parameter: their sum is d logits[T] / dp of backward."""
    network, kernel, params = kernel_of("probabilities", readout=True)
    found = flow.contributions(flow.record(kernel, params, X), lags=T - 1, sequence=1)
    y, _, tape = network.forward(X[:, 1:], params._asdict(), precise=True)
    grads = []
    for unit in range(y.shape[2]):
        dy = np.zeros_like(y)
        dy[-1, 0, unit] = 1
        grads.append(network.backward(dy, tape, params._asdict()).params)
    assert found.output == "out.y" and set(found.names) == set(params._fields)
    for number, name in enumerate(found.names):
        wanted = np.linalg.norm([grad[name] for grad in grads])
        assert np.exp(found.log_total[number]) == pytest.approx(wanted, rel=1e-12), name


def test_the_unfolded_network_may_have_layers():
    """What of x[0] is felt at step t is d y[t] / d x[0] of the profile that ends there."""
    _, kernel, params = kernel_of("probabilities", readout=True)
    found = flow.unfold(kernel, params, X[:, :1], hidden="low.c")
    run = flow.record(kernel, params, X[:, :1])
    for t in range(1, T):
        wanted = flow.input_sensitivity(run, lags=t, ends=[t]).log_norms[0, -1]
        assert found.log_sensitivity[2, t] == pytest.approx(wanted, abs=1e-12)


def test_measures_take_a_network_as_they_take_a_kernel():
    _, kernel, params = kernel_of("two layers")
    x = np.random.default_rng(1).standard_normal((120, 1, 2))
    models = [flow.Model("network", kernel, params=params, output="high.h")]
    [profile] = flow.run(models, x, lags=10, ends=5)
    assert profile.output == "high.h" and profile.half_life() > 0
    run = flow.record(kernel, params, x)
    assert flow.lyapunov(run).exponents.shape == (11,)
    blocks = flow.state_sensitivity(run, lags=5, ends=3, output="low.h", source="low.h")
    assert (blocks.output, blocks.source) == ("low.h", "low.h")
    [found] = flow.survey(models, x, lags=10, ends=5)
    assert not isinstance(found.map, Exception) and not isinstance(found.spectrum, Exception)


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ((CellLayer("both", ls.cell("rnn"), 2, direction="both"),), "layer both: it runs backward over time"),
        ((LSTM, Pooling("pool")), "layer pool: it makes one vector"),
        ((LSTM, Pooling("pool", "last"), GRU), "layer pool: it makes one vector"),
    ],
)
def test_what_is_no_recurrence_is_refused(layers, found):
    with pytest.raises(NetworkError, match=f"{found}(.|\n)*networks.sensitivity_map"):
        Recurrence(Network(layers, 2))


def test_names_with_a_point_are_fields():
    _, kernel, params = kernel_of("two layers")
    assert getattr(params, "low.U_f") is params._asdict()["low.U_f"]
    assert params._replace(**{"low.b_f": np.ones(4)})._asdict()["low.b_f"].tolist() == [1] * 4
    with pytest.raises(TypeError, match="high"):
        kernel.State(np.zeros((1, 4)))
    with pytest.raises(AttributeError, match="no field"):
        _ = params.low
