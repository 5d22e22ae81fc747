"""Kernels and derivations with one thing wrong, for checkers that must notice it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstm_sym.compile.derivation import Derivation
from lstm_sym.program import Program
from lstm_sym.program.statements import Accumulate, Affine, Pointwise, Statement

Edit = Callable[[np.ndarray], np.ndarray]

EDITS: dict[str, Edit] = {
    "zeroed": np.zeros_like,
    "doubled": lambda value: 2 * value,
    "sign flipped": lambda value: -value,
    "not a number": lambda value: np.full_like(value, np.nan),
}


def noise(value: np.ndarray) -> np.ndarray:
    """One part in 10^9 of its maximum."""
    rng = np.random.default_rng(0)
    return value + 1e-9 * np.abs(value).max() * rng.standard_normal(value.shape)


def patched(kernel: Any, **functions: Any) -> Any:
    """The kernel with some functions replaced."""
    return SimpleNamespace(**{**vars(kernel), **functions})


def with_gradient(kernel: Any, name: str, edit: Edit) -> Any:
    """Backward with one gradient edited: "x", a parameter, or an initial state "h[0]"."""

    def backward(*arguments: Any) -> Any:
        grads = kernel.backward(*arguments)
        if name == "x":
            return grads._replace(x=edit(grads.x))
        field = "state" if name.endswith("[0]") else "params"
        part, key = getattr(grads, field), name.removesuffix("[0]")
        return grads._replace(**{field: part._replace(**{key: edit(getattr(part, key))})})

    return patched(kernel, backward=backward)


def with_result(kernel: Any, function: str, edit: Edit, position: int | None = None) -> Any:
    """A function with its result, or one of its results, edited."""

    def changed(*arguments: Any, **options: Any) -> Any:
        result = getattr(kernel, function)(*arguments, **options)
        if position is None:
            return edit(result)
        return tuple(edit(part) if k == position else part for k, part in enumerate(result))

    return patched(kernel, **{function: changed})


def step_by_step(
    kernel: Any,
    carried: Callable[[Any], Any] = lambda state: state,
    weights: Callable[[Any], Any] = lambda params: params,
    last_is_sent: bool = True,
) -> Any:
    """Backward as a loop over sequences of one step; as it stands it is right.

    `carried` edits what one step sends to the one before, `weights` the parameters that backward is given.
    """

    def forward(x: Any, params: Any, state: Any = None, *, precise: bool = False) -> Any:
        y, last, _ = kernel.forward(x, params, state, precise=precise)
        tapes = []
        for t in range(len(x)):
            _, state, tape = kernel.forward(x[t : t + 1], params, state, precise=precise)
            tapes.append(tape)
        return y, last, tapes

    def backward(dy: Any, tapes: Any, params: Any, dstate: Any = None) -> Any:
        state, totals, inputs = dstate if last_is_sent else None, None, []
        for t in reversed(range(len(tapes))):
            grads = kernel.backward(dy[t : t + 1], tapes[t], weights(params), state)
            state = carried(grads.state)
            inputs.insert(0, grads.x[0])
            totals = grads.params if totals is None else [a + b for a, b in zip(totals, grads.params, strict=True)]
        return kernel.Grads(np.array(inputs), kernel.Params(*totals), grads.state)

    return patched(kernel, forward=forward, backward=backward)


def without(state: str) -> Callable[[Any], Any]:
    """A carried adjoint dropped."""
    return lambda carried: carried._replace(**{state: np.zeros_like(getattr(carried, state))})


def transposed(name: str) -> Callable[[Any], Any]:
    """A square weight matrix transposed."""
    return lambda params: params._replace(**{name: getattr(params, name).T})


def with_program(derivation: Derivation, **programs: Program) -> Derivation:
    """A derivation with its forward, adjoint or tangent program replaced."""
    changed = Derivation(derivation.cell)
    vars(changed).update({"forward": derivation.forward, "adjoint": derivation.adjoint, "tangent": derivation.tangent})
    vars(changed).update(programs)
    return changed


def with_statement(program: Program, old: Statement, new: Statement) -> Program:
    return replace(program, statements=tuple(new if s is old else s for s in program.statements))


def mutants(statement: Statement) -> dict[str, Statement]:
    """What could have gone wrong in one derived statement: a part dropped, its sign flipped, a factor, a transpose."""
    if isinstance(statement, Accumulate):
        return _of_parts(statement, "contributions")
    if isinstance(statement, Affine):
        return _of_parts(statement, "terms") | _transposes(statement)
    return _of_expression(statement)


def _of_parts(statement: Any, field: str) -> dict[str, Statement]:
    parts, found = getattr(statement, field), {}
    for k, part in enumerate(parts):
        rest = (*parts[:k], *parts[k + 1 :])
        if rest:
            found[f"part {k} dropped"] = replace(statement, **{field: rest})
        for name, factor in (("sign of part", -1), ("twice part", 2)):
            changed = replace(part, coefficient=part.coefficient * factor)
            found[f"{name} {k}"] = replace(statement, **{field: (*parts[:k], changed, *parts[k + 1 :])})
    return found


def _transposes(statement: Affine) -> dict[str, Statement]:
    found = {}
    for k, term in enumerate(statement.terms):
        if term.is_product and len(set(term.matrix.shape)) == 1:
            changed = replace(term, transposed=not term.transposed)
            terms = (*statement.terms[:k], changed, *statement.terms[k + 1 :])
            found[f"part {k} transposed"] = replace(statement, terms=terms)
    return found


def _of_expression(statement: Pointwise) -> dict[str, Statement]:
    expression = statement.expression
    changed = {"sign": -expression, "twice": 2 * expression, "one more": expression + 1, "squared": expression**2}
    for k, argument in enumerate(expression.args if expression.is_Add else ()):
        changed[f"part {k} dropped"] = expression - argument
        changed[f"sign of part {k}"] = expression - 2 * argument
    for k, argument in enumerate(expression.args if expression.is_Mul else ()):
        changed[f"factor {k} dropped"] = expression / argument
    return {name: _replaced(statement, new) for name, new in changed.items() if new != expression}


def _replaced(statement: Pointwise, expression: Any) -> Pointwise:
    operands = tuple(value for symbol, value in statement.symbols.items() if symbol in expression.free_symbols)
    return replace(statement, expression=expression, operands=operands)
