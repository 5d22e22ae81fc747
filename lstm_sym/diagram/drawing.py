"""The drawing of a cell as SVG: inline in a report, each part a link to its equation; or a file that stands alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape
from importlib.resources import files
from itertools import pairwise

from lstm_sym.compile.derivation import Derivation
from lstm_sym.diagram.expansion import expanded
from lstm_sym.diagram.folding import folded
from lstm_sym.diagram.graph import HANDED_ON, Edge, Graph, Kind, Node
from lstm_sym.diagram.lighting import Lighting, name_of
from lstm_sym.diagram.measures import ASIDE, GAP, Piece, joint_width
from lstm_sym.diagram.paths import beside, head, number, rounded
from lstm_sym.diagram.placement import Place, Placement, laid_out
from lstm_sym.diagram.references import Reference, References

BESIDE, BESIDE_THICK = 4.0, 6.5
"""How far the line of a gradient runs beside its edge."""
INDEX_DROP, POINT = 4, 9
"""How much lower an index stands, and the length of the point of a thick line."""


def graph_of(derivation: Derivation) -> Graph:
    """What is drawn of a cell."""
    return folded(expanded(derivation.forward, derivation.cell.signs))


def style() -> str:
    """The rules of the drawing; colours of quantities are classes of the page, --ink and the like its variables."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


