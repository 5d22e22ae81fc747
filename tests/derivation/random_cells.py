"""Random cells: text of one to five equations over the grammar of cell files, differentiable wherever they run.

Affine maps, stacks, repetitions, reductions and functions nest in each other; quantities have one of two sizes, or one
made of others; states are read before they are defined. Functions with a restricted domain get arguments inside it, and
powers and quotients are of bounded quantities, so that no gradient is far larger or smaller than its terms. Functions
of numbers and constants, terms that cancel to a number, parameters within bounds and learned scalars stand among the
others.

A plain cell keeps to the forms papers use: every equation begins with the input's product, and reads a state; functions
are of what depends on time. Any other cell may also be square, run without an input, or have states whose size no
parameter tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

import lstm_sym as ls
from lstm_sym.program import lower

QUANTITIES = ("h", "c", "i", "f", "a", "gates", "work", "out", "H", "W", "d", "lead", "step", "sizes", "reference", "y")
STEMS = ("W", "U", "V_", "P", "T_")
VECTORS = ("b", "p", "k", "x_t", "D", "names")
NUMBERS = ("2", "0.5", "0.1", "1.25", "0.3")
DIVISORS = ("2", "3", "1.25", "tau")
DECLARED = {"rate": "> 0", "share": "> 0, < 1, = 0.5", "gain": "scalar, = 1.5", "lag": "scalar, > 0"}
CONSTANTS = {"alpha": "0.25", "tau": "1.25", "beta": "-0.5", "n": "2", "g_0": "3"}

Kind = int | tuple["Kind", ...]
"""A size: 0 that of the first state, 1 another, INPUT; a tuple is the size of a stack, ("repeat", k, kind) k times."""
INPUT = 2


@dataclass(frozen=True)
class RandomCell:
    """What `ls.parse` is given."""

    text: str
    sizes: dict[str, str] = field(default_factory=dict)
    output: str | None = None
    constants: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)

    def parse(self) -> ls.Cell:
        constants = {name: Fraction(value) for name, value in self.constants.items()}
        return ls.parse(
            self.text, sizes=self.sizes, output=self.output, constants=constants, parameters=self.parameters
        )


def random_cell(rng: Random, *, plain: bool) -> RandomCell:
    """A cell whose output and states depend on the input or on a state, and which maps nothing that never changes."""
    while True:
        found = _Writer(rng, plain).cell()
        try:
            lower(found.parse())
        except ls.CellError as error:
            if "never changes" not in str(error):
                raise
        else:
            return found


class _Writer:
    """Writes equation after equation; `kinds` says of which size a quantity is."""

    def __init__(self, rng: Random, plain: bool) -> None:
        self.rng, self.plain = rng, plain
        count = rng.randint(1, 5)
        self.names = rng.sample(QUANTITIES[:-1] if plain else QUANTITIES, count)
        kinds = (0, 1) if rng.random() < 0.4 else (0,)
        self.kinds = {name: rng.choice(kinds) for name in self.names}
        self.states = rng.sample(self.names, rng.randint(1, min(3, count)))
        self.kinds[self.states[0]] = 0
        self.input = rng.choice([name for name in ("x", "u") if name not in self.names])
        if not plain and rng.random() < 0.15:
            self.input = ""
        self.square = not plain and bool(self.input) and rng.random() < 0.15
        if not plain and count > 1 and rng.random() < 0.2:
            self.kinds[rng.choice([name for name in self.names if name != self.states[0]])] = self.composed_kind(kinds)
        self.matrices: dict[str, tuple[Kind, Kind]] = {}
        self.vectors: dict[str, Kind] = {}
        self.defined: list[str] = []

    def composed_kind(self, kinds: tuple[int, ...], depth: int = 1) -> Kind:
        """The size of a stack, or of a repetition, now and then of such."""
        parts = (*kinds, INPUT) if self.input and not self.square else kinds

        def inner() -> Kind:
            nested = depth > 0 and self.rng.random() < 0.1
            return self.composed_kind(kinds, depth - 1) if nested else self.rng.choice(parts)

        if self.rng.random() < 0.4:
            return ("repeat", self.rng.randint(2, 3), inner())
        return tuple(inner() for _ in range(self.rng.randint(2, 3)))

    def cell(self) -> RandomCell:
        lines = []
        for name in self.names:
            lines.append(self.equation(name))
            self.defined.append(name)
        output = self.rng.choice([None, *self.names])
        self.complete(lines, output or self.names[-1])
        sizes = {self.input: "H", self.states[0]: "H"} if self.square else {}
        text = "\n".join(lines)
        read = {name: CONSTANTS[name] for name in sorted({*re.findall(r"\w+", text)} & set(CONSTANTS))}
        declared = {name: DECLARED[name] for name in sorted({*re.findall(r"\w+", text)} & set(DECLARED))}
        return RandomCell(text, sizes, output, read, declared)

    def complete(self, lines: list[str], output: str) -> None:
        """Add what every cell must have: each state is read, and the output depends on the input."""
        for place, name in enumerate(self.names):
            unread = name in self.states and f"{name}[t-1]" not in "\n".join(lines)
            right = lines[place].split(" = ", 1)[1]
            if unread or (self.plain and "[t-1]" not in right):
                lines[place] += f" + {self.rng.choice(NUMBERS)} * {self.state(self.kinds[name], name)}"
        last = self.names.index(output)
        if self.input and f"{self.input}[t]" not in lines[last]:
            lines[last] += f" + {self.of_input(self.kinds[output])}"

    def state(self, kind: Kind, name: str) -> str:
        """A state of this size, if need be through a matrix: the quantity itself if it is one."""
        fitting = [s for s in self.states if self.kinds[s] == kind]
        if name in fitting or fitting:
            return f"{name if name in fitting else self.rng.choice(fitting)}[t-1]"
        return f"({self.applied(kind, 0)} @ {self.states[0]}[t-1])"

    def equation(self, name: str) -> str:
        kind = self.kinds[name]
        if isinstance(kind, tuple) and self.rng.random() < 0.5:
            return f"{name}[t] = {self.composed(kind, 1)}"
        right = self.rng.choice((self.call, self.affine, self.expression, self.gated))(kind, self.rng.randint(1, 3))
        return f"{name}[t] = " + (f"{self.of_input(kind)} + {right}" if self.plain else right)

    def gated(self, kind: Kind, depth: int) -> str:
        gate = self.bounded(kind, depth - 1)
        return f"{gate} * ({self.atom(kind)}) + (1 - {gate}) * {self.wrapped(kind, depth - 1)}"

    def atoms(self, kind: Kind) -> list[str]:
        """What is known at this point of this size and depends on time."""
        known = [f"{name}[t]" for name in self.defined if self.kinds[name] == kind]
        known += [f"{name}[t-1]" for name in self.states if self.kinds[name] == kind]
        if self.input and (kind == INPUT or (kind == 0 and self.square)):
            known.append(f"{self.input}[t]")
        return known

    def atom(self, kind: Kind) -> str:
        known = self.atoms(kind)
        return self.rng.choice(known) if known else self.product(kind)

    def leaf(self, kind: Kind) -> str:
        """Something that depends on time, or a parameter."""
        return self.vector(kind) if not self.plain and self.rng.random() < 0.3 else self.atom(kind)

    def moving(self, kind: Kind, depth: int) -> str:
        """An expression that depends on time whatever cancels."""
        forms = [self.atom(kind)]
        if depth > 0:
            forms.append(f"{self.atom(kind)} * {self.bounded(kind, depth - 1)}")
            forms.append(f"tanh({self.atom(kind)} - {self.number()})")
            forms.append(f"({self.product(kind, depth - 1)} + {self.vector(kind)})")
        return self.rng.choice(forms)

    def composed(self, kind: Kind, depth: int) -> str:
        """A stack or a repetition of this size, whose parts may be such themselves."""
        assert isinstance(kind, tuple)
        if kind[0] == "repeat":
            times = {2: "n", 3: "g_0"}[kind[1]] if self.rng.random() < 0.3 else str(kind[1])
            return f"repeat({self.part(kind[2], depth)}, {times})"
        return f"[{', '.join(self.part(part, depth) for part in kind)}]"

    def part(self, kind: Kind, depth: int) -> str:
        return self.composed(kind, depth) if isinstance(kind, tuple) else self.moving(kind, depth)

    def number(self) -> str:
        return self.rng.choice(sorted(CONSTANTS) if self.rng.random() < 0.2 else NUMBERS)

    def vector(self, kind: Kind) -> str:
        fitting = [name for name, own in self.vectors.items() if own == kind]
        if fitting and self.rng.random() < 0.3:
            return self.rng.choice(fitting)
        taken = {*self.vectors, *self.matrices, *self.names, self.input, "" if self.input else "x_t"}
        name = self.rng.choice([name for name in VECTORS if name not in taken] or [f"q_{len(self.vectors)}"])
        self.vectors[name] = kind
        return name

    def matrix(self, rows: Kind, columns: Kind) -> str:
        rows, columns = (0 if self.square and kind == INPUT else kind for kind in (rows, columns))
        fitting = [name for name, shape in self.matrices.items() if shape == (rows, columns)]
        if fitting and self.rng.random() < 0.3:
            return self.rng.choice(fitting)
        name = f"{self.rng.choice(STEMS)}_{len(self.matrices)}"
        self.matrices[name] = (rows, columns)
        return name

    def applied(self, rows: Kind, columns: Kind) -> str:
        """A matrix of this shape, or the transpose of one."""
        if self.rng.random() < 0.15:
            return f"{self.matrix(columns, rows)}.T"
        return self.matrix(rows, columns)

    def of_input(self, kind: Kind) -> str:
        return f"{self.applied(kind, INPUT)} @ {self.input}[t]"

    def product(self, kind: Kind, depth: int = 0) -> str:
        if self.rng.random() < 0.15:
            columns = self.composed_kind(tuple(k for k in (0, 1) if self.atoms(k)))
            return f"{self.applied(kind, columns)} @ {self.composed(columns, depth)}"
        columns = self.rng.choice([k for k in (0, 1, INPUT) if self.atoms(k)])
        operand = self.atom(columns)
        if depth > 0 and columns != INPUT and self.rng.random() < 0.4:
            operand = f"({operand} {self.rng.choice('+*')} {self.bounded(columns, depth - 1)})"
        return f"{self.applied(kind, columns)} @ {operand}"

    def affine(self, kind: Kind, depth: int) -> str:
        forms = (self.peephole, self.bias, self.product, self.scaled_atom, self.scaled_product)
        terms = [self.rng.choice(forms)(kind) for _ in range(self.rng.randint(0, 3))]
        if self.plain:
            terms.insert(0, self.product(kind, depth))
        else:
            terms.insert(self.rng.randint(0, len(terms)), self.product(kind, depth))
        return terms[0] + "".join(f" {self.rng.choice('++-')} {term}" for term in terms[1:])

    def peephole(self, kind: Kind) -> str:
        known = self.atoms(kind)
        pair = [self.vector(kind), self.rng.choice(known)] if known else [self.vector(kind)]
        self.rng.shuffle(pair)
        return " * ".join(pair)

    def bias(self, kind: Kind) -> str:
        return self.rng.choice(("", "2 * ")) + self.vector(kind)

    def scaled_atom(self, kind: Kind) -> str:
        return self.rng.choice(("", f"{self.number()} * ")) + f"({self.atom(kind)})"

    def scaled_product(self, kind: Kind) -> str:
        return f"{self.number()} * ({self.product(kind)})"

    def wrapped(self, kind: Kind, depth: int) -> str:
        return f"({self.expression(kind, depth)})"

    def expression(self, kind: Kind, depth: int) -> str:
        if depth <= 0:
            return self.leaf(kind)
        below = depth - 1
        forms = (
            lambda: self.call(kind, below),
            lambda: self.choice(kind, below),
            lambda: self.reduction(kind, below),
            lambda: self.affine(kind, below),
            lambda: f"{self.wrapped(kind, below)} * {self.bounded(kind, below)}",
            lambda: f"{self.wrapped(kind, below)} * {self.vector(kind)}",
            lambda: f"{self.expression(kind, below)} + {self.wrapped(kind, below)}",
            lambda: f"{self.expression(kind, below)} - 0.7 * {self.wrapped(kind, below)}",
            lambda: f"{self.number()} * {self.wrapped(kind, below)}",
            lambda: f"{self.expression(kind, below)} + {self.number()}",
            lambda: f"-{self.wrapped(kind, below)}",
            lambda: f"{self.wrapped(kind, below)} / (2 + {self.bounded(kind, below)})",
            lambda: f"{self.wrapped(kind, below)} / {self.rng.choice(DIVISORS)}",
            lambda: f"{self.bounded(kind, below)} ** {self.rng.randint(2, 3)}",
            lambda: f"(3 + {self.bounded(kind, below)}) ** -{self.rng.randint(1, 2)}",
            lambda: f"1 - {self.bounded(kind, below)}",
            lambda: self.composed(kind, below) if isinstance(kind, tuple) else self.call(kind, below),
        )
        return self.rng.choice(forms)()

    def bounded(self, kind: Kind, depth: int) -> str:
        functions = ("tanh", "sigmoid", "sin", "cos", "softsign", "hard_sigmoid")
        return f"{self.rng.choice(functions)}({self.expression(kind, depth)})"

    def call(self, kind: Kind, depth: int) -> str:
        forms = (
            lambda: self.bounded(kind, depth),
            lambda: self.bounded(kind, depth),
            lambda: f"exp({self.bounded(kind, depth)})",
            lambda: f"log(2 + {self.bounded(kind, depth)})",
            lambda: f"sqrt(2 + {self.bounded(kind, depth)})",
            lambda: f"{self.rng.choice(('softplus', 'relu', 'gelu', 'abs'))}({self.expression(kind, depth)})",
            lambda: f"exp({self.rng.choice(('alpha', 'beta'))}) * {self.wrapped(kind, depth)}",
            lambda: f"{self.fixed(kind)} * {self.wrapped(kind, depth)}",
            lambda: f"{self.learned(kind)} * {self.wrapped(kind, depth)}",
        )
        return self.rng.choice(forms)()

    def fixed(self, kind: Kind) -> str:
        """A function of numbers and constants, or a function of terms that cancel."""
        number, functions = self.number(), ("sigmoid", "softplus", "gelu", "cos", "sqrt")
        forms = [
            f"{self.rng.choice(functions)}({self.rng.choice(('2', 'tau', 'alpha'))})",
            f"exp(-{number})",
            f"maximum({number}, beta)",
            f"where({number} - 1, alpha, {self.number()})",
        ]
        if self.atoms(kind):
            known = self.rng.choice(self.atoms(kind))
            forms.append(f"sigmoid({known} - {known} + {number})")
        return self.rng.choice(forms)

    def learned(self, kind: Kind) -> str:
        """A function of a parameter within bounds; a vector stands for units of one size alone."""
        free = [name for name in ("rate", "share") if self.vectors.setdefault(name, kind) == kind]
        vectors = [f"sigmoid({name})" for name in free] + [f"exp(-{name})" for name in free]
        return self.rng.choice([*vectors, "gain", "exp(-lag)", "tanh(lag)"])

    def choice(self, kind: Kind, depth: int) -> str:
        """A function of two or three arguments, one of which may be a number."""
        arguments = [self.expression(kind, depth) for _ in range(2)]
        if self.rng.random() < 0.3:
            arguments[self.rng.randint(0, 1)] = self.number()
        name = self.rng.choice(("maximum", "minimum", "where"))
        if name == "where":
            arguments.insert(0, self.expression(kind, depth))
        return f"{name}({', '.join(arguments)})"

    def reduction(self, kind: Kind, depth: int) -> str:
        return f"{self.rng.choice(('sum', 'mean', 'max'))}({self.moving(kind, depth)})"
