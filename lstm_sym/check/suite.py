"""All checks of a cell, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_sym.api import build, derive
from lstm_sym.check.by_autograd import check_autograd
from lstm_sym.check.case import Case, random_case
from lstm_sym.check.complex_step import check_complex_step
from lstm_sym.check.contract import check_log_terms, check_parameter_jacobian, check_parts, check_single_precision
from lstm_sym.check.derived_lines import check_lines
from lstm_sym.check.dot import check_dot
from lstm_sym.check.explicit import check_explicit
from lstm_sym.check.growth import LARGEST, LARGEST_SINGLE, before_overflow
from lstm_sym.check.kinks import smooth_case
from lstm_sym.check.many_digits import check_saturation
from lstm_sym.check.result import CheckResult, worst
from lstm_sym.check.second_order import check_second_order
from lstm_sym.check.streaming import check_step
from lstm_sym.check.taylor import check_second_taylor, check_taylor
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.expressions import Call
from lstm_sym.equations.functions import REDUCTIONS
from lstm_sym.ground.progress import Progress, tell
from lstm_sym.kernels import Kernel
from lstm_sym.through_time.kernel import check_kernel

LONG = 300
"""Steps that are many: more than the 256 in which measures of flow go over a sequence at once."""


def _lines(cell: Cell, kernel: Kernel) -> CheckResult:
    errors = check_lines(cell)
    name, error = worst(errors)
    what = f"{len(errors)} derived lines against complex steps"
    return CheckResult("every line", what, error, 1e-12, name, lines=errors)


def _fewest_units(cell: Cell) -> dict[str, Any]:
    """One unit and one input; two where units are compared with their mean, which leaves nothing of a single one."""
    calls = (node for equation in cell.equations for node in equation.expression.walk() if isinstance(node, Call))
    count = 2 if any(node.function in REDUCTIONS for node in calls) else 1
    return {"inputs": count, "hidden": count}


def _of_states(check: Callable[[Cell, Kernel], CheckResult]) -> Callable[[Cell, Kernel], CheckResult]:
    """The check, left out where equations have no state, as those of a layer or a loss."""

    def checked(cell: Cell, kernel: Kernel) -> CheckResult:
        if cell.states:
            return check(cell, kernel)
        return CheckResult("", "the equations have no state", 0.0, 1e-12, left_out="no state")

    return checked


def _case(cell: Cell, *, smooth: bool = False, largest: float = LARGEST, **sizes: Any) -> Case:
    """A case of these sizes, far from kinks if `smooth`; of a cell that grows the steps before it is too large."""
    return before_overflow(cell, (smooth_case if smooth else random_case)(cell, **sizes), largest)


CHECKS: dict[str, Callable[[Cell, Kernel], CheckResult]] = {
    "autograd": lambda cell, kernel: check_autograd(cell, kernel, _case(cell), default=True),
    "autograd, smallest": lambda cell, kernel: check_autograd(
        cell, kernel, _case(cell, steps=1, batch=1, seed=3, **_fewest_units(cell))
    ),
    "autograd, odd and large": lambda cell, kernel: check_autograd(
        cell, kernel, _case(cell, steps=3, batch=5, inputs=17, hidden=33, seed=14)
    ),
    "autograd, many steps": lambda cell, kernel: check_autograd(
        cell, kernel, _case(cell, steps=LONG, batch=2, inputs=3, hidden=5, seed=4)
    ),
    "saturation": lambda cell, kernel: check_saturation(
        cell, kernel, _case(cell, steps=2, batch=1, inputs=1, hidden=3, seed=15, scale=8.0)
    ),
    "complex step": lambda cell, kernel: check_complex_step(cell, kernel, _case(cell, steps=201, batch=1, seed=5)),
    "dot test": lambda cell, kernel: check_dot(kernel, _case(cell, steps=20, hidden=8, seed=6)),
    "Taylor": lambda cell, kernel: check_taylor(kernel, _case(cell, smooth=True, steps=10, seed=7)),
    "Taylor, second order": lambda cell, kernel: check_second_taylor(
        kernel, _case(cell, smooth=True, steps=10, seed=13)
    ),
    "second order": lambda cell, kernel: check_second_order(cell, kernel, _case(cell, steps=10, seed=10)),
    "explicit Jacobian": _of_states(
        lambda cell, kernel: check_explicit(cell, kernel, _case(cell, steps=1, batch=1, hidden=2, seed=8))
    ),
    "parts": _of_states(
        lambda cell, kernel: check_parts(cell, kernel, _case(cell, steps=1, batch=1, hidden=3, seed=16))
    ),
    "parameter Jacobian": _of_states(
        lambda cell, kernel: check_parameter_jacobian(cell, kernel, _case(cell, steps=1, batch=1, hidden=2, seed=17))
    ),
    "logarithms": lambda cell, kernel: check_log_terms(cell, kernel, _case(cell, steps=1, seed=18)),
    "every line": _lines,
    "step": lambda cell, kernel: check_step(kernel, _case(cell, batch=5, seed=9)),
    "float32": lambda cell, kernel: check_single_precision(
        kernel, _case(cell, batch=5, seed=19, largest=LARGEST_SINGLE)
    ),
}
"""Name -> check of a cell and its kernel. A cell whose input has the size of its state gets inputs = hidden."""

QUICK = ("autograd", "dot test", "every line", "step")


def check_cell(
    cell: Cell, *, quick: bool = False, progress: Progress | None = None, kernel: Kernel | None = None
) -> tuple[CheckResult, ...]:
    """Run every check on a cell (the quick ones alone if `quick`), on its own kernel or on the one given.

    Raises CellError for what is no cell, SequenceError for what is no kernel.
    """
    cell = derive(cell).cell
    module = build(cell) if kernel is None else kernel
    check_kernel(module, ("init", "forward", "backward", "jvp", "hvp", "step"))
    chosen = [name for name in CHECKS if not quick or name in QUICK]
    results = []
    for done, name in enumerate(chosen):
        tell(progress, done, len(chosen))
        with np.errstate(over="ignore", invalid="ignore"):  # a verdict says what a warning would
            results.append(replace(CHECKS[name](cell, module), name=name))
    tell(progress, len(chosen), len(chosen))
    return tuple(results)
