"""Deep steps: inner Jacobians stand by name, text is linear in the number of equations, and every number is right."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy
from derivation.deep_cells import chain, highway, residual
from kernels.test_parts import gap, with_aliases

import lstm_sym as ls
from lstm_sym.check import CheckResult, check_cell, check_lines, random_case
from lstm_sym.check.derived_lines import STEPS, WATCHED, ShortSequence
from lstm_sym.check.maps import along, dense
from lstm_sym.check.suite import CHECKS
from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation import jacobian as engine
from lstm_sym.derivation.linear_map import EXPANDED, Block, Diagonal, LinearMap, Matrix, blocks, collect_last
from lstm_sym.derivation.named_jacobians import PRODUCTS, SIZE, is_stage, size
from lstm_sym.emit.numpy.jacobian import JacobianWriter
from lstm_sym.flow import FlowError
from lstm_sym.flow.theory import origin, worst_case
from lstm_sym.notation.text import TextNotation
from lstm_sym.program import Value
from lstm_sym.report import Sentences, derivation_document
from lstm_sym.report.comparison import comparison_document, side

DEEP = {
    "highway": highway(4),
    "chain": chain(6),
    "diagonal chain": chain(7, "*"),
    "layer_norm_lstm": ls.cell("layer_norm_lstm"),
    "nested_lstm": ls.cell("nested_lstm"),
}
every_deep_cell = pytest.mark.parametrize("cell", DEEP.values(), ids=DEEP)


def maps(cell: ls.Cell) -> list[LinearMap]:
    """Every state against every source."""
    derivation = ls.derive(cell)
    sources = [*cell.states, *filter(None, [cell.input]), *cell.parameters]
    return [derivation.jacobian(state, source) for state in cell.states for source in sources]


def written(linear: LinearMap) -> int:
    """The symbols of a map and of its stages."""
    return sum(size(one.terms) for one in (linear, *linear.stages.values()))


# The rule.

A, E = Matrix(Value("A", ("H", "H"), None)), Diagonal(sympy.Symbol("e"))


def test_what_would_repeat_little_is_multiplied_out():
    three = [(A,), (E, A), (A, E)]
    assert not is_stage(three, 2) and len(three) * 2 == PRODUCTS
    assert is_stage(three, 3)
    assert not is_stage([(A,) * SIZE], 1)
    assert is_stage([(A,) * (SIZE + 1)], 1) and is_stage([(A,) * (SIZE // 2 + 1)], 2)
    assert is_stage([(Diagonal(sum(sympy.symbols(f"e:{SIZE + 1}"))),)], 1)
    assert not is_stage([(A,) * 1000], 0)  # nothing reads it


def test_textbook_cells_have_no_stages():
    """peephole dc/dc = diag(f + c f(1-f) p_f + g i(1-i) p_i), one line, and so is every other."""
    staged = {name for name in ls.names() if any(linear.stages for linear in maps(ls.cell(name)))}
    assert staged == {"layer_norm_lstm", "nested_lstm"}


def test_the_layers_of_a_highway_network_are_its_stages():
    derivation = ls.derive(highway(3))
    linear = derivation.jacobian("s", "s")
    assert derivation.text(linear) == (
        "diag(q_3ₜ ⊙ (1 − u_3ₜ²)) R_u3 ∂s_2ₜ/∂sₜ₋₁ "
        "+ diag((u_3ₜ − s_2ₜ) ⊙ q_3ₜ ⊙ (1 − q_3ₜ)) R_q3 ∂s_2ₜ/∂sₜ₋₁ + diag(1 − q_3ₜ) ∂s_2ₜ/∂sₜ₋₁"
    )
    assert [str(block.target) for block in linear.stages] == ["s_1[t]", "s_2[t]"]
    assert derivation.text(derivation.jacobian("s", "R_u1")) == "∂sₜ/∂s_1ₜ diag(q_1ₜ ⊙ (1 − u_1ₜ²)) dW sₜ₋₁"


@every_deep_cell
def test_a_map_comes_with_the_stages_that_it_refers_to_and_no_others(cell):
    for linear in maps(cell):
        known: set[Block] = set()
        for block, stage in linear.stages.items():
            assert set(blocks(stage.terms)) <= known  # each after those it reads
            known.add(block)
        wanted = set(blocks(linear.terms))
        for block in reversed(linear.stages):
            assert block in wanted
            wanted.update(blocks(linear.stages[block].terms))
        assert wanted == known


# Size: linear in the number of equations.


@pytest.mark.parametrize(
    "make", [highway, chain, lambda depth: chain(depth, "*")], ids=["highway", "chain", "diagonal"]
)
def test_text_is_linear_in_depth(make):
    three, six = make(3), make(6)
    assert len(ls.generate(six)) < 2.5 * len(ls.generate(three))
    reports = [len(str(show(cell))) for cell in (three, six)]
    assert reports[1] < 2.5 * reports[0]
    state = three.states[0]
    short, long = (written(ls.derive(cell).jacobian(state, state)) for cell in (three, six))
    assert short < long < 2.5 * short


def test_no_line_grows_with_depth():
    longest = [
        max(size(stage.terms) for linear in maps(highway(k)) for stage in linear.stages.values()) for k in (6, 18)
    ]
    assert longest[0] == longest[1]


def show(cell: ls.Cell) -> list[str]:
    """The section of Jacobians as text."""
    document = derivation_document(cell, Sentences("en")).only(["jacobian"])
    return [equation.write(TextNotation()) for equation in document.equations()]


# Numbers.


@cache
def checked(name: str) -> tuple[CheckResult, ...]:
    """The quick checks of a deep cell, made once."""
    return check_cell(DEEP[name], quick=True)


@pytest.mark.parametrize("name", [name for name in DEEP if name not in ls.names()])
def test_every_check_holds(name):
    """Those of the catalogue are checked with all others."""
    results = checked(name)
    assert results and all(result.passed for result in results), results


@pytest.mark.long
@pytest.mark.parametrize("cell", [highway(10), chain(14), chain(20, "*")], ids=lambda cell: cell.key)
def test_every_check_holds_at_the_depth_of_papers(cell):
    results = check_cell(cell)
    assert results and all(result.passed for result in results), results


def test_every_line_of_a_highway_network():
    """Of depth six; the depth of papers is looked at above."""
    cell = highway(6)
    errors = check_lines(cell)
    assert max(errors.values()) < 1e-12
    assert {f"{cell.key}.jacobian.s.s_{k}" for k in range(1, 6)} <= errors.keys()


@every_deep_cell
def test_multiplied_out_it_is_the_same_map(cell):
    derivation = ls.derive(cell)
    sequence = ShortSequence(derivation, random_case(cell, steps=STEPS, batch=2, inputs=2, hidden=3, seed=1))
    values, rng = sequence.base[WATCHED], np.random.default_rng(2)
    for source in (*cell.states, cell.input, *cell.parameters[:6]):
        linear = derivation.jacobian(cell.states[0], source)
        whole = linear.expanded()
        assert not whole.stages and not blocks(whole.terms)
        if source in cell.parameters:
            change = rng.standard_normal(sequence.case.params[source].shape)
            found, expected = along(whole, values, change), along(linear, values, change)
        else:
            found, expected = dense(whole, values), dense(linear, values)
        assert np.abs(found - expected).max() <= 1e-14 * np.abs(expected).max()


def test_multiplying_out_has_a_bound():
    with pytest.raises(ValueError, match=rf"sum of 59049 products, more than {EXPANDED}.*\.stages"):
        ls.derive(highway(10)).jacobian("s", "s").expanded()


@every_deep_cell
@pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])
def test_the_kernel_gives_the_jacobians_by_every_way(cell, precise):
    """The parts sum to the whole; a row of the parameter Jacobian is what the backward pass gives for that unit."""
    kernel, case = ls.build(cell), random_case(cell, steps=1, batch=2, inputs=2, hidden=3, seed=4)
    params = kernel.Params(**case.params)
    y, _, tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=precise)
    parts = kernel.jacobian_parts(tape, params)
    assert gap(sum(parts.values()), kernel.jacobian(tape, params)) < 1e-14
    first = sum(case.state[s].shape[1] for s in cell.states[: cell.states.index(cell.output)])
    direct = kernel.parameter_jacobian(tape, params, 0)
    through_state, through_input = kernel.jacobian(tape, params, 0), kernel.input_jacobian(tape, params, 0)
    for row, unit in np.ndindex(y.shape[1:]):
        dy = np.zeros_like(y)
        dy[0, row, unit] = 1
        dx, dparams, dstate = kernel.backward(dy, tape, params)
        for found, expected in zip(direct, dparams, strict=True):
            assert gap(found[row, first + unit], expected) < 1e-13 or not (found[row, first + unit] - expected).any()
        assert gap(through_input[row, first + unit], dx[0, row]) < 1e-13
        assert gap(through_state[row, first + unit], np.concatenate([s[row] for s in dstate])) < 1e-13


def test_a_part_of_a_highway_network_is_what_that_equation_alone_reads():
    cell = highway(4)
    kernel, case = ls.build(cell), random_case(cell, steps=1, batch=3, hidden=4)
    params, state = kernel.Params(**case.params), case.state["s"]
    parts = kernel.jacobian_parts(kernel.forward(case.x, params, kernel.State(state), precise=True)[2], params)
    assert set(parts) == {"u_1", "q_1", "s_1"}
    for entry, part in parts.items():
        other, read = with_aliases(cell, entry)
        twin, state_of = ls.build(other), {"s": state, "alias_s": state, "kept_s": state}
        given = twin.State(**{name: state_of[name] for name in other.states})
        tape = twin.forward(case.x, twin.Params(**case.params), given, precise=True)[2]
        column = other.states.index("alias_s") * 4
        assert read == ["s"]
        whole = twin.jacobian(tape, twin.Params(**case.params))
        row = other.states.index("s") * 4
        assert gap(part, whole[..., row : row + 4, column : column + 4]) < 1e-14


# The arrays of the kernel.


def lines_of(cell: ls.Cell, function: str) -> list[str]:
    return ls.generate(cell).split(f"def {function}(")[1].split("\ndef ")[0].strip().splitlines()


def test_a_stage_is_an_array_let_go_after_its_last_reader():
    lines = [line.strip() for line in lines_of(highway(4), "jacobian")]
    for k in (1, 2):
        name = f"d_s_{k}_d_s_prev"
        assert f"{name} = np.zeros((*lead, H, H), dtype)" in lines
        readers = [place for place, line in enumerate(lines) if re.search(rf"\b{name}\b", line)]
        assert lines[readers[-1]] == f"del {name}"
    assert lines[-1] == "return out" and not lines[-2].startswith("del")


def test_a_diagonal_stage_is_a_vector():
    text = "\n".join(lines_of(chain(8, "*"), "jacobian"))
    assert "np.zeros((*lead, H), dtype)" in text
    assert not re.search(r"d_a_\d_d_h_prev = np.zeros\(\(\*lead, H, H\)", text)


def test_stages_keep_float32_and_every_way_of_asking_for_steps():
    kernel = ls.build(highway(4))
    params = kernel.init(2, 3, dtype=np.float32)
    tape = kernel.forward(np.ones((5, 2, 2), np.float32), params)[2]
    whole = kernel.jacobian(tape, params)
    assert whole.dtype == np.float32 and whole.shape == (5, 2, 3, 3)
    assert np.array_equal(kernel.jacobian(tape, params, 2), whole[2])
    assert np.array_equal(kernel.jacobian(tape, params, [4, 0]), whole[[4, 0]])
    assert [p.dtype for p in kernel.parameter_jacobian(tape, params, 1)] == [np.float32] * len(params)


# A broken stage is noticed.


class Broken(Derivation):
    """The stage of one quantity with the wrong sign."""

    def jacobian(self, target: str, source: str) -> LinearMap:
        linear = super().jacobian(target, source)
        stages = {
            block: replace(stage, terms=((Diagonal(sympy.Integer(-1)), *stage.terms[0]), *stage.terms[1:]))
            if "s_1" in (block.target.name, block.source.name)
            else stage
            for block, stage in linear.stages.items()
        }
        return replace(linear, stages=stages)


def test_a_broken_stage_is_noticed_at_its_line():
    errors = check_lines(highway(4), Broken(highway(4)))
    assert errors["highway_4.jacobian.s.s_1"] > 1e-3
    assert errors["highway_4.jacobian.s.R_u1"] > 1e-3
    assert errors["highway_4.jacobian.s.s"] > 1e-3
    assert errors["highway_4.jacobian.u_1.s"] < 1e-12


@pytest.mark.parametrize("what", ["lost term of a stage", "lost use of a stage"])
def test_a_kernel_with_a_broken_stage_is_noticed(monkeypatch: Any, what: str):
    right = engine._Accumulation.keep if what == "lost term of a stage" else JacobianWriter.fill

    def shorter(self: Any, value: Any, block: Any, products: Any, *others: Any) -> None:
        right(self, value, block, products, *others)
        if block in self.stages:
            self.stages[block] = self.stages[block][:-1]

    def skipped(self: Any, block: Any, linear: LinearMap, *others: Any) -> None:
        terms = [product for product in linear.terms if not blocks([product])]
        right(self, block, replace(linear, terms=tuple(terms) if block in self.stages else linear.terms[1:]), *others)

    owner, name = (engine._Accumulation, "keep") if what == "lost term of a stage" else (JacobianWriter, "fill")
    monkeypatch.setattr(owner, name, shorter if name == "keep" else skipped)
    cell = replace(highway(4), name=what)  # by another name: no cache has it
    assert not CHECKS["explicit Jacobian"](cell, ls.build(cell)).passed


# Reports.


@pytest.mark.parametrize("name", DEEP)
def test_every_sign_of_an_inner_jacobian_has_a_line(name):
    cell = DEEP[name]
    # Those of the catalogue have them elsewhere.
    errors = {} if name in ls.names() else next(one.lines for one in checked(name) if one.name == "every line")
    equations = derivation_document(cell, Sentences("en"), errors=errors).only(["jacobian"])
    lines = [equation.write(TextNotation()).split(" = ", 1) for equation in equations.equations()]
    sign = re.compile(r"∂[^\s∂]+/∂[^\s∂)]+")
    defined = {sign.match(left).group() for left, _ in lines}
    used = {found for _, right in lines for found in sign.findall(right)}
    assert used and used <= defined
    assert not errors or all(equation.error < 1e-12 for equation in equations.equations())
    identities = [equation.id for equation in equations.equations()]
    assert len(set(identities)) == len(identities)


def test_a_comparison_shows_the_stages_it_refers_to():
    left = side("deep", highway(4), input_size=2, hidden_size=3)
    right = side("rnn", ls.cell("rnn"), input_size=2, hidden_size=3)
    document = comparison_document(left, right, Sentences("en"))
    rows = {section.key: [pair.key for pair in section.blocks[0].pairs] for section in document.sections}
    # The h of the RNN plays the part of s: each is the one state, and given out.
    assert rows["jacobian"] == ["s / s", "s_1 / s", "s_2 / s", "s_3 / s"]
    assert rows["input"] == ["s", "s_2", "s_3"]


# The algebra.


def test_products_of_the_same_head_merge():
    f = Diagonal(sympy.Symbol("f"))
    assert collect_last([(A, E), (A, f)]) == [(A, Diagonal(E.expression + f.expression))]
    assert collect_last([(A,), (A, E)]) == [(A, Diagonal(1 + E.expression))]
    assert collect_last([(A, E), (A, Diagonal(-E.expression))]) == []
    assert collect_last([(A, f), (A, Diagonal(2 - f.expression))]) == [(Diagonal(sympy.Integer(2)), A)]


# Theory that reads symbolic Jacobians reads stages too.


def test_the_bound_of_a_deep_residual_step_is_the_product_of_its_layers():
    cell = residual(12, 3)
    assert ls.derive(cell).jacobian("h", "h").stages
    params = ls.build(cell).init(2, 5, rng=np.random.default_rng(0))
    layers = [1 + np.linalg.norm(getattr(params, f"U{k % 3}"), 2) / 2 for k in range(12)]
    assert worst_case(cell, params).log_factor == pytest.approx(np.log(layers).sum(), rel=1e-12)


def test_the_origin_of_a_deep_residual_step():
    found = origin(residual(8, 1))
    assert sympy.expand(found.jacobian[0] - (1 + found.eigenvalue / 2) ** 8) == 0
    with pytest.raises(FlowError, match="3 recurrent matrices"):
        origin(residual(8, 3))
