"""Where a training stands after an epoch, in one file that is whole or not there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.storage import load_params, save

Named = dict[str, Array]


@dataclass
class Standing:
    """All that the next epoch depends on, but data and settings.

    Attributes:
        params, memory: the parameters, and what the optimiser remembers.
        best: the parameters of the epoch of the smallest validation loss.
        epoch: how many are done. steps: how many updates. since_best: epochs since the best.
        history: a row an epoch.
    """

    params: Named
    memory: Named = field(default_factory=dict)
    best: Named = field(default_factory=dict)
    epoch: int = 0
    steps: int = 0
    since_best: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


_ARRAYS = ("params", "memory", "best")


def write(path: Path, standing: Standing, settings: dict[str, Any]) -> None:
    """Write where the training stands, and the settings that it must be gone on with."""
    arrays = {f"{kind}:{name}": value for kind in _ARRAYS for name, value in getattr(standing, kind).items()}
    numbers = {key: value for key, value in asdict(standing).items() if key not in _ARRAYS}
    text = json.dumps({"standing": numbers, "settings": settings})
    save(path, {**arrays, "about": np.frombuffer(text.encode(), np.uint8)})


def read(path: Path, settings: dict[str, Any]) -> Standing:
    """Where a training stood. Raises NetworkError for a file of another kind, or of other settings or data."""
    arrays = load_params(path)
    try:
        about = json.loads(arrays.pop("about").tobytes())
        parts: dict[str, Any] = {
            kind: {n.partition(":")[2]: v for n, v in arrays.items() if n.startswith(kind + ":")} for kind in _ARRAYS
        }
        standing, before = Standing(**parts, **about["standing"]), about["settings"]
    except (KeyError, TypeError, ValueError) as error:
        raise NetworkError(
            str(path), "this is no checkpoint", "parameters that were saved alone", "name another file"
        ) from error
    for name, value in settings.items():
        if before.get(name) != value:
            raise NetworkError(
                f"{path}, {name}",
                f"the training in it has {before.get(name)}, this one {value}",
                "settings, data or a network that were changed in between",
                "go on with the same ones, or name another file to begin anew",
            )
    return standing
