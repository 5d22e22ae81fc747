"""Long equations in lines: the same breaks in every notation, none longer than asked, none inside what is short."""

from __future__ import annotations

import pytest
from representatives import each

import lstm_sym as ls
from lstm_sym.document.document import Equation
from lstm_sym.document.lines import in_lines, left_side
from lstm_sym.document.sentences import Sentences
from lstm_sym.notation.breaks import BREAK, HELD, BreakableLatex, BreakableTypst, Measure, whole
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.report.derivation import derivation_document

CELLS = {name: ls.cell(name) for name in ls.names()}
LIMIT = 60


def equations(name: str) -> list[Equation]:
    return list(derivation_document(CELLS[name], Sentences("en")).equations())


def numbered(name: str, number: str) -> Equation:
    return next(equation for equation in equations(name) if equation.number == number)


@pytest.mark.parametrize("name", each(CELLS))
def test_every_notation_breaks_at_the_same_places(name: str) -> None:
    for equation in equations(name):
        found = [in_lines(equation, notation, LIMIT) for notation in (BreakableLatex(), BreakableTypst(), Measure())]
        assert len({tuple(line.steps for line in one) for one in found}) == 1, equation.id
        assert not any(BREAK in line.text or HELD in line.text for one in found for line in one)


@pytest.mark.parametrize("name", each(CELLS))
def test_no_line_is_longer_than_asked(name: str) -> None:
    for equation in equations(name):
        start = len(left_side(equation, Measure())) + len(" = ")
        for line in in_lines(equation, Measure(), LIMIT):
            assert start + 3 * line.steps + len(line.text) <= LIMIT + 12, (equation.id, line)  # but for one long piece


def test_a_short_equation_is_one_line_as_the_notation_prints_it() -> None:
    equation = numbered("lstm", "B17")
    [line] = in_lines(equation, BreakableLatex(), 200)
    assert f"{left_side(equation, BreakableLatex())} = {line.text}" == equation.write(LatexNotation())


def test_a_long_equation_is_broken_before_its_summands() -> None:
    first, *rest = in_lines(numbered("lstm", "B17"), BreakableLatex(), 25)
    assert first.steps == 0 and first.text.startswith(r"{U_{o}}^{\top}")
    assert len(rest) == 3 and all(line.text.startswith("+ {U_") and line.steps == 1 for line in rest)


def test_a_long_summand_is_broken_too_and_what_is_short_stays_whole() -> None:
    found = in_lines(numbered("lstm", "J9"), Measure(), 30)
    assert {line.steps for line in found} == {0, 1, 2}
    assert sum(line.text.count("(1 − ") for line in found) == whole(numbered("lstm", "J9").right(Measure())).count(
        "(1 −"
    )


def test_a_long_fraction_becomes_a_quotient() -> None:
    cell = ls.parse("h[t] = (q * h[t-1] + r * p * h[t-1] * q + s * h[t-1] * p) / (1 + h[t-1] * h[t-1] * p)")
    [line, *_] = [
        equation for equation in derivation_document(cell, Sentences("en")).equations() if equation.number == "E1"
    ]
    assert r"\frac" in line.write(LatexNotation())
    assert r"\frac" not in line.write(BreakableLatex()) and " / " in line.write(BreakableLatex())
