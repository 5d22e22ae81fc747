"""Reverse mode: the backward pass of each cell is the one that its papers print."""

from __future__ import annotations

from random import Random

import pytest
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.check.derived_lines import check_lines
from lstm_sym.derivation import jvp, vjp
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes import prune
from lstm_sym.program import Accumulate, Program, lower

# Greff et al. 2017, appendix A, without peepholes: deltas of the block output, the gates, the input, the parameters.
LSTM = """\
δhₜ = dyₜ + δh⁺ₜ
δ(tanh(cₜ)) = δhₜ ⊙ oₜ
tanh′(cₜ) = 1 − tanh²(cₜ)
δcₜ = δc⁺ₜ + δ(tanh(cₜ)) ⊙ tanh′(cₜ)
δoₜ = δhₜ ⊙ tanh(cₜ)
o′ₜ = oₜ ⊙ (1 − oₜ)
δa_oₜ = δoₜ ⊙ o′ₜ
δgₜ = δcₜ ⊙ iₜ
g′ₜ = 1 − gₜ²
δa_gₜ = δgₜ ⊙ g′ₜ
δfₜ = δcₜ ⊙ cₜ₋₁
f′ₜ = fₜ ⊙ (1 − fₜ)
δa_fₜ = δfₜ ⊙ f′ₜ
δiₜ = δcₜ ⊙ gₜ
i′ₜ = iₜ ⊙ (1 − iₜ)
δa_iₜ = δiₜ ⊙ i′ₜ
δh⁺ₜ₋₁ = U_oᵀ δa_oₜ + U_gᵀ δa_gₜ + U_fᵀ δa_fₜ + U_iᵀ δa_iₜ
δc⁺ₜ₋₁ = δcₜ ⊙ fₜ
δxₜ = W_oᵀ δa_oₜ + W_gᵀ δa_gₜ + W_fᵀ δa_fₜ + W_iᵀ δa_iₜ
δW_i = Σₜ δa_iₜ xₜᵀ
δU_i = Σₜ δa_iₜ hₜ₋₁ᵀ
δb_i = Σₜ δa_iₜ
δW_f = Σₜ δa_fₜ xₜᵀ
δU_f = Σₜ δa_fₜ hₜ₋₁ᵀ
δb_f = Σₜ δa_fₜ
δW_g = Σₜ δa_gₜ xₜᵀ
δU_g = Σₜ δa_gₜ hₜ₋₁ᵀ
δb_g = Σₜ δa_gₜ
δW_o = Σₜ δa_oₜ xₜᵀ
δU_o = Σₜ δa_oₜ hₜ₋₁ᵀ
δb_o = Σₜ δa_oₜ"""

# With peepholes (Greff et al. 2017, eq. of δc): c gets p_o δa_o of the same step, p_f δa_f and p_i δa_i of the next.
PEEPHOLE = """\
δcₜ = δc⁺ₜ + δ(tanh(cₜ)) ⊙ tanh′(cₜ) + δa_oₜ ⊙ p_o
δc⁺ₜ₋₁ = δcₜ ⊙ fₜ + δa_fₜ ⊙ p_f + δa_iₜ ⊙ p_i
δp_i = Σₜ δa_iₜ ⊙ cₜ₋₁
δp_f = Σₜ δa_fₜ ⊙ cₜ₋₁
δp_o = Σₜ δa_oₜ ⊙ cₜ"""

GRU = """\
δhₜ = dyₜ + δh⁺ₜ
δnₜ = δhₜ ⊙ (1 − zₜ)
n′ₜ = 1 − nₜ²
δa_nₜ = δnₜ ⊙ n′ₜ
δr_hₜ = U_nᵀ δa_nₜ
δzₜ = δhₜ ⊙ (hₜ₋₁ − nₜ)
z′ₜ = zₜ ⊙ (1 − zₜ)
δa_zₜ = δzₜ ⊙ z′ₜ
δrₜ = δr_hₜ ⊙ hₜ₋₁
r′ₜ = rₜ ⊙ (1 − rₜ)
δa_rₜ = δrₜ ⊙ r′ₜ
δh°ₜ₋₁ = δhₜ ⊙ zₜ + δr_hₜ ⊙ rₜ
δh⁺ₜ₋₁ = U_zᵀ δa_zₜ + U_rᵀ δa_rₜ + δh°ₜ₋₁
δxₜ = W_nᵀ δa_nₜ + W_zᵀ δa_zₜ + W_rᵀ δa_rₜ
δW_r = Σₜ δa_rₜ xₜᵀ
δU_r = Σₜ δa_rₜ hₜ₋₁ᵀ
δb_r = Σₜ δa_rₜ
δW_z = Σₜ δa_zₜ xₜᵀ
δU_z = Σₜ δa_zₜ hₜ₋₁ᵀ
δb_z = Σₜ δa_zₜ
δW_n = Σₜ δa_nₜ xₜᵀ
δU_n = Σₜ δa_nₜ r_hₜᵀ
δb_n = Σₜ δa_nₜ"""

