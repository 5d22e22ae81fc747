"""Which line of a user's file holds a mistake, and that line as it should be, in the user's own names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from lstm_sym.audit.lines.printing import Printing
from lstm_sym.audit.lines.surroundings import Surroundings, line_text
from lstm_sym.audit.lines.written import Line, Written, same
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.edits import parts
from lstm_sym.program.statements import Accumulate, Pointwise, Statement
from lstm_sym.program.values import Value

OMISSIONS = ("left out", "carried adjoint left out", "cotangent left out")
"""Kinds of mistakes with which a line has a term less."""


@dataclass(frozen=True)
class OwnLine:
    """A line of the user's: its number, what stands there, what should, "" where its operands have no names there.

    statement: id of the line of the derivation that it is; unnamed: what has no name of its own in the right line.
    """

    line: int
    text: str
    right: str
    statement: str
    unnamed: tuple[str, ...] = ()


def own_lines(
    mistake: Mistake, written: Written, path: Path, given: Mapping[str, str], *, by_step: bool = False
) -> Iterator[OwnLine]:
    """The lines that a mistake is in; written: what was assigned, beside the values that the mistakes give.

    given: argument of the function -> what it gets; by_step: whether it is called step by step. Nothing for a mistake
    in values that the file assigns nowhere.
    """
    right = {statement.provenance.id: statement for statement in mistake.context.backward.statements}
    for identity in mistake.statements:
        found = next(_places(right[identity], mistake, written), None)
        if found is None:
            continue
        statement, line = found
        text = line_text(path, line.line)
        if mistake.kind in OMISSIONS and addends_of(text) >= len(parts(right[identity])):
            continue  # every term stands there: what arrives is what is wrong, and that is made elsewhere
        around = Surroundings(written, line, given, right[identity].target, by_step=by_step)
        printing = Printing(mistake.context, around)
        shown = _whole(line, text, statement, printing)
        names = tuple(dict.fromkeys(value.name for value in printing.unnamed if value.name not in words_of(path)))
        yield OwnLine(line.line, text, shown, statement.provenance.id, names)


def _places(statement: Statement, mistake: Mistake, written: Written) -> Iterator[tuple[Statement, Line]]:
    """The statement with the lines that assign what it gives; where there is none, those that read it and have one."""
    if isinstance(statement, Accumulate):
        yield from ((statement, line) for line in _sums(statement, written))
        return
    yield from _assignments(statement, mistake, written)


def _sums(statement: Accumulate, written: Written) -> Iterator[Line]:
    """The lines that assign the gradient of a parameter, or what a step adds to it."""
    name = statement.target.of.name if statement.target.of else ""
    others = _equal_gradients(name, written)
    found = (*written.lines(statement.target), *written.totals(name))
    yield from (line for line in found if all(_is_nearer(line.name, name, one) for one in others))


def _assignments(statement: Statement, mistake: Mistake, written: Written) -> Iterator[tuple[Statement, Line]]:
    lines = [line for line in written.lines(statement.target) if not _is_forward(statement.target, mistake, written)]
    if lines:
        before = _equal_before(statement.target, mistake, written)
        if len(before) < len(lines) or all(_readers(value, mistake) == 1 for value in before):
            yield statement, lines[min(len(before), len(lines) - 1)]
    elif _is_element_wise(statement):
        for reader in mistake.context.backward.statements:
            if statement.target in reader.reads() and _is_element_wise(reader):
                yield from _places(reader, mistake, written)


def words_of(path: Path) -> frozenset[str]:
    """The names of a file: one that it has too is its own."""
    return frozenset(re.findall(r"[^\W\d]\w*", path.read_text(encoding="utf-8", errors="replace")))


def addends_of(text: str) -> int:
    """The terms of what a line assigns, numbers not counted, those within brackets too; 0 of what is no assignment."""
    try:
        [node] = ast.parse(text).body
    except (SyntaxError, ValueError):
        return 0
    if not isinstance(node, ast.Assign | ast.AugAssign):
        return 0
    sums = [n for n in ast.walk(node) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)]
    both = [n for n in sums if not isinstance(n.left, ast.Constant) and not isinstance(n.right, ast.Constant)]
    return 1 + len(both) + isinstance(node, ast.AugAssign)


def _is_element_wise(statement: Statement) -> bool:
    return isinstance(statement, Pointwise)


def _equal_gradients(name: str, written: Written) -> list[str]:
    """Other gradients that now are what this one is: the lines of all of them look alike, but for their names."""
    gradients = written.run.gradients
    return [other for other in gradients if other != name and same(gradients[other], gradients[name]) is False]


def _is_nearer(called: str, name: str, other: str) -> bool:
    """Whether what a line calls its target is nearer to one name than to another."""
    ratios = [SequenceMatcher(None, called.lower(), one.lower()).ratio() for one in (name, other)]
    return ratios[0] > ratios[1]


def _is_forward(value: Value, mistake: Mistake, written: Written) -> bool:
    """Whether a value is now the same as one of the forward pass: then its line cannot be told."""
    forward = [other for other in mistake.context.read if other.time is not None]
    return any(_is_same(value, other, written) for other in forward)


def _equal_before(value: Value, mistake: Mistake, written: Written) -> list[Value]:
    """The values computed before it that are the same: each has a line before that of it, or one with it if it alone
    reads it.
    """
    targets = [statement.target for statement in mistake.context.backward.statements]
    return [other for other in targets[: targets.index(value)] if _is_same(value, other, written)]


def _readers(value: Value, mistake: Mistake) -> int:
    """How many statements read a value."""
    return sum(value in statement.reads() for statement in mistake.context.backward.statements)


def _is_same(value: Value, other: Value, written: Written) -> bool:
    pairs = ((step.get(value), step.get(other)) for step in written.steps)
    return all(a is not None and b is not None and same(a, b) is False for a, b in pairs)


def _whole(line: Line, text: str, statement: Statement, printing: Printing) -> str:
    """Left and right side; a sum over the steps goes on as it does there."""
    right = printing.right_side(statement)
    if right is None:
        return ""
    if not line.adds_up:
        return f"{line.name} = {right}"
    return f"{line.name} += {right}" if "+=" in text else f"{line.name} = {line.name} + {right}"
