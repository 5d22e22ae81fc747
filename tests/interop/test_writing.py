"""Files that are written for frameworks: read back as they were, by us, by the packages, and by Keras itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from interop.cases import keras_files, same

import lstm_sym as ls
from lstm_sym import interop
from lstm_sym.interop import InteropError
from lstm_sym.interop.keras.activations import with_functions
from lstm_sym.interop.safetensors import to_safetensors
from lstm_sym.interop.writing import WRITERS
from lstm_sym.networks import CellLayer, Dropout, Embedding, Network, Pooling, dense

STACK = Network(
    (
        Embedding("words", 7, 3),
        Dropout("dropout", 0.1),
        CellLayer("low", ls.cell("lstm"), 2, direction="both"),
        CellLayer("high", ls.cell("gru_reset_after"), 3),
        CellLayer("top", ls.cell("gru"), 3, direction="both", join="sum"),
        CellLayer("last", ls.cell("rnn"), 4),
        CellLayer("more", with_functions("lstm", "hard_sigmoid", "relu", "3"), 4),
        Pooling("pool", "last"),
        dense("out", 2, "tanh"),
    )
)
"""Every layer that Keras has too."""
TAGGER = Network(
    (Embedding("words", 7, 3), CellLayer("rnn", ls.cell("lstm"), 2, direction="both"), dense("out", 2)), name="tagger"
)


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py, of the extra weights, writes the files")


def test_a_file_of_keras_comes_back_bit_for_bit(h5py, tmp_path):
    params = TAGGER.init(0)
    assert interop.write(tmp_path / "tagger.weights.h5", TAGGER, params) == tmp_path / "tagger.weights.h5"
    model = interop.read(tmp_path / "tagger.weights.h5")
    assert model.unused == () and model.network.widths == TAGGER.widths and model.network.name == "tagger"
    renamed = {"embedding.E": "words.E", "dense.V": "out.V", "dense.b": "out.b"}
    renamed |= {name: name.replace("bidirectional", "rnn") for name in model.params if "bidirectional" in name}
    assert same({renamed[name]: value for name, value in model.params.items()}, params)


def test_what_keras_wrote_is_written_again(h5py, tmp_path):
    """Read from the file of a whole model, written as weights: the arrays of Keras, place for place.

    The two biases of a gate of the GRU are one number here, and come back as their sum.
    """
    files = keras_files(3)
    (tmp_path / "words.keras").write_bytes(files["words.keras"])
    model = interop.read(tmp_path / "words.keras")
    (tmp_path / "words.weights.h5").write_bytes(files["words.weights.h5"])
    interop.write(tmp_path / "again.weights.h5", model.network, model.params)
    again, wanted = (interop.arrays(tmp_path / f"{name}.weights.h5") for name in ("again", "words"))
    gates = [found.pop("layers/gru/cell/vars/2") for found in (again, wanted)]
    assert same(again, wanted)
    assert np.array_equal(gates[0][:, 6:], gates[1][:, 6:])
    assert np.array_equal(gates[0].sum(axis=0)[:6], gates[1].sum(axis=0)[:6])


def test_keras_reads_what_is_written(h5py, tmp_path):
    """In float32: Keras over JAX computes tanh and sigmoid so, whatever it is told."""
    keras = pytest.importorskip("keras", reason="Keras 3 is the peer where there is one")
    new, every = keras.layers, {"return_sequences": True}
    peer = keras.Sequential(
        [
            keras.Input((None,)),
            new.Embedding(7, 3),
            new.Bidirectional(new.LSTM(2, **every)),
            new.GRU(3, **every),
            new.Bidirectional(new.GRU(3, reset_after=False, **every), merge_mode="sum"),
            new.SimpleRNN(4, **every),
            new.LSTM(4, activation="relu", recurrent_activation="hard_sigmoid"),
            new.Dense(2, activation="tanh"),
        ]
    )
    params = STACK.init(3, dtype=np.float32)
    peer.load_weights(interop.write(tmp_path / "w.weights.h5", STACK, params))
    words = np.random.default_rng(0).integers(0, 7, (4, 6))
    y = STACK.forward(words, params, batch_first=True)[0]
    np.testing.assert_allclose(y, peer.predict(words, verbose=0), rtol=0, atol=1e-6)


REFUSED = {
    "another cell": CellLayer("a", ls.cell("lstm_peephole"), 2),
    "backward alone": CellLayer("a", ls.cell("lstm"), 2, direction="backward"),
    "another map": CellLayer("a", ls.parse("y[t] = sin(V @ x[t])", stateless=True), 2),
    "a function of Keras 2": CellLayer("a", with_functions("lstm", "hard_sigmoid", "tanh", "2.4.0"), 2),
}


@pytest.mark.parametrize("layer", REFUSED.values(), ids=REFUSED)
def test_what_keras_does_not_have_is_refused_by_name_and_nothing_is_written(tmp_path, layer):
    network = Network((CellLayer("below", ls.cell("lstm"), 2), layer), 3)
    with pytest.raises(InteropError, match=r"layer a: it.*which Keras does not have"):
        interop.write(tmp_path / "w.weights.h5", network, network.init(0))
    assert not any(tmp_path.iterdir())


def test_a_state_dict_comes_back_bit_for_bit(tmp_path):
    params = TAGGER.init(0)
    interop.write(tmp_path / "tagger.safetensors", TAGGER, params)
    assert "rnn.weight_ih_l0_reverse" in interop.arrays(tmp_path / "tagger.safetensors")
    model = interop.read(tmp_path / "tagger.safetensors")
    renamed = {"embedding.E": "words.E", "linear.V": "out.V", "linear.b": "out.b"}
    renamed |= {name: name.replace("layer0", "rnn") for name in model.params if "layer0" in name}
    assert model.unused == () and same({renamed[name]: value for name, value in model.params.items()}, params)


def test_pytorch_reads_what_is_written(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch, of the extra bench, is the peer where there is one")
    network = Network((CellLayer("rnn", ls.cell("gru_reset_after"), 3, direction="both"),), 2)
    params = network.init(0)
    interop.write(tmp_path / "w.safetensors", network, params)
    module = torch.nn.GRU(2, 3, bidirectional=True, dtype=torch.float64)
    arrays = interop.arrays(tmp_path / "w.safetensors")
    module.load_state_dict({name: torch.tensor(value) for name, value in arrays.items()})
    x = np.random.default_rng(0).standard_normal((5, 2, 2))
    with torch.no_grad():
        np.testing.assert_allclose(network.forward(x, params)[0], module(torch.tensor(x))[0].numpy(), rtol=1e-12)


def test_an_onnx_model_is_written_by_its_ending(tmp_path):
    pytest.importorskip("onnx", reason="onnx, of the extra weights, makes the model")
    params = TAGGER.init(0, dtype=np.float32)
    model = interop.read(interop.write(tmp_path / "tagger.onnx", TAGGER, params))
    assert model.network.widths == TAGGER.widths and model.unused == ()


def test_a_layer_of_its_own_equations_has_no_state_dict(tmp_path):
    own = CellLayer("a", ls.parse("y[t] = W @ x[t] + c", stateless=True), 2)
    network = Network((CellLayer("below", ls.cell("lstm"), 2), own), 3)
    with pytest.raises(InteropError, match="layer a: its parameters are W, c"):
        interop.write(tmp_path / "w.safetensors", network, network.init(0))
    assert not any(tmp_path.iterdir())


MANY = {
    "b": np.float32([[1, 2], [3, 4]]).T,
    "a": np.float64([1.5]),
    "c": np.arange(3, dtype=">i4"),
    "d": np.array([True, False]),
    "e": np.float16(2.5),
    "f": np.zeros((0, 2)),
    '\u00e9"': np.int8([-1]),
}


def test_safetensors_are_those_of_the_package_byte_for_byte(tmp_path):
    package = pytest.importorskip("safetensors.numpy", reason="safetensors, of the extra weights, is the peer")
    ours = to_safetensors(MANY)
    assert ours == package.save({name: np.asarray(value, order="C") for name, value in MANY.items()})
    (tmp_path / "w").write_bytes(ours)
    little = {name: np.asarray(value, value.dtype.newbyteorder("<"), order="C") for name, value in MANY.items()}
    assert same(interop.read_safetensors(tmp_path / "w"), little)


def test_numbers_that_the_format_does_not_have_are_refused():
    with pytest.raises(InteropError, match="a: its type is complex128"):
        to_safetensors({"a": np.ones(2, complex)})


@pytest.mark.parametrize("ending", [".pt", ".pth", ".h5", ".keras", ".npz", ".txt", ""])
def test_another_ending_is_refused_with_what_to_write_instead(tmp_path, ending):
    with pytest.raises(InteropError, match="no such file is written") as error:
        interop.write(tmp_path / f"w{ending}", TAGGER, TAGGER.init(0))
    assert "fix: " in str(error.value) and not any(tmp_path.iterdir())


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_that_is_there_stays_where_writing_fails(tmp_path, ending):
    path = Path(tmp_path, f"w{ending}")
    path.write_bytes(b"before")
    with pytest.raises(ValueError):
        interop.write(path, TAGGER, {"words.E": np.ones(2)})
    assert path.read_bytes() == b"before" and len([*tmp_path.iterdir()]) == 1
