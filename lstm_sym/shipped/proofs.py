"""What is asked of a model before it is measured: that it gives out what the package itself does."""

from __future__ import annotations

from typing import NamedTuple


class Claim(NamedTuple):
    """One thing that must hold.

    Attributes:
        text: what is compared, for people. found: the number that came out. bound: the number that it must reach,
            or, where `at_most`, must not exceed.
    """

    text: str
    found: float
    bound: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.found <= self.bound if self.at_most else self.found >= self.bound

    @property
    def line(self) -> str:
        """The claim with both numbers, for people."""
        return f"{self.text}: {self.found:.6g} ({'at most' if self.at_most else 'at least'} {self.bound:g})"


Proof = tuple[Claim, ...]
"""All that must hold."""
