"""A cell at its origin, derived from its equations: zero input, zero state, every unit alike.

The program of the cell is run on SymPy expressions, one for all units of a vector; the blocks of its state Jacobian,
sums of diagonals and matrices, become sums of numbers and matrices there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, assert_never

from lstm_sym.flow.errors import FlowError

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

    from lstm_sym.derivation.linear_map import LinearMap
    from lstm_sym.equations.cell import Cell
    from lstm_sym.program import Affine, Program, Statement

Matrices = frozenset[tuple[str, bool]]
"""Names of matrices, and whether they act transposed."""

# Constant maps that give alike units where they get alike units.
ALIKE = ("repeat", "mean")


@dataclass(frozen=True, eq=False)
class Origin:
    """The state Jacobian of a cell at s = 0, x = 0, where that is a fixed point.

    Attributes:
        cell: the key of the cell.
        biases: vectors that may have any value without moving the fixed point.
        zero: vectors that must be 0 for it to be one.
        matrix: the one matrix that acts there, as `U_g`.
        eigenvalue: the symbol u, an eigenvalue of that matrix.
        jacobian: ds[t]/ds[t-1] (n, n) for n states, on the eigenvector of u; expressions in u and `biases`.
    """

    cell: str
    biases: tuple[str, ...]
    zero: tuple[str, ...]
    matrix: str
    eigenvalue: sympy.Symbol
    jacobian: sympy.Matrix


def origin(cell: Cell) -> Origin:
    """The state Jacobian at the origin: for the LSTM [[o i u, o f], [i u, f]], u an eigenvalue of U_g.

    Raises FlowError: the origin is no fixed point whatever the biases, a function has a kink there, units are averaged
    or sorted, or not exactly one matrix acts there (two random matrices share no eigenvectors).
    """
    import sympy

    from lstm_sym.api import derive
    from lstm_sym.derivation.jacobian import state_jacobian

    program = derive(cell).forward
    zero = _held_at_zero(program, cell.key)
    blocks = state_jacobian(program)
    slopes = [statement for block in blocks.values() for statement in block.slopes]
    values = _at_origin(program, zero, slopes, cell.key)
    u = sympy.Symbol("u")
    found = {key: entry(block.map, values, u) for key, block in blocks.items()}
    entries = {key: entry for key, (entry, _) in found.items()}
    matrices = {matrix for _, acting in found.values() for matrix in acting}
    names = [carry.outgoing.name for carry in program.carries]
    _refuse_unlike(entries, cell.key)
    jacobian = sympy.Matrix([[sympy.cancel(entries[row, column]) for column in names] for row in names])
    if len(matrices) != 1:
        raise _refused(
            cell.key,
            f"{len(matrices)} recurrent matrices act there" + (f": {_written(matrices)}" if matrices else ""),
            "a cell that reads its state through gates alone, or through several matrices at once",
            "the gain of one matrix is critical only where one alone acts: measure the exponents instead",
        )
    kept = tuple(name for name in _biases(program) if name not in zero)
    return Origin(cell.key, kept, zero, _written(matrices), u, jacobian)


def values_at_origin(program: Program, cell: str) -> dict[sympy.Symbol, Expr]:
    """Every value of a step from zero state and input, by its symbol, as an expression of the biases.

    The biases that must be 0 for the origin to be a fixed point are 0; where it is none, all biases are free.
    """
    try:
        zero = _held_at_zero(program, cell)
    except FlowError:
        zero = ()
    return _at_origin(program, zero, [], cell)


def _held_at_zero(program: Program, cell: str) -> tuple[str, ...]:
    """The fewest biases that must be 0 for the origin to be a fixed point."""
    import sympy

    biases = _biases(program)
    # Numbers are soon told from zero, formulas are not: what fails for some numbers needs no formula.
    some = {name: sympy.Float(0.3 + 0.17 * place) for place, name in enumerate(biases)}
    for count in range(len(biases) + 1):
        for zero in combinations(biases, count):
            if _rests(program, _at_origin(program, zero, [], cell, some)) and _rests(
                program, _at_origin(program, zero, [], cell)
            ):
                return zero
    raise _refused(
        cell,
        "the state does not stay 0 whatever the biases",
        "a gate that is carried as a state, or a normaliser that starts at 0",
        "linearise at the fixed point that the cell has, along a trajectory",
    )


def _rests(program: Program, values: Mapping[sympy.Symbol, Expr]) -> bool:
    """Whether every state that a step hands on is 0."""
    return all(values[carry.outgoing.symbol] == 0 for carry in program.carries)


def _biases(program: Program) -> tuple[str, ...]:
    from lstm_sym.derivation.roles import Roles

    return tuple(dict.fromkeys(bias.name for bias in Roles(program).biases))


def _at_origin(
    program: Program,
    zero: tuple[str, ...],
    further: list[Statement],
    cell: str,
    numbers: Mapping[str, Expr] | None = None,
) -> dict[sympy.Symbol, Expr]:
    """Every value of a step that starts at 0 and reads 0, as an expression of the biases that are not held at zero.

    numbers: values of biases that stand for their symbols.
    """
    import sympy

    numbers = numbers or {}
    free = (value for value in program.parameters if value.name not in zero)
    given = {value.symbol: numbers.get(value.name, value.symbol) for value in free}
    given |= {value.symbol: sympy.Integer(0) for value in program.parameters if value.name in zero}
    still = (*program.inputs, *(carry.incoming for carry in program.carries))
    given |= {value.symbol: sympy.Integer(0) for value in still}
    given |= {v.symbol: sympy.Rational(n.numerator, n.denominator) for v, n in program.constants.items()}
    for statement in (*program.statements, *further):
        given[statement.target.symbol] = _value(statement, given, cell)
    return given


def _value(statement: Statement, known: Mapping[sympy.Symbol, Expr], cell: str) -> Expr:
    import sympy

    from lstm_sym.program import Accumulate, Affine, Maximum, Pointwise

    unlike = sympy.Dummy(f"units of {statement.target}")
    match statement:
        case Pointwise():
            return _smooth(statement.expression, cell).xreplace(dict(known))
        case Affine():
            return _sum(statement, known, unlike)
        case Maximum() | Accumulate():
            return unlike
    assert_never(statement)


def _sum(statement: Affine, known: Mapping[sympy.Symbol, Expr], unlike: Expr) -> Expr:
    """An affine map of units that are all alike; `unlike` where a matrix makes them differ."""
    import sympy

    total: Expr = sympy.Integer(0)
    for term in statement.terms:
        operand = known[term.operand.symbol] if term.operand is not None else sympy.Integer(1)
        weight = known[term.weight.symbol] if term.weight is not None else sympy.Integer(1)
        mixes = term.is_product or (term.operator is not None and term.operator.kind not in ALIKE)
        if mixes and operand != 0:
            return unlike
        scale = sympy.Rational(term.coefficient.numerator, term.coefficient.denominator)
        total += scale * operand * (sympy.Integer(1) if term.is_product else weight)
    return total


def _smooth(expression: Expr, cell: str) -> Expr:
    """The expression in SymPy's own functions. Raises FlowError for a function with kinks."""
    import sympy

    from lstm_sym.equations.functions import defined, row

    kinked = [found for part in expression.atoms(sympy.Function) if (found := row(part)) and not found.analytic]
    if kinked:
        raise _refused(
            cell, f"{kinked[0].name} has a kink", "a piecewise linear function", "choose a function that is smooth at 0"
        )
    return defined(expression)


