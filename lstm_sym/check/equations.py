"""The equations run as they are written: an interpreter of the nodes of a cell file, independent of the engine.

It knows no program, no rule and no kernel. Over `autograd.numpy` it gives gradients by a second engine; over complex
arrays it gives complex-step derivatives; over mpmath numbers it gives as many digits as one asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from lstm_sym.equations.cell import Cell
from lstm_sym.equations.expressions import Binary, Call, Expression, MatrixProduct, Name, Negate, Number

Functions = Mapping[str, Callable[[Any], Any]]


def array_functions(module: ModuleType) -> dict[str, Callable[[Any], Any]]:
    """The functions of the equations over a NumPy-like module, each by its definition or a stable equivalent."""
    return {
        "sigmoid": lambda a: 0.5 * (module.tanh(0.5 * a) + 1),
        "tanh": module.tanh,
        "relu": lambda a: a * (a > 0),
        "softplus": lambda a: module.log(1 + module.exp(a)),
        "exp": module.exp,
        "log": module.log,
        "sin": module.sin,
        "cos": module.cos,
    }


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
) -> dict[str, Any]:
    """Every quantity of one step."""
    values: dict[str, Any] = {cell.input: x_t}

    def value(node: Expression) -> Any:
        match node:
            case Number():
                return number(node.value)
            case Name():
                table = {0: values, -1: previous, None: params}[node.time]
                return table[node.name]
            case Negate():
                return -value(node.operand)
            case MatrixProduct():
                return value(node.operand) @ params[node.matrix.name].T
            case Call():
                return functions[node.function](value(node.argument))
            case Binary():
                return _arithmetic(node, value)
        raise TypeError(f"no meaning for {type(node).__name__}")

    for equation in cell.equations:
        values[equation.target] = value(equation.expression)
    return values


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
