"""The sentences about mistakes: every one that a cell of the catalogue has is in the table, and none is there alone."""

from __future__ import annotations

from functools import cache

import lstm_sym as ls
from lstm_sym.check.all_functions import every_function
from lstm_sym.document.sentences import Sentences, by_english
from lstm_sym.mistakes.catalogue import candidates
from lstm_sym.mistakes.sentences import AND, Word, one_by_one, template

CELLS = ("antisymmetric_rnn", "cfn", "gru", "henon", "layer_norm_lstm", "lstm")


@cache
def said() -> frozenset[str]:
    """What is said of the mistakes of these cells, with places."""
    cells = [*map(ls.cell, CELLS), every_function()]
    found = [ls.derive(cell) for cell in cells]
    every = (one for it in found for one in candidates(it.adjoint, it.forward, {"x": 3.0}))
    return frozenset(template(says)[0] for mistake in every for says in one_by_one(mistake.says))


def test_every_sentence_has_its_translation() -> None:
    assert len(said()) > 40
    assert said() - set(by_english("mistakes")) == set()


def test_no_translation_is_of_a_sentence_that_nobody_says() -> None:
    words = {key for key in by_english("mistakes") if by_english("mistakes")[key].startswith("mistakes.word.")}
    assert set(by_english("mistakes")) - said() - words == {AND}


def test_a_sentence_is_found_by_its_english() -> None:
    sentences = Sentences("zh-Hant")
    assert sentences.as_in_english("mistakes", "{0} is taken twice") == "{0} 算了兩次"
    assert sentences.as_in_english("mistakes", "{0} is forgotten") == "{0} is forgotten"


def test_what_fills_a_sentence_is_no_part_of_it() -> None:
    says = (Word("tanh"), "′ is taken of ", 3, AND, "more")
    first, second = one_by_one(says)
    assert template(first) == ("{0}′ is taken of {1}", (Word("tanh"), 3)) and second == ("more",)
