"""The one way to refuse: where, what was found there, why that usually happens, how to fix it."""

from __future__ import annotations

from lstm_sym.ground.safe_text import printable


class Refusal(ValueError):
    """What cannot be used as given. Every room has one error of its own, which is a Refusal.

    Nothing in the message moves a cursor, whatever a file, its names and its own errors hold.

    Attributes, each also a part of the message where it is not empty:
        where: the file, the argument, the model, and the index or line in it.
        found: what stands there and why it cannot be used.
        why: the usual cause.
        fix: what to do about it.
    """

    def __init__(self, where: str, found: str, why: str = "", fix: str = "") -> None:
        # All four are positional, so that the error survives the way back from a worker process.
        super().__init__(where, found, why, fix)
        self.where, self.found, self.why, self.fix = where, found, why, fix

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.found}" if self.where else self.found]
        parts += [f"  usual cause: {self.why}"] if self.why else []
        parts += [f"  fix: {self.fix}"] if self.fix else []
        return "\n".join(map(self.shown, parts))

    def shown(self, part: str) -> str:
        """A part of the message as a terminal may be given it, in one line."""
        return printable(part)
