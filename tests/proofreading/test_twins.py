r"""Two names that look like names of one quantity are told apart: d_g, dg; δ_g, ∂L/∂g_t; \hat C, \tilde C."""

from __future__ import annotations

import pytest


def judged_lines(proof):
    """Status and target of every line."""
    return [(f.status, f.target.quantity.name) for f in proof.findings]


def test_an_underscore_tells_the_derivative_by_the_sum(judged):
    text = "dg = dc * i\nd_g = dg * (1 - g**2)\ndW_g += d_g x^T\ndo = dh * tanh(c)\nd_o = do * o * (1 - o)\ndb_o += d_o"
    proof = judged("lstm", text)
    assert judged_lines(proof) == [
        ("right", name) for name in ("g", "a_g", "W_g", "o", "a_o", "b_o")
    ]  # fmt: skip
    [_, wrong, *_] = judged("lstm", text.replace("g**2", "g")).findings
    assert wrong.status == "wrong" and wrong.written.startswith("d_g = dg * (1 - g^2")


@pytest.mark.parametrize(("activation", "summed"), [("tilde", "hat"), ("hat", "tilde")])
@pytest.mark.parametrize("is_said", [True, False])
def test_one_accent_is_the_candidate_and_the_other_its_sum(activation, summed, is_said, judged):
    a, s = rf"\{activation} C_t", rf"\{summed} C_t"
    lines = [rf"\delta {a} = \delta C_t \odot i_t", rf"\delta W_C = \sum_t \delta {s} x_t^\top"]
    lines.append(rf"\delta {s} = \delta {a} \odot (1 - ({a})^2)" if is_said else rf"{a} = \tanh({s})")
    proof = judged("lstm", "\n\n".join(f"${line}$" for line in lines))
    assert proof.counts == {"right": 3}
    assert {name for name, leaf in proof.names.items() if leaf.quantity.name == "a_g"} >= {rf"\delta {s}"}


def test_a_mistake_in_what_defines_one_by_the_other_is_named(judged):
    proof = judged("lstm", r"$\delta\tilde C_t = \delta C_t i_t$, $\delta\hat C_t = \delta\tilde C_t (1 - \tilde C_t)$")
    assert judged_lines(proof) == [("right", "g"), ("wrong", "a_g")]
    assert proof.findings[1].judgement.changes[0].kind == "square"


def test_two_spellings_of_one_name_are_one_name(judged):
    lines = r"$\delta\tilde C_t = \delta C_t \odot i_t$ and $\delta a_{C,t} = \delta \hat{C}_t \odot (1 - \hat{C}_t^2)$"
    assert judged_lines(judged("lstm", lines)) == [("right", "g"), ("right", "a_g")]


def test_deltas_are_of_the_sums_where_fractions_are_of_the_gates(judged):
    of_gate, summed = r"\frac{\partial L}{\partial f_t}", r"\delta_f"
    lines = [
        rf"{of_gate} = \frac{{\partial L}}{{\partial c_t}} \odot c_{{t-1}}",
        rf"{summed} = {of_gate} \odot f_t (1 - f_t)",
    ]
    assert judged_lines(judged("lstm", "\n\n".join(f"${line}$" for line in lines))) == [
        ("right", "f"),
        ("right", "a_f"),
    ]
    wrong = judged("lstm", "\n\n".join(f"${line}$" for line in lines).replace("(1 - f_t)", "f_t"))
    assert judged_lines(wrong)[1] == ("wrong", "a_f")


def test_both_are_of_the_gates_where_lines_say_so(judged):
    lines = [
        r"\frac{\partial L}{\partial o_t} = \delta_{h,t} \odot \tanh(c_t)",
        r"\delta_{o,t} = \delta_{h,t} \odot \tanh(c_t)",
    ]
    assert judged_lines(judged("lstm", "\n\n".join(f"${line}$" for line in lines))) == [("right", "o"), ("right", "o")]


LECTURE = r"""
令 $s_t = Ux_t + Wh_{t-1} + b$，則 $h_t = \tanh(s_t)$。定義 $\delta_t = \dfrac{\partial L}{\partial s_t}$，則

$$\dfrac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + W^\top\delta_{t+1}，$$
$$\dfrac{\partial L}{\partial U} = \sum_{t=1}^{T}\delta_t x_t^\top，$$
$$\dfrac{\partial L}{\partial W} = \sum_{t=1}^{T}\delta_t h_{t-1}^\top$$

也可以寫成 $\delta_t = \mathrm{diag}(1 - h_t^2)\,\dfrac{\partial L}{\partial h_t}$。
"""


def test_a_letter_that_elsewhere_is_the_state_is_its_sum_where_lines_say_so(judged):
    proof = judged("rnn", LECTURE)
    assert proof.counts == {"right": 7}
    assert {leaf.quantity.name for form, leaf in proof.names.items() if form in (r"\delta_t", "s_t")} == {"a_h"}


def test_a_delta_that_is_defined_twice_is_the_same_twice(judged):
    found = judged("rnn", LECTURE.replace("1 - h_t^2", "1 - h_t")).findings
    assert [f.status for f in found].count("wrong") == 1 and found[-1].judgement.changes[0].kind == "square"


@pytest.mark.parametrize(
    ("equation", "others"),
    [
        (r"\tilde h_t = \tanh(W x_t + U (r_t \odot h_{t-1}) + b)", ""),
        (r"z_t = \sigma(W x_t + U h_{t-1} + b)", r"$r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r)$"),
    ],
)
def test_weights_without_a_letter_are_those_of_the_gate_in_whose_equation_they_stand(equation, others, judged):
    assert set(judged("gru", f"${equation}$\n\n{others}\n").counts) == {"right"}
    assert judged("gru", f"${equation.replace('h_{t-1}', 'h_t')}$\n\n{others}\n").findings[0].status == "wrong"
