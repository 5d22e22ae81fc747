"""The index of an entry, worked out from its tree: nothing of the file is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from . import OWN_BUILTINS

globals()["__builtins__"] = OWN_BUILTINS


def index_of(node: ast.expr | None, value_of: Callable[[ast.expr], Any]) -> Any:
    """The value of an index: constants, names, entries, sums and differences of them, f-strings, slices.

    value_of: gives the value of a name, an attribute or an entry.
    """
    match node:
        case None:
            return None
        case ast.Constant(value=value):
            return value
        case ast.Slice(lower=lower, upper=upper, step=step):
            return slice(*(index_of(part, value_of) for part in (lower, upper, step)))
        case ast.Tuple(elts=parts):
            return tuple(index_of(part, value_of) for part in parts)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -index_of(operand, value_of)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as sign, right=right):
            first, second = index_of(left, value_of), index_of(right, value_of)
            if isinstance(sign, ast.Mult):
                return first * second
            return first + second if isinstance(sign, ast.Add) else first - second
        case ast.JoinedStr(values=parts):
            return "".join(str(index_of(part, value_of)) for part in parts)
        case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
            return index_of(inner, value_of)
    return value_of(node)
