"""A program is in SSA form and its shapes fit, or it cannot be made."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import lstm_sym as ls
from lstm_sym.equations.functions import tanh
from lstm_sym.program import (
    Accumulate,
    Affine,
    Carry,
    Contribution,
    Pointwise,
    Program,
    ProgramError,
    Role,
    Term,
    Value,
    lower,
)

X = Value("x", ("D",), 0, Role.INPUT)
BEFORE, AFTER = Value("h", ("H",), -1, Role.STATE), Value("h", ("H",), 0, Role.STATE)
A, Q = Value("a", ("H",)), Value("q", ("H",))
W = Value("W", ("H", "D"), None, Role.PARAMETER)
U = Value("U", ("H", "H"), None, Role.PARAMETER)
B = Value("b", ("H",), None, Role.PARAMETER)
LONG = Value("long", ("D",), None, Role.PARAMETER)
PRE = Affine(A, (Term(W, X), Term(U, BEFORE), Term(B, None)))
OUT = Pointwise(AFTER, tanh(A.symbol), (A,))


def program(*statements, **changes) -> Program:
    parameters = (W, U, B, LONG)
    base = Program("test", "forward", (X,), (Carry(BEFORE, AFTER),), parameters, (PRE, OUT), (AFTER,))
    return replace(base, statements=statements or base.statements, **changes)


def test_the_program_that_the_broken_ones_are_made_from_is_whole():
    assert [s.target.name for s in program().statements] == ["a", "h"]


BROKEN = {
    "read before it is defined": ((OUT, PRE), "h[t] reads a[t], which is not defined above"),
    "defined twice": ((PRE, PRE, OUT), "a[t] is defined twice"),
    "an input defined": ((Pointwise(X, tanh(X.symbol), (X,)), PRE, OUT), "x[t] is defined twice"),
    "an output never defined": ((PRE,), "the output h[t] is never defined"),
    "a matrix and a vector that do not fit": ((Affine(A, (Term(U, X),)), OUT), "U ('H', 'H') @ x[t] ('D',)"),
    "a transpose that does not fit": ((Affine(A, (Term(W, X, True),)), OUT), "W ('D', 'H') @ x[t] ('D',)"),
    "a diagonal that does not fit": ((Affine(A, (Term(LONG, BEFORE),)), OUT), "diag(long) h[t-1]"),
    "a target of another size": ((Affine(A, (Term(None, X),)), OUT), "a[t] ('H',) from [('D',)]"),
    "terms of two sizes": ((Affine(A, (Term(U, BEFORE), Term(LONG, None))), OUT), "from [('D',), ('H',)]"),
    "operands of two sizes": (
        (PRE, Pointwise(AFTER, A.symbol * LONG.symbol, (A, LONG))),
        "h[t] ('H',) from [('D',), ('H',)]",
    ),
    "an operand that is not in the expression": (
        (PRE, Pointwise(AFTER, tanh(A.symbol), (A, BEFORE))),
        "operands of h[t] are not those of its expression",
    ),
    "an expression over a value that is no operand": (
        (PRE, Pointwise(AFTER, A.symbol * BEFORE.symbol, (A,))),
        "operands of h[t] are not those of its expression",
    ),
    "an outer product of the wrong shape": (
        (PRE, OUT, Accumulate(Value("d_W", ("H", "D"), None), (Contribution(A, BEFORE),))),
        "d_W ('H', 'D') from [('H', 'H')]",
    ),
    "a sum of the wrong shape": (
        (PRE, OUT, Accumulate(Value("d_b", ("H",), None), (Contribution(X, None),))),
        "d_b ('H',) from [('D',)]",
    ),
    "a weighted sum of two sizes": (
        (PRE, OUT, Accumulate(Value("d_b", ("H",), None), (Contribution(A, X, Fraction(2)),))),
        "a[t] * x[t]",
    ),
}


@pytest.mark.parametrize(("statements", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_program_cannot_be_made(statements, message):
    with pytest.raises(ProgramError) as error:
        program(*statements)
    assert message in str(error.value)


def test_a_carry_that_no_statement_defines_is_refused():
    with pytest.raises(ProgramError, match=r"q\[t\] is never defined"):
        program(carries=(Carry(BEFORE, Q),))


def test_two_values_of_one_symbol_are_refused():
    twin = Value("a", ("H",), 0, Role.ADJOINT)
    assert twin.symbol == A.symbol
    with pytest.raises(ProgramError):
        program(PRE, Pointwise(twin, tanh(BEFORE.symbol), (BEFORE,)), OUT)


@pytest.mark.parametrize("name", ls.names())
def test_dropping_any_statement_of_a_cell_breaks_its_program(name):
    whole = lower(ls.cell(name))
    for k in range(len(whole.statements)):
        with pytest.raises(ProgramError):
            replace(whole, statements=whole.statements[:k] + whole.statements[k + 1 :])


def test_statement_finds_by_name_and_knows_what_it_does_not_know():
    assert program().statement("a") == PRE
    with pytest.raises(KeyError, match="nothing"):
        program().statement("nothing")


def test_values_come_in_order_of_definition():
    assert [str(v) for v in program().values()] == ["x[t]", "h[t-1]", "W", "U", "b", "long", "a[t]", "h[t]"]


def test_a_statement_reads_each_value_once():
    doubled = Affine(A, (Term(U, BEFORE), Term(U, BEFORE), Term(None, BEFORE)))
    assert doubled.reads() == (U, BEFORE)
