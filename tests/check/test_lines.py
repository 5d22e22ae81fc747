"""check_lines, the audit of every derived line: the derivation broken in every statement, every break noticed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from check.broken import mutants, with_program, with_statement
from kernels.cells import CELLS
from representatives import representatives

import lstm_sym as ls
from lstm_sym.check import check_lines, random_case
from lstm_sym.check.derived_lines import STEPS, Shift, ShortSequence, line_errors
from lstm_sym.check.maps import dense
from lstm_sym.check.result import worst
from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation.linear_map import Diagonal, LinearMap, Matrix
from lstm_sym.program import ProgramError
from lstm_sym.program.statements import Affine, Pointwise

BAR = 1e-12
PROGRAMS = ("forward", "adjoint", "tangent")


RUNS: dict[Any, Any] = {}
"""The runs of a forward program, which is kept so that no other gets its identity, from an input."""


@pytest.fixture(autouse=True)
def each_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a line is held to is made of runs of the forward program; one that is broken elsewhere has the same."""
    right = ShortSequence.run

    def run(self: ShortSequence, shift: Shift | None, count: int = STEPS) -> Any:
        runs = RUNS.setdefault((id(self.forward), self.case.x.tobytes()), (self.forward, {}))[1]
        if (shift, count) not in runs:
            runs[shift, count] = right(self, shift, count)
        return runs[shift, count]

    monkeypatch.setattr(ShortSequence, "run", run)


@pytest.mark.parametrize("name", representatives(CELLS))
def test_every_line_of_a_right_derivation_holds(name: str) -> None:
    errors, derivation = check_lines(CELLS[name]), ls.derive(CELLS[name])
    assert worst(errors)[1] <= BAR, worst(errors)
    derived = {s.provenance.id for program in PROGRAMS for s in getattr(derivation, program).statements}
    maps = {pair: derivation.jacobian(*pair) for pair in jacobians(CELLS[name])}
    stages = {derivation.jacobian_id(s.target, s.source) for linear in maps.values() for s in linear.stages}
    assert errors.keys() == derived | stages | {f"{CELLS[name].key}.jacobian.{a}.{b}" for a, b in maps}


def jacobians(cell: ls.Cell) -> list[tuple[str, str]]:
    """Of every quantity against the input and the states, and of every state against the parameters."""
    of_values = product([equation.target for equation in cell.equations], (cell.input, *cell.states))
    return [*of_values, *product(cell.states, cell.parameters)]


def broken_derivations(name: str, program: str) -> list[tuple[str, Derivation]]:
    """One derivation for each thing that can be wrong in each statement of a program."""
    derivation, found = ls.derive(CELLS[name]), []
    right = getattr(derivation, program)
    own = [s for s in right.statements if program != "tangent" or s.provenance.id.split(".")[1] == "tangent"]
    for statement in own:
        for what, mutant in mutants(statement).items():
            try:
                wrong = with_statement(right, statement, mutant)
            except ProgramError:
                continue  # noticed already: shapes do not fit
            found.append((f"{statement.provenance.id}: {what}", with_program(derivation, **{program: wrong})))
    return found


def noticed(cell: ls.Cell, wrong: Derivation) -> bool:
    return any(not error <= BAR for _, error in line_errors(cell, wrong))


def test_a_direct_adjoint_that_nothing_takes_up_is_reported() -> None:
    derivation = ls.derive(CELLS["gru"])
    right = derivation.adjoint
    statement = next(s for s in right.statements if isinstance(s, Affine) and s.target.name == "d_h_next")
    lost = replace(statement, terms=tuple(term for term in statement.terms if term.matrix is not None))
    errors = check_lines(CELLS["gru"], with_program(derivation, adjoint=with_statement(right, statement, lost)))
    assert errors[statement.provenance.id] > 1e-3
    assert not errors["gru.backward.h_prev_direct"] <= BAR


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_every_break_of_every_statement_is_noticed(name: str, program: str) -> None:
    broken = broken_derivations(name, program)[:: 1 if name == "rnn" else 2]
    assert [what for what, wrong in broken if not noticed(CELLS[name], wrong)] == []
    assert len(broken) >= (5 if name == "rnn" else 25)


@pytest.mark.parametrize("name", ["lstm", "lstm_peephole"])
def test_a_break_is_noticed_in_the_line_that_is_broken(name: str) -> None:
    """Of the larger cells a sample, every ninth: the error shows at the broken line itself."""
    for what, wrong in broken_derivations(name, "adjoint")[::9]:
        assert check_lines(CELLS[name], wrong)[what.split(":")[0]] > BAR, what


