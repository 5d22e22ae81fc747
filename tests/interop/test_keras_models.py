"""Descriptions and weights of Keras that are read in part, or refused in words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from interop.cases import keras_files, members_of, zip_file
from interop.keras_cases import EVERY, B, D, H, T, drawn, file_of, run

from lstm_sym import interop
from lstm_sym.interop import InteropError, keras
from lstm_sym.interop.hdf5 import Contents
from lstm_sym.interop.keras.files import KerasFile
from lstm_sym.networks import Network

# Models that are described, and what is read of them.


def node(name, kind, inputs, **settings):
    """A layer of a functional model as Keras 3 describes it."""
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [one, 0, 0]}} for one in inputs]
    nodes = [{"args": tensors, "kwargs": {}}] if inputs else []
    return {"class_name": kind, "config": {"name": name, **settings}, "inbound_nodes": nodes}


def node_2(name, kind, inputs, **settings):
    """The same as Keras 2 does."""
    nodes = [[[one, 0, 0, {}] for one in inputs]] if inputs else []
    return {"class_name": kind, "config": {"name": name, **settings}, "inbound_nodes": nodes}


def functional(file, nodes):
    description = {"class_name": "Functional", "config": {"name": "f", "layers": nodes}}
    return KerasFile(file.where, file.contents, description, file.version)


def two_layers():
    layers = {"low": ("SimpleRNN", {"return_sequences": True}), "high": ("SimpleRNN", {}), "out": ("Dense", {})}
    arrays = {"low": drawn([(D, H), (H, H), (H,)]), "high": drawn([(H, H), (H, H), (H,)]), "out": drawn([(H, 2)])}
    return file_of(arrays, layers)


@pytest.mark.parametrize("node", [node, node_2], ids=["Keras 3", "Keras 2"])
def test_a_functional_model_is_read_in_the_order_of_what_it_reads(node):
    nodes = [
        node("out", "Dense", ["high"]),
        node("high", "SimpleRNN", ["drop"]),
        node("drop", "Dropout", ["low"]),
        node("low", "SimpleRNN", ["in"], **EVERY),
        node("in", "InputLayer", []),
    ]
    model = keras.model_of_keras(functional(two_layers(), nodes), "m")
    assert [layer.name for layer in model.network.layers] == ["low", "high", "high_last", "out"]


def test_what_stands_below_and_above_and_is_not_read_is_told():
    nodes = [
        node("in", "InputLayer", []),
        node("conv", "Conv1D", ["in"]),
        node("low", "SimpleRNN", ["conv"], **EVERY),
        node("high", "SimpleRNN", ["low"]),
        node("norm", "BatchNormalization", ["high"]),
        node("out", "Dense", ["norm"]),
    ]
    model = keras.model_of_keras(functional(two_layers(), nodes), "m")
    assert [layer.name for layer in model.network.layers] == ["low", "high", "high_last"]
    assert model.told[-2:] == (
        "x is what conv gives out, which is not read here",
        "norm, which reads high: not read here",
    )
    assert model.unused == ("out/0",)


def with_words(low):
    """Two layers above a table of vectors, as `low` describes the lower one."""
    return [
        node("in", "InputLayer", []),
        node("words", "Embedding", ["in"], mask_zero=True),
        node("mask", "NotEqual", ["in"]),
        low,
        node("high", "SimpleRNN", ["low"]),
    ]


def test_a_mask_is_no_input_and_is_told():
    mask = {"class_name": "__keras_tensor__", "config": {"keras_history": ["mask", 0, 0]}}
    low = node("low", "SimpleRNN", ["words"], **EVERY)
    low["inbound_nodes"][0]["kwargs"] = {"mask": mask, "training": False}
    arrays = {"words": drawn([(7, D)]), "low": drawn([(D, H), (H, H), (H,)]), "high": drawn([(H, H), (H, H), (H,)])}
    file = file_of(arrays, dict.fromkeys(arrays, ("SimpleRNN", EVERY)))
    model = keras.model_of_keras(functional(file, with_words(low)), "m")
    assert [layer.name for layer in model.network.layers] == ["words", "low", "high", "high_last"]
    assert model.told[-1] == "words: word 0 is not masked here; give the numbers of words as lengths"
    low["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = "in"
    model = keras.model_of_keras(functional(file, with_words(low)), "m")
    assert model.told[-1] == "low: steps are not masked here as mask says; give their number as lengths"


def test_the_same_mask_in_a_file_of_keras_2():
    low = node_2("low", "SimpleRNN", ["words"], **EVERY)
    low["inbound_nodes"][0][0][3] = {"mask": ["mask", 0, 0]}
    arrays = {"words": drawn([(7, D)]), "low": drawn([(D, H), (H, H), (H,)]), "high": drawn([(H, H), (H, H), (H,)])}
    model = keras.model_of_keras(
        functional(file_of(arrays, dict.fromkeys(arrays, ("SimpleRNN", EVERY))), with_words(low)), "m"
    )
    assert [layer.name for layer in model.network.layers] == ["words", "low", "high", "high_last"]


def test_readers_of_a_state_are_named():
    state = node("out", "Dense", ["low"])
    state["inbound_nodes"][0]["args"][0]["config"]["keras_history"][2] = 1
    nodes = [node("in", "InputLayer", []), node("low", "SimpleRNN", ["in"], **EVERY), state]
    model = keras.model_of_keras(functional(two_layers(), nodes), "m")
    assert model.told[-1] == "out, which reads the state that low ends at: not read here"


def given_a_state(node):
    return [
        node("in", "InputLayer", []),
        node("out", "Dense", ["in"]),
        node("low", "SimpleRNN", ["in", "out"], **EVERY),
    ]


def called_twice(shared, *rest):
    shared["inbound_nodes"] *= 2
    return [node("in", "InputLayer", []), shared, *rest]


def branched(kind="Add"):
    return [
        node("in", "InputLayer", []),
        node("low", "SimpleRNN", ["in"], **EVERY),
        node("more", kind, ["low", "in"]),
        node("high", "SimpleRNN", ["more"]),
    ]


@pytest.mark.parametrize("kind", ["Identity", "TimeDistributed"])
def test_layers_without_effect_stand_between(kind):
    nodes = branched(kind)
    nodes[2] = node("more", kind, ["low"], layer={"class_name": "Dropout", "config": {"name": "drop", "rate": 0.1}})
    model = keras.model_of_keras(functional(two_layers(), nodes), "m")
    assert [layer.name for layer in model.network.layers] == ["low", "high", "high_last"]


def side_by_side():
    return [
        node("in", "InputLayer", []),
        node("low", "SimpleRNN", ["in"], **EVERY),
        node("high", "SimpleRNN", ["in"], **EVERY),
        node("out", "Dense", ["low"]),
    ]


def layers(**changes):
    """The description of two layers, with other settings of the lower one."""
    return [
        {"class_name": "SimpleRNN", "config": {"name": "low", **EVERY, **changes}},
        {"class_name": "SimpleRNN", "config": {"name": "high"}},
    ]


def both(**changes):
    inner = {"class_name": "SimpleRNN", "config": {"name": "x", **EVERY, **changes.pop("inner", {})}}
    return [{"class_name": "Bidirectional", "config": {"name": "low", "layer": inner, **changes}}]


NO_CHAIN = {
    "a sum between them": (functional, branched(), "low, high are no chain: between low and high stands more (Add)"),
    "side by side": (functional, side_by_side(), "low, high are no chain: high and low do not stand one above"),
    "a state given": (functional, given_a_state(node), "low: its initial_state is given by another layer: out"),
    "a state given in Keras 2": (functional, given_a_state(node_2), "low: its initial_state is given by another"),
    "a recurrent layer twice": (
        functional,
        called_twice(node("low", "SimpleRNN", ["in"], **EVERY)),
        "layer low: it is called 2 times with the same weights: on in, in",
    ),
    "a dense layer twice": (
        functional,
        called_twice(node("out", "Dense", ["in"]), node("low", "SimpleRNN", ["out"], **EVERY)),
        "layer out: it is called 2 times",
    ),
    "no recurrent layer": (functional, [node("out", "Dense", [])], "no recurrent layer that is known: Dense"),
    "no layers": (functional, [], "no recurrent layer that is known: nothing"),
    "a layer twice": (functional, [node("a", "GRU", []), node("a", "GRU", [])], "the name of a layer is 'a', or two"),
    "too many layers": (functional, [node(f"n{k}", "GRU", []) for k in range(1001)], "1,001 layers; at most 1,000"),
    "no settings": (functional, [{"class_name": "GRU"}], "without a class or settings"),
}


@pytest.mark.parametrize(("make", "nodes", "found"), NO_CHAIN.values(), ids=NO_CHAIN)
def test_layers_that_are_no_chain_are_refused_by_their_names(make, nodes, found):
    with pytest.raises(InteropError) as error:
        keras.model_of_keras(make(two_layers(), nodes), "m")
    assert found in str(error.value) and "model.h5" in str(error.value)


SETTINGS = {
    "a function of one's own": (layers(activation="mine"), "the activation 'mine' is none that is known"),
    "a function as an object": (layers(activation={"class_name": "Mine", "config": {}}), "the activation 'Mine'"),
    "a function that is a number": (layers(activation=7), "the activation ''"),
    "the exact gelu": (layers(activation="gelu"), "the activation 'gelu' is none"),
    "one step below a layer": (layers(return_sequences=False), "layer high: it reads one vector of the layer below"),
    "another join": (both(merge_mode="mul"), "merge_mode='mul'"),
    "no join": (both(merge_mode=None), "merge_mode=None"),
    "a sum of two ends": (
        both(merge_mode="sum", inner={"return_sequences": False}),
        "merge_mode='sum' of the last step",
    ),
    "backward in both": (both(inner={"go_backwards": True}), "go_backwards=True in it"),
    "two that differ": (both(backward_layer={"config": {"activation": "relu"}}), "two directions that differ"),
    "something else in both": (
        [{"class_name": "Bidirectional", "config": {"name": "low", "layer": {"class_name": "RNN", "config": {}}}}],
        "it wraps RNN",
    ),
    "nothing in both": ([{"class_name": "Bidirectional", "config": {"name": "low"}}], "it wraps nothing"),
}


@pytest.mark.parametrize(("entries", "found"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_no_layer_here_has_are_refused(entries, found):
    file = two_layers()
    arrays = dict(file.contents.arrays) | {f"low/{k}": file.contents.arrays[f"low/{k % 3}"] for k in range(6)}
    if entries[0]["class_name"] == "Bidirectional":
        attributes = file.contents.attributes | {"low": {"weight_names": [f"{k}" for k in range(6)]}}
        file = KerasFile(file.where, Contents(arrays, attributes), None, "3.0.0")
    description = {"class_name": "Sequential", "config": {"layers": entries}}
    with pytest.raises(InteropError) as error:
        keras.model_of_keras(KerasFile(file.where, file.contents, description, "3.0.0"), "m")
    assert found in str(error.value)


def test_two_directions_above_one_that_runs_backward_are_refused():
    arrays = {"low": drawn([(D, H), (H, H), (H,)]), "high": drawn([(H, H), (H, H), (H,)] * 2)}
    inner = {"class_name": "SimpleRNN", "config": {"name": "x", **EVERY}}
    layers = {"low": ("SimpleRNN", {**EVERY, "go_backwards": True}), "high": ("Bidirectional", {"layer": inner})}
    with pytest.raises(InteropError, match="two directions above a layer that runs backward"):
        keras.model_of_keras(file_of(arrays, layers), "m")


MISFITS = {
    "a missing array": ([(D, H)], "a kernel, a recurrent kernel, and a bias or none"),
    "no array": ([], "the shapes in the file are none"),
    "a kernel of other columns": ([(D, H + 1), (H, H), (H,)], "kernel: its shape is (3, 5)"),
    "no matrix": ([(D,), (H, H), (H,)], "and it is a matrix"),
    "a bias of another length": ([(D, H), (H, H), (H + 1,)], "bias: its shape is (5,)"),
    "a recurrent kernel of other columns": ([(D, H), (H, 3 * H), (H,)], "beside (4, 12) of recurrent_kernel"),
}


@pytest.mark.parametrize(("shapes", "found"), MISFITS.values(), ids=MISFITS)
def test_arrays_that_do_not_fit_are_refused(shapes, found):
    with pytest.raises(InteropError) as error:
        keras.model_of_keras(file_of({"a": drawn(shapes)}, {"a": ("SimpleRNN", EVERY)}), "m")
    assert found in str(error.value) and "model.h5" in str(error.value)


def test_layers_of_other_widths_are_refused():
    arrays = {"a": drawn([(D, H), (H, H), (H,)]), "b": drawn([(H + 1, 2)])}
    with pytest.raises(InteropError, match=r"model\.h5.*b\.V.*\(2, 5\)"):
        keras.model_of_keras(file_of(arrays, {"a": ("SimpleRNN", EVERY), "b": ("Dense", {})}), "m")


@pytest.mark.parametrize("row", ["CuDNNLSTM", "CuDNNGRU"])
@pytest.mark.parametrize("shapes", [[(D, 5), (H, 16)], [(D, 16), (3, 16)], [(3,), (H, 16)], [(D, 12), (2, 12)]])
def test_arrays_of_cudnn_that_do_not_fit_are_refused(row, shapes):
    arrays = drawn([*shapes, (2 * shapes[1][1],)])
    with pytest.raises(InteropError):
        keras.model_of_keras(file_of({"a": arrays}, {"a": (row, EVERY)}), "m")


def test_numbers_that_are_not_finite_are_refused():
    arrays = drawn([(D, H), (H, H), (H,)])
    arrays[1][0, 0] = np.nan
    with pytest.raises(InteropError, match="a/1: it holds NaN or infinity"):
        keras.model_of_keras(file_of({"a": arrays}, {"a": ("SimpleRNN", EVERY)}), "m")
    with pytest.raises(InteropError, match="its numbers are int64"):
        keras.model_of_keras(file_of({"a": [np.ones((D, H), int)]}, {"a": ("SimpleRNN", EVERY)}), "m")


@pytest.mark.parametrize("name", ["class", "d_x", "1", "a-b", "é", "tape"])
def test_any_name_of_a_layer_becomes_one_here(name):
    arrays = drawn([(D, H), (H, H), (H,)])
    layers = {name: ("SimpleRNN", {**EVERY, "activation": "relu"}), "dense": ("Dense", {"activation": "softmax"})}
    model = keras.model_of_keras(file_of({name: arrays, "dense": drawn([(H, 2), (2,)])}, layers), "m")
    assert run(model, np.ones((B, T, D))).shape == (B, T, 2)
    assert isinstance(model.network, Network)


# Files.


def test_a_file_of_another_program_is_refused_and_its_arrays_are_read(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py, of the extra weights, writes the file")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["a"] = [1.0]
    with pytest.raises(InteropError, match=r"w\.h5: it is no file of Keras: nothing in it says which layer a is of"):
        interop.read(tmp_path / "w.h5")
    assert interop.arrays(tmp_path / "w.h5")["a"].tolist() == [1.0]


def changed(**members):
    return zip_file(members_of(keras_files(3)["words.keras"]) | members)


ARCHIVES = {
    "no JSON": (changed(**{"config.json": b"{"}), "config.json: it is no JSON"),
    "a list": (changed(**{"config.json": b"[]"}), "config.json: it is no JSON object"),
    "nested without end": (changed(**{"config.json": b"[" * 100_000}), "it is no JSON"),
    "a class of its own": (changed(**{"config.json": b'{"class_name": "Mine"}'}), "its model is a Mine"),
    "no layers": (changed(**{"config.json": b'{"class_name": "Model", "config": {}}'}), "no list of layers"),
    "no HDF5": (changed(**{keras.WEIGHTS: b"abc"}), "model.weights.h5: it"),
    "compressed": (zip_file(members_of(keras_files(3)["words.keras"]), 8), "its members are compressed"),
}


@pytest.mark.parametrize(("data", "found"), ARCHIVES.values(), ids=ARCHIVES)
def test_an_archive_that_is_not_one_of_keras_is_refused(tmp_path, data, found):
    (tmp_path / "m.keras").write_bytes(data)
    with pytest.raises(InteropError) as error:
        interop.read(tmp_path / "m.keras")
    assert found in str(error.value) and "m.keras" in str(error.value)


def test_an_archive_without_a_description_is_weights_alone(tmp_path):
    members = members_of(keras_files(3)["words.keras"])
    (tmp_path / "m.keras").write_bytes(zip_file({keras.WEIGHTS: members[keras.WEIGHTS]}))
    assert "activations are taken for" in interop.read(tmp_path / "m.keras").told[-1]
    assert interop.file_format(tmp_path / "m.keras") == "keras"


def test_names_of_many_weights_are_joined():
    """Keras splits a list of names that is longer than an attribute may be."""
    file = two_layers()
    attributes = file.contents.attributes | {"": {"layer_names0": ["low"], "layer_names1": ["high", "out"]}}
    with pytest.raises(InteropError):
        _ = KerasFile("m", Contents({}, attributes), None, "").by_name
    found = KerasFile("m", Contents(file.contents.arrays, attributes), None, "").by_name
    assert found is not None and list(found) == ["low", "high", "out"]


def test_a_description_is_read_as_data(tmp_path):
    """A Lambda layer of Keras holds code; here it is a layer that is not known, and nothing more."""
    members = members_of(keras_files(3)["words.keras"])
    description = json.loads(members["config.json"])
    marker = tmp_path / "it ran"
    code = {"class_name": "Lambda", "config": {"name": "l", "function": f"lambda x: open({str(marker)!r}, 'w')"}}
    description["config"]["layers"].append(code)
    (tmp_path / "m.keras").write_bytes(zip_file(members | {"config.json": json.dumps(description).encode()}))
    assert "l, which reads dense: not read here" in interop.read(tmp_path / "m.keras").told
    assert not marker.exists()