RNN = """\
δhₜ = dyₜ + δh⁺ₜ
h′ₜ = 1 − hₜ²
δa_hₜ = δhₜ ⊙ h′ₜ
δh⁺ₜ₋₁ = Uᵀ δa_hₜ
δxₜ = Wᵀ δa_hₜ
δW = Σₜ δa_hₜ xₜᵀ
δU = Σₜ δa_hₜ hₜ₋₁ᵀ
δb = Σₜ δa_hₜ"""

RANDOM = [random_cell(Random(seed), plain=True) for seed in range(200, 212)]


def lines(name: str) -> list[str]:
    derivation = ls.derive(ls.cell(name))
    notation = TextNotation.of(derivation.forward, derivation.adjoint)
    return [notation.line(statement) for statement in derivation.adjoint.statements]


@pytest.mark.parametrize(("name", "expected"), [("lstm", LSTM), ("gru", GRU), ("rnn", RNN)])
def test_the_backward_pass_is_that_of_the_papers(name, expected):
    assert lines(name) == expected.splitlines()


def test_peepholes_add_their_terms_and_change_nothing_else():
    found, plain, added = lines("lstm_peephole"), set(LSTM.splitlines()), set(PEEPHOLE.splitlines())
    without = {"δcₜ = δc⁺ₜ + δ(tanh(cₜ)) ⊙ tanh′(cₜ)", "δc⁺ₜ₋₁ = δcₜ ⊙ fₜ"}
    assert set(found) == (plain - without) | added and len(found) == len(set(found))


def test_half_a_product_sends_back_half():
    program = vjp(lower(ls.parse("h[t] = tanh(W @ x[t] - 0.5 * (U @ h[t-1]) + 2 * b)")))
    found = [TextNotation.of(program).line(s) for s in program.statements]
    assert "δh⁺ₜ₋₁ = −0.5 Uᵀ δa_hₜ" in found
    assert "δU = Σₜ −0.5 δa_hₜ hₜ₋₁ᵀ" in found
    assert "δb = Σₜ 2 δa_hₜ" in found


def test_a_matrix_used_twice_gets_both_gradients():
    program = vjp(lower(ls.parse("q[t] = tanh(W @ x[t] + U @ h[t-1])\nh[t] = tanh(U @ q[t])")))
    assert "δU = Σₜ (δa_hₜ qₜᵀ + δa_qₜ hₜ₋₁ᵀ)" in [TextNotation.of(program).line(s) for s in program.statements]


def test_a_parameter_that_arithmetic_leaves_alone_keeps_its_gradient():
    program = vjp(lower(ls.parse("h[t] = p / 1 + 0.5 * h[t-1] + W @ x[t]")))
    assert program.statement("d_p").contributions != ()


def test_a_parameter_that_the_loss_does_not_read_has_gradient_zero():
    program = vjp(lower(ls.parse("q[t] = tanh(V @ x[t])\nh[t] = tanh(W @ x[t] + U @ h[t-1])")))
    assert program.statement("d_V").contributions == ()


@pytest.mark.parametrize("name", ls.names())
def test_the_backward_program_has_the_shape_of_its_cell(name):
    forward = lower(ls.cell(name))
    program = vjp(forward)
    assert program.name == f"{name}.backward" and program.direction == -1
    assert program.inputs[0].name == "dy" and program.inputs[0].shape == forward.outputs[0].shape
    assert [v.of for v in program.outputs] == list(forward.inputs)
    assert [c.incoming.shape for c in program.carries] == [c.incoming.shape for c in forward.carries]
    gradients = [s.target for s in program.statements if isinstance(s, Accumulate)]
    assert [(v.of, v.shape) for v in gradients] == [(p, p.shape) for p in forward.parameters]


