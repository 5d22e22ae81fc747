"""Letters that well-known texts give to an LSTM's quantities all at once, and by what such a text is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.expressions import Call


@dataclass(frozen=True)
class Dialect:
    """How one kind of text calls quantities.

    known_by: a pattern that no other text has. letters: quantity of the equations -> its keys; below: quantity -> its
    letter below W, U and b. functions: whether g and h are functions, not quantities. next_is_this: whether what has
    "next" below it is of step t, what goes on to the next one.
    """

    known_by: str = r"(?!)"
    letters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    below: Mapping[str, str] = field(default_factory=dict)
    functions: bool = False
    next_is_this: bool = False

    def called(self, name: str) -> str:
        """A quantity as this text calls it below another letter."""
        return self.below.get(name, name)

    def functions_of(self, derivation: Derivation) -> dict[str, str]:
        """Letters that are functions -> which: g is that of the candidate, h that of the state."""
        if not self.functions:
            return {}
        calls = [value.call for value in derivation.forward.values() if value.call is not None]
        of_state = [("h", function) for function, argument in calls if argument.name in derivation.cell.states]
        lines = {equation.target: equation.expression for equation in derivation.cell.equations}
        of_candidate = [("g", line.function) for line in (lines.get("g"),) if isinstance(line, Call)]
        return dict(of_state + of_candidate)


PLAIN = Dialect()
BLOCKS = Dialect(
    known_by=r"(?<![A-Za-z])y\s*[\^_]\s*\{?\(?\s*t\s*-\s*1|(?<![A-Za-z])R\}?_\{?z(?![A-Za-z])",
    letters={"g": ("z",), "h": ("y",)},
    below={"g": "z", "h": "y"},
    functions=True,
)
"""A block has an input z and an output y (Greff et al. 2017)."""
GAMMAS = Dialect(
    known_by=r"\\Gamma_|Γ_",
    letters={"h": ("a",), "i": ("Gammau", "Gammai"), "f": ("Gammaf",), "o": ("Gammao",)},
    below={"i": "u", "g": "c"},
    next_is_this=True,
)
"""Gates are called Gamma, the hidden state a."""
CANDIDATES = Dialect(
    known_by=r"(?<![A-Za-z])a\s*[\^_]\s*\{?\s*\(?t\)?\s*\}?\s*&?=\s*\\?tanh",
    letters={"g": ("a",)},
    below={"g": "a"},
)
"""The candidate of an LSTM is called a."""
UPDATES = Dialect(
    known_by=r"(?<![A-Za-z])u\s{0,3}(?:[_^]\s{0,3})?[{(\[<]{0,3}\s{0,3}t?\s{0,3}[})\]>]{0,3}\s{0,3}&?=&?\s{0,3}\\?"
    r"(?:sigm|σ|\\operatorname\{sig|mathrm\{sig|text\{sig)",
    letters={"z": ("u",)},
    below={"z": "u"},
)
"""The update gate of a GRU is called u."""
STATES = Dialect(
    known_by=r"\A(?s:(?=.*(?<![A-Za-z])state\}?_\{?t).*(?<![A-Za-z])out\}?_\{?t)",
    letters={"c": ("state",), "h": ("out",), "g": ("a",)},
    below={"g": "a"},
)
"""The states are called state and out, the candidate a."""
DIALECTS = (BLOCKS, GAMMAS, STATES, CANDIDATES, UPDATES)


def dialect_of(text: str, derivation: Derivation) -> Dialect:
    """The dialect of a text about a cell that has what it renames, and none of its names already."""
    names = {*derivation.cell.shapes}
    for dialect in DIALECTS:
        fits = {*dialect.letters} <= names and not names & {key for keys in dialect.letters.values() for key in keys}
        if fits and re.search(dialect.known_by, text):
            return dialect
    return PLAIN
