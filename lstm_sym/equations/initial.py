"""What a state starts with where no initial state is given: 0, unless the cell says otherwise.

A stabiliser that is the logarithm of a scale starts at minus infinity: the scale of nothing. Infinite values are
ordinary ones here, of float64 and float32 alike: exp(-inf - a) is 0, and so is every derivative that passes it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from lstm_sym.equations.numbers import BOUNDS, within_bounds
from lstm_sym.equations.parameters import Error
from lstm_sym.equations.suggestions import did_you_mean, listed

_NUMBERS = f"{BOUNDS} in size, inf or -inf"


def initial_values(
    given: Mapping[str, object], states: tuple[str, ...], targets: Collection[str], error: Error
) -> dict[str, float]:
    """The states that do not start at 0, with their value at every unit. Raises the `error` of what is none.

    given: name -> value as written; targets: the quantities that the equations define, states among them.
    """
    values = {}
    for name, value in given.items():
        if name not in states:
            why = ", which is never read at [t-1]" if name in targets else ""
            fix = did_you_mean(name, states) or "drop that line: only what is carried to the next step can start"
            raise error(f"[initial] names `{name[:40]}`{why}: no state of the cell", name, listed(states), fix)
        if isinstance(value, bool) or not isinstance(value, int | float):
            fix = f"write a number without quotes: {name} = -inf"
            raise error(f"the initial value of `{name}` is no number", name, _NUMBERS, fix)
        if not (within_bounds(value) or math.isinf(value)):
            fix = f"write a decimal number, or -inf: {name} = 1.0"
            raise error(f"the initial value of `{name}` is {str(value)[:40]}", name, _NUMBERS, fix)
        values[name] = float(value)
    return {name: value for name, value in values.items() if value != 0}


def written(value: float) -> str:
    """An initial value for readers: −∞, ∞ or the number, with a true minus sign."""
    text = "∞" if math.isinf(value) else repr(abs(value)).removesuffix(".0")
    return f"−{text}" if value < 0 else text
