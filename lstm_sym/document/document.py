"""What a document is made of. Mathematics stays unprinted: a function of the notation that a renderer brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # they start SymPy, and a document that is read needs none
    from lstm_sym.equations.signs import Sign
    from lstm_sym.notation.notation import Notation

BAR = 1e-12
"""The largest relative error of the check of a line that is right."""


@dataclass(frozen=True)
class Math:
    """A formula: `write(notation)` is its text in that notation."""

    write: Callable[[Notation], str]


@dataclass(frozen=True)
class Code:
    """A name or a piece of code inside a sentence."""

    text: str


@dataclass(frozen=True)
class Link:
    """A link to a file beside the document, or to an anchor "#..." of it."""

    text: str
    target: str


@dataclass(frozen=True)
class Reference:
    """The works that something is from, as a cell file names them."""

    text: str


Inline = str | Math | Code | Link | Reference
Line = tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    """A sentence or several."""

    line: Line


@dataclass(frozen=True)
class Equation:
    """left = sum of the summands, each with its sign (+1, -1).

    `number` as in the kernel's comments, `id` of the statement, `rule` that made it, `origin` the number of the cell's
    equation it follows from, `error` of its numeric check, None where it was not checked; above BAR it is wrong.
    `in_source`: whether it has a line in the program on the page.
    """

    left: Math
    summands: tuple[tuple[int, Math], ...]
    number: str
    id: str
    rule: str = ""
    origin: str = ""
    error: float | None = None
    in_source: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether its check failed; NaN always does."""
        return self.error is not None and not self.error <= BAR

    def write(self, notation: Notation) -> str:
        """The whole equation in one line."""
        return self.left.write(notation) + notation.equals + self.right(notation)

    def right(self, notation: Notation) -> str:
        """The right side in one line."""
        return "".join(self.parts(notation))

    def parts(self, notation: Notation) -> list[str]:
        """The summands of the right side, each with its sign before it."""
        return notation.joined((sign, summand.write(notation)) for sign, summand in self.summands)


@dataclass(frozen=True)
class Matrix:
    """left = matrix of blocks."""

    left: Math
    rows: tuple[tuple[Math, ...], ...]


@dataclass(frozen=True)
class Definitions:
    """Terms and what they mean."""

    items: tuple[tuple[Line, Line], ...]


@dataclass(frozen=True)
class Table:
    """A table; `numeric` columns are aligned to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Listing:
    """Text as it stands: a command, a cell's equations."""

    text: str


@dataclass(frozen=True)
class Source:
    """A program of a few lines, in whose comments numbers of equations stand, (B7): number -> id of the equation."""

    text: str
    ids: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A drawing: its SVG, the file it also stands in, and what it shows, in words.

    `title` stands above it where it is not in the drawing itself, `note` under the title.
    """

    svg: str
    file: str
    caption: Line
    alternative: str
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Diagram:
    """A drawing on a page, whose parts are links to equations of it; other renderings leave it out.

    `write(classes, prefix)` is its SVG: classes those of quantities, prefix what stands before the anchors of the
    equations. `style` are the rules that it needs; `lines` say what it shows; `switch` names its further layer.
    """

    write: Callable[[Mapping[str, str], str], str]
    style: str
    lines: tuple[Line, ...]
    switch: str
    prefix: str = ""


@dataclass(frozen=True)
class Beside:
    """Blocks beside a small drawing: the lit part of the diagram of the page, or one of their own; elsewhere alone.

    `write(classes, prefix)`, `style` and `prefix` as those of a diagram.
    """

    blocks: tuple[Block, ...]
    write: Callable[[Mapping[str, str], str], str]
    style: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class Folded:
    """Blocks that a reader of a page opens under their `summary`. `asked`: the number that may be tried first."""

    summary: str
    blocks: tuple[Block, ...]
    asked: float | None = None


@dataclass(frozen=True)
class Live:
    """A part of a page that its script brings to life; other renderings leave it out.

    `words` are what it says in the language of the document. `write(told, words)` is its HTML, for all languages of the
    page at once: `told` the words as HTML, `words` language by language. `style` and `script` are what it needs.
    """

    words: Mapping[str, str]
    write: Callable[[Mapping[str, str], Mapping[str, Mapping[str, str]]], str]
    style: str
    script: str


Content = Equation | Line
"""What one side of a comparison says; () is nothing."""


@dataclass(frozen=True)
class Pair:
    """What two sides say of one thing, `key`; where it is the `same`, `left` says it for both."""

    key: str
    left: Content
    right: Content
    same: bool


@dataclass(frozen=True)
class Comparison:
    """Two columns under two names, a row a pair."""

    head: tuple[str, str]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Section:
    """A titled part; `key` names it in every language and is its anchor. `folded`: closed until a reader opens it."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


