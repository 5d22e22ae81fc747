"""What a kernel can do wrong beside gradients of a few small steps: each break makes a check of the suite fail."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from check.broken import patched, with_result
from kernels.cells import text_of

import lstm_sym as ls
from lstm_sym.check.all_functions import every_function
from lstm_sym.check.suite import CHECKS
from lstm_sym.emit.numpy.scalar import NumPyPrinter
from lstm_sym.equations.expressions import Call
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS

LSTM, EVERY = ls.cell("lstm"), every_function()


def failing(cell: ls.Cell, kernel: Any, *names: str) -> set[str]:
    """Those of the checks that a kernel fails."""
    with np.errstate(all="ignore"):
        return {name for name in names if not CHECKS[name](cell, kernel).passed}


def from_text(text: str) -> ModuleType:
    """The module of a kernel's text."""
    module = ModuleType("broken_kernel")
    sys.modules[module.__name__] = module
    exec(compile(text, "broken_kernel", "exec"), vars(module))
    return module


def rewritten(cell: ls.Cell, old: str, new: str) -> ModuleType:
    """The kernel of a cell with a piece of its text changed wherever it stands."""
    text = text_of(cell)
    assert re.search(old, text, re.DOTALL)
    return from_text(re.sub(old, new, text, flags=re.DOTALL))


def of_dict(edit: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> Callable[[Any], Any]:
    return lambda found: edit(dict(found))


def as_float64(result: Any) -> Any:
    """Every array of a result in float64."""
    if isinstance(result, np.ndarray):
        return result.astype(np.float64)
    if isinstance(result, dict):
        return {name: as_float64(value) for name, value in result.items()}
    parts = map(as_float64, result)
    return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)


CALLS = ("forward", "backward", "step", "jvp", "hvp", "jacobian", "input_jacobian", "parameter_jacobian")
CALLS += ("jacobian_parts", "log_terms")


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_promotes_float32_is_noticed(call):
    assert failing(LSTM, with_result(ls.build(LSTM), call, as_float64), "float32") == {"float32"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda parts: {**parts, "f": parts["i"], "i": parts["f"]},
        lambda parts: {**parts, "o": 2 * parts["o"]},
        lambda parts: {**parts, "c": parts["c"] + parts["g"], "g": 0 * parts["g"]},
        lambda parts: {name: part for name, part in parts.items() if name != "g"},
    ],
)
def test_a_wrong_split_of_the_jacobian_is_noticed(edit):
    """Swapped, doubled, added to another, left out; the sum of all parts tells of the second alone."""
    assert failing(LSTM, with_result(ls.build(LSTM), "jacobian_parts", of_dict(edit)), "parts") == {"parts"}


@pytest.mark.parametrize("name", LSTM.parameters)
@pytest.mark.parametrize("edit", [np.zeros_like, lambda j: 2 * j, lambda j: -j, lambda j: j[..., ::-1, :]])
def test_a_wrong_parameter_jacobian_is_noticed(name, edit):
    if len(LSTM.shapes[name]) == 1 and edit(np.ones((1, 2, 2)))[0, 0, 0] == 1:
        edit = lambda j: j[..., ::-1]  # noqa: E731
    kernel = with_result(
        ls.build(LSTM), "parameter_jacobian", lambda found: found._replace(**{name: edit(getattr(found, name))})
    )
    assert failing(LSTM, kernel, "parameter Jacobian") == {"parameter Jacobian"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda terms: {**terms, "f": terms["f"] + 1e-9},
        lambda terms: {**terms, "f": terms["i"]},
        lambda terms: {**terms, "g_slope": -terms["g_slope"]},
        lambda terms: {**terms, "f": np.full_like(terms["f"], np.nan)},
        lambda terms: {**terms, "unknown": terms["f"]},
    ],
)
def test_a_wrong_logarithm_is_noticed(edit):
    assert failing(LSTM, with_result(ls.build(LSTM), "log_terms", of_dict(edit)), "logarithms") == {"logarithms"}


