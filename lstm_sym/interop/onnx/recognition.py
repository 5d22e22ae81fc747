"""Which operator of ONNX computes a cell: the way back from equations to activations and clip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from lstm_sym.equations import Cell
from lstm_sym.interop.conventions import ONNX
from lstm_sym.interop.onnx.cells import (
    DEFAULTS,
    Activation,
    Place,
    activation_rows,
    cell_of,
    operator_of,
    places,
    row_cell,
)

_NUMBER = r"-?\d[\d.e+-]*"
_CLIPPED = re.compile(rf"maximum\(minimum\((?P<inner>.*), (?P<clip>{_NUMBER})\), -(?P=clip)\)")


class Operator(NamedTuple):
    """A row of `conventions.ONNX`, its activations, and the bound on pre-activations, None where there is none."""

    kind: str
    activations: tuple[Activation, ...]
    clip: float | None


def operator_for(cell: Cell) -> Operator | None:
    """The operator that computes a cell of these equations, None where ONNX has none.

    What is found is written as equations again, and these must be those of the cell.
    """
    text = _as_chosen(cell)
    for kind in ONNX:
        found = _read(kind, dict(_sides(text)))
        if found is None:
            continue
        again = cell_of(*found, "")
        if _as_chosen(again) == text and (again.output, again.initial, again.declared, dict(again.sizes)) == (
            cell.output,
            cell.initial,
            cell.declared,
            dict(cell.sizes),
        ):
            return found
    return None


def _read(kind: str, sides: dict[str, str]) -> Operator | None:
    """The activations in equations (target -> right side); None where they are not those of the row."""
    found: dict[int, Activation] = {}
    clips: set[float | None] = set()
    for place in places(kind, row_cell(kind).text):
        if place.target not in sides:
            return None
        if place.order < 0:
            continue
        head = place.head.partition(" = ")[2]
        read = _activation(place, sides[place.target].removeprefix(head), sides)
        if read is None or found.setdefault(place.order, read[0]) != read[0]:
            return None
        clips |= set() if place.is_state else {read[1]}
    if len(clips) != 1:
        return None
    return Operator(kind, tuple(found[k] for k in range(len(DEFAULTS[operator_of(kind)]))), clips.pop())


def _activation(place: Place, applied: str, sides: dict[str, str]) -> tuple[Activation, float | None] | None:
    """The activation of an equation, and the bound on what it is applied to."""
    for activation, to in _applied(applied):
        inner = sides.get(to.removesuffix("[t]"), "") if to == f"{place.before}[t]" else to
        clipped = _CLIPPED.fullmatch(inner)
        if inner == place.inner:
            return activation, None
        if clipped is not None and clipped["inner"] == place.inner:
            return activation, float(clipped["clip"])
    return None


def _applied(text: str) -> Iterator[tuple[Activation, str]]:
    """The activations that a text may be, each with what it is applied to."""
    for name, pattern in _patterns().items():
        if match := pattern.fullmatch(text) or pattern.fullmatch(text.removeprefix("(").removesuffix(")")):
            numbers = {key: float(value) for key, value in match.groupdict().items() if key != "a"}
            yield Activation(name, **numbers), match["a"]
    if match := re.fullmatch(r"identity\((.*)\)", text):
        yield Activation("Affine", 1.0, 0.0), match[1]


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Name of an activation -> what its text looks like."""
    found = {}
    for name, row in activation_rows().items():
        parts: list[str] = []
        for part in re.split(r"(\{\w+\})", row.text):
            key = part.strip("{}")
            if part == f"{{{key}}}":
                known = f"(?P<{key}>" in "".join(parts)
                parts.append(f"(?P={key})" if known else f"(?P<{key}>{'.+' if key == 'a' else _NUMBER})")
            else:
                parts.append(re.escape(part))
        found[name] = re.compile("".join(parts))
    return found


def _as_chosen(cell: Cell) -> str:
    """The equations with the functions that are chosen for what the cell leaves open."""
    text = cell.text
    for option, function in cell.chosen.items():
        text = re.sub(rf"\b{option}\(", f"{function}(", text)
    return text


def _sides(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        target, _, right = line.partition("[t] = ")
        yield target, right
