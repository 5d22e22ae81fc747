"""Which forward values the Jacobians of one step read: with the save set of the backward pass, they are the tape."""

from __future__ import annotations

from sympy import Symbol

from lstm_sym.derivation.jacobian import Jacobians, entries, states
from lstm_sym.derivation.linear_map import Applied, Diagonal
from lstm_sym.passes.slope_forms import complements, from_output
from lstm_sym.program.statements import Maximum, Pointwise
from lstm_sym.program.values import Value


def reads_of_jacobians(jacobians: Jacobians, exact: bool) -> set[Value]:
    """The forward values that Jacobians of the states, or of an output that is none, read in one of the forms."""
    program = jacobians.program
    before, after = [before for before, _ in states(program)], [after for _, after in states(program)]
    whole: list[tuple[Value, Value | None]] = [(v, None) for v in (*before, *program.inputs, *program.parameters)]
    parts = [(source, entry) for source in before for entry in entries(program)]
    replacements = complements(program) if exact else {}
    symbols = set[Symbol]()
    kept, sources = frozenset(after), [*whole, *parts]
    found = [jacobians.of(target, source, kept, entry) for target in after for source, entry in sources]
    outputs = [value for value in program.outputs if value not in after]
    found += [jacobians.of(target, source) for target in outputs for source in (*before, *program.inputs)]
    for derived in found:
        maps = (derived.map, *derived.map.stages.values())
        factors = [factor for linear in maps for product in linear.terms for factor in product]
        slopes = derived.slopes if exact else tuple(map(from_output, derived.slopes))
        expressions = [s.expression for s in slopes if isinstance(s, Pointwise)]
        expressions += [factor.expression for factor in factors if isinstance(factor, Diagonal)]
        symbols |= {symbol for e in expressions for symbol in e.xreplace(replacements).free_symbols}
        symbols |= {factor.operand.symbol for factor in factors if isinstance(factor, Applied)}
        symbols |= {value.symbol for s in slopes if isinstance(s, Maximum) for value in s.reads()}
    constant = {*program.parameters, *program.constants}
    return {value for value in program.values() if value.symbol in symbols and value not in constant}
