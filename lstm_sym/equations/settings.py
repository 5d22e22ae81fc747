"""What a user may set in a cell: function options, and constants."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction

from lstm_sym.equations.equation import Option
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.numbers import BOUNDS, within_bounds
from lstm_sym.equations.suggestions import did_you_mean, listed, unknown

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
"""A decimal number as a file has it: float() would read digits of other scripts, underscores and nan too."""


def chosen_settings(
    options: Mapping[str, Option], constants: Mapping[str, Fraction], choices: Mapping[str, str | float], source: str
) -> tuple[dict[str, str], dict[str, Fraction]]:
    """Every option and every constant as chosen, else by default. Raises CellError for what is not allowed."""
    functions = {name: str(choice) for name, choice in choices.items() if name not in constants}
    for name, choice in functions.items():
        if name not in options:
            raise CellError(
                f"there is no option `{name[:40]}`",
                source=source,
                allowed=listed(options) or "no option: this cell has none",
                fix=did_you_mean(name, options) or "drop it",
            )
        if choice not in options[name].choices:
            what = f"`{choice[:40]}` cannot stand for {name}"
            raise unknown(what, choice, options[name].choices, "choose one of those", source)
    chosen = {name: functions.get(name, option.default) for name, option in options.items()}
    numbers = {name: constant(name, choice, source) for name, choice in choices.items() if name in constants}
    return chosen, {**constants, **numbers}


def constant(name: str, value: object, source: str) -> Fraction:
    """An exact number within bounds: 0.1, or "0.1", is one tenth. Raises CellError."""
    text = "" if isinstance(value, bool) else str(value).strip(" ")
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not within_bounds(number):
        raise CellError(
            f"the constant `{name[:40]}` is {str(value)[:40]}",
            source=source,
            allowed=f"{BOUNDS} in size",
            fix=f"write a decimal number: {name[:40]} = 0.1",
        )
    return Fraction(repr(number))