def test_a_slope_that_is_wrong_far_from_zero_alone_is_noticed():
    """tanh' and sigmoid' beyond |a| = 6: usual weights never go there."""
    for name, bound in (("tanh_slope", 6), ("sigmoid_slope", 6)):
        spoilt = rf"\1    slope = np.where(np.abs(a.real) > {bound}, 0.5 * slope, slope)\n    return slope"
        kernel = rewritten(LSTM, rf"(def _{name}\(.*?)    return slope", spoilt.replace("\\n", "\n"))
        assert failing(LSTM, kernel, "autograd", "saturation") == {"saturation"}, name


def beyond(kernel: ModuleType, sequences: int = 10**9, steps: int = 10**9) -> Any:
    """Backward that does nothing for sequences, or for steps, from a number on."""

    def backward(dy: Any, tape: Any, params: Any, dstate: Any = None) -> Any:
        grads = kernel.backward(dy, tape, params, dstate)
        x = grads.x.copy()
        x[steps:], x[:, sequences:] = 0, 0
        return grads._replace(x=x)

    return patched(kernel, backward=backward)


def test_a_batch_beyond_three_is_looked_at():
    assert failing(LSTM, beyond(ls.build(LSTM), sequences=3), "autograd, odd and large")


def test_steps_beyond_a_segment_are_looked_at():
    assert failing(LSTM, beyond(ls.build(LSTM), steps=256), "autograd, many steps")


def test_a_step_of_more_than_four_sequences_is_looked_at():
    def step(x_t: Any, state: Any, params: Any) -> Any:
        y, after = kernel.step(x_t, state, params)
        return np.where(np.arange(len(y))[:, None] < 4, y, 0), after

    kernel = ls.build(LSTM)
    assert failing(LSTM, patched(kernel, step=step), "step") == {"step"}


def test_a_wrong_step_of_many_is_looked_at():
    kernel = ls.build(LSTM)

    def stepper(params: Any, batch: int = 1) -> Any:
        advance = kernel.stepper(params, batch)
        return lambda x_t, state: (advance(x_t, state)[0], state)

    assert failing(LSTM, patched(kernel, stepper=stepper), "step") == {"step"}


def test_numbers_cut_to_eight_digits_are_noticed(monkeypatch):
    with monkeypatch.context() as patch:
        number = NumPyPrinter.number
        patch.setattr(NumPyPrinter, "number", lambda self, value: repr(float(f"{float(number(self, value)):.8g}")))
        kernel = from_text(ls.generate(EVERY))
    assert failing(EVERY, kernel, "autograd")


CALLED = {node.function for e in EVERY.equations for node in e.expression.walk() if isinstance(node, Call)}


def test_the_cell_of_every_function_calls_every_function():
    assert {*FUNCTIONS, *REDUCTIONS} == CALLED
    assert EVERY.constants and any(p.scalar for p in EVERY.declared.values())


# What stands for each function in the kernel, and something else in its place.
SPOILT = {
    "softsign": (r"_softsign\(", "_tanh_of("),
    "hard_sigmoid": (r"_hard_sigmoid\(", "_sigmoid("),
    "gelu": (r"1\.5957691216057308", "1.702"),
    "log": (r"np\.log\(", "np.sqrt("),
    "sin": (r"(?<![\w.])(?:np\.)?sin\(", "np.tanh("),
    "cos": (r"(?<![\w.])(?:np\.)?cos\(", "np.tanh("),
    "abs": (r"sign: Array = np\.sign\(a\.real\)", "sign: Array = 1 + 0 * np.sign(a.real)"),
    "minimum": (r"np\.real\(u\) < np\.real\(v\)", "np.real(u) > np.real(v)"),
    "where": (r"np\.where\(c\.real > 0, u, v\)", "np.where(c.real > 0, v, u)"),
    "sum": (r"return total", "return 2 * total"),
    "mean": (r"return mean", "return 2 * mean"),
    "max": (r"np\.argmax\(", "np.argmin("),
}


@pytest.mark.parametrize("name", SPOILT)
def test_each_function_that_no_cell_of_the_catalogue_needs_is_looked_at(name):
    kernel = rewritten(EVERY, *SPOILT[name])
    vars(kernel)["_tanh_of"] = np.tanh
    assert failing(EVERY, kernel, "autograd"), name


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name == "autograd, many steps")) for name in CHECKS]
)
def test_every_check_holds_for_the_cell_of_every_function(name):
    assert CHECKS[name](EVERY, ls.build(EVERY)).passed
