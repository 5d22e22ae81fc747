"""A file of trained weights as a network: what `lstm-sym flow --weights FILE` measures."""

from __future__ import annotations

import os
from pathlib import Path

from lstm_sym.interop.state_dict import Model, from_state_dict
from lstm_sym.networks import load_params


def read(path: str | os.PathLike[str]) -> Model:
    """The network in a file of weights, called as the file. Raises InteropError; NetworkError for no such file."""
    return from_state_dict(load_params(os.fspath(path)), name=Path(path).stem)
