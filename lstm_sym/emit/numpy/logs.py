"""log_terms(): logarithms of gates and slopes from the pre-activations, which never underflow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sympy
from sympy import Expr

from lstm_sym.derivation.jacobian import Jacobians
from lstm_sym.emit.numpy.function import size_lines
from lstm_sym.emit.numpy.jacobian import JacobianWriter, TapeForm
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.functions import LOGARITHMS
from lstm_sym.passes.slope_forms import complements
from lstm_sym.program.program import Program
from lstm_sym.program.statements import EQUATION, Pointwise
from lstm_sym.program.values import Value, slope

_TEXT = '''def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:
    """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

    {{{keys}}}: (B, N) for a step, (n, B, N) for a slice or an array of steps.
    They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
    Raises TypeError (for a fast tape too), ValueError, IndexError.
    """
    _check_tape(tape, (PreciseTape,))
    params, t, dtype = _reading(tape, params, t)
    terms: dict[str, Array] = {{}}
'''


def log_function(cell: Cell, program: Program, form: TapeForm, held: Collection[Value]) -> tuple[str, set[str]]:
    """The text of the function over the tape of the precise form, and the functions it needs."""
    helpers: set[str] = set()
    writer = JacobianWriter(cell, Jacobians(program), form, "log_terms", (), (), helpers)
    values = {value.symbol: value for value in program.values()}
    found, lead = {}, []
    for target, expression in _logarithms(program, held):
        found[target.name] = writer.print(expression)
        if all(values[symbol].time is None for symbol in expression.free_symbols):  # one value for all sequences
            lead = [f"lead = {writer.lead()}.shape[:-1]"]
            found[target.name] = f"np.full((*lead, {target.shape[0]}), {found[target.name]}, dtype)"
    lines = [f"terms[{name!r}] = {text}" for name, text in found.items()]
    lines = [*lead, *writer.bound.values(), *lines, "return terms"]
    lines = [*size_lines(cell, "\n".join(lines), writer.tape_sizes()), *lines]
    head = _TEXT.format(keys=", ".join(map(repr, found)))
    return head + "\n".join(f"    {line}" for line in lines), helpers


def _logarithms(program: Program, held: Collection[Value]) -> Iterator[tuple[Value, Expr]]:
    """ln y and ln phi'(a) of y = phi(a), ln y of y = 1 - sigmoid(a); ln y alone where the tape lacks a, as for exp."""
    rests, symbols = complements(program), {value.symbol for value in held}
    definitions = {s.target.symbol: s.expression for s in program.statements if isinstance(s, Pointwise)}
    for statement in program.statements:
        if not isinstance(statement, Pointwise):
            continue
        expression = rests.get(statement.expression, statement.expression)
        if expression.func not in LOGARITHMS:
            continue
        (logarithm, log_slope), target = LOGARITHMS[expression.func], statement.target
        if not expression.free_symbols <= symbols:
            if logarithm is not None and target.symbol in symbols:
                argument = _of_held(expression.args[0], definitions, symbols)
                yield target, sympy.log(target.symbol) if argument is None else logarithm(argument)
            continue
        if logarithm is not None and statement.provenance.rule == EQUATION:
            yield target, logarithm(expression.args[0])
        if expression is statement.expression:
            yield slope(target), log_slope(expression.args[0])


def _of_held(expression: Expr, definitions: Mapping[Expr, Expr], held: Collection[Expr]) -> Expr | None:
    """An expression in terms of what the tape holds, by the equations; None where they do not lead there."""
    while missing := expression.free_symbols - set(held):
        if not missing <= definitions.keys():
            return None
        expression = expression.xreplace({symbol: definitions[symbol] for symbol in missing})
    return expression
