"""The mutation rung: a derived backward pass broken in every way that people break one, and every break noticed.

What must notice is the comparison of gradients with those of autograd on the equations, an engine that knows of no
program and of no rewrite.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from representatives import representatives

import lstm_sym as ls
from lstm_sym.check import random_case, relative_error
from lstm_sym.check.by_autograd import autograd_gradients
from lstm_sym.interpreter.over_time import Backward, run_forward
from lstm_sym.mistakes.catalogue import Mistake, candidates
from lstm_sym.mistakes.mutants import Mutants
from lstm_sym.mistakes.noticed import NOTICED, mistakes, noticeable
from lstm_sym.mistakes.variants import Variants

ALL = {name: ls.cell(name) for name in ls.names()}
THOROUGH = ("rnn", "lstm", "lstm_peephole", "gru")
FIRST_KINDS = {
    "slope left out",
    "slope of the output",
    "slope of the argument",
    "slope misremembered",
    "carried adjoint left out",
    "carried adjoint not sent",
    "cotangent left out",
    "left out",
    "sign",
    "twice",
    "transposed",
    "weight left out",
    "overwritten",
    "last step alone",
    "mean over the batch",
    "mean over time",
    "off by one in time",
    "wrong way round",
    "before the slope",
}
"""What can go wrong in any cell that has a function and a square weight."""


@lru_cache
def of(name: str) -> tuple[Mistake, ...]:
    derivation = ls.derive(ls.cell(name))
    return mistakes(derivation.adjoint, derivation.forward, sequence(derivation))


def sequence(derivation: ls.Derivation, steps: int = 2, seed: int = 20) -> Backward:
    """A random sequence and cotangents, every size another number."""
    case = random_case(derivation.cell, steps=steps, batch=5, hidden=3, seed=seed)
    return Backward(run_forward(derivation.forward, case.x, case.params, case.state), case.dy, case.dstate)


def unnoticed(name: str, found: tuple[Mistake, ...]) -> list[str]:
    """Those that autograd does not notice, on other numbers than those by which they are listed."""
    cell, derivation = ls.cell(name), ls.derive(ls.cell(name))
    case = random_case(cell, steps=3, batch=5, hidden=3, seed=21)
    expected = autograd_gradients(cell, case)
    expected = {key: value for key, value in expected.items() if value.size}  # a cell may read no input
    given = Backward(run_forward(derivation.forward, case.x, case.params, case.state), case.dy, case.dstate)
    right = given.run(derivation.adjoint)

    def error(gradients: dict[str, np.ndarray]) -> float:
        return max(relative_error(gradients[key], value) for key, value in expected.items())

    assert error(right.gradients) <= 1e-12
    mutants = Mutants(Variants(found[0].context), given, right)
    with np.errstate(all="ignore"):
        return [m.key for m in found if not error(mutants.gradients((m,))) > NOTICED]


@pytest.mark.parametrize("name", [name for name in THOROUGH if name != "lstm"])
def test_every_mistake_is_noticed(name: str) -> None:
    """Those of the LSTM are among those of its peepholes."""
    found = of(name)
    assert unnoticed(name, found) == []
    assert len(found) >= 25
    assert len({mistake.key for mistake in found}) == len({mistake.changes for mistake in found}) == len(found)


@pytest.mark.parametrize("name", sorted(representatives(ALL).keys() - set(THOROUGH)))
def test_of_every_other_kind_of_cell_one_mistake_in_fifteen_is_noticed(name: str) -> None:
    derivation = ls.derive(ls.cell(name))
    found = noticeable(candidates(derivation.adjoint, derivation.forward)[::15], sequence(derivation))
    assert unnoticed(name, found) == []
    assert len(found) >= 2


@pytest.mark.long
@pytest.mark.parametrize("name", ls.names())
def test_every_mistake_in_every_cell_is_noticed(name: str) -> None:
    assert unnoticed(name, of(name)) == []


def test_there_are_many_kinds() -> None:
    kinds = {name: {mistake.kind for mistake in of(name)} for name in THOROUGH}
    assert all(found >= FIRST_KINDS for found in kinds.values())
    assert len(kinds["lstm"]) >= 25
    assert len(of("lstm")) >= 400


@pytest.mark.parametrize("name", THOROUGH)
def test_a_mistake_says_what_and_where(name: str) -> None:
    derivation = ls.derive(ls.cell(name))
    ids = {statement.provenance.id: statement for statement in derivation.adjoint.statements}
    for mistake in of(name):
        assert mistake.statements and set(mistake.statements) <= set(ids)
        assert len(mistake.sentence) > 15 and "Term(" not in mistake.sentence
        changed = [s for s in mistake.program.statements if s != ids[s.provenance.id]]
        assert bool(changed) != bool(mistake.loop.totals or mistake.loop.unstarted)
        assert {statement.provenance.id for statement in changed} <= set(mistake.statements)


def test_the_two_forms_of_one_derivation_have_the_same_rewrites() -> None:
    """With slopes as functions of the pre-activation, and in the textbook form."""
    from lstm_sym.derivation import vjp
    from lstm_sym.passes import prune

    derivation = ls.derive(ls.cell("lstm"))
    forward = derivation.forward
    raw, textbook = mistakes(prune(vjp(forward)), forward, sequence(derivation)), of("lstm")
    slopes = [{m.key for m in found if "_slope: " in m.key} for found in (raw, textbook)]
    assert slopes[0] == slopes[1] != set()


def test_what_changes_no_gradient_is_no_mistake() -> None:
    """relu' of relu(a) is relu'(a); and a shift m that cancels passes no gradient, whatever is done to its adjoint."""
    relu = ls.derive(ls.parse("h[t] = relu(W @ x[t] + U @ h[t-1])", key="rectifier"))
    assert not [m for m in mistakes(relu.adjoint, relu.forward, sequence(relu)) if m.kind == "slope of the output"]
    shift = (
        "m[t] = tanh(W @ x[t])\np[t] = exp(U @ h[t-1] - m[t])\nq[t] = exp(V @ x[t] - m[t])\nh[t] = p[t] / (p[t] + q[t])"
    )
    derivation = ls.derive(ls.parse(shift, key="shifted"))
    every = candidates(derivation.adjoint, derivation.forward)
    listed = {mistake.key for mistake in noticeable(every, sequence(derivation))}
    dropped = {mistake.key for mistake in every} - listed
    assert any(key.startswith("shifted.backward.m: ") or "a_m" in key for key in dropped)
    assert not any(".backward.m_slope" in key for key in listed)


def test_two_mistakes_at_once() -> None:
    found = {mistake.key: mistake for mistake in of("lstm")}
    first = found["lstm.backward.a_f: slope left out: d_f[t]*f_slope[t]: 1 for f_slope[t]"]
    second = found["lstm.backward.a_i: slope left out: d_i[t]*i_slope[t]: 1 for i_slope[t]"]
    both = first.and_(second)
    assert both is not None and both.statements == ("lstm.backward.a_f", "lstm.backward.a_i")
    for part in (first, second):
        changed = both.program.statement(part.statements[0].replace("lstm.backward.", "d_"))
        assert changed == part.program.statement(changed.target.name)
    assert first.and_(first) is None
