"""What an expression of Python means in NumPy's terms, at random numbers: whether two lines are one function.

The tree is interpreted by a whitelist, never run: arithmetic, products, comparisons, transposes, stacks, and calls of
the functions below, by their own name, as np.f(...) or as a method. Anything else has no meaning here.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np

from lstm_sym.equations.definitions import functions_over

Array = np.ndarray[Any, Any]
UNITS = 4
"""Of every vector; a power or a product that is wrong shows at a few units as well."""


IGNORED = frozenset({"dim", "axis", "inplace", "keepdim", "keepdims", "name", "training"})
"""Words of calls that say nothing of a vector, which has one axis."""


MAX_SIZE = 4096
"""Of a vector that is made by repetition, whatever the text says."""


class NoMeaningError(Exception):
    """An expression that says nothing in NumPy's terms, as far as they are known here."""


_ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.LtE: operator.le,
}


def _where(condition: Any, u: Any, v: Any) -> Any:
    """A comparison chooses as in NumPy, a number as in a cell: u where it is above 0."""
    return np.where(condition if np.asarray(condition).dtype == bool else np.asarray(condition) > 0, u, v)


def _stacked(*parts: Any) -> Any:
    return np.concatenate([np.atleast_1d(part) for part in parts])


def _repeated(v: Any, count: float) -> Any:
    if np.size(v) * count > MAX_SIZE:
        raise NoMeaningError("a vector too long to be compared")
    return np.repeat(v, int(count))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **functions_over(np, np.where),
    "where": _where,
    "identity": lambda a: a,
    "repeat": _repeated,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "transpose": np.transpose,
    "diag": np.diag,
    "matmul": np.matmul,
    "dot": np.dot,
}
"""The functions of a cell, and what stands in their place elsewhere; those of other libraries are added to them."""


class _Numbers:
    """Random numbers for names: vectors, and a matrix for a name that stands to the left of @ in a cell's line."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self.named: dict[str, Array] = {}
        self.draw = draw

    def array(self, *shape: int) -> Array:
        """Drawn numbers of this shape."""
        return np.array([self.draw() for _ in range(math.prod(shape))]).reshape(shape)

    def of(self, name: str) -> Array:
        """The vector of a name, or the matrix that it is."""
        if name not in self.named:
            self.named[name] = self.array(UNITS)
        return self.named[name]

    def matrix(self, name: str, operand: Any, transposed: bool) -> None:
        """Make a name a matrix that can be multiplied with this operand."""
        shape = (len(operand), UNITS) if transposed else (UNITS, len(operand))
        if name not in self.named:
            self.named[name] = self.array(*shape)


def agree(line: ast.expr, written: ast.expr, others: Mapping[str, Callable[..., Any]]) -> bool:
    """Whether a cell's line and what was written are the same numbers, ties and positive numbers among them.

    others: functions beside those of a cell. Raises NoMeaningError where what was written has no meaning.
    """
    random, finite = Random(0), False
    draws: tuple[Callable[[], float], ...] = (
        lambda: random.gauss(0, 2),
        lambda: random.uniform(0.1, 3),
        lambda: float(random.randint(-1, 1)),
        lambda: float(random.randint(-1, 1)),
    )
    for draw in draws:
        numbers = _Numbers(draw)
        with np.errstate(all="ignore"):
            one = np.asarray(_value(line, numbers, FUNCTIONS))
            other = np.asarray(_value(written, numbers, {**FUNCTIONS, **others}))
        if one.shape != other.shape or not np.allclose(one, other, rtol=1e-7, atol=1e-9, equal_nan=True):
            return False
        finite = finite or bool(np.isfinite(one).any())
    return finite


def _value(node: ast.expr, numbers: _Numbers, functions: Mapping[str, Callable[..., Any]]) -> Any:
    """The value of one node and all below it. Raises NoMeaningError."""
    try:
        return _valued(node, numbers, functions)
    except (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
        raise NoMeaningError(str(error)) from error


def _valued(node: ast.expr, numbers: _Numbers, functions: Mapping[str, Callable[..., Any]]) -> Any:
    def value(child: ast.expr) -> Any:
        return _valued(child, numbers, functions)

    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name):
            return numbers.of(name)
        case ast.Subscript(value=ast.Name(id=name)):
            return numbers.of(f"{name}[{ast.unparse(node.slice)}]")
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](value(operand))
        case ast.BinOp(op=ast.MatMult(), left=matrix, right=right):
            operand = value(right)
            transposed = isinstance(matrix, ast.Attribute) and matrix.attr == "T"
            base = matrix.value if isinstance(matrix, ast.Attribute) and transposed else matrix
            if isinstance(base, ast.Name):
                numbers.matrix(base.id, operand, transposed)
            return np.matmul(value(matrix), operand)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](np.asarray(value(left)), value(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](np.asarray(value(left)), value(right))
        case ast.IfExp(test=ast.Compare() as test, body=body, orelse=orelse):
            return np.where(value(test), value(body), value(orelse))
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return _stacked(*map(value, parts))
        case ast.Attribute(attr="T" | "mT" | "H" | "t" | "transpose", value=of):
            return np.transpose(value(of))
        case ast.Call():
            return _called(node, value, functions)
    raise NoMeaningError(type(node).__name__)


def _called(node: ast.Call, value: Callable[[ast.expr], Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("T", "mT", "H", "t", "transpose") and not node.args:
        return value(node.func)
    from_name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    function = functions.get(from_name) or functions.get(from_name.lower())
    if function is None:
        raise NoMeaningError(from_name)
    of = node.func.value if isinstance(node.func, ast.Attribute) else None
    first = [] if of is None or is_module(of) else [value(of)]
    named = {word.arg: value(word.value) for word in node.keywords if word.arg and word.arg not in IGNORED}
    return function(*first, *map(value, node.args), **named)


def is_module(node: ast.expr) -> bool:
    """Whether what stands before a point is a module, as np of np.tanh or tf.nn of tf.nn.relu."""
    if isinstance(node, ast.Attribute):
        return is_module(node.value)
    return isinstance(node, ast.Name) and node.id in MODULES


MODULES = frozenset(
    {"np", "numpy", "math", "torch", "nn", "F", "tf", "keras", "K", "ops", "jax", "jnp", "anp", "scipy", "special"}
)
"""Names that libraries are imported by."""
