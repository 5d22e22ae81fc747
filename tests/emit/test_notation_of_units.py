"""Stacks, repetitions, reductions, choices and constants as text, LaTeX and MathML: known lines exactly."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest

import lstm_sym as ls
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.notation.notation import Notation
from lstm_sym.notation.text import TextNotation

TARGETS = {"text": TextNotation, "latex": LatexNotation, "mathml": MathMLNotation}
CONSTANTS = {"alpha": Fraction(1, 10), "n": Fraction(3)}
H, X = "<msub><mi>h</mi><mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow></msub>", "<msub><mi>x</mi><mi>t</mi></msub>"
SPACE = '<mspace width="0.17em"/>'


def notation(target: str, text: str, **options: object) -> tuple[Notation, ls.Cell, ls.Derivation]:
    read = {name: value for name, value in CONSTANTS.items() if re.search(rf"\b{name}\b", text)}
    cell = ls.parse(text, constants=read, **options)
    derivation = ls.derive(cell)
    return TARGETS[target].of(derivation.forward, derivation.adjoint, derivation.tangent), cell, derivation


OPEN, CLOSE = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'
EQUATIONS = {
    "h[t] = W @ [h[t-1], x[t]]": (
        "hₜ = W [hₜ₋₁; xₜ]",
        r"h_{t} = W\,\left[h_{t-1};\, x_{t}\right]",
        f"<mi>W</mi>{SPACE}<mrow><mo>[</mo>{H}<mo>;</mo>{X}<mo>]</mo></mrow>",
    ),
    "h[t] = W.T @ h[t-1] + V @ x[t]": (
        "hₜ = Wᵀ hₜ₋₁ + V xₜ",
        r"h_{t} = {W}^{\top}\,h_{t-1} + V\,x_{t}",
        f"<msup><mrow><mi>W</mi></mrow><mo>⊤</mo></msup>{SPACE}{H}<mo>+</mo><mi>V</mi>{SPACE}{X}",
    ),
    "h[t] = U @ repeat(h[t-1], n) + V @ x[t]": (
        "hₜ = U repeat₃(hₜ₋₁) + V xₜ",
        r"h_{t} = U\,\mathrm{repeat}_{3}(h_{t-1}) + V\,x_{t}",
        f"<mi>U</mi>{SPACE}<msub><mi>repeat</mi><mn>3</mn></msub><mrow>{OPEN}{H}{CLOSE}</mrow>",
    ),
    "h[t] = mean(h[t-1] - b) + max(V @ x[t])": (
        "hₜ = mean(hₜ₋₁ − b) + max(V xₜ)",
        r"h_{t} = \mathrm{mean}(h_{t-1} - b) + \mathrm{max}(V\,x_{t})",
        f"<mi>mean</mi><mrow>{OPEN}{H}<mo>−</mo><mi>b</mi>{CLOSE}</mrow><mo>+</mo><mi>max</mi>",
    ),
    "h[t] = maximum(V @ x[t], 0.5) + where(h[t-1] - b, b, 2)": (
        "hₜ = max(V xₜ, 0.5) + where(hₜ₋₁ − b, b, 2)",
        r"h_{t} = \max(V\,x_{t}, 0.5) + \mathrm{where}(h_{t-1} - b, b, 2)",
        f"<mi>max</mi><mrow>{OPEN}<mi>V</mi>{SPACE}{X}<mo>,</mo><mn>0.5</mn>{CLOSE}</mrow>",
    ),
    "h[t] = minimum(b, h[t-1] / (1 + b)) + V @ x[t]": (
        "hₜ = min(b, hₜ₋₁ / (1 + b)) + V xₜ",
        r"h_{t} = \min\left(b, \frac{h_{t-1}}{1 + b}\right) + V\,x_{t}",
        f"<mi>min</mi><mrow><mo>(</mo><mi>b</mi><mo>,</mo><mfrac><mrow>{H}</mrow>",
    ),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("text", EQUATIONS)
def test_equations_as_the_paper_writes_them(text, target):
    printer, cell, _ = notation(target, text)
    found, expected = printer.equation(cell.equations[0], cell), EQUATIONS[text][[*TARGETS].index(target)]
    assert expected in found if target == "mathml" else found == expected
    if target == "mathml":
        ElementTree.fromstring(f"<m>{found}</m>")


STACK = "h[t] = tanh(W @ [h[t-1], x[t]])"
BLOCKS = "g[t] = V @ x[t]\nh[t] = repeat(g[t], 2) * h[t-1]"
LARGEST = "h[t] = max(h[t-1]) + V @ x[t]"
LEAK = "h[t] = (1 - alpha) * h[t-1] + alpha * tanh(V @ x[t])"
CHOICE = "h[t] = maximum(V @ x[t], h[t-1])"
LINES = [
    (STACK, "h_x", "h_xₜ = [hₜ₋₁; xₜ]", r"h_{x,t} = \left[h_{t-1};\, x_{t}\right]"),
    (STACK, "d_x", "δxₜ = part₂(δh_xₜ)", r"\delta x_{t} = \mathrm{part}_{2}(\delta h_{x,t})"),
    (STACK, "h_x_dot", "∂h_xₜ = [∂hₜ₋₁; ∂xₜ]", r"\dot{h}_{x,t} = \left[\dot{h}_{t-1};\, \dot{x}_{t}\right]"),
    (BLOCKS, "repeat_g", "repeat_gₜ = repeat₂(gₜ)", r"\mathrm{repeat}_{g,t} = \mathrm{repeat}_{2}(g_{t})"),
    (
        BLOCKS,
        "d_g",
        "δgₜ = repeat₂ᵀ(δrepeat_gₜ)",
        r"\delta g_{t} = {\mathrm{repeat}_{2}}^{\top}(\delta \mathrm{repeat}_{g,t})",
    ),
    (LARGEST, "max_h", "max_hₜ = max(hₜ₋₁)", r"\mathrm{max}_{h,t} = \mathrm{max}(h_{t-1})"),
    (LARGEST, "max_h_slope", "max_h′ₜ = max′(hₜ₋₁)", r"\mathrm{max}'_{h,t} = \mathrm{max}'(h_{t-1})"),
    (
        LARGEST,
        "d_max_h_sum",
        "Σδmax_hₜ = sum(δmax_hₜ)",
        r"\Sigma \delta \mathrm{max}_{h,t} = \mathrm{sum}(\delta \mathrm{max}_{h,t})",
    ),
    (
        LEAK,
        "h",
        "hₜ = (1 − α) hₜ₋₁ + α tanh_a_hₜ",
        r"h_{t} = (1 - \alpha)\,h_{t-1} + \alpha\,\mathrm{tanh}_{a,h,t}",
    ),
    (LEAK, "d_tanh_a_h", "δtanh_a_hₜ = α δhₜ", r"\delta \mathrm{tanh}_{a,h,t} = \alpha\,\delta h_{t}"),
    (
        CHOICE,
        "d_V_x",
        "δV_xₜ = δhₜ ⊙ 1₊(V_xₜ − hₜ₋₁)",
        r"\delta V_{x,t} = \delta h_{t} \odot \mathbf{1}_{>0}(V_{x,t} - h_{t-1})",
    ),
]


@pytest.mark.parametrize(("text", "name", "plain", "latex"), LINES)
def test_lines_of_each_form(text, name, plain, latex):
    for target, expected in (("text", plain), ("latex", latex)):
        printer, _, derivation = notation(target, text)
        programs = derivation.forward, derivation.adjoint, derivation.tangent
        statement = next(s for program in programs for s in program.statements if s.target.name == name)
        assert printer.line(statement) == expected


JACOBIANS = {
    STACK: ("diag(1 − hₜ²) W part₁ᵀ", r"\mathrm{diag}(1 - {h_{t}}^{2})\,W\,{\mathrm{part}_{1}}^{\top}"),
    LARGEST: ("sum diag(max_h′ₜ)", r"\mathrm{sum}\,\mathrm{diag}(\mathrm{max}'_{h,t})"),
    LEAK: ("(1 − α) I", r"(1 - \alpha)\,I"),
    CHOICE: ("diag(1 − 1₊(V_xₜ − hₜ₋₁))", r"\mathrm{diag}(1 - \mathbf{1}_{>0}(V_{x,t} - h_{t-1}))"),
}


@pytest.mark.parametrize("text", JACOBIANS, ids=str)
def test_jacobians_of_each_form(text):
    for target, expected in zip(("text", "latex"), JACOBIANS[text], strict=True):
        printer, _, derivation = notation(target, text)
        assert printer.linear_map(derivation.jacobian("h", "h")) == expected
    printer, _, derivation = notation("mathml", text)
    ElementTree.fromstring(f"<m>{printer.linear_map(derivation.jacobian('h', 'h'))}</m>")


def test_a_constant_scales_an_equation_as_a_number_does():
    printer, cell, _ = notation("text", LEAK)
    assert printer.equation(cell.equations[0], cell) == "hₜ = (1 − α) hₜ₋₁ + α tanh(V xₜ)"


def test_a_name_of_two_words_keeps_them_apart():
    printer, cell, _ = notation("latex", "h[t] = hard_sigmoid(h[t-1]) + V @ x[t]")
    assert "hard sigmoid" not in printer.equation(cell.equations[0], cell)


def test_a_negative_term_of_a_jacobian_is_subtracted():
    printer, _, derivation = notation("text", "h[t] = W @ h[t-1] - mean(h[t-1]) + V @ x[t]")
    assert printer.linear_map(derivation.jacobian("h", "h")) == "W − mean"
