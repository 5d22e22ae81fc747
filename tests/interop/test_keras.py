"""Models of Keras 2 and 3 as networks: what they compute, how they are read, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from interop.cases import keras_files, keras_run
from interop.keras_cases import B, D, H, T, drawn, file_of, run

from lstm_sym import interop
from lstm_sym.check.result import relative_error
from lstm_sym.interop import conventions, keras
from lstm_sym.interop.keras.activations import ACTIVATIONS, BEFORE_KERAS_3, function_of, with_functions

WHOLE = [(version, name) for version in (2, 3) for name in keras_files(version) if ".weights." not in name]
DESCRIBED = [(version, name) for version, name in WHOLE if ".only." not in name]


def given(tmp_path, version, name):
    path = tmp_path / name
    path.write_bytes(keras_files(version)[name])
    return interop.read(path)


@pytest.mark.parametrize(("version", "name"), DESCRIBED)
def test_a_model_computes_what_keras_computed(tmp_path, version, name):
    x, y = keras_run(version, name)
    model = given(tmp_path, version, name)
    assert model.unused == () and model.network.name == name.partition(".")[0]
    assert relative_error(run(model, x), y) <= 1e-6


def test_weights_of_cudnn_alone_are_told_by_their_biases(tmp_path):
    x, y = keras_run(2, "cudnn.only.h5")
    model = given(tmp_path, 2, "cudnn.only.h5")
    assert relative_error(run(model, x), y) <= 1e-6
    assert "CuDNNLSTM of Keras as lstm" in model.told[0] and "activations are taken for" in model.told[-1]


@pytest.mark.parametrize(("version", "name"), [(2, "words.only.h5"), (2, "words.weights.h5"), (3, "words.weights.h5")])
def test_weights_alone_are_ordered_by_what_chains(tmp_path, version, name):
    """Of the last layer every step, since the file does not say otherwise, and no function above it."""
    x, y = keras_run(version, name)
    model = given(tmp_path, version, name)
    assert [layer.name for layer in model.network.layers] == ["embedding", "bidirectional", "gru", "dense"]
    logits = run(model, x)[:, -1]
    assert relative_error(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), y) <= 1e-6


def test_how_it_was_read_is_told(tmp_path):
    assert given(tmp_path, 3, "words.keras").told == (
        "embedding: embedding, 7 words, 3 units each",
        "bidirectional: bidirectional, LSTM of Keras as lstm, 3 to 2, columns in the order i f g o, one bias, "
        "dropout 0.1, without effect here, both directions",
        "gru: gru, GRU of Keras as gru_reset_after, 4 to 3, columns in the order z r n, two biases; those of the "
        "candidate apart",
        "gru_last: the step that gru ends at",
        "dense: dense, 3 to 2, softmax",
    )
    told = given(tmp_path, 2, "functions.h5").told
    assert "softsign in place of tanh, hard_sigmoid in place of sigmoid" in told[0]
    assert "from the last step" in given(tmp_path, 3, "last.keras").told[0]


# The rows of the layouts against the formulas that the documentation of Keras states, written out once more.


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def lstm(x, h, c, kernel, recurrent, bias):
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_before(x, h, c, kernel, recurrent, bias):
    (xz, xr, xh), (uz, ur, uh) = np.split(x @ kernel + bias, 3, axis=-1), np.split(recurrent, 3, axis=-1)
    z, r = sigmoid(xz + h @ uz), sigmoid(xr + h @ ur)
    return z * h + (1 - z) * np.tanh(xh + (r * h) @ uh), c


def gru_after(x, h, c, kernel, recurrent, bias):
    xz, xr, xh = np.split(x @ kernel + bias[0], 3, axis=-1)
    uz, ur, uh = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = sigmoid(xz + uz), sigmoid(xr + ur)
    return z * h + (1 - z) * np.tanh(xh + r * uh), c


def simple(x, h, c, kernel, recurrent, bias):
    return np.tanh(x @ kernel + h @ recurrent + bias), c


def of_cudnn(cell, count, biases):
    """A step of CuDNN: each gate is W x + U h + b, W (H, D) and U (H, H) one after the other, row by row."""

    def step(x, h, c, kernel, recurrent, bias):
        w = [block.reshape(-1).reshape(H, D) for block in np.split(kernel, count, axis=1)]
        u = [block.reshape(-1).reshape(H, H) for block in np.split(recurrent, count, axis=1)]
        return cell(x, h, c, np.hstack([m.T for m in w]), np.hstack([m.T for m in u]), biases(bias))

    return step


ROWS = {
    "LSTM": (lstm, 4, (4 * H,)),
    "GRU": (gru_after, 3, (2, 3 * H)),
    "GRU, reset before": (gru_before, 3, (3 * H,)),
    "SimpleRNN": (simple, 1, (H,)),
    "CuDNNLSTM": (of_cudnn(lstm, 4, lambda b: b.reshape(2, -1).sum(axis=0)), 4, (8 * H,)),
    "CuDNNGRU": (of_cudnn(gru_after, 3, lambda b: b.reshape(2, -1)), 3, (6 * H,)),
}


def test_every_row_is_compared():
    assert ROWS.keys() == conventions.KERAS.keys()


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_table_is_what_the_documentation_of_keras_says(row):
    step, count, bias = ROWS[row]
    arrays = drawn([(D, count * H), (H, count * H), bias])
    settings = {"return_sequences": True, "reset_after": "before" not in row}
    model = keras.model_of_keras(file_of({"a": arrays}, {"a": (row.partition(",")[0], settings)}), "m")
    assert f"{row} of Keras" in model.told[0]
    x = np.random.default_rng(1).standard_normal((B, T, D))
    y = run(model, x)
    h, c = np.zeros((B, H)), np.zeros((B, H))
    for t in range(T):
        h, c = step(x[:, t], h, c, *arrays)
        assert relative_error(y[:, t], h) <= 1e-14


A = np.linspace(-4, 4, 41)
FUNCTIONS = {
    "linear": A,
    "tanh": np.tanh(A),
    "sigmoid": sigmoid(A),
    "relu": np.maximum(A, 0),
    "relu6": np.clip(A, 0, 6),
    "hard_sigmoid": np.clip(A / 6 + 0.5, 0, 1),
    "softplus": np.log1p(np.exp(A)),
    "softsign": A / (1 + abs(A)),
    "exponential": np.exp(A),
    "elu": np.where(A > 0, A, np.expm1(A)),
    "selu": 1.0507009873554805 * np.where(A > 0, A, 1.6732632423543772 * np.expm1(A)),
    "silu": A * sigmoid(A),
    "swish": A * sigmoid(A),
    "mish": A * np.tanh(np.log1p(np.exp(A))),
}


def test_every_function_is_compared():
    assert FUNCTIONS.keys() == ACTIVATIONS.keys() and BEFORE_KERAS_3.keys() == {"hard_sigmoid"}


def dense_of(activation, version="3.0.0"):
    """What a dense layer with weight 1 gives of A, above a layer that gives out its own input."""
    one = np.ones((1, 1))
    layers = {
        "rnn": ("SimpleRNN", {"return_sequences": True, "activation": "linear"}),
        "dense": ("Dense", {"activation": activation}),
    }
    file = file_of({"rnn": [one, 0 * one, one[0] * 0], "dense": [one, one[0] * 0]}, layers, version)
    return run(keras.model_of_keras(file, "m"), A[None, :, None])[0, :, 0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_that_of_keras(name):
    assert relative_error(dense_of(name), FUNCTIONS[name]) <= 1e-14
    assert with_functions("lstm", "hard_sigmoid", name, "3").states == ("h", "c")


def test_hard_sigmoid_is_that_of_the_version():
    assert relative_error(dense_of("hard_sigmoid", "2.2.4-tf"), np.clip(0.2 * A + 0.5, 0, 1)) <= 1e-14
    assert function_of("hard_sigmoid", "2.21.0") != function_of("hard_sigmoid", "3.0.0")


def test_a_softmax_is_one_over_the_units():
    arrays = {"rnn": drawn([(D, H), (H, H), (H,)]), "dense": drawn([(H, 3), (3,)])}
    layers = {"rnn": ("SimpleRNN", {"return_sequences": True}), "dense": ("Dense", {"activation": "softmax"})}
    y = run(keras.model_of_keras(file_of(arrays, layers), "m"), np.ones((B, T, D)))
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-14)


def test_what_a_layer_that_runs_backward_gives_out_stands_here_in_the_order_of_the_steps():
    arrays = drawn([(D, H), (H, H), (H,)])
    settings = {"return_sequences": True, "go_backwards": True}
    model = keras.model_of_keras(file_of({"a": arrays}, {"a": ("SimpleRNN", settings)}), "m")
    x, h = np.random.default_rng(1).standard_normal((1, T, D)), np.zeros((1, H))
    for t in reversed(range(T)):
        h, _ = simple(x[:, t], h, None, *arrays)
        assert relative_error(run(model, x)[:, t], h) <= 1e-14
    assert "m: Keras gives it out from the last step to the first" in model.told[-1]
