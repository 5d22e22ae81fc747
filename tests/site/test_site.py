"""A site opens from its folder: every page is there that another leads to, nothing is fetched, all of it is made again
byte for byte; and what the gallery says of a cell is what is measured.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym import flow, shipped
from lstm_sym.cli import main
from lstm_sym.document.document import Link, Table
from lstm_sym.ground.output import OutputError
from lstm_sym.inputs import Sequences, Source
from lstm_sym.inputs.sequences import channels_named, numbered
from lstm_sym.interop import Model
from lstm_sym.networks import CellLayer, Network, dense
from lstm_sym.report import Sentences, html_page, in_order
from lstm_sym.report.reading.measured import ENDS, LAGS, SEED, STEPS, UNITS, Measured
from lstm_sym.site import Site, flows
from lstm_sym.site.entry import entries_of
from lstm_sym.site.gallery import gallery_document
from lstm_sym.studies.settings import Settings

SMALL = {"hidden": 3, "lags": 4, "ends": 2, "seeds": 1, "length": 30}
OWN = "h[t] = tanh(W @ x[t] + u * h[t-1] + b)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of two cells of the catalogue, one without an input, and one of a file."""
    base = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows, "SETTINGS", Settings(**SMALL))
        return written(base)


def written(base: Path) -> Path:
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
    assert len(pages) == 1 + 4 + 3 + 5 + 1
    for page in pages:
        text = page.read_text(encoding="utf-8")
        anchors = set(re.findall(r' id="([^"]+)"', text))
        for target, anchor in re.findall(r' href="(?!data:)([^"#]*)(?:#([^"]*))?"', text):
            other = (page.parent / target).resolve() if target else page
            assert other.is_file(), (page, target)
            if not anchor:
                continue
            known = anchors if other == page else set(re.findall(r' id="([^"]+)"', other.read_text(encoding="utf-8")))
            assert anchor in known, (page, target, anchor)


def test_every_page_leads_back_to_the_gallery(folder: Path) -> None:
    for page in folder.glob("*/*.html"):
        assert 'href="../index.html#' in page.read_text(encoding="utf-8"), page


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


class Read:
    """What is read of a package: two layers that answer at the end, and the input of the first."""

    def __init__(self) -> None:
        low, high = CellLayer("low", ls.cell("lstm"), 3), CellLayer("high", ls.cell("gru"), 2)
        network = Network((low, high, dense("logits", 1)), inputs=2, name="small")
        self.model, self.readout, self.proof = Model(network, network.init(0), ("low: an LSTM",), ()), np.ones(1), ()
        x = np.random.default_rng(0).standard_normal((SMALL["length"], 2))
        self.sequences = Sequences("small input", Source("nobody", "MIT"), channels_named(numbered(2), "1"), (x,))


@pytest.fixture(scope="module")
def model() -> flows.ModelPage:
    package = replace(shipped.package("g2p-en"), settings={key: SMALL[key] for key in ("lags", "ends", "length")})
    [page] = flows.model_pages([shipped.Opened(package, Read(), ())], {"lstm": "cells/lstm.html"}, "en")
    return page


def test_a_model_of_a_package_shows_what_it_is_built_of_and_its_flow(model: flows.ModelPage) -> None:
    files = model.files()
    assert set(files) <= set(model.names) and "models/g2p-en/memory.csv" in files
    text = files["models/g2p-en/index.html"].decode("utf-8")
    assert '<a href="../../cells/lstm.html">lstm</a>' in text and "<code>gru</code>" in text
    assert text.count('class="cell-diagram"') == 2 and 'href="../../index.html#site.models"' in text
    record = json.loads(files["models/g2p-en/flow.json"])
    assert record["package"]["name"] == "g2p-en" and record["settings"]["lags"] == SMALL["lags"]
    assert model.half_life.split()[0] in files["models/g2p-en/memory.csv"].decode("utf-8") or "∞" in model.half_life


def test_the_gallery_leads_to_models_or_says_how_to_add_them(model: flows.ModelPage) -> None:
    said = Sentences("en")
    rows = gallery_document([], [], [model], said).sections[-1].blocks[-1]
    assert isinstance(rows, Table) and rows.rows[0][0] == (Link("g2p-en", "models/g2p-en/index.html"),)
    page = html_page(gallery_document([], [], [], said))
    assert "lstm-sym site --package all" in page and "lstm-sym diff" not in page


def test_the_gallery_says_how_to_write_any_other_pair(folder: Path) -> None:
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "<code>lstm-sym diff ONE OTHER -o pair.html</code>" in text


def test_the_flow_of_the_classics_is_theirs(folder: Path) -> None:
    record = json.loads((folder / "flow/flow.json").read_text(encoding="utf-8"))
    assert record["settings"]["hidden"] == SMALL["hidden"]
    assert record["command"].startswith("lstm-sym flow rnn lstm --input japanese-vowels")
    for name in ("cells/rnn.html", "cells/lstm.html"):
        assert 'href="../flow/index.html"' in (folder / name).read_text(encoding="utf-8")
    assert 'href="../flow/index.html"' not in (folder / "cells/henon.html").read_text(encoding="utf-8")


def test_a_pair_of_cells_has_one_page() -> None:
    compared = {e.cell.key: e.compared for e in entries_of([ls.cell(name) for name in ("rnn", "lstm", "gru", "mgu")])}
    assert compared == {"rnn": (), "lstm": ("rnn",), "gru": ("rnn", "lstm"), "mgu": ("rnn", "lstm", "gru")}


def test_a_page_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="there is such a file"):
        Site([ls.cell("rnn")], [Sentences("en")]).output(tmp_path)
