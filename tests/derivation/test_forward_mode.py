"""Forward mode, and forward over reverse: derivation is closed, so that second order needs no rule of its own."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import numpy as np
import pytest
from derivation.random_cells import random_cell
from representatives import representatives

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.derivation import jvp, vjp
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import run_step
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes import fast, prune
from lstm_sym.program import Program, Value, lower
from lstm_sym.program.values import Role, tangent

STEP = 1e-30
SIZES = defaultdict(lambda: 4, {"D": 2, "H": 3})
ALL = {name: ls.cell(name) for name in ls.names()}
RANDOM = [random_cell(Random(seed), plain=seed % 2 == 0).parse() for seed in range(500, 512)]
CELLS = [*ALL.values(), *RANDOM]
FEW = [*representatives(ALL).values(), *RANDOM]

TANGENT = """\
∂a_iₜ = W_i ∂xₜ + ∂W_i xₜ + U_i ∂hₜ₋₁ + ∂U_i hₜ₋₁ + ∂b_i
∂iₜ = ∂a_iₜ ⊙ i′ₜ
∂cₜ = ∂cₜ₋₁ ⊙ fₜ + ∂iₜ ⊙ gₜ + ∂fₜ ⊙ cₜ₋₁ + ∂gₜ ⊙ iₜ
∂(tanh(cₜ)) = ∂cₜ ⊙ tanh′(cₜ)
∂hₜ = ∂oₜ ⊙ tanh(cₜ) + ∂(tanh(cₜ)) ⊙ oₜ"""


def known_values(program: Program, rng: np.random.Generator) -> dict[Value, np.ndarray]:
    """Random numbers for all that a step is given: parameters as they are, all else for two sequences."""
    given = [*program.inputs, *program.parameters, *(carry.incoming for carry in program.carries)]
    lead = {value: () if value.time is None else (2,) for value in given}
    return {value: rng.standard_normal([*lead[value], *(number_of(s, SIZES) for s in value.shape)]) for value in given}


def test_the_tangents_of_the_lstm_are_those_of_the_textbook():
    program = ls.derive(ls.cell("lstm")).tangent
    assert set(TANGENT.splitlines()) <= {TextNotation.of(program).line(s) for s in program.statements}


@pytest.mark.parametrize("name", ls.names())
def test_the_tangent_program_is_the_program_and_a_tangent_for_each_value(name):
    forward = lower(ls.cell(name))
    program = jvp(forward)
    assert program.name == f"{name}.tangent" and program.direction == forward.direction
    assert [s for s in program.statements if s in forward.statements] == list(forward.statements)
    assert {tangent(s.target) for s in forward.statements} <= {s.target for s in program.statements}
    assert program.parameters == (*forward.parameters, *map(tangent, forward.parameters))
    assert len(program.carries) == 2 * len(forward.carries)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
def test_every_tangent_is_a_complex_step_along_the_direction(cell):
    rng, forward = np.random.default_rng(1), lower(cell)
    known = known_values(forward, rng)
    directions = {value: rng.standard_normal(array.shape) for value, array in known.items()}
    found = run_step(jvp(forward), {**known, **{tangent(v): d for v, d in directions.items()}})
    moved = run_step(forward, {v: array + 1j * STEP * directions[v] for v, array in known.items()})
    for statement in forward.statements:
        expected = np.imag(moved[statement.target]) / STEP
        assert relative_error(np.broadcast_to(found[tangent(statement.target)], expected.shape), expected) <= 1e-12


@pytest.mark.parametrize("form", [lambda program: program, fast], ids=["slopes of a", "slopes of y"])
@pytest.mark.parametrize("cell", FEW, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
def test_forward_over_reverse_is_the_hessian_times_the_direction(cell, form):
    """The gradient at a point moved by i h, over h: forward and backward program on complex numbers."""
    rng, forward = np.random.default_rng(2), lower(cell)
    backward = prune(form(vjp(forward)))
    known = known_values(forward, rng)
    directions = {value: rng.standard_normal(array.shape) for value, array in known.items()}
    seeds = {
        v: array for v, array in known_values(backward, rng).items() if v.name == "dy" or v.role is Role.CARRIED_ADJOINT
    }
    moved = gradient(forward, backward, {v: array + 1j * STEP * directions[v] for v, array in known.items()}, seeds)
    tangents = run_step(jvp(forward), {**known, **{tangent(v): d for v, d in directions.items()}})
    second = jvp(backward)
    still = {tangent(v): np.zeros_like(array) for v, array in seeds.items()}
    found = run_step(
        second, {**{v: tangents[v] for v in (*second.inputs, *second.parameters) if v in tangents}, **seeds, **still}
    )
    for statement in backward.statements:
        expected = np.imag(moved[statement.target]) / STEP
        assert relative_error(np.broadcast_to(found[tangent(statement.target)], expected.shape), expected) <= 1e-12


def gradient(forward: Program, backward: Program, known: dict, seeds: dict) -> dict[Value, np.ndarray]:
    values = run_step(forward, known)
    given = {v: values[v] for v in (*backward.inputs, *backward.parameters) if v in values}
    return run_step(backward, {**given, **seeds})


@pytest.mark.parametrize("name", ls.names())
def test_forward_over_reverse_is_a_program_of_its_own(name):
    program = jvp(vjp(lower(ls.cell(name))))
    assert program.name == f"{name}.backward_tangent" and program.direction == -1
    assert len({str(value) for value in program.values()}) == len(list(program.values()))


def forward_twice(cell: ls.Cell, rng: np.random.Generator) -> tuple[dict, dict, dict, dict]:
    """A cell's jvp of its jvp, run; and its values, first and second directions."""
    forward = lower(cell)
    known = known_values(forward, rng)
    first, second = ({v: rng.standard_normal(a.shape) for v, a in known.items()} for _ in range(2))
    still = {tangent(tangent(v), 2): np.zeros_like(array) for v, array in known.items()}
    along = {tangent(v): d for v, d in first.items()} | {tangent(v, 2): d for v, d in second.items()}
    return run_step(jvp(jvp(forward)), {**known, **along, **still}), known, first, second


