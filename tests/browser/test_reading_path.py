"""What a reader does on a derivation page: looks at a symbol, follows a line into the drawing, tries an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lstm_sym as ls
from lstm_sym.report.reading.measured import Measured

Opened = Callable[..., Any]
Written = Callable[[str], Path]


def test_a_symbol_says_what_it_means_in_the_language_that_is_shown(open_page: Opened, derivation: Written) -> None:
    page = open_page(derivation("lstm"), address="?lang=zh-Hant")
    page.hover("[id='lstm.backward.c'] .q-c >> nth=0")
    text = page.locator(".about").inner_text()
    assert "細胞狀態" in text and "(H,)" in text and "(B18)" in text and "cell state" not in text
    page.keyboard.press("Escape")
    assert page.locator(".about").count() == 0


def test_a_line_with_the_focus_names_all_of_its_symbols(open_page: Opened, derivation: Written) -> None:
    page = open_page(derivation("lstm"))
    page.focus("[id='lstm.backward.f'] > .number")
    text = page.locator(".about").inner_text()
    assert "forget gate" in text and "cell state" in text


def test_a_line_of_the_backward_pass_leads_to_its_edge(open_page: Opened, derivation: Written) -> None:
    page = open_page(derivation("lstm"))
    assert not page.locator(".diagram .gradient").is_visible()
    page.click("[id='lstm.backward.f'] .drawn >> visible=true")
    lit = page.locator(".drawing .lit")
    assert lit.count() >= 1 and lit.first.get_attribute("href") == "#lstm.backward.f"
    assert page.locator(".diagram .gradient").is_visible()


def test_an_answer_is_told_right_or_wrong(open_page: Opened, derivation: Written) -> None:
    page = open_page(derivation("lstm"))
    asked, _ = Measured(ls.cell("lstm")).one_unit or (0.0, 0.0)
    field = page.locator(".answer").first
    for typed, verdict in ((f"{asked:.3g}", ".right"), (f"{asked:.3g}".replace(".", ","), ".right"), ("0.5", ".wrong")):
        field.locator("input").fill(typed)
        assert field.locator(verdict).is_visible()


def test_a_link_opens_what_is_folded(open_page: Opened, derivation: Written) -> None:
    page = open_page(derivation("lstm"), address="#lstm.tangent.c_dot")
    [line] = page.locator("section#tangent .equation").all()[:1]
    page.evaluate("id => { location.hash = id; }", line.get_attribute("id"))
    page.wait_for_timeout(100)
    assert line.is_visible()
    steps = page.locator("svg use").first
    assert steps.evaluate("one => one.getBoundingClientRect().width") > 100
