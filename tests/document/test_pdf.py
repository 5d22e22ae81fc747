"""PDFs: the same bytes each time, no line wider than its column, every character in the fonts of the package."""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any

import pytest
from representatives import each

import lstm_sym as ls
from lstm_sym.document import document as d
from lstm_sym.document import pdf
from lstm_sym.document.fonts import SOURCES, needed
from lstm_sym.document.latex_text import is_chinese
from lstm_sym.document.sentences import LANGUAGES, Sentences
from lstm_sym.document.typst import typst_page
from lstm_sym.flow.drawing.fonts import FOLDER, families, written_by
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.facts import Facts
from lstm_sym.report.source import with_source

CELLS = {name: ls.cell(name) for name in ls.names()}


@cache
def facts(name: str) -> Facts:
    """What is derived and drawn of a cell, once for all languages."""
    return Facts(CELLS[name])


def document(name: str, language: str = "en") -> d.Document:
    cell, sentences = CELLS[name], Sentences(language)
    derived = derivation_document(cell, sentences, errors={f"{name}.backward.c": 2e-16}, facts=facts(name))
    return with_source(derived, facts(name), sentences)


@pytest.fixture
def typst() -> Any:
    return pytest.importorskip("typst", reason="the extra pdf is not installed")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_document_gives_the_same_bytes(typst: Any, language: str) -> None:
    made = pdf.pdf_page(document("lstm", language))
    assert made.startswith(b"%PDF-") and made == pdf.pdf_page(document("lstm", language))
    assert b"CreationDate" not in made and len(made) < 2**20


def wide(typst: Any, source: str) -> list[Any]:
    """The lines that are wider than their column."""
    found = typst.query(source.encode("utf-8"), "<wide>", font_paths=[str(FOLDER)], ignore_system_fonts=True)
    return json.loads(found)


@pytest.mark.parametrize("name", each(CELLS))
def test_no_line_is_wider_than_its_column(typst: Any, name: str) -> None:
    assert wide(typst, typst_page(document(name))) == []


def test_a_line_that_is_too_wide_is_noticed(typst: Any) -> None:
    long = d.Equation(d.Math(lambda n: n.zero), ((1, d.Math(lambda n: " thin ".join(["W"] * 90))),), "E1", "x")
    assert len(wide(typst, typst_page(d.Document("wide", "en", (), (d.Section("s", "s", (long,)),))))) == 1


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans"])
def test_no_font_has_to_be_installed(language: str) -> None:
    families()
    [family] = {family for (family, _), source in SOURCES.items() if source.language == language}
    known = written_by(family)
    assert needed(language) <= known
    for name in CELLS:
        absent = {c for c in typst_page(document(name, language)) if is_chinese(c)} - known
        assert not absent, f"{name}: the fonts of the package have no {''.join(absent)}"


def test_a_text_is_never_run(typst: Any) -> None:
    evil = '#panic("run") ] $x$ \\ `a` "; #read("secret") /* // @label <label> = *_~'
    line = (evil, d.Code(evil), d.Link(evil, "#x"), d.Reference(evil))
    blocks = (d.Paragraph(line), d.Listing(evil), d.Table((evil,), ((line,),)), d.Definitions(((line, line),)))
    made = pdf.pdf_page(d.Document(evil, "en", (line,), (d.Section("s", evil, blocks),), evil, warning=(evil,)))
    assert made.startswith(b"%PDF-")


def test_a_figure_is_drawn(typst: Any) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'
    figure = d.Figure(svg, "f.svg", ("a caption",), "a box", title="Its title", note="a note")
    shown = d.Document("page", "en", (), (d.Section("s", "s", (figure,)),))
    source = typst_page(shown)
    assert source.index("Its title") < source.index("a note") < source.index("rect") < source.index("a caption")
    assert pdf.pdf_page(shown).startswith(b"%PDF-")


def test_without_typst_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(pdf, "import_module", absent)
    with pytest.raises(pdf.PdfError, match=r'pip install "lstm_sym\[pdf\]"'):
        pdf.pdf_page(document("rnn"))
    assert importlib.import_module("lstm_sym.report").PAGES["pdf"] is pdf.pdf_page
