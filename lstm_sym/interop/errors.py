"""The error of this room."""

from __future__ import annotations

from lstm_sym.ground.refusal import Refusal


class InteropError(Refusal):
    """A file of weights that cannot be read, or arrays that are no model; `where` is the file, or the array."""
