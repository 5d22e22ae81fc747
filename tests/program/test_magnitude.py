"""The sizes of what a program adds up: where terms cancel, they stay as large as the terms are."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.derivation import vjp
from lstm_sym.interpreter.evaluation import run_step
from lstm_sym.interpreter.magnitude import magnitudes
from lstm_sym.program import lower


def point(cell: ls.Cell):
    """The forward program and all its values at a random step."""
    program, case = lower(cell), random_case(cell, steps=1, batch=2, inputs=2, hidden=3)
    known = {value: case.params[value.name] for value in program.parameters}
    known |= {value: case.x[0] for value in program.inputs}
    known |= {carry.incoming: case.state[carry.incoming.name] for carry in program.carries}
    return program, run_step(program, known)


def sizes(text: str, **options):
    """Name -> (value, size of its terms) of a cell at a random point."""
    program, values = point(ls.parse(text, **options))
    found = magnitudes(program, values)
    return {v.name: (values[v], found[v]) for v in found if v.time != -1}, values, program


def test_terms_that_cancel_keep_their_sizes():
    named, values, program = sizes("h[t] = W @ x[t] - V @ x[t] + b + h[t-1] - b - h[t-1]")
    x, w, v, b = (np.abs(values[value]) for value in (program.inputs[0], *program.parameters))
    h = np.abs(values[program.carries[0].incoming])
    assert np.allclose(named["h"][1], x @ w.T + x @ v.T + 2 * b + 2 * h, rtol=1e-14)


def test_a_sum_of_a_pointwise_line_is_that_of_its_terms():
    named, values, program = sizes("q[t] = 2 * h[t-1] - 3 * tanh(W @ x[t])\nh[t] = q[t] * h[t-1]")
    h, tanh = np.abs(values[program.carries[0].incoming]), np.abs(values[program.statement("tanh_a_q").target])
    assert np.allclose(named["q"][1], 2 * h + 3 * tanh, rtol=1e-14)
    assert np.allclose(named["h"][1], (2 * h + 3 * tanh) * h, rtol=1e-14)


def test_stacks_repetitions_and_reductions_carry_sizes_along():
    text = (
        "z[t] = [h[t-1] - b, x[t]]\nm[t] = mean(h[t-1] - b)\nk[t] = max(h[t-1])\nr[t] = repeat(x[t], 2)\n"
        "h[t] = m[t] + k[t] + W @ x[t]"
    )
    named, values, program = sizes(text)
    h, x = np.abs(values[program.carries[0].incoming]), np.abs(values[program.inputs[0]])
    b = np.abs(values[program.parameters[0]])
    assert np.allclose(named["z"][1], np.concatenate((h + b, x), axis=1), rtol=1e-14)
    assert np.allclose(named["m"][1], (h + b).mean(axis=1, keepdims=True) + 0 * h, rtol=1e-14)
    assert np.allclose(named["k"][1], np.abs(named["k"][0]), rtol=1e-14)
    assert np.allclose(named["r"][1], np.repeat(x, 2, axis=1), rtol=1e-14)


def test_constants_count_with_their_size():
    named, values, program = sizes("h[t] = a * h[t-1] + W @ x[t]", constants={"a": Fraction(-1, 2)})
    h, x, w = (np.abs(values[v]) for v in (program.carries[0].incoming, program.inputs[0], program.parameters[0]))
    assert np.allclose(named["h"][1], h / 2 + x @ w.T, rtol=1e-14)


def test_the_adjoint_of_a_softmax_cancels_and_its_terms_do_not():
    """sum(d_e) of the maximum is zero by theory: a check must not ask for relative digits of it."""
    cell = ls.parse("a[t] = W @ x[t] + U @ h[t-1]\ne[t] = exp(a[t] - max(a[t]))\nh[t] = e[t] / sum(e[t])")
    program, values = point(cell)
    adjoint = vjp(program)
    rng = np.random.default_rng(0)
    given = {v: rng.standard_normal((2, 3)) for v in adjoint.inputs if v not in values}
    given |= {carry.incoming: rng.standard_normal((2, 3)) for carry in adjoint.carries}
    found = run_step(
        adjoint, {**{v: values[v] for v in (*adjoint.inputs, *adjoint.parameters) if v in values}, **given}
    )
    terms = magnitudes(adjoint, found)
    (cancelled,) = [s.target for s in adjoint.statements if s.provenance.rule == "maximum vjp"]
    assert np.abs(found[cancelled]).max() <= 1e-14 * np.abs(terms[cancelled]).max()
    assert np.abs(terms[cancelled]).min() > 0


@pytest.mark.parametrize("seed", range(40))
def test_no_value_is_larger_than_its_terms(seed):
    cell = random_cell(Random(seed), plain=seed % 2 == 0).parse()
    program, values = point(cell)
    found = magnitudes(program, values)
    for value, size in found.items():
        assert (np.abs(values[value]) <= size * (1 + 1e-12) + 1e-300).all(), value
