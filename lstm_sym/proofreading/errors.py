"""What is refused of a text with a derivation, and why a line of it could not be read."""

from __future__ import annotations

from lstm_sym.ground.refusal import Refusal


class ProofreadingError(Refusal):
    """A text that cannot be read at all: too large, no text, no formula in it."""


class Unreadable(Exception):
    """A formula that cannot be read; `found` says what stands there, `fix` what could be written instead."""

    def __init__(self, found: str, fix: str = "") -> None:
        super().__init__(found)
        self.found, self.fix = found, fix


class ShapeMismatch(Exception):
    """Two parts of a formula whose shapes do not fit together."""
