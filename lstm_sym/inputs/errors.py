"""The one error of this package."""

from lstm_sym.ground.refusal import Refusal


class InputError(Refusal):
    """An input that is refused.

    Attributes beside `found`, `why` and `fix`, each also a part of the message:
        file: the file as the caller named it, or the name of the sequences.
        position: row and column, index, or line and character; empty where the refusal concerns the whole.
    """

    def __init__(self, file: str, position: str, found: str, why: str, fix: str) -> None:
        super().__init__(f"{file}, {position}" if position else file, found, why, fix)
        self.file, self.position = file, position
        self.args = file, position, found, why, fix  # what a pickle makes the error of again
