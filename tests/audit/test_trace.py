"""The trace of a user's lines: every number and array that is assigned, under its name, step by step."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from audit.own_files import LSTM, RNN

import lstm_sym as ls
from lstm_sym.audit import AuditError
from lstm_sym.audit.running.child.tracing import MOST_ASSIGNED, MOST_NUMBERS
from lstm_sym.audit.running.process import CHILD
from lstm_sym.audit.running.tracing import Assigned, trace
from lstm_sym.audit.sequences.cases import ForwardPass, arrays, forward_passes, request

T, B, D, H = 2, 3, 2, 4


def one(name: str) -> tuple[ls.Derivation, ForwardPass]:
    derivation = ls.derive(ls.cell(name))
    return derivation, forward_passes(derivation, 0)[3]


def traced(source: str, tmp_path: Path, cell: str = "rnn") -> tuple[Assigned, ...]:
    derivation, sequence = one(cell)
    file = tmp_path / "own.py"
    file.write_text(source, encoding="utf-8")
    return trace(file, "backward", request(derivation, [sequence]), arrays(derivation, [sequence]), 30)


def test_every_line_of_a_loop_is_seen_at_every_step(tmp_path: Path) -> None:
    found = traced(RNN, tmp_path)
    derivation, sequence = one("rnn")
    right = sequence.backward(frozenset({"dy", "dstate/h"})).run(derivation.adjoint)
    lines = RNN.splitlines()
    da = [a for a in found if a.name == "da"]
    assert [a.count for a in da] == [1, 2] and all("da =" in lines[a.line - 1] for a in da)
    assert {a.function for a in found} == {"backward"} and {a.file for a in found} == {"own.py"}
    adjoint = next(value for value in right.steps[1] if value.of and value.of.name == "a_h")
    assert np.allclose(da[0].value, right.steps[1][adjoint]) and np.allclose(da[1].value, right.steps[0][adjoint])
    sums = [a.value for a in found if a.name == "dW"]
    assert len(sums) == 3 and sums[0] == 0 and np.allclose(sums[-1], right.gradients["W"])
    assert [a.place for a in found if a.name == "dx[t]"] == ["dx[1]", "dx[0]"]
    assert [float(a.value) for a in found if a.name == "t"] == [1, 0]


def test_a_file_beside_the_package_is_seen_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a clone: the process runs from the folder of the file, and its own lines are not the user's."""
    room = tmp_path / "lstm_sym" / "child"
    shutil.copytree(CHILD.parent, room)
    monkeypatch.setattr("lstm_sym.audit.running.process.CHILD", room / CHILD.name)
    assert {a.file for a in traced(RNN, tmp_path)} == {"own.py"}


def test_updates_in_place_and_entries_of_dicts_are_seen(tmp_path: Path) -> None:
    found = traced(LSTM, tmp_path, "lstm")
    derivation, sequence = one("lstm")
    right = sequence.backward(frozenset({"dy", "dstate"})).run(derivation.adjoint).gradients
    places = {a.place: a.value for a in found}
    for name in ("W_i", "U_f", "b_o"):
        assert np.allclose(places[f"grads['{name}']"], right[name])
    assert {a.name for a in found} >= {"da['o']", "grads[f'W_{gate}']", "dh_next", "dc_next"}
    assert len([a for a in found if a.place == "grads['W_i']"]) == 1 + T
    rows = {a.place: LSTM.splitlines()[a.line - 1] for a in found if a.name.startswith("da[")}
    assert all(f'"{place[4]}":' in row for place, row in rows.items()) and len(rows) == 4


WRITTEN = """
import numpy as np
class Holder: pass
def backward(x, dy, dh_T):
    self = Holder()
    self.total = np.zeros(2)
    steps, k = [], 3
    for row in x:
        self.total += row.sum(axis=0)
        steps.append(row.sum())
    steps.insert(0, 5.0)
    (a, b), *rest = (1, 2.5), 3
    long = np.add(
        a,
        b,
    )
    try:
        lost = 1 / np.zeros(1, int)[1]
    except IndexError:
        lost = -1
    text, flag, nothing = "a", True, None
    for _ in range(2): k = k * 2
    return {"x": inner(x)}
def inner(value):
    out = value * 2
    return out
"""


def test_names_as_they_are_written(tmp_path: Path) -> None:
    found = traced(WRITTEN, tmp_path)
    values = {name: [a.value for a in found if a.name == name] for name in {a.name for a in found}}
    appended = [float(a.value) for a in found if a.name == "steps[-1]"]
    assert [float(a.value) for a in found if (a.name, a.line) == ("steps[0]", 0)] == appended[:1]
    assert [float(a.value) for a in found if (a.name, a.line) == ("steps[1]", 0)] == appended[1:]
    assert len(values["self.total"]) == 1 + T and not values["self.total"][0].any()
    assert len(values["steps[-1]"]) == T and values["steps[0]"][1:] == [5.0]
    assert (values["a"], values["b"], values["long"], values["lost"]) == ([1], [2.5], [3.5], [-1])
    assert set(map(float, values["k"])) == {3, 6, 12} and not {"text", "flag", "nothing", "lost_"} & values.keys()
    assert [a.function for a in found if a.name == "out"] == ["inner"]


def test_a_trace_is_bounded(tmp_path: Path) -> None:
    many = "    for k in range(30_000):\n        small = k\n    return"
    assert len(traced(RNN.replace("    return", many, 1), tmp_path)) == MOST_ASSIGNED
    large = "    for k in range(200):\n        wide = np.zeros(9_000) + k\n    huge = np.zeros(20_000)\n    return"
    found = traced(RNN.replace("    return", large, 1), tmp_path)
    assert sum(a.value.size for a in found) <= MOST_NUMBERS and "huge" not in {a.name for a in found}


def test_what_the_function_raises_is_told_as_ever(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="KeyError: 'W_q'"):
        traced("def backward(params, dy):\n    a = 1\n    return params['W_q']\n", tmp_path)
