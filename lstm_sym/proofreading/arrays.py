r"""Several things as one: [a; b], matrices of blocks, columns of functions, outer products <a, b>."""

from __future__ import annotations

import re

from lstm_sym.ground.size_names import SIZES
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.symbols import SymbolReader
from lstm_sym.proofreading.tree import Node
from lstm_sym.proofreading.words import FUNCTIONS

_SIZES = {name: size for size in "DH" for name in SIZES[size]}
_BOUND = rf"(?:\d+\s*\*\s*)?(?:{'|'.join(_SIZES)})|0|"
_BOUNDS = re.compile(rf"\[\s*(?::\s*,\s*)?(?P<first>{_BOUND})\s*:\s*(?P<last>{_BOUND})\s*(?:,\s*:\s*)?\]")


def _bound(text: str) -> tuple[str, int] | None:
    """A bound as a size and how many times."""
    text = text.strip()
    if text in ("", "0"):
        return None
    times, _, size = text.rpartition("*")
    return _SIZES[size.strip()], int(times or 1)


class ArrayReader(SymbolReader):
    """Reads what stands beside or below each other; what each part is, the parser knows."""

    def sum(self) -> Node:
        """Terms with + and -."""
        raise NotImplementedError

    def product(self) -> Node:
        """Factors."""
        raise NotImplementedError

    def factor(self) -> Node:
        """An atom with what stands behind it."""
        raise NotImplementedError

    def starts_factor(self) -> bool:
        """Whether a factor begins here."""
        raise NotImplementedError

    def part(self, base: Node) -> Node | None:
        """base[:H], base[H:], base[:, H:2*H]; None where no bounds of this kind stand."""
        found = _BOUNDS.match(self.formula, self.token().start)
        if found is None:
            return None
        bounds = [_bound(found[name]) for name in ("first", "last")]
        while self.token().text and self.token().start < found.end():
            self.next()
        return tree.Part(base, bounds[0], bounds[1], found[0])

    def stack(self, opening: str, closing: str) -> Node:
        """[a; b], [a, b]."""
        start = self.next().start
        parts, separator = [self.sum()], ""
        while self.text() in (",", ";", "\\\\"):
            separator = self.next().text
            parts.append(self.sum())
        end = self.expect(closing).end
        if len(parts) == 1:
            return parts[0]
        form = opening + f"{separator} ".join("{}" for _ in parts) + closing
        return tree.Stack(tuple(parts), form if end > start else "")

    def column(self) -> Node:
        r"""\begin{bmatrix} a \\ b \end{bmatrix}, a matrix of blocks, or a column of functions and what they are of."""
        start = self.next().start
        name = "".join(token.text for token in self.group_tokens())
        if not name.endswith("matrix") and name != "array":
            raise Unreadable(f"an environment {name!r} inside a formula")
        if name == "array" and self.text() == "{":
            self.group_tokens()
        head = rf"\begin{{{name}}}" + (f"{{{'c' * self.columns()}}}" if name == "array" else "")
        functions = self.functions()
        rows = [] if functions else self.block_rows()
        self.expect("\\end")
        self.group_tokens()
        if functions:
            return self.blockwise(functions, self.formula[start : self.before()])
        inner = r" \\ ".join(" & ".join("{}" for _ in row) for row in rows)
        form = f"{head.replace('{', '{{').replace('}', '}}')} {inner} \\end{{{{{name}}}}}"
        if all(len(row) == 1 for row in rows):
            return tree.Stack(tuple(row[0] for row in rows), form)
        return tree.Blocks(tuple(rows), form)

    def columns(self) -> int:
        """How many columns the matrix that begins here has."""
        first = re.split(r"\\\\|\\end", self.formula[self.token().start :])[0]
        return first.count("&") + 1

    def block_rows(self) -> list[tuple[Node, ...]]:
        """The rows of a matrix, each of the parts between its &."""
        rows = []
        while self.text() != "\\end":
            row = [self.sum()]
            while self.text() == "&":
                self.next()
                row.append(self.sum())
            rows.append(tuple(row))
            if self.text() != "\\\\":
                break
            self.next()
        if not rows or len({len(row) for row in rows}) != 1:
            raise Unreadable("a matrix whose rows are not of one length", "write as many blocks in every row")
        return rows

    def functions(self) -> tuple[str, ...]:
        """The functions of a column of bare functions, which are taken; () where something else stands."""
        found, place = [], self.place
        while self.text().removeprefix("\\") in FUNCTIONS and self.text(1) in ("\\\\", "\\end"):
            found.append(FUNCTIONS[self.next().text.removeprefix("\\")])
            if self.text() == "\\\\":
                self.next()
        if self.text() != "\\end":
            self.place = place
            return ()
        return tuple(found)

    def blockwise(self, functions: tuple[str, ...], head: str) -> Node:
        """The column of functions of what follows it."""
        if self.text() in tree.ELEMENTWISE | tree.GENERIC and self.text():
            self.next()
        if not self.starts_factor():
            raise Unreadable("a column of functions of nothing", "write its argument in brackets behind it")
        return tree.Blockwise(functions, self.factor() if self.text() == "(" else self.product(), head)

    def outer(self) -> Node:
        """The outer product of two vectors, <a, b>."""
        self.next()
        left = self.sum()
        self.expect(",")
        right = self.sum()
        self.expect("\\rangle")
        return tree.Product((left, right), ("\\otimes",))
