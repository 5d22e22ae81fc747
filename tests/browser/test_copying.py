"""Copying from a page in a real browser: from a file without a clipboard, by keyboard, and no button on a link."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import lstm_sym as ls
from lstm_sym.document.html import html_page
from lstm_sym.document.sentences import LANGUAGES, Sentences
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.facts import Facts
from lstm_sym.report.source import with_source

REFUSING = "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
"""A page of a file, in a browser that gives those no clipboard."""
KEEPING = "document.execCommand = () => { window.copied = document.activeElement.value; return true; };"


def page_of(name: str) -> str:
    cell, languages = ls.cell(name), map(Sentences, LANGUAGES)
    return html_page(*(with_source(derivation_document(cell, one), Facts(cell), one) for one in languages))


def copies(page: str) -> dict[str, Any]:
    [found] = re.findall(r'<script type="application/json" id="copies">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_lines_are_copied_from_a_file_without_a_clipboard(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page_of("lstm"), encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(REFUSING)
    page.goto(f"file://{tmp_path}/page.html")
    page.evaluate(KEEPING)
    line = page.locator('[id="lstm.backward.h_prev"]')
    expected = {
        "LaTeX": copies((tmp_path / "page.html").read_text(encoding="utf-8"))["latex"]["lstm.backward.h_prev"],
        "Python": "d_h_prev = d_a_o @ U_o + d_a_g @ U_g + d_a_f @ U_f + d_a_i @ U_i",
    }
    for name, text in expected.items():
        line.hover()
        line.get_by_role("button", name=f"Copy as {name}").click()
        assert page.evaluate("window.copied") == text
    page.get_by_role("button", name="Copy as BibTeX").click()
    assert page.evaluate("window.copied").startswith("@misc{hochreiter1997,")
    assert len(asked) == 1


def test_what_cannot_be_copied_is_selected_and_keys_reach_every_button(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page_of("rnn"), encoding="utf-8")
    page = browser.new_page()
    page.add_init_script(REFUSING)
    page.goto(f"file://{tmp_path}/page.html")
    page.evaluate("document.execCommand = () => false")
    page.locator('[id="rnn.forward.h"] .number').focus()
    for _ in range(9):
        page.keyboard.press("Tab")
        if "LaTeX" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Enter")
    text = page.evaluate("getSelection().toString() || document.activeElement.value")
    assert text == copies((tmp_path / "page.html").read_text(encoding="utf-8"))["latex"]["rnn.forward.h"]
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON" and page.locator("textarea").count() == 0


@pytest.mark.parametrize("width", [375, 1280])
def test_the_buttons_cover_no_link_of_their_line(browser: Any, tmp_path: Path, width: int) -> None:
    (tmp_path / "page.html").write_text(page_of("lstm"), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 700})
    page.goto(f"file://{tmp_path}/page.html")
    line = page.locator('[id="lstm.backward.h_prev"]')
    line.hover()
    group = line.locator(".copies").bounding_box()
    for link in line.locator(".note a, .number").all():
        box = link.bounding_box()  # None in the languages that are not shown
        assert box is None or box["y"] >= group["y"] + group["height"] - 1 or box["x"] + box["width"] <= group["x"]
