"""Files of weights that others trained, read as arrays by name; nothing in them is run.

from lstm_sym import interop

found = interop.arrays("model.pt")        # or .safetensors, .npz: the content says which it is
found["lstm.weight_ih_l0"]                # a NumPy array
"""

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.formats import arrays, file_format
from lstm_sym.interop.pytorch import read_pytorch
from lstm_sym.interop.safetensors import read_safetensors

__all__ = ["InteropError", "arrays", "file_format", "read_pytorch", "read_safetensors"]
