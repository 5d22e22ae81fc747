"""Random cells: text of one to five equations over the grammar of cell files, differentiable wherever they run.

Affine maps and functions nest in each other; quantities have one of two sizes; states are read before they are defined.
Functions with a restricted domain get arguments inside it, and powers and quotients are of bounded quantities, so that
no gradient is far larger or smaller than its terms.

A plain cell keeps to the forms papers use: every equation begins with the input's product, and reads a state; functions
are of what depends on time. Any other cell may also be square, and have quantities of parameters alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import lstm_sym as ls

QUANTITIES = ("h", "c", "i", "f", "a", "gates", "work", "out", "H", "W", "d", "lead", "step", "sizes", "reference", "y")
STEMS = ("W", "U", "V_", "P", "T_")
VECTORS = ("b", "p", "k", "x_t", "D", "names")
NUMBERS = ("2", "0.5", "0.1", "1.25", "0.3")
DIVISORS = ("2", "3", "1.25")
INPUT_KIND = 2


@dataclass(frozen=True)
class RandomCell:
    """What `ls.parse` is given."""

    text: str
    sizes: dict[str, str] = field(default_factory=dict)
    output: str | None = None

    def parse(self) -> ls.Cell:
        return ls.parse(self.text, sizes=self.sizes, output=self.output)


def random_cell(rng: Random, *, plain: bool) -> RandomCell:
    return _Writer(rng, plain).cell()


class _Writer:
    """Writes equation after equation; `kinds` says of which of two sizes a quantity is."""

    def __init__(self, rng: Random, plain: bool) -> None:
        self.rng, self.plain = rng, plain
        count = rng.randint(1, 5)
        self.names = rng.sample(QUANTITIES[:-1] if plain else QUANTITIES, count)
        kinds = (0, 1) if rng.random() < 0.4 else (0,)
        self.kinds = {name: rng.choice(kinds) for name in self.names}
        self.states = rng.sample(self.names, rng.randint(1, min(3, count)))
        self.kinds[self.states[0]] = 0
        self.input = rng.choice([name for name in ("x", "u") if name not in self.names])
        self.square = not plain and rng.random() < 0.15
        self.matrices: dict[str, tuple[int, int]] = {}
        self.vectors: dict[str, int] = {}
        self.defined: list[str] = []

    def cell(self) -> RandomCell:
        lines = []
        for name in self.names:
            lines.append(self.equation(name))
            self.defined.append(name)
        output = self.rng.choice([None, *self.names])
        self.complete(lines, output or self.names[-1])
        sizes = {self.input: "H", self.states[0]: "H"} if self.square else {}
        return RandomCell("\n".join(lines), sizes, output)

    def complete(self, lines: list[str], output: str) -> None:
        """Add what every cell must have: each state is read, and the output depends on the input."""
        for place, name in enumerate(self.names):
            unread = name in self.states and f"{name}[t-1]" not in "\n".join(lines)
            right = lines[place].split(" = ", 1)[1]
            if unread or (self.plain and "[t-1]" not in right):
                lines[place] += f" + {self.rng.choice(NUMBERS)} * {self.state(self.kinds[name], name)}"
        last = self.names.index(output)
        if f"{self.input}[t]" not in lines[last]:
            lines[last] += f" + {self.of_input(self.kinds[output])}"

    def state(self, kind: int, name: str) -> str:
        """A state of this size, if need be through a matrix: the quantity itself if it is one."""
        fitting = [s for s in self.states if self.kinds[s] == kind]
        if name in fitting or fitting:
            return f"{name if name in fitting else self.rng.choice(fitting)}[t-1]"
        return f"({self.matrix(kind, 0)} @ {self.states[0]}[t-1])"

    def equation(self, name: str) -> str:
        kind = self.kinds[name]
        right = self.rng.choice((self.call, self.affine, self.expression, self.gated))(kind, self.rng.randint(1, 3))
        return f"{name}[t] = " + (f"{self.of_input(kind)} + {right}" if self.plain else right)

    def gated(self, kind: int, depth: int) -> str:
        gate = self.bounded(kind, depth - 1)
        return f"{gate} * ({self.atom(kind)}) + (1 - {gate}) * {self.wrapped(kind, depth - 1)}"

    def atoms(self, kind: int) -> list[str]:
        """What is known at this point of this size and depends on time."""
        known = [f"{name}[t]" for name in self.defined if self.kinds[name] == kind]
        known += [f"{name}[t-1]" for name in self.states if self.kinds[name] == kind]
        if kind == INPUT_KIND or (kind == 0 and self.square):
            known.append(f"{self.input}[t]")
        return known

    def atom(self, kind: int) -> str:
        known = self.atoms(kind)
        return self.rng.choice(known) if known else self.product(kind)

    def leaf(self, kind: int) -> str:
        """Something that depends on time, or a parameter."""
        return self.vector(kind) if not self.plain and self.rng.random() < 0.3 else self.atom(kind)

    def vector(self, kind: int) -> str:
        fitting = [name for name, own in self.vectors.items() if own == kind]
        if fitting and self.rng.random() < 0.3:
            return self.rng.choice(fitting)
        taken = {*self.vectors, *self.matrices, *self.names, self.input}
        name = self.rng.choice([name for name in VECTORS if name not in taken] or [f"q_{len(self.vectors)}"])
        self.vectors[name] = kind
        return name

    def matrix(self, rows: int, columns: int) -> str:
        columns = 0 if self.square and columns == INPUT_KIND else columns
        fitting = [name for name, shape in self.matrices.items() if shape == (rows, columns)]
        if fitting and self.rng.random() < 0.3:
            return self.rng.choice(fitting)
        name = f"{self.rng.choice(STEMS)}_{len(self.matrices)}"
        self.matrices[name] = (rows, columns)
        return name

    def of_input(self, kind: int) -> str:
        return f"{self.matrix(kind, INPUT_KIND)} @ {self.input}[t]"

    def product(self, kind: int, depth: int = 0) -> str:
        columns = self.rng.choice([k for k in (0, 1, INPUT_KIND) if self.atoms(k)])
        operand = self.atom(columns)
        if depth > 0 and columns != INPUT_KIND and self.rng.random() < 0.4:
            operand = f"({operand} {self.rng.choice('+*')} {self.bounded(columns, depth - 1)})"
        return f"{self.matrix(kind, columns)} @ {operand}"

    def affine(self, kind: int, depth: int) -> str:
        forms = (self.peephole, self.bias, self.product, self.scaled_atom, self.scaled_product)
        terms = [self.rng.choice(forms)(kind) for _ in range(self.rng.randint(0, 3))]
        if self.plain:
            terms.insert(0, self.product(kind, depth))
        else:
            terms.insert(self.rng.randint(0, len(terms)), self.product(kind, depth))
        return terms[0] + "".join(f" {self.rng.choice('++-')} {term}" for term in terms[1:])

    def peephole(self, kind: int) -> str:
        known = self.atoms(kind)
        pair = [self.vector(kind), self.rng.choice(known)] if known else [self.vector(kind)]
        self.rng.shuffle(pair)
        return " * ".join(pair)

    def bias(self, kind: int) -> str:
        return self.rng.choice(("", "2 * ")) + self.vector(kind)

    def scaled_atom(self, kind: int) -> str:
        return self.rng.choice(("", "0.5 * ")) + f"({self.atom(kind)})"

    def scaled_product(self, kind: int) -> str:
        return f"{self.rng.choice(NUMBERS)} * ({self.product(kind)})"

    def wrapped(self, kind: int, depth: int) -> str:
        return f"({self.expression(kind, depth)})"

    def expression(self, kind: int, depth: int) -> str:
        if depth <= 0:
            return self.leaf(kind)
        below = depth - 1
        forms = (
            lambda: self.call(kind, below),
            lambda: self.affine(kind, below),
            lambda: f"{self.wrapped(kind, below)} * {self.bounded(kind, below)}",
            lambda: f"{self.wrapped(kind, below)} * {self.vector(kind)}",
            lambda: f"{self.expression(kind, below)} + {self.wrapped(kind, below)}",
            lambda: f"{self.expression(kind, below)} - 0.7 * {self.wrapped(kind, below)}",
            lambda: f"{self.rng.choice(NUMBERS)} * {self.wrapped(kind, below)}",
            lambda: f"-{self.wrapped(kind, below)}",
            lambda: f"{self.wrapped(kind, below)} / (2 + {self.bounded(kind, below)})",
            lambda: f"{self.wrapped(kind, below)} / {self.rng.choice(DIVISORS)}",
            lambda: f"{self.bounded(kind, below)} ** {self.rng.randint(2, 3)}",
            lambda: f"(3 + {self.bounded(kind, below)}) ** -{self.rng.randint(1, 2)}",
            lambda: f"1 - {self.bounded(kind, below)}",
        )
        return self.rng.choice(forms)()

    def bounded(self, kind: int, depth: int) -> str:
        return f"{self.rng.choice(('tanh', 'sigmoid', 'sin', 'cos'))}({self.expression(kind, depth)})"

    def call(self, kind: int, depth: int) -> str:
        forms = (
            lambda: self.bounded(kind, depth),
            lambda: self.bounded(kind, depth),
            lambda: f"exp({self.bounded(kind, depth)})",
            lambda: f"log(2 + {self.bounded(kind, depth)})",
            lambda: f"softplus({self.expression(kind, depth)})",
            lambda: f"relu({self.expression(kind, depth)})",
        )
        return self.rng.choice(forms)()
