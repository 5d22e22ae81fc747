"""Statements as text, LaTeX and MathML: known lines exactly, every line of every cell well formed."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from random import Random
from xml.etree import ElementTree

import pytest
from derivation.random_cells import random_cell
from representatives import representatives

import lstm_sym as ls
from lstm_sym.derivation import jvp, vjp
from lstm_sym.equations.signs import GREEK
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.notation.notation import Notation
from lstm_sym.notation.text import TextNotation
from lstm_sym.notation.typst import TypstNotation
from lstm_sym.program import Program, lower

NAMES = (
    "alpha[t] = sigmoid(W_alpha @ x[t] + lambda_0)\nh_new[t] = (1 - alpha[t]) / (2 + exp(b)) * h_new[t-1] ** 3\n"
    "h[t] = relu(h_new[t]) * h[t-1] / 3 - 0.1 * (U @ h[t-1]) + softplus(alpha[t]) ** -2"
)
CELLS = [*representatives({name: ls.cell(name) for name in ls.names()}).values(), ls.parse(NAMES)] + [
    random_cell(Random(seed), plain=False).parse() for seed in range(800, 806)
]
every_cell = pytest.mark.parametrize(
    "number", range(len(CELLS)), ids=[cell.text.replace("\n", "; ")[:60] for cell in CELLS]
)


@cache
def programs_of(number: int) -> tuple[Program, ...]:
    """Every program up to second order of one of the cells, derived once for all notations."""
    cell = CELLS[number]
    derivation = ls.derive(cell)
    return derivation.forward, derivation.adjoint, derivation.tangent, vjp(lower(cell)), jvp(derivation.adjoint)


@cache
def lines(number: int, target: type[Notation]) -> list[str]:
    """Equations, statements of every program up to second order, and Jacobians."""
    cell, programs = CELLS[number], programs_of(number)
    derivation, notation = ls.derive(cell), target.of(*programs)
    found = [notation.equation(equation, cell) for equation in cell.equations]
    found += [notation.line(statement) for program in programs for statement in program.statements]
    sources = [*cell.states, *filter(None, [cell.input]), *cell.parameters]
    maps = [derivation.jacobian(target, source) for target in cell.states for source in sources]
    return found + [notation.linear_map(linear) for linear in maps]


LATEX = {
    "a_i": r"a_{i,t} = W_{i}\,x_{t} + U_{i}\,h_{t-1} + b_{i}",
    "i": r"i_{t} = \sigma(a_{i,t})",
    "c": r"c_{t} = c_{t-1} \odot f_{t} + i_{t} \odot g_{t}",
    "i_slope": r"i'_{t} = i_{t} \odot (1 - i_{t})",
    "g_slope": r"g'_{t} = 1 - {g_{t}}^{2}",
    "d_c": r"\delta c_{t} = \delta c^{+}_{t} + \delta (\tanh(c_{t})) \odot \tanh'(c_{t})",
    "d_a_i": r"\delta a_{i,t} = \delta i_{t} \odot i'_{t}",
    "d_c_next": r"\delta c^{+}_{t-1} = \delta c_{t} \odot f_{t}",
    "d_U_i": r"\delta U_{i} = \sum_{t} \delta a_{i,t}\,{h_{t-1}}^{\top}",
    "d_b_i": r"\delta b_{i} = \sum_{t} \delta a_{i,t}",
    "h_dot": r"\dot{h}_{t} = \dot{o}_{t} \odot \tanh(c_{t}) + \dot{(\tanh(c_{t}))} \odot o_{t}",
}
TEXT = {
    "a_i": "a_iₜ = W_i xₜ + U_i hₜ₋₁ + b_i",
    "i_slope": "i′ₜ = iₜ ⊙ (1 − iₜ)",
    "d_c": "δcₜ = δc⁺ₜ + δ(tanh(cₜ)) ⊙ tanh′(cₜ)",
    "d_c_next": "δc⁺ₜ₋₁ = δcₜ ⊙ fₜ",
    "d_U_i": "δU_i = Σₜ δa_iₜ hₜ₋₁ᵀ",
    "h_dot": "∂hₜ = ∂oₜ ⊙ tanh(cₜ) + ∂(tanh(cₜ)) ⊙ oₜ",
}
OPEN, CLOSE = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'
I_T = "<msub><mi>i</mi><mi>t</mi></msub>"
MATHML = {
    "i": f"{I_T}<mo>=</mo><mi>σ</mi><mrow>{OPEN}"
    f"<msub><mi>a</mi><mrow><mi>i</mi><mo>,</mo><mi>t</mi></mrow></msub>{CLOSE}</mrow>",
    "i_slope": f'<msub><mrow><mi>i</mi><mo lspace="0" rspace="0">′</mo></mrow><mi>t</mi></msub>'
    f'<mo>=</mo>{I_T}<mo largeop="false">⊙</mo><mrow>{OPEN}<mn>1</mn><mo>−</mo>{I_T}{CLOSE}</mrow>',
    "d_c_next": "<mrow><mi>δ</mi>"
    "<msubsup><mi>c</mi><mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow><mo>+</mo></msubsup></mrow>"
    '<mo>=</mo><mrow><mi>δ</mi><msub><mi>c</mi><mi>t</mi></msub></mrow><mo largeop="false">⊙</mo>'
    "<msub><mi>f</mi><mi>t</mi></msub>",
}
KNOWN = [
    *((LatexNotation, name, line) for name, line in LATEX.items()),
    *((TextNotation, name, line) for name, line in TEXT.items()),
    *((MathMLNotation, name, line) for name, line in MATHML.items()),
]


@pytest.mark.parametrize(("target", "name", "expected"), KNOWN)
def test_lines_of_the_lstm(target, name, expected):
    derivation = ls.derive(ls.cell("lstm"))
    programs = derivation.forward, derivation.adjoint, derivation.tangent
    statement = next(s for program in programs for s in program.statements if s.target.name == name)
    assert target.of(*programs).line(statement) == expected


def test_equations_keep_the_order_of_the_paper():
    cell = ls.cell("gru")
    assert [TextNotation().equation(e, cell) for e in cell.equations][2:] == [
        "nₜ = tanh(W_n xₜ + U_n (rₜ ⊙ hₜ₋₁) + b_n)",
        "hₜ = (1 − zₜ) ⊙ nₜ + zₜ ⊙ hₜ₋₁",
    ]
    assert LatexNotation().equation(cell.equations[3], cell) == r"h_{t} = (1 - z_{t}) \odot n_{t} + z_{t} \odot h_{t-1}"


EQUATIONS = {
    "h[t] = h[t-1] - (W @ x[t] - b)": "hₜ = hₜ₋₁ − (W xₜ − b)",
    "h[t] = h[t-1] - W @ x[t] - b": "hₜ = hₜ₋₁ − W xₜ − b",
    "h[t] = 0.5 * (W @ x[t] + h[t-1])": "hₜ = 0.5 (W xₜ + hₜ₋₁)",
    "h[t] = tanh(-h[t-1] * b) + W @ x[t]": "hₜ = tanh((−hₜ₋₁) ⊙ b) + W xₜ",
    "h[t] = W @ (p * x[t] / 3) + (1 + h[t-1]) ** -2": "hₜ = W (p ⊙ xₜ / 3) + (1 + hₜ₋₁)⁻²",
}


@pytest.mark.parametrize(("text", "expected"), EQUATIONS.items(), ids=EQUATIONS)
def test_brackets_stand_where_the_equation_needs_them(text, expected):
    cell = ls.parse(text)
    assert TextNotation().equation(cell.equations[0], cell) == expected


@every_cell
def test_latex_is_balanced_and_no_name_has_two_subscripts(number):
    for line in lines(number, LatexNotation):
        depth = 0
        for sign in line.replace(r"\{", "").replace(r"\}", ""):
            depth += {"{": 1, "}": -1}.get(sign, 0)
            assert depth >= 0, line
        assert depth == 0 and line.count(r"\left") == line.count(r"\right"), line
        flat = re.sub(r"\{[^{}]*\}", "{}", line)
        while flat != (flat := re.sub(r"\{[^{}]+\}", "{}", flat)):
            pass
        assert not re.search(r"_\{\}_|\^\{\}\^|_\{\}\^\{\}_|'\^|\^\{\}'", flat), line
        assert "_ " not in line and "__" not in line, line


@every_cell
def test_latex_holds_no_letter_that_needs_a_font(number):
    assert all(line.isascii() for line in lines(number, LatexNotation))


ARITY = {"msub": 2, "msup": 2, "mover": 2, "munder": 2, "mfrac": 2, "msubsup": 3}
CORE = {"math", "mrow", "mi", "mn", "mo", "mspace", *ARITY}


@every_cell
def test_mathml_is_xml_of_the_elements_of_the_core(number):
    for line in lines(number, MathMLNotation):
        tree = ElementTree.fromstring(MathMLNotation().page(line))
        for element in tree.iter():
            assert element.tag in CORE
            assert len(element) == ARITY.get(element.tag, len(element)), line
            assert element.tag not in ("mi", "mn", "mo") or (element.text or "").strip(), line


@every_cell
def test_text_is_one_line_with_balanced_brackets(number):
    for line in lines(number, TextNotation):
        assert "\n" not in line and line.count("(") == line.count(")") and "  " not in line


def test_a_page_is_a_block_or_stands_in_the_line():
    assert MathMLNotation().page("<mi>h</mi>") == '<math display="block"><mi>h</mi></math>'
    assert MathMLNotation().page("<mi>h</mi>", display=False) == "<math><mi>h</mi></math>"


def test_a_class_is_on_a_quantity_and_all_that_belongs_to_it():
    """On value, adjoint, slope, carried adjoint and tangent; not on what ends in it."""
    notation = MathMLNotation(classes={"i": "q-i", "c_new": "q-c_new"})
    for mark in ("", "adjoint", "carried", "direct", "slope", "tangent"):
        for name, known in ((("i", []), "q-i"), (("c", ["new"]), "q-c_new"), (("U", ["i"]), None), (("c", []), None)):
            for time in (0, -1, None):
                given, plain = notation.name(*name, mark, time), MathMLNotation().name(*name, mark, time)
                element = ElementTree.fromstring(given)
                assert element.attrib.pop("class", None) == known
                assert ElementTree.tostring(element) == ElementTree.tostring(ElementTree.fromstring(plain))


def test_greek_names_are_letters():
    assert {GREEK[name] for name in ("alpha", "beta", "gamma", "lambda", "sigma", "omega")} == set("αβγλσω")
    assert len(set(GREEK.values())) == len(GREEK)
    cell = ls.parse(NAMES)
    assert TextNotation().equation(cell.equations[0], cell) == "αₜ = σ(W_α xₜ + λ_0)"
    assert LatexNotation().equation(cell.equations[0], cell).startswith(r"\alpha_{t} = \sigma(W_{\alpha}\,x_{t}")


def test_a_partial_derivative_in_every_target():
    assert TextNotation().partial("cₜ", "hₜ₋₁") == "∂cₜ/∂hₜ₋₁"
    assert LatexNotation().partial("c_{t}", "h_{t-1}") == r"\frac{\partial c_{t}}{\partial h_{t-1}}"
    found = ElementTree.fromstring(MathMLNotation().partial("<mi>c</mi>", "<mi>h</mi>"))
    assert ["".join(part.itertext()) for part in found] == ["∂c", "∂h"]


@pytest.mark.parametrize("target", [TextNotation, LatexNotation, MathMLNotation])
def test_different_statements_are_different_lines(target):
    """A report where two quantities look alike cannot be read."""
    for name in ls.names():
        derivation = ls.derive(ls.cell(name))
        notation = target.of(derivation.forward, derivation.adjoint)
        found = [notation.symbol(s.target) for p in (derivation.forward, derivation.adjoint) for s in p.statements]
        assert len(found) == len(set(found))


def test_adjoints_of_one_parameter_in_two_places_look_different():
    program = vjp(lower(ls.parse("h[t] = exp(a) * a * (W @ x[t]) + U @ h[t-1]")))
    found = [TextNotation.of(program).symbol(s.target) for s in program.statements]
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (TextNotation, "hₜ = (1 − hₜ₋₁) / (2 + b) + W xₜ"),
        (LatexNotation, r"h_{t} = \frac{1 - h_{t-1}}{2 + b} + W\,x_{t}"),
    ],
)
def test_a_quotient_of_an_equation_has_the_brackets_it_needs(target, expected):
    cell = ls.parse("h[t] = (1 - h[t-1]) / (2 + b) + W @ x[t]")
    assert target().equation(cell.equations[0], cell) == expected


def test_greek_subscripts_of_subscripts_are_letters():
    cell = ls.parse("h[t] = W @ x[t] + U_h_beta @ h[t-1]")
    assert TextNotation().equation(cell.equations[0], cell) == "hₜ = W xₜ + U_h_β hₜ₋₁"
    assert r"U_{h,\beta}" in LatexNotation().equation(cell.equations[0], cell)


def test_a_number_is_set_apart_from_what_it_scales_in_every_target():
    """eps tanh(a), not epstanh(a)."""
    cell = ls.parse("h[t] = eps * tanh(W @ x[t] + U @ h[t-1])", constants={"eps": Fraction(1, 10)})
    [equation] = cell.equations
    shown = {notation: notation().equation(equation, cell) for notation in (TextNotation, LatexNotation, TypstNotation)}
    assert "eps tanh" in shown[TextNotation] and r"\mathrm{eps}\,\tanh" in shown[LatexNotation]
    assert '"eps" thin' in shown[TypstNotation]
    assert '<mi>eps</mi><mspace width="0.17em"/><mi>tanh</mi>' in MathMLNotation().equation(equation, cell)


def test_a_time_that_is_a_subscript_is_a_variable_and_a_number():
    """T is italic in J_{T-1} as it is in J_T; a word is upright."""
    shown = {kind: kind().name("J", ["T−1"], "", None) for kind in (TextNotation, LatexNotation, TypstNotation)}
    assert shown == {TextNotation: "J_T−1", LatexNotation: "J_{T-1}", TypstNotation: "J_(T - 1)"}
    assert "<mrow><mi>T</mi><mo>−</mo><mn>1</mn></mrow>" in MathMLNotation().name("J", ["T−1"], "", None)
    assert LatexNotation().name("J", ["in"], "", None) == r"J_{\mathrm{in}}"
