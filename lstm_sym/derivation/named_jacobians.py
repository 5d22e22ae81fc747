"""Which inner Jacobians stand by name. Multiplied out along every path, a Jacobian grows exponentially with depth.

A stage is a quantity whose Jacobian is a statement of its own, and others refer to it: ds_2/dh = diag(...) R ds_1/dh
where s_1 is a stage. What is below the bounds is multiplied out, as textbooks do, so that no map is larger than its
statement times the bounds, and all of them together are linear in the number of statements.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr

from lstm_sym.derivation.linear_map import Diagonal, Product

PRODUCTS = 6
"""The most products that multiplying out may write: those of the map times its uses. The cell state of a peephole LSTM
is reached through three gates and read twice, by its tanh and by the output gate; textbooks multiply that out."""

SIZE = 40
"""The most symbols that multiplying out may write, matrices and the factors of diagonals, again times the uses: it
bounds the long single product, and the sum inside one diag. The textbook cell with the most has 33, o * tanh(c) of a
projected LSTM with peepholes."""


def is_stage(products: Sequence[Product], uses: int) -> bool:
    """Whether a sum of products that is read so often gets a name."""
    return len(products) * uses > PRODUCTS or size(products) * uses > SIZE


def size(products: Sequence[Product]) -> int:
    """How many symbols and numbers a sum of products is written with."""
    return sum(_leaves(f.expression) if isinstance(f, Diagonal) else 1 for product in products for f in product)


def _leaves(expression: Expr) -> int:
    return sum(_leaves(part) for part in expression.args) if expression.args else 1
