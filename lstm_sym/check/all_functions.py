"""A cell of everything that a cell file may hold: each function and reduction, numbers, constants, bounds, a scalar.

No cell of the catalogue holds them all; with this one every check sees every row of every table.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from lstm_sym.equations import Cell, parse
from lstm_sym.equations.functions import FUNCTIONS

EQUATIONS = """
a[t] = W @ x[t] + U @ h[t-1] + b
p[t] = 2.0123456789012 + softsign(a[t])
q[t] = sigmoid(a[t]) * relu(a[t]) + hard_sigmoid(2 * a[t]) * gelu(a[t]) - abs(a[t] + gain){others}
r[t] = log(p[t]) + sqrt(p[t]) * exp(-p[t]) + sin(a[t]) * cos(c[t-1])
m[t] = maximum(q[t], r[t]) + minimum(a[t], 0.3) + where(a[t] - 0.5, 1 / a[t], q[t])
s[t] = sum(tanh(m[t])) / 3.0987654321098 + mean(r[t]) - max(tanh(a[t]))
c[t] = tanh(V.T @ m[t] + exp(-alpha) * c[t-1] + log(rate) * sqrt(2) * r[t] ** 2)
h[t] = tanh(P @ [c[t], x[t]] + 0.1234567890123 * s[t] + K @ repeat(q[t], 2))
"""


@cache
def every_function() -> Cell:
    """The cell, called every_function: of a function that the equations above do not call, q calls it of a."""
    others = "".join(f" + {name}(a[t])" for name in FUNCTIONS if f"{name}(" not in EQUATIONS)
    return parse(
        EQUATIONS.format(others=others),
        key="every_function",
        constants={"alpha": Fraction("0.3456789012345")},
        parameters={"rate": "> 0", "gain": "scalar, = 0.25"},
    )
