"""What is told of a pass that cannot be taken, or of which something stands in another place than it should."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from audit.test_interface import ROWS, few_sequences, judged
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym.audit.auditor import _compared
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.interface.agreeing import answered
from lstm_sym.audit.interface.choosing import sentences
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.failing import mixes
from lstm_sym.audit.interface.finding import find
from lstm_sym.audit.interface.source import Source
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.sequences.cases import forward_passes
from lstm_sym.cli import main


def test_of_many_failures_the_one_is_told_that_is_no_matter_of_shapes(tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.function == "course_rnn:rnn_backward")
    file = tmp_path / "own.py"
    text = row.file.read_text(encoding="utf-8")
    file.write_text(text.replace("return dx, dprev_h", "return dx, dprev"), encoding="utf-8")
    with pytest.raises(AuditError, match="failed in every arrangement") as caught:
        judged(row, file)
    assert "NameError: name 'dprev' is not defined" in str(caught.value) and "--init" in str(caught.value)


SIZES = {
    "input_size, hidden_size": (None, []),
    "n_x, n_a": (("n_x, n_a", "n_x", "n_a"), []),
    "nx, hidden_units": (("nx, hidden_units", "nx", "hidden_units"), []),
    "X_size, H_size": (("X_size, H_size", "X_size", "H_size"), []),
    "dim, k_of_it": (("dim, k_of_it", "dim", "k_of_it"), ["dim = D, k_of_it = H"]),
    "dim, units": (("dim, units", "dim", "units"), ["dim = D"]),
    "lr, hidden": (("lr, seed, inputs, hidden", "inputs", "hidden"), []),
}
"""Arguments of a constructor -> how it is written, and what is said to be guessed."""


@pytest.mark.parametrize("names", SIZES)
def test_sizes_of_a_constructor_are_known_by_many_names_or_by_their_order(names: str) -> None:
    written, guessed = SIZES[names]
    head, inputs, hidden = written or (names, *names.split(", "))
    text = f"class A:\n    def __init__(self, {head}):\n        self.n = {inputs}\n"
    text += f"        self.W = np.zeros((self.n, {hidden}))\n\n"
    source = Source(ast.parse(text + "    def forward(self, x): pass\n    def backward(self, dh): pass\n"))
    found = find(source, "A", ls.derive(ls.cell("lstm")))
    assert found is not None and {inputs: "size/D", hidden: "size/H"}.items() <= dict(found.construct).items()
    said = sentences(Convention(ls.derive(ls.cell("lstm")), {}, found), differs=False)
    assert [one.facts["sizes"] for one in said if one.key == "audit.sizes_guessed"] == guessed


NO_PARAMETERS = "class A:\n    def __init__(self): self.alpha = 1\n    def backward(self, dh): return dh\n"
NO_NAME = "def lstm_backward(W):\n    def backward(dy): return dy\n    return backward\n"
NO_CLASS = "class A:\n    def __init__(self, kind_of_it): pass\n    def backward(self, dh): pass\n"
NO_FORWARD = (
    "def lstm_forward(x, mode_of_it):\n    return x, cache\n\n\ndef lstm_backward(dh, cache):\n    return cache\n"
)
TAUGHT = {
    "def lstm_backward(dh, cache):\n    x, h = cache\n": "no function lstm_forward or lstm_forward_pass",
    "def lstm_backward(dh, caches, W):\n    return caches[0]\n": "caches is what a forward pass keeps",
    "class A:\n    def backward(self, dh, W):\n        return self.x\n": "the class has no forward pass",
    NO_PARAMETERS: "has no parameters under a name that is known; it has alpha",
    NO_NAME: "functions that are made inside: backward",
    NO_NAME.replace("def lstm_backward(W)", "def make(W)").replace(
        "backward", "lstm_backward"
    ): "make takes no cotangent",
    NO_CLASS: "needs an object of the class A, which has an argument kind_of_it",
    NO_FORWARD: "needs its forward pass lstm_forward, which has an argument mode_of_it",
}
"""A file -> what is said of it, beside how to mend it."""


@pytest.mark.parametrize("text", TAUGHT)
def test_what_has_to_be_called_before_is_told_where_it_is_not_there(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    derivation, sequences = few_sequences("lstm")
    name = "A" if text.startswith("class") else "lstm_backward"
    with pytest.raises(AuditError) as caught:
        answered(derivation, Subject(tmp_path / "own.py", name), sequences)
    assert TAUGHT[text] in str(caught.value) and "fix: " in str(caught.value)


CUT_ELSEWHERE = {
    ("dz[:, :D]", "dz[:, -D:]"): ["dx H 0"],
    ("dz[:, D:]", "dz[:, : -D]"): ["dh 0 D"],
}
"""Of the gradient of [x, h], what is right and what is written: what is said, its name, where it begins and should."""


@pytest.mark.parametrize("cut", CUT_ELSEWHERE)
def test_columns_that_are_others_than_they_should_be_are_named(cut: tuple[str, str], tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.function == "last_lstm:lstm_backward")
    text = row.file.read_text(encoding="utf-8").replace(
        "return np.stack(dx), dW, db", "return np.stack(dx), dW, db, dh, dc"
    )
    for (right, wrong), said in {cut: CUT_ELSEWHERE[cut], (cut[0], cut[0]): []}.items():
        assert right in text
        (tmp_path / "own.py").write_text(text.replace(right, wrong), encoding="utf-8")
        derivation, _ = few_sequences("lstm")
        sequences = [one for one in forward_passes(derivation, 0) if one.case.sizes["T"] == 1]
        found, asked, answer = answered(derivation, Subject(tmp_path / "own.py", row.name), sequences)
        *_, recognised = _compared(found, asked, answer, "it")
        cuts = [one.facts for one in recognised if one.key == "audit.cut"]
        assert [f"{facts['name']} {facts['start']} {facts['right']}" for facts in cuts] == said


CUT = {
    "dz[:, :D]": "dz[:, D:]",
    "dz[:, D:]": "dz[:, :D]",
}
"""The gradient of [x, h] cut in the wrong place: dx and dh of each other's width."""