@pytest.mark.parametrize("cell", FEW, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
def test_forward_mode_of_forward_mode_is_the_second_derivative(cell):
    """v_dot_dot_again = d/de2 d/de1 v(point + e1 first + e2 second): a complex step of the first tangents."""
    found, known, first, second = forward_twice(cell, np.random.default_rng(3))
    moved = run_step(
        jvp(lower(cell)),
        {v: array + 1j * STEP * second[v] for v, array in known.items()} | {tangent(v): d for v, d in first.items()},
    )
    for statement in lower(cell).statements:
        value = tangent(statement.target)
        expected = np.imag(moved[value]) / STEP
        assert relative_error(np.broadcast_to(found[tangent(value, 2)], expected.shape), expected) <= 1e-11


@pytest.mark.parametrize("name", representatives(ALL))
def test_directions_are_told_apart_however_many_there_are(name):
    program = lower(ls.cell(name))
    for _ in range(3):
        program = jvp(program)
        assert len({str(value) for value in program.values()}) == len(list(program.values()))
        ids = [statement.provenance.id for statement in program.statements]
        assert len(set(ids)) == len(ids)
        notation = TextNotation.of(program)
        shown = [notation.symbol(statement.target) for statement in program.statements]
        assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("cell", FEW, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
def test_reverse_over_forward_is_forward_over_reverse(cell):
    """The gradient of y_dot is the Hessian-vector product: d_v of vjp(jvp) is d_v_dot of jvp(vjp), seeded alike."""
    rng, forward = np.random.default_rng(4), lower(cell)
    known = known_values(forward, rng)
    dots = {tangent(v): rng.standard_normal(array.shape) for v, array in known.items()}
    tangents = jvp(forward)
    values = run_step(tangents, {**known, **dots})
    over, under = vjp(tangents), jvp(vjp(forward))
    seed = {v.name: rng.standard_normal((2, *(number_of(s, SIZES) for s in v.shape))) for v in vjp(forward).inputs[:1]}

    def run(program: Program, seeded: str) -> dict[str, np.ndarray]:
        given = {v: values[v] for v in (*program.inputs, *program.parameters) if v in values}
        given |= {v: seed["dy"] * (v.name == seeded) for v in program.inputs if v not in values}
        given |= {c.incoming: np.zeros((2, *(number_of(s, SIZES) for s in c.incoming.shape))) for c in program.carries}
        return {value.name: array for value, array in run_step(program, given).items()}

    found, expected = run(over, "dy_dot"), run(under, "dy")
    for value in (*forward.inputs, *forward.parameters):
        product = expected[f"d_{value.name}_dot"]
        gradient = np.broadcast_to(found[f"d_{value.name}"], product.shape)
        assert relative_error(gradient, product) <= 1e-11 or np.abs(product).max() <= 1e-13 * np.abs(seed["dy"]).max()


def test_reverse_mode_of_reverse_mode_is_refused_or_complete():
    with pytest.raises(TypeError, match="Accumulate"):
        vjp(vjp(lower(ls.cell("rnn"))))
