"""The bytes of an ONNX file as messages of the package onnx, which is imported only when it is needed."""

from __future__ import annotations

from typing import Any

from lstm_sym.interop.errors import InteropError

RECURRENT = ("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM")


def package() -> Any:
    """The package onnx. Raises InteropError where it is not installed."""
    try:
        import onnx
    except ImportError as error:
        raise InteropError(
            "ONNX",
            "the package onnx is not there",
            "it is no part of a plain installation",
            'pip install "lstm_sym[weights]"',
        ) from error
    return onnx


def model_of_bytes(data: bytes, where: str) -> Any:
    """The ModelProto. Nothing of it is run, and no other file is opened. Raises InteropError for what is none."""
    from google.protobuf.message import DecodeError

    model = package().ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise InteropError(
            where,
            f"it is no whole ONNX model: {error}",
            "a file that was cut short, or changed",
            "fetch or save it again",
        ) from error
    return model


def attributes(node: Any) -> dict[str, Any]:
    """The attributes of a node by name: numbers, text, lists of them, and messages as they are."""
    field = {1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings", 10: "graphs"}
    found = {}
    for attribute in node.attribute:
        if attribute.type in field:
            value = getattr(attribute, field[attribute.type])
            found[attribute.name] = list(value) if attribute.type in (6, 7, 8, 10) else value
    return found
