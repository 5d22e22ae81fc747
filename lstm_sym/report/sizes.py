"""How many numbers arrays of symbolic shapes hold together: 4 (H D + H² + H), and that number for given sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, product
from math import gcd, prod

from lstm_sym.equations.equation import Shape
from lstm_sym.equations.sizes import parts_of
from lstm_sym.notation.notation import Notation
from lstm_sym.program.values import Role, Value


@dataclass(frozen=True)
class SizeSum:
    """A sum of products of sizes: each shape with how many arrays have it, (H, D) and (D, H) counted together."""

    terms: tuple[tuple[Shape, int], ...]

    @classmethod
    def of(cls, shapes: Iterable[Shape]) -> SizeSum:
        """The numbers in one array of each of these shapes; a size H + D makes two terms."""
        shown: dict[Shape, Shape] = {}
        counts: dict[Shape, int] = {}
        for shape in shapes:
            for parts in product(*(parts_of(size).items() for size in shape)):
                names = tuple(name for name, _ in parts)
                first = shown.setdefault(tuple(sorted(names)), names)
                counts[first] = counts.get(first, 0) + prod(count for _, count in parts)
        return cls(tuple(counts.items()))

    def number(self, sizes: Mapping[str, int]) -> int:
        """The sum for these sizes."""
        return sum(count * prod(sizes[name] for name in shape) for shape, count in self.terms)

    def write(self, notation: Notation) -> str:
        """The sum as a formula, with the largest factor that all counts have before a bracket."""
        if not self.terms:
            return notation.zero
        factor = gcd(*(count for _, count in self.terms))
        body = notation.plus.join(_term(shape, count // factor, notation) for shape, count in self.terms)
        if factor == 1:
            return body
        return notation.scaled(
            notation.number(Fraction(factor)), body if len(self.terms) == 1 else notation.parentheses(body)
        )


def _term(shape: Shape, count: int, notation: Notation) -> str:
    """count times the product of the sizes, equal ones as a power."""
    text = ""
    for name, group in groupby(sorted(shape, key=shape.index)):
        times = len(list(group))
        sign = notation.symbol(Value(name, (), None, Role.PARAMETER))
        power = sign if times == 1 else notation.power(sign, times)
        text = notation.applied(text, power) if text else power
    if not text:
        return notation.number(Fraction(count))
    return text if count == 1 else notation.scaled(notation.number(Fraction(count)), text)
