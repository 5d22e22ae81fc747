"""jacobian(), input_jacobian() and parameter_jacobian() of a kernel, from diagonals and weights, block by block.

A block is computed from right to left: diag(e) scales rows, a matrix multiplies. A stage is an array of its own, a
vector where it is diagonal; it is let go after its last reader. The block of a state of this step is in the result.
Nothing is differentiated here and no backward pass runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Symbol

from lstm_sym.derivation.jacobian import Jacobian, Jacobians, entries, states
from lstm_sym.derivation.linear_map import Applied, Block, Diagonal, Factor, LinearMap, Matrix, Product, blocks
from lstm_sym.emit.numpy.function import LoopFunction, size_lines
from lstm_sym.emit.numpy.packs import literal, source_of
from lstm_sym.emit.numpy.scalar import NumPyPrinter
from lstm_sym.emit.numpy.storage import Names, bracketed, identifier
from lstm_sym.equations.cell import Cell
from lstm_sym.passes.slope_forms import complements, from_output
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Maximum, Pointwise, Statement
from lstm_sym.program.values import Role, Value


@dataclass
class TapeForm:
    """What this file needs to know of a form: its name, its tape, and the forward function that fills it."""

    name: str
    tape_class: str
    forward: LoopFunction
    fields: dict[object, str]


def jacobian_functions(cell: Cell, jacobians: Jacobians, forms: list[TapeForm]) -> tuple[str, set[str]]:
    """The text of the functions, fast and precise, and the functions they need."""
    helpers: set[str] = set()
    program = jacobians.program
    before, after = zip(*states(program), strict=True)
    parts = []
    for name, sources, what in (
        ("jacobian", before, _STATE),
        ("input_jacobian", program.inputs, _INPUT.format(D=cell.input_shape[0])),
        ("parameter_jacobian", program.parameters, _PARAMETER),
    ):
        parts.append(entry_point(name, what))
        for form in forms:
            parts.append(JacobianWriter(cell, jacobians, form, name, after, sources, helpers).text())
    return "\n\n\n".join(parts), helpers


def reference_field(fields: Mapping[object, str]) -> tuple[str, bool]:
    """The first field of a tape that has time and batch axes, and whether it holds T + 1 states."""
    kinds = {field: key[1] if isinstance(key, tuple) else "" for key, field in fields.items()}
    field = next(field for field, kind in kinds.items() if kind != "constant")
    return field, kinds[field] == "states"


def jacobian_reads(jacobians: Jacobians, exact: bool) -> set[Value]:
    """The forward values that jacobian() and input_jacobian() read, in the precise or the fast form."""
    program = jacobians.program
    before, after = zip(*states(program), strict=True)
    whole: list[tuple[Value, Value | None]] = [(v, None) for v in (*before, *program.inputs, *program.parameters)]
    parts = [(source, entry) for source in before for entry in entries(program)]
    symbols = set()
    for target in after:
        for source, entry in [*whole, *parts]:
            symbols |= _symbols_read(jacobians.of(target, source, frozenset(after), entry), program, exact)
    constant = {*program.parameters, *program.constants}
    return {value for value in program.values() if value.symbol in symbols and value not in constant}


def _symbols_read(derived: Jacobian, program: Program, exact: bool) -> set[Symbol]:
    """The symbols in one Jacobian, its stages, and its slopes."""
    replacements = complements(program) if exact else {}
    factors = [f for one in (derived.map, *derived.map.stages.values()) for product in one.terms for f in product]
    symbols = {factor.operand.symbol for factor in factors if isinstance(factor, Applied)}
    slopes = derived.slopes if exact else tuple(map(from_output, derived.slopes))
    expressions = [s.expression for s in slopes if isinstance(s, Pointwise)]
    expressions += [factor.expression for factor in factors if isinstance(factor, Diagonal)]
    symbols |= {symbol for e in expressions for symbol in e.xreplace(replacements).free_symbols}
    return symbols | {value.symbol for s in slopes if isinstance(s, Maximum) for value in s.reads()}


_STATE = """The Jacobian ds[t]/ds[t-1] over all states, in the order of State, at step t of the tape.

    (B, S, S) for a step, (n, B, S, S) for a slice or an array of steps; S is the sum of the state sizes."""
_INPUT = """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

    (B, S, {D}) for a step, (n, B, S, {D}) for a slice or an array of steps; S is the sum of the state sizes."""
_PARAMETER = """The Jacobian ds[t]/dp of all states for each parameter p at step t, with s[t-1] held fixed.

    Params of arrays (B, S, *shape of p) for a step, (n, B, S, *shape of p) for a slice or an array of steps: what
    forward-mode learning (RTRL) adds at every step. It takes S times the memory of the parameters."""


RESERVED = ("np", "tape", "params", "t", "dtype", "lead", "out", "parts", "key")
RESULTS = {"parameter_jacobian": "Params", "jacobian_parts": "dict[str, Array]"}
"""What a function returns; the others return one array."""


def entry_point(name: str, what: str) -> str:
    """The text of the public function: it checks, and calls the form of the tape; `what` is its docstring."""
    result = RESULTS.get(name, "Array")
    return f'''def {name}(tape: Tape | PreciseTape, params: Params, t: Any = slice(None)) -> {result}:
    """{what}
    Raises TypeError, ValueError, IndexError.
    """
    _check_tape(tape, (Tape, PreciseTape))
    params, t, dtype = _reading(tape, params, t)
    if isinstance(tape, PreciseTape):
        return _{name}_precise(tape, params, t, dtype)
    return _{name}_fast(tape, params, t, dtype)'''


class JacobianWriter:
    """Writes one function."""

    def __init__(
        self,
        cell: Cell,
        jacobians: Jacobians,
        form: TapeForm,
        name: str,
        after: tuple[Value, ...],
        sources: tuple[Value, ...],
        helpers: set[str],
    ) -> None:
        self.cell, self.form, self.name, self.helpers = cell, form, name, helpers
        self.jacobians, self.program = jacobians, jacobians.program
        self.after, self.sources = after, sources
        self.names = Names(frozenset({*RESERVED, *cell.size_names}))
        self.bound: dict[Value, str] = {}
        self.out = "out"
        self.lines: list[str] = []
        self.stages: dict[Block, str] = {}
        self.vectors: set[Block] = set()
        self.symbols = {value.symbol: value for value in self.program.values()}
        self.complements = complements(self.program)

    def text(self) -> str:
        """The function."""
        self.blocks()
        if self.lines and self.lines[-1].startswith("del "):
            self.lines.pop()
        work = [*self.bound.values(), f"lead = {self.lead()}.shape[:-1]", *self.arrays(), *self.lines]
        work.append(f"return {self.result()}")
        code = "\n".join(line for line in work if not line.startswith("#"))
        sizes = size_lines(self.cell, code, self.tape_sizes())
        signature = (
            f"def _{self.name}_{self.form.name}(tape: {self.form.tape_class}, params: Params, t: Any,"
            f" dtype: np.dtype[Any]) -> {RESULTS.get(self.name, 'Array')}:"
        )
        return "\n".join([signature, *(f"    {line}" for line in [*sizes, *work])])

    def targets(self) -> list[Value]:
        """The states in the order in which they are computed, so that one can stand in the Jacobian of another."""
        return [s.target for s in self.program.statements if s.target in self.after]

    def blocks(self) -> None:
        """Write every block."""
        self.write()

    def write(self, entry: Value | None = None) -> None:
        """Write every block, or the part of it that enters by one equation, each after the stages that it reads."""
        kept = frozenset(self.after)
        found = [self.jacobians.of(target, source, kept, entry) for target in self.targets() for source in self.sources]
        order: dict[Block, tuple[LinearMap, Jacobian]] = {}
        for derived in found:
            for block, stage in derived.map.stages.items():
                order.setdefault(block, (stage, derived))
            order[Block(derived.target, derived.source)] = (derived.map, derived)
        last = {read: block for block, (linear, _) in order.items() for read in blocks(linear.terms)}
        self.stages, self.vectors = {}, set()
        for block, (linear, derived) in order.items():
            if not linear.is_zero:
                self.slopes(linear, derived.slopes)
                self.lines.append(f"# d {block.target} / d {block.source}")
                self.fill(block, linear, block.target in kept and block.source in self.sources, entry)
            done = [name for read, name in self.stages.items() if last.get(read) == block]
            self.lines += [f"del {', '.join(done)}"] if done else []

    def fill(self, block: Block, linear: LinearMap, is_result: bool, entry: Value | None) -> None:
        """Add every product of one block: to the result, or to an array of its own."""
        view = self.view(block) if is_result else self.allocated(block, linear, entry)
        for product in linear.terms:
            text, diagonal = self.product(product, block.source)
            if diagonal and not block.source.shape:
                self.lines.append(f"{view}[..., 0] += {text}")
            elif diagonal and block not in self.vectors:
                self.lines.append(f'np.einsum("...ii->...i", {view})[...] += {text}')
            else:
                self.lines.append(f"{view} += {text}")

    def allocated(self, block: Block, linear: LinearMap, entry: Value | None) -> str:
        """The array of a stage, allocated: (..., rows, columns), or (..., rows) of one that is diagonal."""
        factors = [factor for product in linear.terms for factor in product]
        if all(isinstance(factor, Diagonal) or factor in self.vectors for factor in factors):
            self.vectors.add(block)
        wanted = f"d_{identifier(block.target)}_d_{identifier(block.source)}" + (f"_by_{entry.name}" if entry else "")
        self.stages[block] = name = self.names.get((block, entry), wanted)
        columns = "" if block in self.vectors else f", {columns_of(block.source)}"
        self.lines.append(f"{name} = np.zeros((*lead, {columns_of(block.target)}{columns}), dtype)")
        return name

    def arrays(self) -> list[str]:
        """Allocate what is returned."""
        return [f"out = np.zeros((*lead, {self.extent(self.after)}, {self.extent(self.sources)}), dtype)"]

    def tape_sizes(self) -> dict[str, str]:
        """The arrays of the tape that hold one quantity, with its size."""
        names = {field: str(key[0]) for key, field in self.form.fields.items() if isinstance(key, tuple)}
        return {f"tape.{field}": self.cell.shapes[name][0] for field, name in names.items() if name in self.cell.shapes}

    def lead(self) -> str:
        """An expression whose leading axes are those of the steps asked for."""
        field, states = reference_field(self.form.fields)
        return f"tape.{field}{'[1:]' if states else ''}[t]"

    def extent(self, values: tuple[Value, ...]) -> str:
        """The sum of sizes."""
        return " + ".join(map(columns_of, values)) or "0"

    def result(self) -> str:
        """What the function returns: the array, or for the parameters their columns in their shapes."""
        if self.name != "parameter_jacobian":
            return "out"
        fields = []
        for value in self.sources:
            columns = f"out[..., {self.range_of(value, self.sources)}]"
            shaped = f".reshape(*out.shape[:-1], {', '.join(value.shape)})" if value.shape else "[..., 0]"
            fields.append(columns + shaped)
        return f"Params({', '.join(fields)})"

    def range_of(self, value: Value, values: tuple[Value, ...]) -> str:
        """The rows or columns of a value among several."""
        index = [v.name for v in values].index(value.name)
        return f"{self.extent(values[:index])} : {self.extent(values[: index + 1])}"

    def view(self, block: Block) -> str:
        """The array of a stage, or the block of the result."""
        if block in self.stages:
            return self.stages[block]
        rows, columns = self.range_of(block.target, self.after), self.range_of(block.source, self.sources)
        return f"{self.out}[..., {rows}, {columns}]"

    def slopes(self, linear: LinearMap, slopes: Sequence[Statement]) -> None:
        """The slopes that a map reads, in the form of the tape, each once."""
        diagonals = [f for product in linear.terms for f in product if isinstance(f, Diagonal)]
        read = {symbol for factor in diagonals for symbol in factor.expression.free_symbols}
        for statement in slopes:
            value = statement.target
            if value.symbol in read and value.symbol not in self.symbols:
                text = self.slope(statement)
                self.symbols[value.symbol] = value
                self.lines.append(f"{self.names.get(value, identifier(value))} = {text}")

    def slope(self, statement: Statement) -> str:
        """A slope over the tape's values: phi'(a), or the share of each unit in a maximum."""
        if isinstance(statement, Maximum):
            self.helpers.add("largest_share")
            return f"_largest_share({self.reference(statement.operand)})"
        chosen = from_output(statement) if self.form.name == "fast" else statement
        assert isinstance(chosen, Pointwise)
        return self.print(chosen.expression)

    def print(self, expression: Expr) -> str:
        """An expression over the tape's values at t."""
        exact = self.form.name == "precise"
        printer = NumPyPrinter(self.symbols, self.reference, self.helpers, exact, self.program.constants)
        return printer.print(expression.xreplace(self.complements) if exact else expression)

    def reference(self, value: Value) -> str:
        """A value at t, bound to a name once: read from the tape or from the parameters."""
        name = self.names.get(value, identifier(value))
        if value not in self.bound and value.role is not Role.SLOPE:
            self.bound[value] = f"{name} = {self.origin(value)}"
        return name

    def origin(self, value: Value) -> str:
        """Where a value is read from."""
        if value.is_parameter:
            return source_of(value)
        if value.role is Role.CONSTANT:
            return literal(self.program.constants[value])
        function = self.form.forward
        key, _ = function.array(value)
        array = f"tape.{self.form.fields[key]}"
        if value.time is None:
            return array
        place = function.storage.place(value)
        if place is not None:
            low, high = function.storage.span((place.group, place.row))
            size, slot = bracketed(place.group.size), place.slot - low
            return f"{array}[..., {slot} * {size} : {slot + 1} * {size}][t]" if high - low > 1 else f"{array}[t]"
        if isinstance(key, tuple) and key[1] == "states":
            return f"{array}[1:][t]" if value.time == 0 else f"{array}[:-1][t]"
        return f"{array}[t]"

    def product(self, product: Product, source: Value) -> tuple[str, bool]:
        """One product from right to left; True if it is diagonal and the text is its diagonal."""
        text, diagonal, constant = "", True, False
        for factor in reversed(product):
            if isinstance(factor, Diagonal) or factor in self.vectors:
                entries, scalar = self.entries(factor)
                if not diagonal:
                    text = f"{_axis(entries, ':, None', scalar)} * {text}"
                else:
                    constant = scalar and (constant or not text)
                    text = f"({entries}) * ({text})" if text else entries
            elif isinstance(factor, Applied):
                text, diagonal = self.applied(factor, source), False
            else:
                matrix = self.view(factor) if isinstance(factor, Block) else self.matrix(factor)
                if not diagonal:
                    text = f"{matrix} @ ({text})"
                elif not source.shape:
                    text = self.times_column(matrix, text, constant or not text)
                elif text:
                    text = f"{matrix} * {_axis(text, 'None, :', constant)}"
                else:
                    text = matrix
                diagonal = False
        return text or "1", diagonal

    def times_column(self, matrix: str, column: str, constant: bool) -> str:
        """A matrix times the column that a learned scalar moves: its entries, or one number at every unit."""
        if constant:
            return f"{matrix}.sum(axis=-1, keepdims=True)" + (f" * ({column})" if column else "")
        return f"{matrix} @ {_axis(column, ':, None', False)}"

    def entries(self, factor: Factor) -> tuple[str, bool]:
        """The entries of a diagonal, and whether they are one number."""
        if isinstance(factor, Diagonal):
            return self.print(factor.expression), self.is_constant(factor.expression)
        assert isinstance(factor, Block)
        return self.view(factor), False

    def applied(self, factor: Applied, parameter: Value) -> str:
        """d(W v)/dW, or d(W^T v)/dW, the columns of W in one axis."""
        name = "applied_transposed" if factor.transposed else "applied"
        self.helpers.add(name)
        return f"_{name}({self.reference(factor.operand)}, {parameter.shape[1 if factor.transposed else 0]})"

    def is_constant(self, expression: Expr) -> bool:
        """Whether an expression is one number at every unit."""
        return not any(self.symbols[symbol].shape for symbol in expression.free_symbols)

    def matrix(self, factor: Matrix) -> str:
        """A parameter, or the matrix of an operator, or its transpose."""
        if isinstance(factor.value, Value):
            return self.reference(factor.value) + (".T" if factor.transposed else "")
        operator = factor.value
        rows, columns = operator.shape
        if operator.kind == "part":
            start = " + ".join(operator.before) or "0"
            text = f"np.eye({rows}, dtype=dtype)[:, {start} : {' + '.join((*operator.before, columns))}]"
        elif operator.kind == "repeat":
            text = f"np.repeat(np.eye({columns}, dtype=dtype), {operator.count}, axis=0)"
        else:
            entry = f"1 / {bracketed(columns)}" if operator.kind == "mean" else "1"
            text = f"np.full(({rows}, {columns}), {entry}, dtype)"
        return text + (".T" if factor.transposed else "")


def columns_of(value: Value) -> str:
    """How many columns a value has in a Jacobian: its units, the entries of a matrix, one of a scalar."""
    return value.shape[0] if len(value.shape) == 1 else " * ".join(map(bracketed, value.shape)) or "1"


def _axis(entries: str, axes: str, constant: bool) -> str:
    """The entries of a diagonal as rows (":, None") or columns ("None, :") of a block."""
    if constant:
        return f"({entries})"
    return f"{entries}[..., {axes}]" if entries.isidentifier() else f"({entries})[..., {axes}]"
