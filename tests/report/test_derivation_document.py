"""A derivation in each rendering: complete, well formed, self-contained, and the same formulas as the kernel."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from kernels.cells import text_of
from representatives import representatives

import lstm_sym as ls
from lstm_sym.check import CHECKS, check_lines
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.notation.text import TextNotation
from lstm_sym.program import Pointwise
from lstm_sym.report import LANGUAGES, Document, Sentences, derivation_document, html_page, markdown_page, terminal_text

OWN = """
g[t] = sigmoid(A @ x[t] + p * s[t-1] + b_g)
s[t] = g[t] * s[t-1] + (1 - g[t]) * tanh(R @ (g[t] * s[t-1]) + V @ x[t]) / 3
"""
CELLS = representatives({name: ls.cell(name) for name in ls.names()}) | {"own": ls.parse(OWN, key="own")}
VOID = {"meta", "wbr", "br", "link", "img", "hr", "input"}


@pytest.fixture(scope="module", params=CELLS)
def cell(request: pytest.FixtureRequest) -> ls.Cell:
    return CELLS[request.param]


@pytest.fixture(scope="module")
def document(cell: ls.Cell) -> Document:
    checks = tuple(replace(CHECKS[name](cell, ls.build(cell)), name=name) for name in ("autograd", "step"))
    return derivation_document(cell, Sentences("en"), errors=check_lines(cell), checks=checks)


class Reader(HTMLParser):
    """Balanced elements, anchors, links and whatever a page would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [value for name in ("href", "src") if (value := given.get(name))]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_kernel_has_the_numbers_of_the_document_that_the_lead_says(cell: ls.Cell, document: Document) -> None:
    """Those of stages (F), backward pass (B) and forward mode (T), and none of equations (E) and Jacobians (J)."""
    source = text_of(cell).partition("Signs in comments")[2].partition("Generated from")[2]
    numbers = set(re.findall(r"\(([EFBTJ]\d+)\)", source))
    shown = {equation.number for equation in document.equations()}
    assert numbers and numbers == {number for number in shown if number[0] in "FBT"}
    assert all(f"({letter})" in terminal_text(document, prose=True) for letter in "FBTEJ")


def test_a_comment_of_the_kernel_is_the_line_of_the_document(cell: ls.Cell, document: Document) -> None:
    derivation = ls.derive(cell)
    statements = [*derivation.forward.statements, *derivation.adjoint.statements]
    pointwise = {statement.provenance.id for statement in statements if isinstance(statement, Pointwise)}
    shown = {e.number: e.write(TextNotation(by_name=True)) for e in document.equations() if e.id in pointwise}
    comments: dict[str, set[str]] = {}
    joined = re.sub(r"\n *# (?!\([FB]\d|All steps|Step by step)", " ", text_of(cell))
    for number, text in re.findall(r"[#;] \(([FB]\d+)\) ([^;\n]*)", joined):
        comments.setdefault(number, set()).add(text)
    assert shown
    assert {number: text for number, text in shown.items() if text not in comments[number]} == {}


def test_every_derived_statement_is_there_with_its_check(cell: ls.Cell, document: Document) -> None:
    derivation = ls.derive(cell)
    wanted = {
        statement.provenance.id
        for program in (derivation.forward, derivation.adjoint, derivation.tangent)
        for statement in program.statements
    }
    errors = {e.id: e.error for e in document.equations()}
    assert wanted <= set(errors)
    assert all(errors[identity] is not None and errors[identity] < 1e-12 for identity in wanted)


def test_a_line_is_what_the_notation_says_of_its_statement(cell: ls.Cell, document: Document) -> None:
    derivation = ls.derive(cell)
    shown = {e.id: e for e in document.equations()}
    for program in (derivation.forward, derivation.adjoint, derivation.tangent):
        for notation in (TextNotation, LatexNotation, MathMLNotation):
            for statement in program.statements:
                wanted = notation.of(program).line(statement)
                assert shown[statement.provenance.id].write(notation()) == wanted or program is derivation.tangent


def test_all_jacobians_are_there(cell: ls.Cell, document: Document) -> None:
    shown = {e.id for e in document.equations()}
    derivation = ls.derive(cell)
    for target in cell.states:
        for source in (*cell.states, *filter(None, [cell.input]), *cell.parameters):
            is_there = f"{cell.key}.jacobian.{target}.{source}" in shown
            assert is_there != derivation.jacobian(target, source).is_zero


