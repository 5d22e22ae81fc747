"""What can be moved in a cell is read off its equations, whatever its letters are."""

from __future__ import annotations

import pytest

import lstm_sym as ls
from lstm_sym.explore.levers import Levers


def levers(cell: ls.Cell) -> Levers:
    return Levers(ls.derive(cell))


@pytest.mark.parametrize(
    ("name", "gates"),
    [
        ("rnn", {}),
        ("lstm", {"i": "b_i writes", "f": "b_f keeps", "o": "b_o"}),
        ("gru", {"r": "b_r writes", "z": "b_z keeps"}),
        ("mgu", {"f": "b_f forgets"}),
        ("slstm", {"o": "b_o", "f": "b_f keeps, exponential", "i": "b_i writes, exponential"}),
        ("multiplicative_lstm", {}),
        ("janet", {"f": "b_f keeps"}),
    ],
)
def test_the_gates_that_a_bias_moves(name, gates):
    kinds = {True: " keeps", False: " forgets", None: ""}
    found = {
        one.gate.name: f"{one.bias}{kinds[one.keeps]}{' writes' * one.writes}{', exponential' * (not one.holds)}"
        for one in levers(ls.cell(name)).gates
    }
    assert found == gates


@pytest.mark.parametrize(
    ("name", "fixed"), [("lstm", ()), ("janet", ("i",)), ("multiplicative_lstm", ("i", "f", "o")), ("qrnn", ("f", "o"))]
)
def test_gates_that_nothing_moves_are_named(name, fixed):
    assert levers(ls.cell(name)).fixed == fixed


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("rnn", ("U",)),
        ("lstm", ("U_i", "U_f", "U_g", "U_o")),
        ("indrnn", ("u",)),
        ("lstm_concat", ("W_i", "W_f", "W_g", "W_o")),
        ("lstm_output", ("U_i", "U_f", "U_g", "U_o")),
        ("qrnn", ()),
    ],
)
def test_recurrent_weights_are_those_that_the_state_passes_on_its_way(name, weights):
    assert levers(ls.cell(name)).roles.recurrent == weights


def test_a_gate_with_a_negative_bias_opens_the_other_way():
    cell = ls.parse("k[t] = sigmoid(A @ h[t-1] - p)\nh[t] = k[t] * h[t-1] + (1 - k[t]) * tanh(B @ u[t])")
    (lever,) = levers(cell).gates
    assert (lever.gate.name, lever.bias, lever.sign, lever.keeps) == ("k", "p", -1, True)
