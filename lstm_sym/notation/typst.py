"""Typst, for pages on paper: δ c_(t) = δ c^(+)_(t) + ..., with a space or a bracket after every name.

Two letters side by side would be the name of a function, so words stand in quotes and letters apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from lstm_sym.equations.functions import SIGNS
from lstm_sym.equations.signs import GREEK, Sign
from lstm_sym.notation.notation import Notation

_TIME = {None: [], 0: ["t"], -1: ["t - 1"], 1: ["t + 1"]}

_ACCENTS = {"bar": "macron", "vec": "arrow"}
"""What Typst calls accents, where not as LaTeX."""


@dataclass(frozen=True, eq=False)
class TypstNotation(Notation):
    """Mathematics as Typst, without dollar signs."""

    comma = r"\, "
    fraction_bar = True
    forms: ClassVar[Mapping[str, str]] = {
        **Notation.forms,
        "power": "attach({}, t: {})",
        "product": " ⊙ ",
        "fraction": "frac({}, {})",
        "scaled": "{} thin {}",
        "parentheses": "({})",
        "transpose": "attach({}, t: ⊤)",
        "applied": "{} thin {}",
        "summed": "∑_(t) {}",
        "diag": '"diag"({})',
        "stacked": "[{}]",
        "below": r"\; ",
        "partial": "frac(∂ {}, ∂ {})",
        "differential": "upright(d) W",
    }

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        r"""i_(t), δ a_(i\,t), δ c^(+)_(t), i'_(t), dot(i)_(t)."""
        letter, subscript = self.letters(base, subscripts)
        if mark == "tangent":
            letter = f"dot({letter})"
        prefix = "δ " if mark in ("adjoint", "carried", "direct") else _further(mark)
        above = {"carried": "^(+)", "direct": "^(∘)", "slope": "'"}.get(mark, "")
        below = r"\,".join([*subscript, *_TIME[time]])
        return f"{prefix}{letter}{above}" + (f"_({below})" if below else "")

    def letter(self, sign: Sign) -> str:
        """α, "in", tilde(h)."""
        text = _letter(sign.base)
        return f"{_ACCENTS.get(sign.accent, sign.accent)}({text})" if sign.accent else text

    def moved(self, time: str, sign: str, steps: str) -> str:
        """T - 1."""
        return f"{time} {sign.replace('−', '-')} {steps}"

    def marked(self, text: str, mark: str) -> str:
        """A mark over, before or above what carries one already."""
        signs = {
            "tangent": f"dot({text})",
            "total": f"Σ {text}",
            "share": f"attach({text}, t: ∘)",
            "direct": f"δ attach({text}, t: ∘)",
        }
        return signs.get(mark, (_further(mark) or "δ ") + text)

    def number(self, value: Fraction) -> str:
        """2, 0.1 or a small fraction."""
        if value.denominator == 1:
            return str(value)
        exact = Fraction(repr(float(value))) == value
        return repr(float(value)) if exact else f"inline(frac({value.numerator}, {value.denominator}))"

    def function(self, name: str, prime: bool) -> str:
        """The sign of a function; a word in quotes."""
        sign = "bold(1)_(>0)" if name == "positive" else _letter(SIGNS[name][1].replace("_", "-"))
        return sign + ("'" if prime else "")

    def operator_sign(self, kind: str, index: int | None) -> str:
        """A word with its index below."""
        return f'"{kind}"' + ("" if index is None else f"_({index})")


def _letter(text: str) -> str:
    sign = GREEK.get(text, text)
    return sign if len(sign) == 1 else f'"{sign}"'


def _further(mark: str) -> str:
    """The sign before a tangent along a second direction or a further one."""
    return f"∂{chr(39) * mark.count('again')} " if mark.startswith("tangent again") else ""
