"""The table of checks says of each check what is true of the cell at hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache

import pytest

import lstm_sym as ls
from lstm_sym.check import CheckResult, check_lines
from lstm_sym.check.case import STEPS_ALONE
from lstm_sym.check.suite import CHECKS
from lstm_sym.document.document import Table, line_text
from lstm_sym.notation.text import TextNotation
from lstm_sym.report import LANGUAGES, Sentences, checked
from lstm_sym.report.checked import checked_derivation
from lstm_sym.report.checks import check_table

NO_INPUT = {"en": "the cell reads no input", "zh-Hant": "沒有輸入", "zh-Hans": "没有输入"}


def rows(results: tuple[CheckResult, ...], language: str) -> dict[str, list[str]]:
    """Name of a check -> its row."""
    table = check_table(results, Sentences(language))[-1]
    assert isinstance(table, Table)
    texts = [[line_text(cell, TextNotation()) for cell in row] for row in table.rows]
    return {result.name: row for result, row in zip(results, texts, strict=True)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_left_out_says_why(language: str) -> None:
    result = CHECKS["complex step"](ls.cell("henon"), ls.build(ls.cell("henon")))
    assert not result.ran and result.passed
    verdict = rows((result,), language)["complex step"][-1]
    assert NO_INPUT[language] in verdict and "analytic" not in verdict


@cache
def results_of(name: str, *chosen: str) -> tuple[CheckResult, ...]:
    cell = ls.cell(name)
    return tuple(replace(CHECKS[check](cell, ls.build(cell)), name=check) for check in chosen)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sizes_are_those_of_the_case(language: str) -> None:
    for name, many in (("henon", f"T {STEPS_ALONE}"), ("rnn", "T 300")):
        told = rows(results_of(name, "autograd, many steps"), language)["autograd, many steps"]
        assert many in told[2] and "300" in told[1] and str(STEPS_ALONE) in told[1]
    for name, fewest in (("henon", "H 1"), ("layer_norm_lstm", "D 2, H 2")):
        told = rows(results_of(name, "autograd, smallest"), language)["autograd, smallest"]
        assert fewest in told[2] and any(two in told[1] for two in ("two of", "各兩個", "各两个"))


def test_the_lines_checked_once_are_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The errors of a page are those of the check of every line, where it is among the results."""
    cell = ls.cell("rnn")
    results = (replace(CHECKS["every line"](cell, ls.build(cell)), name="every line"),)
    assert results[0].lines == check_lines(cell)
    expected = checked_derivation(cell, Sentences(), results[:0])
    monkeypatch.setattr(checked, "check_lines", None)
    found = checked_derivation(cell, Sentences(), results)
    assert [one.error for one in found.equations()] == [one.error for one in expected.equations()]


def test_a_derivation_is_shown_without_starting_autograd() -> None:
    code = "import sys; import lstm_sym.report; print([m for m in ('autograd', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
