"""What a study concludes follows from its numbers, and its figure goes into the page without what loads anything."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.document.document import line_text
from lstm_sym.flow import Profile, run
from lstm_sym.ground.width import cells, wrapped
from lstm_sym.inputs import gaussian, stream
from lstm_sym.notation.text import TextNotation
from lstm_sym.report import LANGUAGES, Sentences
from lstm_sym.studies.conclusions import conclusion, overlap, relation
from lstm_sym.studies.measurement import (
    HalfLife,
    biased_label,
    forget_bias,
    half_life,
    models_of,
    stems_of,
    steps_text,
    summary,
)
from lstm_sym.studies.settings import Settings

CELLS = (ls.cell("rnn"), ls.cell("lstm"))


def life(*draws: float) -> HalfLife:
    return HalfLife(float(np.median(draws)), min(draws), max(draws), draws)


def exponential(model: str, *half_lives: float, lags: int = 20) -> Profile:
    """A profile that halves every so many steps, one draw each."""
    norms = np.array([-np.log(2) * np.arange(lags + 1) / steps for steps in half_lives])
    count = len(half_lives)
    ends = np.stack([np.full(count, lags), np.zeros(count, int)], axis=1)
    return Profile(model, norms, ends, np.arange(count), "h", "x", "frobenius")


def said(rnn: HalfLife, lstm: HalfLife, biased: HalfLife, language: str = "en") -> list[str]:
    sentences = Sentences(language)
    lives = {"rnn": rnn, "lstm": lstm, biased_label(CELLS[1]): biased}
    return [line_text(line, TextNotation()) for line in conclusion(CELLS, lives, sentences)]


@pytest.mark.parametrize(
    ("lstm", "biased", "verdict"),
    [(1.2, 4.0, "but the forget bias"), (3.0, 9.0, "both count"), (3.0, 4.0, "adds little"), (1.2, 1.5, "neither")],
)
def test_the_verdict_follows_from_the_numbers(lstm: float, biased: float, verdict: str) -> None:
    text = " ".join(said(life(1.0, 1.1), life(lstm, lstm), life(biased, biased)))
    assert verdict in text
    others = {"but the forget bias", "both count", "adds little", "neither"} - {verdict}
    assert not any(other in text for other in others)


def test_no_verdict_where_the_forget_bias_shortens() -> None:
    text = " ".join(said(life(1.0), life(1.1), life(0.2)))
    assert "forgets faster" in text
    assert "So " not in text


def test_ranges_that_overlap_are_said_to() -> None:
    assert "chance" in " ".join(said(life(1.0), life(1.2, 1.4, 9.0), life(3.0, 4.0, 5.0)))
    assert "chance" not in " ".join(said(life(1.0), life(1.2, 1.4), life(3.0, 4.0, 5.0)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_conclusion_can_be_said_in_every_language(language: str) -> None:
    for lstm in (0.2, 1.0, 5.0):
        for biased in (0.1, lstm, 50.0, math.inf):
            assert all(said(life(1.0), life(lstm), life(biased), language))


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [(1, 1.9, "similar"), (1, 2.1, "longer"), (2.1, 1, "shorter"), (1, math.inf, "longer"), (math.inf, 1, "shorter")],
)
def test_relation(one: float, other: float, kind: str) -> None:
    assert relation(life(one), life(other)) == kind


def test_two_that_never_decay_are_similar() -> None:
    assert relation(life(math.inf), life(math.inf)) == "similar"
    assert overlap(life(math.inf), life(math.inf))


def test_half_life_of_draws() -> None:
    found = half_life(exponential("m", 2.0, 2.0, 2.0))
    assert found.together == pytest.approx(2.0, rel=1e-12)
    assert (found.low, found.high) == pytest.approx((2.0, 2.0), rel=1e-12)
    spread = half_life(exponential("m", 1.0, 2.0, 4.0))
    assert spread.low < spread.together < spread.high
    assert spread.draws == pytest.approx((1.0, 2.0, 4.0), rel=1e-12)


def test_a_draw_that_never_decays_has_a_place_among_the_quantiles() -> None:
    found = half_life(exponential("m", math.inf, math.inf, 2.0))
    assert found.high == math.inf
    assert steps_text(found.high) == "∞"
    assert summary(exponential("m", math.inf))["half_life"] is None


def test_forget_bias_is_added_where_there_is_one() -> None:
    models = models_of((*CELLS, ls.cell("gru")), 12, 64)
    assert [(model.label, dict(model.fill)) for model in models] == [
        ("rnn", {}),
        ("lstm", {}),
        ("lstm, b_f = 1", {"b_f": 1.0}),
        ("gru", {}),
        ("gru, b_z = 1", {"b_z": 1.0}),
    ]


def test_the_forget_bias_is_that_of_the_equations_and_of_no_name() -> None:
    """The gate that keeps the state, whatever its bias is called; of one that forgets where it is open, -1."""
    lstm = ls.parse(ls.cell("lstm").text.replace("b_f", "b_forget").replace("b_g", "b_f"))
    feature = ls.parse("f[t] = tanh(W @ x[t] + b_f)\nh[t] = tanh(U @ h[t-1] + f[t])")
    mgu = ls.cell("mgu")
    assert [forget_bias(cell) for cell in (lstm, feature, mgu)] == [{"b_forget": 1.0}, {}, {"b_f": -1.0}]
    labels = [model.label for model in models_of([mgu], 12, 64)]
    assert labels == ["mgu", "mgu, b_f = \N{MINUS SIGN}1"]
    assert stems_of([feature, mgu]) == [feature.key, "mgu", "mgu_forget_bias_minus_1"]
    models, x = models_of([mgu], 3, 24), stream(gaussian(120, 3, np.random.default_rng(0)))
    plain, biased = run(models, x, **Settings(24, 20, 5, 2, 120).how)
    assert biased.half_life() > 1.5 * plain.half_life()


def test_a_cell_gets_a_size_that_it_can_have() -> None:
    """Blocks of two cells share gates; the SRU's input is as large as its state."""
    models = models_of([ls.cell(name) for name in ("lstm_block", "sru", "henon")], 12, 63)
    assert [(model.label, model.hidden) for model in models] == [
        ("lstm_block [H = 62]", 62),
        ("lstm_block, b_f = 1 [H = 62]", 62),
        ("sru (c) [H = 12]", 12),
        ("sru, b_f = 1 (c) [H = 12]", 12),
        ("henon", 63),
    ]


def test_text_is_wrapped_by_cells() -> None:
    text = "前向模式在每個值旁邊，帶著它沿某一選定方向的導數 and some words in between，然後繼續。" * 3
    lines = wrapped(text, 40, "  ").splitlines()
    assert len(lines) > 3
    assert all(cells(line) <= 42 for line in lines)  # a closing mark may hang over the end
    assert "".join(line.strip() for line in lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.strip().startswith(("，", "。")) for line in lines)
