"""Unicode text for the terminal and for comments in kernels: δcₜ = δc⁺ₜ + δ(tanh(cₜ)) ⊙ tanh′(cₜ)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from lstm_sym.equations.functions import SIGNS
from lstm_sym.equations.signs import GREEK, Sign
from lstm_sym.notation.notation import Notation

_TIME = {None: "", 0: "ₜ", -1: "ₜ₋₁", 1: "ₜ₊₁"}
_ACCENTS = {"": "", "tilde": "\u0303", "hat": "\u0302", "bar": "\u0304", "dot": "\u0307", "vec": "\u20d7"}
"""Signs that stand over the letter before them."""
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True, eq=False)
class TextNotation(Notation):
    """Mathematics in plain Unicode, one line a statement."""

    minus, negative = " − ", "−"
    forms: ClassVar[Mapping[str, str]] = {
        **Notation.forms,
        "product": " ⊙ ",
        "scaled": "{} {}",
        "transpose": "{}ᵀ",
        "applied": "{} {}",
        "summed": "Σₜ {}",
        "diag": "diag({})",
        "stacked": "[{}]",
        "below": "; ",
        "partial": "∂{}/∂{}",
        "differential": "dW",
    }

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """iₜ, δa_iₜ, δc⁺ₜ, i′ₜ, ∂iₜ."""
        letter, below = self.letters(base, subscripts)
        text = "_".join([letter, *below])
        prefix = {"adjoint": "δ", "carried": "δ", "direct": "δ"}.get(mark, _tangent(mark))
        suffix = {"carried": "⁺", "direct": "°", "slope": "′"}.get(mark, "")
        return f"{prefix}{text}{suffix}{_TIME[time]}"

    def letter(self, sign: Sign) -> str:
        """α, h̃."""
        return "_".join(GREEK.get(part, part) for part in sign.base.split("_")) + _ACCENTS[sign.accent]

    def marked(self, text: str, mark: str) -> str:
        """∂δiₜ."""
        if mark in ("share", "direct"):
            return f"{'δ' if mark == 'direct' else ''}{text}°"
        return {"adjoint": "δ", "carried": "δ", "total": "Σ"}.get(mark, _tangent(mark)) + text

    def number(self, value: Fraction) -> str:
        """A decimal where it is exact, else a fraction."""
        exact = Fraction(repr(float(value))) == value
        return str(value) if value.denominator == 1 or not exact else repr(float(value))

    def function(self, name: str, prime: bool) -> str:
        """σ, tanh, σ′."""
        text = SIGNS[name][1]
        return text + ("′" if prime else "")

    def power(self, base: str, exponent: int) -> str:
        """g²."""
        return base + str(exponent).translate(_SUPERSCRIPTS)

    def operator_sign(self, kind: str, index: int | None) -> str:
        """part₁, repeat₂, mean."""
        return kind + ("" if index is None else str(index).translate(_SUBSCRIPTS))


def _tangent(mark: str) -> str:
    """∂, along a second direction ∂′; nothing for another mark."""
    return "∂" + "′" * mark.count("again") if mark.startswith("tangent") else ""
