"""The pages of a cell are the same bytes in every process, whatever order its sets have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_sym as ls

SOME = ("lstm", "gru")
SEEDS = ("0", "3")
"""Of the order of sets: of {"b_i", "b_o"}, say, one has what the other has backwards."""
SCRIPT = """
import sys
from hashlib import sha256
import lstm_sym as ls
from lstm_sym.document.typst import typst_page
from lstm_sym.explore import with_explorer
from lstm_sym.report import PAGES, Sentences, in_order
from lstm_sym.report.checked import derivation_pages
from lstm_sym.report.notebook import derivation_notebook

for name in sys.argv[1:]:
    cell, said = ls.cell(name), [Sentences(language) for language in in_order("en")]
    found = derivation_pages(cell, said, [])
    pages = {kind: PAGES[kind](found[0]) for kind in ("md", "tex")}
    pages["html"] = PAGES["html"](*with_explorer(found, cell, said))
    pages["typst"] = typst_page(found[0])
    pages["ipynb"] = derivation_notebook(found[0], cell, said[0])
    for kind, page in pages.items():
        print(name, kind, sha256(page.encode()).hexdigest())
"""


def written(seed: str, names: tuple[str, ...]) -> list[str]:
    """The names, formats and digests of the pages that a fresh process writes."""
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(ls.__file__).parents[1])}
    command = [sys.executable, "-c", SCRIPT, *names]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()


@pytest.mark.parametrize("names", [SOME, pytest.param(tuple(ls.names()), marks=pytest.mark.long)], ids=len)
def test_a_page_is_the_same_bytes_whatever_order_sets_have(names: tuple[str, ...]) -> None:
    """In every format that is text, HTML in all languages and with the explorer; PDF is made of the Typst."""
    first, second = (written(seed, names) for seed in SEEDS)
    assert len(first) == 5 * len(names)
    assert first == second
