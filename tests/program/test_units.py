"""Stacks, repetitions, reductions, transposes, constants: what they are lowered to, and what that means."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from kernels.cells import CELLS

import lstm_sym as ls
from lstm_sym.equations import CellError
from lstm_sym.interpreter.evaluation import known_sizes, operator_matrix, run_statement, run_step
from lstm_sym.notation.text import TextNotation
from lstm_sym.program import Affine, Maximum, Pointwise, Program, ProgramError, Value, lower
from lstm_sym.program.statements import Term
from lstm_sym.program.values import Operator, Role

CONSTANTS = {"alpha": Fraction(1, 10), "tau": Fraction(3)}

FORMS = {
    "a stack is a stage": (
        "h[t] = tanh(W @ [h[t-1], x[t]] + b)",
        ["h_xₜ = [hₜ₋₁; xₜ]", "a_hₜ = W h_xₜ + b", "hₜ = tanh(a_hₜ)"],
    ),
    "a stack that stands twice is one stage": (
        "i[t] = sigmoid(V @ [h[t-1], x[t]])\nh[t] = i[t] * tanh(W @ [h[t-1], x[t]])",
        [
            "h_xₜ = [hₜ₋₁; xₜ]",
            "a_iₜ = V h_xₜ",
            "iₜ = σ(a_iₜ)",
            "a_hₜ = W h_xₜ",
            "tanh_a_hₜ = tanh(a_hₜ)",
            "hₜ = iₜ ⊙ tanh_a_hₜ",
        ],
    ),
    "a stack that is a quantity is no stage": (
        "z[t] = [h[t-1], x[t]]\nh[t] = W @ z[t]",
        ["zₜ = [hₜ₋₁; xₜ]", "hₜ = W zₜ"],
    ),
    "parts of a stack are stages unless they are names": (
        "h[t] = W @ [tanh(h[t-1]), V @ x[t]]",
        [
            "tanh_h_prevₜ = tanh(hₜ₋₁)",
            "V_xₜ = V xₜ",
            "tanh_h_prev_V_xₜ = [tanh_h_prevₜ; V_xₜ]",
            "hₜ = W tanh_h_prev_V_xₜ",
        ],
    ),
    "a repetition is a stage": (
        "h[t] = W @ repeat(x[t], 2) + h[t-1]",
        ["repeat_xₜ = repeat₂(xₜ)", "hₜ = W repeat_xₜ + hₜ₋₁"],
    ),
    "a repetition by a constant is one by its number": (
        "h[t] = W @ repeat(x[t], tau) + h[t-1]",
        ["repeat_xₜ = repeat₃(xₜ)", "hₜ = W repeat_xₜ + hₜ₋₁"],
    ),
    "a transpose is a product": (
        "h[t] = tanh(U.T @ h[t-1] - 2 * (W.T @ x[t]))",
        ["a_hₜ = Uᵀ hₜ₋₁ − 2 Wᵀ xₜ", "hₜ = tanh(a_hₜ)"],
    ),
    "a matrix and its transpose are two stages": (
        "h[t] = (U @ h[t-1]) * (U.T @ h[t-1]) * (W @ x[t])",
        ["U_hₜ = U hₜ₋₁", "UT_hₜ = Uᵀ hₜ₋₁", "W_xₜ = W xₜ", "hₜ = U_hₜ ⊙ UT_hₜ ⊙ W_xₜ"],
    ),
    "reductions are stages, and the same one is computed once": (
        "h[t] = W @ x[t] + (h[t-1] - mean(h[t-1])) * mean(h[t-1]) * max(h[t-1])",
        [
            "mean_hₜ = mean(hₜ₋₁)",
            "max_hₜ = max(hₜ₋₁)",
            "h_extraₜ = (hₜ₋₁ − mean_hₜ) ⊙ mean_hₜ ⊙ max_hₜ",
            "hₜ = W xₜ + h_extraₜ",
        ],
    ),
    "a reduction of a sum takes its affine map": (
        "h[t] = h[t-1] * sum(W @ x[t] + b)",
        ["W_xₜ = W xₜ + b", "sum_W_xₜ = sum(W_xₜ)", "hₜ = hₜ₋₁ ⊙ sum_W_xₜ"],
    ),
    "a quantity that is a reduction is no stage": (
        "m[t] = max(h[t-1])\nh[t] = m[t] * tanh(W @ x[t])",
        ["mₜ = max(hₜ₋₁)", "a_hₜ = W xₜ", "tanh_a_hₜ = tanh(a_hₜ)", "hₜ = mₜ ⊙ tanh_a_hₜ"],
    ),
    "a choice takes its arguments as they are": (
        "h[t] = where(h[t-1] - b, W @ x[t], 0.5)",
        ["W_xₜ = W xₜ", "hₜ = where(hₜ₋₁ − b, W_xₜ, 0.5)"],
    ),
    "a constant is a symbol": (
        "h[t] = (1 - alpha) * h[t-1] + alpha * tanh(W @ x[t])",
        ["a_hₜ = W xₜ", "tanh_a_hₜ = tanh(a_hₜ)", "hₜ = (1 − α) hₜ₋₁ + α tanh_a_hₜ"],
    ),
    "a function of constants is no stage": (
        "h[t] = exp(alpha * tau) * h[t-1] + tanh(W @ x[t])",
        ["a_hₜ = W xₜ", "tanh_a_hₜ = tanh(a_hₜ)", "hₜ = exp(α τ) hₜ₋₁ + tanh_a_hₜ"],
    ),
    "the same function of the same argument is one stage": (
        "h[t] = sigmoid(h[t-1]) * tanh(W @ x[t]) + (1 - sigmoid(h[t-1])) * h[t-1]",
        [
            "sigmoid_h_prevₜ = σ(hₜ₋₁)",
            "a_hₜ = W xₜ",
            "tanh_a_hₜ = tanh(a_hₜ)",
            "hₜ = hₜ₋₁ ⊙ (1 − sigmoid_h_prevₜ) + sigmoid_h_prevₜ ⊙ tanh_a_hₜ",
        ],
    ),
}


def constants_of(text: str) -> dict[str, Fraction]:
    return {name: value for name, value in CONSTANTS.items() if name in text}


@pytest.mark.parametrize(("text", "expected"), FORMS.values(), ids=FORMS)
def test_each_form_becomes_its_statements(text, expected):
    program = lower(ls.parse(text, constants=constants_of(text)))
    assert [
        replace(TextNotation.of(program), by_name=True).line(statement) for statement in program.statements
    ] == expected


def test_the_kinds_of_statements():
    program = lower(ls.parse("s[t] = [x[t], mean(x[t])]\nh[t] = max(W @ s[t]) * (U @ repeat(h[t-1], 2))"))
    kinds = {statement.target.name: type(statement) for statement in program.statements}
    assert kinds["s"] is kinds["mean_x"] is kinds["repeat_h"] is Affine
    assert [kind for name, kind in kinds.items() if name.startswith("max")] == [Maximum] and kinds["h"] is Pointwise


def test_parts_know_what_stands_before_them():
    terms = lower(ls.parse("h[t] = W @ [h[t-1], x[t], h[t-1]]")).statements[0].terms
    assert [(t.operator.before, t.operator.place, t.operator.shape) for t in terms] == [
        ((), 1, ("2 * H + D", "H")),
        (("H",), 2, ("2 * H + D", "D")),
        (("H", "D"), 3, ("2 * H + D", "H")),
    ]
    assert all(term.weight is None and not term.is_product and not term.is_diagonal for term in terms)


def test_constants_are_values_with_a_number_and_no_parameters():
    program = lower(ls.parse("h[t] = alpha * h[t-1] + W @ x[t]", constants=constants_of("alpha")))
    ((value, number),) = program.constants.items()
    assert (value.name, value.shape, value.time, value.role) == ("alpha", (), None, Role.CONSTANT)
    assert number == Fraction(1, 10) and value not in program.parameters and not value.is_parameter


def test_a_cell_without_an_input_has_no_inputs():
    program = lower(ls.parse("h[t] = tanh(U @ h[t-1] + b)"))
    assert program.inputs == () and [carry.incoming.name for carry in program.carries] == ["h"]


@pytest.mark.parametrize("name", CELLS)
def test_no_stage_of_any_cell_is_a_copy_and_none_is_computed_twice(name):
    """A quantity of an equation may be a copy: that is what the equation says."""
    program, targets = lower(CELLS[name]), {equation.target for equation in CELLS[name].equations}
    stages = [s for s in program.statements if s.target.name not in targets]
    assert not any(isinstance(s, Pointwise) and s.expression.is_Symbol for s in stages)
    right = [(type(s), s.expression if isinstance(s, Pointwise) else repr(s.reads())) for s in stages]
    affine = [s.terms for s in stages if isinstance(s, Affine)]
    assert len({r for r in right if r[0] is Pointwise}) == sum(r[0] is Pointwise for r in right)
    assert len({*affine}) == len(affine)


# What operators mean.

SIZES = {"H": 3, "D": 2, "M": 2}
STACK = "H + D"


def test_operators_are_the_matrices_that_they_are_said_to_be():
    first = operator_matrix(Operator("part", (STACK, "H")), SIZES)
    second = operator_matrix(Operator("part", (STACK, "D"), ("H",)), SIZES)
    h, x = np.array([1.0, 2, 3]), np.array([4.0, 5])
    assert (first @ h + second @ x).tolist() == [1, 2, 3, 4, 5]
    assert (second.T @ np.arange(5)).tolist() == [3, 4]
    repeated = operator_matrix(Operator("repeat", ("3 * M", "M"), count=3), SIZES)
    assert (repeated @ x).tolist() == [4, 4, 4, 5, 5, 5]
    assert (repeated.T @ np.arange(6)).tolist() == [3, 12]
    assert (operator_matrix(Operator("mean", ("H", "H")), SIZES) @ h).tolist() == [2, 2, 2]
    assert (operator_matrix(Operator("sum", ("H", "H")), SIZES) @ h).tolist() == [6, 6, 6]


@pytest.mark.parametrize("kind", ["mean", "sum"])
def test_a_mean_and_a_sum_are_their_own_transposes(kind):
    matrix = operator_matrix(Operator(kind, ("H", "H")), SIZES)
    assert np.array_equal(matrix, matrix.T)


def test_sizes_are_read_off_the_arrays_and_follow_from_sums():
    values = {Value("z", (STACK,)): np.ones((2, 5)), Value("W", ("H", "D"), None, Role.PARAMETER): np.ones((3, 2))}
    assert known_sizes(values) == {STACK: 5, "H": 3, "D": 2}
    assert (
        known_sizes({v: a for v, a in values.items() if v.name == "W"} | {Value("c", ("2 * H",)): np.ones(6)})["2 * H"]
        == 6
    )
    alone = {Value("z", (STACK,)): np.ones((2, 5)), Value("x", ("D",)): np.ones((2, 2))}
    assert known_sizes(alone)["H"] == 3


def test_a_maximum_gives_its_value_to_every_unit_and_ties_share():
    v, y = Value("v", ("H",)), Value("y", ("H",))
    units = {v: np.array([[1.0, 5.0, 5.0], [-2.0, -1.0, -3.0], [4.0, 4.0, 4.0]])}
    assert run_statement(Maximum(y, v), units).tolist() == [[5] * 3, [-1] * 3, [4] * 3]
    shares = run_statement(Maximum(y, v, weights=True), units)
    assert shares.tolist() == [[0, 0.5, 0.5], [0, 1, 0], [1 / 3] * 3]


def test_a_stack_of_a_batch_is_a_concatenation():
    program = lower(ls.parse("h[t] = W @ [h[t-1], x[t]]"))
    h, x, w = np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(2, 2), np.arange(15.0).reshape(3, 5)
    given = {program.carries[0].incoming: h, program.inputs[0]: x, program.parameters[0]: w}
    found = run_step(program, given)
    assert np.array_equal(found[program.statements[0].target], np.concatenate((h, x), axis=1))
    assert np.array_equal(found[program.outputs[0]], np.concatenate((h, x), axis=1) @ w.T)


def test_a_term_with_an_operator_of_another_size_is_no_program():
    v, y = Value("v", ("H",)), Value("y", ("D",))
    with pytest.raises(ProgramError):
        Program("p", "forward", (v,), (), (), (Affine(y, (Term(Operator("mean", ("H", "H")), v),)),), (y,))
    with pytest.raises(ProgramError):
        Program("p", "forward", (v,), (), (), (Maximum(y, v),), (y,))


@pytest.mark.parametrize(
    ("text", "alpha"), [("h[t-1] / alpha", 0), ("h[t-1] / (1 - alpha)", 1), ("h[t-1] * alpha ** -1", 0)]
)
def test_a_constant_that_makes_a_denominator_zero_is_refused_as_a_number_is(text, alpha):
    with pytest.raises(CellError, match="divides by zero"):
        lower(ls.parse(f"h[t] = W @ x[t] + {text}", constants={"alpha": Fraction(alpha)}))


def test_a_denominator_that_cancels_is_refused_with_constants_too():
    with pytest.raises(CellError, match="divides by zero"):
        lower(ls.parse("h[t] = W @ x[t] + h[t-1] / (alpha - alpha)", constants=constants_of("alpha")))
