"""The value of a formula on a sequence: NumPy on arrays (batch, rows, columns), node by node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_sym.interpreter.evaluation import Array
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.errors import ShapeMismatch
from lstm_sym.proofreading.names import Names, Reading
from lstm_sym.proofreading.sequence import BATCH, HIDDEN, INPUTS, STEPS, Sequence
from lstm_sym.proofreading.tree import Leaf, Node, Quantity

_FUNCTIONS: dict[tuple[str, bool], Any] = {
    ("sigmoid", False): lambda a: 1 / (1 + np.exp(-a)),
    ("sigmoid", True): lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    ("tanh", False): np.tanh,
    ("tanh", True): lambda a: 1 - np.tanh(a) ** 2,
    ("relu", False): lambda a: np.maximum(a, 0),
    ("relu", True): lambda a: (a > 0) * 1.0,
    ("exp", False): np.exp,
    ("exp", True): np.exp,
    ("softplus", False): lambda a: np.log1p(np.exp(a)),
    ("softplus", True): lambda a: 1 / (1 + np.exp(-a)),
    ("sech", False): lambda a: 1 / np.cosh(a),
    ("cosh", False): np.cosh,
    ("cosh", True): np.sinh,
}
"""Function, and whether its slope is meant -> what it does to an array."""


@dataclass(frozen=True)
class Evaluator:
    """Values of formulas as one reading of the text has them; own: the formulas of names that it defines itself."""

    sequence: Sequence
    reading: Reading
    own: Mapping[str, Node] = field(default_factory=dict)
    strict: bool = False
    kept: dict[tuple[Quantity, int], Array] = field(default_factory=dict)

    def value(self, node: Node, t: int) -> Array:
        """The value at step t. Raises ShapeMismatch, KeyError for what the cell does not have."""
        match node:
            case tree.Number():
                return np.full((1, 1, 1), node.value)
            case Leaf():
                return self.leaf(node, t)
            case tree.Sum():
                return self.sum(node, t)
            case tree.Product():
                return self.product(node, t)
            case tree.Fraction():
                return self.times("/", self.value(node.above, t), self.value(node.below, t))
            case tree.Power():
                return np.asarray(self.value(node.base, t) ** float(node.exponent))
            case tree.Transpose():
                return self.value(node.base, t).swapaxes(-1, -2)
            case tree.Call():
                function = _FUNCTIONS[node.function, node.prime]
                return np.asarray(function(self.value(node.argument, t)) ** node.exponent)
            case tree.Operation():
                return self.operation(node, t)
            case tree.Stack():
                return self.stacked([self.value(part, t) for part in node.parts])
            case tree.Part():
                return self.part(node, t)
            case tree.Blocks():
                return blocks([[self.block(part, t) for part in row] for row in node.rows])
            case tree.Blockwise():
                return self.blockwise(node, t)
        raise TypeError(f"no value of {type(node).__name__}")

    def leaf(self, node: Leaf, t: int) -> Array:
        """The value of a name; what it was once is kept."""
        key = node.quantity, t + node.time
        if key not in self.kept:
            is_own = node.quantity.kind == "own"
            self.kept[key] = self.value(self.own[node.quantity.name], key[1]) if is_own else self.read(node, t)
        return self.kept[key]

    def forget(self, name: str) -> None:
        """A name of the text's own has a new meaning from here on, and so has what was made of it."""
        if any(quantity == Quantity("own", name) for quantity, _ in self.kept):
            for key in [key for key in self.kept if key[0].kind == "own"]:
                del self.kept[key]

    def read(self, node: Leaf, t: int) -> Array:
        """The value of a quantity of the cell."""
        quantity, step = node.quantity, t + node.time
        match quantity.kind:
            case "size":
                return np.full((1, 1, 1), float({"B": BATCH, "T": STEPS}[quantity.name]))
            case "partial":
                return self.partial(quantity.name, step)
            case "packed" | "packed adjoint" | "packed gradient":
                return self.stacked([self.leaf(Leaf(part, node.time), t) for part in self.parts(quantity)], 0)
            case "gradient":
                return self.placed(self.sequence.gradient(quantity.name))
        found = self.sequence.at(quantity, step)
        return self.placed(found) if quantity.kind == "parameter" else self.vector(found)

    def parts(self, quantity: Quantity) -> list[Quantity]:
        """What stands in a packed array, in the order of the reading."""
        kind = {"packed adjoint": "adjoint", "packed gradient": "gradient"}.get(quantity.kind, "parameter")
        if quantity.kind == "packed" and quantity.name == "a":
            kind = "forward"
        return [Quantity(kind, name.replace("*", quantity.name)) for name in self.packed_names(quantity.name)]

    def packed_names(self, part: str) -> tuple[str, ...]:
        """The names in a packed array."""
        packs = Names(self.sequence.derivation).packs
        names, sums = packs[part], packs["a"]
        order = self.reading.order or sums
        return tuple(names[sums.index(name)] for name in order)

    def vector(self, found: Array) -> Array:
        """(B, N) as rows or columns."""
        return found[:, None, :] if self.reading.rows else found[:, :, None]

    def placed(self, found: Array) -> Array:
        """A parameter or its gradient, as this reading stores it."""
        if found.ndim == 2:
            return found.T[None] if self.reading.transposed else found[None]
        return self.vector(np.atleast_1d(found)[None])

    def sum(self, node: tree.Sum, t: int) -> Array:
        """Terms added up."""
        total: Any = None
        for sign, term in node.terms:
            value = sign * self.value(term, t)
            total = value if total is None else self.plus(total, value)
        return np.asarray(total)

    def plus(self, left: Array, right: Array) -> Array:
        """a + b of the same shape, or of which one is a number."""
        if left.shape[1:] != right.shape[1:] and (1, 1) not in (left.shape[1:], right.shape[1:]):
            raise ShapeMismatch(f"{shape(left)} + {shape(right)}")
        return left + right

    def product(self, node: tree.Product, t: int) -> Array:
        """Factors multiplied: those that touch before the others, unless the shapes only fit from left to right."""
        values = [self.value(factor, t) for factor in node.factors]
        signs = list(node.signs)
        try:
            return self.chain(*self.tight(values, signs))
        except ShapeMismatch:
            return self.chain(values, signs)

    def tight(self, values: list[Array], signs: list[str]) -> tuple[list[Array], list[str]]:
        """Every run of factors that touch as one factor."""
        groups, between = [[values[0]]], []
        for sign, value in zip(signs, values[1:], strict=True):
            if sign == "":
                groups[-1].append(value)
            else:
                groups.append([value])
                between.append(sign)
        return [self.run(group) for group in groups], between

    def run(self, group: list[Array]) -> Array:
        """Factors that touch, from the left or, where that does not fit, from the right."""
        try:
            return self.chain(group, [""] * (len(group) - 1))
        except ShapeMismatch:
            result = group[-1]
            for value in reversed(group[:-1]):
                result = self.times("", value, result)
            return result

    def chain(self, values: list[Array], signs: list[str]) -> Array:
        """From left to right."""
        result = values[0]
        for sign, value in zip(signs, values[1:], strict=True):
            result = self.times(sign, result, value)
        return result

    def times(self, sign: str, left: Array, right: Array) -> Array:
        """One product: as its sign says, or as the shapes allow where the sign may mean either."""
        one, other = left.shape[1:], right.shape[1:]
        if sign in tree.DIVISION:
            if (1, 1) not in (one, other) and one != other:
                raise ShapeMismatch(f"{shape(left)} / {shape(right)}")
            with np.errstate(all="ignore"):
                return left / right
        if (1, 1) in (one, other) and sign not in tree.MATRIX:
            return left * right
        generic = sign in tree.GENERIC and not (self.strict and sign == "*")
        vectors = 1 in one and 1 in other
        if sign in tree.OUTER and (one[1] == other[1] == 1 or one[0] == other[0] == 1):
            return left @ right.swapaxes(-1, -2) if one[1] == 1 else left.swapaxes(-1, -2) @ right
        if one == other and sign not in tree.MATRIX and (vectors or not generic):
            return left * right
        if one[1] == other[0] and (generic or sign in tree.MATRIX or sign in tree.OUTER):
            return left @ right
        raise ShapeMismatch(f"{shape(left)} {sign or 'times'} {shape(right)}")

    def operation(self, node: tree.Operation, t: int) -> Array:
        """diag, a sum over the batch (of which a comparison takes care), a sum over time."""
        if node.kind == "time":
            return np.asarray(sum(self.value(node.body, step) for step in range(STEPS)))
        value = self.value(node.body, t)
        if node.kind == "batch":
            return value
        if 1 not in value.shape[1:]:
            raise ShapeMismatch(f"diag of {shape(value)}")
        flat = value.reshape(len(value), -1)
        return flat[:, :, None] * np.eye(flat.shape[1])

    def stacked(self, parts: list[Array], axis: int | None = None) -> Array:
        """Vectors or matrices one below the other; rows beside each other where vectors are rows."""
        batch = max(len(part) for part in parts)
        whole = [np.broadcast_to(part, (batch, *part.shape[1:])) for part in parts]
        rows = self.reading.rows if 1 in parts[0].shape[1:] else self.reading.transposed
        try:
            return np.concatenate(whole, axis=2 if rows else 1)
        except ValueError:
            raise ShapeMismatch(f"[{'; '.join(map(shape, parts))}]") from None

    def part(self, node: tree.Part, t: int) -> Array:
        """Some elements of a vector, between bounds that are sizes."""
        value, axis = self.value(node.base, t), 2 if self.reading.rows else 1
        if 1 not in value.shape[1:]:
            raise ShapeMismatch(f"{shape(value)}{node.written}")
        sizes = {"D": INPUTS, "H": HIDDEN}
        first, last = (at and sizes[at[0]] * at[1] for at in (node.first, node.last))
        return value[:, :, first:last] if axis == 2 else value[:, first:last]

    def is_cut(self, node: tree.Part, t: int) -> bool:
        """Whether a part of a vector is some of it: of one as long as the part, its bounds are those of another."""
        try:
            whole, found = self.value(node.base, t), self.part(node, t)
        except ShapeMismatch:
            return True
        return 0 < found.size < whole.size

    def block(self, node: Node, t: int) -> Array:
        """A block of a matrix: a derivative is a matrix there, diagonal or not."""
        if isinstance(node, Leaf) and node.quantity.kind == "partial":
            return self.jacobian(node.quantity.name, t + node.time)
        return self.value(node, t)

    def blockwise(self, node: tree.Blockwise, t: int) -> Array:
        """A function for each part of a vector."""
        value, axis = self.value(node.argument, t), 2 if self.reading.rows else 1
        if value.shape[axis] % len(node.functions):
            raise ShapeMismatch(f"{len(node.functions)} functions of {shape(value)}")
        parts = np.split(value, len(node.functions), axis)
        made = [_FUNCTIONS[name, False](part) for name, part in zip(node.functions, parts, strict=True)]
        return np.concatenate(made, axis)

    def jacobian(self, name: str, t: int, *, whole: bool = False) -> Array:
        """A derivative of one step as a matrix; `whole`: along every path, else by its equation alone."""
        found = self.sequence.partial(name, t, whole=whole)
        return found.swapaxes(-1, -2) if self.reading.denominators else found

    def partial(self, name: str, t: int) -> Array:
        """A derivative of one step: a vector where it is diagonal."""
        found = self.jacobian(name, t)
        return self.vector(np.einsum("bii->bi", found)) if diagonal(found) else found


def blocks(rows: list[list[Array]]) -> Array:
    """Blocks beside and below each other; a number is a whole block of it where others say how large."""
    heights = [max(block.shape[1] for block in row) for row in rows]
    widths = [max(block.shape[2] for block in column) for column in zip(*rows, strict=True)]
    batch = max(len(block) for row in rows for block in row)
    try:
        made = [
            np.concatenate([np.broadcast_to(b, (batch, h, w)) for b, w in zip(row, widths, strict=True)], 2)
            for row, h in zip(rows, heights, strict=True)
        ]
    except ValueError:
        raise ShapeMismatch(f"[{'; '.join(', '.join(map(shape, row)) for row in rows)}]") from None
    return np.concatenate(made, 1)


def diagonal(found: Array) -> bool:
    """Whether matrices (B, M, N) are diagonal."""
    if found.shape[1] != found.shape[2]:
        return False
    return not np.any(found * (1 - np.eye(found.shape[1])))


def shape(value: Array) -> str:
    """(4, 1)."""
    return f"({value.shape[1]}, {value.shape[2]})"
