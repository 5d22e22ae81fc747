"""Networks among what a study is of: their models, one of what the network gives out and one of each layer below."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.document.sentences import Sentences
from lstm_sym.flow import Model
from lstm_sym.ground.progress import Progress
from lstm_sym.interop import Model as Read
from lstm_sym.interop import arrays
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Embedding, Network, Recurrence, load
from lstm_sym.networks.file import is_network_file
from lstm_sym.networks.sensitivity import SensitivityMap, sensitivity_map
from lstm_sym.studies.errors import StudyError
from lstm_sym.studies.settings import Settings

Weights = Mapping[str, Any] | str | os.PathLike[str]
"""Parameters by their names in a network, or the file that holds them."""


def as_network(given: object) -> Network | None:
    """The network that is given, or that a file holds; None for anything else. Raises NetworkError, CellError."""
    if isinstance(given, Network):
        return given
    if isinstance(given, os.PathLike) or (isinstance(given, str) and given.endswith(".toml")):
        return load(os.fspath(given)) if is_network_file(os.fspath(given)) else None
    return None


def network_models(network: Network, inputs: int, weights: Weights | None = None) -> dict[str, Model]:
    """What is measured of a network over x of so many channels: the model of each, by the name of its files.

    First what the network gives out, d y[T] / d x[t]; then the output of every layer with a state below it. Layers
    from the first pool on are left out, since they see no single step. weights: trained parameters; they are drawn as
    the file says where there are none.

    Raises StudyError for an input that it does not read; NetworkError for a layer that runs backward, and for weights
    of another network.
    """
    _refuse_input(network, inputs)
    params = None if weights is None else network.checked("weights", _read(weights))
    below = _below_pools(network)
    kernel: Any = Recurrence(below, output_is_a_state=True)
    own = None if params is None else kernel.Params(**{name: params[name] for name in kernel.Params._fields})
    models = {}
    for part, output in _outputs(kernel).items():
        label = f"{network.name}, {part}" if part else network.name
        models[stem_of(network, part)] = Model(label, kernel, params=own, output=output)
    return models


def runs_one_way(network: Network) -> bool:
    """Whether all layers below the first pool run forward, so that they are one recurrence."""
    layers = (layer for layer in _below_pools(network).layers if isinstance(layer, CellLayer))
    return all(layer.direction == "forward" for layer in layers)


def both_sides(
    network: Network, x: Any, settings: Settings, weights: Weights | None = None, progress: Progress | None = None
) -> SensitivityMap:
    """What a network that reads in both directions feels before and after a step, below its first pool.

    As many end points as `settings` say, with as many lags on either side; parameters without weights are those of
    seed 0. Raises StudyError for an input that it does not read, or with fewer steps than the lags of both sides.
    """
    _refuse_input(network, x.shape[1])
    steps = both_sides_steps(settings, len(x))
    if steps < 2 * settings.lags + 1:
        raise StudyError(
            network.name,
            f"{settings.lags} lags on either side of a step, and {len(x)} steps",
            "this network reads in both directions, so what comes after a step counts too",
            f"give --lags {(len(x) - 1) // 2} at most, or a longer input",
        )
    params = network.init(0) if weights is None else network.checked("weights", _read(weights))
    below = _below_pools(network)
    last = steps - 1 - settings.lags
    ends = np.unique(np.linspace(settings.lags, last, settings.ends).round().astype(int))
    own = {name: params[name] for name in below.shapes}
    return sensitivity_map(below, own, x[:steps, None], ends=ends, progress=progress)


def both_sides_steps(settings: Settings, steps: int) -> int:
    """How many of the steps there are a network is run over that reads in both directions."""
    return min(steps, 2 * settings.lags + settings.ends)


def by_lag(sides: SensitivityMap, lags: int) -> tuple[Array, Array]:
    """The lags from -`lags` to `lags`, and the median of ln ||.|| over the end points at each."""
    found, logs = sides.by_lag()
    near = abs(found) <= lags
    return found[near], np.nanmedian(logs[:, near], axis=0)


def _outputs(kernel: Recurrence) -> dict[str, str]:
    """What is measured: "" for what the network gives out, and every layer with a state that gives out another."""
    outputs = {layer.name: f"{layer.name}.{output_state(layer)}" for layer in kernel.layers if layer.cell.states}
    return {"": kernel.OUTPUT} | {name: output for name, output in outputs.items() if output != kernel.OUTPUT}


def output_state(layer: CellLayer) -> str:
    """The state that a layer gives out, or its first where it gives out another quantity."""
    return layer.cell.output if layer.cell.output in layer.cell.states else layer.cell.states[0]


def network_stems(network: Network) -> list[str]:
    """The names of the files of each model, in the order of `network_models`."""
    return [stem_of(network, part) for part in _outputs(Recurrence(_below_pools(network), output_is_a_state=True))]


def refuse_twice(stems: Sequence[str]) -> None:
    """Raise a StudyError where two models would have files of one name."""
    twice = [stem for stem in stems if stems.count(stem) > 1]
    if twice:
        raise StudyError(
            "", f"two models are called {twice[0]}", "networks of one name", "give each a name in its file"
        )


def parameters_of(network: Network) -> int:
    """How many numbers its parameters hold."""
    return sum(map(prod, network.shapes.values()))


def read_lines(model: Read, sentences: Sentences) -> list[str]:
    """How weights were read, a line a layer, and what no layer took."""
    found = [sentences.text("interop.read", name=model.network.name), *(f"  {line}" for line in model.told)]
    if model.unused:
        found.append("  " + sentences.text("interop.unused", names=", ".join(model.unused)))
    return found


def read_record(model: Read | None) -> dict[str, Any] | None:
    """The same for JSON."""
    return None if model is None else {"layers": [*model.told], "unused": [*model.unused]}


def stem_of(network: Network, part: str = "") -> str:
    """What the files of a network, or of a part of it, are called: its name in letters, digits and _."""
    whole = re.sub(r"\W+", "_", network.name).strip("_").lower() or "network"
    return f"{whole}_{part}" if part else whole


def _read(weights: Weights) -> Mapping[str, Any]:
    if isinstance(weights, Mapping):
        return weights
    if not isinstance(weights, str | os.PathLike):
        raise StudyError("weights", f"a {type(weights).__name__}", "arrays without names", "give a dict, or a file")
    return arrays(Path(weights))


def _below_pools(network: Network) -> Network:
    """The layers below the first pool, all of them where there is none."""
    first = next((place for place, layer in enumerate(network.layers) if layer.pools), None)
    if first is None:
        return network
    layers = network.layers[:first]
    if not any(isinstance(layer, CellLayer) for layer in layers):
        raise StudyError(network.name, "nothing over time stands below its pool", "", "measure a network with a cell")
    return replace(network, layers=layers, loss=None)


def _refuse_input(network: Network, inputs: int) -> None:
    if isinstance(network.layers[0], Embedding):
        raise StudyError(
            network.name,
            "it reads words, and the input is numbers",
            "an embedding as the first layer",
            "in Python: networks.sensitivity_map(network, params, words, ends=...)",
        )
    if network.inputs != inputs:
        raise StudyError(
            network.name,
            f"it reads {network.inputs} channels, and the input has {inputs}",
            "the input that is taken where none is named, or data of another task",
            "name a file with the channels that it was trained on: --input my.csv",
        )
