"""Macros of a text are written out, and nothing else is done with it."""

import pytest

from lstm_sym.proofreading import ProofreadingError
from lstm_sym.proofreading.macros import without_macros

LONGEST = 10_000


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"\newcommand{\bh}{\mathbf{h}}$\bh_t$", r"$\mathbf{h}_t$"),
        (r"\newcommand\bh{\mathbf{h}}$\bh_t$", r"$\mathbf{h}_t$"),
        (r"\def\bh{\mathbf{h}}$\bh_t \bht$", r"$\mathbf{h}_t \bht$"),
        (r"\newcommand{\pd}[2]{\frac{d#1}{d#2}}$\pd{L}{h_{t}}$", r"$\frac{dL}{dh_{t}}$"),
        (r"\newcommand{\pd}[2]{\frac{d#1}{d#2}}$\pd L h$", r"$\frac{dL}{dh}$"),
        (r"\def\pd#1#2{\frac{d#1}{d#2}}$\pd{L}{\bc}$", r"$\frac{dL}{d\bc}$"),
        (r"\newcommand{\g}[2][L]{\nabla_{#2}#1}$\g{h} \g[E]{c}$", r"$\nabla_{h}L \nabla_{c}E$"),
        (r"\DeclareMathOperator{\diag}{diag}$\diag(f)$", r"$\operatorname{diag}(f)$"),
        (r"\newcommand{\a}{\b}\newcommand{\b}{c}$\a$", "$c$"),
        (r"no macro, \pd{L}{h}", r"no macro, \pd{L}{h}"),
    ],
)
def test_a_macro_is_written_out(text, written):
    assert without_macros(text, LONGEST).strip() == written


def test_lines_stay_where_they_were():
    text = "\\newcommand{\\two}[2]{#1\n+ #2}\n\n$\\two{a}{\nb}$\n$c$"
    assert without_macros(text, LONGEST).count("\n") == text.count("\n")
    assert without_macros(text, LONGEST).splitlines()[-1] == "$c$"


@pytest.mark.parametrize("body", [r"\a", r"\a\a", r"x\a"])
def test_a_macro_without_an_end_is_refused(body):
    with pytest.raises(ProofreadingError, match="grow without end"):
        without_macros(rf"\newcommand{{\a}}{{{body}}}$\a$", LONGEST)


def test_what_is_never_closed_is_left_as_it_is():
    text = r"\newcommand{\a}{b $\a$"
    assert without_macros(text, LONGEST) == text


def test_lines_with_macros_are_judged(judged):
    text = r"""
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\newcommand{\bc}{\mathbf{c}}
$\pd{L}{o_t} = \pd{L}{h_t} \odot \tanh(\bc_t)$
$\pd{L}{f_t} = \pd{L}{\bc_t} \odot \bc_t$
"""
    assert [(f.formula.line, f.status) for f in judged("lstm", text).findings] == [(4, "right"), (5, "wrong")]