@pytest.mark.parametrize("seed", range(300, 310))
def test_every_derived_line_of_a_random_cell_agrees_with_complex_steps(seed):
    """Those of the cells of the catalogue are among the checks that every cell passes."""
    assert max(check_lines(random_cell(Random(seed), plain=True).parse()).values()) <= 1e-12


@pytest.mark.parametrize("name", ls.names())
def test_the_same_cell_gives_the_same_program(name):
    first, second = (ls.derive(ls.cell(name)) for _ in range(2))
    assert first.adjoint == second.adjoint and first.tangent == second.tangent
    assert [s.provenance for s in first.adjoint.statements] == [s.provenance for s in second.adjoint.statements]


@pytest.mark.parametrize("cell", RANDOM, ids=lambda c: c.text.replace("\n", "; ")[:60])
def test_derivation_is_deterministic_for_random_cells(cell):
    texts = []
    for _ in range(2):
        program = prune(vjp(lower(cell.parse())))
        texts.append([TextNotation.of(program).line(s) for s in program.statements])
    assert texts[0] == texts[1]


def ids(program: Program) -> list[str]:
    return [statement.provenance.id for statement in program.statements]


@pytest.mark.parametrize("name", ls.names())
def test_every_statement_has_an_id_of_its_own_and_its_equation(name):
    cell = ls.cell(name)
    derivation = ls.derive(cell)
    for program in (derivation.forward, derivation.adjoint, derivation.tangent):
        assert len(ids(program)) == len(set(ids(program)))
    for statement in derivation.adjoint.statements:
        assert statement.provenance.id.startswith(f"{name}.backward.")
        assert statement.provenance.equation in cell.text


def test_a_parameter_inside_a_function_has_ids_of_its_own():
    program = vjp(lower(ls.parse("h[t] = exp(a) * a * (W @ x[t]) + U @ h[t-1]")))
    assert len(ids(program)) == len(set(ids(program)))


@pytest.mark.parametrize("name", ["h_prev_direct", "b_by_h_extra"])
def test_names_that_read_like_derived_ones_are_refused(name):
    with pytest.raises(ls.CellError, match="reads like a derived quantity"):
        ls.parse(f"{name}[t] = tanh(W @ x[t] + 0.3 * h[t-1])\nh[t] = {name}[t] * b * h[t-1] + U @ h[t-1]")


@pytest.mark.parametrize(
    "text",
    [
        "d[t] = sigmoid(W @ x[t])\nh[t] = tanh(U @ (d[t] * h[t-1]) + W @ x[t])",
        "h[t] = tanh(d @ x[t]) * h[t-1] + exp(d @ x[t]) * (W @ tanh(h[t-1]))",
        "dot[t] = V @ x[t] + h[t-1]\nh[t] = tanh(h[t-1] * tanh(W @ dot[t]) + U @ (h[t-1] * dot[t]))",
        "direct[t] = V @ x[t] + h[t-1]\nh[t] = p * h[t-1] * h[t-1] + U @ (h[t-1] * direct[t]) + W @ h[t-1]",
        "by[t] = V @ x[t] + h[t-1]\nh[t] = exp(b) * b * h[t-1] + U @ (b * by[t] * h[t-1])",
        "d[t] = p * W_d[t-1] * W_d[t-1] + U @ x[t]\nW_d[t] = extra[t-1] + d[t]\nextra[t] = V @ W_d[t]",
    ],
)
def test_no_stage_of_a_cell_has_the_name_of_an_adjoint_or_a_tangent(text):
    """d * h is no d_h, W @ dot no W_dot."""
    forward = lower(ls.parse(text))
    for program in (vjp(forward), jvp(forward)):
        values = list(program.values())
        assert len({str(value) for value in values}) == len(values)


def test_the_cotangent_is_no_adjoint_of_a_quantity_of_the_cell():
    forward = lower(ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])\ny[t] = V @ h[t]"))
    assert vjp(forward).inputs[0].of not in set(forward.values())
