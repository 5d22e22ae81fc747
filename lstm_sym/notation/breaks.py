"""Formulas with marks where a line may break: in LaTeX and Typst, and in a measure of how wide each part is.

The marks of all three stand at the same places, as the walk over the nodes is one. Short fractions, powers and accents
stay whole; a long fraction becomes a quotient in a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lstm_sym.equations.signs import GREEK, Sign
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.notation import Notation
from lstm_sym.notation.text import TextNotation
from lstm_sym.notation.typst import TypstNotation

BREAK = "\x1e"
"""The mark."""
HELD = "\x1f"
"""What a mark becomes where no line may break: it still counts, as a measure of how long a part is."""
SHORT = 6
"""The most marks in a fraction that is kept whole."""
TIGHT = 1
"""The most marks between brackets that are kept whole: 1 - f."""
SMALL = 0.7
"""Width of a letter in a subscript."""


def whole(text: str) -> str:
    """The text without marks."""
    return text.replace(BREAK, "").replace(HELD, "")


def held(text: str) -> str:
    """The text in one piece."""
    return text.replace(BREAK, HELD)


def tight(text: str) -> str:
    """The text in one piece if it is short."""
    return held(text) if _length(text) <= TIGHT else text


def _length(*texts: str) -> int:
    return sum(text.count(BREAK) + text.count(HELD) for text in texts)


def _marked(forms: Mapping[str, str]) -> dict[str, str]:
    """The forms with a mark before the sign of a product, between what is written side by side, and after a ;."""
    beside = {name: forms[name].replace("{}", f"{{}}{BREAK}", 1) for name in ("applied", "scaled")}
    return {**forms, **beside, "product": BREAK + forms["product"], "below": forms["below"] + BREAK}


@dataclass(frozen=True, eq=False)
class BreakableNotation(Notation):
    """What the notations with marks have in common: where marks are taken away, or a fraction is opened up."""

    fraction_bar = True

    def parentheses(self, text: str) -> str:
        """Brackets, in one piece around what is short."""
        return super().parentheses(tight(text))

    def diag(self, text: str) -> str:
        """diag(e), its brackets as any others."""
        return self.forms["diag"].format("") + self.parentheses(text)

    def fraction(self, numerator: str, denominator: str) -> str:
        """A fraction in one piece, or a quotient in a line of what is long."""
        if _length(numerator, denominator) <= SHORT:
            return super().fraction(held(numerator), held(denominator))
        above, below = (self.parentheses(part) if BREAK in part else part for part in (numerator, denominator))
        return above + BREAK + self.forms["over"] + below

    def power(self, base: str, exponent: int) -> str:
        """A power in one piece."""
        return super().power(held(base), exponent)

    def transpose(self, matrix: str) -> str:
        """A transposed matrix in one piece."""
        return super().transpose(held(matrix))

    def partial(self, target: str, source: str) -> str:
        """A partial derivative in one piece."""
        return super().partial(held(target), held(source))

    def marked(self, text: str, mark: str) -> str:
        """A mark of a role on something in one piece."""
        return super().marked(held(text), mark)


@dataclass(frozen=True, eq=False)
class BreakableLatex(BreakableNotation, LatexNotation):
    r"""LaTeX with marks; brackets around them are \Bigl( ... \Bigr), as \left( and \right) hold a line together."""

    plus, minus = BREAK + LatexNotation.plus, BREAK + LatexNotation.minus
    comma = LatexNotation.comma + BREAK
    forms: ClassVar[Mapping[str, str]] = {
        **_marked(LatexNotation.forms),
        "stacked": r"\bigl[{}\bigr]",
        "diag": r"\mathrm{{diag}}{}",
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
        "diag": '"diag"{}',
        "over": r" \/ ",
    }

    def parentheses(self, text: str) -> str:
        """Brackets, larger ones around fractions."""
        if BREAK not in tight(text):
            return super().parentheses(text)
        return rf" lr(\(, size: #180%) {text} lr(\), size: #180%) " if "frac(" in text else rf"\({text}\)"


@dataclass(frozen=True, eq=False)
class Measure(BreakableNotation, TextNotation):
    """Text in which every letter stands for a width of one, with marks."""

    plus, minus = BREAK + TextNotation.plus, BREAK + TextNotation.minus
    comma = TextNotation.comma + BREAK
    forms: ClassVar[Mapping[str, str]] = {**_marked(TextNotation.forms), "over": " / ", "diag": "diag{}"}

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """A name as wide as it is: subscripts and raised marks are small."""
        letter, subscript = self.letters(base, subscripts)
        below = [*subscript, *({0: ["t"], -1: ["t-1"], 1: ["t+1"]}.get(time, []) if time is not None else [])]
        small = max(len(",".join(below)), mark in ("carried", "direct", "slope"))
        before = mark in ("adjoint", "carried", "direct") or 3 * mark.startswith("tangent again")
        return "x" * round(before + len(letter) + SMALL * small)

    def letter(self, sign: Sign) -> str:
        """As wide as it is: a Greek letter is one, an accent adds nothing."""
        return "x" if sign.base in GREEK else sign.base

    def fraction(self, numerator: str, denominator: str) -> str:
        """As wide as its wider half."""
        if _length(numerator, denominator) <= SHORT:
            return max(held(numerator), held(denominator), key=_letters)
        return super().fraction(numerator, denominator)

    def partial(self, target: str, source: str) -> str:
        """As wide as its wider half."""
        return f"d{max(held(target), held(source), key=_letters)}"


def _letters(text: str) -> int:
    return len(whole(text))
