"""Formulas with marks where a line may break: in LaTeX and Typst, and in a measure of how wide each part is.

The marks of all three stand at the same places, as the walk over the nodes is one. Short fractions, powers and accents
stay whole; a long fraction becomes a quotient in a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.notation import GREEK, Notation
from lstm_sym.notation.text import TextNotation
from lstm_sym.notation.typst import TypstNotation

BREAK = "\x1e"
"""The mark."""
SHORT = 4
"""The most marks in a fraction that is kept whole."""
TIGHT = 1
"""The most marks between brackets that are kept whole: 1 - f."""
SMALL = 0.7
"""Width of a letter in a subscript."""


def whole(text: str) -> str:
    """The text without marks."""
    return text.replace(BREAK, "")


def tight(text: str) -> str:
    """The text without marks if it has few."""
    return whole(text) if text.count(BREAK) <= TIGHT else text


def _marked(forms: Mapping[str, str]) -> dict[str, str]:
    """The forms with a mark before the sign of a product, between what is written side by side, and after a ;."""
    beside = {name: forms[name].replace("{}", f"{{}}{BREAK}", 1) for name in ("applied", "scaled")}
    return {**forms, **beside, "product": BREAK + forms["product"], "below": forms["below"] + BREAK}


@dataclass(frozen=True, eq=False)
class BreakableNotation(Notation):
    """What the notations with marks have in common: where marks are taken away, or a fraction is opened up."""

    fraction_bar = True

    def parentheses(self, text: str) -> str:
        """Brackets, without marks around what is short."""
        return super().parentheses(tight(text))

    def fraction(self, numerator: str, denominator: str) -> str:
        """A fraction without marks, or a quotient in a line of what is long."""
        if (numerator + denominator).count(BREAK) <= SHORT:
            return super().fraction(whole(numerator), whole(denominator))
        above, below = (self.parentheses(part) if BREAK in part else part for part in (numerator, denominator))
        return above + BREAK + self.forms["over"] + below

    def power(self, base: str, exponent: int) -> str:
        """A power without marks."""
        return super().power(whole(base), exponent)

    def transpose(self, matrix: str) -> str:
        """A transposed matrix without marks."""
        return super().transpose(whole(matrix))

    def partial(self, target: str, source: str) -> str:
        """A partial derivative without marks."""
        return super().partial(whole(target), whole(source))

    def marked(self, text: str, mark: str) -> str:
        """A mark of a role on something without marks."""
        return super().marked(whole(text), mark)


@dataclass(frozen=True, eq=False)
class BreakableLatex(BreakableNotation, LatexNotation):
    r"""LaTeX with marks; brackets around them are \Bigl( ... \Bigr), as \left( and \right) hold a line together."""

    plus, minus = BREAK + LatexNotation.plus, BREAK + LatexNotation.minus
    comma = LatexNotation.comma + BREAK
    forms: ClassVar[Mapping[str, str]] = {
        **_marked(LatexNotation.forms),
        "stacked": r"\bigl[{}\bigr]",
        "over": " / ",
    }

    def parentheses(self, text: str) -> str:
        """Brackets, larger ones around fractions."""
        if r"\frac" in text and BREAK in tight(text):
            return rf"\Bigl({text}\Bigr)"
        return super().parentheses(text)

    def summed(self, text: str, several: bool) -> str:
        r"""\sum_{t} of a contribution, or of several in brackets."""
        return self.forms["summed"].format(self.parentheses(text) if several else text)


@dataclass(frozen=True, eq=False)
class BreakableTypst(BreakableNotation, TypstNotation):
    """Typst with marks; brackets around them are single signs, as a pair holds a line together."""

    plus, minus = BREAK + TypstNotation.plus, BREAK + TypstNotation.minus
    comma = TypstNotation.comma + BREAK
    forms: ClassVar[Mapping[str, str]] = {
        **_marked(TypstNotation.forms),
        "stacked": r"\[{}\]",
        "diag": '"diag"\\({}\\)',
        "over": r" \/ ",
    }

    def parentheses(self, text: str) -> str:
        """Brackets, larger ones around fractions."""
        if BREAK not in tight(text):
            return super().parentheses(text)
        return rf"lr(\(, size: #180%){text}lr(\), size: #180%)" if "frac(" in text else rf"\({text}\)"


@dataclass(frozen=True, eq=False)
class Measure(BreakableNotation, TextNotation):
    """Text in which every letter stands for a width of one, with marks."""

    plus, minus = BREAK + TextNotation.plus, BREAK + TextNotation.minus
    comma = TextNotation.comma + BREAK
    forms: ClassVar[Mapping[str, str]] = {**_marked(TextNotation.forms), "over": " / ", "diag": "diag({})"}

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """A name as wide as it is: subscripts and raised marks are small."""
        below = [*subscripts, *({0: ["t"], -1: ["t-1"]}.get(time, []) if time is not None else [])]
        small = max(len(",".join(below)), mark in ("carried", "direct", "slope"))
        before = mark in ("adjoint", "carried", "direct") or 3 * mark.startswith("tangent again")
        letters = 1 if len(base) == 1 or base in GREEK else len(base)
        return "x" * round(before + letters + SMALL * small)

    def fraction(self, numerator: str, denominator: str) -> str:
        """As wide as its wider half."""
        if (numerator + denominator).count(BREAK) <= SHORT:
            return max(whole(numerator), whole(denominator), key=len)
        return super().fraction(numerator, denominator)

    def partial(self, target: str, source: str) -> str:
        """As wide as its wider half."""
        return f"d{max(whole(target), whole(source), key=len)}"
