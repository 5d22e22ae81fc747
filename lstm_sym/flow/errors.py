"""The one error of this room."""

from lstm_sym.printable import printable


class FlowError(ValueError):
    """A measurement that is refused.

    Attributes, each also a part of the message:
        where: the model, the array and the index it is about.
        found: what stands there and why it cannot be measured.
        why: the usual cause.
        fix: what to do about it.
    """

    def __init__(self, where: str, found: str, why: str, fix: str) -> None:
        # All four are positional, so that the error survives the way back from a worker process.
        super().__init__(where, found, why, fix)
        self.where = where
        self.found = found
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        parts = (f"{self.where}: {self.found}", f"  usual cause: {self.why}", f"  fix: {self.fix}")
        return "\n".join(map(printable, parts))
