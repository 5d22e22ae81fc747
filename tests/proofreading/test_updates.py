r"""Lines that add to their left side or multiply it: \bar h_{t-1} += z_t \bar h_t is a term of what arrives there."""

from __future__ import annotations

import pytest

GRU = ["Uz.T @ daz[t]", "Ur.T @ dar[t]", "dh[t] * z[t]", "r[t] * (Un.T @ dan[t])"]
"""What a step of a GRU sends to the state before it."""


def statuses(proof):
    return [finding.status for finding in proof.findings]


def test_all_that_is_sent_a_step_back_may_be_added_in_one_line(judged):
    assert statuses(judged("lstm", "dc[t-1] += dc[t] * f[t]")) == ["right"]
    assert statuses(judged("gru", f"dh[t-1] += {' + '.join(GRU)}")) == ["right"]
    for sign in ("+=", r"\mathrel{+}="):
        line = rf"$$\bar c_{{t-1}} {sign} \bar c_t \odot f_t$$"
        assert statuses(judged("lstm", line)) == ["right"]


def test_or_in_a_line_a_term(judged):
    assert statuses(judged("gru", "\n".join(f"dh[t-1] += {term}" for term in GRU))) == [*["own"] * 3, "right"]


def test_what_is_added_a_step_before_is_not_added_to_this_one(judged):
    loop = "dc[t] += dh[t] * o[t] * (1 - np.tanh(c[t])**2)\ndf[t] = dc[t] * c[t-1]\ndc[t-1] += dc[t] * f[t]"
    assert statuses(judged("lstm", f"```python\n{loop}\n```")) == ["right"] * 3


def test_a_term_alone_waits_for_the_others(judged):
    [found] = judged("gru", f"dz[t] = dh[t] * (h[t-1] - n[t])\ndh[t-1] += {GRU[0]} + {GRU[2]}").findings[1:]
    assert (found.status, found.reason) == ("own", "later lines add to it")


@pytest.mark.parametrize("wrong", ["dc[t] * f[t-1]", "dc[t] * i[t]", "-dc[t] * f[t]"])
def test_what_is_no_term_of_it_is_wrong(wrong, judged):
    [found] = judged("lstm", f"dc[t-1] += {wrong}").findings
    assert (found.status, found.written) == ("wrong", "dc[t-1] += dc[t] * f[t]")
