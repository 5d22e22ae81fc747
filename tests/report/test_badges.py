"""A sign that is flipped in a derived line turns the marks of what is wrong by it red, and of nothing else."""

from __future__ import annotations

import re

import pytest
from check.broken import mutants, with_program, with_statement

import lstm_sym as ls
from lstm_sym.check.derived_lines import check_lines
from lstm_sym.document.document import BAR, Document
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Statement
from lstm_sym.report import LANGUAGES, Sentences, derivation_document, html_page, in_order, markdown_page, terminal_text


def affected(program: Program, changed: Statement) -> set[str]:
    """The ids of a statement, and of all whose value follows from it: in this step, or over the loop."""
    wrong = {changed.target}
    while True:
        carried = {carry.incoming for carry in program.carries if carry.outgoing in wrong}
        found = wrong | carried | {s.target for s in program.statements if wrong & set(s.reads())}
        if found == wrong:
            return {s.provenance.id for s in program.statements if s.target in wrong}
        wrong = found


def documents(errors: dict[str, float]) -> list[Document]:
    cell = ls.cell("lstm")
    return [derivation_document(cell, Sentences(language), errors=errors) for language in LANGUAGES]


def marked(page: str, verdict: str) -> set[str]:
    """The ids of the lines with this mark."""
    lines = re.findall(r'<div class="equation" id="([^"]+)">(.*?)\n', page)
    return {identity for identity, text in lines if f'class="{verdict} by-' in text}


@pytest.mark.parametrize("name", ["d_f", "d_a_o", "d_W_g", "d_c"])
def test_exactly_what_follows_from_a_wrong_line_is_red(name: str) -> None:
    derivation = ls.derive("lstm")
    program = derivation.adjoint
    statement = program.statement(name)
    change = next(new for kind, new in mutants(statement).items() if kind.startswith("sign"))
    broken = with_program(derivation, adjoint=with_statement(program, statement, change))
    errors = check_lines(derivation.cell, broken)
    shown = documents(errors)
    page = html_page(*shown)
    wrong = affected(program, statement)
    checked = {e.id for e in shown[0].equations() if e.error is not None}
    assert marked(page, "wrong") == wrong and marked(page, "right") == checked - wrong
    numbers = [e.number for e in shown[0].equations() if e.id in wrong]
    for told in (page, markdown_page(shown[0]), terminal_text(shown[0])):
        assert all(f"({number})" in told for number in numbers) and "These lines are wrong" in told
    assert page.index('role="alert"') < page.index('class="lead"')


def test_a_right_page_has_no_warning() -> None:
    page = html_page(*documents(check_lines(ls.cell("lstm"))))
    assert not marked(page, "wrong") and "alert" not in page and "Do not rely" not in page


def test_an_error_that_is_no_number_is_wrong() -> None:
    for error in (float("nan"), float("inf"), 1.01 * BAR):
        assert marked(html_page(*documents({"lstm.forward.c": error})), "wrong") == {"lstm.forward.c"}
    assert not marked(html_page(*documents({"lstm.forward.c": BAR})), "wrong")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mark_says_how_its_line_was_checked(language: str) -> None:
    cell = ls.cell("lstm")
    errors = dict.fromkeys(check_lines(cell), 0.0)
    documents = [derivation_document(cell, Sentences(one), errors=errors) for one in in_order(language)]
    page, labels = html_page(*documents), documents[0].labels
    assert set(re.findall(r'class="right by-(.)"', page)) == set("BFJT")
    for kind in "BFJT":
        told = labels.checked(f"{kind}1")
        assert f'\n.by-{kind} {{ --how: "{told}"; }}' in page and "float64, seed 11, T = 3, B = 2, D = 2, H = 3" in told
    assert page.count("--how: ") == 3 * 4
