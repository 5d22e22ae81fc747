"""How each curve of a figure is stroked: its colour, and dashes where it would else hide another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_sym.flow.drawing.colours import DASHES, MUTED, PALETTE, model_colours

KINDS: dict[str, Any] = {"measured": "solid", "theory": (0, (5, 1.6)), "bound": (0, (1.2, 1.4))}
OVER: tuple[Any, ...] = ((0, (4, 4)), (0, (2, 2)), (0, (1, 3)), (0, (6, 2)), (0, (3, 1, 1, 1)))
"""Dashes of a curve that lies on others, through whose gaps those are seen."""
NEAR, MANY = 0.008, 0.5
"""Two curves lie on each other where they are nearer than this share of the axis, at this share of their points."""


def stroked(curves: Sequence[Any], limits: tuple[float, float]) -> list[dict[str, Any]]:
    """Colour and dashes of every `Curve`; `limits` are those of the axis. No two that coincide have the same dashes."""
    measured = [curve.label for curve in curves if curve.kind == "measured"]
    colours = model_colours(measured) | {curve.label: curve.colour for curve in curves if curve.colour}
    repeated = {label: DASHES[at // len(PALETTE) % len(DASHES)] for at, label in enumerate(measured)}
    found: list[dict[str, Any]] = []
    for place, curve in enumerate(curves):
        own = repeated[curve.label] if curve.kind == "measured" else KINDS[curve.kind]
        beneath = [found[at]["linestyle"] for at in range(place) if coincide(curves[at], curve, limits)]
        free = [dashes for dashes in (own, *OVER) if dashes not in beneath]
        colour = colours.get(curve.label if curve.kind == "measured" or curve.colour else curve.of, MUTED)
        found.append({"color": colour, "linestyle": free[0] if free else own})
    return found


def coincide(one: Any, other: Any, limits: tuple[float, float]) -> bool:
    """Whether two curves lie on each other over much of the x that they share, exact zeros left out."""
    shared = (other.x >= one.x[0]) & (other.x <= one.x[-1]) & np.isfinite(other.y)
    seen = np.isfinite(one.y)
    if not shared.any() or not seen.any():
        return False
    apart = np.abs(np.interp(other.x[shared], one.x[seen], one.y[seen]) - other.y[shared])
    return bool((apart <= NEAR * abs(limits[1] - limits[0])).mean() >= MANY)
