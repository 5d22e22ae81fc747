"""Cells that grow by design: judged on the steps before their numbers are too large, as strictly as any other."""

import warnings

import pytest
from check.broken import EDITS, noise, with_gradient
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym.check import CHECKS, check_cell, random_case
from lstm_sym.check.growth import LARGEST, before_overflow, steps_within
from lstm_sym.check.suite import LONG
from lstm_sym.cli import main
from lstm_sym.report import Sentences, derivation_document, terminal_text

GROWING = {
    "tenfold": ls.parse("c[t] = 12 * c[t-1] + W @ x[t]", key="tenfold"),
    "squared": ls.parse("c[t] = c[t-1] ** 2 + W @ x[t]", key="squared"),
}
MANY = "autograd, many steps"


@pytest.mark.parametrize("cell", GROWING.values(), ids=GROWING)
def test_a_cell_that_grows_passes_on_the_steps_that_can_be_compared_without_a_warning(cell):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = check_cell(cell)
    assert all(result.passed for result in results)
    [many] = [result for result in results if result.name == MANY]
    assert many.ended_early and f" of {LONG}, " in many.detail


@pytest.mark.parametrize("edit", [*EDITS, "noise"])
@pytest.mark.parametrize("cell", GROWING.values(), ids=GROWING)
def test_a_wrong_gradient_of_a_cell_that_grows_fails(cell, edit):
    for gradient in ("x", "W", "c[0]"):
        broken = with_gradient(ls.build(cell), gradient, EDITS.get(edit, noise))
        assert not CHECKS[MANY](cell, broken).passed, gradient


def test_the_steps_that_are_left_are_the_first_and_the_most_that_fit():
    cell = GROWING["tenfold"]
    case = random_case(cell, steps=LONG)
    kept = before_overflow(cell, case)
    steps = len(kept.x)
    assert 80 < steps < 110 and steps_within(cell, kept, LARGEST) == steps == steps_within(cell, case, LARGEST)
    assert (kept.x == case.x[:steps]).all() and (kept.dy == case.dy[:steps]).all()
    assert kept.label.startswith(f"T {steps} of {LONG}, ")
    y, _, _ = ls.build(cell).forward(
        case.x[: steps + 1], ls.build(cell).Params(**case.params), case.of(ls.build(cell))[1]
    )
    assert abs(y[:-1]).max() <= LARGEST < abs(y[-1]).max()


@pytest.mark.parametrize("name", ls.names())
def test_no_cell_of_the_catalogue_is_cut_short(name):
    case = random_case(ls.cell(name), steps=LONG, batch=2, inputs=3, hidden=5, seed=4)
    assert before_overflow(ls.cell(name), case) is case


def test_the_first_step_is_always_compared():
    cell = ls.parse("c[t] = exp(exp(exp(c[t-1] ** 2 + 9))) + W @ x[t]", key="own")
    case = before_overflow(cell, random_case(cell, steps=5))
    assert len(case.x) == 1 and steps_within(cell, case, LARGEST) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not all(result.passed for result in check_cell(cell, quick=True))


def test_the_table_and_the_page_say_what_the_end_means(tmp_path):
    path = tmp_path / "tenfold.toml"
    path.write_text('equations = """\nc[t] = 12 * c[t-1] + W @ x[t]\n"""\n')
    result = CliRunner().invoke(main, ["check", str(path)])
    assert result.exit_code == 0 and "T m of n: the state grows beyond 1e100" in result.output
    assert "T m of n" not in CliRunner().invoke(main, ["check", "rnn"]).output
    cell = GROWING["tenfold"]
    for language, words in (
        ("en", "the state grows"),
        ("zh-Hant", "狀態在第 m 步之後"),
        ("zh-Hans", "状态在第 m 步之后"),
    ):
        document = derivation_document(cell, Sentences(language), checks=[CHECKS[MANY](cell, ls.build(cell))])
        assert words in terminal_text(document, prose=True, width=1000)
