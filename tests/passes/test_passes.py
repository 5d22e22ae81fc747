"""Passes change what a program costs and never what it means."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.derivation import jvp, vjp
from lstm_sym.equations.functions import sigmoid
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import run_step
from lstm_sym.passes import Operations, count_operations, fast, precise, prune, save_set
from lstm_sym.passes.numbering import number_statements
from lstm_sym.passes.operations import expression_operations
from lstm_sym.program import Accumulate, Pointwise, Program, ProgramError, Value, lower
from lstm_sym.program.values import Role

SIZES = defaultdict(lambda: 4, {"D": 2, "H": 3})
RANDOM = [random_cell(Random(seed), plain=True).parse() for seed in range(600, 610)]
CELLS = [ls.cell(name) for name in ls.names()] + RANDOM

every_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
every_name = pytest.mark.parametrize("name", ls.names())


def run(forward: Program, program: Program, seed: int = 1) -> dict[Value, np.ndarray]:
    """One step of a derived program at a random point: forward values as the forward program gives them."""
    rng = np.random.default_rng(seed)

    def numbers(value: Value) -> np.ndarray:
        lead = () if value.time is None else (2,)
        return rng.standard_normal([*lead, *(number_of(size, SIZES) for size in value.shape)])

    given = [*forward.inputs, *forward.parameters, *(carry.incoming for carry in forward.carries)]
    known = run_step(forward, {value: numbers(value) for value in given})
    asked = [*program.inputs, *program.parameters, *(carry.incoming for carry in program.carries)]
    seeds = {value: numbers(value) for value in sorted(asked, key=str) if value not in known}
    return run_step(program, {**{v: known[v] for v in asked if v in known}, **seeds})


def results(program: Program) -> list[Value]:
    sums = [s.target for s in program.statements if isinstance(s, Accumulate)]
    return [*program.outputs, *(carry.outgoing for carry in program.carries), *sums]


# Prune


@every_cell
def test_pruning_keeps_every_result(cell):
    forward = lower(cell)
    for program in (vjp(forward), jvp(forward)):
        pruned = prune(program)
        before, after = run(forward, program), run(forward, pruned)
        assert all(np.array_equal(before[value], after[value]) for value in results(program))
        assert [s for s in program.statements if s in pruned.statements] == list(pruned.statements)


@every_cell
def test_what_is_left_is_needed(cell):
    program = prune(vjp(lower(cell)))
    for k, statement in enumerate(program.statements):
        if not isinstance(statement, Accumulate):
            with pytest.raises(ProgramError):
                replace(program, statements=program.statements[:k] + program.statements[k + 1 :])


def test_a_quantity_that_nothing_reads_goes_and_what_is_kept_on_purpose_stays():
    text = "q[t] = sigmoid(V @ x[t])\nh[t] = tanh(W @ x[t] + U @ h[t-1])"
    program = lower(ls.parse(text))
    gone = {s.target.name for s in program.statements} - {s.target.name for s in prune(program).statements}
    assert gone == {"a_q", "q"}
    kept = prune(program, frozenset({program.statement("q").target}))
    assert kept.statements == program.statements


# Forms


@every_cell
def test_both_forms_give_the_same_numbers(cell):
    forward = lower(cell)
    reverse = vjp(forward)
    quick, exact = prune(fast(reverse)), prune(precise(reverse, forward))
    first, second = run(forward, quick), run(forward, exact)
    for value in results(reverse):
        assert relative_error(np.asarray(first[value]), np.asarray(second[value])) <= 1e-12


@pytest.mark.parametrize("name", [name for name in ls.names() if ls.cell(name).input])
def test_the_fast_form_reads_outputs_and_the_precise_form_pre_activations(name):
    forward = lower(ls.cell(name))
    for program, in_output in ((fast(vjp(forward)), True), (precise(vjp(forward), forward), False)):
        slopes = [s for s in program.statements if s.target.role is Role.SLOPE]
        assert slopes
        assert all((statement.operands == (statement.target.of,)) is in_output for statement in slopes)


def test_one_minus_a_gate_is_the_gate_of_minus_its_argument():
    forward = lower(ls.cell("gru"))
    a_z = forward.statement("a_z").target.symbol
    n, h, z = (
        forward.statement("n").target.symbol,
        forward.carries[0].incoming.symbol,
        forward.statement("z").target.symbol,
    )
    assert precise(forward, forward).statement("h").expression == n * sigmoid(-a_z) + h * z


def test_a_closed_gate_still_passes_its_last_digits_in_the_precise_form():
    forward = lower(ls.parse("z[t] = sigmoid(b)\nh[t] = (1 - z[t]) * h[t-1] + z[t] * (W @ x[t])"))
    given = [*forward.inputs, *forward.parameters, *(c.incoming for c in forward.carries)]
    point = {value: np.ones([1] * (len(value.shape) + (value.time is not None))) for value in given}
    bias, weights = (next(v for v in forward.parameters if v.name == name) for name in "bW")
    point |= {bias: np.array([50.0]), weights: np.array([[0.0]])}
    assert run_step(forward, point)[forward.outputs[0]].item() == 0
    exact = run_step(precise(forward, forward), point)[forward.outputs[0]].item()
    assert exact == pytest.approx(np.exp(-50.0), rel=1e-15)


# Liveness

SAVED = {
    "rnn": "x[t] h[t-1] h[t]",
    "lstm": "x[t] h[t-1] c[t-1] i[t] f[t] g[t] o[t] tanh_c[t]",
    "lstm_peephole": "x[t] h[t-1] c[t-1] i[t] f[t] g[t] c[t] o[t] tanh_c[t]",
    "gru": "x[t] h[t-1] r[t] z[t] r_h[t] n[t]",
}


@pytest.mark.parametrize("name", SAVED)
def test_the_save_set_is_the_one_of_the_textbook(name):
    derivation = ls.derive(ls.cell(name))
    assert " ".join(map(str, save_set(derivation.forward, derivation.adjoint))) == SAVED[name]


@every_cell
def test_the_save_set_is_what_the_backward_program_reads_and_nothing_more(cell):
    forward = lower(cell)
    backward = prune(fast(vjp(forward)))
    saved = save_set(forward, backward)
    defined = {s.target for s in backward.statements} | {c.incoming for c in backward.carries}
    given = {*saved, *backward.parameters, *backward.constants, *defined, backward.inputs[0]}
    assert {value for s in backward.statements for value in s.reads()} <= given
    for value in saved:
        with pytest.raises(ProgramError):
            replace(backward, inputs=tuple(v for v in (backward.inputs[0], *saved) if v != value))


@pytest.mark.parametrize("name", SAVED)
def test_the_tape_of_a_kernel_holds_the_save_set(name):
    """Arrays of gates and of states hold several values each; no array holds none."""
    derivation = ls.derive(ls.cell(name))
    saved = save_set(derivation.forward, derivation.adjoint)
    fields = set(ls.build(ls.cell(name)).Tape._fields)
    gates = {"i", "f", "g", "o", "r", "z", "n"} if name != "rnn" else set()
    assert fields == {("gates" if value.name in gates else value.name) for value in saved}


# Operations

COSTS = {
    "rnn": Operations(4, 1, 6),
    "lstm": Operations(31, 1, 24),
    "lstm_peephole": Operations(46, 1, 24),
    "gru": Operations(26, 1, 18),
}


@pytest.mark.parametrize("name", COSTS)
def test_forward_and_backward_cost_what_is_claimed(name):
    assert ls.derive(ls.cell(name)).operations == COSTS[name]


@every_cell
def test_pruning_never_costs(cell):
    program = vjp(lower(cell))
    before, after = count_operations(program), count_operations(prune(program))
    assert after.elementwise <= before.elementwise and after.products <= before.products


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h[t-1] * f", 1),
        ("h[t-1] * f + g", 2),
        ("1 - h[t-1] ** 2", 2),
        ("h[t-1] ** 4", 2),
        ("h[t-1] ** 3", 2),
        ("h[t-1] ** 5", 3),
        ("-h[t-1] * f", 1),
        ("f - h[t-1]", 1),
        ("f / h[t-1]", 1),
        ("f * h[t-1] * (1 - h[t-1])", 3),
    ],
)
def test_an_expression_costs_what_one_counts_by_hand(text, expected):
    program = lower(ls.parse(f"h[t] = {text}\nq[t] = tanh(W @ x[t] + U @ h[t])"))
    assert expression_operations(program.statement("h").expression) == expected


def test_products_and_peepholes_are_counted_apart():
    program = lower(ls.parse("h[t] = W @ x[t] + U @ h[t-1] + p * h[t-1] + b"))
    assert count_operations(program) == Operations(elementwise=2, cotangent=0, products=2)


# Numbers


@every_name
def test_numbers_are_unique_in_order_and_the_same_in_every_program(name):
    derivation = ls.derive(ls.cell(name))
    programs = derivation.forward, derivation.adjoint, derivation.tangent
    numbers = number_statements(*programs)
    assert len(set(numbers.values())) == len(numbers)
    for letter, program in zip("FB", programs, strict=False):
        found = [numbers[s.provenance.id] for s in program.statements]
        assert found == [f"{letter}{k}" for k in range(1, len(found) + 1)]
    assert all(numbers[s.provenance.id] for s in derivation.tangent.statements)
    assert number_statements(*programs) == numbers


def test_slopes_are_statements_of_one_function_of_one_value():
    for statement in vjp(lower(ls.cell("lstm"))).statements:
        if statement.target.role is Role.SLOPE:
            assert isinstance(statement, Pointwise) and len(statement.operands) == 1
