"""How parameters begin: what each scheme says of every kind of parameter, on cells of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from representatives import each

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.networks import CellLayer, Network, NetworkError
from lstm_sym.networks.initial import SCHEMES, parts_of

H, D = 40, 30
UNCRITICAL = {
    "antisymmetric_rnn": "2 recurrent matrices act there",
    "cfn": "0 recurrent matrices act there",
    "henon": "the state does not stay 0",
    "indrnn": "relu has a kink",
    "layer_norm_lstm": "5 recurrent matrices act there",
    "logistic_map": "0 recurrent matrices act there",
    "lstm_concat": "W_g reads the input as well",
    "lstm_full_gate_recurrence": "the state does not stay 0",
    "lstm_no_forget_gate": "critical without any recurrent weight",
    "lstm_projected": "2 recurrent matrices act there",
    "min_gru": "0 recurrent matrices act there",
    "min_lstm": "0 recurrent matrices act there",
    "multiplicative_lstm": "0 recurrent matrices act there",
    "nested_lstm": "3 recurrent matrices act there",
    "qrnn": "0 recurrent matrices act there",
    "slstm": "maximum has a kink",
    "sru": "0 recurrent matrices act there",
}
"""Cells that have no critical gain, and why."""


def drawn(name, **how):
    return Network((CellLayer("cell", ls.cell(name), H, **how),), D).init(3)


def of(name):
    parts = parts_of(ls.cell(name))
    biases = {gate.bias: gate.sign for gate in parts.keeping}
    return set(parts.recurrent), set(parts.inputs), biases, parts.writing, set(parts.coupled)


def test_what_parameters_are_is_read_off_the_equations():
    recurrent, inputs, keeping, writing, coupled = of("lstm")
    assert recurrent == {"U_i", "U_f", "U_g", "U_o"} and inputs == {"W_i", "W_f", "W_g", "W_o"}
    assert keeping == {"b_f": 1} and writing == {"b_f": ("b_i",)} and coupled == set()
    assert parts_of(ls.cell("lstm")).inputs == ("W_i", "W_f", "W_g", "W_o"), "draws follow an order, not that of a set"
    assert of("gru")[2:] == ({"b_z": 1}, {"b_z": ()}, {"b_z"})
    assert of("mgu")[2:] == ({"b_f": -1}, {"b_f": ()}, {"b_f"})
    assert of("rnn")[2:] == ({}, {}, set())
    assert of("sru")[0] == set(), "its matrices are square, and read the input"


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "lstm_peephole"])
def test_uniform_is_what_the_kernel_draws(name):
    kernel = ls.build(name)
    expected = kernel.init(D, H, rng=np.random.default_rng(3))._asdict()
    found = drawn(name)
    assert all(np.array_equal(found[f"cell.{key}"], value) for key, value in expected.items())


def test_two_biases_of_pytorch_are_drawn_as_their_sum():
    """Of variance 2 (2 / sqrt H)^2 / 12, and beyond what one draw can be; matrices are of one draw."""
    many = [drawn("lstm", initial="pytorch") for _ in range(1)] + [
        Network((CellLayer("cell", ls.cell("lstm"), H, initial="pytorch"),), D).init(seed) for seed in range(40)
    ]
    biases = np.concatenate([params[f"cell.b_{gate}"] for params in many for gate in "ifgo"])
    bound = H**-0.5
    assert bound < np.abs(biases).max() <= 2 * bound
    assert biases.var() == pytest.approx(2 * bound**2 / 3, rel=0.05)
    assert max(np.abs(params["cell.U_f"]).max() for params in many) <= bound


def test_keras_opens_the_forget_gate_and_no_coupled_one():
    params = drawn("lstm", initial="keras")
    assert (params["cell.b_f"] == 1).all() and not any(params[f"cell.b_{gate}"].any() for gate in "igo")
    bound = np.sqrt(6 / (4 * H + D))
    assert 0.95 * bound < np.abs(params["cell.W_i"]).max() <= bound
    kept_as_one = np.concatenate([params[f"cell.U_{gate}"] for gate in "ifgo"])
    assert relative_error(kept_as_one.T @ kept_as_one, np.eye(H)) <= 1e-13
    assert not drawn("gru", initial="keras")["cell.b_z"].any()


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_recurrent_matrices_are_orthogonal_or_one(name):
    recurrent = of(name)[0]
    for key in recurrent:
        matrix = drawn(name, initial="orthogonal")[f"cell.{key}"]
        assert relative_error(matrix.T @ matrix, np.eye(H)) <= 1e-13
        assert np.array_equal(drawn(name, initial="identity")[f"cell.{key}"], np.eye(H))


def test_orthogonal_matrices_are_drawn_evenly():
    """Their traces have mean 0 and variance 1 (Diaconis & Shahshahani 1994); signs of Q alone would not."""
    from lstm_sym.networks.initial import orthogonal

    traces = [np.trace(orthogonal(8, 8, np.random.default_rng(seed))) for seed in range(2000)]
    assert abs(np.mean(traces)) < 0.1 and np.var(traces) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(("name", "bias", "sign"), [("lstm", "b_f", 1), ("gru", "b_z", 1), ("mgu", "b_f", -1)])
def test_chrono_keeps_times_up_to_the_longest(name, bias, sign):
    """T = 1 + e^b of the gate, evenly from 2 to T_max."""
    params = Network((CellLayer("cell", ls.cell(name), 2000, chrono=50),), 2).init()
    times = 1 + np.exp(sign * params[f"cell.{bias}"])
    assert 2 <= times.min() < 2.2 and 49.5 < times.max() <= 50 and times.mean() == pytest.approx(26, rel=0.03)
    if name == "lstm":
        assert np.array_equal(params["cell.b_i"], -params["cell.b_f"])


def at_the_origin(name, fill, **how):
    """The state Jacobian of a layer of 300 units at zero state and input."""
    network = Network((CellLayer("cell", ls.cell(name), 300, **how),), 2)
    params = network.init(7, fill={f"cell.{key}": value for key, value in fill.items()})
    kernel = network.layers[0].kernel
    own = kernel.Params(**{key.removeprefix("cell."): value for key, value in params.items()})
    _, last, tape = kernel.forward(np.zeros((1, 1, 2)), own, precise=True)
    assert not any(part.any() for part in last), "the origin is a fixed point"
    return own, kernel.jacobian(tape, own, 0)[0]


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("rnn", {}),
        ("lstm", {}),
        ("lstm", {"b_f": 1.0}),
        ("lstm", {"b_f": -1.0, "b_o": 2.0}),
        ("gru", {}),
        ("gru", {"b_r": -1.0, "b_z": 1.0}),
        ("mgu", {"b_f": 1.0}),
        ("leaky_rnn", {}),
    ],
)
def test_a_critical_layer_stands_at_the_edge(name, fill):
    """The spectral radius at the origin is 1 but for chance, O(H^-1/2)."""
    _, jacobian = at_the_origin(name, fill, initial="critical")
    radius = np.abs(np.linalg.eigvals(jacobian)).max()
    assert abs(radius - 1) < 1.2 / 300**0.5


def test_a_layer_drawn_evenly_does_not_stand_there():
    _, jacobian = at_the_origin("rnn", {"b": 0.0})
    assert np.abs(np.linalg.eigvals(jacobian)).max() < 0.7


def test_the_mean_squared_singular_value_of_a_critical_rnn_is_1():
    """J = U there: the sum over H^2 squares of N(0, 1/H), of standard error sqrt(2)/H."""
    _, jacobian = at_the_origin("rnn", {}, initial="critical")
    values = np.linalg.svd(jacobian, compute_uv=False)
    assert abs((values**2).mean() - 1) < 4 * 2**0.5 / 300


def test_one_matrix_of_a_critical_layer_is_scaled():
    own, _ = at_the_origin("lstm", {"b_f": 1.0}, initial="critical")
    gain = 4 / (1 + np.e)
    assert own.U_g.std() * 300**0.5 == pytest.approx(gain, rel=0.02)
    assert np.abs(own.U_f).max() <= 300**-0.5 and not own.b_g.any() and not own.b_i.any() and (own.b_f == 1).all()


def test_a_bias_that_moves_the_fixed_point_cannot_be_filled():
    network = Network((CellLayer("cell", ls.cell("lstm"), H, initial="critical"),), D)
    with pytest.raises(NetworkError, match="b_g: it is filled, and must be 0"):
        network.init(fill={"cell.b_g": 1.0})


def test_what_is_filled_stays_so_and_both_directions_are_drawn():
    network = Network((CellLayer("cell", ls.cell("lstm"), H, direction="both", initial="keras"),), D)
    params = network.init(fill={"cell.b_f": 2.0})
    assert (params["cell.ahead.b_f"] == 2).all() and (params["cell.back.b_f"] == 2).all()
    assert not np.array_equal(params["cell.ahead.U_f"], params["cell.back.U_f"])
    assert network.init(dtype=np.float32)["cell.ahead.U_f"].dtype == np.float32


@pytest.mark.parametrize("name", each({name: ls.cell(name) for name in ls.names()}))
@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "uniform"])
def test_every_scheme_takes_every_cell(name, scheme):
    cell = ls.cell(name)
    parts = parts_of(cell)
    shapes = {key: (6,) * len(cell.shapes[key]) for key in cell.parameters}
    rng = np.random.default_rng(0)
    given = {key: rng.uniform(-1, 1, shape) for key, shape in shapes.items()}
    try:
        found = SCHEMES[scheme](given, parts, rng, 0.4, {})
    except NetworkError:
        assert scheme == "critical" and name in UNCRITICAL
        return
    assert scheme != "critical" or name not in UNCRITICAL
    assert {key: value.shape for key, value in found.items()} == shapes


@pytest.mark.parametrize(
    ("cell", "how", "found"),
    [
        ("lstm", {"initial": "xavier"}, "'xavier'"),
        ("lstm", {"chrono": 2}, "chrono: 2, with 1 gates"),
        ("rnn", {"chrono": 100}, "chrono: 100, with 0 gates"),
        ("lstm", {"initial": "critical", "chrono": 100}, "biases that differ between units"),
        *((name, {"initial": "critical"}, why) for name, why in UNCRITICAL.items() if ls.cell(name).input),
    ],
)
def test_what_cannot_be_drawn_is_refused(cell, how, found):
    with pytest.raises(NetworkError, match=found):
        CellLayer("cell", ls.cell(cell), H, **how)
