"""Statements over whole rows as C: products, sums and means over units, parts of stacks; and the memory of a loop."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lstm_sym.emit import nodes as n
from lstm_sym.emit.c.memory import Memory
from lstm_sym.emit.c.words import plus, times_size
from lstm_sym.emit.places import Place
from lstm_sym.emit.scalar import in_braces
from lstm_sym.equations.sizes import bracketed

ROW_WISE = (n.Product, n.Mapped, n.Largest, n.Stacked)
"""Kinds of node that read units other than the one they write."""


class RowPrinter:
    """Prints statements over whole rows; `keeps`: in memory of the caller, who has it packed once."""

    def __init__(self, memory: Memory, statements: Sequence[tuple[str, n.Node]], keeps: bool = False) -> None:
        self.memory, self.statements, self.keeps = memory, statements, keeps

    # Memory

    def begin(self, in_memory: Collection[str]) -> list[str]:
        """The rows of one step that are in memory, and the matrices of the loop's products, packed."""
        asked, lines = [], list[str]()
        for name in sorted(in_memory):
            if name not in self.memory.places.handed_on and self.local(name):
                asked.append((self.memory.array(name), times_size("lanes", self.memory.place(name).width)))
        for product, (inner, columns) in self.products().items():
            name, packed = product[0], self.memory.packed(*product)
            asked.append((packed, f"{bracketed(inner)} * padded({columns})"))
            down, across = ("1", inner) if product[1] else (columns, "1")
            lines.append(f"pack({inner}, {columns}, {self.memory.array(name)}, {down}, {across}, {packed});")
        total = " + ".join(["16", *(f"lines({size})" for _, size in asked)])
        memory = [
            f"real *const work = aligned_alloc(64, ({total}) * sizeof(real)), *free_work = work;",
            "if (!work) return 1;",
        ]
        if self.keeps:
            memory = [f"if (!kept) return {total};", "real *free_work = kept;"]
            lines = ["if (!ready) {", *in_braces([*lines, "return 0;"]), "}"]
        for name, size in asked:
            memory += [f"real *{name} = free_work;", f"free_work += lines({size});"]
        received = [f"real *{self.memory.array(name)} = {self.given(name)};" for name in self.handed_on]
        return ["const long lanes = last - first;", *memory, *lines, *received]

    def given(self, name: str) -> str:
        """Where the first step receives something."""
        return plus(self.memory.received(name), times_size("first", self.memory.place(name).width))

    @property
    def handed_on(self) -> dict[str, str]:
        """What one step receives of the one before -> what that one sends."""
        return self.memory.places.handed_on

    def local(self, name: str) -> bool:
        """Whether an array holds rows of one step alone."""
        return self.memory.place(name).kind == "local"

    def end(self) -> list[str]:
        """What the last step sent is where the first one received it, and the memory is given back."""
        lines = []
        for receives in self.handed_on:
            name, size = self.memory.array(receives), times_size("lanes", self.memory.place(receives).width)
            given = self.given(receives)
            lines.append(f"if ({name} != {given}) memcpy({given}, {name}, {size} * sizeof(real));")
        return [*lines, *([] if self.keeps else ["free(work);"]), "return 0;"]

    def products(self) -> dict[tuple[str, bool], tuple[str, str]]:
        """Matrix and whether it is transposed -> the units that its products read, and those that they give."""
        found = {}
        for target, value in self.statements:
            match value:
                case n.Product(left=n.Name(text=left), matrix=n.Name(text=matrix), transposed=transposed):
                    found[matrix, transposed] = self.memory.place(left).size, self.memory.place(target).size
        return found

    # Calls

    def call(self, target: str, node: n.Node, adds: bool) -> list[str]:
        """The call of one statement."""
        place = self.memory.place(target)
        match node:
            case n.Product(left=n.Name(text=left), matrix=n.Name(text=matrix), transposed=transposed):
                source = self.memory.place(left)
                rows = f"lanes, {place.size}, {source.size}"
                read = f"{self.memory.start(source)}, {source.width}, {self.memory.packed(matrix, transposed)}"
                return [f"times({rows}, {read}, {self.memory.start(place)}, {place.width}, {int(adds)});"]
            case n.Stacked(parts=parts):
                return self.stacked(place, [part.text for part in parts if isinstance(part, n.Name)])
            case n.Largest(operand=n.Name(text=operand)):
                return [self.over_units("largest_share" if node.share else "largest", place, operand)]
            case n.Mapped(operand=n.Name(text=operand)):
                return self.mapped(place, node, operand)
        raise TypeError(f"{type(node).__name__} of an expression is no statement over rows")

    def over_units(self, function: str, place: Place, operand: str, more: str = "") -> str:
        """A function of every row."""
        source = self.memory.place(operand)
        read = f"{self.memory.start(source)}, {source.width}, {source.size}"
        return f"{function}(lanes, {read}, {self.memory.start(place)}, {place.width}{more});"

    def stacked(self, place: Place, parts: list[str]) -> list[str]:
        """Vectors of units, one after the other."""
        lines, before = [], list[str]()
        for name in parts:
            source = self.memory.place(name)
            low = plus(place.low, *before)
            lines.append(self.over_units("copied", place._replace(low=low), name))
            before.append(source.size)
        return lines

    def mapped(self, place: Place, node: n.Mapped, operand: str) -> list[str]:
        """A constant linear map over units."""
        operator, source = node.operator, self.memory.place(operand)
        if operator.kind == "part":
            low = plus(source.low, *operator.before)
            read = f"{self.memory.start(source._replace(low=low))}, {source.width}, {place.size}"
            return [f"copied(lanes, {read}, {self.memory.start(place)}, {place.width});"]
        if operator.kind == "repeat":
            function = "run_sums" if node.transposed else "repeated"
            return [self.over_units(function, place, operand, f", {operator.count}")]
        return [self.over_units(f"{operator.kind}_of", place, operand)]
