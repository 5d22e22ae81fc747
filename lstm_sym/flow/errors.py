"""The one error of this room."""

from lstm_sym.ground.refusal import Refusal


class FlowError(Refusal):
    """A measurement that is refused; `where` is the model, the array and the index it is about."""
