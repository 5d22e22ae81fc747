r"""How wrong lines are mended: the likeliest single mistake, never by making nothing of a line, and as the text writes.

A derivative of one step is meant along every path where its own equation says nothing: h_t = o_t tanh(c_t) alone has no
h_{t-1}, so that $\partial h_t / \partial h_{t-1}$ is not zero but what comes through o_t and c_t.
"""

from __future__ import annotations

import pytest

from lstm_sym.document.sentences import Sentences
from lstm_sym.proofreading.wording import Wording


def mended(proof):
    """The kinds of the changes of the only wrong line, and the line that is printed in its place."""
    (wrong,) = [finding for finding in proof.findings if finding.status == "wrong"]
    assert wrong.judgement is not None
    return [change.kind for change in wrong.judgement.changes], wrong.written


@pytest.mark.parametrize("lower", ["c_t", "h_t"])
def test_no_line_is_mended_to_zero(lower, judged):
    line = rf"$$ \frac{{\partial {lower}}}{{\partial h_{{t-1}}}} = \mathrm{{diag}}(c_{{t-1}} \odot f_t(1-f_t)) U_f $$"
    kinds, written = mended(judged("lstm", line))
    assert (kinds, written) == ([], "")


def test_zero_is_not_what_a_derivative_of_one_step_should_be(judged):
    right = r"""
$$ \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(o_t \odot (1 - o_t) \odot \tanh(c_t)) U_o
 + \mathrm{diag}(o_t \odot (1-\tanh^2(c_t))) (\mathrm{diag}(c_{t-1} \odot f_t(1-f_t)) U_f
 + \mathrm{diag}(g_t \odot i_t(1-i_t)) U_i + \mathrm{diag}(i_t \odot (1-g_t^2)) U_g) $$
$$ \frac{\partial h_t}{\partial h_{t-1}} = U_o - U_o $$"""
    assert [finding.status for finding in judged("lstm", right).findings] == ["right", "wrong"]


def test_what_is_zero_is_said_to_be_not_made_a_difference_of_equals(judged):
    line = r"$$ \frac{\partial f_t}{\partial c_{t-1}} = \mathrm{diag}(f_t \odot (1 - f_t)) $$"
    assert mended(judged("lstm", line)) == ([], r"\frac{\partial f_t}{\partial c_{t-1}} = 0")


def test_an_index_of_the_forward_pass_is_doubted_before_that_of_an_adjoint(judged):
    kinds, written = mended(judged("lstm", r"$\delta U_f = \sum_t \delta a_{f,t} h_t^\top$"))
    assert (kinds, written) == (["time"], r"\delta U_f = \sum_t \delta a_{f,t} h_{t-1}^\top")


@pytest.mark.parametrize(("cell", "gates"), [("lstm", "figo"), ("gru", "rz")])
def test_terms_over_gates_are_mended_together_beside_others(cell, gates, judged):
    over_gates = " + ".join(rf"U_{gate}^\top \delta a_{{{gate},t}}" for gate in gates)
    beside = r"\delta y_t" if cell == "lstm" else r"\delta y_t + z_{t+1} \odot \delta h_{t+1}"
    if cell == "gru":
        over_gates += r" + r_{t+1} \odot (U_n^\top \delta a_{n,t+1})"
    proof = judged(cell, rf"$$ \delta h_t = {beside} + {over_gates} $$")
    kinds, written = mended(proof)
    assert kinds == ["time"]
    assert written == rf"\delta h_t = {beside} + " + over_gates.replace(",t}", ",t+1}")
    (wrong,) = proof.findings
    assert Wording(proof, Sentences("en")).mistake(wrong).endswith(f"in all {len(gates)} terms of this form")


