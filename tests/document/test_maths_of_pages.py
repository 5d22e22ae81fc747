"""The mathematics of a page is MathML that every browser lays out alike."""

from __future__ import annotations

import re
from functools import cache
from xml.etree import ElementTree as ET

import pytest

import lstm_sym as ls
from lstm_sym.document import document as d
from lstm_sym.document.html import html_page
from lstm_sym.report import Sentences, derivation_document

CELLS = ("lstm", "nested_lstm", "slstm")
PARTS = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3}
CLOSING = {"(": ")", "[": "]"}


@cache
def formulas(cell: str) -> list[list[ET.Element]]:
    """The formulas of a derivation page, each as its <math> elements between which a line may break."""
    page = html_page(derivation_document(ls.cell(cell), Sentences("en")))
    found = re.findall(r"<math\b[^>]*>.*?</math>(?:<wbr>)?", page)
    joined: list[list[str]] = [[]]
    for one in found:
        joined[-1].append(one.removesuffix("<wbr>"))
        if not one.endswith("<wbr>"):
            joined.append([])
    return [[ET.fromstring(one) for one in formula] for formula in joined if formula]


@pytest.mark.parametrize("cell", CELLS)
def test_every_script_and_fraction_has_as_many_parts_as_browsers_ask(cell: str) -> None:
    elements = [one for formula in formulas(cell) for math in formula for one in math.iter() if one.tag in PARTS]
    assert len(elements) > 500
    wrong = [ET.tostring(one, encoding="unicode") for one in elements if len(one) != PARTS[one.tag]]
    assert not wrong, wrong[0]


@pytest.mark.parametrize("cell", CELLS)
def test_brackets_of_a_pair_are_of_one_size(cell: str) -> None:
    """Both as large as letters, or both as tall as what one row has between them."""
    for formula in formulas(cell):
        opened: list[tuple[str, str | None, int]] = []
        for place, sign in ((place, one) for place, math in enumerate(formula) for one in math.iter("mo")):
            if sign.text in CLOSING:
                opened.append((CLOSING[sign.text], sign.get("stretchy"), place))
            elif sign.text in CLOSING.values():
                closing, stretchy, begun = opened.pop()
                assert (closing, stretchy) == (sign.text, sign.get("stretchy"))
                assert stretchy == "false" or begun == place
        assert not opened


def test_a_full_stop_does_not_leave_the_formula_before_it() -> None:
    long = d.Math(lambda n: n.plus.join(n.named(f"alpha_{k}", 0) for k in range(6)))
    line = ("Read ", long, ". And ", d.Math(lambda n: n.named("c", 0)), " too")
    page = html_page(d.Document("One", "en", (), (d.Section("one", "One", (d.Paragraph(line),)),)))
    kept = re.findall(r'<span class="kept">(.*?)</span>', page)
    assert len(kept) == 1 and kept[0].count("<math>") == 1 and kept[0].endswith("</math>.")
