"""Ways as paths of SVG: round corners, arrows, and a second line beside the first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import hypot

RADIUS, HEAD = 7.0, 4.0

Point = tuple[float, float]


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{round(value, 1):g}"


def simplified(points: Sequence[Point]) -> list[Point]:
    """The points without those that repeat, and without those between two on one straight line."""
    found: list[Point] = []
    for point in points:
        if found and found[-1] == point:
            continue
        if len(found) > 1 and _turn(found[-2], found[-1], point) == 0:
            found.pop()
        found.append(point)
    return found


def rounded(points: Sequence[Point]) -> str:
    """The d of a path through the points, its corners round."""
    points = simplified(points)
    text = f"M{_written(points[0])}"
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(RADIUS, _length(before, here) / 2, _length(here, after) / 2)
        text += (
            f"L{_written(_towards(here, before, radius))}Q{_written(here)} {_written(_towards(here, after, radius))}"
        )
    return f"{text}L{_written(points[-1])}"


def head(points: Sequence[Point]) -> str:
    """The d of an arrow at the end of the last piece: two strokes."""
    before, end = simplified(points)[-2:]
    length = _length(before, end)
    dx, dy = (end[0] - before[0]) / length, (end[1] - before[1]) / length
    one = end[0] - HEAD * (dx + dy * 0.8), end[1] - HEAD * (dy - dx * 0.8)
    other = end[0] - HEAD * (dx - dy * 0.8), end[1] - HEAD * (dy + dx * 0.8)
    return f"M{_written(one)}L{_written(end)}L{_written(other)}"


def beside(points: Sequence[Point], distance: float) -> list[Point]:
    """The way moved to its left-hand side, from its end to its beginning; its pieces are level or upright."""
    points = simplified(points)
    moved = [_shifted(one, other, distance) for one, other in pairwise(points)]
    corners = [(b[0], a[1]) if a[1] == end[1] else (a[0], b[1]) for (a, end), (b, _) in pairwise(moved)]
    return [moved[-1][1], *reversed(corners), moved[0][0]]


def _shifted(one: Point, other: Point, distance: float) -> tuple[Point, Point]:
    length = _length(one, other)
    dx, dy = (other[1] - one[1]) / length * distance, (one[0] - other[0]) / length * distance
    return (one[0] + dx, one[1] + dy), (other[0] + dx, other[1] + dy)


def _length(one: Point, other: Point) -> float:
    return hypot(other[0] - one[0], other[1] - one[1])


def _towards(start: Point, end: Point, distance: float) -> Point:
    share = distance / _length(start, end)
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _turn(one: Point, middle: Point, other: Point) -> float:
    return (middle[0] - one[0]) * (other[1] - one[1]) - (middle[1] - one[1]) * (other[0] - one[0])


def _written(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"
