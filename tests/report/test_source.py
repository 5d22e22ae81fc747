"""The program on a page: what `generate(plain=True)` writes, each line linked with its equation, both ways."""

from __future__ import annotations

import re
from html import unescape

import pytest

import lstm_sym as ls
from lstm_sym.document.document import Document, Source
from lstm_sym.document.sentences import Sentences
from lstm_sym.report import html_page, markdown_page
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.facts import Facts
from lstm_sym.report.source import with_source

CELLS = ("lstm", "gru", "slstm", "henon", "lstm_output")


def document(name: str, language: str = "en") -> Document:
    cell, sentences = ls.cell(name), Sentences(language)
    return with_source(derivation_document(cell, sentences), Facts(cell), sentences)


@pytest.mark.parametrize("name", CELLS)
def test_it_is_the_program_that_the_command_prints(name: str) -> None:
    found = next(s for s in document(name).sections if s.key == "source")
    [source] = [block for block in found.blocks if isinstance(block, Source)]
    whole = ls.generate(name, plain=True)
    assert source.text.strip() in whole and source.text.startswith("def ")
    page = html_page(document(name))
    shown = re.findall(r"<pre.*?>(.*?)</pre>", page, re.DOTALL)
    assert source.text in [unescape(re.sub(r"<[^>]+>", "", text)) for text in shown]
    assert f"```python\n{source.text}\n```" in markdown_page(document(name))


@pytest.mark.parametrize("name", CELLS)
def test_links_lead_both_ways(name: str) -> None:
    page = html_page(document(name))
    anchors = set(re.findall(r'\bid="([^"]+)"', page))
    there = set(re.findall(r'href="#([^"]+\.code)"', page))
    back = re.findall(r'<a id="([^"]+)\.code" href="#([^"]+)">', page)
    assert there == {anchor for anchor in anchors if anchor.endswith(".code")} and len(there) > 3
    assert all(identity == target and target in anchors for identity, target in back)


def test_every_line_of_the_backward_pass_has_one() -> None:
    numbered = {e.number for e in document("lstm").equations() if e.in_source}
    assert {f"B{k}" for k in range(1, 32)} <= numbered and {f"F{k}" for k in range(1, 12)} <= numbered
    assert not any(number[0] in "JTE" for number in numbered)
