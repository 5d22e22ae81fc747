"""_local() of a kernel: the values and slopes of steps of a tape, which all functions of one step read."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Expr, Function, Symbol

from lstm_sym.compile.plan import Plan
from lstm_sym.compile.storage import Names, View, identifier
from lstm_sym.emit.functions import splits
from lstm_sym.emit.numpy.layout import folded
from lstm_sym.emit.numpy.printer import CodePrinter, indented
from lstm_sym.emit.numpy.scalar import NumPyPrinter
from lstm_sym.emit.scalar import literal
from lstm_sym.equations.sizes import parts_of
from lstm_sym.passes.slope_forms import complements, from_output
from lstm_sym.program.statements import Maximum, Pointwise, Statement
from lstm_sym.program.values import Role, Value, complement

_RESERVED = frozenset({"np", "tape", "params", "t", "k", "sizes", "T", "B", "precise", "dtype", "terms", "lead"})


class LocalValues:
    """What functions of one step read; it grows as they are written, and is written last."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.program = plan, plan.program
        self.symbols: dict[Symbol, Value] = {value.symbol: value for value in plan.program.values()}
        self.read: dict[Value, None] = {}
        self.slope_statements: dict[Value, Statement] = {}
        self.complements = complements(plan.program)
        self.gates: dict[Value, Expr] = {}
        self.names = Names(_RESERVED | set(plan.cell.size_names))
        self.sizes: set[str] = set()

    def size(self, size: str, noted: set[str] | None = None) -> str:
        """A size; its names are noted as spoken of."""
        (self.sizes if noted is None else noted).update(name for name in parts_of(size) if not name.isdigit())
        return size

    def add_slope(self, statement: Statement) -> None:
        """A slope that is read."""
        self.slope_statements.setdefault(statement.target, statement)
        self.symbols[statement.target.symbol] = statement.target

    def named(self, expression: Expr) -> Expr:
        """The expression with 1 - z, of a gate z = sigmoid(a), by its name."""
        replacements = {}
        for one_less, rest in self.complements.items():
            if expression.has(one_less):
                gate = next(self.symbols[symbol] for symbol in one_less.free_symbols)
                value = complement(gate)
                self.gates[value] = rest
                self.symbols[value.symbol] = value
                replacements[one_less] = value.symbol
        return expression.xreplace(replacements) if replacements else expression

    def reference(self, value: Value) -> str:
        """A value of the step, in the tuple that _local() gives."""
        self.read[value] = None
        return f"v.{self.field(value)}"

    def field(self, value: Value) -> str:
        """The name of a value here."""
        return self.names.get(value, identifier(value))

    # The text

    def text(self) -> str:
        """_Local and _local()."""
        fields = [self.field(value) for value in self.read]
        derived = [value for value in self.read if value in self.slope_statements or value in self.gates]
        plain = [value for value in self.read if value not in derived]
        lines = self.bound(plain, True)
        forms = [self.form(derived, exact, plain) for exact in (True, False)]
        if forms[0] == forms[1]:
            lines += forms[0]
        else:
            lines += ["if isinstance(tape, PreciseTape):", *indented(forms[0]), "else:", *indented(forms[1])]
        lines += folded(f"return _Local({', '.join(fields)})")
        head = "\n".join(folded(f'_Local = namedtuple("_Local", [{", ".join(map(repr, fields))}])'))
        text = ['"""Values and slopes at the steps t of a tape, slopes from the form that it is of."""']
        body = "\n".join(indented([*text, *size_lines(self.sizes), *lines]))
        return f"{head}\n\n\ndef _local(tape: Any, params: Any, t: Any, sizes: dict[str, int]) -> Any:\n{body}"

    def form(self, derived: list[Value], exact: bool, known: list[Value]) -> list[str]:
        """Slopes and complements in one form, and what they alone are computed of."""
        return [*self.bound(self.operands(derived, exact, known), exact), *self.derived(derived, exact)]

    def operands(self, derived: Iterable[Value], exact: bool, known: list[Value]) -> list[Value]:
        """What slopes and complements are computed of in one form."""
        read = (self.symbols[symbol] for value in derived for symbol in self.expression(value, exact).free_symbols)
        plain = (v for v in read if v.role is not Role.CONSTANT and not v.is_parameter)
        return [*dict.fromkeys(value for value in plain if value not in known)]

    def expression(self, value: Value, exact: bool) -> Expr:
        """A slope, a complement, or the share of each unit in a maximum, in one form."""
        if value in self.gates and value.of is not None:
            return self.gates[value] if exact else 1 - value.of.symbol
        statement = self.slope_statements[value]
        if isinstance(statement, Maximum):
            return Function("largest_share")(statement.operand.symbol)
        chosen = statement if exact else from_output(statement)
        assert isinstance(chosen, Pointwise)
        return chosen.expression

    def derived(self, values: Iterable[Value], exact: bool) -> list[str]:
        """The slopes and complements in one form."""
        printer = NumPyPrinter(self.symbols, self.plain, self.program.constants, exact)
        texts = (f"{self.field(value)} = {printer.print(self.expression(value, exact))}" for value in values)
        return [line for text in texts for line in folded(text)]

    def plain(self, value: Value) -> str:
        """A value inside _local()."""
        if value.role is Role.CONSTANT:
            return literal(self.program.constants[value])
        if value.is_parameter:
            return f"params.{value.name}" + ("" if value.shape else ".reshape(1)")
        return self.field(value)

    def bound(self, values: Iterable[Value], exact: bool) -> list[str]:
        """Values at the steps t, read from the tape of one form; slots of one array together."""
        storage, fields = self.plan.forward.storage, self.plan.tape_fields[exact]
        lines: list[str] = []
        alone: dict[str, str] = {}
        slots: dict[str, list[tuple[View, Value]]] = {}
        for value in values:
            key, _ = storage.array(value)
            array = f"tape.{fields[key]}"
            place = storage.place(value)
            low, high = storage.span((place.group, place.row)) if place is not None else (0, 1)
            if place is not None and high - low > 1:
                view = View(fields[key], place.slot - low, place.slot - low + 1, high - low, place.group.size)
                slots.setdefault(fields[key], []).append((view, value))
            elif value.time is None:
                alone[self.field(value)] = array
            else:
                states = isinstance(key, tuple) and key[1] == "states"
                part = ("[1:]" if value.time == 0 else "[:-1]") if states else ""
                alone[self.field(value)] = f"{array}{part}[t]"
        lines += folded(f"{', '.join(alone)} = {', '.join(alone.values())}") if alone else []
        for array, found in slots.items():
            lines += self.split(array, sorted(found, key=lambda pair: pair[0]))
        return lines

    def split(self, array: str, found: list[tuple[View, Value]]) -> list[str]:
        """Slots of one array: those that are neighbours in one line."""
        whole, lines = f"tape.{array}[t]", list[str]()
        if len(found) > 1:
            whole = self.names.get(("array", array), array)
            lines.append(f"{whole} = tape.{array}[t]")
        for view, _ in found:
            self.size(view.size)
        views = {self.field(value): view._replace(array=whole) for view, value in found}
        return [*lines, *CodePrinter().lines(splits(views))]


def size_lines(sizes: Iterable[str]) -> list[str]:
    """D, H = sizes["D"], sizes["H"]"""
    names = sorted(sizes)
    found = ", ".join(f'sizes["{name}"]' for name in names)
    return [f"{', '.join(names)} = {found}"] if names else []
