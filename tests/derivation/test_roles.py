"""Gates, biases and forget gates are read off the equations; what a thing is called says nothing."""

import re

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.derivation.roles import ForgetGate
from lstm_sym.flow import FlowError, gate_values, record

LETTERS = {"i": "bend", "f": "keep", "g": "big", "o": "blend"}


def roles(text, **options):
    return ls.derive(ls.parse(text, **options)).roles


def renamed(key):
    """The LSTM under names of which none says what it is, each gate's letters exchanged."""
    text = ls.cell(key).text
    for old, new in LETTERS.items():
        text = re.sub(rf"\b(?:([WUb])_)?{old}\b(?=\[| |\)|$)", lambda m, new=new: f"{m[1] or ''}{new}", text)
    return text


@pytest.mark.parametrize(
    ("key", "gates", "forget"),
    [
        ("lstm", ["i", "f", "o"], [ForgetGate("f", "c", True, "b_f", 1)]),
        ("gru", ["r", "z"], [ForgetGate("z", "h", True, "b_z", 1)]),
        ("mgu", ["f"], [ForgetGate("f", "h", False, "b_f", -1)]),
        ("lstm_coupled", ["i", "f", "o"], [ForgetGate("f", "c", True, "b_i", -1)]),
        ("janet", ["f", "i"], [ForgetGate("f", "h", True, "b_f", 1)]),
        ("min_lstm", ["f", "i"], [ForgetGate("f", "h", True, "b_f", 1)]),
        ("lstm_block", ["i", "f", "o"], [ForgetGate("f", "c", True, "b_f", 1)]),
        ("cfn", ["theta", "eta"], [ForgetGate("theta", "h", True, "b_theta", 1)]),
        ("slstm", ["o", "f", "i"], [ForgetGate("f", "c", True, "b_f", 1), ForgetGate("f", "n", True, "b_f", 1)]),
        ("qrnn", ["f", "o"], [ForgetGate("f", "c", True, None, 0)]),
        ("lstm_full_peephole", ["i", "f", "o"], [ForgetGate("f", "c", True, "b_f", 1)]),
        # The sigmoid of its readout multiplies nothing.
        ("lstm_output", ["i", "f", "o"], [ForgetGate("f", "c", True, "b_f", 1)]),
        ("lstm_no_forget_gate", ["i", "o"], []),
        ("rnn", [], []),
        ("leaky_rnn", [], []),
    ],
)
def test_the_roles_in_the_catalogue(key, gates, forget):
    found = ls.derive(ls.cell(key)).roles
    assert [gate.name for gate in found.gates] == gates
    assert list(found.forget_gates) == forget


def test_every_recurrent_cell_of_the_catalogue_has_the_biases_that_its_equations_add():
    for key in ls.names():
        cell = ls.cell(key)
        written = {name for name in cell.parameters if re.search(rf"[+] {name}\b(?! [*@])", cell.text)}
        assert {bias.name for bias in ls.derive(cell).roles.biases} == written


def test_an_lstm_under_other_names_has_the_same_roles():
    found = roles(renamed("lstm"))
    assert [gate.name for gate in found.gates] == ["bend", "keep", "blend"]
    assert [(bias.name, bias.quantity, bias.products) for bias in found.biases] == [
        ("bbend", "bend", 2),
        ("bkeep", "keep", 2),
        ("bbig", "big", 2),
        ("bblend", "blend", 2),
    ]
    assert found.forget_gates == (ForgetGate("keep", "c", True, "bkeep", 1),)


def test_a_bias_called_like_a_forget_gate_s_is_that_of_what_it_is_added_to():
    found = roles("f[t] = tanh(W @ x[t] + U @ h[t-1] + b_f)\nh[t] = f[t] * h[t-1]")
    assert found.gates == () and found.forget_gates == ()
    assert [bias.quantity for bias in found.biases] == ["f"]


def test_a_vector_that_multiplies_is_no_bias_whatever_its_name():
    found = roles("h[t] = b * h[t-1] + (1 - b) * tanh(W @ x[t] + blend * h[t-1] + shift)")
    assert [bias.name for bias in found.biases] == ["shift"]
    # Added in one place and multiplied in another, it is not free to be shifted.
    assert roles("h[t] = tanh(W @ x[t] + b) + b * h[t-1]").biases == ()


def test_a_gate_without_a_name_is_one_and_keeps_the_state():
    found = roles("h[t] = sigmoid(W @ x[t] + b) * h[t-1] + V @ x[t]")
    (gate,) = found.forget_gates
    assert (gate.state, gate.keeps, gate.bias, gate.sign) == ("h", True, "b", 1)


def test_a_gate_behind_a_matrix_keeps_nothing():
    """The reset gate of the GRU: r * h passes U_n."""
    found = roles("r[t] = sigmoid(W_r @ x[t] + b_r)\nh[t] = tanh(W @ x[t] + U @ (r[t] * h[t-1]))")
    assert [gate.name for gate in found.gates] == ["r"] and found.forget_gates == ()


def test_biases_that_a_product_keeps_apart_are_told_from_those_that_can_be_added():
    products = {bias.name: bias.products for bias in ls.derive(ls.cell("gru_reset_after")).roles.biases}
    assert products == {"b_r": 2, "b_z": 2, "b_u": 1, "b_n": 1}
    text = " ".join(ls.generate(ls.cell("gru_reset_after")).split())
    assert "b_u (of q), b_n (of n). Where a library keeps one beside each matrix, add them for b_r, b_z alone." in text


def test_the_order_in_packed_arrays_keeps_the_names_that_equations_give():
    head = ls.generate(ls.parse("a_i[t] = W @ x[t] + b\ni[t] = V @ x[t]\nh[t] = a_i[t] * h[t-1] + tanh(i[t])"))
    assert "Order in packed arrays: a_i, i." in head


def test_the_sigmoid_of_a_readout_is_measured_as_no_gate():
    kernel = ls.build(ls.cell("lstm_output"))
    run = record(kernel, kernel.init(3, 4, K=2), np.random.default_rng(0).standard_normal((30, 3)))
    assert list(gate_values(run)) == ["i", "f", "o"]
    kernel = ls.build(ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])\ny[t] = sigmoid(V @ h[t])", sizes={"y": "K"}))
    run = record(kernel, kernel.init(3, 4, K=2), np.random.default_rng(0).standard_normal((30, 3)))
    with pytest.raises(FlowError, match="this cell has no gate"):
        gate_values(run)


def test_the_head_of_a_kernel_calls_nothing_a_gate_or_a_bias_that_is_none():
    text = "blend[t] = tanh(W @ x[t] + b)\nf[t] = tanh(V @ x[t] + spread)\nh[t] = f[t] + blend[t] * bump * h[t-1]"
    head = ls.generate(ls.parse(text)).split("Signs in comments")[0]
    assert "Gates: none." in head and "Biases: b (of blend), spread (of f).\n" in head
    assert ls.build(ls.cell("lstm")).GATES == ("i", "f", "o") and ls.build(ls.cell("rnn")).GATES == ()
