"""The commands on network files: show, check, derive, diff."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cli.test_flow import fine, refused, run

from lstm_sym.networks import CellLayer

NETWORK = """
name = "Two layers"
inputs = 3
loss = "softmax"

[[layers]]
cell = "mine.toml"
size = 4

[[layers]]
dropout = 0.5

[[layers]]
cell = "gru"
size = 3
direction = "both"

[[layers]]
pooling = "mean"

[[layers]]
name = "out"
dense = 2
"""
MINE = 'equations = """\nh[t] = tanh(W @ x[t] + U @ h[t-1] + b)\n"""\n'


@pytest.fixture(autouse=True)
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(MINE, encoding="utf-8")
    Path("net.toml").write_text(NETWORK, encoding="utf-8")
    return "net.toml"


def test_show_prints_the_chain_and_the_equations_of_each_layer(net: str) -> None:
    shown = fine("show", net)
    rows = [line.split()[0] for line in shown.splitlines() if re.search(r"\d$", line)]
    assert rows == ["mine", "dropout", "gru", "pooling", "out", "loss"]
    assert "gru, in both directions, side by side" in shown and "hₜ = tanh(W xₜ + U hₜ₋₁ + b)" in shown
    assert re.search(r"out +yₜ = V xₜ \+ b +6 +2 +14", shown)
    assert "Backward pass" not in shown


def test_show_takes_the_sections_of_networks_and_of_cells(net: str) -> None:
    assert re.search(r"gru\.back\.U_n +3 × 3 +9", fine("show", net, "--only", "parameters"))
    backward = fine("show", net, "--only", "backward")
    assert backward.count("(B1)") == 4 and "gru.back" not in backward  # two cells, a dense layer and the loss
    assert "each hands on dL/dx" in fine("show", net, "--only", "backward", "--explain")
    assert "各層" in fine("show", net, "--lang", "zh-Hant") and "各层" in fine("show", net, "--lang", "zh-Hans")
    assert fine("show", net, "--toml").strip() == NETWORK.strip()
    ids = [row["id"] for row in json.loads(fine("show", net, "--only", "backward", "--json"))]
    assert len(ids) == len(set(ids)) and "mine.mine.backward.h" in ids


def test_check_is_of_the_network_and_of_its_cells(net: str) -> None:
    shown = fine("check", net)
    assert re.search(r"Two layers +sequences of different lengths .*ok", shown)
    assert re.search(r"(\d+) of \1 checks passed, \d+ left out", shown)
    assert re.search(r"Two layers, softmax_loss .* ok", shown)
    rows = json.loads(fine("check", net, "--json", "--quick"))
    assert {row["cell"] for row in rows} == {
        "Two layers", *(f"Two layers, {name}" for name in ("mine", "gru", "out", "softmax_loss"))
    }  # fmt: skip
    assert {row["passed"] for row in rows} == {True}


def test_check_of_a_broken_network_fails(net: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = CellLayer.backward
    monkeypatch.setattr(CellLayer, "backward", lambda *given: own(*given)._replace(x=own(*given).x * 2))
    result = run("check", net, "--quick")
    assert result.exit_code == 1 and re.search(r"Two layers +autograd .*FAILED", result.stdout)


def test_a_network_beside_cells_is_checked_too(net: str) -> None:
    rows = json.loads(fine("check", "rnn", net, "--quick", "--json"))
    assert {"rnn", "Two layers"} <= {row["cell"] for row in rows}


def test_derive_writes_a_page_with_unique_anchors(net: str) -> None:
    assert "wrote net.html" in fine("derive", net, "-o", "net.html")
    page = Path("net.html").read_text(encoding="utf-8")
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors)) > 100
    assert all(target in anchors for target in re.findall(r'href="#([^"]+)"', page))
    assert "episodes with resets" in page and "gru.back.U_n" in page
    assert "wrote net.md" in fine("derive", net, "-o", "net.md", "--lang", "zh-Hans")


def test_diff_pairs_layers_and_names_cells_that_differ(net: str) -> None:
    other = (
        NETWORK.replace('cell = "gru"', 'cell = "lstm"').replace("dense = 2", "dense = 5").replace("softmax", "squared")
    )
    Path("other.toml").write_text(other.replace("Two layers", "Others"), encoding="utf-8")
    shown = fine("diff", net, "other.toml")
    assert "lstm-sym diff gru lstm" in shown and re.search(r"≠ gru: .*│ lstm: ", shown)
    assert re.search(r"= mine: mine, over time; 3 → 4; 32 parameters", shown)
    assert re.search(r"≠ loss: softmax +│ loss: squared", shown)
    rows = json.loads(fine("diff", net, "other.toml", "--json"))["chain"]
    assert [row["same"] for row in rows] == [True, True, False, True, False]
    assert "wrote d.html" in fine("diff", net, "other.toml", "-o", "d.html")


def test_a_cell_of_one_name_and_other_equations_is_another_layer(net: str) -> None:
    Path("there").mkdir()
    Path("there/net.toml").write_text(NETWORK, encoding="utf-8")
    Path("there/mine.toml").write_text(MINE.replace("tanh", "sigmoid"), encoding="utf-8")
    rows = json.loads(fine("diff", net, "there/net.toml", "--json"))["chain"]
    assert [row["same"] for row in rows] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "net.toml", "--set", "phi=tanh"), "net.toml is a network"),
        (("check", "net.toml", "--set", "phi=tanh"), "no cell named here has the option"),
        (("diff", "net.toml", "lstm"), "lstm: a cell, and net.toml is a network"),
        (("diff", "net.toml", "net.toml", "--size", "H=3"), "--size: networks say their sizes"),
        (("show", "wrong.toml"), "wrong.toml, layer 1, line 2"),
        (("derive", "net.toml", "-o", "net.toml"), "net.toml"),
    ],
)
def test_what_cannot_be_done_with_a_network_is_refused(net: str, arguments: tuple[str, ...], told: str) -> None:
    Path("wrong.toml").write_text("inputs = 2\n[[layers]]\ncel = 'lstm'\n", encoding="utf-8")
    assert told in refused(*arguments)
