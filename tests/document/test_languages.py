"""A page of all languages: each of them reads as the page that is of it alone, and what is common stands once."""

from __future__ import annotations

import re
from functools import cache

import pytest

import lstm_sym as ls
from lstm_sym.document.document import Document
from lstm_sym.report import LANGUAGES, Sentences, derivation_document, html_page, in_order

CELLS = ("lstm", "slstm", "henon")
every_cell = pytest.mark.parametrize("name", CELLS)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def document(name: str, language: str) -> Document:
    cell = ls.cell(name)
    return derivation_document(cell, Sentences(language), errors={f"{name}.forward.h": 1e-16})


@cache
def page(name: str, first: str = "en") -> str:
    return html_page(*(document(name, language) for language in in_order(first)))


def body(text: str) -> str:
    return text[text.index("<main>") : text.index("</main>")]


def only(text: str, language: str) -> str:
    """The page as it is seen in one language: what is told in others is not displayed."""
    for other in LANGUAGES:
        for tag in ("span", "div"):
            told = rf'<{tag} class="told" lang="{other}">'
            while told in text:
                start = text.index(told)
                end = closing(text, start, tag)
                inner = text[start + len(told) : end] if other == language else ""
                text = text[:start] + inner + text[end + len(f"</{tag}>") :]
        # A text of a drawing keeps its element.
        word = re.compile(rf'\n?<text class="told" lang="{other}"([^\n]*)')
        text = word.sub((lambda found: f"\n<text{found[1]}") if other == language else "", text)
    return re.sub(r'<fieldset class="languages">.*?</fieldset>', "", text)


def closing(text: str, start: int, tag: str) -> int:
    depth = 0
    for found in re.finditer(rf"<(/?){tag}\b", text[start:]):
        depth += -1 if found[1] else 1
        if depth == 0:
            return start + found.start()
    raise AssertionError("an element that is not closed")


@every_cell
@every_language
def test_each_language_reads_as_the_page_of_it_alone(name: str, language: str) -> None:
    assert only(body(page(name)), language) == body(html_page(document(name, language)))


@every_cell
def test_formulas_stand_once(name: str) -> None:
    found, alone = page(name), html_page(document(name, "en"))
    assert found.count('class="formula"') == alone.count('class="formula"')
    assert len(found) < 2 * len(alone)


@every_cell
def test_anchors_are_unique(name: str) -> None:
    anchors = re.findall(r'\bid="([^"]+)"', page(name))
    assert len(anchors) == len(set(anchors)) > 20


@every_language
def test_the_language_that_is_asked_for_is_shown_first(language: str) -> None:
    text = page("lstm", language)
    assert f'<html lang="{language}">' in text
    assert re.findall(r'value="([^"]+)" checked', text) == [language]
    assert f'html:has(input[value="{language}"]:checked) .told:not([lang="{language}"])' in text


def test_a_page_of_one_language_has_no_switch_and_no_script_for_it() -> None:
    text = html_page(document("lstm", "en"))
    assert "languages" not in text[text.index("<body") :] and 'type="radio"' not in text and 'class="told"' not in text


def test_the_script_holds_nothing_of_the_cell() -> None:
    """The same on every page, so that no text of a user's file can be in it."""
    scripts = {tuple(re.findall(r"<script>.*?</script>", page(name), re.DOTALL)) for name in CELLS}
    assert len(scripts) == 1
    assert len(scripts.pop()) == 4
