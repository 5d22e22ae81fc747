"""The error of this room."""

from lstm_sym.ground.refusal import Refusal


class NativeError(Refusal):
    """Nothing on this machine compiles C, or it does not compile this."""