def test_the_sign_of_a_sum_over_gates_is_one_sign(judged):
    proof = judged("lstm", "dh[t] = dy[t] - sum over k of U_k^T da_k[t+1]")
    kinds, written = mended(proof)
    assert kinds == ["sign"] and written.startswith("dh[t] = dy[t] + U_i^T da_i[t+1] + ")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (r"\delta W = \sum_t \delta a_t x_t", "transpose"),
        (r"\delta a_t = [\delta a_{i,t}; \delta a_{f,t}; \delta a_{g,t}; \delta a_{o,t}] + x_t", "superfluous term"),
        (r"[\delta x_t; \delta h_{t-1}] = [W^\top \delta a_t; U \delta a_t]", "transpose"),
    ],
)
def test_a_slip_by_which_a_packed_line_has_another_shape_is_named(line, kind, judged):
    proof = judged("lstm", rf"${line}$, $\delta U = \sum_t \delta a_t h_{{t-1}}^\top$, $\delta b = \sum_t \delta a_t$")
    assert mended(proof)[0] == [kind]


@pytest.mark.parametrize(
    ("cell", "wrong", "right"),
    [
        ("lstm", r"$\delta a_{g,t} = \delta g_t \circ g_t \circ (1 - g_t)$", r"\delta g_t \circ (1 - g_t^2)"),
        ("lstm", r"$\delta a_{g,t} = \delta g_t \circ (1 - g_t) g_t$", r"\delta g_t \circ (1 - g_t^2)"),
        ("lstm", r"$\delta a_{f,t} = \delta f_t \circ (1 - f_t^2)$", r"\delta f_t \circ f_t \circ (1 - f_t)"),
        ("rnn", r"$\delta a_t = h_t \odot (1 - h_t) \odot \delta h_t$", r"(1 - h_t^2) \odot \delta h_t"),
    ],
)
def test_the_slope_of_the_other_function_is_one_mistake(cell, wrong, right, judged):
    kinds, written = mended(judged(cell, wrong))
    assert kinds == ["slope of the other function"]
    assert written.partition(" = ")[2] == right


CODE = """
dh = dy[t] + dh_next
daf = df * f[t] * (1 - f[t])
dx[t] = Wi.T @ dai + Wf.T @ daf + Wg.T @ dag + Wo.T @ dao
"""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("dUf += np.outer(daf, h[t])", "dUf += np.outer(daf, h[t-1])"),
        ("dag = dg * (1 - g[t])", "dag = dg * (1 - g[t]**2)"),
    ],
)
def test_a_mended_line_of_code_is_code(wrong, right, judged):
    assert mended(judged("lstm", CODE + wrong))[1] == right


@pytest.mark.parametrize(
    ("cell", "text", "right"),
    [
        ("lstm", r"$\delta U_f = \sum_t \delta a_f^{t} (h^{t})^T$", r"\sum_t \delta a_f^{t} (h^{t-1})^T"),
        ("lstm", r"$\delta W_f = \sum_t \delta a_f^{t} (h^{t})^T$", r"\sum_t \delta a_f^{t} (x^{t})^T"),
        ("lstm", r"$\delta a_f^{t} = \delta f^{t} \odot f^{t} \odot (1 - f^{t})$\n\n"
                 r"$\delta a_g^{t} = \delta g^{t} \odot (1 - g^{t})$", r"\delta g^{t} \odot (1 - (g^{t})^2)"),
        ("lstm", "δcₜ = δhₜ ⊙ oₜ ⊙ (1 − tanh²(cₜ)) + δcₜ₊₁ ⊙ fₜ₊₁\nδW_f = δaₜ", "Σₜ (cₜ₋₁ ⊙ δcₜ ⊙ fₜ ⊙ (1 - fₜ)) xₜᵀ"),
        ("lstm", "δoₜ = δhₜ ⊙ tanh(cₜ)\nδa_gₜ = δgₜ ⊙ (1 − gₜ)", "δgₜ ⊙ (1 - gₜ²)"),
        ("lstm", r"$\nabla_{W_i} L = \sum_t (\nabla_{a_{i,t}} L) x_t$", r"\sum_t (\nabla_{a_{i,t}} L) x_t^\top"),
        ("lstm", r"$\nabla_{f_t} \mathcal L = \nabla_{c_t} \mathcal L c_t$", r"(\nabla_{c_t} \mathcal L) c_{t-1}"),
        ("lstm", r"$\nabla_{b_i} L = \sum_t \nabla_{h_t} L$\n\n$h_t = o_t \tanh(c_t)$", r"\sum_t \nabla_{a_{i,t}} L"),
        ("lstm", "df(t) = dc(t) * c(t)", "dc(t) * c(t-1)"),
        ("lstm", "dU_f = sum_t da_f h^T", "sum_t da_f h_prev^T"),
        ("gru", r"$\delta r_t = U_n^\top \delta a_{n,t}$", r"(U_n^\top \delta a_{n,t}) \odot h_{t-1}"),
    ],
)  # fmt: skip
def test_a_mended_line_is_written_as_the_text_writes(cell, text, right, judged):
    assert mended(judged(cell, text))[1].partition(" = ")[2] == right


