"""The one error of this room."""

from lstm_sym.ground.refusal import Refusal


class NetworkError(Refusal):
    """A network, its file, its parameters or what it is given; `where` is the layer, the argument or the line."""
