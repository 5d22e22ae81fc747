"""A cell: its equations and all that follows from how its names are used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from lstm_sym.equations.equation import Equation, Option, Shape
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Expression, Name
from lstm_sym.equations.initial import initial_values
from lstm_sym.equations.parameters import Error, Parameter, check_declared, declared_parameters
from lstm_sym.equations.parser import read_equation
from lstm_sym.equations.settings import chosen_settings
from lstm_sym.equations.signs import Sign, alike
from lstm_sym.equations.sizes import parts_of
from lstm_sym.equations.source_line import lines_of
from lstm_sym.equations.structure import structure_of
from lstm_sym.ground.shown import Shown


@dataclass(frozen=True, repr=False)
class Cell(Shown):
    """A recurrent cell, as its paper's equations.

    `input` is the quantity read at [t] and never defined, shape (D,), empty for a cell that runs by itself; where
    there are several `inputs`, it is all of them one behind the other, as x of the kernel has them. `states` are those
    read at [t-1], in the order of first reading; `parameters` names without a time index; `constants` those that stand
    for one number; `output` what the cell gives out at [t]. `shapes` maps every name to its symbolic shape.
    `initial` is the value, of every unit, that a state starts with where none is given; those not in it start at 0.
    `names` is the name in other languages, {"zh-Hant": ...}; `signs` says how names are shown in formulas, where not as
    they are written.
    `declared` says of parameters in which interval they lie, what they begin with, and which are one number, shape ().
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
    constants: Mapping[str, Fraction] = field(default_factory=dict)
    initial: Mapping[str, float] = field(default_factory=dict)
    declared: Mapping[str, Parameter] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, Sign] = field(default_factory=dict)

    def __repr__(self) -> str:
        called = f"{self.key} ({self.name})" if self.name and self.name != self.key else self.key
        reads = f"input {', '.join(self.inputs)}, " if self.input else "no input, "
        return f"<Cell {called}: {reads}states {', '.join(self.states)}, output {self.output}>"

    @property
    def text(self) -> str:
        """The equations, one a line, as written."""
        return "\n".join(equation.text for equation in self.equations)

    @property
    def size_names(self) -> tuple[str, ...]:
        """Every symbolic size: the input's first, then those of the states, then the others."""
        order = [*self.inputs, *self.states, *(e.target for e in self.equations), *self.parameters]
        sizes = (size for name in order for size in self.shapes[name])
        return tuple(dict.fromkeys(name for size in sizes for name in parts_of(size)))

    @property
    def input_shape(self) -> Shape:
        """("D",), or ("0",) for a cell without an input, whose x has no columns."""
        return self.shapes[self.input] if self.input else ("0",)

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything that decides the derivation, in hexadecimal; the same on every machine."""
        constants = [(name, str(value)) for name, value in sorted(self.constants.items())]
        content = [self.key, self.text, sorted(self.chosen.items()), sorted(self.sizes.items()), self.output, constants]
        if self.initial:
            content.append([(name, str(value)) for name, value in sorted(self.initial.items())])
        if len(self.inputs) > 1:
            content.append([*self.inputs])
        if self.declared:
            content.append([(name, str(entry.key)) for name, entry in sorted(self.declared.items())])
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def meaning(self, name: str, language: str = "en") -> str:
        """What a symbol stands for, in this language, else in English, else empty."""
        meanings = self.meanings.get(name, {})
        return meanings.get(language) or meanings.get("en", "")

    def name_in(self, language: str) -> str:
        """The name in this language, else in English, else the key."""
        return self.names.get(language) or self.name or self.key

    def equation(self, target: str) -> Equation:
        """The equation that defines `target` (KeyError if none does)."""
        for equation in self.equations:
            if equation.target == target:
                return equation
        raise KeyError(target)

    def with_right_sides(self, expressions: Mapping[str, Expression]) -> Cell:
        """The cell with other right sides, target -> expression, and all that is still true. Raises CellError."""
        rights = {equation.target: expressions.get(equation.target, equation.expression) for equation in self.equations}
        names = {node.name for right in rights.values() for node in right.walk() if isinstance(node, Name)}
        declared = {name: entry for name, entry in self.declared.items() if name in names}
        text = "\n".join(f"{target}[t] = {right}" for target, right in rights.items())
        return self._described(self._parsed(text, self.chosen, self.constants, declared))

    def with_options(self, **choices: str | float) -> Cell:
        """The same cell with other functions or constants: `phi_h="identity"`, `alpha=0.2`. Raises CellError.

        What a choice spoils for the engine alone, as phi(h) - h below a fraction, is refused when the cell is derived
        or built; `ls.cell(name, phi="identity")` and `ls.load(path, phi="identity")` refuse it at once.
        """
        chosen, constants = chosen_settings(self.options, self.constants, {**self.chosen, **choices}, self.key)
        changed = self._parsed(self.text, chosen, constants, self.declared)
        places = zip(changed.equations, self.equations, strict=True)
        equations = tuple(replace(old, expression=new.expression) for new, old in places)
        return replace(self._described(changed), equations=equations, options=self.options)

    def _parsed(
        self,
        text: str,
        chosen: Mapping[str, str],
        constants: Mapping[str, Fraction],
        declared: Mapping[str, Parameter],
    ) -> Cell:
        """Other equations read with what is declared of this cell. Raises CellError."""
        return parse(
            text,
            key=self.key,
            source=self.key,
            options=chosen,
            sizes=self.sizes,
            constants=constants,
            initial=self.initial,
            parameters=declared,
            output=self.output,
            inputs=self.inputs,
            stateless=not self.states,
        )

    def _described(self, changed: Cell) -> Cell:
        """Another form of this cell, with its names and what they mean."""
        return replace(
            changed,
            name=self.name,
            names=self.names,
            reference=self.reference,
            meanings={name: meaning for name, meaning in self.meanings.items() if name in changed.shapes},
            signs=self.signs,
        )


def parse(
    text: str,
    *,
    key: str = "cell",
    options: Mapping[str, str] | None = None,
    sizes: Mapping[str, str] | None = None,
    constants: Mapping[str, Fraction] | None = None,
    initial: Mapping[str, float] | None = None,
    parameters: Mapping[str, str | float | Parameter] | None = None,
    output: str | None = None,
    source: str = "equations",
    first_line: int = 1,
    error_in: Callable[[str], Error] | None = None,
    inputs: Sequence[str] | None = None,
    stateless: bool = False,
) -> Cell:
    """Equations as text, one a line, to a Cell.

    `options` names function options and their value, as {"phi_h": "tanh"}; `sizes` declares sizes, as {"x": "H"};
    `constants` gives names that stand for a number, as {"alpha": Fraction(1, 10)}; `initial` what a state starts with
    where that is not 0, as {"m": -inf}; `parameters` what is known of them, as {"tau": "scalar, > 0", "b_f": 1.0};
    `output` is the quantity the cell gives out (default: the one defined last); `first_line` is the number of the
    text's first line in its file, `error_in` makes the errors below the header of a table, where that has lines too;
    `inputs` names those that are read at [t] and never defined, where there are several: ("x", "u");
    `stateless`: the equations may read nothing at [t-1], as a layer of a network does.
    Raises CellError with line, column, what is allowed and the likely fix.
    """
    options, constants = options or {}, constants or {}

    def error(what: str, _: str, allowed: str, fix: str) -> CellError:
        return CellError(what, source=source, allowed=allowed, fix=fix)

    equations = tuple(read_equation(line, options, constants) for line in lines_of(text, source, first_line))
    error_in = error_in or (lambda _: error)
    declared = declared_parameters(parameters or {}, error_in("parameters"))
    found = structure_of(
        equations,
        key=key,
        source=source,
        sizes=sizes or {},
        constants=constants,
        declared=declared,
        output=output,
        inputs=inputs or (),
        stateless=stateless,
    )
    check_declared(declared, found.parameters, found.shapes, error_in("parameters"))
    targets = [equation.target for equation in equations]
    return Cell(
        key,
        equations,
        *found[:-1],
        inputs=found.inputs,
        chosen=dict(options),
        sizes=dict(sizes or {}),
        constants=dict(constants),
        initial=initial_values(initial or {}, found.states, targets, error_in("initial")),
        declared=declared,
    )


def common_signs(cells: Collection[Cell]) -> dict[str, Sign]:
    """The signs of several cells on one page: of names that all of them show so; none where two would look alike."""
    found = {
        name: sign
        for cell in cells
        for name, sign in cell.signs.items()
        if all(other.signs.get(name) == sign for other in cells if name in other.shapes)
    }
    return found if alike(tuple(dict.fromkeys(name for cell in cells for name in cell.shapes)), found) is None else {}
