"""Sequences of the user's own sizes and of the user's own arrays join those of the plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audit.own_files import RNN
from click.testing import CliRunner, Result

import lstm_sym as ls
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.description import Arrangement, Call, Interface
from lstm_sym.audit.sequences.cases import forward_passes
from lstm_sym.audit.sequences.own import parse_sizes
from lstm_sym.audit.sequences.plan import PLAN
from lstm_sym.cli import main

RETURN = "    return dx, Grads(dW, dU, db), dh_next"
WRONG = RNN.replace(RETURN, "    if {when}: dW = dW * 2\n" + RETURN)
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(source: str, *options: str) -> Result:
    Path("own.py").write_text(source, encoding="utf-8")
    return CliRunner().invoke(main, ["audit", "own.py:backward", "--cell", "rnn", *options])


def test_what_is_wrong_at_ones_own_sizes_alone_is_wrong() -> None:
    wrong = WRONG.replace("{when}", "x.shape == (9, 4, 11)")
    assert run(wrong).exit_code == 0
    result = run(wrong, "--sizes", "T=9, B=4, D=11", "--sizes", "H=6")
    assert result.exit_code == 1 and "29 sequences" in result.stdout
    assert "wrong on T 9, B 4, D 11, H 4 (your own sizes)" in result.stdout
    assert run(RNN, "--sizes", "T=9,B=4,D=11,H=1").exit_code == 0


def test_what_is_wrong_on_ones_own_data_alone_is_wrong() -> None:
    wrong = WRONG.replace("{when}", "x.max() > 50")
    assert run(wrong).exit_code == 0
    x = RNG.standard_normal((7, 2, 3))
    x[3, 1, 2] = 60
    np.savez("mine.npz", x=x, W=0.01 * RNG.standard_normal((5, 3)), h0=np.zeros((2, 5), np.float32))
    result = run(wrong, "--data", "mine.npz")
    assert result.exit_code == 1 and "wrong on T 7, B 2, D 3, H 5 (your own data)" in result.stdout
    assert run(RNN, "--data", "mine.npz").exit_code == 0


def test_the_arrays_of_the_file_are_those_of_the_sequence() -> None:
    stored = {"x": RNG.standard_normal((3, 2, 2)), "dh_T": RNG.standard_normal((2, 6)), "dy": np.ones((3, 2, 6), int)}
    np.savez("mine.npz", **stored)
    *_, own = forward_passes(ls.derive(ls.cell("rnn")), 0, data=Path("mine.npz"))
    assert np.array_equal(own.case.x, stored["x"]) and np.array_equal(own.case.dstate["h"], stored["dh_T"])
    assert np.array_equal(own.case.dy, stored["dy"]) and own.case.sizes == {"T": 3, "B": 2, "D": 2, "H": 6}
    assert own.case.params["U"].shape == (6, 6) and own.setting.why == "your own data"


@pytest.mark.parametrize("x", [np.array([[2, 0], [1, 4], [3, 3]]), RNG.standard_normal((3, 2, 5))])
def test_a_pass_with_a_loss_gets_the_numbers_that_one_stored_or_it_is_said(x: np.ndarray) -> None:
    derivation, is_number = ls.derive(ls.cell("rnn")), x.ndim == 2
    np.savez("mine.npz", x=x, W=RNG.standard_normal((6, 5)), dy=np.zeros((3, 2, 6)))
    sequences = forward_passes(derivation, 0, data=Path("mine.npz"))[-1:]
    taken = {"x": "x", "targets": "targets"}
    interface = Interface(Call("f", tuple(taken.items())), readout=(("Why", "readout/matrix"),))
    tokens = Convention(derivation, {}, interface, Arrangement(tokens=True))
    [own] = tokens.given(sequences)
    assert np.array_equal(own.case.x, np.eye(5)[x]) if is_number else own.case.x.max() == 1
    assert [one.facts["names"] for one in tokens.unused(sequences)] == ["dy" if is_number else "dy, x"]
    vectors = replace(tokens, arrangement=Arrangement())
    [own] = vectors.given(sequences)
    assert np.array_equal(own.case.x, np.eye(5)[x] if is_number else x)
    assert replace(tokens, interface=None).unused(sequences) == ()


def test_of_a_batch_of_ones_own_a_pass_of_one_sequence_gets_the_first_and_it_is_said() -> None:
    derivation = ls.derive(ls.cell("rnn"))
    [*_, own] = sequences = forward_passes(derivation, 0, [parse_sizes("B=9")])
    single = Convention(derivation, {}, Interface(Call("f", ())), Arrangement("TD"))
    [*_, first] = single.given(sequences)
    assert np.array_equal(first.case.x, own.case.x[:, :1])
    assert [one.facts["count"] for one in single.unused(sequences)] == ["9"]
    assert single.unused(sequences[:-1]) == replace(single, arrangement=Arrangement()).unused(sequences) == ()


def test_sizes_that_are_not_named_are_the_usual_ones() -> None:
    assert parse_sizes("B=9").sizes == {**PLAN[0].sizes, "batch": 9}


@pytest.mark.parametrize("text", ["", "T", "T=0", "T=-1", "T=1,T=2", "N=3", "T=1.5", "T=٣", "T=9999999", "H=2000"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    result = run(RNN, "--sizes", text)
    assert result.exit_code == 2 and f"--sizes {text}" in result.stderr and "fix: " in result.stderr
    assert "running" not in result.stderr


REFUSED = {
    "another name": ({"X1": np.zeros(3)}, "X1 is no array of a sequence"),
    "two names": ({"x": np.zeros((2, 2, 2)), "xs": np.zeros((2, 2, 2))}, "an array under two names"),
    "not a number": ({"x": np.full((2, 2, 2), np.nan)}, "x holds no finite real numbers"),
    "text": ({"W": np.array(["a"])}, "W holds no finite real numbers"),
    "two axes": ({"x": np.full((2, 2), 0.5)}, "store x as (T, B, D)"),
    "numbers below 0": ({"x": np.array([[0, -1]])}, "whole numbers from 0 on, (T, B)"),
    "transposed": ({"x": np.zeros((5, 2, 3)), "W": np.zeros((3, 7)), "h0": np.zeros((2, 7))}, "it must be (7, 3)"),
    "objects": ({"x": np.array([None])}, "cannot be read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arrays_that_are_not_the_cells_are_refused(name: str) -> None:
    arrays, said = REFUSED[name]
    np.savez("mine.npz", **arrays)
    result = run(RNN, "--data", "mine.npz")
    assert result.exit_code == 2 and said in result.stderr and "mine.npz" in result.stderr


def test_a_file_that_is_none_is_refused() -> None:
    Path("mine.npz").write_bytes(b"PK")
    for name in ("mine.npz", "missing.npz"):
        result = run(RNN, "--data", name)
        assert result.exit_code == 2 and name in result.stderr and "Traceback" not in result.stderr
