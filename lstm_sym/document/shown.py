"""The derivations of the built-in cells as `show` prints them, written once: to show one starts no algebra.

The files document/shown/NAME.json are generated (`python -m lstm_sym.report.shown`) and hold the formulas as Unicode
text, in English. One whose cell file is another than the one that it was written from is not used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lstm_sym.document import document as d

if TYPE_CHECKING:
    from lstm_sym.notation.notation import Notation

FOLDER = Path(__file__).parent / "shown"
CELLS = Path(__file__).parents[1] / "cells"


class AsWritten:
    """The notation of formulas that are texts already, the terms of a sum with their signs."""

    equals = " = "

    def joined(self, parts: Iterable[tuple[int, str]]) -> list[str]:
        """The terms as they stand."""
        return [text for _, text in parts]


AS_WRITTEN = cast("Notation", AsWritten())


def shown_document(name: str) -> d.Document | None:
    """The derivation of a built-in cell; None where none is shipped, or another than that of its file."""
    place = next((path for path in FOLDER.glob("*.json") if path.stem == name), None)
    if place is None:
        return None
    held = json.loads(place.read_text(encoding="utf-8"))
    return _document(held) if held["cell"] == cell_hash(name) else None


def cell_hash(name: str) -> str:
    """SHA-256 of the file of a built-in cell, in hexadecimal. Raises OSError."""
    return hashlib.sha256((CELLS / f"{name}.toml").read_bytes()).hexdigest()


def shown_text(name: str, document: d.Document, notation: Notation) -> str:
    """What the file of a cell holds: its derivation, a block a line; `notation` writes its formulas."""

    def block(of: d.Block) -> Any:
        match of:
            case d.Section():
                return ["section", of.key, of.title, [block(inner) for inner in of.blocks]]
            case d.Equation():
                return ["equation", of.number, of.left.write(notation), of.parts(notation)]
            case d.Paragraph():
                return ["paragraph", line(of.line)]
            case d.Definitions():
                return ["definitions", [[line(term), line(text)] for term, text in of.items]]
            case d.Matrix():
                rows = [[entry.write(notation) for entry in row] for row in of.rows]
                return ["matrix", of.left.write(notation), rows]
            case d.Table():
                return ["table", of.head, [[line(cell) for cell in row] for row in of.rows], sorted(of.numeric)]
            case d.Diagram():
                return None
        raise TypeError(f"no form for {type(of).__name__}")

    def line(of: d.Line) -> str:
        return d.line_text(of, notation)

    def json_text(of: Any) -> str:
        return json.dumps(of, ensure_ascii=False)

    heads = [f'"cell": {json_text(cell_hash(name))}', f'"title": {json_text(document.title)}']
    heads.append(f'"lead": {json_text([line(one) for one in document.lead])}')
    sections = []
    for section in document.sections:
        if blocks := ",\n".join(json_text(form) for form in map(block, section.blocks) if form):
            sections.append(f"[{json_text(section.key)}, {json_text(section.title)}, [\n{blocks}\n]]")
    return "{" + ",\n".join(heads) + ',\n"sections": [\n' + ",\n".join(sections) + "\n]}\n"


def _document(held: Mapping[str, Any]) -> d.Document:
    sections = tuple(_section(*section) for section in held["sections"])
    return d.Document(held["title"], "en", tuple(map(_line, held["lead"])), sections)


def _section(key: str, title: str, blocks: list[Any]) -> d.Section:
    return d.Section(key, title, tuple(FORMS[kind](*parts) for kind, *parts in blocks))


def _line(text: str) -> d.Line:
    return (text,)


def _math(text: str) -> d.Math:
    return d.Math(lambda _: text)


def _table(head: list[str], rows: list[list[str]], numeric: list[int]) -> d.Table:
    return d.Table(tuple(head), tuple(tuple(map(_line, row)) for row in rows), frozenset(numeric))


FORMS: dict[str, Callable[..., d.Block]] = {
    "section": _section,
    "equation": lambda number, left, parts: d.Equation(
        _math(left), tuple((1, _math(part)) for part in parts), number, ""
    ),
    "paragraph": lambda line: d.Paragraph(_line(line)),
    "definitions": lambda items: d.Definitions(tuple((_line(term), _line(text)) for term, text in items)),
    "matrix": lambda left, rows: d.Matrix(_math(left), tuple(tuple(map(_math, row)) for row in rows)),
    "table": _table,
}
"""What a block is made again by, by its kind."""
