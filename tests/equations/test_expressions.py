"""What a node prints is what the parser reads as the same node, and means the same."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from derivation.random_cells import random_cell

from lstm_sym.check import random_case, relative_error
from lstm_sym.check.equations import array_functions, run_equations
from lstm_sym.equations import parse
from lstm_sym.equations.expressions import Call, MatrixProduct, Name, Number, Repeat, Stack

CONSTANTS = {"n": Fraction(2), "alpha": Fraction(-1, 10)}


def right(expression: str) -> object:
    read = {name: value for name, value in CONSTANTS.items() if re.search(rf"\b{name}\b", expression)}
    return parse(f"h[t] = U @ h[t-1] + {expression}", constants=read).equations[0].expression.right


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("W.T @ x[t]", "W.T @ x[t]"),
        ("W.T@(x[t]*b)", "W.T @ (x[t] * b)"),
        ("W @ (V.T @ x[t])", "W @ (V.T @ x[t])"),
        ("W @ [x[t],h[t-1]]", "W @ [x[t], h[t-1]]"),
        ("W @ ([x[t], h[t-1]])", "W @ [x[t], h[t-1]]"),
        ("W @ [ (x[t]+b) , V @ h[t-1] , [x[t], x[t]] , ]", "W @ [x[t] + b, V @ h[t-1], [x[t], x[t]]]"),
        ("W @ ([x[t], h[t-1]] * p)", "W @ ([x[t], h[t-1]] * p)"),
        ("W @ repeat( x[t] , 2 )", "W @ repeat(x[t], 2)"),
        ("W @ repeat(x[t] + b, n)", "W @ repeat(x[t] + b, n)"),
        ("W @ -repeat(x[t], 2)", "W @ (-repeat(x[t], 2))"),
        ("maximum((W @ x[t]), +0.5)", "maximum(W @ x[t], 0.5)"),
        ("where(b-k, -b, (W @ x[t]) ** 2)", "where(b - k, -b, (W @ x[t]) ** 2)"),
        ("minimum(b, k) ** -2 * (W @ x[t])", "(minimum(b, k) ** (-2)) * (W @ x[t])"),
        ("mean((W @ x[t]) - alpha)", "mean(W @ x[t] - alpha)"),
        ("alpha*sum(W @ x[t])", "alpha * sum(W @ x[t])"),
    ],
)
def test_the_new_nodes_are_printed_as_a_reader_would_write_them(written, printed):
    node = right(written)
    assert str(node) == printed
    assert right(str(node)) == node


def test_nodes_hold_what_was_written():
    assert right("W.T @ x[t]") == MatrixProduct(Name("W", None), Name("x", 0), transposed=True)
    assert right("W @ [x[t], h[t-1]]").operand == Stack((Name("x", 0), Name("h", -1)))
    assert right("W @ repeat(x[t], n)").operand == Repeat(Name("x", 0), Name("n", None), 2)
    assert right("W @ repeat(x[t], 3)").operand == Repeat(Name("x", 0), Number(Fraction(3)), 3)
    assert right("where(b, k, 2)") == Call("where", (Name("b", None), Name("k", None), Number(Fraction(2))))


def test_a_walk_meets_every_part_in_reading_order():
    node = right("where(a, V @ [b, W.T @ x[t]], R @ repeat(c, 2))")
    assert [part.name for part in node.walk() if isinstance(part, Name)] == ["a", "V", "b", "W", "x", "R", "c"]


@pytest.mark.parametrize("plain", [True, False])
def test_random_equations_read_as_themselves_and_mean_the_same(plain):
    for seed in range(80):
        random = random_cell(Random(seed), plain=plain)
        cell = random.parse()
        text = "\n".join(f"{equation.target}[t] = {equation.expression}" for equation in cell.equations)
        again = replace(random, text=text).parse()
        assert [e.expression for e in again.equations] == [e.expression for e in cell.equations]
        assert (again.shapes, again.states, again.parameters) == (cell.shapes, cell.states, cell.parameters)
        case, functions = random_case(cell, steps=1, batch=1, inputs=2, hidden=2), array_functions(np)
        first, second = (run_equations(c, case.x, case.params, case.state, functions)[0][0] for c in (cell, again))
        assert relative_error(second, first) == 0
