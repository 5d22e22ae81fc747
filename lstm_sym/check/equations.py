"""The equations run as they are written: an interpreter of the nodes of a cell file, independent of the engine.

It knows no program, no rule and no kernel. Over `autograd.numpy` it gives gradients by a second engine; over complex
arrays it gives complex-step derivatives; over mpmath numbers it gives as many digits as one asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from lstm_sym.equations.cell import Cell
from lstm_sym.equations.definitions import functions_over
from lstm_sym.equations.expressions import (
    Binary,
    Call,
    Expression,
    MatrixProduct,
    Name,
    Negate,
    Number,
    Repeat,
    Stack,
)
from lstm_sym.equations.sizes import is_composed, number_of, parts_of, with_composed

Functions = Mapping[str, Callable[..., Any]]


def array_functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The functions of the equations over a NumPy-like module, each by its definition."""
    return {
        **functions_over(module, partial(_first_where, module)),
        "sum": lambda a: module.sum(a, axis=-1, keepdims=True) + 0 * a,
        "mean": lambda a: module.sum(a, axis=-1, keepdims=True) / a.shape[-1] + 0 * a,
        "max": lambda a: module.max(a, axis=-1, keepdims=True) + 0 * a,
        "stack": lambda parts: module.concatenate(parts, axis=-1),
        "repeat": lambda a, count: a[..., np.arange(count * a.shape[-1]) // count],
    }


def _first_where(module: ModuleType, condition: Any, u: Any, v: Any) -> Any:
    """u where the condition holds, else v, infinite ones among them, which no product with 0 can choose from.

    All get the full shape first, by a sum: autograd sums gradients over what a sum has broadcast, but not `where`.
    """
    zeros = np.zeros(np.broadcast_shapes(*map(np.shape, (condition, u, v))))
    return module.where(condition, u + zeros, v + zeros)


def run_equations(
    cell: Cell,
    x: Any,
    params: Mapping[str, Any],
    state: Mapping[str, Any],
    functions: Functions,
    number: Callable[[Any], Any] = float,
) -> tuple[list[Any], dict[str, Any]]:
    """Run the cell over x[t] (B, D), t = 0 .. T-1: the list of outputs (B, H) and the last state.

    `number` turns the exact numbers of the equations into those of the arrays.
    """
    params = {name: params[name] for name in cell.parameters}  # autograd records what is read: once, not at every step
    previous = dict(state)
    outputs = []
    for x_t in x:
        values = run_equations_once(cell, x_t, params, previous, functions, number)
        previous = {name: values[name] for name in cell.states}
        outputs.append(values[cell.output])
    return outputs, previous


def run_equations_once(
    cell: Cell,
    x_t: Any,
    params: Mapping[str, Any],
    previous: Mapping[str, Any],
    functions: Functions,
    number: Callable[[Any], Any] = float,
    named: Callable[[str, Any], Any] = lambda _, value: value,
    only: str = "",
    otherwise: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Every quantity of one step; `named` may put something else in the place of the value of an equation.

    only: the equation that alone reads `previous`; the others read the states before in `otherwise`.
    """
    values: dict[str, Any] = {cell.input: x_t} | _inputs(cell, x_t, params, previous)
    constants = {name: number(value) for name, value in cell.constants.items()}
    read = previous

    def value(node: Expression) -> Any:
        match node:
            case Number():
                return number(node.value)
            case Name():
                if node.time is None:  # one parameter, not a copy of all: autograd records what is read
                    return constants[node.name] if node.name in constants else params[node.name]
                return (values if node.time == 0 else read)[node.name]
            case Negate():
                return -value(node.operand)
            case MatrixProduct():
                matrix = params[node.matrix.name]
                return value(node.operand) @ (matrix if node.transposed else matrix.T)
            case Call():
                return functions[node.function](*map(value, node.arguments))
            case Stack():
                return functions["stack"]([value(part) for part in node.parts])
            case Repeat():
                return functions["repeat"](value(node.operand), node.count)
            case Binary():
                return _arithmetic(node, value)
        raise TypeError(f"no meaning for {type(node).__name__}")

    for equation in cell.equations:
        read = previous if otherwise is None or equation.target == only else otherwise
        values[equation.target] = named(equation.target, value(equation.expression))
    return values


def _inputs(cell: Cell, x_t: Any, params: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    """Each of several inputs, as columns of the x that holds them one behind the other."""
    if len(cell.inputs) < 2:
        return {}
    sizes = {cell.input_shape[0]: x_t.shape[-1]}
    for name, value in {**params, **previous}.items():
        sizes |= dict(zip(cell.shapes[name], value.shape[-len(cell.shapes[name]) :], strict=True))
    known = with_composed(sizes, {size: parts_of(size) for size in sizes if is_composed(size)})
    ends = np.cumsum([0, *(number_of(cell.shapes[name][0], known) for name in cell.inputs)])
    return {name: x_t[..., low:high] for name, low, high in zip(cell.inputs, ends[:-1], ends[1:], strict=True)}


def _arithmetic(node: Binary, value: Callable[[Expression], Any]) -> Any:
    left = value(node.left)
    if node.operator == "**":
        exponent = node.right
        size = exponent.operand if isinstance(exponent, Negate) else exponent
        assert isinstance(size, Number)
        return left ** (-int(size.value) if isinstance(exponent, Negate) else int(size.value))
    right = value(node.right)
    match node.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right
