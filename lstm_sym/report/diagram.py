"""The diagram of a cell: as a block of its derivation, and as a file that stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import ceil

import sympy

from lstm_sym.api import Derivation, derive
from lstm_sym.diagram.drawing import Drawing, style
from lstm_sym.diagram.graph import Graph
from lstm_sym.diagram.measures import INDEX, READ
from lstm_sym.diagram.paths import number
from lstm_sym.document import document as d
from lstm_sym.document.colours import colour_class, colour_style, quantity_colours
from lstm_sym.document.html import page_colours
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.report.formulas import expression_math, value_math

LARGER = 1.45
"""How much larger than it is laid out a drawing is on a wide page."""


SMALLER, WIDE, AROUND = 1.1, 430.0, 40.0
"""The same of a drawing beside a step; the widest that is shown whole there, and what is shown beside what is lit."""


def diagram_block(drawing: Drawing, sentences: Sentences) -> d.Diagram:
    """The drawing for a page, and which state is only scaled and added to, if one is."""

    def write(classes: Mapping[str, str], prefix: str) -> str:
        width = drawing.placement.width
        sized = f' style="min-width: {ceil(READ / INDEX * width)}px; max-width: {LARGER * width:.0f}px" role="group"'
        return drawing.svg(classes, f' id="{escape(prefix)}drawing"{sized}', prefix=prefix)

    lines = (sentences.line("diagram.caption"), *_thick_lines(drawing.derivation, drawing.graph, sentences))
    return d.Diagram(write, style() + drawing.lighting.rules(), lines, sentences.text("diagram.gradients"))


def step_block(drawing: Drawing, place: int, blocks: tuple[d.Block, ...], name: str) -> d.Beside:
    """Blocks beside the drawing of the page with the equation of a place lit, from 1; `name` says what is lit."""
    width, height = drawing.placement.width, drawing.placement.height
    left, right = _around(drawing, place)
    sized = f"max-width: {SMALLER * (right - left):.0f}px"
    seen = f"{number(left)} 0 {number(right - left)} {number(height)}"
    shown = f'viewBox="{seen}" style="{drawing.lighting.at(place)}{sized}"'

    def write(classes: Mapping[str, str], prefix: str) -> str:
        used = f'<use href="#{escape(prefix)}drawing" width="{number(width)}" height="{number(height)}"/>'
        return f'<svg {shown} role="img" aria-label="{escape(name)}">{used}</svg>'

    return d.Beside(blocks, write)


def _around(drawing: Drawing, place: int) -> tuple[float, float]:
    """From where to where the drawing is shown for an equation: whole, or of a wide one the part around what is lit."""
    whole = drawing.placement.width
    nodes = drawing.graph.nodes.values()
    lit = [drawing.placement.places[node.name] for node in nodes if place in drawing.lighting.node(node)]
    if whole <= WIDE or not lit:
        return 0.0, whole
    left, right = min(one.x for one in lit), max(one.right for one in lit)
    missing = max(WIDE - (right - left), 2 * AROUND) / 2
    start = min(max(left - missing, 0.0), max(whole - (right - left) - 2 * missing, 0.0))
    return start, min(start + (right - left) + 2 * missing, whole)


def picture_block(drawing: Drawing, blocks: tuple[d.Block, ...], name: str) -> d.Beside:
    """Blocks beside a drawing of their own, without links."""
    named = f' style="max-width: {SMALLER * drawing.placement.width:.0f}px" role="img" aria-label="{escape(name)}"'

    def write(classes: Mapping[str, str], prefix: str) -> str:
        return drawing.svg(classes, named, prefix=prefix, linked=False, gradients=False)

    return d.Beside(blocks, write, style=style())


def _thick_lines(derivation: Derivation, graph: Graph, sentences: Sentences) -> list[d.Line]:
    """What each thick line is; that there is none, in a cell with states."""
    values, found = {value.symbol: value for value in derivation.forward.values()}, list[d.Line]()
    for before, way in graph.carousels.items():
        kept, state = graph.kept(before), value_math(graph.nodes[way[-1]].values[0])
        count, factor = graph.count_of_ways(before), expression_math(sympy.factor_terms(kept), values)
        key = "ways" if count > 1 else "added" if kept == 1 else "scaled"
        found.append(sentences.line(f"diagram.{key}", state=state, factor=factor, count=str(count)))
    return found or ([sentences.line("diagram.none")] if graph.states else [])


def diagram_file(cell: Cell, *, gradients: bool = False) -> str:
    """The diagram as an SVG file, for light and for dark pages. Same cell, same bytes.

    gradients: with the lines on which gradients run back.
    """
    colours = quantity_colours([tuple(equation.target for equation in cell.equations)])
    drawing = Drawing(derive(cell))
    width, height = (round(LARGER * size) for size in (drawing.placement.width, drawing.placement.height))
    sized = f' xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img"'
    rules = page_colours() + colour_style(colours) + style()
    head = f"<title>{escape(cell.name or cell.key)}</title>\n<style>\n{rules}</style>\n"
    classes = {name: colour_class(name) for name in colours}
    return drawing.svg(classes, sized, head=head, linked=False, gradients=gradients)
