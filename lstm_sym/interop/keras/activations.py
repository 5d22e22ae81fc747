"""Functions of Keras in the language of cell files, and the cells of the catalogue with other functions in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_sym.cells import cell as built_in
from lstm_sym.equations import Cell, parse

ACTIVATIONS = {
    "linear": "{a}",
    "tanh": "tanh({a})",
    "sigmoid": "sigmoid({a})",
    "relu": "relu({a})",
    "relu6": "minimum(relu({a}), 6)",
    "hard_sigmoid": "hard_sigmoid({a})",
    "softplus": "softplus({a})",
    "softsign": "softsign({a})",
    "exponential": "exp({a})",
    "elu": "(relu({a}) + (exp(minimum({a}, 0)) - 1))",
    "selu": "1.0507009873554805 * (relu({a}) + 1.6732632423543772 * (exp(minimum({a}, 0)) - 1))",
    "silu": "{a} * sigmoid({a})",
    "swish": "{a} * sigmoid({a})",
    "mish": "{a} * tanh(softplus({a}))",
}
"""Name in Keras -> the function of {a}, element by element."""
BEFORE_KERAS_3 = {"hard_sigmoid": "minimum(relu(0.2 * {a} + 0.5), 1)"}
"""Those that were others in Keras 1 and 2."""
_SOFTMAX = "a[t] = {a}\ne[t] = exp(a[t] - max(a[t]))\ny[t] = e[t] / sum(e[t])"


def activation_name(given: Any) -> str:
    """What a description calls a function: its name, "linear" for none, and "" for what is no name."""
    if isinstance(given, Mapping):
        given = given.get("config") if given.get("class_name") == "function" else given.get("class_name")
    return "linear" if given is None else given if isinstance(given, str) else ""


def function_of(name: str, version: str) -> str | None:
    """The function by its name, as that version of Keras has it; None where it is not known."""
    older = BEFORE_KERAS_3 if version[:2] in ("1.", "2.") else {}
    return older.get(name, ACTIVATIONS.get(name))


def with_functions(key: str, gate: str, activation: str, version: str) -> Cell:
    """The cell of the catalogue with these functions where it has sigmoid, and where it has tanh.

    Its equations are the same text, but for the functions. Both names are known to `function_of`.
    """
    cell = built_in(key)
    if (gate, activation) == ("sigmoid", "tanh"):
        return cell
    functions = {"sigmoid": function_of(gate, version) or "", "tanh": function_of(activation, version) or ""}
    changed = parse(_replaced(cell.text, functions), key=f"{key}_{activation}_{gate}", sizes=cell.sizes)
    return replace(changed, name=cell.name, reference=cell.reference, meanings=cell.meanings)


def map_text(argument: str, activation: str, version: str) -> str:
    """The equations y[t] = activation(argument), a map without a state; softmax is one over the units."""
    text = _SOFTMAX if activation == "softmax" else f"y[t] = {function_of(activation, version)}"
    return text.format(a=argument if activation in ("softmax", "linear", "tanh", "sigmoid") else f"({argument})")


def _replaced(text: str, functions: Mapping[str, str]) -> str:
    """The text with each call of a function in another form."""
    found = re.search(rf"\b({'|'.join(functions)})\(", text)
    if found is None:
        return text
    end, depth = found.end(), 1
    while depth:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    called = functions[found[1]].format(a=f"({_replaced(text[found.end() : end - 1], functions)})")
    return f"{text[: found.start()]}({called}){_replaced(text[end:], functions)}"