def test_an_equation_of_the_text_says_which_of_z_and_the_rest_of_it_is_z(judged):
    equation = r"$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t$"
    proof = judged("gru", equation + r", $\delta \tilde h_t = \delta h_t \odot (1 - z_t)$, $\delta z_t = \delta h_t$")
    assert [finding.status for finding in proof.findings] == ["right", "wrong", "wrong"]
    assert proof.findings[1].written == r"\delta \tilde h_t = \delta h_t \odot z_t"


@pytest.mark.parametrize(
    ("cell", "line", "right"),
    [
        ("gru", r"$\delta r_t = U_n^\top (\delta a_{n,t} \odot h_{t-1})$", r"(U_n^\top \delta a_{n,t}) \odot h_{t-1}"),
        ("rnn", "da = dh * (1 - h**2)\ndh_prev = dh @ (U * (1 - h**2))", None),
    ],
)
def test_brackets_in_another_place_are_named_so(cell, line, right, judged):
    proof = judged(cell, line)
    if right:
        assert mended(proof) == (["grouping"], rf"\delta r_t = {right}")
    for finding in proof.findings:
        assert finding.written == "" or "dr_h" not in finding.written


def test_a_change_that_needs_no_new_name_goes_before_one_that_does(judged):
    r"""\delta h_t z_t may be for a name that stands nowhere in the text; 1 - z_t needs none."""
    kinds, written = mended(judged("gru", r"$\delta \tilde h_t = \delta h_t \odot z_t$"))
    assert (kinds, written) == (["complement"], r"\delta \tilde h_t = \delta h_t \odot (1 - z_t)")


@pytest.mark.parametrize(
    ("cell", "line", "kind", "right"),
    [
        ("gru", "dz = dh * h_prev - n", "grouping", "dz = dh * (h_prev - n)"),
        ("rnn", "da = dh * 1 - h**2", "grouping", "da = dh * (1 - h**2)"),
        ("gru", "dW_n = dan @ x.T\ndU_n += (r * dan) @ h_prev.T", "other factor", "dU_n += dan @ (h_prev * r).T"),
        ("rnn", r"$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t^2) U^T$, $\delta x_t = W^T \delta a_t$",
         "superfluous transpose", r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) U"),
        ("gru", "dz = dh * (n - h_prev)", "sign", "dz = dh * (h_prev - n)"),
    ],
)  # fmt: skip
def test_the_smallest_change_is_named(cell, line, kind, right, judged):
    assert mended(judged(cell, line)) == ([kind], right)


def test_of_a_difference_the_wrong_way_round_only_that_is_said(judged):
    proof = judged("gru", "dz = dh * (n - h_prev)")
    said = Wording(proof, Sentences("en")).mistake(proof.findings[0])
    assert said == "the sign is wrong: n - h_prev stands where h_prev - n belongs"
