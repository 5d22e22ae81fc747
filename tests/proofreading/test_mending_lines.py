r"""How wrong lines are mended: the likeliest single mistake, never by making nothing of a line, and as the text writes.

A derivative of one step is meant along every path where its own equation says nothing: h_t = o_t tanh(c_t) alone has no
h_{t-1}, so that $\partial h_t / \partial h_{t-1}$ is not zero but what comes through o_t and c_t.
"""

from __future__ import annotations

import pytest


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


def test_an_index_of_the_forward_pass_is_doubted_before_that_of_an_adjoint(judged):
    kinds, written = mended(judged("lstm", r"$\delta U_f = \sum_t \delta a_{f,t} h_t^\top$"))
    assert (kinds, written) == (["time"], r"\delta U_f = \sum_t \delta a_{f,t} h_{t-1}^\top")


@pytest.mark.parametrize(("cell", "gates"), [("lstm", "figo"), ("gru", "rz")])
def test_terms_over_gates_are_mended_together_beside_others(cell, gates, judged):
    over_gates = " + ".join(rf"U_{gate}^\top \delta a_{{{gate},t}}" for gate in gates)
    beside = r"\delta y_t" if cell == "lstm" else r"\delta y_t + z_{t+1} \odot \delta h_{t+1}"
    if cell == "gru":
        over_gates += r" + r_{t+1} \odot (U_n^\top \delta a_{n,t+1})"
    kinds, written = mended(judged(cell, rf"$$ \delta h_t = {beside} + {over_gates} $$"))
    assert kinds == ["time"]
    assert written == rf"\delta h_t = {beside} + " + over_gates.replace(",t}", ",t+1}")
