"""The Jacobians of a kernel, from diagonals and weights, block by block, and the values of a step that they read.

A block is computed from right to left: diag(e) scales rows, a matrix multiplies. A stage is an array of its own, a
vector where it is diagonal; it is let go after its last reader. The block of a state of this step is in the result.
Nothing is differentiated here and no backward pass runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr

from lstm_sym.compile.plan import Plan
from lstm_sym.compile.storage import Names, identifier
from lstm_sym.derivation.jacobian import Jacobian, entries, states
from lstm_sym.derivation.linear_map import Applied, Block, Diagonal, Factor, LinearMap, Matrix, Product, blocks
from lstm_sym.emit.numpy.layout import docstring, folded
from lstm_sym.emit.numpy.local import LocalValues, size_lines
from lstm_sym.emit.numpy.printer import indented, noted
from lstm_sym.emit.numpy.scalar import NumPyPrinter, calls_chosen
from lstm_sym.equations.sizes import bracketed
from lstm_sym.ground.groups import runs
from lstm_sym.program.values import Role, Value

_STATE = """The Jacobian ds[t]/ds[t-1] over all states, in the order of State, at step t of the tape.

(B, S, S), of several steps (n, B, S, S); S sums the state sizes. Raises TypeError, ValueError, IndexError."""
_INPUT = """The Jacobian ds[t]/dx[t] of all states at step t of the tape.

(B, S, {D}), of several steps (n, B, S, {D}); S sums the state sizes. Raises TypeError, ValueError, IndexError."""
_PARAMETER = """The Jacobian ds[t]/dp of all states for each parameter p at step t, with s[t-1] held fixed: a Params.

(B, S, *shape of p), of several steps (n, B, S, *shape of p): what forward-mode learning (RTRL) adds at every step.
It takes S times the memory of the parameters. Raises TypeError, ValueError, IndexError."""
_OUTPUT = """The Jacobian dy[t]/d{source} of the output {name} at step t of the tape.

(B, {rows}, {columns}), of several steps (n, B, {rows}, {columns}). Raises TypeError, ValueError, IndexError."""
_PARTS = """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

