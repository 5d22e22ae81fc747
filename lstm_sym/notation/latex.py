r"""LaTeX, for GitHub's math and for papers: \delta c_{t} = \delta c^{+}_{t} + \dots"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from lstm_sym.equations.functions import SIGNS
from lstm_sym.equations.signs import GREEK, Sign
from lstm_sym.notation.notation import Notation

_TIME = {None: [], 0: ["t"], -1: ["t-1"], 1: ["t+1"]}
_LETTERS = {name: f"\\{name}" for name in GREEK} | {"omicron": "o"}
"""Greek letters; for one that looks like a Latin letter LaTeX has no macro."""


@dataclass(frozen=True, eq=False)
class LatexNotation(Notation):
    """Mathematics as LaTeX, without delimiters."""

    fraction_bar = True
    forms: ClassVar[Mapping[str, str]] = {
        **Notation.forms,
        "power": "{{{}}}^{{{}}}",
        "product": r" \odot ",
        "fraction": r"\frac{{{}}}{{{}}}",
        "scaled": r"{}\,{}",
        "transpose": r"{{{}}}^{{\top}}",
        "applied": r"{}\,{}",
        "summed": r"\sum_{{t}} {}",
        "diag": r"\mathrm{{diag}}({})",
        "stacked": r"\left[{}\right]",
        "below": r";\, ",
        "partial": r"\frac{{\partial {}}}{{\partial {}}}",
        "differential": r"\mathrm{d}W",
    }

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        r"""i_{t}, \delta a_{i,t}, \delta c^{+}_{t}, i'_{t}, \dot{i}_{t}."""
        letter, below = self.letters(base, subscripts)
        if mark == "tangent":
            letter = rf"\dot{{{letter}}}"
        prefix = r"\delta " if mark in ("adjoint", "carried", "direct") else _further(mark)
        superscript = {"carried": "^{+}", "direct": r"^{\circ}", "slope": "'"}.get(mark, "")
        parts = below + _TIME[time]
        return f"{prefix}{letter}{superscript}" + (f"_{{{','.join(parts)}}}" if parts else "")

    def letter(self, sign: Sign) -> str:
        r"""\alpha, \mathrm{in}, \tilde{h}."""
        text = _LETTERS.get(sign.base) or sign.base.replace("_", r"\_")
        text = text if len(sign.base) == 1 or sign.base in _LETTERS else rf"\mathrm{{{text}}}"
        return rf"\{sign.accent}{{{text}}}" if sign.accent else text

    def moved(self, time: str, sign: str, steps: str) -> str:
        """T-1."""
        return time + sign.replace("−", "-") + steps

    def marked(self, text: str, mark: str) -> str:
        r"""\dot{\delta i_{t}}."""
        raised = rf"{{{text}}}^{{\circ}}"
        signs = {
            "tangent": rf"\dot{{{text}}}",
            "total": rf"\Sigma {text}",
            "share": raised,
            "direct": rf"\delta {raised}",
        }
        return signs.get(mark, (_further(mark) or r"\delta ") + text)

    def number(self, value: Fraction) -> str:
        r"""2, 0.1 or \tfrac{1}{3}."""
        if value.denominator == 1:
            return str(value)
        exact = Fraction(repr(float(value))) == value
        return repr(float(value)) if exact else rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}"

    def function(self, name: str, prime: bool) -> str:
        r"""\sigma, \tanh, \sigma'."""
        text = SIGNS[name][0]
        return text + ("'" if prime else "")

    def parentheses(self, text: str) -> str:
        r"""\left( ... \right) around fractions, plain brackets around the rest."""
        return rf"\left({text}\right)" if r"\frac" in text else f"({text})"

    def summed(self, text: str, several: bool) -> str:
        r"""\sum_{t} of a contribution, \left( ... \right) around several."""
        return super().summed(rf"\left({text}\right)" if several else text, False)

    def operator_sign(self, kind: str, index: int | None) -> str:
        r"""\mathrm{part}_{1}."""
        return rf"\mathrm{{{kind}}}" + ("" if index is None else f"_{{{index}}}")


def _further(mark: str) -> str:
    """The sign before a tangent along a second direction or a further one."""
    return rf"\partial{chr(39) * mark.count('again')} " if mark.startswith("tangent again") else ""
