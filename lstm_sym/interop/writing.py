"""Parameters of a network as files that frameworks read: the ending of the name says which."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from lstm_sym.ground.files import write_whole
from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.keras import keras_file
from lstm_sym.interop.onnx import to_onnx
from lstm_sym.interop.safetensors import to_safetensors
from lstm_sym.interop.state_dict import whole_state_dict
from lstm_sym.kernels import Array
from lstm_sym.networks import Network

Writer = Callable[[Network, Mapping[str, Array]], bytes]

WRITERS: dict[str, Writer] = {
    ".safetensors": lambda network, params: to_safetensors(whole_state_dict(network, params)),
    ".weights.h5": keras_file,
    ".onnx": to_onnx,
}
"""Ending -> what makes the bytes of a file of a network and its parameters."""
_NOT_WRITTEN = {
    ".pt": "a pickle, which is a program: PyTorch reads .safetensors, safetensors.torch.load_file(path)",
    ".pth": "a pickle, which is a program: PyTorch reads .safetensors, safetensors.torch.load_file(path)",
    ".h5": "name it .weights.h5, which Model.load_weights reads",
    ".keras": "name it .weights.h5, which Model.load_weights reads",
    ".npz": "networks.save(path, params) writes it, with the names of the network",
}


def write(path: str | os.PathLike[str], network: Network, params: Mapping[str, Array]) -> Path:
    """Write the parameters of a network for a framework, by the ending of the path; the file is whole or not there.

    .safetensors: the state dict of a module of PyTorch, and of the layers beside it (`to_state_dict`). .weights.h5:
    what `load_weights` of Keras 3 reads (`to_keras`). .onnx: a model of its own (`to_onnx`).

    Raises InteropError: another ending, a layer or a cell that the framework does not have, a package that is missing;
    OSError, which names the file.
    """
    path = Path(path)
    writer = next((writer for ending, writer in WRITERS.items() if path.name.endswith(ending)), None)
    if writer is None:
        ending = path.suffix or "none"
        fix = _NOT_WRITTEN.get(path.suffix, f"name it {', '.join(WRITERS)}")
        raise InteropError(str(path), f"its ending is {ending}, and no such file is written", "", fix)
    write_whole(path, writer(network, params))
    return path
