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


@pytest.mark.parametrize("place", range(4))
def test_of_several_lines_the_wrong_one_is_named(place, judged):
    lines = [f"dh[t-1] += {term}" for term in GRU]
    right = lines[place]
    lines[place] = right.replace(".T", "") if ".T" in right else "dh[t-1] += dh[t] * r[t]"
    found = judged("gru", "\n".join(["dh[t-1] += dy[t-1]", *lines])).findings
    assert [f.status for f in found] == ["own", *("wrong" if n == place else "own" for n in range(4))]
    assert found[1 + place].written.split() == right.split()


@pytest.mark.parametrize("wrong", ["dc[t] * f[t-1]", "dc[t] * i[t]", "-dc[t] * f[t]"])
def test_what_is_no_term_of_it_is_wrong(wrong, judged):
    [found] = judged("lstm", f"dc[t-1] += {wrong}").findings
    assert (found.status, found.written) == ("wrong", "dc[t-1] += dc[t] * f[t]")


def test_a_product_in_place_makes_of_the_adjoint_of_a_gate_that_of_its_sum(judged):
    text = "do = dh * np.tanh(c)\ndo *= o * (1 - o)\ndbo = do\ndf = dc * c_prev\ndf *= f * (1 + f)\ndbf = df"
    proof = judged("lstm", text)
    assert statuses(proof) == ["right", "right", "right", "right", "wrong", "right"]
    assert proof.findings[4].written == "df = df * (f * (1 - f))"
    assert statuses(judged("lstm", "dc *= f\ndc_next = dc")) == ["right", "right"]


def test_what_a_line_that_is_not_understood_changes_is_not_judged_below_it(judged):
    proof = judged(
        "lstm", "do = dh * np.tanh(c)\ndo *= mystery(o)\ndbo = do\ndo = dh * np.tanh(c)\ndao = do * o * (1 - o)"
    )
    assert statuses(proof) == ["right", "unread", "unread", "right", "right"]
    assert proof.findings[2].reason == "do is changed in line 2, which is not understood"


def test_names_of_the_text_that_are_made_anew_are_not_what_they_were(judged):
    """ho, hi and hc are gates of which the text says nothing; hc is what texts have for tanh(c) too."""
    text = (
        "dho = dh * np.tanh(c)\ndho = dho * ho * (1 - ho)\ndhc = hi * dc\ndhc = (1 - hc**2) * dhc\ndbo = dho\ndbg = dhc"
    )
    assert statuses(judged("lstm", text + "\ndf = dc * c_prev")) == ["own", "aside", *["unread"] * 4, "right"]


def test_a_part_of_a_vector_that_is_not_stacked_is_not_understood(judged):
    gates = "dX = daf @ Wf.T + dai @ Wi.T + dag @ Wg.T + dao @ Wo.T"
    assert statuses(judged("lstm", f"{gates}\ndh_next = dX[:, :H]\ndbf = daf")) == ["right", "unread", "right"]
