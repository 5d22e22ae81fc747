"""A cell of one state and one recurrent matrix, at H = 1 and x = 0, as one scalar formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from lstm_sym.flow.errors import FlowError

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

    from lstm_sym.equations.cell import Cell
    from lstm_sym.program import Affine, Program


@dataclass(frozen=True, eq=False)
class OneUnit:
    """h[t] = F(h[t-1], a), a = u h[t-1] + b.

    Attributes:
        state: the symbol of h[t-1].
        argument: the symbol a.
        weight: the symbol of the recurrent weight u.
        result: F, an expression of `state` and `argument` in the functions of the table.
    """

    state: sympy.Symbol
    argument: sympy.Symbol
    weight: sympy.Symbol
    result: Expr


def one_unit(cell: Cell) -> OneUnit:
    """The formula of one unit, from the equations. Raises FlowError: gates, several states, or no matrix and bias."""
    import sympy

    from lstm_sym.api import derive
    from lstm_sym.program import Accumulate, Affine, Maximum, Pointwise

    program = derive(cell).forward
    recurrent = _recurrent(program)
    if recurrent is None:
        raise FlowError(
            f"{cell.key}, one unit",
            "not one state that one matrix and one bias act on",
            "a cell with gates, with several states, or with a matrix that is also transposed",
            "measure its fixed points by running it; the fold in two parameters is that of a simple network",
        )
    argument = sympy.Symbol("a", real=True)
    known = {value.symbol: sympy.Rational(n.numerator, n.denominator) for value, n in program.constants.items()}
    for statement in program.statements:
        match statement:
            case Pointwise():
                known[statement.target.symbol] = statement.expression.xreplace(known)
            case Affine():
                known[statement.target.symbol] = argument if statement == recurrent else _sum(statement, known)
            case Maximum():  # of one unit, which is the largest
                known[statement.target.symbol] = known[statement.operand.symbol]
            case Accumulate():
                raise TypeError("a forward program accumulates nothing")
            case _:
                assert_never(statement)
    weight = next(term.weight for term in recurrent.terms if term.weight and term.operand in _incoming(program))
    (carry,) = program.carries
    return OneUnit(carry.incoming.symbol, argument, weight.symbol, known[carry.outgoing.symbol])


def _incoming(program: Program) -> tuple[object, ...]:
    return tuple(carry.incoming for carry in program.carries)


def _recurrent(program: Program) -> Affine | None:
    """The statement a = U h + b (+ W x), if the cell has that one and no other parameters."""
    from lstm_sym.program import Affine

    inputs, states = set(program.inputs), set(_incoming(program))
    affine = [statement for statement in program.statements if isinstance(statement, Affine)]
    reading = [s for s in affine if any(term.weight is not None for term in s.terms)]
    if len(states) != 1 or len(reading) != 1:
        return None
    terms = reading[0].terms
    matrices = [term for term in terms if term.operand in states and term.is_product and not term.transposed]
    biases = [term for term in terms if term.operand is None]
    rest = [term for term in terms if term not in matrices and term not in biases and term.operand not in inputs]
    plain = all(term.coefficient == 1 for term in (*matrices, *biases))
    return reading[0] if len(matrices) == len(biases) == 1 and not rest and plain else None


def _sum(statement: Affine, known: dict[sympy.Symbol, Expr]) -> Expr:
    """A sum without parameters; a mean or a sum over one unit is that unit."""
    import sympy

    parts = (
        sympy.Rational(term.coefficient.numerator, term.coefficient.denominator)
        * known.get(term.operand.symbol, term.operand.symbol)
        for term in statement.terms
        if term.operand is not None
    )
    return sympy.Add(*parts)
