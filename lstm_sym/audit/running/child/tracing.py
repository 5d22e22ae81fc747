"""What a user's lines assign, as they run: each number and array, under its name as it stands in the file.

A trace function sees every line of the user's files. When a line is done, the targets of the statements on it are
looked up: nothing of the file is evaluated again but names, attributes, and entries whose index is made of these.
"""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from types import FrameType, FunctionType, ModuleType
from typing import Any

from numpy import array

from . import OWN_BUILTINS, ROOM
from .indices import index_of

globals()["__builtins__"] = OWN_BUILTINS

MOST_ASSIGNED = 20_000
"""Assignments that are recorded at most."""

MOST_NUMBERS = 1_000_000
"""Numbers that these have together at most; one array has a hundredth of that."""

GIVEN = 0
"""The line of what no line assigns: it is there when a function begins, or an entry of it was assigned."""

MOST_ENTRIES = 100
"""Entries of one dict, list or object that are looked at when a function begins."""

Frames = Any


class Tracer:
    """Records assignments in frames of the files in a folder, between `start` and `stop`."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.join(folder, "")
        self.statements: dict[str, dict[int, list[ast.stmt]]] = {}
        self.pending: dict[FrameType, int] = {}
        self.frames: dict[FrameType, int] = {}
        self.calls = 0
        self.counts: Counter[tuple[str, int, str]] = Counter()
        self.places: list[list[Any]] = []
        self.arrays: list[Any] = []
        self.numbers = 0

    def start(self) -> None:
        """Trace from here on."""
        sys.settrace(self.entered)

    def stop(self) -> None:
        """Trace no longer."""
        sys.settrace(None)
        self.pending.clear()
        self.frames.clear()

    def entered(self, frame: FrameType, event: str, argument: object) -> Frames:
        """Of every call: traced further if it is in one of the files."""
        file = frame.f_code.co_filename
        is_own = file.startswith(self.folder) and "site-packages" not in file and os.path.dirname(file) != ROOM
        if not is_own or frame.f_code.co_name.startswith("<"):
            return None
        if file not in self.statements:
            self.statements[file] = read_statements(file)
        if frame not in self.frames:
            self.calls += 1
            self.frames[frame] = self.calls
            for name, value in known_at_entry(frame):
                self.add(frame, GIVEN, name, name, value)
        return self.happened

    def happened(self, frame: FrameType, event: str, argument: object) -> Frames:
        """A line begins, and so the one before is done; or the function returns; or something was raised."""
        before = self.pending.get(frame)
        if event == "exception":
            self.pending.pop(frame, None)
        elif before is not None and (event == "return" or self.is_done(frame, before)):
            self.record(frame, before)
        if event == "line":
            self.pending[frame] = frame.f_lineno
        elif event == "return":
            if before is not None:
                self.record_returned(frame, before, argument)
            self.pending.pop(frame, None)
        return self.happened

    def is_done(self, frame: FrameType, before: int) -> bool:
        """Whether the statements of the line before are: it is no other line of the same statement that begins."""
        table = self.statements[frame.f_code.co_filename]
        now = table.get(frame.f_lineno, [])
        return not any(s in now and s.lineno != (s.end_lineno or s.lineno) for s in table.get(before, []))

    def record(self, frame: FrameType, line: int) -> None:
        """What the statements of a line have assigned."""
        for statement in self.statements[frame.f_code.co_filename].get(line, []):
            if isinstance(statement, ast.For) and not enters(statement, frame.f_lineno):
                continue  # the loop has ended: its target is what it was
            for target, value in assigned(statement):
                for row, name, place, found in numbered(target, value, frame):
                    self.add(frame, row, name, place, found)
                    for entry, one in listed(place, found):
                        self.add(frame, GIVEN, entry, entry, one)
                for place, whole in owners(target, frame):
                    self.add(frame, GIVEN, place, place, whole)
                    if ast.unparse(target.slice) == "-1" and isinstance(whole, list) and whole:  # type: ignore[attr-defined]
                        entry = f"{place}[{len(whole) - 1}]"  # what is appended is called [-1] at every step
                        self.add(frame, GIVEN, entry, entry, whole[-1])

    def record_returned(self, frame: FrameType, line: int, value: object) -> None:
        """What the return statement of a line gives, each expression of it."""
        for statement in self.statements[frame.f_code.co_filename].get(line, []):
            if isinstance(statement, ast.Return) and statement.value is not None:
                for row, name, found in returned(statement.value, value):
                    self.add(frame, row, name, name, found)
                return

    def add(self, frame: FrameType, line: int, name: str, place: str, value: Any) -> None:
        """One number or array, as long as there is room."""
        found = as_array(value)
        if found is None or len(self.places) >= MOST_ASSIGNED or self.numbers + found.size > MOST_NUMBERS:
            return
        code = frame.f_code
        self.counts[code.co_filename, line, name] += 1
        count = self.counts[code.co_filename, line, name]
        file, call = os.path.basename(code.co_filename), self.frames.get(frame, 0)
        self.places.append([file, line, code.co_name, name, place, count, call])
        self.arrays.append(found)
        self.numbers += found.size


def read_statements(file: str) -> dict[int, list[ast.stmt]]:
    """Line -> the statements on it that assign or return something; of a loop its head alone."""
    try:
        with open(file, encoding="utf-8-sig") as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[int, list[ast.stmt]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Return):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        elif isinstance(node, ast.For):
            lines = range(node.lineno, node.lineno + 1)
        else:
            continue
        for line in lines:
            found.setdefault(line, []).append(node)
    return found


def enters(loop: ast.For, line: int) -> bool:
    """Whether a line is in the body of a loop."""
    return loop.body[0].lineno <= line <= (loop.body[-1].end_lineno or line)


def assigned(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Each single target of a statement, beside what it is given where that stands in a literal."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from singles(target, value)
        case ast.AugAssign(target=target) | ast.For(target=target):
            yield from singles(target, None)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="append"))):
            yield ast.Subscript(owner, ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.Load()), None
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=owner, attr="insert"), args=[ast.Constant() as first, _])
        ):
            yield ast.Subscript(owner, first, ast.Load()), None


def singles(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """The targets in a tuple of targets."""
    if isinstance(target, ast.Tuple | ast.List):
        several = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if several else [None] * len(target.elts)  # type: ignore[union-attr]
        for inner, given in zip(target.elts, values, strict=True):
            yield from singles(inner.value if isinstance(inner, ast.Starred) else inner, given)
    else:
        yield target, value


def known_at_entry(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """What a function can read when it begins: arguments, variables around it, globals, and what these hold."""
    scopes = (frame.f_locals,) if frame.f_locals is frame.f_globals else (frame.f_globals, frame.f_locals)
    for name, value in [entry for scope in scopes for entry in list(scope.items())]:
        if name.startswith("__") or isinstance(value, ModuleType | FunctionType | type):
            continue
        yield name, value
        yield from held(name, value)


def held(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a dict or a list, and the attributes of an object with those of dicts in it."""
    try:
        if isinstance(value, Mapping):
            entries = [(f"{name}[{key!r}]", entry) for key, entry in islice(value.items(), MOST_ENTRIES)]
        elif isinstance(value, list | tuple):
            entries = [*listed(name, value)]
        elif hasattr(value, "dtype") or not hasattr(value, "__dict__"):
            return
        else:
            entries = [(f"{name}.{key}", entry) for key, entry in islice(vars(value).items(), MOST_ENTRIES)]
            dicts = [(key, found) for key, found in entries if isinstance(found, dict)]
            inner = [(f"{key}[{name!r}]", one) for key, found in dicts for name, one in found.items()]
            lists = [entry for key, found in entries for entry in listed(key, found)]
            entries += inner[:MOST_ENTRIES] + lists[:MOST_ENTRIES]
    except Exception:  # a mapping of the user's own that fails
        return
    yield from entries


