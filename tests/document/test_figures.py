"""Figures of a page: nothing that a page must not hold, the ink of the page, one drawing for all languages."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from contrast import contrast
from document.test_languages import body, only

import lstm_sym as ls
from lstm_sym.document.document import Document, Figure, Section
from lstm_sym.document.figures import LEAST, page_svg, told_svg
from lstm_sym.document.sentences import LANGUAGES, in_order
from lstm_sym.report import html_page

STYLE = (Path(ls.__file__).parent / "document" / "style.css").read_text(encoding="utf-8")
HEAD = (
    '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-" "http://www.w3.org/d.dtd">\n'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="100pt" height="50pt" viewBox="0 0 100 50" version="1.1">\n'
)


def svg(text: str = "lag", line: str = "#0072b2") -> str:
    return (
        f'{HEAD}<title>T</title><metadata><a href="http://x"/></metadata>'
        '<defs>\n<style type="text/css">*{stroke-linejoin: round}</style>\n</defs>\n'
        f'<g id="axes_1">\n<defs><path id="m1" d="M 0 0.123456 \nL 1 2 \nz\n" style="fill: {line}"/></defs>\n'
        '<use xlink:href="#m1" x="3" style="fill: #5f6872"/>\n'
        f'<text style="font-size: 9px; font-family: \'DejaVu Sans\'; fill: #1f2328" x="1" '
        f'transform="rotate(-0 1 2)">{text}</text>\n</g></svg>\n'
    )


def document(language: str, text: str, line: str = "#0072b2") -> Document:
    caption = {"en": "Caption.", "zh-Hant": "說明。", "zh-Hans": "说明。"}[language]
    figure = Figure(svg(text, line), "f.svg", (caption,), "alternative", f"title {language}", "note")
    return Document("t", language, (), (Section("s", "s", (figure,)),))


WORDS = {"en": "lag", "zh-Hant": "時間差", "zh-Hans": "时间差"}


def page(**lines: str) -> str:
    return html_page(*(document(language, WORDS[language], **lines) for language in in_order("en")))


def test_an_svg_on_a_page_is_small_and_holds_nothing_that_a_page_must_not() -> None:
    found = page_svg(svg(), "f.svg")
    assert found.startswith(f'<svg viewBox="0 0 100 50" style="min-width: {100 * LEAST:.0f}px">')
    assert not re.search(r"http|xmlns|xlink|metadata|<title|<style|font-family|rotate|axes_1", found)
    assert '<path id="f.svg.m1" d="M 0 0.12L1 2z"' in found and 'href="#f.svg.m1"' in found
    assert ElementTree.fromstring(found) is not None


def test_letters_of_nine_points_have_nine_pixels_in_the_narrowest_window() -> None:
    assert 9 * LEAST >= 9


def test_ink_and_colours_follow_the_page() -> None:
    found = page()
    for name, colour in (("model-1", "#0072b2"), ("muted", "#5f6872"), ("ink", "#1f2328")):
        assert f"fill: var(--{name}, {colour})" in found
    light, dark = re.findall(r"--model-1: (#\w+);", found)
    grounds = re.findall(r"--page: (#\w+)", STYLE)
    assert contrast(light, grounds[0]) >= 3 and contrast(dark, grounds[1]) >= 3
    assert "@media screen and (prefers-color-scheme: dark)" in found, "paper has the colours of a light page"
    assert "--model-2" not in found and "background" not in re.findall(r"figure svg \{[^}]*\}", STYLE)[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_figure_stands_once_and_reads_in_each_language_as_on_the_page_of_it_alone(language: str) -> None:
    found = page()
    assert found.count("<svg") == 1 and found.count('<text class="told"') == 3
    alone = body(html_page(document(language, WORDS[language])))
    assert only(body(found), language) == alone
    assert f">{WORDS[language]}</text>" in alone


def test_figures_that_differ_in_more_than_words_stand_as_often_as_there_are_languages() -> None:
    assert told_svg([page_svg(svg("a", "#0072b2"), "f"), page_svg(svg("b", "#d55e00"), "f")], ["en", "zh-Hant"]) == ""
    different = [document("en", "a"), document("zh-Hant", "b", "#d55e00"), document("zh-Hans", "c")]
    assert html_page(*different).count("<svg") == 3


def test_a_figure_scrolls_by_itself_and_has_a_name() -> None:
    found = page()
    assert '<div class="plot" role="img" tabindex="0" aria-labelledby="f.svg.title">' in found
    assert '<p class="title" id="f.svg.title">' in found and ".plot { overflow-x: auto; }" in STYLE
