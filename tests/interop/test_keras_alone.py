"""Weights of Keras without a description: in which order their layers are read, and what is refused."""

from __future__ import annotations

import pytest
from interop.keras_cases import D, H, drawn

from lstm_sym.interop import InteropError, keras
from lstm_sym.interop.hdf5 import Contents
from lstm_sym.interop.keras.files import KerasFile


def alone(version="", **shapes):
    """A file as Keras 3 writes weights: place of a layer -> shapes of its arrays."""
    arrays = {}
    for place, own in shapes.items():
        part = "" if place.startswith(("dense", "embedding")) else "cell/"
        arrays |= {f"layers/{place}/{part}vars/{k}": value for k, value in enumerate(drawn(own))}
    return KerasFile("w.h5", Contents(arrays, {}), None, version)


def rnn(reads, units=H, count=1):
    return [(reads, count * units), (units, count * units), (count * units,)]


def test_gates_before_version_2_3_are_told():
    for version, told in [("2.1.5", 1), ("2.2.4-tf", 1), ("2.3.0", 0), ("2.21.0", 0), ("3.1", 0), ("", 0)]:
        model = keras.model_of_keras(alone(version, lstm=rnn(D, H, 4)), "m")
        assert len([line for line in model.told if "hard_sigmoid" in line]) == told


def test_layers_of_one_class_follow_each_other_by_their_numbers():
    file = alone(lstm_10=rnn(5, 6, 4), lstm=rnn(D, 4, 4), lstm_1=rnn(4, 5, 4), dense=[(6, 2), (2,)], other=[(9, 9)])
    model = keras.model_of_keras(file, "m")
    assert [layer.name for layer in model.network.layers] == ["lstm", "lstm_1", "lstm_10", "dense"]
    assert model.unused == ("layers/other/cell/vars/0",)


def test_dense_layers_stand_wherever_their_widths_alone_allow():
    dense = {"dense": [(5, 2)], "time_distributed": [(6, 4), (4,)]}
    file = alone(gru=[(4, 15), (5, 15), (2, 15)], lstm=rnn(D, 6, 4), lstm_1=rnn(6, 6, 4), **dense)
    arrays = {path.replace("distributed/cell", "distributed/layer"): a for path, a in file.contents.arrays.items()}
    model = keras.model_of_keras(KerasFile("w.h5", Contents(arrays, {}), None, ""), "m")
    assert [layer.name for layer in model.network.layers] == ["lstm", "lstm_1", "time_distributed", "gru", "dense"]
    assert model.unused == ()
    assert model.told[-2] == "weights alone: layers of one class follow each other by the numbers behind their names"
    assert model.told[-1].endswith("(functions, Add, Concatenate, BatchNormalization) for absent")
    below = keras.model_of_keras(alone(lstm=rnn(6, H, 4), dense=[(D, 6)], dense_1=[(H, 2)]), "m")
    assert [layer.name for layer in below.network.layers] == ["dense", "lstm", "dense_1"]


def test_dense_layers_of_keras_2_stand_where_the_file_lists_them():
    shapes = {"dense": [(D, H)], "gru": rnn(H, H, 3), "dense_1": [(H, H)], "gru_1": rnn(H, H, 3), "dense_2": [(H, 2)]}
    kernels = ["kernel", "recurrent_kernel", "bias"]
    arrays = {f"{name}/{k}:0": a for name, own in shapes.items() for k, a in zip(kernels, drawn(own), strict=False)}
    attributes = {name: {"weight_names": [f"{k}:0" for k in kernels[: len(own)]]} for name, own in shapes.items()}
    contents = Contents(arrays, attributes | {"": {"layer_names": [*shapes]}})
    model = keras.model_of_keras(KerasFile("w.h5", contents, None, "2.4.0"), "m")
    assert [layer.name for layer in model.network.layers] == [*shapes]


ALONE = {
    "two orders": (
        alone(lstm=rnn(H, H, 4), gru=rnn(H, H, 3)),
        "several orders, lstm, gru; or gru, lstm, and the file does not tell which: lstm (4 to 4), gru (4 to 4)",
    ),
    "a dense layer between or above": (
        alone(lstm=rnn(D, H, 4), lstm_1=rnn(H, H, 4), dense=[(H, H)], dense_1=[(H, 2)]),
        "several orders, lstm, lstm_1, dense, dense_1; or lstm, dense, lstm_1, dense_1, and",
    ),
    "a dense layer below or above": (
        alone(lstm=rnn(H, H, 4), dense=[(H, H)]),
        "several orders, lstm, dense; or dense, lstm, and",
    ),
    "one of two tables": (
        alone(embedding=[(7, D)], embedding_1=[(9, D)], lstm=rnn(D, H, 4)),
        "several orders, embedding, lstm; or embedding_1, lstm, and",
    ),
    "no order": (alone(lstm=rnn(D, H, 4), gru=rnn(D, 5, 3)), "its layers chain in no order: lstm (3 to 4), gru (3 to"),
    "a dense layer that reads none": (alone(lstm=rnn(D, H, 4), dense=[(9, 2)]), "chain in no order"),
    "no recurrent layer": (alone(dense=[(2, 2)]), "no layer in it is recurrent: dense"),
    "no gates": (alone(lstm=[(D, 2 * H), (H, 2 * H)]), "the shape of its recurrent kernel is (4, 8)"),
    "no units": (alone(lstm=[(D, 0), (0, 0)]), "the shape of its recurrent kernel is (0, 0)"),
    "one array": (alone(lstm=[(D, H)]), "the shapes of its arrays are (3, 4)"),
    "too many": (
        alone(dense=[(H, 2)], **{f"gru_{k}": rnn(H, H, 3) for k in range(20)}),
        "21 layers without a description; of at most 20 every order is tried",
    ),
}


@pytest.mark.parametrize(("file", "found"), ALONE.values(), ids=ALONE)
def test_weights_that_tell_too_little_are_refused(file, found):
    with pytest.raises(InteropError) as error:
        keras.model_of_keras(file, "m")
    assert found in str(error.value) and "w.h5" in str(error.value)
