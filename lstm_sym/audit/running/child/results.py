"""What a function returned: dicts, named tuples and dataclasses as one thing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from . import OWN_BUILTINS

globals()["__builtins__"] = OWN_BUILTINS


def mapping(value: Any) -> Mapping[str, Any] | None:
    """A dict, named tuple, dataclass or namespace as a dict; None for anything else."""
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return vars(value) if isinstance(value, SimpleNamespace) else None


def flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of a dict and of the dicts in it."""
    for name, value in fields.items():
        inner = mapping(value)
        if inner is None:
            yield name, value
        else:
            yield from flat(inner)
