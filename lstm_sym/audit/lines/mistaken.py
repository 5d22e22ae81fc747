"""Which line of a user's file holds a mistake, and that line as it should be, in the user's own names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import islice

from lstm_sym.audit.lines.printing import Printing, called
from lstm_sym.audit.lines.source import Source
from lstm_sym.audit.lines.surroundings import Surroundings
from lstm_sym.audit.lines.written import Line, Written, same
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.edits import parts
from lstm_sym.program.statements import Accumulate, Pointwise, Statement
from lstm_sym.program.values import Value

OMISSIONS = ("left out", "carried adjoint left out", "cotangent left out")
"""Kinds of mistakes with which a line has a term less."""

ELSEWHERE = ("overwritten too early",)
"""Kinds of mistakes that make lines wrong by one that stands above them."""


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


def own_lines(mistake: Mistake, written: Written, source: Source) -> Iterator[OwnLine]:
    """The lines that a mistake is in; written: what was assigned, beside the values that the mistakes give.

    Nothing for a mistake in values that the file assigns nowhere.
    """
    right = {statement.provenance.id: statement for statement in mistake.context.backward.statements}
    said: set[int] = set()
    if mistake.kind in ELSEWHERE:
        yield from _overwriting(mistake, written, source)
        return
    for identity in mistake.statements:
        places = _places(right[identity], mistake, written, source)
        several = written.is_zero(right[identity].target)  # zero stands on many lines: one with the right names is it
        for statement, line in places if several else islice(places, 1):
            own = _own(statement, line, right[identity], mistake, written, source)
            if own is not None and own.line not in said:
                said.add(own.line)
                yield own
                break


def _own(
    statement: Statement, line: Line, right: Statement, mistake: Mistake, written: Written, source: Source
) -> OwnLine | None:
    """A line that assigns what a statement gives, and as it should be; None if it is not that line that is wrong.

    right: the statement that the mistake is in.
    """
    printing = Printing(mistake.context, Surroundings(written, line, right.target, source.parts_read(line)))
    own = own_line(statement, line, printing, source)
    if mistake.kind in OMISSIONS and addends_of(own.text) >= len(parts(right)):
        return None  # every term stands there: what arrives is what is wrong, and that is made elsewhere
    is_known = not any(value.of is not None for value in printing.unnamed)  # else it is not computed there
    return own if is_known and not means_the_same(own.text, own.right) else None


def _overwriting(mistake: Mistake, written: Written, source: Source) -> Iterator[OwnLine]:
    """The line that multiplies a variable in place, dc *= f, above those that read it."""
    right = {statement.provenance.id: statement for statement in mistake.context.backward.statements}
    places = (next(_places(right[identity], mistake, written, source), None) for identity in mistake.statements)
    reading = [place[1] for place in places if place]
    for statement in right.values():
        for line in written.lines(statement.target):
            if source.multiplies_in_place(line) and reading and all(line.moments < one.moments for one in reading):
                yield OwnLine(line.line, source.row(line.line), "", statement.provenance.id)
                return


def own_line(statement: Statement, line: Line, printing: Printing, source: Source) -> OwnLine:
    """A line of the file that assigns what a statement defines, and how it should be."""
    node = source.expression(line) if line.is_returned or line.where is not None else None
    if line.at_once:
        return OwnLine(node.lineno if node else line.line, source.row(line.line), "", statement.provenance.id)
    if node is not None and not source.is_whole(node, line):
        # An entry of a list: what stands beside it stays as it is.
        printing = Printing(printing.context, printing.around.of(replace(line, where=None)))
    right = printing.right_side(statement) or ""
    if line.overwrites and (value := source.value(line)):
        printing.unnamed.clear()
        return OwnLine(line.line, source.row(line.line), f"{source.target(line)} += {value}", statement.provenance.id)
    number = line.line if node is None else node.lineno
    if right:
        right = (
            source.assigned(line, right)
            if node is None or source.is_whole(node, line)
            else source.replaced(node, right)
        )
    names = dict.fromkeys(map(called, printing.unnamed))
    return OwnLine(number, source.row(number), right, statement.provenance.id, tuple(names) if right else ())


def _places(
    statement: Statement, mistake: Mistake, written: Written, source: Source
) -> Iterator[tuple[Statement, Line]]:
    """The statement with the lines that assign what it gives; where there is none, those that read it and have one."""
    if isinstance(statement, Accumulate):
        yield from ((statement, line) for line in _sums(statement, written, source))
        return
    yield from _assignments(statement, mistake, written, source)


def _sums(statement: Accumulate, written: Written, source: Source) -> Iterator[Line]:
    """The lines that assign the gradient of a parameter, or what a step adds to it."""
    name = statement.target.of.name if statement.target.of else ""
    others = _equal_gradients(name, written)
    found = [line for line in (*written.lines(statement.target), *written.totals(name))]
    own = [line for line in found if not source.hands_on(line)]
    if written.is_summed_wrongly(statement.target):  # where what is added is not wrong, the last goes on by steps
        adding = [line for line in found if line.adds_up and not line.is_returned and not source.is_answer(line)]
        own = [line for line in own if not (line.adds_up or line.at_once)] or adding[-1:] or own
    for line in own:
        if all(_is_nearer(line.name, name, one) for one in others):
            yield line


def _assignments(
    statement: Statement, mistake: Mistake, written: Written, source: Source
) -> Iterator[tuple[Statement, Line]]:
    lines = [line for line in written.lines(statement.target) if not _is_forward(statement.target, mistake, written)]
    own = [line for line in lines if not source.hands_on(line)]
    if own and written.is_zero(statement.target):
        yield from ((statement, line) for line in own)
    elif own:
        before = _equal_before(statement.target, mistake, written)
        if len(before) < len(own) or all(_readers(value, mistake) == 1 for value in before):
            yield statement, own[min(len(before), len(own) - 1)]
        else:  # what is the same has its own line, and is returned, or put beside others, in the place of this
            beside = [line for line in lines if line.where is not None and line not in own and not line.is_returned]
            given = [*(line for line in lines if line.is_returned), *beside[1:][-1:]]
            yield from ((statement, line) for line in given)
    elif isinstance(statement, Pointwise):
        for reader in mistake.context.backward.statements:
            if statement.target in reader.reads() and not isinstance(reader, Accumulate):
                yield from _places(reader, mistake, written, source)


def means_the_same(text: str, other: str) -> bool:
    """Whether two lines differ by no more than the order of terms and factors."""
    try:
        return text == other or _sorted(ast.parse(text.rstrip(","))) == _sorted(ast.parse(other.rstrip(",")))
    except (SyntaxError, ValueError, RecursionError):
        return False


def _sorted(node: ast.AST) -> str:
    """An expression with the terms and factors of each sum and product in one order."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
        kind, waiting, found = type(node.op), [node.left, node.right], list[str]()
        while waiting:
            part = waiting.pop()
            if isinstance(part, ast.BinOp) and isinstance(part.op, kind):
                waiting += [part.left, part.right]
            else:
                found.append(_sorted(part))
        return f"{kind.__name__}({', '.join(sorted(found))})"
    parts = [value if isinstance(value, list) else [value] for _, value in ast.iter_fields(node)]
    inner = (_sorted(one) if isinstance(one, ast.AST) else repr(one) for several in parts for one in several)
    return f"{type(node).__name__}({', '.join(inner)})"


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
