r"""What the loss gives through a layer after the cell, V^T \delta_o, is taken for that, and nothing else is."""

from __future__ import annotations

import pytest

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.proofreading.page import proof_document

TERM = r"V^\top (\hat y_t - y_t)"
RIGHT = rf"\delta h_t = {TERM} + U^\top (\delta h_{{t+1}} \odot (1 - h_{{t+1}}^2))"


@pytest.mark.parametrize("term", [TERM, r"W_{hq}^\top \frac{\partial L}{\partial q_t}", r"e_t", r"(p_t - q_t) V"])
def test_a_term_of_unknown_names_is_what_the_loss_gives(term, judged):
    [found] = judged("rnn", f"${RIGHT.replace(TERM, term)}$").findings
    assert found.status == "right" and "is taken for what the loss gives" in found.reason


def test_the_rest_of_the_line_is_judged(judged):
    [found] = judged("rnn", f"${RIGHT.replace('h_{t+1}^2', 'h_t^2')}$").findings
    assert found.status == "wrong" and [change.kind for change in found.judgement.changes] == ["time"]
    assert found.written.startswith(rf"\delta h_t = {TERM} + ")


@pytest.mark.parametrize(
    "line",
    [
        r"\delta h_t = V^\top e_t + U^\top q_t",  # two terms are not known
        r"\delta h_t = V^\top (\hat y_t - y_t)",  # there is no sum
        r"\delta h_t = V^\top e_t + h_t \odot h_{t-1}",  # and what is known is not the rest
    ],
)
def test_what_it_explains_nothing_of_is_not_judged(line, judged):
    [found] = judged("rnn", f"${line}$\n\n$\\delta h_t = dy_t$").findings[:1]
    assert found.status == "unread" and "is no name of rnn" in found.reason


@pytest.mark.parametrize(
    ("line", "name"),
    [(r"\delta W = \sum_t \delta_t x_t^\top", "a_h"), (r"\delta a_{h,t} = \delta_t \odot (1 - h_t^2)", "h")],
)
def test_a_delta_alone_is_what_makes_most_lines_right(line, name, judged):
    proof = judged("rnn", f"${line}$")
    assert [f.status for f in proof.findings] == ["right"]
    assert [leaf.quantity.name for form, leaf in proof.names.items() if form == r"\delta_t"] == [name]


def test_the_page_says_so_below_the_lines(judged):
    proof = judged("rnn", f"${RIGHT}$")
    [section] = [one for one in proof_document(proof, Sentences("en")).sections if one.key == "lines"]
    assert section.blocks[1:] == (d.Paragraph((f"line 1: {TERM} is taken for what the loss gives",)),)


def test_what_stands_only_in_terms_of_the_loss_is_of_another_layer(judged):
    r"""V may be the recurrent matrix of a text, but not where it stands in V^T (p_t - q_t) alone."""
    text = r"$\delta h_t = V^\top (p_t - q_t) + U^\top \delta a_{t+1}$, $\delta V = \sum_t (p_t - q_t) h_t^\top$"
    proof = judged("rnn", text)
    assert [finding.status for finding in proof.findings] == ["right", "aside"]
    assert {name for name in proof.names if "V" in name} == set()
    assert (
        r"\delta V"
        in judged("rnn", r"$a_t = W x_t + V h_{t-1} + b$, $\delta V = \sum_t \delta a_t h_{t-1}^\top$").names
    )
