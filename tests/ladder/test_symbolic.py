"""Rung 1 over the whole catalogue, and what it must notice."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
from representatives import each

pytest.importorskip("flint", reason="python-flint, of the extra test, encloses numbers in balls")

from dataclasses import replace
from fractions import Fraction

import flint
from kernels.cells import OWN
from ladder import ball_jacobian, identities
from ladder.balls import ball, precision, radius, rational
from ladder.breaks import forget
from ladder.identities import POINTS, decided, enclosures, slope_of_definition

import lstm_sym as ls
from lstm_sym.derivation.linear_map import Diagonal, LinearMap, Matrix
from lstm_sym.equations.functions import FUNCTIONS, SLOPES

SMALL = 1e-40
EVERY_ROW = {
    name: ls.parse(
        f"h[t] = {name}({', '.join(f'2 + W_{k} @ x[t] + U_{k} @ h[t-1]' for k in range(row.arity))})", key="row"
    )
    for name, row in FUNCTIONS.items()
}
CATALOGUE = {name: ls.cell(name) for name in ls.names()} | OWN
CELLS = CATALOGUE | EVERY_ROW
EACH = [*each(CATALOGUE), *EVERY_ROW]


@pytest.mark.parametrize("name", EACH)
def test_derived_minus_differentiated_is_identically_zero(name: str) -> None:
    proof = identities.proof(CELLS[name])
    assert proof["identities"] and proof["failed"] == []
    assert proof["radius"] < SMALL


@pytest.mark.parametrize("name", EACH)
def test_the_state_jacobian_is_the_explicit_one_inside_a_ball(name: str) -> None:
    proof = ball_jacobian.proof(CELLS[name], points=1)
    assert proof["elements"] and proof["failed"] == []
    assert proof["radius"] < SMALL


def test_sympy_decides_nearly_all_of_it() -> None:
    """Kinks are left to balls."""
    proofs = [identities.proof(ls.cell(name)) for name in ("lstm", "gru", "lstm_peephole")]
    assert all(proof["by sympy"] == proof["identities"] for proof in proofs)


a, b = sympy.symbols("a b", real=True)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (a + b * 2, -1),
        (a**3 / b, -1),
        (sympy.sqrt(1 + 3 * a), 2),
        (sympy.exp(a - 1) * sympy.Rational(1, 4), Fraction(1, 4)),
        (sympy.log(a) + sympy.cos(a - 1) + sympy.sin(a - 1) + sympy.tanh(a - 1), 1),
        (sympy.Max(a, b) - sympy.Min(a, b) + sympy.Abs(b), 3),
        (sympy.sign(b) + sympy.Heaviside(a) + sympy.Heaviside(b) + sympy.DiracDelta(a), 0),
        (sympy.Heaviside(a - 1) + sympy.sign(a - 1), 0),
    ],
)
def test_a_ball_holds_the_value(expression: sympy.Expr, value: Any) -> None:
    """At a = 1, b = -1."""
    with precision():
        found = ball(expression, {a: flint.arb(1), b: flint.arb(-1)})
        assert found.contains(rational(Fraction(value))) and radius(found) < SMALL


@pytest.mark.parametrize("step", [sympy.Heaviside, sympy.sign, sympy.DiracDelta])
def test_a_ball_around_a_kink_is_no_number(step: Any) -> None:
    assert not ball(step(a), {a: flint.arb(0, 1e-30)}).is_finite()


def test_a_node_without_a_meaning_is_no_number_either() -> None:
    with pytest.raises(KeyError):
        ball(sympy.besselj(0, a), {a: flint.arb(1)})


@pytest.mark.parametrize("difference", [a - a * (1 + sympy.Rational(1, 10**30)), sympy.tanh(a) - sympy.tanh(a) ** 2])
def test_what_is_not_zero_is_neither_decided_nor_enclosed(difference: sympy.Expr) -> None:
    with precision():
        found = enclosures(difference)
        assert len(found) == POINTS and not any(value.contains(0) for value in found)
    assert not decided(difference)


@pytest.mark.parametrize("name", [name for name, row in FUNCTIONS.items() if row.from_output is not None])
@pytest.mark.parametrize("wrong", [lambda y: -y, lambda y: 2 * y, lambda y: y + 1], ids=["sign", "twice", "one more"])
def test_a_wrong_textbook_form_is_noticed(monkeypatch: Any, name: str, wrong: Any) -> None:
    row = FUNCTIONS[name]
    broken = replace(row, from_output=lambda y: wrong(row.from_output(y)))
    monkeypatch.setitem(SLOPES, row.slope.__name__, broken)
    failed = identities.proof(EVERY_ROW[name])["failed"]
    assert failed and all("textbook" in one for one in failed)


@pytest.mark.parametrize("name", SLOPES)
def test_a_wrong_second_derivative_is_noticed(monkeypatch: Any, name: str) -> None:
    row = SLOPES[name]
    right = row.slope.fdiff
    monkeypatch.setattr(row.slope, "fdiff", lambda self, index=1: right(self, index) + sympy.Rational(1, 1000))
    forget()
    failed = identities.proof(EVERY_ROW[row.name])["failed"]
    forget()
    assert failed


def test_a_wrong_definition_is_noticed(monkeypatch: Any) -> None:
    """The slope of another function than the one that is written."""
    slope_of_definition.cache_clear()
    monkeypatch.setitem(FUNCTIONS, "softplus", replace(FUNCTIONS["softplus"], definition=sympy.exp))
    assert identities.proof(EVERY_ROW["softplus"])["failed"]
    slope_of_definition.cache_clear()


def broken_map(linear: LinearMap, how: str) -> LinearMap:
    """A Jacobian block with one thing wrong, or as it is where that cannot be."""
    first, *rest = linear.terms
    if how == "transposed":
        changed = tuple(replace(f, transposed=True) if isinstance(f, Matrix) else f for f in first)
    elif how == "sign":
        changed = (Diagonal(sympy.Integer(-1)), *first)
    else:
        changed = first[1:]
    return replace(linear, terms=(changed, *rest))


@pytest.mark.parametrize("how", ["transposed", "sign", "factor left out"])
@pytest.mark.parametrize("block", [("h", "h"), ("c", "h"), ("i", "x"), ("h", "x")], ids="-".join)
def test_a_wrong_jacobian_is_noticed(monkeypatch: Any, block: tuple[str, str], how: str) -> None:
    derivation = ls.derive(ls.cell("lstm"))
    right = derivation.jacobian

    def jacobian(target: str, source: str) -> LinearMap:
        linear = right(target, source)
        return broken_map(linear, how) if (target, source) == block else linear

    monkeypatch.setattr(type(derivation), "jacobian", staticmethod(jacobian))
    failed = ball_jacobian.proof(ls.cell("lstm"), 1, derivation)["failed"]
    assert bool(failed) == (block[0] in ("h", "c"))
