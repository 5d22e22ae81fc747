"""The count of operations: on expressions that one can count by eye, and the bars of the catalogue."""

from __future__ import annotations

import pytest
import sympy

import lstm_sym as ls
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.passes import Operations, count_operations
from lstm_sym.passes.operations import expression_operations
from lstm_sym.program import lower

A, B, C = sympy.symbols("a b c", real=True)
TANH, SIGMOID = FUNCTIONS["tanh"].symbol, FUNCTIONS["sigmoid"].symbol


@pytest.mark.parametrize(
    ("expression", "operations"),
    [
        (A, 0),
        (sympy.Integer(3), 0),
        (A + B, 1),
        (A - B, 1),
        (-A, 0),
        (A + B + C, 2),
        (A * B, 1),
        (A * B * C, 2),
        (2 * A, 1),
        (A**2, 1),
        (A**3, 2),
        (A**4, 2),
        (A**7, 4),
        (1 - A**2, 2),
        (A * (1 - A), 2),
        (1 / A, 1),
        (A * B + C * A, 3),
        (TANH(A), 1),
        (SIGMOID(A + B), 2),
        (A * TANH(B) + C, 3),
    ],
)
def test_operations_of_an_expression(expression: sympy.Expr, operations: int) -> None:
    assert expression_operations(expression) == operations


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("h[t] = h[t-1] + W @ x[t]", Operations(elementwise=1, products=1)),
        ("h[t] = tanh(W @ x[t] + U @ h[t-1] + b)", Operations(elementwise=1, products=2)),
        ("h[t] = W @ x[t] + p * h[t-1]", Operations(elementwise=2, products=1)),
        ("g[t] = W @ x[t]\nh[t] = h[t-1] * g[t] + g[t]", Operations(elementwise=2, products=1)),
    ],
)
def test_operations_of_a_step(equations: str, expected: Operations) -> None:
    assert count_operations(lower(ls.parse(equations))) == expected


def test_forward_and_backward_of_the_plain_network_counted_by_hand() -> None:
    """Forward tanh: 1. Backward dy + d_h_next: 1, not the cell's; 1 - h^2: 2; times it: 1. Products W x, U h; and
    U'd, W'd, d x', d h' backwards.
    """
    operations = ls.derive(ls.cell("rnn")).operations
    assert operations == Operations(elementwise=4, cotangent=1, products=6)


def test_operations_add() -> None:
    assert Operations(1, 2, 3) + Operations(10, 20, 30) == Operations(11, 22, 33)


@pytest.mark.parametrize(("name", "bar"), [("lstm", 31), ("lstm_peephole", 46)])
def test_forward_and_backward_need_no_more_than_this_many_operations_a_unit(name: str, bar: int) -> None:
    assert ls.derive(ls.cell(name)).operations.elementwise <= bar
