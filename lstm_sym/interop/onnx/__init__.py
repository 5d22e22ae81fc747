"""ONNX files: their recurrent nodes as layers, and layers as ONNX. The package onnx is imported when one is opened.

wire.py tells an ONNX file from others; messages.py, tensors.py and graphs.py open it; constants.py and folds.py work
out its weights; nodes.py, cells.py and layers.py make a layer of a node, stacks.py and order.py a stack of them,
around.py what stands below and above; running.py runs a node. writing.py, with recognition.py, is the way back.
"""

from lstm_sym.interop.onnx.reading import network_of, of_bytes
from lstm_sym.interop.onnx.running import NodeOutputs, run_onnx
from lstm_sym.interop.onnx.wire import looks_cut, looks_like
from lstm_sym.interop.onnx.writing import to_onnx

__all__ = [
    "NodeOutputs",
    "looks_cut",
    "looks_like",
    "network_of",
    "of_bytes",
    "run_onnx",
    "to_onnx",
]
