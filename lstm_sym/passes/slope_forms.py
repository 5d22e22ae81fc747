"""Two forms of one derivative: from the output (fast), and from the pre-activation (no digit lost to cancellation).

A derived program holds slope symbols, phi'(a). `fast` writes them in y = phi(a), as textbooks do; `precise` keeps them
and also writes 1 - sigmoid(a) as sigmoid(-a), which keeps its digits when the gate is open. `in_two_forms` gives what
differs a name, so that one body of code serves both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy
from sympy import Expr

from lstm_sym.equations.functions import SLOPES, sigmoid
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Pointwise, Provenance, Statement
from lstm_sym.program.values import Role, Value, complement


def fast(program: Program) -> Program:
    """Every slope written in the output of its function: i (1 - i), 1 - g^2."""
    return _rewrite(program, tuple(from_output(statement) for statement in program.statements))


def from_output(statement: Statement) -> Statement:
    """A slope statement written in the output of its function; any other statement as it is."""
    output = statement.target.of
    if not isinstance(statement, Pointwise) or statement.target.role is not Role.SLOPE or output is None:
        return statement
    row = SLOPES.get(type(statement.expression).__name__)
    if row is None or row.from_output is None:
        return statement
    return replace(statement, expression=row.from_output(output.symbol), operands=(output,))


def complements(forward: Program) -> dict[Expr, Expr]:
    """1 - z -> sigmoid(-a_z) for every z = sigmoid(a_z) of a forward program."""
    return {
        1 - statement.target.symbol: sigmoid(-statement.operands[0].symbol)
        for statement in forward.statements
        if isinstance(statement, Pointwise) and isinstance(statement.expression, sigmoid)
    }


def outputs(forward: Program) -> dict[Expr, Expr]:
    """phi(a) -> y for every y = phi(a) of a forward program: what is known already is not computed again."""
    return {
        statement.expression: statement.target.symbol
        for statement in forward.statements
        if isinstance(statement, Pointwise) and statement.expression.is_Function
    }


def precise(program: Program, forward: Program) -> Program:
    """1 - z becomes sigmoid(-a_z) wherever `forward` has z = sigmoid(a_z); slopes stay functions of a."""
    replacements = complements(forward)
    values = {value.symbol: value for value in (*forward.values(), *program.values())}
    return _rewrite(program, tuple(_replaced(s, replacements, values) for s in program.statements))


def reuse(program: Program, forward: Program) -> Program:
    """phi(a) in derived statements becomes y where `forward` has y = phi(a) (second order makes such terms)."""
    replacements, own = outputs(forward), set(forward.statements)
    values = {value.symbol: value for value in (*forward.values(), *program.values())}
    return _rewrite(program, tuple(s if s in own else _replaced(s, replacements, values) for s in program.statements))


def _replaced(statement: Statement, replacements: dict[Expr, Expr], values: dict[sympy.Symbol, Value]) -> Statement:
    if not isinstance(statement, Pointwise):
        return statement
    expression = statement.expression.xreplace(replacements)
    if expression == statement.expression:
        return statement
    operands = tuple(value for symbol, value in values.items() if symbol in expression.free_symbols)
    return replace(statement, expression=expression, operands=operands)


def _rewrite(program: Program, statements: tuple[Statement, ...]) -> Program:
    """The program with other statements; values they now read and nobody defines become inputs."""
    defined = (
        {s.target for s in statements}
        | {c.incoming for c in program.carries}
        | {*program.parameters, *program.constants}
    )
    reads = dict.fromkeys(value for statement in statements for value in statement.reads())
    given = tuple(v for v in program.inputs if v in reads or v.role is not Role.QUANTITY)
    added = tuple(v for v in reads if v not in defined and v not in given)
    return replace(program, inputs=(*given, *added), statements=statements)


@dataclass(frozen=True)
class TwoForms:
    """A program in the fast form, and what stands otherwise in the precise one: target -> its precise statement."""

    fast: Program
    precisely: Mapping[Value, Statement]

    @property
    def precise(self) -> Program:
        """The program in the precise form."""
        return _rewrite(self.fast, tuple(self.precisely.get(s.target, s) for s in self.fast.statements))


def in_two_forms(program: Program, forward: Program) -> TwoForms:
    """Slopes, and the complements 1 - z of gates, as statements of their own, each in two forms.

        i_slope       = i (1 - i)    or sigmoid'(a_i)
        z_complement  = 1 - z        or sigmoid(-a_z)

    No other statement differs from form to form.
    """
    rests, symbols = complements(forward), {value.symbol: value for value in forward.values()}
    named = {one_less: complement(symbols[(1 - one_less)]) for one_less in rests}
    statements: list[Statement] = []
    precisely: dict[Value, Statement] = {}
    for statement in program.statements:
        written = from_output(statement)
        if written != statement:
            precisely[statement.target] = statement
        elif isinstance(statement, Pointwise):
            found = {e: v for e, v in named.items() if statement.expression.has(e)}
            for expression, value in found.items():
                if value not in precisely and value.of is not None:
                    operands = tuple(symbols[symbol] for symbol in rests[expression].free_symbols)
                    precisely[value] = Pointwise(value, rests[expression], operands, Provenance(rule="complement"))
                    statements.append(Pointwise(value, expression, (value.of,), Provenance(rule="complement")))
            written = _replaced(
                statement,
                {e: v.symbol for e, v in found.items()},
                statement.symbols | {v.symbol: v for v in found.values()},
            )
        statements.append(written)
    return TwoForms(_rewrite(program, tuple(statements)), precisely)
