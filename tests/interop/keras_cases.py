"""Files of Keras that no Keras wrote: descriptions and arrays, put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.interop.hdf5 import Contents
from lstm_sym.interop.keras.files import KerasFile

D, H, T, B = 3, 4, 5, 2
EVERY = {"return_sequences": True}


def run(model: Any, x: np.ndarray) -> np.ndarray:
    """What a model gives out of (B, T, N), in that layout."""
    y = model.network.forward(x, model.params, batch_first=True)[0]
    return np.asarray(y)


def file_of(arrays, layers, version="3.0.0"):
    """A file of Keras with these layers, one above the other: name -> class and settings."""
    entries = [{"class_name": kind, "config": {"name": name, **own}} for name, (kind, own) in layers.items()]
    description = {"class_name": "Sequential", "config": {"name": "s", "layers": entries}}
    attributes: dict[str, dict[str, object]] = {"": {"layer_names": [*layers]}}
    found = {}
    for name in layers:
        attributes[name] = {"weight_names": [f"{k}" for k in range(len(arrays.get(name, ())))]}
        found |= {f"{name}/{k}": value for k, value in enumerate(arrays.get(name, ()))}
    return KerasFile("model.h5", Contents(found, attributes), description, version)


def drawn(shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]
