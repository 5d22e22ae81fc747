"""The text of a user's file, read and never run: the statement of a line, and the expression that gives a value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from lstm_sym.audit.lines.written import Line

PACKERS = frozenset(
    "append array asarray atleast_2d block c_ concat concatenate copy dict hstack list r_ reshape split squeeze stack "
    "tuple vstack zeros_like".split()
)
"""Functions that put arrays beside each other, or hand them on as they are."""

RETURNED = re.compile(r"\[(-?\d+|'[^']*')\]")


class Source:
    """A file that can be read as Python."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, SyntaxError, ValueError, RecursionError."""
        self.text = path.read_text(encoding="utf-8-sig")
        self.rows = self.text.splitlines()
        tree = ast.parse(self.text)
        kinds = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr
        self.statements = [node for node in ast.walk(tree) if isinstance(node, kinds)]
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        self.functions = frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))

    def row(self, line: int) -> str:
        """A line without its indentation."""
        text = self.rows[line - 1].strip() if 0 < line <= len(self.rows) else ""
        return "".join(character if character.isprintable() else " " for character in text)

    def statement(self, line: Line) -> ast.stmt | None:
        """The statement on a line that assigns or returns."""
        around = (s for s in self.statements if s.lineno <= line.line <= (s.end_lineno or s.lineno))
        return next((s for s in around if isinstance(s, ast.Return) == line.is_returned), None)

    def expression(self, line: Line) -> ast.expr | None:
        """The expression that gives what a line is about: all of its right side, or the entry of a list in it."""
        statement = self.statement(line)
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            return None
        if line.is_returned:
            value = _entry_returned(value, RETURNED.findall(line.name))
        return value if line.where is None or value is None else self.part(value, line)

    def is_whole(self, node: ast.expr, line: Line) -> bool:
        """Whether an expression is all of the right side of a line."""
        return node is getattr(self.statement(line), "value", None)

    def part(self, value: ast.expr, line: Line) -> ast.expr | None:
        """The entry of the only list in an expression, for a part of an array that is as wide as the others."""
        lists = [node for node in ast.walk(value) if isinstance(node, ast.List | ast.Tuple)]
        axes = [axis for axis, (_, size) in enumerate(line.where or ()) if size != line.shape[axis]]
        if len(axes) != 1 or not lists:
            return None
        (begin, size), width = (line.where or ())[axes[0]], line.shape[axes[0]]
        entries = next((one.elts for one in lists if len(one.elts) * width == size), [])
        is_plain = begin % width == 0 and not any(isinstance(one, ast.Starred) for one in entries)
        return entries[begin // width] if entries and is_plain else None

    def parts_read(self, line: Line) -> list[str]:
        """The parts of arrays that a line reads: Wo[:, :n], x[t]."""
        value = getattr(self.statement(line), "value", None)
        nodes = ast.walk(value) if isinstance(value, ast.expr) else ()
        return list(dict.fromkeys(ast.unparse(node) for node in nodes if isinstance(node, ast.Subscript)))

    def is_answer(self, line: Line) -> bool:
        """Whether a line assigns what a function of the file returned."""
        value = getattr(self.statement(line), "value", None)
        return isinstance(value, ast.Call) and _called(value) in self.functions

    def hands_on(self, line: Line) -> bool:
        """Whether a line only puts together, returns, or fetches from where it was kept what was computed above."""
        statement = self.statement(line)
        value = getattr(statement, "value", None)
        given = [value for node, value in self.targets(line).items() if ast.unparse(node) == line.name]
        is_fetched = any(isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant) for one in given)
        if is_fetched or self.is_answer(line):
            return True
        if not (line.is_returned or line.where is not None) or isinstance(statement, ast.AugAssign):
            return False
        return not isinstance(value, ast.expr) or all(map(_is_packed, _children(value)))

    def multiplies_in_place(self, line: Line) -> bool:
        """Whether a line makes of a variable a product of it: dc *= f, dc = dc * f."""
        for target, value in self.targets(line).items():
            if ast.unparse(target) == line.name:
                is_own = any(ast.unparse(factor) == line.name for factor in _factors(value))
                statement = self.statement(line)
                return is_own or (isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Mult))
        return False

    def assigned(self, line: Line, right: str) -> str:
        """What a line assigns to, and this; a sum over the steps goes on as it does there."""
        if line.is_returned:
            return f"return {right}"
        name = self.target(line)
        if not line.adds_up:
            return f"{name} = {right}"
        return f"{name} += {right}" if isinstance(self.statement(line), ast.AugAssign) else f"{name} = {name} + {right}"

    def target(self, line: Line) -> str:
        """What a line assigns to, as it stands there."""
        nodes = [node for node in self.targets(line) if ast.unparse(node) == line.name]
        return (ast.get_source_segment(self.text, nodes[0]) if nodes else None) or line.name

    def targets(self, line: Line) -> dict[ast.expr, ast.expr]:
        """Each single target of an assignment with what it is given, where that stands beside it."""
        statement = self.statement(line)
        if not isinstance(statement, ast.Assign | ast.AugAssign):
            return {}
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        ends = target, statement.value
        if all(isinstance(end, ast.Tuple) for end in ends) and len(ends[0].elts) == len(ends[1].elts):  # type: ignore[attr-defined]
            return dict(zip(ends[0].elts, ends[1].elts, strict=True))  # type: ignore[attr-defined]
        return {target: statement.value}

    def value(self, line: Line) -> str:
        """What stands on the right of the target of a line."""
        found = (value for node, value in self.targets(line).items() if ast.unparse(node) == line.name)
        return next((ast.get_source_segment(self.text, one) or "" for one in found), "")

    def replaced(self, node: ast.expr, text: str) -> str:
        """The line on which an expression begins, with another in its place; "" if it is longer than the line."""
        if node.lineno != node.end_lineno:
            return ""
        row = self.rows[node.lineno - 1].encode("utf-8")
        whole = row[: node.col_offset] + text.encode("utf-8") + row[node.end_col_offset :]
        return whole.decode("utf-8").strip()


def _entry_returned(value: ast.expr, path: list[str]) -> ast.expr | None:
    found: ast.expr | None = value
    for step in path:
        key = ast.literal_eval(step)
        if isinstance(found, ast.Dict):
            keys = [one.value if isinstance(one, ast.Constant) else None for one in found.keys]
            found = found.values[keys.index(key)] if key in keys else None
        elif isinstance(found, ast.Tuple | ast.List | ast.Call):
            found = (found.args if isinstance(found, ast.Call) else found.elts)[key]
    return found


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """The factors of a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from (*_factors(node.left), *_factors(node.right))
    else:
        yield node


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _children(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of an expression; what is in an index computes no values."""
    yield node
    parts = [node.value] if isinstance(node, ast.Subscript | ast.Attribute) else ast.iter_child_nodes(node)
    for part in parts:
        if isinstance(part, ast.expr):
            yield from _children(part)
        elif isinstance(part, ast.comprehension):
            yield from _children(part.iter)


def _is_packed(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return _called(node) in PACKERS
    return not isinstance(node, ast.BinOp | ast.UnaryOp)
