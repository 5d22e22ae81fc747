"""Names of the text's own whose line is wrong: that line is named, not those that use the name rightly."""

from __future__ import annotations

import pytest

HEAD = "dc = dh * o * (1 - tanh(c)**2) + dc_next\n"
USES = "dW_i = s x^T\ndU_i = s h_prev^T\ndb_i = s\n"


def verdicts(proof):
    """Status by status, with the kinds of mistake of wrong lines."""
    return [
        (f.status, *(change.kind for change in f.judgement.changes)) if f.status == "wrong" else (f.status,)
        for f in proof.findings
    ]


@pytest.mark.parametrize(
    ("line", "mistake", "right"),
    [
        ("s = dc * g * i", "missing factor", "s = dc * g * i * (1 - i)"),
        ("s = dc * f * i * (1 - i)", "other quantity", "s = dc * g * i * (1 - i)"),
        ("s = -dc * g * i * (1 - i)", "sign", None),
    ],
)
def test_the_line_of_the_name_is_wrong_and_its_uses_are_right(line, mistake, right, judged):
    proof = judged("lstm", f"{HEAD}{line}\n{USES}")
    assert verdicts(proof) == [("right",), ("wrong", mistake), ("right",), ("right",), ("right",)]
    found = proof.findings[1]
    assert found.by_use and found.target.quantity.name == "a_i" and (right is None or found.written == right)


def test_names_made_of_the_name_are_followed(judged):
    proof = judged("lstm", "k = 1 - tanh(c)\nq = dh * o * k\ndc = q + dc_next\n")
    assert verdicts(proof) == [("wrong", "square"), ("own",), ("right",)]
    assert proof.findings[0].target.quantity.kind == "slope"


def test_a_line_whose_mistake_is_not_small_is_still_that_of_the_name(judged):
    proof = judged("lstm", f"{HEAD}s = dc * f * f\n{USES}")
    assert [f.status for f in proof.findings] == ["right", "wrong", "right", "right", "right"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (f"{HEAD}s = dc * g * i * (1 - i)\ndW_i = s x^T\ndU_i = s h^T\n", "time"),
        (f"{HEAD}s = dc * g * i * (1 - i)\ndW_i = -s x^T\n", "sign"),
        ("q = 1 - i\nda_i = di * q\n", "missing factor"),
        ("u = i * g\nc = f * c + u\n", "time"),
    ],
)
def test_a_mistake_in_a_use_is_not_hidden(text, mistake, judged):
    found = judged("lstm", text)
    assert verdicts(found)[-1] == ("wrong", mistake)
    assert found.counts["wrong"] == 1


def test_a_use_with_a_mistake_of_its_own_stays_wrong(judged):
    proof = judged("lstm", f"{HEAD}s = dc * g * i\n{USES.replace('s h_prev^T', 's h^T')}")
    assert verdicts(proof)[1:] == [("wrong", "missing factor"), ("right",), ("wrong", "time"), ("right",)]


def test_a_name_may_be_defined_below_the_line_that_uses_it(judged):
    above = r"$\delta h_t = dy_t + U^\top \epsilon_{t+1}$"
    proof = judged("rnn", above + "\n\n" + r"$\epsilon_t = \delta h_t \odot (1 - h_t^2)$")
    assert [f.status for f in proof.findings] == ["right", "own"]
    [unread, own] = judged("rnn", above + "\n\n" + r"$\epsilon_t = \mu_t \odot (1 - h_t^2)$").findings
    assert (unread.status, own.status) == ("unread", "aside")


def test_names_that_are_defined_by_each_other_end(judged):
    names = [f"q{'ab'[k // 20]}{'cdefghijklmnopqrstuv'[k % 20]}" for k in range(40)]
    lines = [f"{a} = {b} + {c}" for a, b, c in zip(names, [*names[1:], *names], [*names[2:], *names], strict=False)]
    assert {f.status for f in judged("rnn", "\n".join([*lines, "dh = dy"])).findings} == {"aside", "wrong"}


def test_a_name_of_the_text_stands_for_nothing_else(judged):
    """s is a letter that texts have for c; here it is none, neither in the list of names nor in a right line."""
    proof = judged("lstm", f"s = dh * o\n{HEAD}df = dc * g\nda_i = s\n")
    assert {leaf.quantity.name for name, leaf in proof.names.items() if name == "s"} == set()
    assert proof.findings[2].written == "df = dc * c_prev"


def test_a_name_of_the_text_may_be_changed(judged):
    text = "q = dh * o\nq *= 1 - np.tanh(c)**2\nq += dc_next\ndf = q * c_prev\n"
    found = judged("lstm", text + "v = dh * np.tanh(c)\nv = v * o * (1 - o)\ndbo = v").findings
    assert [f.status for f in found] == ["own", "own", "own", "right", "own", "own", "right"]
    assert found[2].equals.quantity.name == "c" and found[5].equals.quantity.name == "a_o"


def test_what_is_made_of_itself_at_another_step_is_not_understood(judged):
    proof = judged("lstm", r"$q_t = h_t$, $q_t = o_t \odot q_{t-1}$, $\delta o_t = \delta h_t \odot \tanh(c_t)$")
    assert [f.status for f in proof.findings] == ["own", "aside", "right"]
    assert proof.findings[1].reason == "q_t is made of itself at another step"


def test_a_name_that_is_given_for_a_quantity_is_not_the_text_s_own(judged):
    text = "δh_t = ∂L/∂h_t\nδr_t = (U_nᵀ δa^n_t) ⊙ h_{t-1}\nδh_{t-1} = δh_t ⊙ r_t"
    assert [f.status for f in judged("gru", text).findings] == ["right", "right", "wrong"]
