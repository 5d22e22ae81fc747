"""Bounds on the numbers of an equation, before SymPy sees them: it folds numbers and powers at once, however large.

Every number weighs as many digits as it has, times the exponents it stands under. If all weights of an equation sum to
less than MAX_DIGITS, nothing that its numbers can be folded to is longer, or leaves the range of float64.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

from lstm_sym.equations import expressions as e
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.functions import REDUCTIONS
from lstm_sym.equations.source_line import SourceLine

MAX_NUMBER = 10**9
MIN_NUMBER = Fraction(1, 10**30)
BOUNDS = f"0, and numbers from {float(MIN_NUMBER)} to {MAX_NUMBER:,}"
MAX_EXPONENT = 64
MAX_DIGITS = 300

_ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def within_bounds(number: float) -> bool:
    """Whether a number may be written in a cell."""
    return number == 0 or MIN_NUMBER <= abs(number) <= MAX_NUMBER


def check_numbers(expression: e.Expression, line: SourceLine, constants: Mapping[str, Fraction]) -> None:
    """Refuse long numbers, high powers, division by zero, what is no number, and a number where a vector belongs.

    constants: the numbers that names stand for. Raises CellError.
    """
    digits = _digits(expression, 1, line)
    if digits > MAX_DIGITS:
        raise line.error(
            f"the numbers of this equation can multiply to {digits:,} digits",
            expression.column,
            "use shorter numbers, lower powers, or parameters",
            f"{MAX_DIGITS} digits in all, each number counted as often as its powers say",
        )
    if _constant(expression, line, constants) is not None:
        raise line.error(
            "the right side is a number, which belongs to no unit",
            expression.column,
            "write the number where it is read, or read a quantity or a parameter here",
            "an expression that reads a quantity or a parameter",
        )


def _exponent(node: e.Expression, line: SourceLine) -> int:
    """A whole number of at most MAX_EXPONENT in size."""
    size = node.operand if isinstance(node, e.Negate) else node
    if not isinstance(size, e.Number) or size.value.denominator != 1 or size.value > MAX_EXPONENT:
        raise line.error(
            f"`{str(node)[:40]}` is not an exponent a cell may use",
            node.column,
            "for other powers of a positive quantity write exp(n * log(a))",
            f"whole numbers from -{MAX_EXPONENT} to {MAX_EXPONENT}",
        )
    return int(size.value) if size is node else -int(size.value)


def _digits(node: e.Expression, power: int, line: SourceLine) -> int:
    """The sum of the digits of all numbers below, each times the exponents above it."""
    if isinstance(node, e.Number):
        return power * (len(str(node.value.numerator)) + len(str(node.value.denominator)) - 1)
    if isinstance(node, e.Binary) and node.operator == "**":
        power *= max(1, abs(_exponent(node.right, line)))
        if power > MAX_EXPONENT:
            raise line.error(
                f"powers of powers multiply to {power}",
                node.column,
                "use a lower power",
                f"exponents that multiply to at most {MAX_EXPONENT}",
            )
        return _digits(node.left, power, line)
    return sum(_digits(child, power, line) for child in node.children())


def _constant(node: e.Expression, line: SourceLine, constants: Mapping[str, Fraction]) -> Fraction | None:
    """The value of an expression of numbers and constants, else None, as for a function; its digits are bounded."""
    if isinstance(node, e.Number):
        return node.value
    if isinstance(node, e.Name):
        return constants.get(node.name) if node.time is None else None
    values = [_constant(child, line, constants) for child in node.children()]
    numbers = [value for value in values if value is not None]
    if isinstance(node, e.Call) and node.function in REDUCTIONS and numbers:
        raise _vector_expected(node, f"the argument of {node.function}", "write the number alone", line)
    if isinstance(node, e.MatrixProduct) and values[1] is not None:
        raise _vector_expected(node, "the right of @", "write a number with *: 2 * (W @ x[t])", line)
    if isinstance(node, e.Stack | e.Repeat) and numbers:
        raise _vector_expected(node, "a part of a stack", "write a parameter for it", line)
    if isinstance(node, e.Negate):
        return None if values[0] is None else -values[0]
    if isinstance(node, e.Binary):
        return _folded(node, values[0], values[1], line)
    return None


def _vector_expected(node: e.Expression, place: str, fix: str, line: SourceLine) -> CellError:
    return line.error(f"a number stands at {place}, in `{str(node)[:40]}`", node.column, fix, "a vector there")


def _folded(node: e.Binary, left: Fraction | None, right: Fraction | None, line: SourceLine) -> Fraction | None:
    """left op right where both are numbers; a division by zero is refused wherever it stands."""
    inverse = node.operator == "/" or (node.operator == "**" and right is not None and right < 0)
    if inverse and (right if node.operator == "/" else left) == 0:
        raise line.error(
            f"`{str(node)[:40]}` divides by zero", node.column, "check the denominator", "a denominator that is not 0"
        )
    if left is None or right is None:
        return None
    if node.operator == "**":
        return left ** int(right)
    return _ARITHMETIC[node.operator](left, right)
