"""Network files: what they say, and what is refused of them; parameters on disk."""

from __future__ import annotations

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import networks
from lstm_sym.networks import LOSSES, CellLayer, Dropout, Embedding, Network, NetworkError, Pooling, dense

FILE = """
name = "Reviews"
loss = "logistic"

[[layers]]
embedding = 50
size = 4

[[layers]]
cell = "leaky_rnn"
size = 5
direction = "both"
join = "sum"
options = { alpha = 0.5 }

[[layers]]
dropout = 0.25
each = "sequence"

[[layers]]
name = "own"
cell = "own.toml"
size = 3

[[layers]]
equations = "y[t] = relu(V @ x[t])"
size = 6

[[layers]]
pooling = "max"

[[layers]]
dense = 2
activation = "tanh"
bias = false
"""
OWN = 'equations = "h[t] = tanh(W @ x[t] + U @ h[t-1])"\n'


def test_a_file_is_the_network_that_it_says(tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "net.toml").write_text(FILE)
    found = networks.load(tmp_path / "net.toml")
    expected = (
        Embedding("embedding", 50, 4),
        CellLayer("leaky_rnn", ls.cell("leaky_rnn", alpha=0.5), 5, direction="both", join="sum"),
        Dropout("dropout", 0.25, "sequence"),
        CellLayer("own", ls.load(tmp_path / "own.toml"), 3),
        found.layers[4],
        Pooling("pooling", "max"),
        dense("dense", 2, "tanh", bias=False),
    )
    assert found.layers == expected and found.layers[4].cell.text == "y[t] = relu(V @ x[t])"
    assert (found.name, found.loss, found.inputs) == ("Reviews", LOSSES["logistic"], 0)
    assert found.widths == (0, 4, 5, 5, 3, 6, 6, 2)


LAYER = "[[layers]]\n"


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        (LAYER + "size = 3", "layer 1, line 2", "nothing says what it is"),
        (LAYER + "dense = 2\npooling = 'max'", "layer 1, line 2", "it has dense and pooling"),
        (LAYER + "cell = 'lstm'", "layer 1, line 3", "has no size"),
        (LAYER + "cell = 'lstm'\nsize = 0", "layer 1, line 4", "`size` is 0"),
        (LAYER + "cell = 'lstm'\nsize = true", "layer 1, line 4", "`size` is True"),
        (LAYER + "cell = 'lstm'\nsizes = 3\nsize = 1", "layer 1, line 4", "`sizes` is 3"),
        (LAYER + "cell = 'lstm'\nsize = 2\nwidth = 2", "layer 1, line 5", "unknown key `width`"),
        (LAYER + "cell = 'lstm_x'\nsize = 2", "layer 1, line 3", "no cell `lstm_x`"),
        (LAYER + "cell = 'henon'\nsize = 2", "layer 1, line 3", "reads no input"),
        (LAYER + "cell = '../own.toml'\nsize = 2", "layer 1, line 3", "outside the folder"),
        (LAYER + "cell = '/own.toml'\nsize = 2", "layer 1, line 3", "outside the folder"),
        (LAYER + "cell = 'no.toml'\nsize = 2", "layer 1, line 3", "no such file"),
        (LAYER + "equations = 'y[t] = V @'\nsize = 2", "layer 1, line 3", "the line ends with"),
        (LAYER + "cell = 'lstm'\nsize = 2\ndirection = 'up'", "layer 1, line 3", "'up'"),
        (LAYER + "pooling = 'sum'", "layer 1, line 3", "'sum'"),
        (LAYER + "dense = 2\n" + LAYER + "dropout = 1.5", "layer 2, line 5", "1.5"),
        (LAYER + "dense = 2\n" + LAYER + "dense = 2", "layers", "two are called 'dense'"),
        (LAYER + "dense = 2\n" + LAYER + "embedding = 3\nsize = 2", "layer embedding", "reads words"),
        (LAYER + "embedding = 3\nsize = 2", "inputs", "3, and the first layer reads words"),
        (LAYER + "cell = 'lstm_projected'\nsize = 2", "layer lstm_projected", "further sizes: C"),
        ("loss = 'hinge'\n" + LAYER + "dense = 2", "line 2", "no loss 'hinge'"),
        ("depth = 3\n", "line 2", "unknown key `depth`"),
        ("layers = 3\n", "line 2", "`layers` is 3"),
        ("", "layers", "there is none"),
    ],
)
def test_a_file_that_says_no_network_is_refused_at_its_line(text, where, found, tmp_path):
    (tmp_path / "net.toml").write_text("inputs = 3\n" + text)
    with pytest.raises(NetworkError) as error:
        networks.load(tmp_path / "net.toml")
    assert error.value.where.endswith(where) and error.value.where.startswith("net.toml")
    assert found in error.value.found and error.value.fix


def test_parameters_are_kept_as_they_are(tmp_path):
    params = Network((dense("out", 2),), 3).init()
    assert all(np.array_equal(found, params[name]) for name, found in read_back(tmp_path / "p.npz", params).items())


