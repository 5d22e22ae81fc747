"""What can be copied from a page: LaTeX and Python of its lines, BibTeX of its works; by a script, and only by one."""

from __future__ import annotations

import json
import re
from typing import Any

import lstm_sym as ls
from lstm_sym.document.copying import copying_script
from lstm_sym.document.html import html_page
from lstm_sym.document.markdown import markdown_page
from lstm_sym.document.sentences import LANGUAGES, Sentences
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.report.checked import derivation_pages
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.facts import Facts
from lstm_sym.report.source import with_source

EVIL = '''
reference = "Me 2026; </script><script>alert(1)</script>"
equations = """
h[t] = tanh(W @ x[t] + U @ h[t-1])
"""
'''


def documents(cell: ls.Cell) -> list[Any]:
    return [
        with_source(derivation_document(cell, Sentences(language)), Facts(cell), Sentences(language))
        for language in LANGUAGES
    ]


def copies(page: str) -> dict[str, Any]:
    [found] = re.findall(r'<script type="application/json" id="copies">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_every_line_has_its_latex() -> None:
    shown = documents(ls.cell("lstm"))
    content = copies(html_page(*shown))
    assert content["latex"] == {one.id: one.write(LatexNotation()) for one in shown[0].equations()}
    assert r"\operatorname" not in "".join(content["latex"].values())
    assert content["bibtex"].startswith("@misc{hochreiter1997,") and "gers2000" in content["bibtex"]
    assert set(content["words"]) == set(LANGUAGES) and set(content["words"]["en"]) == {"copy", "copied", "select"}


def test_nothing_in_it_ends_the_element() -> None:
    page = html_page(*documents(ls.parse(EVIL, key="evil")))
    assert "alert" in copies(page)["bibtex"] and "<script>alert" not in page


def test_without_scripts_there_is_no_button_and_no_text_of_one() -> None:
    page = html_page(*documents(ls.cell("rnn")))
    body = page[page.index("<main>") : page.index("</main>")]
    assert "<button" not in body and "Copy" not in body
    assert "copies" not in markdown_page(documents(ls.cell("rnn"))[0])


def test_a_page_without_equations_has_no_script() -> None:
    from lstm_sym.document.document import Document

    assert copying_script([Document("nothing", "en", (), ())]) == ""


def test_the_page_of_the_lstm_stays_small() -> None:
    pages = derivation_pages(ls.cell("lstm"), [Sentences(language) for language in LANGUAGES], ())
    page = html_page(*pages)
    assert len(page.encode("utf-8")) <= 600_000
    assert not re.search(r"""(?:src|href)="(?!#)|url\((?!data:)|fetch\(|import\(""", page)
