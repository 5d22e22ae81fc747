"""The table of strings is complete, and says what the derivation needs to say."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import lstm_sym as ls
from lstm_sym.document.sentences import table
from lstm_sym.flow.advice import summary
from lstm_sym.flow.measures import SURVEYED
from lstm_sym.flow.memory import card as memory
from lstm_sym.flow.plots import fan, heatmap, profiles, saturation, shares, spectra
from lstm_sym.report import LANGUAGES, Sentences

NAMED = ("audit", "document", "explore", "proofreading", "studies", "networks", "report", "site", "cli")
ROOMS = [Path(ls.__file__).parent / room for room in NAMED]
LABELLED = {
    "flow.memory": memory.HEADINGS,
    "flow.advice": summary.SENTENCES,
    "flow.fan": fan.LABELS,
    "flow.map": heatmap.LABELS,
    "flow.shares": shares.LABELS,
    "flow.saturation": saturation.LABELS,
    "flow.spectra": spectra.LABELS,
    "flow.theory": {"bound": "bound along the path, ∏ₜ ‖ Jₜ ‖", "prediction": "product of the gates of {state}"},
}
COSTS = [f"cost.{name}" for name in ls.derive("rnn").costs]
FIGURES = [row.figure for row in SURVEYED.values() if row.figure]
# By the engine, by the checks, by the figures of a survey, and by the tables and figures whose words they are.
NAMED_ELSEWHERE = (
    *("rules.", "checks.names.", "checks.whats.", "checks.left_out."),
    *COSTS,
    *(f"flow.{figure}." for figure in FIGURES),
    *(f"flow.section.{figure}" for figure in FIGURES),
    *("flow.column.", "flow.reason.", "method.term.", "checks.words."),
    *(f"{prefix}." for prefix in LABELLED),
    *(f"figure.{name}" for name in profiles.LABELS),
    "explore.words.",
    "mistakes.",
    "proofreading.reason.",
    *("audit.why.", "audit.layout.", "audit.meant.", "audit.note.", "audit.stage.", "audit.init."),
)


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", table())
def test_every_sentence_has_every_language_and_the_same_places(key: str) -> None:
    sentences = table()[key]
    assert set(sentences) == set(LANGUAGES)
    assert all(sentence.strip() for sentence in sentences.values())
    assert len({frozenset(places(sentence)) for sentence in sentences.values()}) == 1


def test_no_sentence_is_left_in_english() -> None:
    alike = {key for key, s in table().items() if s["zh-Hant"] == s["en"] and re.search("[a-z]{3}", s["en"])}
    assert {key.rpartition(".")[2] for key in alike} <= {"largest"}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_of_a_survey_has_a_title_and_a_caption(figure: str) -> None:
    assert {f"flow.{figure}.title", f"flow.{figure}.caption", f"flow.section.{figure}"} <= set(table())


def test_the_cost_of_every_pass_has_a_name() -> None:
    assert set(COSTS) <= set(table()) and "cost.total" in COSTS


def is_used(key: str, source: str) -> bool:
    """Whether the key stands in the code as it is, or as a prefix and a last part."""
    head, _, last = key.rpartition(".")
    return f'"{key}"' in source or (f'f"{head}.{{' in source and f'"{last}"' in source)


@pytest.mark.parametrize("prefix", LABELLED)
def test_every_word_of_a_figure_or_table_has_every_language(prefix: str) -> None:
    """All but those that are a place alone, as "{model}"."""
    needed = {name for name, text in LABELLED[prefix].items() if places(text) == set() or len(text) > 12}
    assert needed - {"never", "unknown"} <= set(Sentences("en").under(prefix))


def test_every_sentence_is_used() -> None:
    source = "".join(path.read_text(encoding="utf-8") for room in ROOMS for path in room.rglob("*.py"))
    found = [key for key in table() if not key.startswith(NAMED_ELSEWHERE)]
    assert found
    assert [key for key in found if not is_used(key, source)] == []


def test_every_rule_of_the_catalogue_is_explained() -> None:
    sentences = Sentences("en")
    rules = set()
    for name in ls.names():
        derivation = ls.derive(ls.cell(name))
        for program in (derivation.forward, derivation.adjoint, derivation.tangent):
            rules |= {statement.provenance.rule for statement in program.statements}
    assert rules
    assert [rule for rule in sorted(rules) if not sentences.has(f"rules.{rule}.why")] == []


def test_every_check_is_named_in_every_language() -> None:
    from lstm_sym.check import CHECKS
    from lstm_sym.check.networks.suite import NETWORK_CHECKS

    names = [*CHECKS, *NETWORK_CHECKS]
    assert [name for name in names if f"checks.names.{name}" not in table()] == []
    assert [name for name in names if f"checks.whats.{name}" not in table()] == []


def test_why_a_check_is_left_out_is_said_in_every_language() -> None:
    from lstm_sym.check.networks.suite import check_network
    from lstm_sym.networks import CellLayer, Network, Pooling, dense

    layers = CellLayer("r", ls.cell("rnn"), 2), Pooling("mean", "mean")
    found = {r.left_out for of in (layers, (dense("out", 2),)) for r in check_network(Network(of, 2)) if not r.ran}
    assert found == {"one vector a sequence", "reads to the end", "no loss", "no state"}
    assert [key for key in found if f"checks.left_out.{key}" not in table()] == []


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="zh-Hant"):
        Sentences("de")
