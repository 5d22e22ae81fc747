"""MathML Core, which browsers draw by themselves: a page of mathematics without scripts, fonts or network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape

from lstm_sym.equations.functions import SIGNS
from lstm_sym.notation.notation import GREEK, Notation


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _operator(sign: str) -> str:
    return f"<mo>{sign}</mo>"


def _primed(letter: str) -> str:
    """A prime beside the letter: as a superscript browsers without a mathematical font draw it too small to see."""
    return _row(letter, '<mo lspace="0" rspace="0">′</mo>')


@dataclass(frozen=True, eq=False)
class MathMLNotation(Notation):
    """Mathematics as MathML, without the outer <math>; `classes`: name of a quantity -> class of its elements."""

    classes: Mapping[str, str] = field(default_factory=dict)

    plus, minus, negative = _operator("+"), _operator("−"), '<mo form="prefix">−</mo>'
    comma = _operator(",")
    equals = accumulates = _operator("=")
    fraction_bar = True
    identity, zero = "<mi>I</mi>", "<mn>0</mn>"

    def page(self, line: str, display: bool = True) -> str:
        """A whole <math> element."""
        return f"<math{' display=' + chr(34) + 'block' + chr(34) if display else ''}>{line}</math>"

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """A letter with subscript, mark and time index; what has a time index may have a class."""
        text = self._named(base, subscripts, mark, time)
        given = self.classes.get("_".join([base, *subscripts])) if time is not None else None
        return text.replace(">", f' class="{given}">', 1) if given else text

    def _named(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        letter = f"<mi>{escape(GREEK.get(base, base))}</mi>"
        if mark == "tangent":
            letter = f"<mover>{letter}<mo>˙</mo></mover>"
        below = [f"<mi>{escape(GREEK.get(part, part))}</mi>" for part in subscripts]
        if time is not None:
            below.append("<mi>t</mi>" if time == 0 else _row("<mi>t</mi>", _operator("−"), "<mn>1</mn>"))
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

    def marked(self, text: str, mark: str) -> str:
        """A dot over what carries a mark already."""
        if mark == "share":
            return f"<msup>{_row(text)}{_operator('∘')}</msup>"
        prefix = "Σ" if mark == "total" else f"∂{'′' * mark.count('again')}" if mark.startswith("tangent") else "δ"
        return f"<mover>{text}<mo>˙</mo></mover>" if mark == "tangent" else _row(f"<mi>{prefix}</mi>", text)

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

    def parentheses(self, text: str) -> str:
        """Brackets that grow with what they hold."""
        return _row("<mo>(</mo>", text, "<mo>)</mo>")

    def power(self, base: str, exponent: int) -> str:
        """g squared."""
        above = self.number(Fraction(exponent))
        return f"<msup>{_row(base)}{_row(above) if exponent < 0 else above}</msup>"

    def product(self, factors: list[str]) -> str:
        """a ⊙ b."""
        return _operator("⊙").join(factors)

    def scaled(self, number: str, rest: str) -> str:
        """2 n."""
        return number + rest

    def fraction(self, numerator: str, denominator: str) -> str:
        """A fraction."""
        return f"<mfrac>{_row(numerator)}{_row(denominator)}</mfrac>"

    def transpose(self, matrix: str) -> str:
        """A transposed matrix."""
        return f"<msup>{_row(matrix)}<mo>⊤</mo></msup>"

    def applied(self, matrix: str, vector: str) -> str:
        """U h, with a thin space."""
        return f'{matrix}<mspace width="0.17em"/>{vector}'

    def summed(self, text: str, several: bool) -> str:
        """The sum over t."""
        return "<munder><mo>∑</mo><mi>t</mi></munder>" + (self.parentheses(text) if several else text)

    def diag(self, text: str) -> str:
        """diag(e)."""
        return "<mi>diag</mi>" + self.parentheses(text)

    def stacked(self, parts: list[str]) -> str:
        """[u; v]."""
        return _row(_operator("["), _operator(";").join(parts), _operator("]"))

    def operator_sign(self, kind: str, index: int | None) -> str:
        """A word with its index below."""
        word = f"<mi>{kind}</mi>"
        return word if index is None else f"<msub>{word}<mn>{index}</mn></msub>"

    def partial(self, target: str, source: str) -> str:
        """A partial derivative."""
        return f"<mfrac>{_row(_operator('∂'), target)}{_row(_operator('∂'), source)}</mfrac>"

    def differential(self, text: str) -> str:
        """dW."""
        return _row("<mi>d</mi>", "<mi>W</mi>" if text == self.identity else text)