def test_what_was_cut_in_the_wrong_place_is_told_from_the_shapes_that_do_not_fit(tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.function == "last_lstm:lstm_backward")
    file = tmp_path / "own.py"
    text = row.file.read_text(encoding="utf-8")
    for right, wrong in CUT.items():
        assert right in text
        text = text.replace(right, wrong.replace("dz", "cut"))
    file.write_text(text.replace("cut[", "dz["), encoding="utf-8")
    with pytest.raises(AuditError, match=r"T 3, B 2, D 5, H 4(.|\n)*in lstm_backward") as caught:
        judged(row, file)
    assert "of [x, h] dx = d[:, :D], dh = d[:, D:]" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "is_mixed"),
    [
        ("shapes (2,5) (2,4)", True),
        ("(5,1) (4,1)", True),
        ("(4,) (5,)", True),
        ("(2,5) (3,5)", False),
        ("(2,4)", False),
    ],
)
def test_inputs_in_the_place_of_states_show_in_shapes(error: str, is_mixed: bool) -> None:
    assert mixes(f"ValueError: operands could not be broadcast together with {error}", 5, 4) is is_mixed


def test_what_came_back_is_told_where_it_cannot_be_read(tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.function == "lists_rnn:backward")
    file = tmp_path / "own.py"
    text = row.file.read_text(encoding="utf-8")
    file.write_text(text.replace("return grads[::-1]", "return [(g['dx'], g['dbh']) for g in grads]"), encoding="utf-8")
    with pytest.raises(AuditError, match="returned 3 values, and its return statement has") as caught:
        judged(row, file)
    assert "of each step as a list for each name" in str(caught.value)


SHIFTED = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden):
        self.W = np.random.randn(n_hidden, n_in)
        self.U = np.random.randn(n_hidden, n_hidden)
        self.shift, self.speed = 0.0 * np.ones(n_hidden), np.zeros(n_hidden)

    def forward(self, x):
        self.x, self.h = x, [np.zeros((x.shape[1], len(self.shift)))]
        for row in x:
            self.h.append(np.tanh(row @ self.W.T + self.h[-1] @ self.U.T + self.shift))
        return np.array(self.h[1:])

    def backward(self, dh_all):
        self.dW, self.dU, self.dshift, dh = 0, 0, 0, 0
        for t in reversed(range(len(self.x))):
            da = (dh + dh_all[t]) * (1 - self.h[t + 1] ** 2)
            self.dW += da.T @ self.x[t]
            self.dU += da.T @ self.h[t]
            self.dshift += da.sum(0)
            dh = da @ self.U

    def update(self):
        self.speed = 0.9 * self.speed + self.dshift
"""


@pytest.mark.parametrize("start", ["0.0", "0.1"])
def test_an_array_of_an_unknown_name_is_told_and_no_bias_is_said_to_be_missing(start: str, tmp_path: Path) -> None:
    """It is left as the constructor makes it: what a right pass gives is right only if that is zero."""
    file = tmp_path / "own.py"
    file.write_text(SHIFTED.replace("0.0 *", f"{start} *"), encoding="utf-8")
    derivation, sequences = few_sequences("rnn")
    found = answered(derivation, Subject(file, "Net"), sequences)[0]
    said = {one.key: one.facts.get("names") for one in found.recognised}
    assert said["audit.left_as_made"] == "shift" and "audit.no_bias" not in said  # its speed is not read here
    assert said["audit.zero_biases"] == "b" and ("audit.forward_differs" in said) == (start != "0.0")
    known = SHIFTED.replace("shift", "bias_h")
    file.write_text(known.replace("0.0 *", f"{start} *"), encoding="utf-8")
    found = answered(derivation, Subject(file, "Net"), sequences)[0]
    keys = {one.key for one in found.recognised}
    assert not keys & {"audit.left_as_made", "audit.no_bias", "audit.zero_biases", "audit.forward_differs"}


def test_an_adapter_asks_what_is_left_as_made(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(SHIFTED, encoding="utf-8")
    given = ["audit", f"{tmp_path}/own.py:Net", "--cell", "rnn", "--init", "-o", f"{tmp_path}/adapter.py"]
    result = CliRunner().invoke(main, given)
    assert "1 line to fill in" in result.stderr and "nothing to fill in" not in result.stderr
    assert "# layer.shift = params[...]" in (tmp_path / "adapter.py").read_text(encoding="utf-8")


def test_a_name_that_stands_nowhere_in_the_file_is_told_before_anything_is_run(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("print('it runs')\ndef backward(dy): return {'dx': dy}\n", encoding="utf-8")
    wrong = CliRunner().invoke(main, ["audit", f"{file}:backwrd", "--cell", "rnn"])
    assert wrong.exit_code == 2 and "did you mean backward?" in wrong.stderr and "running" not in wrong.stderr
    none = CliRunner().invoke(main, ["audit", str(file), "--cell", "rnn"])
    assert none.exit_code == 2 and "name the function too" in none.stderr and "it has backward" in none.stderr
    file.write_text("from elsewhere import *\n", encoding="utf-8")  # it may have any name
    assert "running" in CliRunner().invoke(main, ["audit", f"{file}:backwrd", "--cell", "rnn"]).stderr
