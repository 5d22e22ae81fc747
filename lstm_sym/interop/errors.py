"""The one error of this room."""

from lstm_sym.ground.refusal import Refusal


class InteropError(Refusal):
    """A file of trained weights that is refused; `where` is the file, and the tensor or the byte in it."""
