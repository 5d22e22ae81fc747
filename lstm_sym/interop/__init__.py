"""Weights of other frameworks, read without them.

from lstm_sym import interop

model = interop.read("model.safetensors")      # a network, its parameters, and how they were read
print(*model.told, sep="; ")
model.network.forward(x, model.params)
"""

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.reading import read
from lstm_sym.interop.state_dict import Model, from_state_dict, to_state_dict

__all__ = ["InteropError", "Model", "from_state_dict", "read", "to_state_dict"]
