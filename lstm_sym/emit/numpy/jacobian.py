"""The Jacobians of a kernel, from diagonals and weights, block by block, and the values of a step that they read.

A block is computed from right to left: diag(e) scales rows, a matrix multiplies. A stage is an array of its own, a
vector where it is diagonal; it is let go after its last reader. The block of a state of this step is in the result.
A sum of diag(e) W is one product a row, written where the block stands, and is kept as its pairs of e and W: a block
that is scaled by diag(d) alone is made of d e and W, and so never read from memory again.
Nothing is differentiated here and no backward pass runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sympy import Expr

from lstm_sym.compile.plan import Plan
from lstm_sym.compile.storage import Names, identifier
from lstm_sym.derivation.jacobian import Jacobian, entries, states
from lstm_sym.derivation.linear_map import Applied, Block, Diagonal, Factor, LinearMap, Matrix, Product, blocks
from lstm_sym.emit.numpy.jacobian_table import JacobianFunction
from lstm_sym.emit.numpy.layout import docstring, folded
from lstm_sym.emit.numpy.local import LocalValues, size_lines
from lstm_sym.emit.numpy.printer import indented, noted
from lstm_sym.emit.numpy.scalar import NumPyPrinter, calls_chosen
from lstm_sym.equations.sizes import bracketed
from lstm_sym.ground.groups import runs
from lstm_sym.program.values import Role, Value

RESERVED = ("np", "tape", "params", "t", "dtype", "lead", "out", "parts", "key", "v", "at", "columns", "sizes")


@dataclass(frozen=True)
class Shared:
    """factors @ (d through / d source) for the sources from the first to the last of `places`."""

    factors: Product
    through: Value
    places: tuple[int, int]


class Printed(NamedTuple):
    """A product as it is printed: its text, whether that is a diagonal, and its last operation, to be written in place.

    in_place is "" where there is none.
    """

    text: str
    is_diagonal: bool
    in_place: str = ""


class Reading(NamedTuple):
    """How other blocks read one: with its rows scaled and in no other way, by a matrix as well, or both."""

    by_rows: bool
    whole: bool


UNREAD = Reading(by_rows=False, whole=False)


def _readings(maps: Iterable[LinearMap]) -> dict[Block, Reading]:
    """How each block is read, from all maps."""
    found: dict[Block, Reading] = {}
    for product in (product for linear in maps for product in linear.terms):
        only_scaled = all(isinstance(factor, Diagonal) for factor in product[:-1])
        for block in blocks([product]):
            by_rows, whole = found.get(block, UNREAD)
            found[block] = Reading(by_rows or only_scaled, whole or not only_scaled)
    return found


class JacobianWriter:
    """Writes one function."""

    def __init__(self, plan: Plan, function: JacobianFunction, local: LocalValues) -> None:
        self.function, self.local = function, local
        self.jacobians, self.program = plan.derivation.jacobians, plan.program
        self.after = tuple(after for _, after in states(plan.program)) if function.rows else plan.program.outputs
        self.sources = function.sources
        self.names = Names(frozenset({*RESERVED, *plan.cell.size_names}))
        self.out = "out"
        self.entry: Value | None = None  # by which the flow enters, of a part
        self.lines: list[str] = []
        self.stages: dict[Block, str] = {}
        self.vectors: set[Block] = set()
        self.diagonals: set[Block] = set()  # blocks of the result that are diagonal
        self.pairs: dict[Block, str] = {}  # blocks that are a sum of diag(e) W, by the name of their pairs
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
            self.out, self.entry = f"parts[{entry.name!r}]", entry
            self.write()

    def write(self) -> None:
        """Write every block, or the part of it that enters by one equation, each after the stages that it reads."""
        kept = frozenset(self.after if self.function.rows else ())
        found = [
            self.jacobians.of(target, source, kept, self.entry) for target in self.targets() for source in self.sources
        ]
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
        read = _readings(order.values())
        self.stages, self.vectors, self.diagonals, self.pairs = {}, set(), set(), {}
        for block, linear in order.items():
            if not linear.is_zero:
                self.fill(block, linear, block in results, read.get(block, UNREAD))
            if block in results and block.source == self.sources[-1]:
                for flow in shared.pop(block.target, ()):
                    self.together(block.target, flow)
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
                if own and isinstance(through, Block) and through.source.shape and self.is_shared(product):
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

    def is_shared(self, product: Product) -> bool:
        """Whether the columns of several sources may be one line: a block of states scaled by rows has its pairs."""
        within_states = self.function.columns == "at" and all(isinstance(factor, Diagonal) for factor in product[:-1])
        return bool(self.function.columns) and not within_states

    def together(self, target: Value, shared: Shared) -> None:
        """One line for the columns of several sources."""
        first, last = (f"{self.function.columns}.{self.sources[k].name}" for k in shared.places)
        columns = f"{first}.start : {last}.stop"
        block = Block(shared.through, self.sources[shared.places[0]])
        self.stages[block] = f"{self.out}[..., at.{shared.through.name}, {columns}]"
        text = self.product((*shared.factors, block), block.source).text
        del self.stages[block]
        line = f"{self.out}[..., at.{target.name}, {columns}] += {text}"
        self.lines += noted([line], f"d {target} / d {shared.through}, and on")

    def fill(self, block: Block, linear: LinearMap, is_result: bool, read: Reading) -> None:
        """Write every product of one block: to the result, or to an array of its own."""
        left = [p for p in linear.terms if (block.target, block.source, p) not in self.covered]
        found = {product: self.pairs_of(product, block.source) for product in left}
        pairs = [pair for pair in found.values() if pair]
        others = [self.product(product, block.source) for product, pair in found.items() if not pair]
        lines: list[str] = []
        self.note_diagonal(block, linear, is_result)
        if len(pairs) == len(linear.terms) and read.by_rows:
            self.pairs[block] = name = self.names.get((self.out, block, "pairs"), f"{self.name_of(block)}_pairs")
            lines.append(f"{name} = [{', '.join(pairs)}]")
            pairs = [f"*{name}"]
        if is_result or read.whole or block not in self.pairs:
            lines += [] if is_result else [self.allocated(block)]
            lines += self.written(block, pairs, others)
        self.lines += noted(lines, f"d {block.target} / d {block.source}") if lines else []

    def written(self, block: Block, pairs: list[str], others: list[Printed]) -> list[str]:
        """The sum of all products, the first in place of what was there, a diagonal on the diagonal alone."""
        view, lines = self.view(block), list[str]()
        if pairs == [f"*{self.pairs.get(block)}"]:
            lines.append(f"_weighted({view}, {self.pairs[block]})")
        elif pairs:
            lines.append(f"_weighted({view}, [{', '.join(pairs)}])")
        for text, is_diagonal, in_place in sorted(others, key=lambda printed: printed.is_diagonal):
            if is_diagonal and not block.source.shape:
                lines.append(f"{view}[..., 0] += {text}")
            elif is_diagonal and block not in self.vectors:
                lines.append(f"_diagonal({view})[...] += {text}")
            elif in_place and not lines:
                lines.append(in_place.format(view))
            else:
                lines.append(f"{view} += {text}")
        return lines

    def note_diagonal(self, block: Block, linear: LinearMap, is_result: bool) -> None:
        """Note that a block is a diagonal: a vector where it is a stage."""
        factors = [factor for product in linear.terms for factor in product]
        if all(map(self.is_diagonal, factors)):
            if not is_result:
                self.vectors.add(block)
            elif block.source.shape:
                self.diagonals.add(block)

    def is_diagonal(self, factor: Factor) -> bool:
        """Whether a factor scales the rows of what stands on its right, and nothing else."""
        return (
            isinstance(factor, Diagonal)
            or factor in self.vectors
            or (factor in self.diagonals and factor not in self.stages)
        )

    def pairs_of(self, product: Product, source: Value) -> str:
        """The pairs of e and W of which a product is the sum of diag(e) W; "" for one that is no such sum."""
        if not product or not source.shape or not all(map(self.is_diagonal, product[:-1])):
            return ""
        *scales, last = product
        scale = self.product(tuple(scales), source).text
        if isinstance(last, Matrix):
            return f"({scale}, {self.matrix(last)})"
        if isinstance(last, Block) and last in self.pairs:
            return f"*_scaled({scale}, {self.pairs[last]})" if scales else f"*{self.pairs[last]}"
        return ""

    def allocated(self, block: Block) -> str:
        """The array of a stage, allocated: (..., rows, columns), or (..., rows) of one that is diagonal."""
        self.stages[block] = name = self.names.get((self.out, block), self.name_of(block))
        columns = "" if block in self.vectors else f", {self.columns_of(block.source)}"
        return f"{name} = np.zeros((*lead, {self.columns_of(block.target)}{columns}), dtype)"

    def name_of(self, block: Block) -> str:
        """What a block is called, in a part of a Jacobian with the equation by which the flow enters."""
        entry = f"_by_{self.entry.name}" if self.entry else ""
        return f"d_{identifier(block.target)}_d_{identifier(block.source)}{entry}"

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

    def product(self, product: Product, source: Value) -> Printed:
        """One product from right to left, the text of a diagonal being its entries."""
        text, diagonal, constant, atomic, in_place = "", True, False, False, ""
        for factor in reversed(product):
            if self.is_diagonal(factor):
                found, scalar, alone = self.entries(factor)
                if not diagonal:
                    rows = _axis(found, ":, None", scalar, alone)
                    text, in_place = f"{rows} * {text}", f"np.multiply({rows}, {text}, out={{}})"
                else:
                    constant = scalar and (constant or not text)
                    atomic = alone and not text
                    text = f"({found}) * ({text})" if text else found
            elif isinstance(factor, Applied):
                text, diagonal = self.applied(factor, source), False
            else:
                assert not isinstance(factor, Diagonal)
                matrix = self.view(factor) if isinstance(factor, Block) else self.matrix(factor)
                in_place = ""
                if not diagonal:
                    text, in_place = f"{matrix} @ ({text})", f"np.matmul({matrix}, {text}, out={{}})"
                elif not source.shape:
                    text = self.times_column(matrix, text, constant or not text, atomic)
                elif text:
                    columns = _axis(text, "None, :", constant, atomic)
                    text, in_place = f"{matrix} * {columns}", f"np.multiply({matrix}, {columns}, out={{}})"
                else:
                    text = matrix
                diagonal = False
        return Printed(text or "1", diagonal, in_place)

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
        if factor in self.diagonals:
            return f"_diagonal({self.view(factor)})", False, True
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
