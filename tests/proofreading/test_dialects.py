r"""Letters of well-known texts: a block's input z and output y, whose adjoint \delta y_t is a sum that a line gives."""

from __future__ import annotations

import pytest

BLOCK = [
    r"\mathbf{\delta y}^t = \Delta^t + \mathbf{R}_z^T \delta\mathbf{z}^{t+1} + \mathbf{R}_i^T \delta\mathbf{i}^{t+1}"
    r" + \mathbf{R}_f^T \delta\mathbf{f}^{t+1} + \mathbf{R}_o^T \delta\mathbf{o}^{t+1}",
    r"\delta\bar{\mathbf{i}}^t = \delta\mathbf{c}^t \odot \mathbf{z}^t \odot \sigma'(\bar{\mathbf{i}}^t)",
    r"\delta\mathbf{b}_\star = \sum_{t=0}^T \delta\star^t",
]


def test_a_block_is_known_by_the_matrices_of_its_input(judged):
    proof = judged("lstm", "\n\n".join(f"$${line}$$" for line in BLOCK))
    assert [finding.status for finding in proof.findings] == ["right"] * 6
    assert [f.target.quantity.name for f in proof.findings[2:]] == ["b_i", "b_f", "b_g", "b_o"]


@pytest.mark.parametrize("name", ["y", r"\text{out}"])
def test_what_a_line_makes_of_later_steps_is_the_adjoint_of_the_output(name, judged):
    later = " + ".join(rf"U_{gate}^\top \delta a_{{{gate},t+1}}" for gate in "ifgo")
    text = rf"$\delta {name}_t = \Delta_t + {later}$, $\delta o_t = \delta {name}_t \odot \tanh(c_t)$"
    assert [finding.status for finding in judged("lstm", text).findings] == ["right", "right"]


def test_what_is_made_of_the_error_alone_is_what_the_loss_gives(judged):
    text = r"$\delta y_t = \hat y_t - v_t$, $\delta h_t = \delta y_t + \sum_k U_k^\top \delta a_{k,t+1}$"
    assert [finding.status for finding in judged("lstm", text).findings][1] == "right"


def test_states_may_be_called_out_and_state_and_a_capital_delta_what_arrives(judged):
    lines = [
        r"\delta out_t = \Delta_t + \Delta out_t",
        r"\delta state_t = \delta out_t \odot o_t \odot (1 - \tanh^2(state_t)) + \delta state_{t+1} \odot f_{t+1}",
        r"\delta a_t = \delta state_t \odot i_t \odot (1 - a_t^2)",
        r"\Delta out_{t-1} = U^T \cdot \delta gates_t",
    ]
    proof = judged("lstm", "\n\n".join(f"$${line}$$" for line in lines))
    assert [finding.status for finding in proof.findings] == ["right"] * 4
    assert proof.names[r"\Delta out_t"].quantity.kind == "carried"
    assert proof.names[r"\delta a_t"].quantity.name == "a_g"
