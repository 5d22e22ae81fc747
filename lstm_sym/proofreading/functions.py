r"""Functions and slopes of a text: \sigma'(\cdot), whose argument is found by trial; tanh'(c); dtanh of a value."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import islice, product

from lstm_sym.program.program import Program
from lstm_sym.program.statements import Pointwise
from lstm_sym.proofreading import tree
from lstm_sym.proofreading.errors import Unreadable
from lstm_sym.proofreading.tree import Leaf, Node, Quantity, Symbol

LEFT_OUT = "\\cdot"
"""The key of the name that stands for any argument."""
MOST = 256
"""How many ways of filling a line are tried."""


def with_arguments(node: Node, target: Leaf, program: Program, is_right: Callable[[Node], bool]) -> Node:
    """The right side of the line of `target` with every argument that is left out: what makes it right, or else what
    the line is of, if a function is of that.
    """
    calls = [part for part in node.walk() if isinstance(part, tree.Call) and _is_left_out(part.argument)]
    if not calls:
        return node
    arguments = _arguments(program)
    choices = [arguments.get(call.function, []) for call in calls]
    for chosen in islice(product(*choices), MOST):
        filled = _filled(node, [*chosen], target.time)
        if is_right(filled):
            return filled
    every = {name for names in arguments.values() for name in names}
    if target.quantity.name in every:
        return _filled(node, [target.quantity.name] * len(calls), target.time)
    return _filled(node, [names[0] for names in choices], target.time) if all(choices) else node


def slope_of(call: tree.Call, argument: Node, program: Program) -> Leaf:
    """The slope that tanh'(c_t) is, of a function that the program takes. Raises Unreadable."""
    for statement in program.statements:
        value, operands = statement.target, statement.reads()
        name = type(getattr(statement, "expression", None)).__name__
        is_it = name == call.function and len(operands) == 1 and isinstance(argument, Leaf)
        if is_it and isinstance(argument, Leaf) and argument.quantity == Quantity("forward", operands[0].name):
            return Leaf(Quantity("slope", value.name), argument.time)
    raise Unreadable("a slope that the cell does not have", "write the slope of a function of its equations")


def of_values(node: Node, slopes: Collection[str]) -> Node:
    """dsigmoid(o) and dtanh(tanh(c)), which programs have for slopes by the values of the functions, as such slopes;
    slopes: the quantities that have one.
    """
    if isinstance(node, tree.Call) and node.prime and node.head.startswith("d"):
        match node.argument:
            case Leaf(Quantity("forward", name), time) if name in slopes:
                return Leaf(Quantity("slope", name), time, f"{node.head}({tree.filled(node.argument.form, time)})")
            case tree.Call(function=node.function, prime=False) as inner:
                return replace(node, argument=inner.argument)
    return node.mapped(lambda child: of_values(child, slopes))


def _is_left_out(node: Node) -> bool:
    return isinstance(node, Symbol) and node.key == LEFT_OUT


def _arguments(program: Program) -> dict[str, list[str]]:
    """Function -> the quantities that the program takes it of."""
    found: dict[str, list[str]] = {}
    for statement in program.statements:
        if isinstance(statement, Pointwise) and len(statement.operands) == 1:
            found.setdefault(type(statement.expression).__name__, []).append(statement.operands[0].name)
    return found


def _filled(node: Node, names: list[str], time: int) -> Node:
    """With these in the places of the arguments, in reading order."""
    if _is_left_out(node):
        return Leaf(Quantity("forward", names.pop(0)), time, LEFT_OUT)
    return node.mapped(lambda child: _filled(child, names, time))
