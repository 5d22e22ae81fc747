"""Lowering: what statements an equation becomes, written as a textbook writes them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.notation.text import TextNotation
from lstm_sym.program import Affine, Pointwise, Program, Role, lower

LSTM = """\
a_iₜ = W_i xₜ + U_i hₜ₋₁ + b_i
iₜ = σ(a_iₜ)
a_fₜ = W_f xₜ + U_f hₜ₋₁ + b_f
fₜ = σ(a_fₜ)
a_gₜ = W_g xₜ + U_g hₜ₋₁ + b_g
gₜ = tanh(a_gₜ)
a_oₜ = W_o xₜ + U_o hₜ₋₁ + b_o
oₜ = σ(a_oₜ)
cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
tanh_cₜ = tanh(cₜ)
hₜ = oₜ ⊙ tanh_cₜ"""

CATALOGUE = {
    "rnn": """\
a_hₜ = W xₜ + U hₜ₋₁ + b
hₜ = tanh(a_hₜ)""",
    "lstm": LSTM,
    "lstm_peephole": """\
a_iₜ = W_i xₜ + U_i hₜ₋₁ + p_i ⊙ cₜ₋₁ + b_i
iₜ = σ(a_iₜ)
a_fₜ = W_f xₜ + U_f hₜ₋₁ + p_f ⊙ cₜ₋₁ + b_f
fₜ = σ(a_fₜ)
a_gₜ = W_g xₜ + U_g hₜ₋₁ + b_g
gₜ = tanh(a_gₜ)
cₜ = cₜ₋₁ ⊙ fₜ + iₜ ⊙ gₜ
a_oₜ = W_o xₜ + U_o hₜ₋₁ + p_o ⊙ cₜ + b_o
oₜ = σ(a_oₜ)
tanh_cₜ = tanh(cₜ)
hₜ = oₜ ⊙ tanh_cₜ""",
    "gru": """\
