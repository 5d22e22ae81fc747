"""How large a node is: its text in pieces, estimated no narrower than common fonts set it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import combining

from lstm_sym.diagram.graph import BLANK, HANDED_ON, Graph, Kind, Node
from lstm_sym.equations.signs import Sign, parts_of_name
from lstm_sym.notation.text import TextNotation
from lstm_sym.program.values import Value

NAME, FUNCTION, INDEX, READ = 17.0, 14.0, 12.0, 11.0
"""Sizes of letters: of a quantity, a function, an index, which is the smallest; and down to which size all are read."""
PADDING, GAP, ASIDE = 9.5, 7.0, 4.0
BOX, JOINT, END, LINE = 34.0, 24.0, 20.0, 14.0
"""Heights of a box, of a joint, of a name at an end, and of what a further input adds to a box."""
SIDES = 3
"""The most inputs of a round joint: from the left, from above, from below."""

_NARROW, _WIDE = frozenset("fijlrtI.,:;'|!()[]/ "), frozenset("mwMW…")
_SIGNS = frozenset("⊙−+=×Σ")


@dataclass(frozen=True)
class Piece:
    """A run of letters: name, function or index."""

    text: str
    size: float

    @property
    def width(self) -> float:
        """In pixels, from above."""
        return self.size * sum(map(_letter, self.text))


@dataclass(frozen=True)
class Measure:
    """Width and height of a node, and its text: the quantity that it gives, and what it computes."""

    width: float
    height: float
    name: tuple[Piece, ...]
    text: Piece

    @property
    def name_width(self) -> float:
        """Width of the name."""
        return sum(piece.width for piece in self.name)


def _letter(letter: str) -> float:
    """Its width, as a share of its size; an accent stands over the letter before it."""
    if combining(letter):
        return 0.0
    if letter in _NARROW:
        return 0.43
    if letter in _WIDE:
        return 1.0
    return 0.85 if letter in _SIGNS else 0.75 if letter.isupper() else 0.64


def measure(graph: Graph, node: Node) -> Measure:
    """How large a node is drawn; a joint of one sign is round, and its name stands to its right above the line."""
    name, text = _name(graph, node), Piece(node.text.removesuffix(f"({BLANK})"), FUNCTION)
    count, width = len(graph.into[node.name]), sum(piece.width for piece in name)
    if node.kind is Kind.BOX:
        inner = width + text.width + (GAP if name and text.text else 0)
        return Measure(max(inner + 2 * PADDING, BOX), BOX + LINE * max(0, count - 2), name, text)
    if node.kind is Kind.JOINT:
        height = LINE * count if count > SIDES else JOINT
        return Measure(joint_width(text) + (width + 4 if name else 0), height, name, text)
    return Measure(width + ASIDE, END, name, text)


def joint_width(text: Piece) -> float:
    """Of a joint without its name."""
    return JOINT if len(text.text) == 1 else text.width + 14


def _name(graph: Graph, node: Node) -> tuple[Piece, ...]:
    """What stands for the quantities of a node: nothing on a joint whose line ends in a state or output so called."""
    if not node.values:
        return ()
    ends = {value.name for edge in graph.out_of[node.name] for value in graph.nodes[edge.target].values}
    handed_on = any(graph.nodes[edge.target].kind in HANDED_ON for edge in graph.out_of[node.name])
    if node.kind is Kind.JOINT and handed_on and node.values[0].name in ends:
        return ()
    time = {Kind.BEFORE: "t−1", Kind.BOX: "", Kind.JOINT: ""}.get(node.kind, "t")
    first = _pieces(node.values[0], time, graph.signs)
    if len(node.values) == 1:
        return first
    return (*first, Piece(" … ", FUNCTION), *_pieces(node.values[-1], time, graph.signs))


def _pieces(value: Value, time: str, signs: Mapping[str, Sign]) -> tuple[Piece, ...]:
    base, below = TextNotation(signs=signs).letters(*parts_of_name(value.name))
    index = ",".join(filter(None, [*below, time]))
    return (Piece(base, NAME), Piece(index, INDEX)) if index else (Piece(base, NAME),)
