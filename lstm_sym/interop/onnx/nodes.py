"""A recurrent node of an ONNX file: its attributes, checked, and the names of what it reads and gives out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstm_sym.interop.errors import InteropError
from lstm_sym.interop.onnx.cells import DEFAULTS, MOST_CLIP, Activation, activation_rows
from lstm_sym.interop.onnx.graphs import Graph
from lstm_sym.interop.onnx.messages import attributes

WAYS = {"forward": "forward", "reverse": "backward", "bidirectional": "both"}
"""Direction of ONNX -> that of a layer."""
_INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h")
_QUANTISED = ("W_scale", "W_zero_point", "R_scale", "R_zero_point")
READS = {
    "LSTM": (*_INPUTS, "initial_c", "P"),
    "GRU": _INPUTS,
    "RNN": _INPUTS,
    "DynamicQuantizeLSTM": (*_INPUTS, "initial_c", "P", *_QUANTISED),
}
"""Operator -> what it reads, in order."""
GIVES = ("Y", "Y_h", "Y_c")


@dataclass(frozen=True)
class RecurrentNode:
    """An LSTM, GRU or RNN of a graph.

    Attributes:
        name: what it is called in messages, and chosen by.
        graph: the graph that it stands in.
        operator: "LSTM", "GRU" or "RNN".
        quantised: whether it is a DynamicQuantizeLSTM, whose matrices are integers and transposed.
        reads: the names of its inputs by what they are, those that are left out as "".
        gives: the names of its outputs, the same.
        direction: as a layer has it: forward, backward, both.
        activations: those of each direction.
        clip: the bound on pre-activations, None where there is none.
        batch_first: whether sequences are its first axis, layout = 1.
        coupled: whether the forget gate is 1 - i, input_forget = 1.
        reset_after: whether the reset gate of a GRU is applied after the product, linear_before_reset = 1.
        hidden: the units, None where the file does not say.
    """

    name: str
    graph: Graph
    operator: str
    quantised: bool
    reads: Mapping[str, str]
    gives: Mapping[str, str]
    direction: str
    activations: tuple[tuple[Activation, ...], ...]
    clip: float | None
    batch_first: bool
    coupled: bool
    reset_after: bool
    hidden: int | None

    @property
    def kind(self) -> str:
        """Its row of `conventions.ONNX`."""
        parts = [*(["input_forget"] if self.coupled else []), *(["peepholes"] if self.reads.get("P") else [])]
        if self.reset_after:
            return "GRU, linear before reset"
        return f"{self.operator} with {' and '.join(parts)}" if parts else self.operator


def recurrent_node(graph: Graph, node: Any, name: str, where: str) -> RecurrentNode:
    """The node with its attributes. Raises InteropError for one that is not as the operator has it."""
    given, place = attributes(node), f"{where}, {name[:80]}"
    operator = node.op_type.removeprefix("DynamicQuantize")
    direction = _text(given, "direction", "forward", place)
    if direction not in WAYS:
        raise _wrong(place, "direction", f"it is {direction[:40]!r}", f"write {', '.join(WAYS)}")
    ways = 2 if direction == "bidirectional" else 1
    hidden = _number(given, "hidden_size", None, place)
    clip = _number(given, "clip", None, place)
    if clip is not None and not clip > 0:
        raise _wrong(place, "clip", f"it is {clip}", "leave it out, or give a number above 0")
    reads, gives = READS[node.op_type], GIVES if operator == "LSTM" else GIVES[:2]
    if len(node.input) > len(reads) or len(node.output) > len(gives):
        raise _wrong(place, "inputs", f"{len(node.input)}, and {len(node.output)} outputs", "export the model again")
    return RecurrentNode(
        name,
        graph,
        operator,
        node.op_type != operator,
        dict.fromkeys(reads, "") | dict(zip(reads, node.input, strict=False)),
        dict.fromkeys(gives, "") | dict(zip(gives, node.output, strict=False)),
        WAYS[direction],
        _activations(given, operator, ways, place),
        None if clip is None or clip >= MOST_CLIP else float(clip),
        _switch(given, "layout", place),
        operator == "LSTM" and _switch(given, "input_forget", place),
        operator == "GRU" and _switch(given, "linear_before_reset", place),
        None if hidden is None else int(hidden),
    )


def _activations(given: Mapping[str, Any], operator: str, ways: int, place: str) -> tuple[tuple[Activation, ...], ...]:
    """Those of each direction; alpha and beta go to the functions that have them, in the order of the functions."""
    names = given.get("activations", list(DEFAULTS[operator]) * ways)
    names = [name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in _list(names)]
    count = len(DEFAULTS[operator])
    if operator == "RNN" and names == ["Tanh", "Tanh"]:
        names = names[:ways]  # the default of the schema, whatever the direction
    if len(names) != count * ways:
        fix = f"{count} for each direction: {count * ways}"
        raise _wrong(place, "activations", f"there are {len(names)}", fix)
    numbers = {key: iter(_list(given.get(f"activation_{key}", []))) for key in ("alpha", "beta")}
    found = []
    for name in names:
        known = next((known for known in activation_rows() if known.lower() == str(name).lower()), None)
        if known is None:
            fix = f"one of {', '.join(activation_rows())}"
            raise _wrong(place, "activations", f"there is {str(name)[:40]!r}", fix)
        row = activation_rows()[known]
        values = {key: next(numbers[key], getattr(row, key)) for key in row.wanted}
        for key, value in values.items():
            if not isinstance(value, int | float) or not math.isfinite(value):
                found_there = f"that of {known} is {'missing' if value is None else value}"
                raise _wrong(place, f"activation_{key}", found_there, "a number for each function that has one")
        found.append(Activation(known, **values))
    return tuple(tuple(found[k * count : (k + 1) * count]) for k in range(ways))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(given: Mapping[str, Any], name: str, default: str, place: str) -> str:
    value = given.get(name, default)
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(value, str):
        raise _wrong(place, name, "it is no text", "export the model again")
    return value


def _number(given: Mapping[str, Any], name: str, default: float | None, place: str) -> float | None:
    value = given.get(name, default)
    if value is not None and (not isinstance(value, int | float) or not math.isfinite(value)):
        raise _wrong(place, name, "it is no finite number", "export the model again")
    return value


def _switch(given: Mapping[str, Any], name: str, place: str) -> bool:
    value = _number(given, name, 0, place)
    if value not in (0, 1):
        raise _wrong(place, name, f"it is {value}", "0 or 1")
    return bool(value)


def _wrong(place: str, name: str, found: str, fix: str) -> InteropError:
    return InteropError(f"{place}, {name}", found, "a file that was changed, or an exporter of its own kind", fix)
