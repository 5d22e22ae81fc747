"""What a line of a user's file can read: what was assigned before it, and what the function was given."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lstm_sym.audit.lines.written import Line, Written, latest, same
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.program.values import Role, Value


class Surroundings:
    """The names that stand for values where a line is, at every step."""

    def __init__(self, written: Written, line: Line, given: Mapping[str, str], wrong: Value, *, by_step: bool) -> None:
        """given: argument of the function -> what it gets: "x", "dy", "params", "params/W", "tape/i", ...

        wrong: the value that the mistake is in; only what is right has its name. by_step: whether the function is
        called for one step at a time, with the arrays of that step.
        """
        self.wrong = wrong
        self.written, self.line, self.given, self.by_step = written, line, given, by_step
        self.known = [latest(written.assigned, moment, line.function) for moment in line.moments]

    def text(self, value: Value) -> tuple[str, bool] | None:
        """What a value is called there, and whether it is stored transposed; None if it has no name."""
        for place, (name, array) in self._once_a_step():
            turned = self._everywhere(place, name, array, value)
            if turned is not None:
                return (place if all(place in known for known in self.known) else name), turned
        argument = next(self._arguments(value), None)
        return None if argument is None else (argument, False)

    def _once_a_step(self) -> list[tuple[str, tuple[str, Array]]]:
        """What was assigned, the latest first; what changes within a step, as what a loop over gates takes, last."""
        known, counts = list(reversed(self.known[0].items())), self.written.counts
        return sorted(known, key=lambda entry: counts[self.line.function, entry[0]] > len(self.known) + 1)

    def _everywhere(self, place: str, name: str, array: Array, value: Value) -> bool | None:
        """Whether a name stands for a value at every step; as `same`."""
        first = same(array, self._value(value, 0))
        for t in range(1, len(self.known)):
            found = self.known[t].get(place) or _last_called(name, self.known[t])
            if found is None or first is None or same(found[1], self._value(value, t)) is not first:
                return None
        return first

    def _value(self, value: Value, t: int) -> Array | None:
        return (self.written.right.steps if value == self.wrong else self.written.steps)[t].get(value)

    def _arguments(self, value: Value) -> Iterator[str]:
        """An argument that is the value, or holds it."""
        source, step = _source(value), "" if self.by_step else self._step()
        if not source or (value.time is not None and not self.by_step and not step):
            return
        index = "" if value.time is None or self.by_step else f"[{step}]"
        group, _, entry = source.partition("/")
        for name, what in self.given.items():
            if what == source:
                yield f"{name}{index}"
            elif entry and what == group:
                yield f'{name}["{entry}"]{index}'

    def _step(self) -> str:
        """The variable that holds the number of the step."""
        for place in self.known[0]:
            numbers = [known[place][1] for known in self.known if place in known]
            if len(numbers) == len(self.known) and all(n.size == 1 and n == t for t, n in enumerate(numbers)):
                return place
        return ""


def _source(value: Value) -> str:
    """What an argument would get that is this value; "" for one that no argument can be."""
    if value.role is Role.CARRIED_ADJOINT and value.of is not None:
        return f"carried/{value.of.name}"
    if value.role is Role.ADJOINT and value.of is None:
        return "dy"
    if value.of is not None:
        return ""
    if value.is_parameter:
        return f"params/{value.name}"
    return "x" if value.role is Role.INPUT else f"tape/{value.name}" + ("_prev" if value.time == -1 else "")


def _last_called(name: str, known: dict[str, tuple[str, Array]]) -> tuple[str, Array] | None:
    return next((found for found in reversed(known.values()) if found[0] == name), None)


def arguments(source: str, function: str) -> Sequence[str]:
    """The names of the arguments of a function in a file, read, not run."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return []


def line_text(path: Path, line: int) -> str:
    """A line of a file, without its indentation."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return "".join(character if character.isprintable() else " " for character in text)
