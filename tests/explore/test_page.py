"""The page of the explorer: small, alone, the same bytes every time, and honest about what it cannot do."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from explore.chosen import every_cell

import lstm_sym as ls
from lstm_sym.cli import main
from lstm_sym.document.document import Document
from lstm_sym.document.html import html_page
from lstm_sym.document.markdown import markdown_page
from lstm_sym.document.sentences import LANGUAGES, Sentences, in_order
from lstm_sym.explore import ExploreError, explorer_pages, with_explorer
from lstm_sym.report import derivation_document, terminal_text
from lstm_sym.report.checked import derivation_pages

LARGEST = 300_000
SAID = [Sentences(language) for language in in_order("en")]


def page(*names: str) -> str:
    return html_page(*explorer_pages([ls.cell(name) for name in names], SAID))


def derived(name: str, languages: list[Sentences]) -> list[Document]:
    cell = ls.cell(name)
    return with_explorer([derivation_document(cell, one) for one in languages], cell, languages)


@pytest.mark.parametrize("names", [("lstm",), ("rnn", "lstm", "gru"), ("rnn", "lstm", "gru", "mgu", "ugrnn", "janet")])
def test_a_page_is_small(names):
    assert len(page(*names).encode()) <= LARGEST


@every_cell
def test_the_page_of_every_cell_is_small_and_names_what_cannot_be_moved(name):
    text = page(name)
    assert len(text.encode()) <= LARGEST
    data = json.loads(re.search(r'id="explorer\.data">(.*?)</script>', text)[1])
    moved = {gate["name"] for gate in data["cells"][0]["gates"]}
    gates = {gate.name for gate in ls.derive(name).roles.gates}
    named = [data["words"]["en"].get(f"{name}.fixed", "")]
    assert all(gate in moved or gate in named[0] for gate in gates)
    assert set(data["words"]) == set(LANGUAGES)


def test_the_same_cells_give_the_same_bytes():
    assert page("rnn", "lstm") == page("rnn", "lstm")


def test_anchors_are_unique_beside_those_of_a_derivation():
    text = html_page(*derived("gru", SAID))
    anchors = re.findall(r'\bid="([^"]+)"', text)
    assert len(anchors) == len(set(anchors))
    assert text.index('id="diagram"') < text.index('id="explore"') < text.index('id="equations"')


def test_the_derivation_of_the_lstm_with_its_explorer_is_at_most_600_kilobytes():
    cell = ls.cell("lstm")
    pages = with_explorer(derivation_pages(cell, SAID, []), cell, SAID)
    assert len(html_page(*pages).encode()) <= 600_000


def test_other_renderings_leave_it_out():
    (document,) = explorer_pages([ls.cell("gru")], SAID[:1])
    assert "range" not in markdown_page(document) and "range" not in terminal_text(document)


def test_a_cell_without_an_input_has_a_derivation_without_explorer():
    (document,) = derived("henon", SAID[:1])
    assert not list(document.lives()) and len(list(derived("gru", SAID[:1])[0].lives())) == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["henon"], "reads no input"),
        (["lstm", "lstm"], "each once"),
        ([], "none"),
        (["rnn", "lstm", "gru", "mgu", "ugrnn", "janet", "cfn"], "up to 6"),
    ],
)
def test_what_cannot_be_explored_is_refused(names, said):
    with pytest.raises(ExploreError, match=said):
        explorer_pages([ls.cell(name) for name in names], SAID)


def test_no_name_ends_the_script_or_begins_an_element():
    evil = "x</script><script>alert(1)</script><!--"
    text = html_page(*explorer_pages([replace(ls.cell("rnn"), name=evil)], SAID[:1]))
    assert text.count("</script>") == 2 and "<!--" not in text


def test_the_command_writes_one_file(tmp_path):
    target = tmp_path / "e.html"
    done = CliRunner().invoke(main, ["explore", "rnn", "lstm", "-o", str(target), "--lang", "zh-Hant"])
    assert done.exit_code == 0, done.output
    assert '<html lang="zh-Hant">' in target.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["e.html"]


@pytest.mark.parametrize("arguments", [["henon"], ["lstm", "-o", "x.md"], []])
def test_the_command_refuses_in_words(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["explore", *arguments])
    assert done.exit_code != 0 and "Traceback" not in done.output and not list(tmp_path.iterdir())


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans"])
def test_a_cell_is_called_in_the_language_of_the_page(language: str) -> None:
    cells = [ls.cell("lstm"), ls.cell("gru")]
    page = html_page(*explorer_pages(cells, [Sentences(language)]))
    shown = re.sub(r"<script.*?</script>|aria-label=\"[^\"]*\"", "", page, flags=re.DOTALL)
    for cell in cells:
        assert shown.count(cell.name_in(language)) >= 4  # twice in the title, over its sliders, over its network
        assert cell.name_in("en") not in shown and f'"name of {cell.key}":"{cell.name_in(language)}"' in page
