"""A line that says for which gates the formulas below it hold; indices and primes of programs."""

from __future__ import annotations

import pytest

BELOW = r"$$\delta a_{k,t} = \delta k_t \odot k_t \odot (1 - k_t)$$"


def statuses(proof):
    return [f.status for f in proof.findings]


@pytest.mark.parametrize(
    "header",
    [
        "for k in {i, f, o}:", "for each k in {i, f, o}", r"For each gate $k \in \{i, f, o\}$ we have:",
        "for k in [i, f, o]:", "- for all k ∈ (i, f, o):", "對每個 $k \\in \\{i, f, o\\}$：",
    ],
)  # fmt: skip
def test_the_formulas_below_hold_for_each(header, judged):
    proof = judged("lstm", f"{header}\n\n{BELOW}\n\n$$\\delta W_k = \\sum_t \\delta a_{{k,t}} x_t^\\top$$")
    assert statuses(proof) == ["right"] * 6
    assert [f.target.quantity.name for f in proof.findings[:3]] == ["a_i", "a_f", "a_o"]


def test_without_a_set_for_all_gates(judged):
    assert statuses(judged("lstm", "for each k\n\n$\\delta b_k = \\sum_t \\delta a_{k,t}$")) == ["right"] * 4


def test_a_mistake_below_is_named_for_each(judged):
    proof = judged("lstm", f"for k in {{i, f}}:\n\n{BELOW.replace(' (1 - k_t)', ' k_t')}")
    assert statuses(proof) == ["wrong"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "for k in {i, f}:\n\n## Next\n\n" + BELOW,
        "for k in {i, f}:\n\nSome words about something else.\n\n" + BELOW,
        "for t in {1, 2}:\n\n" + BELOW,
        "for x in batches:\n\n" + BELOW,
        "for all x\n\n" + BELOW,
    ],
)
def test_elsewhere_it_says_nothing(text, judged):
    assert statuses(judged("lstm", text)) == ["unread"]


LOOP = """```python
for k in ["i", "f", "o", "g"]:
    dW[k] += np.outer(da[k], x)
    dU[k] += np.outer(da[k], h_prev)
    dh_prev += U[k].T @ da[k]
db["i"] += da["i"]
dk = 1
```
"""


@pytest.mark.parametrize("over", ['["i", "f", "o", "g"]', "('i', 'f', 'o', 'g')", '"ifog"', "gates"])
@pytest.mark.parametrize("letter", ["k", "gate"])
def test_a_loop_over_gates_holds_for_what_is_inside_it(over, letter, judged):
    text = LOOP.replace("[k]", f"[{letter}]").replace("for k", f"for {letter}").replace('["i", "f", "o", "g"]', over)
    proof = judged("lstm", text)
    assert proof.counts == {"right": 4 + 4 + 1 + 1, "own": 3, "aside": 1}
    wrong = judged("lstm", text.replace("h_prev)", "h)"))
    assert {f.judgement.changes[0].kind for f in wrong.findings if f.status == "wrong"} == {"time"}


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("dW_i = da_i * x_t'", "right"),
        ("dU_i = da_i * h_{t-1}'", "right"),
        ("dx = W_i' * da_i + W_f' da_f + W_g' da_g + W_o' da_o", "right"),
        ("da_i = di * i'", "right"),
        ("dU_i = da_i * h_t'", "wrong"),
    ],
)
def test_a_prime_is_a_transpose_where_there_is_no_slope(line, status, judged):
    assert statuses(judged("lstm", line)) == [status]


def test_a_primed_name_that_the_text_defines_is_its_own(judged):
    text = r"$h'_t = \tanh(W_h x_t + U_h (r_t \odot h_{t-1}) + b_h)$, $h_t = z_t \odot h_{t-1} + (1-z_t) \odot h'_t$"
    assert statuses(judged("gru", text)) == ["own", "right"]
