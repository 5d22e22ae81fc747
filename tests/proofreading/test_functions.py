r"""Functions whose argument is left out, \sigma'(\cdot), and the ways in which a sigmoid is written."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "line",
    [
        r"$\delta a_{i,t} = \delta i_t \odot \sigma'(\cdot)$",
        r"$\delta a_{g,t} = \delta g_t \odot \tanh'(\cdot)$",
        r"$\delta W_i = \sum_t (\delta i_t \odot \sigma'(\cdot)) x_t^\top$",
        r"$\delta c_t = \delta h_t \odot o_t \odot \tanh'(\cdot) + \delta c_{t+1} \odot f_{t+1}$",
        "δa_f = δf ⊙ σ'(·)",
    ],
)
def test_an_argument_that_is_left_out_is_found(line, judged):
    assert [f.status for f in judged("lstm", line).findings] == ["right"]


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (r"\delta a_{g,t} = \delta g_t \odot \sigma'(\cdot)", r"\delta g_t \odot \tanh'(\cdot)"),
        (r"\delta a_{i,t} = \delta f_t \odot \sigma'(\cdot)", r"\delta i_t \odot \sigma'(\cdot)"),
        (r"\delta c_t = \delta h_t \odot \tanh'(\cdot) + \delta c^{+}_t", r"\delta h_t \odot \tanh'(\cdot) \odot o_t"),
    ],
)
def test_a_mistake_beside_it_is_named(line, right, judged):
    [finding] = judged("lstm", f"${line}$").findings
    assert finding.status == "wrong" and len(finding.judgement.changes) == 1
    assert finding.written.partition(" = ")[2].startswith(right)


@pytest.mark.parametrize("sign", [r"\sigm", r"\operatorname{sigm}", r"\mathrm{sigmoid}", r"\text{logistic}", r"\sigma"])
def test_a_sigmoid_has_many_names(sign, judged):
    forward, backward = r"i_t = S(W_i x_t + U_i h_{t-1} + b_i)", r"\delta a_{i,t} = \delta i_t \odot S'(a_{i,t})"
    lines = f"${forward}$ and ${backward}$".replace("S", sign)
    assert [f.status for f in judged("lstm", lines).findings] == ["right"] * 2
