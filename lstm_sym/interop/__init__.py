"""Files of weights that others trained, read as arrays by name; nothing in them is run."""

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.safetensors import read_safetensors

__all__ = ["InteropError", "read_safetensors"]
