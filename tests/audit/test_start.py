"""Where what is wrong starts is told without knowing the mistake: the stage, the outputs, and the derived lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from audit.own_files import LSTM

import lstm_sym as ls
from lstm_sym.audit import Audit, audit
from lstm_sym.audit.page.data import audit_data
from lstm_sym.audit.page.localising import changed, what_stages_show, where_it_starts
from lstm_sym.audit.page.start import started
from lstm_sym.audit.wording import Wording
from lstm_sym.compile.derivation import Derivation
from lstm_sym.document.sentences import LANGUAGES
from lstm_sym.interpreter.over_time import Backward, run_forward

GATE_I = {"x", "W_i", "U_i", "b_i", "h[0]"}

UNKNOWN = {
    ("dc * g * i * (1 - i)", "np.sin(dc) * g**3 * i * (1 - i)"): ("one step", GATE_I, "a_i"),
    ("dc * i * (1 - g**2)", "dc * i * (1 - abs(g) ** 1.7)"): (
        "one step",
        {"x", "W_g", "U_g", "b_g", "h[0]"},
        "g_slope",
    ),
    ("+= d.sum(axis=0)", "+= np.median(d, axis=0) * len(d)"): ("two steps", {"b_i", "b_f", "b_g", "b_o"}, "b_o"),
    ("dh = dy[t] + dh_next", "dh = dy[t] + (t == len(x) - 1 or dh_next**2) * dh_next"): ("two steps", {"x"}, "h"),
}
"""What is right in a pass, and what nobody would expect in its place -> the stage, outputs wrong there, a line."""


def audited(folder: Path, source: str) -> Audit:
    (folder / "own.py").write_text(source, encoding="utf-8")
    return audit(ls.cell("lstm"), folder / "own.py", "backward", seconds=0.0)


@pytest.mark.parametrize("case", UNKNOWN, ids=lambda case: case[1])
def test_the_lines_of_a_mistake_that_is_not_known_are_found(case: tuple[str, str], tmp_path: Path) -> None:
    right, wrong = case
    stage, outputs, line = UNKNOWN[case]
    found = audited(tmp_path, LSTM.replace(right, wrong))
    start = where_it_starts(found)
    assert start is not None and outputs <= set(start.wrong)
    assert start.stage in (stage, "a batch")  # a median of one or two numbers is their mean
    names = [identity.rpartition(".")[2] for identity in start.lines]
    assert line in names and len(names) <= 8, names
    for language in LANGUAGES:
        said, lines = started(Wording(found, language))
        assert len(said) == 2 and tuple(lines) == start.lines
    data = audit_data(found)
    assert data["starts"]["wrong"] == list(start.wrong) and data["stages"][0]["stage"] == "one step"


def test_of_a_right_pass_and_of_what_is_explained_nothing_starts(tmp_path: Path) -> None:
    right = audited(tmp_path, LSTM)
    assert where_it_starts(right) is None and all(not shown.wrong for shown in what_stages_show(right))
    assert audit_data(right)["starts"] is None
    (tmp_path / "own.py").write_text(LSTM.replace("dc * g * i * (1 - i)", "dc * g * i"), encoding="utf-8")
    named = audit(ls.cell("lstm"), tmp_path / "own.py", "backward")
    assert named.explanation is not None and where_it_starts(named, named.explanation.mistakes) is None
    start = where_it_starts(named)
    assert start is not None and set(start.wrong) == {*GATE_I}


def test_what_changes_with_a_line_is_what_is_computed_from_it() -> None:
    """In one step an adjoint of a gate reaches its own parameters, x and h[0]; from two steps on everything earlier."""
    derivation, rng = Derivation(ls.cell("lstm")), np.random.default_rng(0)
    params = {
        name: rng.normal(size=(4, 2) if name[0] == "W" else (4, 4)[: 1 + (name[0] == "U")])
        for name in derivation.cell.parameters
    }
    steps = run_forward(
        derivation.forward, rng.normal(size=(2, 3, 2)), params, dict.fromkeys("hc", rng.normal(size=(3, 4)))
    )
    cotangents = rng.normal(size=(2, 3, 4)), {"h": np.zeros((3, 4)), "c": np.zeros((3, 4))}
    value = derivation.adjoint.statement("d_a_i").target
    [one, two] = (
        changed(derivation.adjoint, [Backward(steps[:count], cotangents[0][:count], cotangents[1])])[value]
        for count in (1, 2)
    )
    assert one == GATE_I and GATE_I < two == {"x", *params, "h[0]", "c[0]"}
