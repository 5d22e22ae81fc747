"""Unicode text for the terminal and for comments in kernels: δcₜ = δc⁺ₜ + δtanh_cₜ ⊙ tanh_c′ₜ."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lstm_sym.equations.functions import SIGNS
from lstm_sym.notation.notation import GREEK, Notation

_TIME = {None: "", 0: "ₜ", -1: "ₜ₋₁"}
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True, eq=False)
class TextNotation(Notation):
    """Mathematics in plain Unicode, one line a statement."""

    minus, negative = " − ", "−"
    accumulates = " = "

    def name(self, base: str, subscripts: list[str], mark: str, time: int | None) -> str:
        """iₜ, δa_iₜ, δc⁺ₜ, i′ₜ, ∂iₜ."""
        text = "_".join(GREEK.get(part, part) for name in [base, *subscripts] for part in name.split("_"))
        prefix = {"adjoint": "δ", "carried": "δ", "direct": "δ"}.get(mark, _tangent(mark))
        suffix = {"carried": "⁺", "direct": "°", "slope": "′"}.get(mark, "")
        return f"{prefix}{text}{suffix}{_TIME[time]}"

    def marked(self, text: str, mark: str) -> str:
        """∂δiₜ."""
        if mark == "share":
            return f"{text}°"
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

    def product(self, factors: list[str]) -> str:
        """a ⊙ b."""
        return " ⊙ ".join(factors)

    def scaled(self, number: str, rest: str) -> str:
        """2 n."""
        return f"{number} {rest}"

    def fraction(self, numerator: str, denominator: str) -> str:
        """a / b."""
        return f"{numerator} / {denominator}"

    def transpose(self, matrix: str) -> str:
        """Uᵀ."""
        return f"{matrix}ᵀ"

    def applied(self, matrix: str, vector: str) -> str:
        """U h."""
        return f"{matrix} {vector}"

    def summed(self, text: str, several: bool) -> str:
        """Σₜ of a contribution."""
        return f"Σₜ ({text})" if several else f"Σₜ {text}"

    def diag(self, text: str) -> str:
        """diag(e)."""
        return f"diag({text})"

    def stacked(self, parts: list[str]) -> str:
        """[h; x]."""
        return f"[{'; '.join(parts)}]"

    def operator_sign(self, kind: str, index: int | None) -> str:
        """part₁, repeat₂, mean."""
        return kind + ("" if index is None else str(index).translate(_SUBSCRIPTS))

    def partial(self, target: str, source: str) -> str:
        """∂c/∂h."""
        return f"∂{target}/∂{source}"

    def differential(self, text: str) -> str:
        """dW."""
        return "dW" if text == self.identity else f"d{text}"


def _tangent(mark: str) -> str:
    """∂, along a second direction ∂′; nothing for another mark."""
    return "∂" + "′" * mark.count("again") if mark.startswith("tangent") else ""
