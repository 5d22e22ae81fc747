"""The one error of this package."""

from lstm_sym.printable import printable


class InputError(ValueError):
    """An input that is refused; nothing in the message moves a cursor, whatever the file and its cells are called.

    Attributes, each also a part of the message:
        file: the file as the caller named it, or the name of the sequences.
        position: row and column, index, or line and character; empty where the refusal concerns the whole.
        found: what stands there and why it cannot be used.
        why: the usual cause.
        fix: what to do about it.
    """

    def __init__(self, file: str, position: str, found: str, why: str, fix: str) -> None:
        # All five are positional, so that the error survives the way back from a worker process.
        super().__init__(file, position, found, why, fix)
        self.file = file
        self.position = position
        self.found = found
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        place = f"{self.file}, {self.position}" if self.position else self.file
        parts = (f"{place}: {self.found}", f"  usual cause: {self.why}", f"  fix: {self.fix}")
        return "\n".join(map(printable, parts))
