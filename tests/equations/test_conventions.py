"""A cell in another convention is the same map: with its parameters' signs turned, or its matrices side by side."""

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.equations.conventions import biases, complemented, complemented_gates, joined, without_terms

SIZES = {"steps": 4, "batch": 2, "inputs": 3, "hidden": 5}


def forward(cell, case, params):
    kernel = ls.build(cell)
    y, *_ = kernel.forward(case.x, kernel.Params(**params), kernel.State(**case.state))
    return y


def relative_error(found, right):
    return np.max(np.abs(found - right)) / np.max(np.abs(right))


@pytest.mark.parametrize("name", ["gru", "gru_reset_after", "mgu", "min_gru", "lstm_coupled"])
def test_the_complement_of_a_gate_has_the_negative_parameters(name):
    """sigmoid(-a) = 1 - sigmoid(a)."""
    cell = ls.cell(name)
    [gate] = complemented_gates(cell)
    case = random_case(cell, **SIZES)
    own = [parameter for parameter in cell.parameters if parameter.endswith(f"_{gate}")]
    params = {key: -value if key in own else value for key, value in case.params.items()}
    assert own and complemented(cell, gate).text != cell.text
    right = forward(cell, case, case.params)
    assert relative_error(forward(complemented(cell, gate), case, params), right) < 1e-14
    assert relative_error(forward(complemented(cell, gate), case, case.params), right) > 1e-2


@pytest.mark.parametrize("state_first", [True, False])
@pytest.mark.parametrize("name", ["lstm", "gru", "lstm_peephole", "rnn"])
def test_one_matrix_has_the_columns_of_both(name, state_first):
    cell = ls.cell(name)
    found = joined(cell, state_first=state_first)
    case = random_case(cell, **SIZES)
    pairs = {key: key.replace("W", "U", 1) for key in cell.parameters if key.startswith("W")}
    params = {key: case.params[key] for key in found.parameters if key not in pairs}
    for of_input, of_state in pairs.items():
        both = [case.params[of_state], case.params[of_input]]
        params[of_input] = np.hstack(both if state_first else both[::-1])
    assert set(params) == set(found.parameters)
    assert relative_error(forward(found, case, params), forward(cell, case, case.params)) < 1e-14


def test_a_cell_with_nothing_to_join_has_no_such_convention():
    assert joined(ls.cell("lstm_concat")) is None
    assert complemented_gates(ls.cell("lstm")) == ()


def test_without_biases_a_cell_is_as_with_those_that_are_zero():
    cell = ls.cell("lstm_peephole")
    case = random_case(cell, **SIZES)
    assert biases(cell) == ("b_i", "b_f", "b_g", "b_o")
    zero = {key: np.zeros_like(v) if key in biases(cell) else v for key, v in case.params.items()}
    without = {key: v for key, v in case.params.items() if key not in biases(cell)}
    assert relative_error(forward(without_terms(cell, biases(cell)), case, without), forward(cell, case, zero)) < 1e-14