def test_a_slope_of_another_function_is_noticed() -> None:
    derivation = ls.derive(CELLS["lstm"])
    for program in ("adjoint", "tangent"):
        right = getattr(derivation, program)
        statement = next(s for s in right.statements if s.target.name == "f_slope")
        output = statement.operands[0]
        for expression in (1 - output.symbol**2, output.symbol, sympy.Integer(1) - output.symbol, output.symbol**2):
            wrong = with_statement(right, statement, replace(statement, expression=expression))
            errors = check_lines(CELLS["lstm"], with_program(derivation, **{program: wrong}))
            assert errors[statement.provenance.id] > 1e-3


def test_a_carried_adjoint_that_never_arrives_is_noticed() -> None:
    derivation = ls.derive(CELLS["lstm"])
    right = derivation.adjoint
    for carry in right.carries:
        statement = next(s for s in right.statements if carry.incoming in s.reads())
        if isinstance(statement, Affine):
            terms = tuple(term for term in statement.terms if term.operand != carry.incoming)
            lost = replace(statement, terms=terms)
        else:
            expression = statement.expression.xreplace({carry.incoming.symbol: sympy.Integer(0)})
            operands = tuple(value for value in statement.operands if value != carry.incoming)
            lost = replace(statement, expression=expression, operands=operands)
        wrong = with_program(derivation, adjoint=with_statement(right, statement, lost))
        assert check_lines(CELLS["lstm"], wrong)[statement.provenance.id] > 1e-3


class WithJacobian(Derivation):
    """A derivation whose Jacobians pass through an edit."""

    edit: Any = staticmethod(lambda linear: linear)

    def jacobian(self, target: str, source: str) -> LinearMap:
        return type(self).edit(super().jacobian(target, source))


def dropped(linear: LinearMap) -> LinearMap:
    return replace(linear, terms=linear.terms[1:])


def negated(linear: LinearMap) -> LinearMap:
    first = (Diagonal(sympy.Integer(-1)), *linear.terms[0]) if linear.terms else ()
    return replace(linear, terms=(first, *linear.terms[1:])) if linear.terms else linear


def turned(linear: LinearMap) -> LinearMap:
    def factor(part: Any) -> Any:
        square = isinstance(part, Matrix) and len(set(part.value.shape)) == 1
        return replace(part, transposed=not part.transposed) if square else part

    return replace(linear, terms=tuple(tuple(map(factor, term)) for term in linear.terms))


@pytest.mark.parametrize("edit", [dropped, negated, turned], ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "lstm_peephole"])
def test_a_broken_symbolic_jacobian_is_noticed(name: str, edit: Any) -> None:
    cell = CELLS[name]
    broken = type("Broken", (WithJacobian,), {"edit": staticmethod(edit)})(cell)
    errors, edited = check_lines(cell, broken), []
    for target, source in jacobians(cell):
        linear, line = ls.derive(cell).jacobian(target, source), f"{cell.key}.jacobian.{target}.{source}"
        if edit(linear) == linear:
            assert errors[line] <= BAR, line
        else:
            edited.append(line)
            assert errors[line] > 1e-3, line
    assert len(edited) >= len(cell.states) * (1 if edit is turned else len(cell.parameters))


def test_a_symbolic_map_written_out_is_the_matrix_it_stands_for() -> None:
    """d h / d h of the plain network, element by element: diag(1 - h^2) U."""
    cell = CELLS["rnn"]
    case = random_case(cell, steps=3, batch=2, inputs=2, hidden=3, seed=11)
    values = ShortSequence(ls.derive(cell), case).base[1]
    named = {value.name: array for value, array in values.items() if value.time != -1}
    expected = (1 - named["h"][0] ** 2)[:, None] * case.params["U"]
    assert np.allclose(dense(ls.derive(cell).jacobian("h", "h"), values), expected, rtol=1e-15, atol=0)


def test_mutants_differ_from_the_statement_they_are_made_of() -> None:
    for statement in ls.derive(CELLS["lstm"]).adjoint.statements:
        assert mutants(statement)
        for mutant in mutants(statement).values():
            assert mutant != statement
            if isinstance(statement, Pointwise):
                assert sympy.expand(mutant.expression - statement.expression) != 0