def test_the_page_stands_alone(document: Document) -> None:
    assert_stands_alone(html_page(document), "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["slstm", "own"])
def test_the_page_stands_alone_in_every_language(name: str, language: str) -> None:
    assert_stands_alone(html_page(derivation_document(CELLS[name], Sentences(language))), language)


def assert_stands_alone(page: str, language: str) -> None:
    reader = Reader(page)
    assert reader.open == []
    assert not reader.tags & {"link", "iframe", "img", "object"}
    assert "http" not in page and "@import" not in page and " src=" not in page and "fetch(" not in page
    assert page.count("url(") == page.count("url(data:font/woff2;base64,") == 1
    assert len(reader.ids) == len(set(reader.ids))
    assert reader.links and all(link[1:] in reader.ids for link in reader.links)
    assert f'<html lang="{language}">' in page


def test_mathml_is_well_formed(document: Document) -> None:
    found = re.findall(r"<math.*?</math>", html_page(document), flags=re.DOTALL)
    assert len(found) > 20
    for element in found:
        ElementTree.fromstring(element)


def test_delimiters_of_markdown_are_balanced(document: Document) -> None:
    page = markdown_page(document)
    blocks = re.findall(r"^\$\$\n(.*?)\n\$\$$", page, flags=re.DOTALL | re.MULTILINE)
    equations = list(document.equations())
    assert len(blocks) == len(equations) + 1  # and the block matrix
    for block in blocks:
        assert "$" not in block and "\n\n" not in block
        assert block.replace(r"\{", "").count("{") == block.replace(r"\}", "").count("}")
        assert block.count(r"\begin{") == block.count(r"\end{")
        assert not re.search(r"\\[^a-zA-Z]", block), "Markdown takes a backslash before punctuation for its own"
    rest = re.sub(r"^\$\$\n.*?\n\$\$$", "", page, flags=re.DOTALL | re.MULTILINE)
    assert rest.count("$") % 2 == 0
    assert all(f"\\tag{{{e.number}}}" in page for e in equations)


def test_rows_of_a_markdown_table_have_one_length(document: Document) -> None:
    rows = [line for line in markdown_page(document).splitlines() if line.startswith("|")]
    columns = {len(re.findall(r"(?<!\\)\|", row)) - 1 for row in rows}
    assert columns <= {3, 6}


def test_the_terminal_shows_every_line_within_its_width(document: Document) -> None:
    text = terminal_text(document, width=100)
    for equation in document.equations():
        assert f"({equation.number})" in text
    broken = [line for line in text.splitlines() if line.startswith("  (") and " + " in line]
    assert all(len(line) <= 100 for line in broken)


@pytest.mark.parametrize("name", ["layer_norm_lstm", "slstm", "own"])
def test_the_same_document_gives_the_same_bytes(name: str) -> None:
    first, second = (html_page(derivation_document(CELLS[name], Sentences("zh-Hant"))) for _ in range(2))
    assert first == second


def test_user_text_is_escaped() -> None:
    hostile = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])", key="plain")
    hostile = replace(hostile, name="<script>alert(1)</script> $x$ `y` | z", reference='"><img src=x>')
    document = derivation_document(hostile, Sentences("en"))
    assert "<script>alert" not in html_page(document) and "<img" not in html_page(document)
    page = markdown_page(document)
    assert "<script>" not in page.replace(r"\<", "")
    assert r"\$x\$" in page


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "stabiliser state; starts at −∞"),
        ("zh-Hant", "穩定化狀態；初始值為 −∞"),
        ("zh-Hans", "稳定化状态；初始值为 −∞"),
    ],
)
def test_a_state_that_does_not_start_at_zero_says_where_it_starts(language: str, told: str) -> None:
    document = derivation_document(ls.cell("slstm"), Sentences(language))
    pages = (html_page(document), markdown_page(document), terminal_text(document))
    assert all(page.count(told) == 1 for page in pages)
    started = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])", initial={"h": 0.5})
    assert "state and output; starts at 0.5" in terminal_text(derivation_document(started, Sentences("en")))
    assert "starts at" not in terminal_text(derivation_document(ls.cell("lstm"), Sentences("en")))


def test_chosen_functions_are_named() -> None:
    cell = ls.cell("lstm_peephole", phi_h="identity")
    page = html_page(derivation_document(cell, Sentences("en")))
    assert "phi_h = identity" in page


@pytest.mark.parametrize(
    ("language", "number", "vector"),
    [
        ("en", "learned number", "parameter vector"),
        ("zh-Hant", "學得的數", "參數向量"),
        ("zh-Hans", "学得的数", "参数向量"),
    ],
)
def test_a_learned_number_is_called_no_vector(language, number, vector):
    cell = ls.parse("h[t] = tanh(k * (W @ x[t]) + p * h[t-1])", key="own", parameters={"k": "scalar"})
    symbols = terminal_text(derivation_document(cell, Sentences(language)).only(("symbols",)), width=200)
    [of_number] = [line for line in symbols.splitlines() if line.split()[:1] == ["k"]]
    [of_vector] = [line for line in symbols.splitlines() if line.split()[:1] == ["p"]]
    assert number in of_number and vector not in of_number and of_number.endswith("()")
    assert vector in of_vector
