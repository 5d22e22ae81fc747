"""Backward passes in the interfaces in which people write them, as they are: each is taken without a change.

`passes/` holds them; the table here says what is recognised of each, and what is judged of it when a line is broken.
`passes/mistakes.toml` says what else is planted in some, and what should be named then (test_handwritten.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.audit.auditor import _compared, _verdicts
from lstm_sym.audit.compare import Verdict
from lstm_sym.audit.interface.agreeing import answered
from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.sequences.cases import ForwardPass, forward_passes

PASSES = Path(__file__).parent / "passes"
FEW = 4
"""Sequences on which they are run here: the usual ones."""


@dataclass(frozen=True)
class Row:
    """A pass, for a cell: what is recognised; which outputs it does not give; a line that breaks it."""

    function: str
    cell: str
    recognised: str
    missing: str = ""
    broken: tuple[str, str] = ("", "")
    wrong: str = ""

    @property
    def file(self) -> Path:
        return PASSES / f"{self.function.partition(':')[0]}.py"

    @property
    def name(self) -> str:
        return self.function.partition(":")[2]


LSTM_OUTPUTS = " ".join(f"{kind}_{gate}" for gate in "ifgo" for kind in "WUb")

ROWS = (
    Row(
        "course_rnn:rnn_backward",
        "rnn",
        "own_forward axes.BTD stored_transposed",
        broken=("db += db_", "db = db_"),
        wrong="b",
    ),
    Row("course_rnn:rnn_step_backward", "rnn", "own_forward stored_transposed"),
    Row(
        "course_lstm:lstm_backward",
        "lstm",
        "own_forward starts_at_zero axes.BTD stored_transposed gate_order",
        "c[0]",
        ("df = dc * prev_c", "df = dc * i"),
        "x h[0] W_f U_f b_f " + LSTM_OUTPUTS,
    ),
    Row("course_lstm:lstm_step_backward", "lstm", "own_forward stored_transposed gate_order"),
    Row("char_rnn:backward", "rnn", "own_forward axes.TD1", "x", ("dhraw, hs[t - 1].T", "dhraw, hs[t].T"), "U"),
    Row(
        "scratch_lstm:backward",
        "lstm",
        "own_forward axes.TDB joined",
        "",
        ('grads["db_" + name] += d', 'grads["db_" + name] = d'),
        "b_i b_f b_g b_o",
    ),
    Row(
        "class_lstm:LSTM",
        "lstm",
        "own_forward starts_at_zero gate_order",
        "h[0] c[0]",
        ("dx[t] = d @ self.W_ih", "dx[t] = 2 * d @ self.W_ih"),
        "x",
    ),
    Row(
        "class_gru:GRULayer.backward",
        "gru",
        "own_forward axes.BTD stored_transposed",
        "",
        ('grads["Whh"] += (r * h).T', 'grads["Whh"] += h.T'),
        "U_n",
    ),
    Row(
        "loss_rnn:loss_and_grads",
        "rnn",
        "loss_inside axes.TD1",
        "x h[0]",
        ("dWhh += dz @ states[t - 1].T", "dWhh += dz @ states[t].T"),
        "U",
    ),
    Row(
        "handing_rnn:step",
        "rnn",
        "loss_inside axes.TD1 handed_back",
        "x h[0]",
        ("dWhh += np.outer(da, hs[t - 1])", "dWhh += np.outer(da, hs[t])"),
        "U",
    ),
    Row(
        "layer_rnn:Step",
        "rnn",
        "own_forward stored_transposed",
        broken=("h_prev.T @ da, da.sum", "h.T @ da, da.sum"),
        wrong="U",
    ),
    Row("words_rnn:WordModel", "rnn", "own_forward starts_at_zero no_bias loss_inside axes.TD other_names", "x b h[0]"),
    Row("last_rnn:SimpleRNN", "rnn", "own_forward starts_at_zero last_step axes.BTD stored_transposed", "h[0]"),
    Row("stacked_lstm:Layer", "lstm", "own_forward starts_at_zero axes.BTD gate_order", "h[0] c[0]"),
    Row("deep_rnn:rnn_backward", "rnn", "own_forward axes.DBT"),
    Row(
        "deep_rnn:rnn_cell_backward",
        "rnn",
        "own_forward axes.TDB",
        "",
        ("np.dot(dtanh, a_prev.T)", "np.dot(dtanh, a_next.T)"),
        "U",
    ),
    Row("deep_lstm:lstm_cell_backward", "lstm", "own_forward axes.TDB joined"),
    Row("function_rnn:TanhRNN", "rnn", "own_forward", "", ("grad_hh += grad_a.T", "grad_hh -= grad_a.T"), "U"),
    Row(
        "single_rnn:bptt",
        "rnn",
        "starts_at_zero axes.TD other_names",
        "x h[0]",
        ("np.outer(delta, x[t])", "np.outer(delta, 2 * x[t])"),
        "W",
    ),
    Row(
        "last_lstm:lstm_backward",
        "lstm",
        "own_forward starts_at_zero stored_transposed joined gate_order",
        "h[0] c[0]",
        ("dx.insert(0, dz[:, :D])", "dx.append(dz[:, :D])"),
        "x",
    ),
    Row("batched_lstm:LSTM", "lstm", "own_forward stored_transposed joined gate_order"),
    Row(
        "cell_lstm:LstmCell",
        "lstm",
        "own_forward axes.TD",
        "",
        ("di = dc * self.g", "di = dc * self.f"),
        "x W_i U_i b_i h[0] c[0] " + LSTM_OUTPUTS,
    ),
    Row(
        "two_bias_gru:GRU",
        "gru_reset_after",
        "own_forward gate_order",
        "",
        ("self.dbias_hh += to_h", "self.dbias_hh += to_x"),
        "b_u",
    ),
    Row(
        "one_bias_gru:GRU",
        "gru_reset_after",
        "own_forward no_bias stored_transposed gate_order",
        "b_u",
        ("np.concatenate((dr, dz, dn * r), axis=1)", "np.concatenate((dr, dz, dn), axis=1)"),
        "U_n U_r U_z W_r W_z W_n b_r b_z b_n x h[0]",
    ),
    Row(
        "next_gru:gru_backward",
        "gru",
        "own_forward axes.TDB unsummed.B",
        "",
        ("(r * hp).T", "hp.T"),
        "U_n",
    ),
    Row(
        "hidden_rnn:bptt",
        "rnn",
        "stored_transposed",
        "",
        ("h0=carry", "h0=2 * carry"),
        "h[0]",
    ),
    Row("tuple_lstm:lstm_backward", "lstm", "own_forward stored_transposed gate_order"),
    Row(
        "plain_rnn:backward",
        "rnn",
        "axes.BTD stored_transposed",
        "",
        ("(dh[:, t] + later)", "(dh[:, t])"),
        "x W U b h[0]",
    ),
    Row(
        "optional_lstm:backward",
        "lstm",
        "stored_transposed gate_order state_order",
        "",
        ("dc * f)", "dc)"),
        "x c[0] h[0] " + LSTM_OUTPUTS,
    ),
    Row(
        "listed_lstm:backward",
        "lstm",
        "own_forward",
        "h[0] c[0]",
        ("da.T @ hp", "2 * da.T @ hp"),
        "U_i U_f U_g U_o",
    ),
    Row(
        "held_rnn:RNN",
        "rnn",
        "own_forward starts_at_zero stored_transposed",
        "h[0]",
        ("self.b.grad += da.sum(0)", "self.b.grad += da.sum(0) / 2"),
        "b",
    ),
    Row(
        "kept_lstm:backward",
        "lstm",
        "own_forward starts_at_zero axes.TD joined",
        "h[0] c[0]",
        ("dc * C[t - 1]", "dc * C[t]"),
        "x " + LSTM_OUTPUTS,
    ),
    Row(
        "keyed_lstm:LSTMLayer",
        "lstm",
        "own_forward starts_at_zero axes.BTD stored_transposed",
        "h[0] c[0]",
        ('"c": dc * k["i"] *', '"c": dc * k["o"] *'),
        "x " + LSTM_OUTPUTS,
    ),
    Row(
        "peephole_lstm:backward",
        "lstm_peephole",
        "own_forward other_names stored_transposed gate_order",
        "",
        ("(daf * cp).sum(0)", "(daf * c).sum(0)"),
        "p_f",
    ),
    Row(
        "dict_rnn:rnn_backward",
        "rnn",
        "own_forward axes.TD",
        "",
        ("np.outer(da, h[t])", "np.outer(da, h[t + 1])"),
        "U",
    ),
    Row(
        "columns_lstm:Cell",
        "lstm",
        "own_forward axes.TDB gate_order",
        "",
        ("da.sum(axis=1, keepdims=True)", "da.mean(axis=1, keepdims=True)"),
        "b_i b_f b_g b_o",
    ),
    Row(
        "lists_rnn:backward",
        "rnn",
        "own_forward stored_transposed unsummed.T",
        "h[0]",
        ('"dx": da @ Wxh.T', '"dx": dh @ Wxh.T'),
        "x",
    ),
    Row("unsummed_rnn:rnn_backward", "rnn", "own_forward unsummed.B", "", ("db += dz", "db = dz"), "b"),
)


Judged = tuple[Convention, dict[str, Verdict], list[str]]


@cache
def few_sequences(cell: str) -> tuple[ls.Derivation, list[ForwardPass]]:
    derivation = ls.derive(ls.cell(cell))
    return derivation, forward_passes(derivation, 0)[:FEW]


def judged(row: Row, file: Path) -> Judged:
    """The convention that is found, the verdicts by output, and the keys of what was recognised."""
    derivation, sequences = few_sequences(row.cell)
    found, asked, answer = answered(derivation, Subject(file, row.name), sequences)
    evidence, texts, summed = _compared(found, asked, answer, "it")
    verdicts = _verdicts(evidence, texts)
    said = [one.key.removeprefix("audit.") for one in (*found.recognised, *summed)]
    return found, {verdict.name: verdict for verdict in verdicts}, said


@cache
def judged_as_it_is(row: Row) -> Judged:
    return judged(row, row.file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.function)
def test_a_pass_is_taken_as_it_is(row: Row) -> None:
    _, verdicts, said = judged_as_it_is(row)
    assert all(verdict.right for verdict in verdicts.values()), verdicts
    assert said == row.recognised.split()
    cell = ls.cell(row.cell)
    every = ["x", *cell.parameters, *(f"{name}[0]" for name in cell.states)]
    assert [name for name in every if name not in verdicts] == row.missing.split()


def test_the_lines_of_a_pass_can_be_traced_as_it_is_called() -> None:
    row = next(row for row in ROWS if row.function == "course_lstm:lstm_backward")
    convention, _, _ = judged_as_it_is(row)
    derivation, sequences = few_sequences("lstm")
    [one] = convention.given(sequences[3:])
    found = Subject(row.file, row.name).trace(convention, one)
    assert {a.function for a in found} >= {"lstm_forward", "lstm_step_forward", "lstm_backward", "lstm_step_backward"}
    right = one.backward(frozenset({"dy"})).run(derivation.adjoint).gradients
    [*_, dWx] = [a.value for a in found if a.name == "dWx" and a.function == "lstm_backward"]
    assert np.allclose(dWx.T, np.concatenate([right[f"W_{gate}"] for gate in "ifog"]))


@pytest.mark.parametrize("row", [row for row in ROWS if row.wrong], ids=lambda row: row.function)
def test_a_broken_pass_is_taken_in_the_same_way_and_judged_wrong(row: Row, tmp_path: Path) -> None:
    right, _, _ = judged_as_it_is(row)
    file, (part, broken) = tmp_path / row.file.name, row.broken
    text = row.file.read_text(encoding="utf-8")
    assert part in text
    file.write_text(text.replace(part, broken), encoding="utf-8")
    found, verdicts, _ = judged(row, file)
    assert found.arrangement == right.arrangement
    wrong = {name for name, verdict in verdicts.items() if not verdict.right}
    assert wrong and wrong <= set(row.wrong.split())
