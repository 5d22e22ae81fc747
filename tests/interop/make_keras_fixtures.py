"""Write tests/interop/data/keras_3.npz, or keras_2.npz. Run by hand where Keras is installed:

    KERAS_BACKEND=jax python tests/interop/make_keras_fixtures.py      # Keras 3
    python tests/interop/make_keras_fixtures.py tf_keras               # Keras 2

Each archive holds files of Keras as bytes, since most of what HDF5 writes is zeros: "words.keras", "words.h5", ...; and
what the model reads and gives out, "words.x", "words.y". Tests read what stands there; nothing runs this.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"
UNITS = 3


def models(keras: Any) -> dict[str, list[Any]]:
    """Name -> layers, over vectors of UNITS, or over words where the first is an embedding."""
    new = keras.layers
    every = {"return_sequences": True}
    return {
        "words": [
            new.Embedding(7, 3),
            new.Bidirectional(new.LSTM(2, dropout=0.1, **every)),
            new.GRU(3),
            new.Dropout(0.2),
            new.Dense(2, activation="softmax"),
        ],
        "lstm": [new.LSTM(2, name="lstm-1", **every), new.LSTM(3, **every)],
        "gru": [new.GRU(2, reset_after=False, **every)],
        "rnn": [new.SimpleRNN(3, activation="relu", **every), new.TimeDistributed(new.Dense(2, activation="tanh"))],
        "back": [new.LSTM(3, go_backwards=True, **every), new.GRU(2, **every), new.GRU(2, go_backwards=True, **every)],
        "last": [new.LSTM(3, go_backwards=True), new.Dense(2)],
        "ends": [new.Bidirectional(new.GRU(2)), new.Dense(1, activation="sigmoid")],
        "joined": [
            new.Bidirectional(new.SimpleRNN(2, **every), merge_mode="ave"),
            new.Bidirectional(new.LSTM(2, **every), merge_mode="sum"),
        ],
        "functions": [
            new.LSTM(2, activation="softsign", recurrent_activation="hard_sigmoid", **every),
            new.GRU(2, activation="elu", recurrent_activation="hard_sigmoid", **every),
        ],
        "bare": [new.LSTM(2, use_bias=False, **every), new.GRU(2, use_bias=False, **every)],
        "pooled": [new.GRU(2, stateful=False, **every), new.GlobalMaxPooling1D(), new.Dense(2, use_bias=False)],
    }


def built(keras: Any, layers: list[Any], rng: np.random.Generator) -> Any:
    """The model, functional as "lstm" is, or Sequential, with weights that are drawn."""
    words = type(layers[0]).__name__ == "Embedding"
    first = keras.Input((None,)) if words else keras.Input((None, UNITS))
    if layers[0].name == "lstm-1":
        last = first
        for layer in layers:
            last = layer(last)
        model = keras.Model(first, last)
    else:
        model = keras.Sequential([first, *layers])
    model.set_weights([rng.standard_normal(value.shape).astype("f4") for value in model.get_weights()])
    return model


def with_cudnn(keras: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Layers of CuDNN, and the others of Keras with their weights, as Keras 2 itself turns them."""
    module = importlib.import_module("tf_keras.src.layers.rnn.cudnn_lstm")
    other = importlib.import_module("tf_keras.src.layers.rnn.cudnn_gru")
    first = keras.Input((None, UNITS))
    layers = [module.CuDNNLSTM(2, return_sequences=True), other.CuDNNGRU(4, return_sequences=True)]
    given = built(keras, layers, rng)
    every = {"return_sequences": True}
    plain = keras.Sequential([first, keras.layers.LSTM(2, **every), keras.layers.GRU(4, reset_after=True, **every)])
    with tempfile.TemporaryDirectory() as folder:
        given.save_weights(f"{folder}/w.h5")
        plain.load_weights(f"{folder}/w.h5")
    return given, plain


def bytes_of(model: Any, endings: list[str]) -> dict[str, np.ndarray]:
    """Ending -> the file that the model is saved as."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for ending in endings:
            path = Path(folder, f"model{ending}")
            only = ending in (".weights.h5", ".only.h5")
            (model.save_weights if only else model.save)(path)
            found[ending] = np.frombuffer(path.read_bytes(), "u1")
    return found


def main(package: str) -> None:
    keras = importlib.import_module(package)
    old, rng = keras.__version__.startswith("2"), np.random.default_rng(0)
    found: dict[str, Any] = {"version": keras.__version__}
    for name, layers in models(keras).items():
        model = built(keras, layers, rng)
        endings = [".h5" if old else ".keras"]
        if name == "words":
            endings = [".keras", ".h5", ".weights.h5", *([".only.h5"] if old else [])]
        x = rng.integers(0, 7, (4, 6)) if name == "words" else rng.standard_normal((4, 6, UNITS)).astype("f4")
        found |= {f"{name}{ending}": value for ending, value in bytes_of(model, endings).items()}
        found |= {f"{name}.x": x, f"{name}.y": np.asarray(model.predict(x, verbose=0))}
    if old:
        given, plain = with_cudnn(keras, rng)
        x = rng.standard_normal((4, 6, UNITS)).astype("f4")
        found |= {f"cudnn{ending}": value for ending, value in bytes_of(given, [".h5", ".only.h5"]).items()}
        found |= {"cudnn.x": x, "cudnn.y": np.asarray(plain.predict(x, verbose=0))}
    np.savez_compressed(DATA / f"keras_{keras.__version__[0]}.npz", **found)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["keras"])
