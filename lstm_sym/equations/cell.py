"""A cell: its equations and all that follows from how its names are used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Expression

Shape = tuple[str, ...]
"""Symbolic sizes: ("H", "D") is a matrix from inputs to hidden units, ("H",) a vector."""


@dataclass(frozen=True)
class Equation:
    """target[t] = expression; `text` as written (comment removed), `line` and `column` where it begins, from 1."""

    target: str
    expression: Expression
    text: str
    line: int
    column: int = 1

    def error(self, what: str, node: Expression | None, source: str, allowed: str, fix: str) -> CellError:
        """The error at a node of the right side, or at the target."""
        return CellError(
            what,
            source=source,
            line=self.line,
            column=(node.column if node else 1) + self.column - 1,
            text=" " * (self.column - 1) + self.text,
            allowed=allowed,
            fix=fix,
        )


@dataclass(frozen=True)
class Option:
    """A function left open by the cell: phi_h in {tanh, sigmoid, identity}."""

    choices: tuple[str, ...]
    default: str


@dataclass(frozen=True)
class Cell:
    """A recurrent cell, as its paper's equations.

    `input` is the quantity read at [t] and never defined, shape (D,); `states` those read at [t-1], in the order of
    first reading; `parameters` names without a time index; `output` what the cell gives out at [t]. `shapes` maps every
    name to its symbolic shape.
    """

    key: str
    equations: tuple[Equation, ...]
    input: str
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    output: str
    shapes: Mapping[str, Shape]
    name: str = ""
    reference: str = ""
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The equations, one a line, as written."""
        return "\n".join(equation.text for equation in self.equations)

    @property
    def size_names(self) -> tuple[str, ...]:
        """Every symbolic size: the input's first, then those of the states, then the others."""
        order = [self.input, *self.states, *(e.target for e in self.equations), *self.parameters]
        return tuple(dict.fromkeys(size for name in order for size in self.shapes[name]))

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything that decides the derivation, in hexadecimal; the same on every machine."""
        content = [self.key, self.text, sorted(self.chosen.items()), sorted(self.sizes.items()), self.output]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def meaning(self, name: str, language: str = "en") -> str:
        """What a symbol stands for, in this language, else in English, else empty."""
        meanings = self.meanings.get(name, {})
        return meanings.get(language) or meanings.get("en", "")

    def equation(self, target: str) -> Equation:
        """The equation that defines `target` (KeyError if none does)."""
        for equation in self.equations:
            if equation.target == target:
                return equation
        raise KeyError(target)

    def with_options(self, **choices: str) -> Cell:
        """The same cell with other functions: `cell.with_options(phi_h="identity")`. Raises CellError."""
        from lstm_sym.equations.parser import parse
        from lstm_sym.equations.structure import chosen_options

        chosen = chosen_options(self.options, {**self.chosen, **choices}, self.key)
        changed = parse(self.text, key=self.key, options=chosen, sizes=self.sizes, output=self.output)
        places = zip(changed.equations, self.equations, strict=True)
        equations = tuple(replace(new, line=old.line, column=old.column) for new, old in places)
        return replace(self, equations=equations, chosen=chosen)