Block = (
    Paragraph
    | Equation
    | Matrix
    | Definitions
    | Table
    | Listing
    | Source
    | Figure
    | Diagram
    | Comparison
    | Beside
    | Folded
    | Live
    | Section
)


@dataclass(frozen=True)
class Labels:
    """The few words that renderers add themselves.

    The name of a rule, how the equation of a number was checked, the links to the code and to the drawing; beside the
    field for an answer what it asks for, and what is said of a right and of a wrong one.
    """

    rule: Callable[[str], str] = str
    checked: Callable[[str], str] = str
    source: str = ""
    drawing: str = ""
    answer: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class Document:
    """A whole document; `lead` stands under the title. `contents` is the heading of its list of sections.

    `quantities`: of every cell that it shows, the names that the equations define, in their order. `symbols`: further
    names that its table of symbols explains. `signs`: how names are shown, where not as they are written. `warning`
    stands above all: that lines are wrong, and which.
    """

    title: str
    language: str
    lead: tuple[Line, ...]
    sections: tuple[Section, ...]
    contents: str = ""
    labels: Labels = Labels()
    quantities: tuple[tuple[str, ...], ...] = ()
    symbols: tuple[str, ...] = ()
    signs: Mapping[str, Sign] = field(default_factory=dict)
    warning: Line = ()

    def only(self, keys: tuple[str, ...]) -> Document:
        """The document with these sections alone; all of them where no key is given."""
        chosen = tuple(section for section in self.sections if not keys or section.key in keys)
        return replace(self, sections=chosen)

    def equations(self) -> Iterator[Equation]:
        """Every equation, in order."""
        return (block for section in self.sections for block in _with_holders(section) if isinstance(block, Equation))

    def figures(self) -> Iterator[Figure]:
        """Every figure, in order."""
        return (block for section in self.sections for block in _with_holders(section) if isinstance(block, Figure))

    def references(self) -> tuple[str, ...]:
        """What the lead and the paragraphs refer to, each once."""
        blocks = (block for section in self.sections for block in _with_holders(section))
        told = (*self.lead, *(block.line for block in blocks if isinstance(block, Paragraph)))
        return tuple(dict.fromkeys(part.text for line in told for part in line if isinstance(part, Reference)))

    def diagrams(self) -> Iterator[Diagram]:
        """Every diagram, in order."""
        return (block for section in self.sections for block in _with_holders(section) if isinstance(block, Diagram))

    def styles(self) -> tuple[str, ...]:
        """The rules that drawings and live parts need, each once."""
        blocks = (block for section in self.sections for block in _with_holders(section))
        return tuple(dict.fromkeys(b.style for b in blocks if isinstance(b, Diagram | Live | Beside) and b.style))

    def lives(self) -> Iterator[Live]:
        """Every part that is alive, in order."""
        return (block for section in self.sections for block in _with_holders(section) if isinstance(block, Live))


def line_text(line: Line, notation: Notation) -> str:
    """A line as plain text, its mathematics in this notation."""
    texts = (p.write(notation) if isinstance(p, Math) else p if isinstance(p, str) else p.text for p in line)
    return "".join(texts)


def content_text(content: Content, notation: Notation) -> str:
    """One side of a comparison as plain text, its mathematics in this notation."""
    return content.write(notation) if isinstance(content, Equation) else line_text(content, notation)


def _with_holders(block: Block) -> Iterator[Block]:
    """The block, and all that stand in it, at any depth."""
    yield block
    if isinstance(block, Section | Beside | Folded):
        for inner in block.blocks:
            yield from _with_holders(inner)


def verdict_text(equation: Equation) -> str:
    """The verdict on a line with its error: ✓ 2.2e-16, ✗ 3.1e-01; nothing where it was not checked."""
    if equation.error is None:
        return ""
    return f"{'✗' if equation.is_wrong else '✓'} {error_text(equation.error)}"


def error_text(error: float) -> str:
    """An error in two digits: 2.2e-16; 0 where there is none at all."""
    return "0" if error == 0 else f"{error:.1e}"
