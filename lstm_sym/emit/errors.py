"""The error of this room."""

from lstm_sym.ground.refusal import Refusal


class EmitError(Refusal):
    """A target cannot write this: a package is not there, or what is to be written with the cell does not fit it."""
