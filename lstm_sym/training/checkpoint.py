"""Where a training stands after an epoch, in one file that is whole or not there."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
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


LONGEST = 160
"""Characters of a setting that are shown."""
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
            was, now = _unlike(before.get(name), value)
            raise NetworkError(
                f"{path}, {name}",
                f"the training in it has {was}, this one {now}",
                "settings, data or a network that were changed in between",
                "go on with the same ones, or name another file to begin anew",
            )
    return standing


def _unlike(before: Any, now: Any) -> tuple[str, str]:
    """What two settings differ in, the first of it, in words that fit a line."""
    if isinstance(before, dict) and isinstance(now, dict):
        name = next(name for name in (*before, *now) if before.get(name) != now.get(name))
        was, is_now = _unlike(before.get(name), now.get(name))
        return f"{name}: {was}", f"{name}: {is_now}"
    if isinstance(before, list) and isinstance(now, list):
        pairs = zip_longest(before, now)
        return _unlike(*next((one, other) for one, other in pairs if one != other))
    if re.fullmatch("[0-9a-f]{64}", str(before)) and re.fullmatch("[0-9a-f]{64}", str(now)):
        return "other equations", "those given"
    return _short(before), _short(now)


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