def test_parameters_are_kept_in_safetensors(tmp_path):
    pytest.importorskip("safetensors", reason="an extra: pip install 'lstm-sym[weights]'")
    params = Network((dense("out", 2),), 3).init(dtype=np.float32)
    assert all(
        np.array_equal(found, params[name]) for name, found in read_back(tmp_path / "p.safetensors", params).items()
    )


def read_back(path, params):
    assert networks.save(path, params) == path
    found = networks.load_params(path)
    assert found.keys() == params.keys()
    return found


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04K\x01."], ids=["nothing", "cut short", "a pickle"])
def test_what_holds_no_arrays_is_refused(content, tmp_path):
    (tmp_path / "p.npz").write_bytes(content)
    with pytest.raises(NetworkError, match="it cannot be read"):
        networks.load_params(tmp_path / "p.npz")


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "p.npz", W=np.array([print], dtype=object))
    with pytest.raises(NetworkError, match="never unpickled"):
        networks.load_params(tmp_path / "p.npz")


@pytest.mark.parametrize("name", ["p.pkl", "p", "p.pt"])
def test_another_ending_is_refused_and_nothing_written(name, tmp_path):
    with pytest.raises(NetworkError, match=r"name it \.npz"):
        networks.save(tmp_path / name, {"W": np.ones(2)})
    assert not list(tmp_path.iterdir())


NET = Network((CellLayer("lstm", ls.cell("lstm"), 2), dense("out", 2)), 3)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda p: {k: v for k, v in p.items() if k != "lstm.U_f"}, "params, lstm.U_f: it is missing"),
        (lambda p: {**p, "lstm.U_x": 1}, "params, lstm.U_x: no layer of this network has it"),
        (lambda p: {**p, "out.V": np.ones((3, 2))}, r"out.V: its shape is \(3, 2\), in this network \(2, 2\)"),
    ],
    ids=["one less", "one more", "another shape"],
)
def test_parameters_of_another_network_are_refused(change, found):
    with pytest.raises(NetworkError, match=found):
        NET.forward(np.zeros((1, 1, 3)), change(NET.init()))


def test_a_state_and_a_fill_of_another_network_are_refused():
    with pytest.raises(NetworkError, match=r"state, lstm\.c: it is missing"):
        NET.forward(np.zeros((1, 1, 3)), NET.init(), {"lstm.h": np.zeros((1, 2))})
    with pytest.raises(NetworkError, match="no layer has this name"):
        NET.init(fill={"gru.b_f": 1.0})
    with pytest.raises(NetworkError, match="cannot fill b_x"):
        NET.init(fill={"lstm.b_x": 1.0})
    assert NET.init(fill={"lstm.b_f": 1.0})["lstm.b_f"].tolist() == [1.0, 1.0]


def test_what_dropout_draws_is_what_its_gradient_sees():
    network = Network((Dropout("drop", 0.5), dense("out", 2)), 3, LOSSES["squared"])
    params, rng = network.init(), np.random.default_rng(0)
    x, y = rng.standard_normal((4, 5, 3)), rng.standard_normal((4, 5, 2))
    out, _, tape = network.forward(x, params, rng=np.random.default_rng(1))
    same, _, _ = network.forward(x, params)
    scale = tape.layers[0]
    assert set(np.unique(scale)) == {0.0, 2.0} and not np.array_equal(out, same)
    dx = network.backward(y, tape, params).x
    assert np.array_equal(dx == 0, scale == 0)
    once = Network((Dropout("drop", 0.5, "sequence"), dense("out", 2)), 3)
    _, _, tape = once.forward(x, params, rng=rng)
    assert len(tape.layers[0]) == 1


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_parameter_that_is_one_number_stays_one(ending, tmp_path):
    if ending == "safetensors":
        pytest.importorskip("safetensors", reason="an extra: pip install 'lstm-sym[weights]'")
    params = {"a.tau": np.array(5.0), "a.W": np.asfortranarray(np.ones((2, 3)))}
    found = networks.load_params(networks.save(tmp_path / f"p.{ending}", params))
    assert {name: value.shape for name, value in found.items()} == {"a.tau": (), "a.W": (2, 3)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[layers]]\ndense = 2\n", True),
        ("layers = [{ dense = 2 }]\n", True),
        ("[[layers]]\ndense = \n", True),  # no TOML: its error is to be that of a network
        ("equations = 'h[t] = tanh(x[t] + layers * h[t-1])'\n[constants]\nlayers = 0.5\n", False),
        ("# [[layers]]\nname = 'x'\n", False),
    ],
)
def test_what_file_is_of_a_network(text, said, tmp_path):
    (tmp_path / "a.toml").write_text(text)
    assert networks.file.is_network_file(tmp_path / "a.toml") is said
    assert not networks.file.is_network_file(tmp_path) and not networks.file.is_network_file(tmp_path / "none.toml")
