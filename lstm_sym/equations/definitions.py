"""What each function of a cell file is, over any kind of numbers: what the engine is checked by, and never made of."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any


def functions_over(
    module: Any, choose: Callable[..., Any], above: Callable[[Any, Any], Any] = operator.gt
) -> dict[str, Callable[..., Any]]:
    """The element-wise functions, each by its definition: NumPy's numbers, or those of what has its functions.

    choose(c, u, v): u where c is true, else v. above(u, v): whether u > v, of complex numbers their real parts.
    """
    return {
        "sigmoid": lambda a: 0.5 * (module.tanh(0.5 * a) + 1),
        "tanh": module.tanh,
        "relu": lambda a: a * above(a, 0),
        "softplus": lambda a: module.log(1 + module.exp(a)),
        "softsign": lambda a: a / (1 + a * (1 - 2 * above(0, a))),
        "hard_sigmoid": lambda a: (a / 6 + 0.5) * (above(a, -3) & above(3, a)) + (1 - above(3, a)),
        "gelu": lambda a: 0.5 * a * (1 + module.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a * a * a))),
        "exp": module.exp,
        "log": module.log,
        "sqrt": module.sqrt,
        "sin": module.sin,
        "cos": module.cos,
        "abs": lambda a: a * (1.0 * above(a, 0) - above(0, a)),
        "maximum": lambda u, v: choose(above(u, v) | (u != u), u, v),
        "minimum": lambda u, v: choose(above(v, u) | (u != u), u, v),
        "where": lambda c, u, v: choose(above(c, 0), u, v),
    }
