"""The commands on network files: show, check, derive, diff."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from cli.test_flow import fine, refused, run

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.networks import CellLayer, Network, Recurrence, load, save
from lstm_sym.studies.measurement import half_life

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
    rows = [line.split()[0] for line in shown.splitlines()[1:] if re.search(r"\d$", line)]
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
    assert (
        "lstm-sym diff gru lstm" in shown
        and "lstm-sym diff mine" not in shown
        and re.search(r"≠ gru: .*│ lstm: ", shown)
    )
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


STACKED = """
name = "Two above each other"
inputs = 2
loss = "softmax"

[[layers]]
cell = "lstm"
size = 4
initial = "orthogonal"

[[layers]]
cell = "gru"
size = 3

[[layers]]
pooling = "last"

[[layers]]
dense = 2
"""
BRIEF = ["--input", "gaussian", "--lags", "5", "--ends", "3", "--seeds", "2", "--length", "60"]


@pytest.fixture
def stacked(net: str) -> str:
    """A network over as many channels as the input of noise has."""
    channels = json.loads(fine("flow", "rnn", *BRIEF, "--hidden", "3", "--json"))["input"]["channels"]
    Path("stacked.toml").write_text(STACKED.replace("inputs = 2", f"inputs = {len(channels)}"), encoding="utf-8")
    return "stacked.toml"


def test_flow_measures_what_a_network_gives_out_and_each_layer_below(stacked: str) -> None:
    result = run("flow", stacked, "rnn", *BRIEF, "--hidden", "3", "--json", "-o", "out")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    labels = ["rnn", "Two above each other", "Two above each other, lstm"]
    assert [model["model"] for model in found["models"]] == labels
    assert [network["name"] for network in found["networks"]] == ["Two above each other"]
    assert {len(model["half_life_by_seed"]) for model in found["models"]} == {2}
    assert Path("out/two_above_each_other_lstm.shares.svg").exists()
    assert "Two above each other, lstm" in Path("out/index.html").read_text(encoding="utf-8")
    assert "stacked.toml rnn" in found["command"]


def test_flow_takes_trained_weights_and_measures_them_once(stacked: str) -> None:
    network = load(stacked)
    params = network.init(7)
    save("w.npz", params)
    found = json.loads(fine("flow", stacked, "--weights", "w.npz", *BRIEF, "--json"))
    assert "--weights w.npz" in found["command"]
    given = ls.gradient_flow(network, weights=params, input="gaussian", lags=5, ends=3, length=60, everything=False)
    lives = [model["half_life_by_seed"] for model in found["models"]]
    assert lives == [[half_life(profile).together] for profile in given.profiles]
    kernel = Recurrence(Network(network.layers[:2], network.inputs))
    own = kernel.Params(**{name: params[name] for name in kernel.Params._fields})
    by_name = flow.input_sensitivity(flow.record(kernel, own, given.request.stream.values), lags=5, ends=3)
    assert np.allclose(by_name.log_norms, given.profiles[0].log_norms, rtol=1e-12)
    assert given.profiles[1].output == "lstm.h"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("seven.toml",), "it reads 7 channels, and the input has"),
        (("back.toml", "--lags", "40"), "give --lags 29 at most"),
        (("words.toml",), "it reads words, and the input is numbers"),
        (("rnn", "--weights", "w.npz"), "no array is called weight_ih_l0"),
        (("stacked.toml", "back.toml", "--weights", "w.npz"), "weights are the parameters of one network"),
        ((), "name a CELL, the file of a network, --weights or --package"),
        (("stacked.toml", "--weights", "none.npz"), "none.npz"),
        (("stacked.toml", "--weights", "other.npz"), "weights, lstm.W_i"),
        (("stacked.toml", "stacked.toml"), "two models are called two_above_each_other"),
    ],
)
def test_what_flow_cannot_measure_of_networks_is_refused(stacked: str, arguments: tuple[str, ...], told: str) -> None:
    text = Path("stacked.toml").read_text(encoding="utf-8")
    Path("back.toml").write_text(text.replace("size = 3", 'size = 3\ndirection = "both"'), encoding="utf-8")
    Path("seven.toml").write_text(STACKED.replace("inputs = 2", "inputs = 7"), encoding="utf-8")
    Path("words.toml").write_text(
        '[[layers]]\nembedding = 5\nsize = 3\n[[layers]]\ncell = "rnn"\nsize = 2\n', encoding="utf-8"
    )
    save("w.npz", {"a": np.zeros(1)})
    save("other.npz", {"b": np.zeros(2)})
    assert told in refused("flow", *BRIEF, *arguments)


def test_flow_measures_both_sides_of_a_step_where_layers_run_backward(stacked: str) -> None:
    text = Path(stacked).read_text(encoding="utf-8")
    Path("back.toml").write_text(text.replace("size = 3", 'size = 3\ndirection = "both"'), encoding="utf-8")
    result = run("flow", "back.toml", "rnn", *BRIEF, "--hidden", "3", "--json", "-o", "out")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [model["model"] for model in found["models"]] == ["rnn"]
    [sides] = found["both_sides"]
    assert sides["lags"] == list(range(-5, 6)) and len(sides["log10_median"]) == 11
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert "Before and after" in page and Path("out/both_sides.svg").exists()
    alone = fine("flow", "back.toml", *BRIEF)
    assert "lag −5" in alone and "half-life" not in alone
    measured = ls.gradient_flow(load("back.toml"), input="gaussian", lags=5, ends=3, length=60, everything=False)
    [one] = measured.sides
    own = {name: value for name, value in load("back.toml").init(0).items() if not name.startswith("dense")}
    below = Network(load("back.toml").layers[:2], measured.request.stream.values.shape[1])
    x, (end, _) = measured.request.stream.values[: one.log_norms.shape[1], None], one.ends[0]
    rows = []
    for unit in np.eye(6):
        dy = np.zeros((len(x), 1, 6))
        dy[end, 0] = unit
        rows.append(below.backward(dy, below.forward(x, own, precise=True)[2], own).x[:, 0])
    assert np.allclose(np.exp(one.log_norms[0]), np.sqrt((np.array(rows) ** 2).sum(axis=(0, 2))), rtol=1e-12)


def test_weights_alone_are_those_of_a_pytorch_module(net: str) -> None:
    """What was read, and how, stands first; then the same measures, beside cells if any are named."""
    rng = np.random.default_rng(0)
    channels = len(json.loads(fine("flow", "rnn", *BRIEF, "--hidden", "3", "--json"))["input"]["channels"])
    shapes = {"weight_ih_l0": (16, channels), "weight_hh_l0": (16, 4), "bias_ih_l0": (16,), "bias_hh_l0": (16,)}
    arrays = {f"encoder.{name}": rng.standard_normal(shape) / 2 for name, shape in shapes.items()}
    save("trained.npz", arrays | {"head.weight": rng.standard_normal((2, 4)), "scale": np.ones(3)})
    lines = fine("flow", "--weights", "trained.npz", *BRIEF).splitlines()
    assert lines[0] == "trained was read as:" and "LSTM of PyTorch as lstm" in lines[1] and "i f g o" in lines[1]
    assert lines[2].strip() == "linear: head.weight, 4 to 2, no bias" and lines[3].strip() == "not used: scale"
    found = json.loads(fine("flow", "rnn", "--weights", "trained.npz", *BRIEF, "--hidden", "3", "--json"))
    assert found["read"]["unused"] == ["scale"] and "--weights trained.npz" in found["command"]
    assert [model["model"] for model in found["models"]] == ["rnn", "trained", "trained, layer0"]
    fine("flow", "--weights", "trained.npz", *BRIEF, "-o", "out", "--lang", "zh-Hant")
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert "trained 讀作：" in page and page.index("讀作") < page.index('id="far"')


def test_weights_of_a_cell_of_ones_own_are_read_by_a_table(net: str) -> None:
    """In the terminal and on the page the table is told first; the command gives the same again."""
    channels = len(json.loads(fine("flow", "rnn", *BRIEF, "--hidden", "3", "--json"))["input"]["channels"])
    rng = np.random.default_rng(0)
    save("w.npz", {"kernel": rng.standard_normal((channels, 4)) / 2, "rec": rng.standard_normal((4, 4)) / 2})
    Path("own.toml").write_text(
        'equations = """\nh[t] = 0.5 * h[t-1] + 0.5 * tanh(W @ x[t] + U @ h[t-1])\n"""\n', encoding="utf-8"
    )
    Path("map.toml").write_text('W = { array = "kernel", transpose = true }\nU = "rec"\n', encoding="utf-8")
    how = ("--weights", "w.npz", "--cell", "own.toml", "--map", "map.toml")
    assert fine("flow", *how, *BRIEF).splitlines()[1] == f"  W (4, {channels}): kernel, transposed"
    found = json.loads(fine("flow", *how, *BRIEF, "--json"))
    assert found["read"]["layers"][1] == "U (4, 4): rec"
    assert "--weights w.npz --cell own.toml --map map.toml" in found["command"]
    fine("flow", *how, *BRIEF, "-o", "out")
    assert "kernel, transposed" in Path("out/index.html").read_text(encoding="utf-8")
    assert "given without weights" in refused("flow", "rnn", *BRIEF, "--map", "map.toml")


def test_a_node_of_an_onnx_file_is_measured(net: str) -> None:
    """Of two networks in one file that which is named; the command gives the same again."""
    pytest.importorskip("onnx", reason="the extra weights reads ONNX")
    from interop.onnx_cases import arrays, model, read_of
    from onnx import helper

    channels = len(json.loads(fine("flow", "rnn", *BRIEF, "--hidden", "3", "--json"))["input"]["channels"])
    given = arrays("GRU", inputs=channels)
    nodes = [helper.make_node("GRU", ["X", *"WRB"], [f"Y{k}"], name=f"gru{k}", hidden_size=4) for k in range(2)]
    weights = {name: given[name] for name in "WRB"}
    Path("two.onnx").write_bytes(model(nodes, weights, ["Y0", "Y1"], [read_of("X")]))
    assert "node='gru0'; there are gru0, gru1" in refused("flow", "--weights", "two.onnx", *BRIEF)
    found = json.loads(fine("flow", "--weights", "two.onnx", "--node", "gru1", *BRIEF, "--json"))
    assert found["read"]["layers"][0].startswith("gru1: gru1, GRU of ONNX as gru")
    assert "--weights two.onnx --node gru1" in found["command"]
    assert "given without weights" in refused("flow", "rnn", *BRIEF, "--node", "gru1")
    assert "this is no ONNX file" in refused("flow", net, "--weights", "two.onnx", *BRIEF, "--node", "gru1")


def test_trained_weights_are_measured_on_the_input_as_it_is(stacked: str) -> None:
    """Scaling the input changes what is found, where drawn parameters see each channel standardised."""
    network = load(stacked)
    x = np.random.default_rng(1).standard_normal((60, network.inputs))
    measured = {
        (scale, trained): ls.gradient_flow(
            network, weights=network.init(3) if trained else None, input=scale * x, lags=5, ends=3, seeds=1, length=60,
            everything=False,
        ).profiles[0].log_norms
        for scale in (1, 5)
        for trained in (False, True)
    }  # fmt: skip
    drawn = [measured[scale, False] for scale in (1, 5)]
    assert np.allclose(*drawn) and not np.allclose(measured[1, True], measured[5, True])


def test_the_page_says_what_was_done(stacked: str) -> None:
    text = Path(stacked).read_text(encoding="utf-8")
    Path("back.toml").write_text(text.replace("size = 3", 'size = 3\ndirection = "both"'), encoding="utf-8")
    save("w.npz", load("back.toml").init(0))
    fine("flow", "back.toml", *BRIEF, "-o", "drawn")
    fine("flow", "back.toml", "--weights", "w.npz", *BRIEF, "-o", "trained")
    drawn, trained = (Path(name, "index.html").read_text(encoding="utf-8") for name in ("drawn", "trained"))
    assert "at 3 end points within the first 13 steps, over 5 lags on either side" in drawn
    assert "the first draw, seed 0" in drawn and "2 draws" not in drawn and "mean 0" in drawn
    assert "as it is: the trained parameters" in trained and "seed 0" not in trained and "mean 0" not in trained


def test_two_networks_of_one_name_are_refused_before_anything_is_measured(stacked: str) -> None:
    text = Path(stacked).read_text(encoding="utf-8").replace("size = 3", 'size = 3\ndirection = "both"')
    for name in ("one.toml", "two.toml"):
        Path(name).write_text(text, encoding="utf-8")
    assert "two models are called two_above_each_other" in refused("flow", "one.toml", "two.toml", *BRIEF)


@pytest.mark.parametrize("command", ["generate", "audit"])
def test_what_takes_cells_says_that_a_file_is_a_network(command: str, net: str) -> None:
    arguments = {"generate": [net], "audit": ["a.py:backward", "--cell", net]}[command]
    Path("a.py").write_text("def backward(): pass\n", encoding="utf-8")
    assert "net.toml: a network, and this command takes cells" in refused(command, *arguments)


def test_a_study_is_of_cells(net: str) -> None:
    assert "a network, and a study is of cells" in refused("study", net, "-o", "study")
