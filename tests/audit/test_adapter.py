"""`audit --init` writes what was found out as a file, which is audited as any other: the same interface, as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from audit.test_interface import ROWS, Row, judged
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym.audit.interface.adapter import mark
from lstm_sym.cli import main
from lstm_sym.document.sentences import LANGUAGES, Sentences

FILL = mark(Sentences("en"), "fill")

WRITTEN = ("course_lstm:lstm_backward", "class_lstm:LSTM", "cell_lstm:LstmCell", "deep_rnn:rnn_backward")
WRITTEN += (
    "optional_lstm:backward",
    "listed_lstm:backward",
    "loss_rnn:loss_and_grads",
    "words_rnn:WordModel",
    "char_rnn:backward",
    "function_rnn:TanhRNN",
    "last_lstm:lstm_backward",
    "two_bias_gru:GRU",
    "handing_rnn:step",
    "stacked_lstm:Layer",
    "peephole_lstm:backward",
    "lists_rnn:backward",
    "unsummed_rnn:rnn_backward",
    "held_rnn:RNN",
    "layer_rnn:Step",
)
"""Those that differ most; the others take their time."""

EVERY = [pytest.param(row, marks=[] if row.function in WRITTEN else pytest.mark.long, id=row.function) for row in ROWS]


def init(place: str, cell: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["audit", place, "--cell", cell, "--init", *options])


@pytest.mark.parametrize("row", EVERY)
def test_an_adapter_is_right_where_the_pass_is(row: Row, tmp_path: Path) -> None:
    file = tmp_path / "adapter.py"
    result = init(f"{row.file}:{row.name}", row.cell, "-o", str(file))
    assert result.exit_code == 0, result.output
    assert "nothing to fill in" in result.stderr and FILL not in file.read_text(encoding="utf-8")
    adapted = Row("adapter:audited", row.cell, "")
    found, verdicts, said = judged(adapted, file)
    assert verdicts and all(verdict.right for verdict in verdicts.values()), verdicts
    is_documented = found.interface is None or found.interface.has_loss or "no_bias" in said
    assert is_documented and set(said) <= {
        "starts_at_zero",
        "no_bias",
        "loss_inside",
    }
    cell = ls.cell(row.cell)
    every = {"x", *cell.parameters, *(f"{name}[0]" for name in cell.states)}
    assert every - set(verdicts) == set(row.missing.split())


OWN = """
import numpy as np


def backward(x, h0, Wx, Wh, b, dh, mode_of_it):
    hs = [h0]
    for row in x:
        hs.append(np.tanh(row @ Wx + hs[-1] @ Wh + b))
    dx, dWx, dWh, db, later = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b), 0 * h0
    for t in range(len(x))[::-1]:
        da = (dh[t] + later) * (1 - hs[t + 1] ** 2) * mode_of_it
        dx[t], later = da @ Wx.T, da @ Wh.T
        dWx += x[t].T @ da
        dWh += hs[t].T @ da
        db += da.sum(axis=0)
    return dx, later, dWx, dWh, db
"""


def test_what_is_not_found_out_is_marked_and_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN, encoding="utf-8")
    refused = CliRunner().invoke(main, ["audit", "own.py:backward", "--cell", "rnn"])
    assert refused.exit_code == 2 and "mode_of_it" in refused.stderr and "--init" in refused.stderr
    result = init("own.py:backward", "rnn", "-o", "adapter.py")
    assert result.exit_code == 0 and "1 line to fill in" in result.stderr
    assert init("own.py:backward", "rnn", "-o", "own.py").exit_code == 2
    text = Path("adapter.py").read_text(encoding="utf-8")
    assert text.count(FILL) == 1 and "mode_of_it = None" in text
    filled = text.replace("mode_of_it = None", "mode_of_it = 1").replace("TRANSPOSED = False", "TRANSPOSED = True")
    Path("adapter.py").write_text(filled, encoding="utf-8")
    found = CliRunner().invoke(main, ["audit", "adapter.py:audited", "--cell", "rnn"])
    assert found.exit_code == 0 and "5 of 5 outputs right" in found.stdout, found.output


FLAT = """
import numpy as np


def cut(theta, D, H):
    first, second = H * D, H * D + H * H
    return theta[:first].reshape(H, D), theta[first:second].reshape(H, H), theta[second:]


def backward(theta, x, h0, dhs):
    W, U, b = cut(theta, x.shape[2], h0.shape[1])
    hs = [h0]
    for row in x:
        hs.append(np.tanh(row @ W.T + hs[-1] @ U.T + b))
    dW, dU, db, dx, later = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x), 0 * h0
    for t in range(len(x))[::-1]:
        da = (dhs[t] + later) * (1 - hs[t + 1] ** 2)
        dW += da.T @ x[t]
        dU += da.T @ hs[t]
        db += da.sum(axis=0)
        dx[t], later = da @ W, da @ U
    return np.concatenate([dW.ravel(), dU.ravel(), db]), dx, later
"""

FILLED = {
    "    parameters = given": "    parameters = np.concatenate([given[name].ravel() for name in ('W', 'U', 'b')])",
    "    found = named": """    dtheta, dx, dh0 = result
    dW, dU, db = own.cut(dtheta, width["D"], width["H"])
    found = {"dW": dW, "dU": dU, "db": db, "dx": dx, "dh0": dh0}""",
}
"""The start of a line of the adapter -> what one writes there."""


def test_parameters_that_are_no_dict_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(FLAT, encoding="utf-8")
    refused = CliRunner().invoke(main, ["audit", "own.py:backward", "--cell", "rnn"])
    assert refused.exit_code == 2 and "theta is a dict of arrays" in refused.stderr and "--init" in refused.stderr
    assert "1 line to fill in" in init("own.py:backward", "rnn", "-o", "adapter.py").stderr
    lines = Path("adapter.py").read_text(encoding="utf-8").splitlines()
    filled = [next((new for start, new in FILLED.items() if line.startswith(start)), line) for line in lines]
    assert sum(one != line for one, line in zip(filled, lines, strict=True)) == 2
    Path("adapter.py").write_text("\n".join(filled), encoding="utf-8")
    found = CliRunner().invoke(main, ["audit", "adapter.py:audited", "--cell", "rnn"])
    assert found.exit_code == 0 and "5 of 5 outputs right" in found.stdout, found.output


def test_an_adapter_needs_a_function_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    result = init(f"{tmp_path / 'own.py'}:forward", "rnn")
    assert result.exit_code == 2 and "has no function forward" in result.stderr


CLASS = """
class LSTM:
    def __init__(self, shape_of_it, scale=0.1):
        self.W, self.b = None, None

    def forward(self, x):
        return x

    def backward(self, dh):
        return dh
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_a_guess_is_marked_so_in_every_language(tmp_path: Path, language: str) -> None:
    (tmp_path / "own.py").write_text(CLASS, encoding="utf-8")
    result = init(f"{tmp_path / 'own.py'}:LSTM", "lstm", "--lang", language)
    says = Sentences(language).text
    fill, look = (mark(Sentences(language), key) for key in ("fill", "look"))
    lines = result.stdout.splitlines()
    assert [line for line in lines if fill in line and "shape_of_it = None" in line]
    assert result.stdout.count(fill) == 1
    assert f"PACKS = {{  {look}{says('audit.init.colon')}{says('audit.init.packs_untried')}" in lines
    assert says("audit.init.unknown", names="shape_of_it") in result.stderr
