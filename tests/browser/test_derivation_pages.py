"""Derivation pages in a browser: every width, paper, links, languages, the keyboard and readers of screens.

What a cell changes is asked of small and of large ones, what it hardly changes of one or two; of all with -m long.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from browser.looks import hard_to_use, languages_wrong, leading_nowhere, out_of_bounds

import lstm_sym as ls
from lstm_sym.document.sentences import LANGUAGES

CELLS = ("lstm", "gru", "slstm")
WIDE = ("slstm",)
"""The most read page, and one of long formulas: each is laid out four times."""


def cells(names: Sequence[str]) -> pytest.MarkDecorator:
    """These cells; with -m long all others."""
    others = [pytest.param(name, marks=pytest.mark.long) for name in ls.names() if name not in names]
    return pytest.mark.parametrize("name", [*names, *others])


@cells(WIDE)
def test_the_page_fits_every_width_and_paper(open_page, derivation, name):
    assert out_of_bounds(open_page, derivation(name)) == []


@cells(CELLS)
def test_links_lead_somewhere(open_page, derivation, name):
    assert leading_nowhere(open_page(derivation(name))) == []


@cells(["lstm"])
def test_a_light_page_is_hard_to_use_for_nobody(open_page, derivation, name):
    assert hard_to_use(open_page(derivation(name))) == []


@cells(["gru"])
def test_a_dark_page_is_hard_to_use_for_nobody(open_page, derivation, name):
    assert hard_to_use(open_page(derivation(name), scheme="dark")) == []


@cells(["lstm"])
def test_the_switch_shows_each_language_and_the_address_keeps_it(open_page, derivation, name):
    assert languages_wrong(open_page, derivation(name), LANGUAGES) == []


def test_a_formula_alone_on_a_line_is_as_large_as_those_of_the_derivation(open_page, derivation):
    page = open_page(derivation("lstm"))
    height = "(math) => math.getBoundingClientRect().height"
    alone, derived = (page.locator(f"{place} mfrac").first.evaluate(height) for place in ("#problem .alone", "#state"))
    assert alone > 0.8 * derived
