"""The one error of this room."""

from lstm_sym.ground.refusal import Refusal


class SequenceError(Refusal):
    """Sequences, lengths or a way through time that are refused; `where` is the argument and the index."""
