"""The sheet of exercises: the equations and the questions of a page, without its answers unless they are asked for."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym.cli import main
from lstm_sym.document import document as d
from lstm_sym.document.sentences import LANGUAGES, Sentences
from lstm_sym.report import PAGES, derivation_document, terminal_text
from lstm_sym.report.facts import Facts
from lstm_sym.report.reading import with_reading_path
from lstm_sym.report.reading.measured import Measured
from lstm_sym.report.reading.sheet import exercise_sheet

CELL = ls.cell("lstm")


def derivation(language: str) -> d.Document:
    facts, sentences = Facts(CELL), Sentences(language)
    document = derivation_document(CELL, sentences, facts=facts)
    return with_reading_path(document, facts, Measured(CELL), sentences)


def exercises(document: d.Document) -> d.Section:
    return next(section for section in document.sections if section.key == "exercises")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_asks_all_that_the_page_asks_and_answers_nothing(language: str) -> None:
    page, sentences = derivation(language), Sentences(language)
    sheet = exercise_sheet(page, CELL, sentences)
    assert [section.key for section in sheet.sections] == ["equations", "exercises"]
    folded = [block for block in exercises(page).blocks if isinstance(block, d.Folded)]
    assert len(exercises(sheet).blocks) == len(folded) == 6
    text = terminal_text(sheet, prose=True, width=10_000)
    numbers = [f"{block.asked:.4g}" for block in folded if block.asked is not None]
    assert numbers and not any(number in text for number in numbers) and "(B1) " in text
    assert CELL.name_in(language) in sheet.title and sentences.text("section.exercises") in sheet.title + text


def test_answers_stand_after_all_questions_with_their_numbers() -> None:
    page = derivation("en")
    sheet = exercise_sheet(page, CELL, Sentences("en"), answers=True)
    assert [section.key for section in sheet.sections] == ["equations", "exercises", "answers"]
    answers = terminal_text(sheet.only(("answers",)), prose=True, width=10_000)
    for place, block in enumerate((b for b in exercises(page).blocks if isinstance(b, d.Folded)), 1):
        assert f"{place}. " in answers and (block.asked is None or f"{place}. {block.asked:.4g}" in answers)


@pytest.mark.parametrize("kind", ["html", "md", "tex"])
def test_a_sheet_stands_alone_in_every_format(kind: str) -> None:
    text = PAGES[kind](exercise_sheet(derivation("en"), CELL, Sentences("en"), answers=True))
    assert isinstance(text, str) and "Answers" in text
    assert 'href="#lstm.backward' not in text  # those lines are not on the sheet


def test_the_command_writes_it(tmp_path) -> None:
    run = CliRunner()
    for options, has_answers in (([], False), (["--answers"], True)):
        path = tmp_path / f"sheet{has_answers}.html"
        result = run.invoke(main, ["derive", "rnn", "--exercises", *options, "-o", str(path)])
        assert result.exit_code == 0, result.output
        page = path.read_text(encoding="utf-8")
        assert ('id="answers"' in page) == has_answers and "習題" in page and "<details" not in page
        assert 'class="explorer"' not in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rnn", "--answers"], "add --exercises"),
        (["rnn", "--exercises", "--format", "ipynb"], "of one cell, as .html"),
    ],
)
def test_what_is_no_sheet_is_refused(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(main, ["derive", *arguments])
    assert result.exit_code == 2 and told in result.output
