"""A file of trained weights as a network: what `lstm-sym flow --weights FILE` measures."""

from __future__ import annotations

import os
from pathlib import Path

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.formats import arrays
from lstm_sym.interop.model import Model
from lstm_sym.interop.state_dict import from_state_dict


def read(path: str | os.PathLike[str]) -> Model:
    """The network in a file of weights, called as the file. Raises InteropError, which names the file."""
    found = arrays(Path(path))
    try:
        return from_state_dict(found, name=Path(path).stem)
    except InteropError as error:
        raise InteropError(f"{Path(path).name}, {error.where}", error.found, error.why, error.fix) from error
