"""The way back: from a page of the site to the gallery, and to the derivations of its cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell

INDEX = "index.html"


def gallery_link(up: str, anchor: str, sentences: Sentences) -> d.Link:
    """The gallery at a place of it. up: from the folder of the page to that of the site."""
    return d.Link(sentences.text("site.gallery"), f"{up}{INDEX}#{anchor}")


def with_way_back(document: d.Document, anchor: str, cells: Iterable[Cell]) -> d.Document:
    """A page in a folder of the site, which says first where the gallery and the derivations of its cells are."""
    sentences = Sentences(document.language)
    derivations = sentences.listed([d.Link(cell.key, f"../cells/{cell.key}.html") for cell in cells])
    line = sentences.line("site.back", gallery=gallery_link("../", anchor, sentences), cells=derivations)
    return replace(document, lead=(line, *document.lead))
