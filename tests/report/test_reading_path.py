"""The path before the reference: every sentence, row and answer of it follows from the equations of the cell."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import sympy

import lstm_sym as ls
from lstm_sym.document import document as d
from lstm_sym.document.document import Document, Section, line_text
from lstm_sym.notation.text import TextNotation
from lstm_sym.program.statements import Affine, Pointwise
from lstm_sym.program.values import Role, direct_adjoint
from lstm_sym.report import Sentences, derivation_document, html_page, in_order, markdown_page, terminal_text
from lstm_sym.report.facts import Facts
from lstm_sym.report.reading import with_reading_path
from lstm_sym.report.reading.by_hand import Steps
from lstm_sym.report.reading.exercises import follows
from lstm_sym.report.reading.limits import limits_section
from lstm_sym.report.reading.measured import INPUT, UNITS, WEIGHT, Measured
from lstm_sym.report.reading.story import Story
from lstm_sym.report.reading.walk import limits_of

SOME = ("rnn", "lstm", "gru", "slstm", "janet", "henon", "lstm_concat", "layer_norm_lstm")


@lru_cache
def found(name: str) -> tuple[Facts, Measured]:
    cell = ls.cell(name)
    return Facts(cell), Measured(cell)


@lru_cache
def page(name: str, language: str = "en") -> Document:
    facts, measured = found(name)
    sentences = Sentences(language)
    return with_reading_path(derivation_document(facts.cell, sentences, facts=facts), facts, measured, sentences)


@lru_cache
def story(name: str) -> Story:
    facts, measured = found(name)
    sentences = Sentences("en")
    return Story(derivation_document(facts.cell, sentences, facts=facts), facts, measured, sentences)


def section(document: Document, key: str) -> Section:
    return next(one for one in document.sections if one.key == key)


def text_of(document: Document, key: str) -> str:
    return terminal_text(document.only((key,)), prose=True, width=10_000)


@pytest.mark.parametrize("name", ls.names())
def test_every_cell_has_a_step_for_each_of_its_equations(name: str) -> None:
    steps = section(page(name), "walk").blocks
    titles = [block.title for block in steps if isinstance(block, Section)]
    cell = ls.cell(name)
    assert len(titles) == len(cell.equations)
    assert all(cell.meaning(e.target) in title for e, title in zip(cell.equations, titles, strict=True))


@pytest.mark.parametrize("name", ["lstm", "henon"])
def test_the_languages_have_the_same_blocks_and_one_page_holds_them(name: str) -> None:
    whole = html_page(*(page(name, language) for language in in_order("zh-Hant")))
    assert "第 1 式" in whole and "Equation 1" in whole and "第 1 式：" in markdown_page(page(name, "zh-Hans"))


def test_facts_choose_the_sentences() -> None:
    walk = text_of(page("lstm"), "walk")
    assert "(E1), (E2), (E3), (E4) read nothing that another equation of the same step gives" in walk
    assert "It decides what is kept of cₜ₋₁: at 1 everything, at 0 nothing." in walk
    assert "It decides what is kept of hₜ₋₁: at 0 everything, at 1 nothing." in text_of(page("mgu"), "walk")
    assert "It is a gate" not in text_of(page("rnn"), "walk")
    titles = {name: section(page(name), "carrying").title for name in ("lstm", "rnn", "henon", "indrnn")}
    assert titles["lstm"] != titles["rnn"] != titles["henon"] == titles["indrnn"]
    assert "Through mean every unit sees all units of" in text_of(page("layer_norm_lstm"), "walk")
    assert "is the same at every step" in text_of(page("leaky_rnn"), "carrying")
    assert "gain" not in text_of(page("lstm_no_forget_gate"), "carrying")
    assert "the other share" in text_of(page("gru"), "conventions")
    assert "the other share" not in text_of(page("lstm"), "conventions")
    assert "constant error carousel" in text_of(page("lstm_no_forget_gate"), "carrying")


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_what_frameworks_call_by_the_same_name_is_named_where_it_is_another_cell(language: str) -> None:
    gru = text_of(page("gru", language), "conventions")
    assert "PyTorch GRU r, z, n" in gru and "Keras GRU z, r, n" in gru and "lstm-sym diff gru gru_reset_after" in gru
    assert ls.cell("gru_reset_after").name_in(language) in gru
    other = text_of(page("gru_reset_after", language), "conventions")
    assert "ONNX GRU z, r, n" in other and "lstm-sym diff gru_reset_after gru" in other
    assert "lstm-sym diff" not in text_of(page("lstm", language), "conventions")


@pytest.mark.parametrize(
    "state",
    ["c[t] = f[t] * c[t-1] + g[t] * c[t-1] + W @ x[t]", "a[t] = f[t] * c[t-1]\nc[t] = a[t] + g[t] * c[t-1] + W @ x[t]"],
)
def test_two_ways_of_one_state_are_told_as_two_and_multiply_it_together(state: str) -> None:
    gates = "f[t] = sigmoid(W_f @ x[t])\ng[t] = sigmoid(W_g @ x[t])\n"
    cell = ls.parse(gates + state, key="own")
    facts, sentences = Facts(cell), Sentences("en")
    told = with_reading_path(derivation_document(cell, sentences, facts=facts), facts, Measured(cell), sentences)
    carrying = text_of(told, "carrying")
    assert "takes 2 ways" in carrying and "Together they multiply it by (fₜ + gₜ)." in carrying
    assert "product of all the values of (fₜ + gₜ)" in carrying
    assert "2 ways" not in text_of(page("lstm"), "carrying")


@pytest.mark.parametrize(
    ("function", "limits"), [("sigmoid", (0, 1)), ("tanh", (-1, 1)), ("relu", None), ("exp", None)]
)
def test_a_function_keeps_values_between_its_limits(function: str, limits: Any) -> None:
    assert limits_of(function) == limits


@pytest.mark.parametrize("name", ls.names())
def test_what_the_places_add_is_the_line_of_the_adjoint(name: str) -> None:
    """By hand = by the engine: sums of expressions are equal, terms that pass a matrix are the same terms."""
    told = story(name)
    steps, program = Steps(told), told.derivation.adjoint
    lines = {s.provenance.id: s for s in program.statements}
    carried = {carry.outgoing: carry.incoming for carry in steps.program.carries}
    for identity, target in steps.adjoints.items():
        value = target.of
        assert value is not None
        value = carried[value] if target.role is Role.CARRIED_ADJOINT else value
        added = [reading.added for reading in steps.readings(value)]
        added += [cell.write(TextNotation()) for *_, (cell,) in steps.from_outside(value)]
        statement = lines[identity]
        parts = [statement]
        if isinstance(statement, Affine):
            parts += [s for s in program.statements if s.target == direct_adjoint(value)]
        assert_same(parts, added, {one.symbol.name: one for one in program.values()})


def assert_same(statements: list[Any], added: list[Any], values: dict[str, Any]) -> None:
    """The terms with matrices, and the sum of all else, are those of the statements."""
    notation = TextNotation()
    terms, total = [], sympy.S.Zero
    for statement in statements:
        if isinstance(statement, Pointwise):
            total += statement.expression
            continue
        terms += [t for t in statement.terms if t.is_product or t.operator is not None]
        rest = [t.operand for t in statement.terms if not (t.is_product or t.operator is not None)]
        total += sum(v.symbol for v in rest if v.role is not Role.DIRECT_ADJOINT)
    texts = [one for one in added if isinstance(one, str)]
    symbols = {notation.symbol(value): value.symbol for value in values.values()}
    by_hand = sum((one for one in added if isinstance(one, sympy.Expr)), sympy.S.Zero)
    by_hand += sum(symbols[text] for text in texts)
    assert sorted(map(repr, terms)) == sorted(repr(one) for one in added if not isinstance(one, sympy.Expr | str))
    assert sympy.expand(total - by_hand) == 0


def test_a_part_of_the_drawing_is_lit_with_its_equation_alone() -> None:
    drawing = found("lstm")[0].drawing
    groups = drawing.lighting.groups()
    assert groups == [(1,), (1, 2, 3, 4), (2,), (3,), (4,), (5,), (6,)]
    shown = dict(re.findall(r"--(of[-\d]+):([\d.]+)", drawing.lighting.at(5)))
    assert shown["of-5"] == "1" and 0 < float(shown["of-6"]) < float(shown["of-1"]) < 1
    html = html_page(page("lstm"))
    assert html.count('<use href="#drawing"') == 6 and html.count('id="drawing"') == 1
    assert {f"of-{'-'.join(map(str, group))}" for group in groups} <= set(re.findall(r"of(?:-\d+)+", html))


def test_one_unit_computes_what_the_equations_say() -> None:
    def sigma(a: complex) -> complex:
        return 1 / (1 + np.exp(-a))

    def lstm(x: complex) -> complex:
        gate = sigma(WEIGHT * x)
        return complex(gate * np.tanh(gate * np.tanh(WEIGHT * x)))

    output, slope = found("lstm")[1].one_unit or (0.0, 0.0)
    assert output == pytest.approx(lstm(INPUT).real, rel=1e-14)
    assert slope == pytest.approx(lstm(INPUT + 1e-30j).imag / 1e-30, rel=1e-13)


@pytest.mark.parametrize("name", ls.names())
def test_one_unit_of_every_cell_moves_as_its_slope_says(name: str) -> None:
    measured = found(name)[1]
    if measured.one_unit is None:
        assert name in {"henon", "logistic_map", "lstm_block", "layer_norm_lstm", "antisymmetric_rnn"}
        return
    kernel: Any = ls.build(measured.cell)
    sizes = dict.fromkeys({"lstm_output": ["K"], "lstm_projected": ["C"]}.get(name, []), 1)
    given = kernel.init(1, 1, **sizes)._asdict()
    biases = {bias.name for bias in ls.derive(measured.cell).roles.biases}
    params = kernel.Params(**{k: np.full_like(v, 0 if k in biases else WEIGHT) for k, v in given.items()})
    moved = [float(np.sum(kernel.forward(np.full((1, 1, 1), INPUT + h), params)[0])) for h in (-1e-5, 0, 1e-5)]
    assert measured.one_unit == pytest.approx((moved[1], (moved[2] - moved[0]) / 2e-5), rel=1e-8)


def test_the_times_of_a_bias() -> None:
    asked = [block.asked for block in section(page("lstm"), "exercises").blocks if isinstance(block, d.Folded)]
    kept = 1 / (1 + np.exp(-2.0))
    assert asked[3] == pytest.approx(np.log(0.5) / np.log(kept), rel=1e-12)
    assert asked[4] == pytest.approx(np.log(99.0), rel=1e-12)
    table = next(b for b in section(page("lstm"), "carrying").blocks if isinstance(b, d.Table))
    row = next(row for row in table.rows if line_text(row[0], TextNotation()) == "2")
    assert [line_text(one, TextNotation()) for one in row[1:3]] == [f"{kept:.3f}", f"{asked[3]:.3g}"]


def test_a_more_open_gate_carries_further_and_the_plain_network_stands_beside() -> None:
    profiles = found("lstm")[1].profiles
    lives = [profile.half_life() for profile in profiles[:-1]]
    assert lives == sorted(lives) and profiles[-1].model == "rnn" and lives[-1] > 20 * profiles[-1].half_life()
    assert found("henon")[1].profiles == ()


def test_a_slip_spoils_what_reads_it_also_over_the_loop() -> None:
    told = story("lstm")
    program = told.derivation.adjoint
    spoilt = {s.target.name for s in follows(told, program.statement("d_f"))}
    assert {"d_a_f", "d_W_f", "d_h", "d_c"} <= spoilt and "f_slope" not in spoilt
    assert {s.target.name for s in follows(told, program.statement("d_x"))} == {"d_x"}


def test_a_link_of_the_path_leads_to_a_line_of_the_page() -> None:
    for name in SOME:
        html = html_page(page(name))
        anchors, links = set(re.findall(r' id="([^"]+)"', html)), set(re.findall(r' href="#([^"]+)"', html))
        assert links <= anchors, links - anchors


def test_markdown_folds_and_does_not_link_to_what_it_has_not() -> None:
    text = markdown_page(page("lstm"))
    assert text.count("<details>") == text.count("</details>") > 10 and "](#" not in text


def test_no_exercise_asks_for_a_time_that_no_bias_gives() -> None:
    """0.9 z keeps a state for 10 steps at most; the exercises of the GRU, whose z does so for any, have one more."""
    read = "z[t] = sigmoid(W_z @ x[t] + U_z @ h[t-1] + b_z)\nh[t] = {} * h[t-1] + (1 - z[t]) * tanh(W @ x[t])"
    counts = []
    for kept in ("z[t]", "0.9 * z[t]"):
        facts = Facts(ls.parse(read.format(kept)))
        measured, sentences = Measured(facts.cell), Sentences("en")
        document = derivation_document(facts.cell, sentences, facts=facts)
        told = text_of(with_reading_path(document, facts, measured, sentences), "exercises")
        assert "nan" not in told
        counts.append(told.count("100 steps"))
    assert counts == [1, 0]


@pytest.mark.parametrize("name", ls.names())
def test_exercises_ask_about_quantities_of_the_cell(name: str) -> None:
    """Not about the part of a bias that one of several places gives: only reverse mode has a name for that."""
    targets = {f"#{s.provenance.id}": s.target for s in story(name).derivation.adjoint.statements}
    asked = [block.line for block in section(page(name), "exercises").blocks if isinstance(block, d.Paragraph)]
    links = [part.target for line in asked for part in line if isinstance(part, d.Link)]
    assert not any(targets[link].place for link in links)


@pytest.mark.parametrize("name", ["sru", "qrnn", "lstm_output"])
def test_where_the_output_is_no_state_a_state_is_measured_and_named(name: str) -> None:
    cell, told = ls.cell(name), text_of(page(name), "limits")
    assert f"The cell gives out {cell.output}ₜ" in told and f"measured is its state {cell.states[0]}ₜ" in told
    assert found(name)[1].profiles and "none of its states" not in text_of(page("lstm"), "limits")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("h[t] = tanh(p * h[t-1])", "reads no input"),
        ("h[t] = tanh(W @ x[t] + V @ u[t] + p * h[t-1])", "several inputs"),
        ("h[t] = relu(W @ x[t] - 100) + 0 * h[t-1]", "is exactly 0"),
        ("h[t] = tanh(W @ x[t]) + repeat(sigmoid(V @ x[t]), 5) * h[t-1]", "refuses the sizes"),
    ],
)
def test_what_is_not_measured_says_why(text: str, reason: str) -> None:
    cell, sentences = ls.parse(text, key="own", inputs=("x", "u") if "u[t]" in text else None), Sentences("en")
    facts, measured = Facts(cell), Measured(cell)
    told = limits_section(Story(derivation_document(cell, sentences, facts=facts), facts, measured, sentences))
    assert measured.profiles == () and measured.drawn_half_life is None
    [paragraph] = told.blocks
    assert reason in line_text(paragraph.line, TextNotation())


@pytest.mark.parametrize("name", ls.names())
def test_every_cell_of_the_catalogue_says_how_far_its_gradient_comes_or_why_not(name: str) -> None:
    assert section(page(name), "limits").blocks


@pytest.mark.parametrize(
    ("language", "differ"),
    [("en", "half-lives differ"), ("zh-Hant", "半衰期不同"), ("zh-Hans", "半衰期不同")],
)
def test_half_lives_say_of_what_run_they_are_and_why_others_differ(language: str, differ: str) -> None:
    told = Sentences(language)
    assert f"H = D = {UNITS}" in text_of(page("lstm", language), "limits")
    assert differ in text_of(page("lstm", language), "limits") and differ in told.sentence("site.half_life_is")
    alone, table = {"en": ("one run", "median"), "zh-Hant": ("這一次", "中位數"), "zh-Hans": ("这一次", "中位数")}[
        language
    ]
    assert alone in told.sentence("explore.drawn") and table in told.sentence("explore.drawn")
