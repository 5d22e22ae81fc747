"""What can be copied from a page: LaTeX and Python of its lines, BibTeX of its works; by a script, and only by one."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture
def browser() -> Any:
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


REFUSING = "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
"""A page of a file, in a browser that gives those no clipboard."""
KEEPING = "document.execCommand = () => { window.copied = document.activeElement.value; return true; };"


def test_lines_are_copied_from_a_file_without_a_clipboard(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(html_page(*documents(ls.cell("lstm"))), encoding="utf-8")
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
    (tmp_path / "page.html").write_text(html_page(*documents(ls.cell("rnn"))), encoding="utf-8")
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
    (tmp_path / "page.html").write_text(html_page(*documents(ls.cell("lstm"))), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 700})
    page.goto(f"file://{tmp_path}/page.html")
    line = page.locator('[id="lstm.backward.h_prev"]')
    line.hover()
    group = line.locator(".copies").bounding_box()
    for link in line.locator(".note a, .number").all():
        box = link.bounding_box()  # None in the languages that are not shown
        assert box is None or box["y"] >= group["y"] + group["height"] - 1 or box["x"] + box["width"] <= group["x"]
