"""The one error of this room."""

from lstm_sym.ground.refusal import Refusal


class ShippedError(Refusal):
    """A package that is not to be had, or whose model is not read as it should be; `where` is the package."""
