"""log_terms(): logarithms of gates and slopes from the pre-activations, which never underflow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sympy
from sympy import Expr

from lstm_sym.compile.plan import Plan
from lstm_sym.emit.numpy.layout import docstring, folded, listed
from lstm_sym.emit.numpy.local import LocalValues, size_lines
from lstm_sym.emit.numpy.printer import indented
from lstm_sym.emit.numpy.scalar import NumPyPrinter
from lstm_sym.equations.functions import LOGARITHMS
from lstm_sym.passes.slope_forms import complements
from lstm_sym.program.program import Program
from lstm_sym.program.statements import EQUATION, Pointwise
from lstm_sym.program.values import Role, Value, slope

_TEXT = """Natural logarithms of gates y and of slopes phi'(a) at step t, from the pre-activations on the tape.

{keys}
They are finite where the number itself underflows: ln sigmoid(-1000) = -1000.
Raises TypeError (for a fast tape too), ValueError, IndexError."""


def log_function(plan: Plan) -> str:
    """The text of the function over the tape of the precise form."""
    program, held = plan.program, plan.saved[True]
    found = list(_logarithms(program, held))
    local = LocalValues(plan)
    values = {value.symbol: value for value in program.values()}
    printer = NumPyPrinter(values, local.plain, program.constants, True)
    read = [value for value in program.values() if any(value.symbol in e.free_symbols for _, e in found)]
    lines = local.bound([v for v in read if not v.is_parameter and v.role is not Role.CONSTANT], True)
    for target, expression in found:
        text = printer.print(expression)
        if all(values[symbol].time is None for symbol in expression.free_symbols):  # one value for all sequences
            text = f"np.full((*lead, {local.size(target.shape[0])}), {text}, dtype)"
        lines += folded(f"terms[{target.name!r}] = {text}")
    head = ["params, t, sizes, lead, dtype = _reading(tape, params, t, (PreciseTape,))", "terms: dict[str, Array] = {}"]
    names = [repr(target.name) for target, _ in found]
    keys = listed([*names[:-1], f"{names[-1]}: (B, N), of several steps (n, B, N)."] if names else ["Nothing."], "")
    described = docstring(_TEXT.format(keys=keys)).split("\n")
    body = indented([*described, *head, *size_lines(local.sizes), *lines, "return terms"])
    signature = "def log_terms(tape: PreciseTape, params: Params, t: Any = slice(None)) -> dict[str, Array]:"
    return "\n".join([signature, *body])


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
