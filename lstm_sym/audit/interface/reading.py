"""What came back, in the user's arrangement, as gradients of the cell's parameters in the layout of the equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_sym.audit.interface.description import Arrangement, Interface
from lstm_sym.audit.interface.gates import Gates, blocks
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Named, deviations


@dataclass(frozen=True)
class Read:
    """Outputs by our names, and the names of those that came unsummed, with the axes that were summed, "B" or "T"."""

    outputs: Named
    unsummed: Mapping[str, str]


def read(
    raw: Named,
    interface: Interface | None,
    arrangement: Arrangement,
    gates: Gates,
    right: Named,
    sizes: Mapping[str, int],
) -> Read:
    """Outputs of one sequence; what has a shape of its own is left as it came. right: of every output there may be."""
    found: Named = {}
    unsummed: dict[str, str] = {}
    by_step = interface is not None and interface.by == "step"
    for name, value in raw.items():
        if name.startswith("forward/"):
            continue
        if name == "x":
            parts = {"x": input_gradient(value, arrangement, by_step)}
        elif name.endswith("[0]"):
            parts = {state_of(name, arrangement, right): state_gradient(value, arrangement, by_step)}
        else:
            rows = rows_of(name, interface, arrangement, gates)
            if not rows:
                continue
            value, axes = summed(value, rows, arrangement, right, sizes)
            parts = unpacked(value, rows, arrangement, right)
            unsummed |= dict.fromkeys(parts, axes) if axes else {}
        for part, gradient in parts.items():
            if part not in found or worse(gradient, found[part], right[part]):
                found[part] = gradient
    return Read(found, unsummed)


def rows_of(
    name: str, interface: Interface | None, arrangement: Arrangement, gates: Gates
) -> tuple[tuple[str, ...], ...]:
    """The parameters in an array that came back: "pack/Wx", or a parameter itself."""
    if interface is None or not name.startswith("pack/"):
        return ((name,),)
    pack = interface.packs[arrangement.reading].get(name.removeprefix("pack/"))
    return blocks(pack, arrangement, gates) if pack else ()


def state_of(name: str, arrangement: Arrangement, right: Named) -> str:
    """The first state that a gradient is of; of one that is known by its place in a tuple, "states/1[0]", its name."""
    kind, _, place = name.removesuffix("[0]").partition("/")
    if kind != "states":
        return name
    order = arrangement.states or [state.removesuffix("[0]") for state in right if state.endswith("[0]")]
    return f"{order[int(place)]}[0]"


def input_gradient(value: Array, arrangement: Arrangement, by_step: bool) -> Array:
    """The gradient of x as (T, B, D), if it has the axes in which x was given."""
    order = arrangement.sequence if not by_step else "T" + arrangement.sequence.replace("T", "")
    if arrangement.is_single or value.ndim != len(order):
        return value
    return value.transpose([order.index(axis) for axis in "TBD"])


def state_gradient(value: Array, arrangement: Arrangement, by_step: bool) -> Array:
    """The gradient of a first state as (B, H), if it has the axes in which states were given."""
    is_column = arrangement.sequence.index("D") < arrangement.sequence.find("B")
    return value.T if is_column and not by_step and value.ndim == 2 else value


def summed(
    value: Array, rows: tuple[tuple[str, ...], ...], arrangement: Arrangement, right: Named, sizes: Mapping[str, int]
) -> tuple[Array, str]:
    """A gradient summed over axes of the batch or of time that stand before or after its own; and which these were."""
    shape = shape_of(rows, right)
    wanted = {shape, shape[::-1]} | ({(1, *shape), (*shape, 1)} if len(shape) == 1 else set())
    over = {sizes["B"]: "B", sizes["T"]: "T"}
    for axes in ((0,), (-1,), (0, 1)):
        left = np.delete(value.shape, axes) if value.ndim > len(shape) and value.ndim > len(axes) else ()
        if tuple(left) in wanted and value.shape not in wanted:
            names = [over.get(value.shape[axis], "") for axis in axes]
            if all(names):
                return value.sum(axis=axes), "".join(names)
    return value, ""


def shape_of(rows: tuple[tuple[str, ...], ...], right: Named) -> tuple[int, ...]:
    """The shape of an array that holds these parameters, gates below each other."""
    first = [right[name] for name in rows[0]]
    height = sum(len(right[row[0]]) for row in rows) if first[0].ndim else 0
    if len(first) == 1 and first[0].ndim < 2:
        return (height,) if first[0].ndim else ()
    return height, sum(part.shape[1] if part.ndim == 2 else 1 for part in first)


def unpacked(value: Array, rows: tuple[tuple[str, ...], ...], arrangement: Arrangement, right: Named) -> Named:
    """The parameters in an array, each by itself. One that holds a single one is turned only if it was given so."""
    is_alone = len(rows) == len(rows[0]) == 1
    if value.ndim == 2 and arrangement.turned and right[rows[0][0]].ndim == 2:
        value = value.T
    if is_alone:
        return {rows[0][0]: value}
    shape = shape_of(rows, right)
    if value.shape == shape[::-1] != shape and len(shape) == 2:
        value = value.T
    if len(shape) == 1 and value.size == shape[0]:
        value = value.reshape(shape)
    if value.shape != shape:
        return {name: value for row in rows for name in row}
    found: Named = {}
    start = 0
    for row in rows:
        height = len(right[row[0]])
        left = 0
        for name in row:
            width = right[name].shape[1] if right[name].ndim == 2 else 1
            part = (
                value[start : start + height] if len(shape) == 1 else value[start : start + height, left : left + width]
            )
            found[name] = part.reshape(right[name].shape)
            left += width
        start += height
    return found


def worse(one: Array, other: Array, right: Array) -> bool:
    """Whether the first of two gradients of the same parameter is farther off."""
    if one.shape != right.shape or other.shape != right.shape:
        return bool(one.shape != right.shape)
    first, second = (deviations({"": value}, {"": right})[""] for value in (one, other))
    return first > second