def listed(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a list or a tuple."""
    if isinstance(value, list | tuple):
        yield from ((f"{name}[{k}]", entry) for k, entry in enumerate(value[:MOST_ENTRIES]))


def owners(target: ast.expr, frame: FrameType) -> Iterator[tuple[str, Any]]:
    """The array of which a target is a part: it has changed too."""
    if isinstance(target, ast.Subscript):
        try:
            value, place = looked_up(target.value, frame)
        except Exception:  # as in `numbered`
            return
        yield place, value


def returned(node: ast.expr, value: Any, name: str = "return") -> Iterator[tuple[int, str, Any]]:
    """The line, "return[0]" or "return['x']", and the value of each expression of a return statement."""
    entries: list[tuple[ast.expr, str]] = []
    if isinstance(node, ast.Dict) and isinstance(value, Mapping):
        for key, inner in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield from returned(inner, value.get(key.value), f"{name}[{key.value!r}]")
        return
    if isinstance(node, ast.Tuple | ast.List):
        entries = numbered_parts(node.elts, name)
    elif isinstance(node, ast.Call) and isinstance(value, tuple) and len(node.args) == len(value):
        entries = numbered_parts(node.args, name)
    if entries and isinstance(value, tuple | list):
        for inner, called in entries:
            at = int(called[len(name) + 1 : -1])
            if -len(value) <= at < len(value):
                yield from returned(inner, value[at], called)
    else:
        yield node.lineno, name, value


def numbered_parts(nodes: list[ast.expr], name: str) -> list[tuple[ast.expr, str]]:
    """Expressions by their place, from the end where one before them stands for several."""
    stars = [k for k, node in enumerate(nodes) if isinstance(node, ast.Starred)]
    if not stars:
        return [(node, f"{name}[{k}]") for k, node in enumerate(nodes)]
    ahead = [(node, f"{name}[{k}]") for k, node in enumerate(nodes[: stars[0]])]
    return ahead + [(nodes[k], f"{name}[{k - len(nodes)}]") for k in range(stars[-1] + 1, len(nodes))]


def numbered(target: ast.expr, value: ast.expr | None, frame: FrameType) -> Iterator[tuple[int, str, str, Any]]:
    """The line, the name as written, the same with indices worked out, and the value; of a dict each entry."""
    try:
        found, place = looked_up(target, frame)
    except Exception:  # an index that is changed on the line, a property that fails: not to be seen afterwards
        return
    line = getattr(target, "lineno", None) or target.value.lineno  # type: ignore[attr-defined]
    name = ast.unparse(target)
    if not isinstance(found, Mapping):
        yield line, name, place, found
        return
    keys = value.keys if isinstance(value, ast.Dict) else []
    lines = {key.value: key.lineno for key in keys if isinstance(key, ast.Constant)}
    for key, entry in list(found.items()):
        yield lines.get(key, line), f"{name}[{key!r}]", f"{place}[{key!r}]", entry


def looked_up(node: ast.expr, frame: FrameType) -> tuple[Any, str]:
    """The value of a target, and how it is written with the values of its indices. Raises what keeps it from one."""
    match node:
        case ast.Name(id=name):
            scope = frame.f_locals if name in frame.f_locals else frame.f_globals
            return scope[name], name
        case ast.Attribute(value=owner, attr=name):
            value, place = looked_up(owner, frame)
            return getattr(value, name), f"{place}.{name}"
        case ast.Subscript(value=owner, slice=index):
            value, place = looked_up(owner, frame)
            at = index_of(index, lambda part: looked_up(part, frame)[0])
            return value[at], f"{place}[{ast.unparse(index) if isinstance(at, slice | tuple) else repr(at)}]"
    raise ValueError(ast.unparse(node))


def as_array(value: Any) -> Any:
    """A copy of a number or an array of numbers, of one that is not too large; None for anything else."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, bool) or not (isinstance(value, int | float) or hasattr(value, "dtype")):
        return None
    found = array(value)
    return found.astype(float) if found.dtype.kind in "fiu" and 100 * found.size <= MOST_NUMBERS else None