a_rₜ = W_r xₜ + U_r hₜ₋₁ + b_r
rₜ = σ(a_rₜ)
a_zₜ = W_z xₜ + U_z hₜ₋₁ + b_z
zₜ = σ(a_zₜ)
r_hₜ = hₜ₋₁ ⊙ rₜ
a_nₜ = W_n xₜ + U_n r_hₜ + b_n
nₜ = tanh(a_nₜ)
hₜ = hₜ₋₁ ⊙ zₜ + nₜ ⊙ (1 − zₜ)""",
}

FORMS = {
    "a number before a product is its coefficient": (
        "h[t] = tanh(W @ x[t] + 0.5 * (U @ h[t-1]))",
        ["a_hₜ = W xₜ + 0.5 U hₜ₋₁", "hₜ = tanh(a_hₜ)"],
    ),
    "a vector parameter times a quantity is diagonal, on either side": (
        "h[t] = tanh(W @ x[t] + p * h[t-1] - h[t-1] * k)",
        ["a_hₜ = W xₜ + p ⊙ hₜ₋₁ − k ⊙ hₜ₋₁", "hₜ = tanh(a_hₜ)"],
    ),
    "a number and a vector parameter are one diagonal term": (
        "h[t] = tanh(W @ x[t] + 0.3 * (p * h[t-1]))",
        ["a_hₜ = W xₜ + 0.3 p ⊙ hₜ₋₁", "hₜ = tanh(a_hₜ)"],
    ),
    "what a matrix multiplies is a stage unless it is a name": (
        "r[t] = sigmoid(V @ x[t])\nh[t] = W @ x[t] + U @ (r[t] * h[t-1])",
        ["a_rₜ = V xₜ", "rₜ = σ(a_rₜ)", "r_hₜ = hₜ₋₁ ⊙ rₜ", "hₜ = W xₜ + U r_hₜ"],
    ),
    "a number outside an affine map stays outside": (
        "h[t] = h[t-1] - 0.1 * (W @ x[t] + U @ h[t-1])",
        ["W_xₜ = W xₜ + U hₜ₋₁", "hₜ = hₜ₋₁ − 0.1 W_xₜ"],
    ),
    "a minus before a product is its sign": (
        "h[t] = -(W @ x[t]) - U @ h[t-1] + b - h[t-1]",
        ["hₜ = −W xₜ − U hₜ₋₁ + b − hₜ₋₁"],
    ),
    "a product of two quantities in a sum is a stage": (
        "q[t] = tanh(W @ x[t])\nh[t] = U @ h[t-1] + q[t] * h[t-1]",
        ["a_qₜ = W xₜ", "qₜ = tanh(a_qₜ)", "h_extraₜ = hₜ₋₁ ⊙ qₜ", "hₜ = U hₜ₋₁ + h_extraₜ"],
    ),
    "two products multiplied are two stages": (
        "h[t] = (W @ x[t]) * (U @ h[t-1])",
        ["W_xₜ = W xₜ", "U_hₜ = U hₜ₋₁", "hₜ = W_xₜ ⊙ U_hₜ"],
    ),
    "a function of a name needs no pre-activation": (
        "h[t] = tanh(h[t-1]) + W @ x[t]",
        ["tanh_h_prevₜ = tanh(hₜ₋₁)", "hₜ = W xₜ + tanh_h_prevₜ"],
    ),
    "a function of parameters alone is the same at all times": (
        "h[t] = exp(k) * h[t-1] + tanh(W @ x[t])",
        ["exp_k = exp(k)", "a_hₜ = W xₜ", "tanh_a_hₜ = tanh(a_hₜ)", "hₜ = hₜ₋₁ ⊙ exp_k + tanh_a_hₜ"],
    ),
    "numbers stay exact": (
        "h[t] = h[t-1] / 3 + 0.1 * tanh(W @ x[t])",
        ["a_hₜ = W xₜ", "tanh_a_hₜ = tanh(a_hₜ)", "hₜ = 1/3 hₜ₋₁ + 0.1 tanh_a_hₜ"],
    ),
}


def lines(program: Program) -> list[str]:
    notation = replace(TextNotation.of(program), by_name=True)
    return [notation.line(statement) for statement in program.statements]


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_cell_of_the_catalogue_becomes_its_textbook_lines(name):
    assert lines(lower(ls.cell(name))) == CATALOGUE[name].splitlines()


@pytest.mark.parametrize(("text", "expected"), FORMS.values(), ids=FORMS)
def test_each_form_becomes_its_statements(text, expected):
    assert lines(lower(ls.parse(text))) == expected


def test_products_are_affine_and_gates_are_pointwise():
    kinds = {s.target.name: type(s) for s in lower(ls.cell("lstm_peephole")).statements}
    assert {name for name, kind in kinds.items() if kind is Affine} == {"a_i", "a_f", "a_g", "a_o"}
    assert {name for name, kind in kinds.items() if kind is Pointwise} == {"i", "f", "g", "o", "c", "tanh_c", "h"}


def test_a_peephole_is_a_diagonal_term_and_no_product():
    term = next(t for t in lower(ls.cell("lstm_peephole")).statement("a_i").terms if t.matrix.name == "p_i")
    assert term.is_diagonal and not term.is_product and term.operand.name == "c" and term.operand.time == -1


def test_stages_of_parameters_alone_have_no_time():
    program = lower(ls.parse("h[t] = (exp(k) + sigmoid(k * p)) * h[t-1] + tanh(W @ x[t])"))
    timeless = {s.target.name for s in program.statements if s.target.time is None}
    assert timeless == {"exp_k", "a_h", "sigmoid_a_h"}


def test_stages_never_take_a_name_of_the_cell():
    text = "a_h[t] = tanh(W @ x[t])\nU_h[t] = tanh(V @ x[t])\nh[t] = tanh(a_h[t] + 2 * h[t-1]) * (U @ h[t-1]) + U_h[t]"
    names = [s.target.name for s in lower(ls.parse(text)).statements]
    assert len(names) == len(set(names)) and names[-1] == "h"


@pytest.mark.parametrize("name", ls.names())
def test_inputs_carries_and_outputs_are_those_of_the_cell(name):
    cell, program = ls.cell(name), lower(ls.cell(name))
    assert [(v.name, v.role) for v in program.inputs] == [(name, Role.INPUT) for name in (cell.input,) if name]
    assert tuple(c.incoming.name for c in program.carries) == cell.states
    assert all((c.incoming.time, c.outgoing.time) == (-1, 0) for c in program.carries)
    assert tuple(v.name for v in program.parameters) == cell.parameters
    assert [v.name for v in program.outputs] == [cell.output]


@pytest.mark.parametrize("name", ls.names())
def test_every_statement_says_which_equation_it_came_from(name):
    cell = ls.cell(name)
    for statement in lower(cell).statements:
        assert statement.provenance.equation in cell.text
        rule = "equation" if any(statement.target.name == e.target for e in cell.equations) else "stage of an equation"
        assert statement.provenance.rule == rule
        assert statement.provenance.id == f"{name}.forward.{statement.target.name}"


@pytest.mark.parametrize("seed", range(60))
def test_every_value_of_a_random_cell_has_a_name_of_its_own(seed):
    values = list(lower(random_cell(Random(seed), plain=False).parse()).values())
    assert len({str(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    "text",
    [
        "h[t] = tanh(exp(h[t-1])) + W @ x[t]",
        "h[t] = W @ x[t] + U @ tanh(h[t-1])",
        "h[t] = sigmoid(k) * h[t-1] + (1 - sigmoid(k)) * tanh(W @ x[t])",
    ],
)
def test_no_statement_copies_another(text):
    program = lower(ls.parse(text))
    expressions = [s.expression for s in program.statements if isinstance(s, Pointwise)]
    assert not any(expression.is_Symbol for expression in expressions)
    assert len(expressions) == len(set(expressions))


def test_no_stage_takes_the_name_of_the_cotangent() -> None:
    cell = ls.parse("y[t] = tanh(W @ x[t])\nd[t] = V @ (d[t-1] + y[t-1])", output="d")
    assert "dy" not in {statement.target.name for statement in lower(cell).statements}
    assert ls.derive(cell).adjoint.statements


def test_what_only_the_engine_refuses_names_the_file_too():
    with pytest.raises(ls.CellError, match=r"^mine\.toml, line 7, column 1: .* divides by zero"):
        ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1]) / (a - a)", source="mine.toml", first_line=7)
