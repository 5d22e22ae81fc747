"""What a cell file says of its parameters: the interval that they lie in, the value they begin with, a single number.

    [parameters]
    tau = "scalar, > 0"      # one learned number; log(tau) and sqrt(tau) are real
    a = "> 0, < 1, = 0.5"    # between 0 and 1, initially 0.5 at every unit
    b_f = 1                  # initially 1

What is not said is a vector or matrix of any sign, drawn around 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lstm_sym.equations.equation import Shape
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.numbers import BOUNDS, within_bounds
from lstm_sym.equations.suggestions import did_you_mean, listed

Error = Callable[[str, str, str, str], CellError]
"""Makes an error of what happened, the name that it is about, what is allowed there, and the likely fix."""

FORM = '"> 0", "> 0, < 1", "= 0.5", "scalar", joined by commas; or a number to begin with'
_PART = re.compile(r"(>=?|<=?|=)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)


@dataclass(frozen=True)
class Parameter:
    """A declared parameter: low < p < high; `default` None: drawn; `scalar`: one number, shape ()."""

    low: float = -math.inf
    high: float = math.inf
    default: float | None = None
    scalar: bool = False

    @property
    def is_bounded(self) -> bool:
        """Whether some numbers are not allowed."""
        return math.isfinite(self.low) or math.isfinite(self.high)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells two declarations apart, as text that JSON writes the same everywhere."""
        return tuple(map(repr, (self.low, self.high, self.default, self.scalar)))


def declared_parameters(given: Mapping[str, object], error: Error) -> dict[str, Parameter]:
    """Name -> declaration, of what stands under [parameters]. Raises the `error` of what cannot be read."""
    return {name: _declaration(name, value, error) for name, value in given.items()}


def check_declared(
    declared: Mapping[str, Parameter], parameters: tuple[str, ...], shapes: Mapping[str, Shape], error: Error
) -> None:
    """Every declared name is a parameter; what begins with one number is no matrix. Raises the `error` of another."""
    for name, entry in declared.items():
        if name not in parameters:
            why = ", which has a time index" if name in shapes else ", which no equation reads"
            fix = did_you_mean(name, parameters) or "drop that line: parameters are names without an index"
            raise error(f"[parameters] names `{name[:40]}`{why}", name, listed(parameters), fix)
        if entry.default is not None and len(shapes[name]) == 2:
            fix = f"drop the number: {name} is drawn, within its bounds if it has any"
            what = f"the matrix `{name}` cannot begin with one number: all units would learn the same"
            raise error(what, name, "a number to begin with for vectors and scalars", fix)


def _declaration(name: str, value: object, error: Error) -> Parameter:
    if isinstance(value, Parameter):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Parameter(default=_number(name, str(value), error))
    if not isinstance(value, str):
        raise error(
            f"`{name[:40]}` under [parameters] is neither text nor a number", name, FORM, f'write {name} = "> 0"'
        )
    found: dict[str, float] = {}
    scalar = False
    for part in map(str.strip, value.split(",")):
        sign = _PART.fullmatch(part)
        if part == "scalar":
            scalar = True
        elif sign:
            found[{"=": "default", ">": "low", "<": "high"}[sign[1][0]]] = _number(name, sign[2], error)
        else:
            raise error(
                f"`{part[:40]}` says nothing of the parameter `{name[:40]}`", name, FORM, f'write {name} = "> 0"'
            )
    declared = Parameter(scalar=scalar, **found)
    if not declared.low < declared.high or not declared.low <= (found.get("default", declared.low)) <= declared.high:
        fix = "the lower bound stands after >, the upper after <, and what it begins with lies between"
        raise error(f"no number can be `{value[:40]}`, as `{name[:40]}` is said to be", name, FORM, fix)
    return declared


def _number(name: str, text: str, error: Error) -> float:
    number = float(text)
    if not within_bounds(number):
        what = f"`{text[:40]}` cannot bound or begin `{name[:40]}`"
        raise error(what, name, f"{BOUNDS} in size", "scale the equation")
    return number
