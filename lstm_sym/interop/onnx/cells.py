"""The cell that computes a recurrent operator of ONNX: one of the catalogue, or its equations with other functions.

Activations are text in the language of cell files (activations.toml). They take the place of the functions in the
equations of a cell, and the engine derives the rest.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from lstm_sym.cells import built_in_cell, built_in_names
from lstm_sym.equations import Cell, CellError, load, parse
from lstm_sym.interop.conventions import ONNX
from lstm_sym.interop.errors import InteropError

OWN = Path(__file__).parent
"""The folder of cells that the catalogue does not have."""
PLACES = {"LSTM": {"i": 0, "f": 0, "o": 0, "g": 1, "h": 2}, "GRU": {"r": 0, "z": 0, "n": 1}, "RNN": {"h": 0}}
"""Operator -> the quantities with an activation, and which of the operator's activations that is."""
DEFAULTS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
MOST_CLIP = 1e9
"""A bound from here on bounds nothing: no cell holds larger numbers."""
BEFORE = {"en": "{}, before its activation", "zh-Hant": "{}（激活函數之前）", "zh-Hans": "{}（激活函数之前）"}
"""What a pre-activation with a name of its own stands for, after what its quantity does."""


@dataclass(frozen=True)
class Row:
    """An activation as activations.toml has it: its text, what alpha and beta are where a file does not say."""

    text: str
    alpha: float | None = None
    beta: float | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """Which of alpha and beta it has."""
        return tuple(name for name in ("alpha", "beta") if f"{{{name}}}" in self.text)


@cache
def activation_rows() -> Mapping[str, Row]:
    """Name of an activation -> its row."""
    return {name: Row(**row) for name, row in tomllib.loads((OWN / "activations.toml").read_text("utf-8")).items()}


@dataclass(frozen=True)
class Activation:
    """An activation of a node, with the numbers that it has."""

    name: str
    alpha: float | None = None
    beta: float | None = None

    def __str__(self) -> str:
        numbers = [_number(value) for value in (self.alpha, self.beta) if value is not None]
        return f"{self.name}({', '.join(numbers)})" if numbers else self.name

    @property
    def text(self) -> str:
        """In the language of cell files, of {a}."""
        if self == Activation("Affine", 1.0, 0.0):
            return "identity({a})"
        row = activation_rows()[self.name]
        return row.text.format(a="{a}", **{name: _number(getattr(self, name)) for name in row.wanted})

    @property
    def function(self) -> str:
        """The function of cell files that it is, "" where it is more than one."""
        found = re.fullmatch(r"(\w+)\(\{a\}\)", self.text)
        return found[1] if found else ""


def operator_of(kind: str) -> str:
    """The operator of a row of `ONNX`: "LSTM with peepholes" -> "LSTM"."""
    return re.split("[ ,]", kind)[0]


@cache
def row_cell(kind: str) -> Cell:
    """The cell of a row of `ONNX`, with the functions of its paper."""
    name = ONNX[kind].cell
    return built_in_cell(name) if name in built_in_names() else load(OWN / f"{name}.toml")


def cell_of(kind: str, activations: Sequence[Activation], clip: float | None, where: str) -> Cell:
    """The cell that computes an operator with these activations, its pre-activations held between -clip and clip.

    kind: the row of `ONNX`. Raises InteropError for numbers that no cell may hold.
    """
    template = row_cell(kind)
    chosen, lines = dict(template.chosen), []
    for place in places(kind, template.text):
        activation = activations[place.order] if place.order >= 0 else None
        bounded = None if place.is_state else clip
        if activation is None:
            lines.append(place.line)
        elif bounded is None and activation.function in (place.function, *_choices(template, place.function)):
            chosen |= {place.function: activation.function} if place.function in chosen else {}
            lines.append(place.line)
        else:
            lines += place.rewritten(activation, bounded)
    if lines == template.text.splitlines():
        return template.with_options(**chosen) if chosen else template
    text = "\n".join(lines)
    for option, function in chosen.items():
        text = re.sub(rf"\b{option}\(", f"{function}(", text)
    return _parsed(template, text, where)


@dataclass(frozen=True)
class Place:
    """An equation: what stands before its activation, the function, and what it is applied to.

    `order` says which of the activations of the operator it is, -1 for an equation that has none.
    """

    line: str
    target: str
    head: str = ""
    function: str = ""
    inner: str = ""
    order: int = -1

    @property
    def is_state(self) -> bool:
        """Whether the activation is applied to a state as it is, which is not clipped."""
        return re.fullmatch(r"\w+\[t\]", self.inner) is not None

    @property
    def before(self) -> str:
        """The name of what the activation is applied to, where it has one of its own."""
        return f"a_{self.target}"

    def rewritten(self, activation: Activation, clip: float | None) -> list[str]:
        """The equations with another activation."""
        bounded = self.inner if clip is None else f"maximum(minimum({self.inner}, {_number(clip)}), -{_number(clip)})"
        if self.is_state or (clip is None and activation.function):
            return [f"{self.head}{_applied(activation, self.inner, self.head)}"]
        return [f"{self.before}[t] = {bounded}", f"{self.head}{_applied(activation, f'{self.before}[t]', self.head)}"]


def places(kind: str, text: str) -> list[Place]:
    """The equations of a cell, with their activations."""
    orders, found = PLACES[operator_of(kind)], []
    for line in text.splitlines():
        target = line.partition("[t]")[0]
        match = re.fullmatch(r"(\w+\[t\] = (?:\w+\[t\] \* )?)(\w+)\((.*)\)", line)
        if target in orders and match is not None:
            found.append(Place(line, target, match[1], match[2], match[3], orders[target]))
        else:
            found.append(Place(line, target))
    return found


def _applied(activation: Activation, to: str, head: str) -> str:
    """The activation of a quantity; in brackets where it is a factor and more than one function."""
    text = activation.text.format(a=to)
    return f"({text})" if head.endswith("* ") and not activation.function else text


def _choices(template: Cell, function: str) -> tuple[str, ...]:
    """What stands for a function that the cell leaves open."""
    return template.options[function].choices if function in template.options else ()


def _parsed(template: Cell, text: str, where: str) -> Cell:
    try:
        cell = parse(text, key=f"{template.key}_onnx", source="the equations of a node")
    except CellError as error:
        raise InteropError(
            where,
            f"no cell can be made of its activations: {error}",
            "alpha, beta or clip that are no numbers of a usual size",
            "choose numbers from 1e-30 to 1e9 in size",
        ) from error
    meanings = {name: meaning for name, meaning in template.meanings.items() if name in cell.shapes}
    for name in cell.shapes:
        if name not in meanings and (known := template.meanings.get(name.removeprefix("a_"))):
            meanings[name] = {language: BEFORE[language].format(words) for language, words in known.items()}
    return replace(cell, name=f"{template.name}, as in ONNX", reference=template.reference, meanings=meanings)


def _number(value: float) -> str:
    """A number of a file, which keeps them in float32, with no more digits than that has."""
    return str(np.float32(value))
