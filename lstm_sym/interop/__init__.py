"""Weights that others trained, read without their frameworks; nothing in a file is run.

from lstm_sym import interop

found = interop.arrays("model.pt")        # or .keras, .h5, .safetensors, .npz: the content says which
found["lstm.weight_ih_l0"]                # a NumPy array

model = interop.read("model.pt")          # the network that they are, its parameters, and how they were read
print(*model.told, sep="; ")
model.network.forward(x, model.params)

interop.write("model.weights.h5", network, params)        # or .safetensors, .onnx
"""

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.formats import arrays, file_format
from lstm_sym.interop.hdf5 import read_hdf5
from lstm_sym.interop.keras import to_keras
from lstm_sym.interop.mapping import Target, mapped
from lstm_sym.interop.model import Model
from lstm_sym.interop.onnx import NodeOutputs, run_onnx, to_onnx
from lstm_sym.interop.pytorch import read_pytorch
from lstm_sym.interop.reading import read
from lstm_sym.interop.safetensors import read_safetensors
from lstm_sym.interop.state_dict import from_state_dict, to_state_dict
from lstm_sym.interop.table import Table
from lstm_sym.interop.writing import write

__all__ = [
    "InteropError",
    "Model",
    "NodeOutputs",
    "Table",
    "Target",
    "arrays",
    "file_format",
    "from_state_dict",
    "mapped",
    "read",
    "read_hdf5",
    "read_pytorch",
    "read_safetensors",
    "run_onnx",
    "to_keras",
    "to_onnx",
    "to_state_dict",
    "write",
]