class Drawing:
    """The drawing of a cell, laid out once it is asked for: its `graph`, its `placement`, and the SVG of them."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.graph = derivation, graph_of(derivation)

    @cached_property
    def placement(self) -> Placement:
        """Where everything stands."""
        return laid_out(self.graph)

    @cached_property
    def references(self) -> References:
        """The equations that its parts are."""
        return References(self.derivation)

    @cached_property
    def lighting(self) -> Lighting:
        """Which equations its parts belong to."""
        return Lighting(self.graph, self.derivation.cell)

    @cached_property
    def thick(self) -> dict[tuple[str, str], str]:
        """The ends of each edge on a thick line, with the state before the step."""
        return {pair: way[0] for way in self.graph.carousels.values() for pair in pairwise(way)}

    def svg(
        self,
        classes: Mapping[str, str],
        attributes: str = "",
        *,
        prefix: str = "",
        head: str = "",
        linked: bool = True,
        gradients: bool = True,
    ) -> str:
        """The <svg> element.

        classes: name of a quantity -> its class on the page. attributes: further ones of the element. prefix: what
        stands before every anchor. head: what stands first in it. linked: whether parts are links to their equations.
        gradients: whether the layer of gradients is there.
        """
        ink = _Ink(self, classes, prefix, linked)
        width, height = number(self.placement.width), number(self.placement.height)
        parts = ['<g class="forward">', *ink.edges(), "</g>", *map(ink.node, self.graph.nodes.values())]
        parts += ['<g class="gradient">', *ink.gradients(), "</g>"] if gradients else []
        body = "\n".join(parts)
        return f'<svg{attributes} viewBox="0 0 {width} {height}" class="cell-diagram">\n{head}{body}\n</svg>\n'


class _Ink:
    """Writes the parts of a drawing for one page."""

    def __init__(self, drawing: Drawing, classes: Mapping[str, str], prefix: str, linked: bool) -> None:
        self.graph, self.placement, self.references = drawing.graph, drawing.placement, drawing.references
        self.thick, self.classes, self.prefix, self.linked = drawing.thick, classes, prefix, linked
        self.lighting = drawing.lighting

    def edges(self) -> Iterator[str]:
        """All edges, those of states that are only scaled and added to on top of the others."""
        for edge in sorted(self.graph.edges, key=lambda edge: (edge.source, edge.target) in self.thick):
            yield self.edge(edge)
        for net, (x, y) in self.placement.forks:
            wide = "3.4" if any(net == one for one, _ in self.thick) else "2.6"
            shown = f'<circle class="dot" cx="{number(x)}" cy="{number(y)}" r="{wide}"/>'
            colour = self.colour(self.graph.nodes[net])
            marks = " ".join(filter(None, ["edge", name_of(self.lighting.node(self.graph.nodes[net]))]))
            inner = f'<g class="{colour}">{shown}</g>' if colour else shown
            yield f'<g class="{marks}">{inner}</g>'

    def edge(self, edge: Edge) -> str:
        """An edge with its arrow; what is subtracted has its sign at the end."""
        route = self.placement.routes[edge.source, edge.target]
        source, thick = self.graph.nodes[edge.source], (edge.source, edge.target) in self.thick
        x, y = route[-1]
        pointed = thick and self.graph.nodes[edge.target].kind is Kind.AFTER
        way = rounded([*route[:-1], (x - POINT, y)] if pointed else route)
        shown = f'<path class="halo" d="{way}"/><path d="{way}"/>'
        if pointed:
            shown += f'<path class="point" d="M{number(x - POINT)} {number(y - 6)}l{POINT} 6l-{POINT} 6z"/>'
        elif not thick:
            shown += f'<path d="{head(route)}"/>'
        if edge.sign < 0:
            shown += self.minus(edge.target, *route[-1])
        state = self.graph.nodes[self.thick.get((edge.source, edge.target), edge.source)]
        group = self.lighting.edge(edge)
        kind, reference = "thick" if thick else "edge", self.references.forward(edge, source)
        return self.part(kind, self.colour(state), reference, shown, group)

    def minus(self, target: str, x: float, y: float) -> str:
        """The sign of what is subtracted: within a box, beside the end of the line at a joint."""
        place = self.placement.places[target]
        if self.graph.nodes[target].kind is Kind.BOX:
            x, y = x + 2, y + 4
        elif x == place.x:
            x, y = x - 12, y - 5
        else:
            x, y = x + 4, y + (14 if y > place.y else -5)
        return f'<text class="f" x="{number(x)}" y="{number(y)}" font-size="13">−</text>'

    def colour(self, node: Node) -> str:
        """The class of the quantity that a node gives; of what gives several, or none by name, the class of an edge."""
        name = node.values[0].name if len(node.values) == 1 else ""
        return self.classes.get(name, "")

    def gradients(self) -> Iterator[str]:
        """The layer of gradients: beside each edge a line the other way, where the backward pass has one."""
        for edge in self.graph.edges:
            reference = self.references.backward(edge, self.graph.nodes[edge.source])
            if reference is not None:
                pair = edge.source, edge.target
                route = beside(self.placement.routes[pair], BESIDE_THICK if pair in self.thick else BESIDE)
                way = rounded(route)
                shown = f'<path class="way" d="{way}"/><path d="{head(route)}"/>'
                yield self.part("thick" if pair in self.thick else "", "", reference, shown)

    def part(self, kind: str, colour: str, reference: Reference, shown: str, group: tuple[int, ...] = ()) -> str:
        """A part of a kind, in the colour of a quantity, with its equation as a title and a link to it.

        group: the equations that it belongs to.

        An edge is passed over by the key that goes from link to link: the node where it begins has the same one.
        """
        anchor = escape(self.prefix + reference.anchor) if reference.anchor else ""
        tag, named = "g", f' data-id="{anchor}"' if anchor else ""
        if anchor and self.linked:
            tag, named = "a", f' href="#{anchor}"' + (' tabindex="-1"' if kind == "edge" else "")
        classes = " ".join(filter(None, [kind, name_of(group)]))
        marks = f' class="{classes}"' if classes else ""
        inner = f'<g class="{colour}">{shown}</g>' if colour else shown
        return f"<{tag}{marks}{named}><title>{escape(reference.text)}</title>{inner}</{tag}>"

    def node(self, node: Node) -> str:
        """A node: a box, a round joint, or the name of what is given or handed on."""
        place = self.placement.places[node.name]
        colour = self.classes.get(node.values[0].name, "") if len(node.values) == 1 else ""
        group = self.lighting.node(node)
        if node.kind is Kind.BOX:
            return self.part("box", colour, self.references.node(node), self.box(place), group)
        if node.kind is Kind.JOINT:
            return self.part("joint", colour, self.references.node(node), self.joint(place), group)
        if node.kind in HANDED_ON:
            shown = self.written(place.measure.name, place.x + ASIDE, place.y)
        else:
            shown = self.written(place.measure.name, place.right - ASIDE, place.y, ' text-anchor="end"')
        return self.part("", colour, self.references.node(node), shown, group)

    def box(self, place: Place) -> str:
        """A box with the quantity and its function."""
        measure = place.measure
        between = GAP if measure.name and measure.text.text else 0
        left = place.x + (measure.width - measure.name_width - between - measure.text.width) / 2
        shown = self.rectangle(place.x, place.y, measure.width, measure.height, 7)
        shown += self.written(measure.name, left, place.y)
        return shown + self.sign(measure.text, left + measure.name_width + between + measure.text.width / 2, place.y)

    def joint(self, place: Place) -> str:
        """A round joint with its sign, and its name above the line behind it."""
        measure, wide = place.measure, joint_width(place.measure.text)
        shown = self.rectangle(place.x, place.y, wide, measure.height, min(wide, measure.height) / 2)
        shown += self.sign(measure.text, place.x + wide / 2, place.y)
        return shown + self.written(measure.name, place.x + wide + 3, place.y - 10)

    def rectangle(self, x: float, y: float, width: float, height: float, radius: float) -> str:
        """A rectangle around a middle height."""
        size = f'width="{number(width)}" height="{number(height)}" rx="{number(radius)}"'
        return f'<rect x="{number(x)}" y="{number(y - height / 2)}" {size}/>'

    def sign(self, piece: Piece, x: float, y: float) -> str:
        """What a node computes, around a point."""
        if not piece.text:
            return ""
        size = 18 if piece.text in ("×", "+", "−", "=") else piece.size
        at = f'x="{number(x)}" y="{number(y + 0.35 * size)}"'
        return f'<text class="f" {at} font-size="{number(size)}" text-anchor="middle">{escape(piece.text)}</text>'

    def written(self, name: tuple[Piece, ...], x: float, y: float, anchor: str = "") -> str:
        """The name of a quantity with its index, from a point to the right, or as `anchor` says."""
        if not name:
            return ""
        parts, down = "", 0
        for piece in name:
            drop = INDEX_DROP if piece.size < name[0].size - 3 else 0
            moved = f' dy="{drop - down}"' if drop != down else ""
            parts += f'<tspan font-size="{number(piece.size)}"{moved}>{escape(piece.text)}</tspan>'
            down = drop
        return f'<text class="v" x="{number(x)}" y="{number(y + 5)}"{anchor}>{parts}</text>'
