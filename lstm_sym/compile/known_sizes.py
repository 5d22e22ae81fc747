"""Which axis of which array tells a symbolic size, each by the sizes before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import parts_of


@dataclass(frozen=True)
class SizeRule:
    """size = (axis `axis` of `record`.`array` - others) / divisor; axis -1 is the last.

    `others` are sizes that are known before, as "2 * M"; record is "params", "state" or "dstate", and "" for
    an array by itself.
    """

    record: str
    array: str
    axis: int
    others: tuple[str, ...] = ()
    divisor: int = 1


def size_rules(cell: Cell, others: Mapping[tuple[str, str], str] | None = None) -> dict[str, SizeRule]:
    """Size -> what tells it: the parameters, else the last axis of `others`, (record, array) -> its symbolic size."""
    axes = {("params", name, k): size for name in cell.parameters for k, size in enumerate(cell.shapes[name])}
    axes |= {(*array, -1): size for array, size in (others or {}).items()}
    known: dict[str, SizeRule] = {}
    while found := next((f for axis, size in axes.items() if (f := _solved(axis, size, known))), None):
        known[found[0]] = found[1]
    return known


def _solved(axis: tuple[str, str, int], size: str, known: Mapping[str, SizeRule]) -> tuple[str, SizeRule] | None:
    """A name that is not known yet, and how an axis of this size tells it."""
    parts = parts_of(size)
    unknown = [name for name in parts if name not in known]
    if len(unknown) != 1:
        return None
    others = [name if count == 1 else f"{count} * {name}" for name, count in parts.items() if name in known]
    return unknown[0], SizeRule(*axis, tuple(others), parts[unknown[0]])
