"""LaTeX source: whole, its text escaped, and compiled without a line that runs over the page where LaTeX is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from representatives import each

import lstm_sym as ls
from lstm_sym.document import document as d
from lstm_sym.document.latex import latex_page
from lstm_sym.document.latex_text import declarations, escaped
from lstm_sym.document.sentences import Sentences, table
from lstm_sym.document.typst import typst_page
from lstm_sym.equations.functions import SIGNS
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.facts import Facts
from lstm_sym.report.source import with_source

CELLS = {name: ls.cell(name) for name in ls.names()}
OVER = 4.0
"""Points by which a line may run over the text."""
QUICK = ("lstm", "slstm")


def document(name: str, language: str = "en") -> d.Document:
    cell, sentences = CELLS[name], Sentences(language)
    derived = derivation_document(cell, sentences, errors={f"{name}.backward.c": 2e-16})
    return with_source(derived, Facts(cell), sentences)


@pytest.mark.parametrize("name", each(CELLS))
def test_every_equation_stands_under_its_number(name: str) -> None:
    shown = document(name)
    page = latex_page(shown)
    for equation in shown.equations():
        assert page.count(rf"\tag{{{equation.number}}}") == 1
        assert page.count(rf"\label{{{equation.id}}}") == 1
    environments = re.findall(r"\\(begin|end)\{(\w+\*?)\}", page)
    open_: list[str] = []
    for what, name_ in environments:
        if what == "begin":
            open_.append(name_)
        else:
            assert open_.pop() == name_
    assert open_ == []


def test_the_errors_of_checks_are_a_column() -> None:
    page = latex_page(document("lstm"))
    assert r"(B4) & chain rule & E5 & ✓ 2.0e-16 \\" in page
    assert r"\textbf{relative error}" in page


def test_a_long_equation_is_split_into_lines() -> None:
    page = latex_page(document("nested_lstm"))
    equation = re.search(r"\\begin\{equation\}\n\\tag\{J27\}.*?\\end\{equation\}", page, re.DOTALL)
    assert equation is not None
    assert equation[0].count("\\\\\n") >= 3 and r"\begin{split}" in equation[0] and "&\\quad{} +" in equation[0]


def test_what_a_page_folds_or_puts_beside_its_drawing_stands_in_line() -> None:
    folded = d.Folded("the answer", (d.Paragraph(("forty-two",)),))
    beside = d.Beside((d.Paragraph(("spoken",)), folded), lambda prefix: "<svg/>")
    shown = d.Document(
        "page", "en", (), (d.Section("s", "Title", (beside,)), d.Section("empty", "Gone", (d.Beside((), str),)))
    )
    for page in (latex_page(shown), typst_page(shown)):
        places = [page.index(text) for text in ("Title", "spoken", "the answer", "forty-two")]
        assert places == sorted(places) and "svg" not in page and "Gone" not in page


def test_the_program_and_the_works_are_there() -> None:
    page = latex_page(document("lstm"))
    assert "\\begin{verbatim}\ndef forward(x, h_prev" in page
    assert r"\cite{hochreiter1997,gers2000}" in page and r"\bibitem{gers2000}" in page
    assert "% @misc{hochreiter1997,\n%   author = {Hochreiter and Schmidhuber}," in page


def test_an_accent_behind_a_letter_is_put_above_it() -> None:
    assert (
        escaped("δh\u0303_t ⊙ c\u0302, ~ and ^")
        == r"δ\~{h}\_\allowbreak{}t ⊙ \^{c}, \textasciitilde{} and \textasciicircum{}"
    )
    assert not any("\u0303" in line for line in declarations(escaped("δh\u0303")))


def test_the_signs_of_tex_in_a_text_are_text() -> None:
    assert escaped(r"50 % of \input{x} & a_b #1 ^~ $") == (
        r"50 \% of \textbackslash{}input\{x\} \& a\_\allowbreak{}b \#1 \textasciicircum{}\textasciitilde{} \$"
    )
    evil = d.Document(r"\input{secret}", "en", ((r"\end{document}", d.Code("$x^2$ % gone")),), ())
    page = latex_page(evil)
    assert r"\input{" not in page and page.count(r"\end{document}") == 1 and r"\% gone" in page


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_every_sign_is_declared(language: str) -> None:
    page = latex_page(document("slstm", language))
    head, _, body = page.partition(r"\begin{document}")
    declared = set(re.findall(r"\\newunicodechar\{(.)\}", head))
    signs = {character for character in body if not character.isascii() and ord(character) < 0x2E80}
    assert signs and signs <= declared
    assert ("xeCJK" in head) == (language != "en") and r"\fbox" not in head


def test_every_sign_of_every_sentence_and_function_is_known() -> None:
    texts = [text for row in table().values() for text in row.values()] + [text for _, text in SIGNS.values()]
    assert [line for line in declarations("".join(texts)) if r"\fbox" in line] == []


def test_a_sign_that_is_not_known_is_shown_by_its_number() -> None:
    assert declarations("aé☃語") == [r"\newunicodechar{☃}{\fbox{\tiny U+2603}}"]


def test_chinese_in_an_english_document_asks_for_xelatex() -> None:
    assert "xeCJK" in latex_page(d.Document("門", "en", (), ()))


def compiled(source: str, folder: Path) -> str:
    """The log of compiling a source."""
    program = "xelatex" if "xeCJK" in source else "pdflatex"
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (folder / "page.tex").write_text(source, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "page.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    return log


def too_wide(log: str) -> list[float]:
    return [over for over in map(float, re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)) if over > OVER]


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in CELLS]
)
def test_it_compiles_and_no_line_runs_over_the_page(name: str, tmp_path: Path) -> None:
    log = compiled(latex_page(document(name)), tmp_path)
    assert too_wide(log) == [] and "Missing character" not in log


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans"])
def test_chinese_compiles(language: str, tmp_path: Path) -> None:
    log = compiled(latex_page(document("gru", language)), tmp_path)
    assert too_wide(log) == [] and "Missing character" not in log


def test_a_line_that_runs_over_is_noticed(tmp_path: Path) -> None:
    wide = d.Paragraph((d.Code("x" * 150),))
    log = compiled(latex_page(d.Document("wide", "en", (), (d.Section("s", "s", (wide,)),))), tmp_path)
    assert len(too_wide(log)) == 1
