"""docs/weights.md speaks of all that the room offers, and of every type that it reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_sym import interop
from lstm_sym.interop.formats import _READERS
from lstm_sym.interop.tensors import CALLS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "weights.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*interop.__all__, *_READERS, *CALLS])
def test_every_name_is_on_the_page(name):
    assert re.search(rf"\b{re.escape(name)}\b", PAGE)
