"""What a function returned: dicts, named tuples and dataclasses as one thing, tuples by the names returned."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from numpy import asarray, float64

from . import OWN_BUILTINS
from .values import Complaint

globals()["__builtins__"] = OWN_BUILTINS


def mapping(value: Any) -> Mapping[str, Any] | None:
    """A dict, named tuple, dataclass or namespace as a dict; None for anything else."""
    if isinstance(value, Mapping):
        return None if is_by_step(value) else {str(key): entry for key, entry in value.items()}
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return vars(value) if isinstance(value, SimpleNamespace) else None


def is_by_step(value: Mapping[Any, Any]) -> bool:
    """Whether it is a dict of steps: its keys are 0, 1, ..., and -1 perhaps."""
    return len(value) > 0 and all(isinstance(key, int) for key in value)


def of_steps(values: list[Any]) -> dict[str, Any] | None:
    """A list of dicts of the same keys, one a step, as a dict of lists; None for anything else."""
    fields = [mapping(value) for value in values]
    first = fields[0] if fields else None
    if first is None or any(each is None or each.keys() != first.keys() for each in fields):
        return None
    return {name: [each[name] for each in fields if each is not None] for name in first}


def flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of a dict and of the dicts in it."""
    for name, value in fields.items():
        inner = mapping(value)
        if inner is None:
            yield name, value
        else:
            yield from flat(inner)


def by_names(result: Any, names: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """What was returned, by the names that stand in the return statement; dicts in it by their own."""
    for name, value in zip(names, result, strict=True):
        fields = mapping(value)
        if fields is not None:
            yield from flat(fields)
        elif isinstance(name, list | tuple) and isinstance(value, list | tuple) and len(name) == len(value):
            yield from by_names(value, name)
        elif value is not None:
            yield str(name), value


def spread(entries: Iterable[tuple[str, Any]], table: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The entries, each part of a tuple by itself where it is one of states: "dstate/0", "dstate/1"."""
    for name, value in entries:
        if isinstance(value, list | tuple) and f"{name}/0" in table:
            yield from ((f"{name}/{place}", part) for place, part in enumerate(value))
        else:
            yield name, value


def is_gradient(name: str) -> bool:
    """Whether a name says that it is of a gradient: dh, grad_h, h_grad, delta_h."""
    return name.lower().startswith(("d", "g_", "adj")) or "grad" in name.lower() or "bar" in name.lower()


def as_doubles(name: str, value: Any) -> tuple[Any, bool]:
    """An output as an array of doubles, and whether it came in single precision."""
    if isinstance(value, Mapping) and is_by_step(value):
        value = [value[key] for key in sorted(value) if key >= 0]
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        found = asarray(value)
    except ValueError:  # a list of arrays that make no array together
        raise Complaint("not numbers", output=name, type=type(value).__name__, dtype="several shapes") from None
    if found.dtype.kind not in "fiu":
        raise Complaint("not numbers", output=name, type=type(value).__name__, dtype=str(found.dtype))
    return found.astype(float64), found.dtype.kind == "f" and found.dtype.itemsize < 8
