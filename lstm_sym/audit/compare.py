"""Outputs beside the right ones: in which layout they are, how far off, by what factor, and what else they could be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from lstm_sym.audit.errors import SLICES, AuditError
from lstm_sym.audit.sequences.plan import LONG, SHORT
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Named, deviations

BAR, SINGLE_BAR, SATURATED_BAR = 1e-6, 1e-4, 1e-2
"""Relative error up to which an output is right: in double precision, in single, and in single where functions
saturate, for there 1 - y^2 keeps few of its digits.
"""


NOT_ZERO = "not zero"
"""What an output is that is wrong only where it should be zero: no error is relative to that."""


@dataclass(frozen=True)
class Verdict:
    """One output.

    error: the largest relative error, of what is right over the sequences held to the lowest bar. factor: what the
    right one must be multiplied by to come nearest (least squares), `exact` if it then is the output. layout: "" or how
    the axes lie. equals: the output whose right gradient this is, or "W transposed". broken: how many elements are not
    even numbers, and of how many. wrong_on: places of the sequences on which it is wrong. Error, factor and equals are
    those of the usual sequences if it is wrong there; else those of the ones on which it is wrong.
    """

    name: str
    right: bool
    error: float
    factor: float | None = None
    exact: bool = False
    layout: str = ""
    equals: str = ""
    broken: tuple[int, int] | None = None
    wrong_on: tuple[int, ...] = ()


def layouts(found: Named, right: Named, place: str, bar: float = BAR) -> dict[str, tuple[int, ...]]:
    """Name -> the order of its axes that makes it the right one's, for one sequence whose sizes all differ.

    A bias of shape (1, H) or (H, 1) is a vector. Where all other matrices are stored transposed, the square ones are
    all taken as transposed too, or none of them: what makes more of them right. Raises AuditError for a shape that no
    order of the axes makes the right one.
    """
    axes = {name: _axes(value.shape, right[name].shape) for name, value in found.items()}
    for name, order in axes.items():
        if order is None:
            raise _shape_error(name, found[name].shape, right, place)
    known = {name: order for name, order in axes.items() if order is not None}
    matrices = [name for name in found if right[name].ndim == 2 and "[" not in name]
    square = [name for name in matrices if len(set(right[name].shape)) == 1]
    others = [known[name] for name in matrices if name not in square]
    if others and all(order == (1, 0) for order in others):
        as_is = deviations({name: found[name] for name in square}, right)
        as_turned = deviations({name: found[name].T for name in square}, right)
        if sum(error <= bar for error in as_turned.values()) >= sum(error <= bar for error in as_is.values()):
            known |= dict.fromkeys(square, (1, 0))
    return known


def turned(found: Named, right: Named, axes: Mapping[str, tuple[int, ...]], place: str) -> Named:
    """The outputs of a sequence with their axes in the order of the right ones. Raises AuditError as `layouts` does."""
    placed = {}
    for name, value in found.items():
        placed[name] = value.transpose(axes[name]) if value.ndim == right[name].ndim else value
        if placed[name].size != right[name].size:
            raise _shape_error(name, value.shape, right, place)
        placed[name] = placed[name].reshape(right[name].shape)
    return placed


def layout_text(axes: tuple[int, ...]) -> str:
    """A layout in a word or two; "" for that of the equations."""
    if axes == tuple(range(len(axes))):
        return ""
    return {(1, 0): "transposed", (1, 0, 2): "batch first"}.get(axes, f"axes {axes}")


def _axes(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...] | None:
    if len(shape) != len(wanted):
        same = [size for size in shape if size != 1] == [size for size in wanted if size != 1]
        return tuple(range(len(wanted))) if same else None
    orders = permutations(range(len(shape)))
    return next((axes for axes in orders if tuple(shape[axis] for axis in axes) == wanted), None)


def _shape_error(name: str, shape: tuple[int, ...], right: Named, place: str) -> Exception:
    wanted = right[name].shape
    what = f"{place} returned {name} of shape {shape}; it must be {wanted} or that transposed"
    states = [value.shape[-1] for other, value in right.items() if "[" in other]
    widths = {"x": states, **{other: [right["x"].shape[-1]] for other in right if "[" in other and "x" in right}}
    if any(shape == (*wanted[:-1], width) for width in widths.get(name, [])):
        return AuditError("", what, *SLICES)
    batch = "a gradient of each sequence or step, not summed over them" if len(shape) > len(wanted) else ""
    return AuditError(
        "",
        what,
        batch or "another quantity under this name, or a sum over the wrong axis",
        f"the gradient of {name} has the shape of {name.removesuffix('[0]')} itself",
    )


def verdict(name: str, found: Sequence[Named], right: Sequence[Named], layout: str, bars: Sequence[float]) -> Verdict:
    """The verdict on one output, over all the sequences, axes in order; bars: the relative error allowed on each."""
    values, expected = [named[name] for named in found], [named[name] for named in right]
    broken = sum(int((~np.isfinite(value)).sum()) for value in values)
    errors = [deviations({name: v}, r)[name] for v, r in zip(values, right, strict=True)]
    wrong_on = tuple(place for place, error in enumerate(errors) if not error <= bars[place])
    if broken:
        total = sum(value.size for value in values)
        return Verdict(name, False, float("inf"), broken=(broken, total), wrong_on=wrong_on)
    if not wrong_on:
        error = max(error for error, bar in zip(errors, bars, strict=True) if bar == min(bars))
        return Verdict(name, True, error, layout=layout)
    usual = [place for place in sorted((*LONG, *SHORT)) if place < len(found)]
    shown = usual if set(usual) & set(wrong_on) else wrong_on
    if not any(expected[place].any() for place in {*shown} & {*wrong_on}):
        return Verdict(name, False, float("inf"), layout=layout, equals=NOT_ZERO, wrong_on=wrong_on)
    shown = [place for place in shown if expected[place].any()]
    values, expected, bar = [values[k] for k in shown], [expected[k] for k in shown], max(bars[k] for k in shown)
    factor = _factor(values, expected)
    exact = factor is not None and _is(values, [factor * value for value in expected], bar)
    equals = _equals(name, values, [right[k] for k in shown], bar)
    return Verdict(name, False, max(errors[k] for k in shown), factor, exact, layout, equals, wrong_on=wrong_on)


def _factor(found: Sequence[Array], right: Sequence[Array]) -> float | None:
    """The number f that minimises sum |found - f right|^2."""
    size = sum(float((r * r).sum()) for r in right)
    return sum(float((f * r).sum()) for f, r in zip(found, right, strict=True)) / size if size else None


def _equals(name: str, values: Sequence[Array], right: Sequence[Named], bar: float) -> str:
    """Whose right gradient this output is: another's, or its own or another's transposed."""
    if not any(value.any() for value in values):
        return "zero"
    for other in right[0]:
        expected = [named[other] for named in right]
        if other != name and _is(values, expected, bar):
            return other
        if expected[0].ndim == 2 and "[" not in other and _is(values, [value.T for value in expected], bar):
            return f"{other} transposed"
    return ""


def _is(found: Sequence[Array], right: Sequence[Array], bar: float) -> bool:
    """Whether two lists of arrays agree."""
    pairs: list[tuple[Any, Any]] = list(zip(found, right, strict=True))
    return all(f.shape == r.shape and np.abs(f - r).max() <= bar * np.abs(r).max() and r.any() for f, r in pairs)
