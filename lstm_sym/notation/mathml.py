"""MathML Core, which browsers draw by themselves: a page of mathematics without scripts, fonts or network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from typing import ClassVar

from lstm_sym.equations.functions import SIGNS
from lstm_sym.equations.signs import GREEK, Sign
from lstm_sym.notation.notation import Notation

_ACCENTS = {"tilde": "˜", "hat": "ˆ", "bar": "¯", "dot": "˙", "vec": "→"}
_TALL = ("mfrac", "mtable", "munder")


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _operator(sign: str) -> str:
    return f"<mo>{sign}</mo>"


def _over(letter: str, accent: str) -> str:
    """An accent over a letter, as large as there: what is no accent is a size smaller, a tilde like a dot."""
    return f'<mover accent="true">{letter}{_operator(accent)}</mover>'


def _primed(letter: str) -> str:
    """A prime beside the letter: as a superscript browsers without a mathematical font draw it too small to see."""
    return _row(letter, '<mo lspace="0" rspace="0">′</mo>')


@dataclass(frozen=True, eq=False)
class MathMLNotation(Notation):
    """Mathematics as MathML, without the outer <math>; `classes`: name of a quantity -> class of its elements."""

    classes: Mapping[str, str] = field(default_factory=dict)

    plus, minus, negative = _operator("+"), _operator("−"), '<mo form="prefix">−</mo>'
    comma = _operator(",")
    equals, identity, zero = _operator("="), "<mi>I</mi>", "<mn>0</mn>"
    fraction_bar = True
    forms: ClassVar[Mapping[str, str]] = {
        **Notation.forms,
        "product": '<mo largeop="false">⊙</mo>',  # Firefox draws it as large as a sum
        "fraction": f"<mfrac>{_row('{}')}{_row('{}')}</mfrac>",
        "scaled": '{}<mspace width="0.17em"/>{}',
        "parentheses": _row('<mo stretchy="false">(</mo>', "{}", '<mo stretchy="false">)</mo>'),
        "transpose": f"<msup>{_row('{}')}<mo>⊤</mo></msup>",
        "applied": '{}<mspace width="0.17em"/>{}',
        "summed": "<munder><mo>∑</mo><mi>t</mi></munder>{}",
        "diag": "<mi>diag</mi>{}",
        "stacked": _row(_operator("["), "{}", _operator("]")),
        "below": _operator(";"),
        "partial": f"<mfrac>{_row(_operator('∂'), '{}')}{_row(_operator('∂'), '{}')}</mfrac>",
        "differential": _row("<mi>d</mi>", "<mi>W</mi>"),
    }

    def page(self, line: str, display: bool = True) -> str:
        """A whole <math> element."""
        return f"<math{' display=' + chr(34) + 'block' + chr(34) if display else ''}>{line}</math>"

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """A letter with subscript, mark and time index, and the class of its name."""
        text = self._named(base, subscripts, mark, time)
        given = self.classes.get("_".join([base, *subscripts]))
        return text.replace(">", f' class="{given}">', 1) if given else text

    def _named(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        letter, below = self.letters(base, subscripts)
        if mark == "tangent":
            letter = _over(letter, "˙")
        if time is not None:
            sign = "−" if time < 0 else "+"
            below.append(_row("<mi>t</mi>", _operator(sign), "<mn>1</mn>") if time else "<mi>t</mi>")
        subscript = _row(_operator(",").join(below)) if len(below) > 1 else "".join(below)
        if mark == "slope":
            letter = _primed(letter)
        above = {"carried": _operator("+"), "direct": _operator("∘")}.get(mark, "")
        if subscript and above:
            text = f"<msubsup>{letter}{subscript}{above}</msubsup>"
        elif subscript:
            text = f"<msub>{letter}{subscript}</msub>"
        else:
            text = f"<msup>{letter}{above}</msup>" if above else letter
        if mark.startswith("tangent again"):
            return self.marked(text, mark)
        return _row("<mi>δ</mi>", text) if mark in ("adjoint", "carried", "direct") else text

    def parentheses(self, text: str) -> str:
        """Brackets of one size around letters, which a descender would stretch, and as tall as what is tall."""
        tall = any(f"<{tag}" in text for tag in _TALL)
        return _row(_operator("("), text, _operator(")")) if tall else super().parentheses(text)

    def diag(self, text: str) -> str:
        """diag(e), its brackets as any others."""
        return super().diag(self.parentheses(text))

    def letter(self, sign: Sign) -> str:
        """A letter or a word, an accent over it."""
        text = f"<mi>{escape(GREEK.get(sign.base, sign.base))}</mi>"
        return _over(text, _ACCENTS[sign.accent]) if sign.accent else text

    def moved(self, time: str, sign: str, steps: str) -> str:
        """A letter, a sign and a number."""
        return _row(time, _operator(sign), f"<mn>{steps}</mn>")

    def marked(self, text: str, mark: str) -> str:
        """A dot over what carries a mark already."""
        if mark in ("share", "direct"):
            raised = f"<msup>{_row(text)}{_operator('∘')}</msup>"
            return raised if mark == "share" else _row("<mi>δ</mi>", raised)
        prefix = "Σ" if mark == "total" else f"∂{'′' * mark.count('again')}" if mark.startswith("tangent") else "δ"
        return _over(_row(text), "˙") if mark == "tangent" else _row(f"<mi>{prefix}</mi>", text)

    def number(self, value: Fraction) -> str:
        """A number or a fraction of two."""
        if value < 0:
            return self.negative + self.number(-value)
        if value.denominator == 1 or Fraction(repr(float(value))) == value:
            return f"<mn>{value if value.denominator == 1 else repr(float(value))}</mn>"
        return f"<mfrac><mn>{value.numerator}</mn><mn>{value.denominator}</mn></mfrac>"

    def function(self, name: str, prime: bool) -> str:
        """The sign of a function."""
        text = f"<mi>{SIGNS[name][1]}</mi>"
        return _primed(text) if prime else text

    def power(self, base: str, exponent: int) -> str:
        """g squared."""
        above = self.number(Fraction(exponent))
        return f"<msup>{_row(base)}{_row(above) if exponent < 0 else above}</msup>"

    def operator_sign(self, kind: str, index: int | None) -> str:
        """A word with its index below."""
        word = f"<mi>{kind}</mi>"
        return word if index is None else f"<msub>{word}<mn>{index}</mn></msub>"
