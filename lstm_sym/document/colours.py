"""The colour of a gate in the equations of a page: that of the figures. The letter says the same without colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lstm_sym.flow.drawing.colours import GATES, SAME, GateColour, gate_colours


def quantity_colours(cells: Iterable[Sequence[str]]) -> dict[str, GateColour]:
    """A colour for what the equations define, {"i": ..., "c": ...}, for the names of one cell or of several.

    Of more names than there are colours, only those have one that figures know: no colour says two things. Where cells
    disagree on a name, the first is followed.
    """
    found: dict[str, GateColour] = {}
    for names in cells:
        colours = gate_colours(names)
        if len(set(colours.values())) < len(colours):
            colours = gate_colours([name for name in names if name in GATES or name in SAME])
        found = colours | found
    return found


def colour_class(name: str) -> str:
    """The class of a quantity on a page."""
    return f"q-{name}"


def colour_style(colours: Mapping[str, GateColour]) -> str:
    """The rules of a style sheet: for a light page and for paper, then for a dark screen."""
    if not colours:
        return ""
    light = "".join(f".{colour_class(name)} {{ color: {colour.light}; }}\n" for name, colour in colours.items())
    dark = "".join(f"  .{colour_class(name)} {{ color: {colour.dark}; }}\n" for name, colour in colours.items())
    return f"{light}@media screen and (prefers-color-scheme: dark) {{\n{dark}}}\n"
