"""Draw the rooms of lstm_sym as docs/figures/rooms.svg: `python docs/figures/rooms.py`.

Floors are those of tests/test_rooms.py, arrows are the imports of the code. An arrow that follows from others is left
out: where a room imports another through a third, the two arrows by way of the third are drawn.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "figures" / "rooms.svg"
LEFT_OUT = {"__init__", "__main__"}
LANE, BOX, HEIGHT, FLOOR, MARGIN = 150, 124, 34, 74, 30
MAIN = 2.3
LANES = {
    **{"inputs": 0, "audit": 0.7, "mistakes": 1, "cells": 1.2, "passes": 3.3, "check": 3.5, "diagram": 3.6},
    **{"kernels": 4.7, "through_time": 5.2, "flow": 5.2, "document": 5.2, "networks": 4.4},
    **{"interop": 1.4, "explore": 3.9, "shipped": 1.4, "proofreading": 0.3},
}
"""Room -> how far to the right it stands; all others are the way from equations to commands, one above the other."""
WIDTH = round(2 * MARGIN + 5.2 * LANE + BOX)
HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {{height}}"
font-family="sans-serif" font-size="15">
<title>The rooms of lstm_sym: each imports what stands below it</title>
<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>
<rect width="{WIDTH}" height="{{height}}" fill="white"/>
"""
BOXED = (
    '<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="#eef2ff" stroke="#4f46e5"/>'
    '<text x="{middle}" y="{line}" text-anchor="middle">{name}</text>\n'
)
ARROW = '<path d="M{x0} {y0}C{x0} {half} {x1} {half} {x1} {y1}" {style}/>\n'
STYLE = 'fill="none" stroke="#64748b" marker-end="url(#end)"'


def rooms_test() -> ModuleType:
    """tests/test_rooms.py, which holds the floors and reads imports."""
    spec = importlib.util.spec_from_file_location("rooms_of_the_test", ROOT / "tests" / "test_rooms.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def floors() -> list[tuple[str, ...]]:
    """The rooms that are there, the ground floor first."""
    known = rooms_test().FLOORS["lstm_sym"]
    there = {path.parent.name for path in (ROOT / "lstm_sym").glob("*/__init__.py")} - LEFT_OUT
    return [found for floor in known if (found := tuple(room for room in floor if room in there))]


def imports_of_rooms() -> dict[str, set[str]]:
    """Room -> the other rooms that its modules import."""
    test, rooms = rooms_test(), {room for floor in floors() for room in floor}
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for module in test.modules():
        own = test.room(module.name, "lstm_sym")
        for _, name in test.imports(module):
            other = test.room(name, "lstm_sym") if name.startswith("lstm_sym.") else own
            if own in rooms and other in rooms - {own}:
                found[own].add(other)
    return found


def reduced(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The arrows that follow from no others."""

    def reached(room: str) -> set[str]:
        return {other for near in graph[room] for other in {near, *reached(near)}}

    return [
        (room, other)
        for room in sorted(graph)
        for other in sorted(graph[room])
        if not any(other in reached(near) for near in graph[room] - {other})
    ]


def drawn() -> str:
    """The picture: the same text on every machine."""
    rows = floors()
    height = FLOOR * (len(rows) - 1) + HEIGHT + 2 * MARGIN
    places, boxes = dict[str, tuple[int, int]](), ""
    for number, row in enumerate(rows):
        y = height - MARGIN - HEIGHT - FLOOR * number
        for room in row:
            middle = round(MARGIN + BOX / 2 + LANE * LANES.get(room, MAIN))
            places[room] = middle, y
            box = {"x": middle - BOX // 2, "y": y, "width": BOX, "height": HEIGHT, "middle": middle, "line": y + 22}
            boxes += BOXED.format(name=room, **box)
    lines = ""
    for room, other in reduced(imports_of_rooms()):
        (x0, y0), (x1, y1) = places[room], places[other]
        aside = max(5 - BOX // 2, min(BOX // 2 - 5, x1 - x0))
        x0, x1, half = x0 + aside, x1 - aside // 3, (y0 + HEIGHT + y1) // 2
        lines += ARROW.format(x0=x0, y0=y0 + HEIGHT, x1=x1, y1=y1, half=half, style=STYLE)
    return HEAD.format(height=height) + lines + boxes + "</svg>\n"


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")
