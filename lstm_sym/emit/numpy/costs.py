"""What a call of a kernel costs, counted in its code: calls of NumPy, products of matrices, operations, memory."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from lstm_sym.compile.plan import Plan
from lstm_sym.emit.numpy.kernel import numpy_source
from lstm_sym.equations.sizes import written
from lstm_sym.passes import count_operations

_WHOLE_PRODUCTS = ("_times", "_outer")
_NO_WORK = frozenset(
    "zip range isinstance empty copy reshape State Params Grads Tape _SecondTape _second_order_gradients "
    "_empty_in".split()
)
"""Calls that compute nothing: they bind, and give memory or views."""


@dataclass(frozen=True)
class Cost:
    """One pass in its fast form: calls of NumPy and products of matrices, once a call and once a step.

    operations: of the derivation, element by element, a unit and step, as `count_operations` counts them.
    """

    name: str
    calls: int
    calls_a_step: int
    products: int
    products_a_step: int
    operations: int


@dataclass(frozen=True)
class Costs:
    """All passes of a kernel; `tape` are the arrays that a tape holds, with their last axis: 4 H of gates."""

    passes: tuple[Cost, ...]
    tape: dict[str, str]


def costs_of(plan: Plan) -> Costs:
    """Count the calls in the text of the NumPy kernel of a plan, and what its programs compute."""
    functions = {node.name: node for node in ast.parse(numpy_source(plan)).body if isinstance(node, ast.FunctionDef)}
    programs = {
        "forward": ("_forward", plan.forward),
        "backward": ("_backward", plan.backward),
        "jvp": ("_tangents", plan.forward_tangent),
        "hvp": ("_second_order", plan.backward_tangent),
    }
    rest = functions.get("_second_order_gradients")
    if rest is not None:
        functions["_second_order"].body += rest.body
    passes = tuple(
        _cost(name, functions[function], count_operations(loop.program).elementwise)
        for name, (function, loop) in programs.items()
    )
    widths = plan.forward.widths(plan.saved[False])
    return Costs(passes, {name: written(sizes) for name, sizes in widths.items()})


def _cost(name: str, function: ast.FunctionDef, operations: int) -> Cost:
    """The counts of one function: its loop over time, and all else."""
    loops = [node for node in function.body if isinstance(node, ast.For)]
    inside = [call for loop in loops for line in loop.body for call in _calls(line)]
    outside = [call for line in function.body if line not in loops for call in _calls(line)]
    once, a_step = (sum(map(_is_product, calls)) for calls in (outside, inside))
    return Cost(name, len(outside), len(inside), once, a_step, operations)


def _calls(statement: ast.AST) -> Iterator[ast.AST]:
    """The calls and operators of a statement in the fast form, in float32: what costs time of its own."""
    kept: list[ast.AST]
    match statement:
        case ast.If(test=ast.Name(id="shared")):
            kept = [*statement.body]
        case ast.If():
            kept = [*statement.orelse]
        case ast.Subscript():
            kept = [statement.value]
        case ast.Call():
            kept = [statement.func, *(argument for argument in statement.args if not isinstance(argument, ast.Tuple))]
        case _:
            kept = [*ast.iter_child_nodes(statement)]
    if isinstance(statement, ast.BinOp | ast.AugAssign) or (isinstance(statement, ast.Call) and _works(statement)):
        yield statement
    for child in kept:
        yield from _calls(child)


def _works(call: ast.Call) -> bool:
    """Whether a call computes anything."""
    return _name(call).removeprefix("Precise") not in _NO_WORK


def _name(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_product(node: ast.AST) -> bool:
    """Whether a call or operator is a product of matrices."""
    if isinstance(node, ast.Call):
        return _name(node) in ("dot", *_WHOLE_PRODUCTS)
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
