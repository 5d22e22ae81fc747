"""The rules of stacks, repetitions, reductions, transposes and choices, in reverse and forward, and their Jacobians."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check.maps import dense
from lstm_sym.derivation import jvp, vjp
from lstm_sym.derivation.jacobian import Jacobians
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import operator_matrix, run_statement, run_step
from lstm_sym.notation.text import TextNotation
from lstm_sym.program import Accumulate, Affine, Maximum, Program, Term, Value, lower
from lstm_sym.program.values import Operator, Role, adjoint, tangent

SIZES = {"H": 3, "D": 2, "M": 2}
OPERATORS = [
    Operator("part", ("H + D", "D"), ("H",)),
    Operator("part", ("H + D", "H")),
    Operator("repeat", ("3 * M", "M"), count=3),
    Operator("mean", ("H", "H")),
    Operator("sum", ("H", "H")),
]


TOLD = {Value("A", ("H", "D"), None, Role.PARAMETER): np.zeros((3, 2))}


def numbers(value: Value, rng: np.random.Generator) -> np.ndarray:
    """Random numbers for two sequences."""
    return rng.standard_normal([2, *(number_of(size, SIZES) for size in value.shape)])


def one_line(operator: Operator, transposed: bool) -> Program:
    """y = P v."""
    rows, columns = operator.shape[::-1] if transposed else operator.shape
    v, y = Value("v", (columns,), 0, Role.INPUT), Value("y", (rows,))
    return Program("cell", "forward", (v,), (), (), (Affine(y, (Term(operator, v, transposed),)),), (y,))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: f"{o.kind}{o.place}")
def test_each_operator_has_its_transpose_in_reverse_and_itself_in_forward_mode(operator, transposed):
    program, rng = one_line(operator, transposed), np.random.default_rng(0)
    v, y = program.inputs[0], program.outputs[0]
    matrix = operator_matrix(operator, SIZES)
    matrix = matrix.T if transposed else matrix
    given = {v: numbers(v, rng), **TOLD}
    assert np.allclose(run_step(program, given)[y], given[v] @ matrix.T, rtol=1e-15)
    reverse = vjp(program)
    dy = {reverse.inputs[0]: numbers(y, rng), **TOLD}
    assert np.allclose(run_step(reverse, dy)[reverse.outputs[0]], dy[reverse.inputs[0]] @ matrix, rtol=1e-15)
    along = {**given, tangent(v): numbers(v, rng)}
    assert np.allclose(run_step(jvp(program), along)[tangent(y)], along[tangent(v)] @ matrix.T, rtol=1e-15)


def test_the_maximum_sends_all_to_the_largest_unit_and_shares_ties():
    v, y = Value("v", ("H",), 0, Role.INPUT), Value("y", ("H",))
    program = Program("cell", "forward", (v,), (), (), (Maximum(y, v),), (y,))
    given = {v: np.array([[1.0, 3.0, 2.0], [2.0, 2.0, 0.0]])}
    reverse = vjp(program)
    dy = np.array([[1.0, 10.0, 100.0], [1.0, 2.0, 3.0]])
    found = run_step(reverse, {**given, reverse.inputs[0]: dy})
    assert found[adjoint(v)].tolist() == [[0, 111, 0], [3, 3, 0]]
    dot = run_step(jvp(program), {**given, tangent(v): np.array([[5.0, 7.0, 9.0], [4.0, 8.0, 1.0]])})
    assert dot[tangent(y)].tolist() == [[7, 7, 7], [6, 6, 6]]


REVERSE = {
    "a stack sends each part what is its own": (
        "h[t] = tanh(W @ [h[t-1], x[t]])",
        ["δh_xₜ = Wᵀ δa_hₜ", "δh⁺ₜ₋₁ = part₁(δh_xₜ)", "δxₜ = part₂(δh_xₜ)", "δW = Σₜ δa_hₜ h_xₜᵀ"],
    ),
    "a part that stands twice gets both": (
        "h[t] = tanh(W @ [h[t-1], x[t], h[t-1]])",
        ["δh⁺ₜ₋₁ = part₁(δh_x_hₜ) + part₃(δh_x_hₜ)", "δxₜ = part₂(δh_x_hₜ)"],
    ),
    "a repetition sums its runs": (
        "g[t] = V @ x[t]\nh[t] = repeat(g[t], 2) * h[t-1]",
        ["δrepeat_gₜ = δhₜ ⊙ hₜ₋₁", "δgₜ = repeat₂ᵀ(δrepeat_gₜ)"],
    ),
    "a mean sends the mean back": (
        "h[t] = W @ x[t] + mean(h[t-1])",
        ["δmean_hₜ = δhₜ", "δh⁺ₜ₋₁ = mean(δmean_hₜ)"],
    ),
    "a maximum sends the sum to the largest": (
        "h[t] = W @ x[t] + max(h[t-1])",
        ["max_h′ₜ = max′(hₜ₋₁)", "Σδmax_hₜ = sum(δmax_hₜ)", "δh⁺ₜ₋₁ = max_h′ₜ ⊙ Σδmax_hₜ"],
    ),
    "a transpose swaps the two sides": (
        "h[t] = U.T @ h[t-1] + W @ x[t]",
        ["δh⁺ₜ₋₁ = U δhₜ", "δU = Σₜ hₜ₋₁ δhₜᵀ", "δW = Σₜ δhₜ xₜᵀ"],
    ),
    "a matrix and its transpose are one parameter": (
        "h[t] = U @ h[t-1] - U.T @ h[t-1] + W @ x[t]",
        ["δU = Σₜ (δhₜ hₜ₋₁ᵀ − hₜ₋₁ δhₜᵀ)"],
    ),
    "a choice sends all to the side that it takes": (
        "h[t] = maximum(W @ x[t], h[t-1])",
        ["δW_xₜ = δhₜ ⊙ 1₊(W_xₜ − hₜ₋₁)", "δh⁺ₜ₋₁ = δhₜ ⊙ (1 − 1₊(W_xₜ − hₜ₋₁))"],
    ),
    "a constant scales and has no gradient": (
        "h[t] = alpha * h[t-1] + W @ x[t]",
        ["δh⁺ₜ₋₁ = α δhₜ", "δW = Σₜ δhₜ xₜᵀ"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), REVERSE.values(), ids=REVERSE)
def test_the_backward_pass_of_each_form(text, expected):
    cell = ls.parse(text, constants={"alpha": Fraction(1, 10)} if "alpha" in text else {})
    program = vjp(lower(cell))
    found = [TextNotation.of(program).line(statement) for statement in program.statements]
    assert [line for line in expected if line not in found] == []
    gradients = [s.target.of.name for s in program.statements if isinstance(s, Accumulate)]
    assert gradients == list(cell.parameters)


JACOBIANS = {
    ("h[t] = tanh(W @ [h[t-1], x[t]])", "h"): "diag(1 − hₜ²) W part₁ᵀ",
    ("h[t] = tanh(W @ [h[t-1], x[t]])", "x"): "diag(1 − hₜ²) W part₂ᵀ",
    ("h[t] = W.T @ h[t-1] + V @ x[t]", "h"): "Wᵀ",
    ("h[t] = W.T @ h[t-1] + V @ x[t]", "W"): "dWᵀ hₜ₋₁",
    ("h[t] = mean(h[t-1]) + V @ x[t]", "h"): "mean",
    ("h[t] = max(h[t-1]) + V @ x[t]", "h"): "sum diag(max_h′ₜ)",
    ("h[t] = W @ repeat(h[t-1], 2) + V @ x[t]", "h"): "W repeat₂",
    ("h[t] = where(h[t-1], V @ x[t], h[t-1])", "h"): "diag(1 − 1₊(hₜ₋₁))",
}


@pytest.mark.parametrize(("asked", "expected"), JACOBIANS.items(), ids=str)
def test_the_jacobians_of_each_form(asked, expected):
    text, source = asked
    derivation = ls.derive(ls.parse(text))
    assert TextNotation.of(derivation.forward).linear_map(derivation.jacobian("h", source)) == expected


def test_a_softmax_has_the_jacobian_of_the_textbook():
    """ds/da = diag(s) - s s^T, which its symbols do not show."""
    cell = ls.parse("a[t] = W @ x[t] + U @ h[t-1]\ne[t] = exp(a[t] - max(a[t]))\nh[t] = e[t] / sum(e[t])")
    derivation, rng = ls.derive(cell), np.random.default_rng(4)
    forward = derivation.forward
    given = {value: rng.standard_normal((1, 3)) for value in (forward.carries[0].incoming, forward.inputs[0])}
    given |= {value: rng.standard_normal((3, 3)) for value in forward.parameters}
    values = run_step(forward, given)
    found = Jacobians(forward).of(derivation.value("h"), derivation.value("a"))
    for statement in found.slopes:
        values = {**values, statement.target: run_statement(statement, values)}
    s = values[forward.outputs[0]][0]
    assert np.allclose(dense(found.map, values), np.diag(s) - np.outer(s, s), rtol=1e-13, atol=1e-16)
