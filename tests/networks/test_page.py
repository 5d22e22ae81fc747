"""docs/networks.md speaks of all that the rooms offer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_sym import networks, training
from lstm_sym.networks.file import KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
RETURNED = {
    "Embedding",
    "Dropout",
    "Grads",
    "Tape",
    "Layer",
    "Loss",
    "NetworkError",
    "Optimiser",
    "Trained",
    "loss_over",
    "in_batches",
}


@pytest.mark.parametrize("name", [*networks.__all__, *training.__all__, *KINDS])
def test_every_name_is_on_the_page_or_is_what_a_call_on_it_returns(name):
    assert name in RETURNED or re.search(rf"\b{name}\b", PAGE)