def entry(linear: LinearMap, values: Mapping[sympy.Symbol, Expr], u: Expr) -> tuple[Expr, Matrices]:
    """A map at the origin, after the stages that it refers to: an expression in u, and the matrices that act in it.

    u: the eigenvalue of the matrices; 0 leaves what passes through none.
    """
    known: dict[object, tuple[Expr, Matrices]] = {}
    for block, stage in linear.stages.items():
        known[block] = _total(stage.terms, values, u, known)
    return _total(linear.terms, values, u, known)


def _total(
    terms: Iterable[tuple[object, ...]],
    values: Mapping[sympy.Symbol, Expr],
    u: Expr,
    known: Mapping[object, tuple[Expr, Matrices]],
) -> tuple[Expr, Matrices]:
    """A sum of products at the origin; what is multiplied by 0 does not act."""
    import sympy

    from lstm_sym.derivation.linear_map import Diagonal, Matrix

    total, matrices = sympy.Integer(0), frozenset[tuple[str, bool]]()
    for product in terms:
        number, acting = sympy.Integer(1), frozenset[tuple[str, bool]]()
        for factor in product:
            if isinstance(factor, Diagonal):
                number *= factor.expression.xreplace(dict(values))
            elif factor in known:
                number, acting = number * known[factor][0], acting | known[factor][1]
            elif isinstance(factor, Matrix) and str(factor.value) != "part":
                number, acting = number * u, acting | {(str(factor.value), factor.transposed)}
        if sympy.simplify(number) != 0:
            total, matrices = total + number, matrices | acting
    return total, matrices


def _written(matrices: Collection[tuple[str, bool]]) -> str:
    return ", ".join(sorted(name + (".T" if transposed else "") for name, transposed in matrices))


def _refuse_unlike(entries: Mapping[tuple[str, str], Expr], cell: str) -> None:
    import sympy

    unlike = {symbol for entry in entries.values() for symbol in entry.free_symbols if isinstance(symbol, sympy.Dummy)}
    if unlike:
        raise _refused(
            cell,
            f"the {min(map(str, unlike)).lstrip('_')} differ there",
            "a matrix that acts on what is not 0, or a maximum over units",
            "measure along a trajectory",
        )


def _refused(cell: str, found: str, why: str, fix: str) -> FlowError:
    return FlowError(f"{cell}, at the origin", found, why, fix)
