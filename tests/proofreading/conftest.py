"""One sequence a cell, however many texts are judged on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

import lstm_sym as ls
from lstm_sym.compile.derivation import Derivation
from lstm_sym.proofreading import Proof
from lstm_sym.proofreading.proofreader import proofread_on
from lstm_sym.proofreading.sequence import Sequence


@cache
def sequence(name: str) -> Sequence:
    return Sequence.of(Derivation(ls.cell(name)), 0)


@pytest.fixture
def judged() -> Callable[..., Proof]:
    """judged(cell, text): what is found of a text."""

    def judge(name: str, text: str, *, tex: bool = False) -> Proof:
        return proofread_on(sequence(name), text, tex=tex)

    return judge
