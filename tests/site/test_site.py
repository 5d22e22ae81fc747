"""A site opens from its folder: every page is there that another leads to, nothing is fetched, all of it is made again
byte for byte; and what the gallery says of a cell is what is measured.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.cli import main
from lstm_sym.ground.output import OutputError
from lstm_sym.report import Sentences, in_order
from lstm_sym.report.reading.measured import ENDS, LAGS, SEED, STEPS, UNITS, Measured
from lstm_sym.site import Site
from lstm_sym.site.entry import entries_of

OWN = "h[t] = tanh(W @ x[t] + u * h[t-1] + b)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of two cells of the catalogue, one without an input, and one of a file."""
    base = tmp_path_factory.mktemp("site")
    own = base / "own.toml"
    own.write_text(f'equations = """\n{OWN}\n"""\n', encoding="utf-8")
    done = CliRunner().invoke(
        main, ["site", "rnn", "lstm", "henon", str(own), "-o", str(base / "out"), "--lang", "zh-Hant"]
    )
    assert done.exit_code == 0, done.output
    assert f"open {base / 'out' / 'index.html'}" in done.output
    return base / "out"


def test_every_page_that_another_leads_to_is_there(folder: Path) -> None:
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) == 1 + 4 + 3 + 5
    for page in pages:
        text = page.read_text(encoding="utf-8")
        anchors = set(re.findall(r' id="([^"]+)"', text))
        for target, anchor in re.findall(r' href="([^"#]*)(?:#([^"]*))?"', text):
            other = (page.parent / target).resolve() if target else page
            assert other.is_file(), (page, target)
            known = anchors if other == page else set(re.findall(r' id="([^"]+)"', other.read_text(encoding="utf-8")))
            assert not anchor or anchor in known, (page, target, anchor)


def test_nothing_is_fetched(folder: Path) -> None:
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text) and "@import" not in text
        assert text.startswith('<!DOCTYPE html>\n<html lang="zh-Hant">')


def test_the_manifest_lists_what_was_planned(folder: Path) -> None:
    record = json.loads((folder / "site.json").read_text(encoding="utf-8"))
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {*record["files"], "site.json"} and record["cells"] == ["rnn", "lstm", "henon", "own"]


def test_a_notebook_of_a_cell_of_a_file_holds_its_equations(folder: Path) -> None:
    assert OWN in json.dumps(json.loads((folder / "cells/own.ipynb").read_text(encoding="utf-8")))


def test_the_half_life_is_that_of_the_flow_of_gradients(folder: Path) -> None:
    stream = np.random.default_rng(SEED).standard_normal((STEPS, UNITS))
    model = flow.Model("lstm", ls.build("lstm"))
    [profile] = flow.run([model], stream, hidden=UNITS, lags=LAGS, ends=ENDS, seeds=(SEED,))
    assert Measured(ls.cell("lstm")).drawn_half_life == profile.half_life()
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert f"半衰期 {profile.half_life():.1f} 步" in text and f"Half-life {profile.half_life():.1f} steps" in text


def test_same_cells_same_bytes() -> None:
    languages = [Sentences(language) for language in in_order("en")]
    once, again = (Site([ls.cell("rnn")], languages).files() for _ in range(2))
    assert once == again


def test_a_pair_of_cells_has_one_page() -> None:
    compared = {e.cell.key: e.compared for e in entries_of([ls.cell(name) for name in ("rnn", "lstm", "gru", "mgu")])}
    assert compared == {"rnn": (), "lstm": ("rnn",), "gru": ("rnn", "lstm"), "mgu": ("rnn", "lstm", "gru")}


def test_a_page_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="there is such a file"):
        Site([ls.cell("rnn")], [Sentences("en")]).output(tmp_path)