{{{keys}}}: (B, S, S), of several steps (n, B, S, S).
A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself.
Raises TypeError, ValueError, IndexError."""

_SHAPED = "Params(*(out[..., c].reshape(*lead, -1, *p.shape) for c, p in zip(columns, params, strict=True)))"
RESERVED = ("np", "tape", "params", "t", "dtype", "lead", "out", "parts", "key", "v", "at", "columns", "sizes")


@dataclass(frozen=True)
class JacobianFunction:
    """A function of a kernel: its name, its text, what its columns are, what it allocates and gives back."""

    name: str
    text: str
    sources: tuple[Value, ...]
    allocated: str
    result: str = "out"
    returns: str = "Array"
    columns: str = "at"
    rows: str = "at"


def jacobian_functions(plan: Plan) -> list[JacobianFunction]:
    """The functions over one tape: of the states, the input and the parameters, and that of the states in parts.

    Where the output is no state, two more of the output; a cell without a state has those alone.
    """
    program, cell = plan.program, plan.cell
    before = tuple(before for before, _ in states(program))

    def zeros(width: str) -> str:
        return f"np.zeros((*lead, at[-1].stop, {width}), dtype)"

    names = [repr(entry.name) for entry in entries(program)]
    keys = ", ".join(names)
    each = f"key: {zeros('at[-1].stop')} for key in ({keys}{',' * (len(names) == 1)})" if names else ""
    width = f'sizes["{cell.input_shape[0]}"]' if cell.input else "0"
    stop, shaped = ("columns[-1].stop", _SHAPED) if program.parameters else ("0", "Params()")
    parts = f"parts: dict[str, Array] = {{{each}}}"
    text = _INPUT.format(D=cell.input_shape[0])
    outputs = [] if cell.output in cell.states else _of_the_output(plan, before)
    if not before:
        return outputs
    return [
        *outputs,
        JacobianFunction("jacobian", _STATE, before, f"out = {zeros('at[-1].stop')}"),
        JacobianFunction("input_jacobian", text, program.inputs, f"out = {zeros(width)}", columns=""),
        JacobianFunction(
            "parameter_jacobian", _PARAMETER, program.parameters, f"out = {zeros(stop)}", shaped, "Params", "columns"
        ),
        JacobianFunction("jacobian_parts", _PARTS.format(keys=keys), before, parts, "parts", "dict[str, Array]"),
    ]


def _of_the_output(plan: Plan, before: tuple[Value, ...]) -> list[JacobianFunction]:
    """The functions of an output that is no state."""
    program, cell = plan.program, plan.cell
    rows = cell.shapes[cell.output][0]

    def function(name: str, source: str, columns: str, width: str, sources: tuple[Value, ...]) -> JacobianFunction:
        text = _OUTPUT.format(source=source, name=cell.output, rows=rows, columns=columns)
        allocated = f'out = np.zeros((*lead, sizes["{rows}"], {width}), dtype)'
        return JacobianFunction(name, text, sources, allocated, columns="at" if sources is before else "", rows="")

    found = [function("output_jacobian", "s[t-1]", "S", "at[-1].stop", before)] if before else []
    if program.inputs:
        size = cell.input_shape[0]
        found.append(function("output_input_jacobian", "x[t]", size, f'sizes["{size}"]', program.inputs))
    return found


@dataclass(frozen=True)
class Shared:
    """factors @ (d through / d source) for the sources from the first to the last of `places`."""

    factors: Product
    through: Value
    places: tuple[int, int]


class JacobianWriter:
    """Writes one function."""

    def __init__(self, plan: Plan, function: JacobianFunction, local: LocalValues) -> None:
        self.function, self.local = function, local
        self.jacobians, self.program = plan.derivation.jacobians, plan.program
        self.after = tuple(after for _, after in states(plan.program)) if function.rows else plan.program.outputs
        self.sources = function.sources
        self.names = Names(frozenset({*RESERVED, *plan.cell.size_names}))
        self.out = "out"
        self.lines: list[str] = []
        self.stages: dict[Block, str] = {}
        self.vectors: set[Block] = set()
        self.sizes: set[str] = set()
        self.chooses = False
        self.covered: set[tuple[Value, Value, Product]] = set()

    def text(self) -> str:
        """The function."""
        self.blocks()
        if self.lines and self.lines[-1].startswith("del "):
            self.lines.pop()
        function = self.function
        head = ["params, t, sizes, lead, dtype = _reading(tape, params, t)"]
        read = "_local(tape, params, t, sizes)"
        at = f"v, at = {read}, _ranges(State, _STATE_SHAPES, sizes)"
        head += [at if function.rows or function.columns else f"v = {read}"]
        head += ["sigmoid = _sigmoid_precise if isinstance(tape, PreciseTape) else _sigmoid"] if self.chooses else []
        head += ["columns = _ranges(Params, _SHAPES, sizes)"] if function.columns == "columns" else []
        head += size_lines(self.sizes)
        body = [*head, *folded(function.allocated), *self.lines, f"return {function.result}"]
        signature = (
            f"def {function.name}(tape: Tape | PreciseTape, params: Params, t: Any = slice(None))"
            f" -> {function.returns}:"
        )
        return "\n".join([signature, *indented(docstring(function.text).split("\n")), *indented(body)])

    def targets(self) -> list[Value]:
        """The states as they are computed, so that one can stand in the Jacobian of another; or the output."""
        return [s.target for s in self.program.statements if s.target in self.after]

    def blocks(self) -> None:
        """Write every block; of the function of parts, those paths alone that enter by each equation."""
        if self.function.name != "jacobian_parts":
            self.write()
            return
        for entry in entries(self.program):
            self.out = f"parts[{entry.name!r}]"
            self.write(entry)

    def write(self, entry: Value | None = None) -> None:
        """Write every block, or the part of it that enters by one equation, each after the stages that it reads."""
        kept = frozenset(self.after if self.function.rows else ())
        found = [self.jacobians.of(target, source, kept, entry) for target in self.targets() for source in self.sources]
        order: dict[Block, LinearMap] = {}
        for derived in found:
            for block, stage in derived.map.stages.items():
                order.setdefault(block, stage)
            order[Block(derived.target, derived.source)] = derived.map
        for statement in (slope for derived in found for slope in derived.slopes):
            self.local.add_slope(statement)
        shared = self.shared(found)
        results = {Block(derived.target, derived.source) for derived in found}
        last = {read: block for block, linear in order.items() for read in blocks(linear.terms)}
        self.stages, self.vectors = {}, set()
        for block, linear in order.items():
            if not linear.is_zero:
                for flow in shared.pop(block.target, ()):
                    self.together(block.target, flow)
                self.fill(block, linear, block in results, entry)
            done = [name for read, name in self.stages.items() if last.get(read) == block]
            self.lines += [f"del {', '.join(done)}"] if done else []

    def shared(self, found: Sequence[Jacobian]) -> dict[Value, list[Shared]]:
        """Of each target, what flows alike from neighbouring sources through a target above: factors @ block.

        dh/dp = diag(o tanh'(c)) dc/dp for all p that c depends on is one line.
        """
        self.covered = set()
        ways: dict[tuple[Value, Product, Value], list[int]] = {}
        for derived in found:
            for product in derived.map.terms:
                through = product[-1] if product else None
                own = isinstance(through, Block) and through.source == derived.source and through.target in self.after
                if self.function.columns and own and isinstance(through, Block) and through.source.shape:
                    key = derived.target, product[:-1], through.target
                    ways.setdefault(key, []).append(self.sources.index(derived.source))
        result: dict[Value, list[Shared]] = {}
        for (target, factors, through_target), places in ways.items():
            for run in runs(sorted(places), lambda a, b: b == a + 1):
                if len(run) > 1:
                    result.setdefault(target, []).append(Shared(factors, through_target, (run[0], run[-1])))
                    sources = [self.sources[place] for place in run]
                    self.covered.update((target, s, (*factors, Block(through_target, s))) for s in sources)
        return result

    def together(self, target: Value, shared: Shared) -> None:
        """One line for the columns of several sources."""
        first, last = (f"{self.function.columns}.{self.sources[k].name}" for k in shared.places)
        columns = f"{first}.start : {last}.stop"
        block = Block(shared.through, self.sources[shared.places[0]])
        self.stages[block] = f"{self.out}[..., at.{shared.through.name}, {columns}]"
        text, _ = self.product((*shared.factors, block), block.source)
        del self.stages[block]
        line = f"{self.out}[..., at.{target.name}, {columns}] += {text}"
        self.lines += noted([line], f"d {target} / d {shared.through}, and on")

    def fill(self, block: Block, linear: LinearMap, is_result: bool, entry: Value | None) -> None:
        """Add every product of one block: to the result, or to an array of its own."""
        lines = [] if is_result else [self.allocated(block, linear, entry)]
        view = self.view(block)
        left = [p for p in linear.terms if (block.target, block.source, p) not in self.covered]
        products = [self.product(product, block.source) for product in left]
        if products and is_result and len(left) == len(linear.terms) and not any(diagonal for _, diagonal in products):
            lines.append(f"{view} = {' + '.join(text for text, _ in products)}")
            products = []
        for text, diagonal in products:
            if diagonal and not block.source.shape:
                lines.append(f"{view}[..., 0] += {text}")
            elif diagonal and block not in self.vectors:
                lines.append(f"_diagonal({view})[...] += {text}")
            else:
                lines.append(f"{view} += {text}")
        self.lines += noted(lines, f"d {block.target} / d {block.source}") if lines else []

    def allocated(self, block: Block, linear: LinearMap, entry: Value | None) -> str:
        """The array of a stage, allocated: (..., rows, columns), or (..., rows) of one that is diagonal."""
        factors = [factor for product in linear.terms for factor in product]
        if all(isinstance(factor, Diagonal) or factor in self.vectors for factor in factors):
            self.vectors.add(block)
        wanted = f"d_{identifier(block.target)}_d_{identifier(block.source)}" + (f"_by_{entry.name}" if entry else "")
        self.stages[block] = name = self.names.get((block, entry), wanted)
        columns = "" if block in self.vectors else f", {self.columns_of(block.source)}"
        return f"{name} = np.zeros((*lead, {self.columns_of(block.target)}{columns}), dtype)"

    def columns_of(self, value: Value) -> str:
        """How many columns a value has in a Jacobian: its units, the entries of a matrix, one of a scalar."""
        sizes = [self.size(size) for size in value.shape]
        return sizes[0] if len(sizes) == 1 else " * ".join(map(bracketed, sizes)) or "1"

    def size(self, size: str) -> str:
        """A size, noted as one that the function speaks of."""
        return self.local.size(size, self.sizes)

    def view(self, block: Block) -> str:
        """The array of a stage, or the block of the result."""
        if block in self.stages:
            return self.stages[block]
        columns = f"{self.function.columns}.{block.source.name}" if self.function.columns else ":"
        rows = f"at.{block.target.name}" if self.function.rows else ":"
        return f"{self.out}[..., {rows}, {columns}]"

    def print(self, expression: Expr) -> str:
        """An expression over the values of the step."""
        named = self.local.named(expression)
        self.chooses |= calls_chosen(named, self.program.constants)
        printer = NumPyPrinter(self.local.symbols, self.reference, self.program.constants, None)
        return printer.print(named)

    def reference(self, value: Value) -> str:
        """A value of the step, a parameter, or a number."""
        fixed = value.is_parameter or value.role is Role.CONSTANT
        return self.local.plain(value) if fixed else self.local.reference(value)

    def product(self, product: Product, source: Value) -> tuple[str, bool]:
        """One product from right to left; True if it is diagonal and the text is its diagonal."""
        text, diagonal, constant, atomic = "", True, False, False
        for factor in reversed(product):
            if isinstance(factor, Diagonal) or factor in self.vectors:
                found, scalar, alone = self.entries(factor)
                if not diagonal:
                    text = f"{_axis(found, ':, None', scalar, alone)} * {text}"
                else:
                    constant = scalar and (constant or not text)
                    atomic = alone and not text
                    text = f"({found}) * ({text})" if text else found
            elif isinstance(factor, Applied):
                text, diagonal = self.applied(factor, source), False
            else:
                matrix = self.view(factor) if isinstance(factor, Block) else self.matrix(factor)
                if not diagonal:
                    text = f"{matrix} @ ({text})"
                elif not source.shape:
                    text = self.times_column(matrix, text, constant or not text, atomic)
                elif text:
                    text = f"{matrix} * {_axis(text, 'None, :', constant, atomic)}"
                else:
                    text = matrix
                diagonal = False
        return text or "1", diagonal

    def times_column(self, matrix: str, column: str, constant: bool, atomic: bool) -> str:
        """A matrix times the column that a learned scalar moves: its entries, or one number at every unit."""
        if constant:
            return f"{matrix}.sum(axis=-1, keepdims=True)" + (f" * ({column})" if column else "")
        return f"{matrix} @ {_axis(column, ':, None', False, atomic)}"

    def entries(self, factor: Factor) -> tuple[str, bool, bool]:
        """The entries of a diagonal, whether they are one number, and whether the text is a name."""
        if isinstance(factor, Diagonal):
            expression = factor.expression
            return self.print(expression), self.is_constant(expression), bool(expression.is_Symbol)
        assert isinstance(factor, Block)
        return self.view(factor), False, factor in self.stages

    def applied(self, factor: Applied, parameter: Value) -> str:
        """d(W v)/dW, or d(W^T v)/dW, the columns of W in one axis."""
        name = "applied_transposed" if factor.transposed else "applied"
        return f"_{name}({self.reference(factor.operand)}, {self.size(parameter.shape[1 if factor.transposed else 0])})"

    def is_constant(self, expression: Expr) -> bool:
        """Whether an expression is one number at every unit."""
        return not any(self.local.symbols[symbol].shape for symbol in expression.free_symbols)

    def matrix(self, factor: Matrix) -> str:
        """A parameter, or the matrix of an operator, or its transpose."""
        if isinstance(factor.value, Value):
            return self.reference(factor.value) + (".T" if factor.transposed else "")
        operator = factor.value
        rows, columns = map(self.size, operator.shape)
        if operator.kind == "part":
            start = " + ".join(map(self.size, operator.before)) or "0"
            end = " + ".join(map(self.size, (*operator.before, operator.shape[1])))
            text = f"np.eye({rows}, dtype=dtype)[:, {start} : {end}]"
        elif operator.kind == "repeat":
            text = f"np.repeat(np.eye({columns}, dtype=dtype), {operator.count}, axis=0)"
        else:
            entry = f"1 / {bracketed(columns)}" if operator.kind == "mean" else "1"
            text = f"np.full(({rows}, {columns}), {entry}, dtype)"
        return text + (".T" if factor.transposed else "")


def _axis(entries: str, axes: str, constant: bool, atomic: bool) -> str:
    """The entries of a diagonal as rows (":, None") or columns ("None, :") of a block."""
    if constant:
        return f"({entries})"
    return f"{entries}[..., {axes}]" if atomic else f"({entries})[..., {axes}]"
