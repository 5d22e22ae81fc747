"""What is known of a network without drawing a number: sizes, shapes, states; and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from networks.cases import NETWORKS

import lstm_sym as ls
from lstm_sym.networks import LOSSES, CellLayer, Network, NetworkError, dense

SEVERAL = ls.parse("h[t] = tanh(W @ x[t] + V @ u[t] + U @ h[t-1])", key="two", inputs=("x", "u"))


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_and_states_are_those_of_what_is_drawn(name):
    network = NETWORKS[name]
    params = network.init(0)
    assert network.shapes == {key: value.shape for key, value in params.items()}
    fresh = network.fresh(params, 2)
    assert network.states == {key: value.shape[1] for key, value in fresh.items()}
    y, _, _ = network.forward(*_nothing(network), params, lengths=[1])
    assert y.shape[-1] == network.widths[-1]


def _nothing(network):
    return [np.zeros((1, 1), int) if not network.inputs else np.zeros((1, 1, network.inputs))]


def test_blocks_and_several_inputs():
    blocks = Network((CellLayer("b", ls.cell("lstm_block"), 6),), 3)
    assert blocks.shapes == {key: value.shape for key, value in blocks.init(0).items()}
    two = Network((CellLayer("c", SEVERAL, 4, {"H_V": 5}),), 7)
    assert two.shapes["c.W"] == (4, 2) and two.shapes["c.V"] == (4, 5) and two.init(0)["c.W"].shape == (4, 2)


def test_a_network_too_large_to_draw_has_shapes():
    network = Network((CellLayer("wide", ls.cell("lstm"), 60_000), dense("out", 3)), 40_000)
    assert network.shapes["wide.W_i"] == (60_000, 40_000) and network.widths == (40_000, 60_000, 3)


@pytest.mark.parametrize(
    ("layer", "inputs", "told"),
    [
        (CellLayer("p", ls.cell("lstm_projected"), 3), 2, "sizes = { C = 3 }"),
        (CellLayer("p", ls.cell("lstm"), 3, {"b_f": 2}), 2, "no size b_f"),
        (CellLayer("b", ls.cell("lstm_block"), 2 * 3 + 1), 2, "blocks of"),
        (CellLayer("two", SEVERAL, 4, {"H_V": 5}), 5, "nothing is left for x"),
        (CellLayer("huge", ls.cell("rnn"), 2**22), 2, "would be 4194304 × 4194304 numbers"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_in_words(layer, inputs, told):
    with pytest.raises(NetworkError) as error:
        Network((layer,), inputs).shapes  # noqa: B018
    assert told in str(error.value)


def test_softmax_over_one_unit_is_refused():
    with pytest.raises(NetworkError, match="take the loss logistic"):
        Network((dense("out", 1),), 2, LOSSES["softmax"])


def test_the_name_of_a_cell_is_no_cell():
    with pytest.raises(NetworkError, match=r"give ls\.cell"):
        CellLayer("a", "lstm", 3)


def test_cells_are_found_under_labels_of_their_own():
    """Two of one key, one of them under the name that the other layer has."""
    one, other = ls.parse("lstm[t] = tanh(W @ x[t] + U @ lstm[t-1])", key="lstm"), ls.cell("lstm")
    network = Network((CellLayer("first", one, 3), CellLayer("lstm", other, 3), dense("lstm_", 2)), 2)
    assert [*network.cells.values()] == [one, other, network.layers[2].cell]


def test_a_cotangent_of_the_state_has_the_names_of_the_states():
    network = Network((CellLayer("a", ls.cell("lstm"), 3),), 2)
    params = network.init(0)
    y, last, tape = network.forward(np.ones((4, 1, 2)), params)
    for given, told in (({**last, "zz": y[-1]}, "zz"), ({"a.h": last["a.h"]}, "a.c"), ([1], "a list")):
        with pytest.raises(NetworkError) as error:
            network.backward(y, tape, params, given)
        assert told in str(error.value)
    with pytest.raises(NetworkError, match="a dict"):
        network.forward(np.ones((4, 1, 2)), [1])


def test_x_of_another_width_is_refused_at_its_layer():
    network = NETWORKS["stacked"]
    for call in (network.forward, network.jvp):
        with pytest.raises(NetworkError, match="5 units at a step, where it reads 3"):
            call(np.ones((4, 2, 5)), network.init(0))
