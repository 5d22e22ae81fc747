"""Every target computes what the NumPy kernel computes: forward and backward, both forms, every cell, every function.

Of a target that runs forward alone the output and the last states. A target joins by its row in the table of targets
and by the way its sources are run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from emit.runners import FORWARD, RUNNERS, Results, of_kernel, require
from kernels.cells import CELLS
from representatives import representatives

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.check.all_functions import every_function
from lstm_sym.check.case import Case
from lstm_sym.cli import main
from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.targets import TARGETS
from lstm_sym.ground.seal import intact

OTHERS = sorted(set(TARGETS) - {"numpy"})
ALL = {
    **CELLS,
    "every function": every_function(),
    "read-only name": ls.parse("new[t] = tanh(W @ x[t] + U @ new[t-1])"),
    "slopes of two sizes": ls.parse("h[t] = W @ [tanh(x[t]), tanh(h[t-1]), softsign(x[t])] + b", key="two_sizes"),
    "nothing in the loop": ls.parse("h[t] = tanh(W @ x[t])\ny[t] = h[t] * (V @ h[t-1])", key="no_loop"),
    "a state called as a row": ls.parse(
        "f[t] = sigmoid(W_f @ x[t] + U_f @ a[t-1])\ng[t] = tanh(W_g @ x[t] + U_g @ a[t-1])\n"
        "a[t] = f[t] * a[t-1] + g[t]",
        key="row_name",
    ),
    "sums of numbers": ls.parse(
        "f[t] = sigmoid(1 + W_f @ x[t])\nh[t] = f[t] * (U @ h[t-1] + alpha) + alpha + 2 + W @ x[t]",
        constants={"alpha": Fraction(1, 4)},
        key="number_sums",
    ),
    "a size told by a vector": ls.parse("h[t] = p * sigmoid(h[t-1]) + p - 0.5 + W @ x[t]", key="vector_size"),
    "names of values": ls.parse("true[t] = tanh(false @ T[t] + this @ toString[t-1])\ntoString[t] = true[t] * B"),
}
BAR = 1e-12
FLOAT64 = {"onnx": {"dtype": "float64"}}
"""Target -> what asks it for the arrays of that type, where the file says which."""


def by_numpy(cell: ls.Cell, case: Case, target: str) -> Iterator[Results]:
    """The same of the kernel, in the fast and the precise form; what this target has of it."""
    for found in of_kernel(ls.build(cell, target="numpy"), case):
        yield {k: v for k, v in found.items() if target not in FORWARD or k == "y" or k.startswith("last.")}


def worst(found: Results, expected: Results) -> float:
    """The largest error of an array, relative to its largest entry."""
    assert found.keys() == expected.keys()
    errors = [0.0]
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        largest = np.abs(array).max(initial=0.0)
        errors.append(float(np.abs(found[name] - array).max(initial=0.0) / (largest or 1.0)))
    return max(errors)


@cache
def source_of(target: str, name: str) -> Any:
    """The source of a cell of `ALL`, made once."""
    return made(target, ALL[name])


def made(target: str, cell: ls.Cell) -> Any:
    return TARGETS[target].source(Plan(Derivation(cell)), **FLOAT64.get(target, {}))


def test_every_target_is_run():
    assert set(RUNNERS) == set(OTHERS) and OTHERS


SIZES = [{}, {"steps": 1, "batch": 1}, {"steps": 6, "batch": 3}, {"steps": 0}, {"batch": 0}]
EVERY = [pytest.param("c", marks=pytest.mark.long), *(target for target in OTHERS if target != "c")]
"""Targets whose sources of all cells are soon ready to run; the others compile for half a minute."""


@pytest.mark.parametrize("sizes", SIZES, ids=["few", "one", "more", "no step", "no sequence"])
@pytest.mark.parametrize("target", EVERY)
def test_every_cell_is_that_of_numpy(target, sizes, tmp_path):
    differences(target, ALL, sizes, tmp_path)


@pytest.mark.parametrize("sizes", SIZES, ids=["few", "one", "more", "no step", "no sequence"])
def test_every_kind_of_cell_in_c_is_that_of_numpy(sizes, tmp_path):
    differences("c", representatives(ALL) | {name: ALL[name] for name in ALL.keys() - CELLS.keys()}, sizes, tmp_path)


def differences(target, cells, sizes, folder):
    """Fail where a cell's arrays are not those of the NumPy kernel."""
    require(target)
    if target == "onnx" and sizes.get("steps") == 0:
        pytest.skip("ONNX Runtime refuses a Scan over no step")
    cases = [random_case(cell, **sizes) for cell in cells.values()]
    found = RUNNERS[target]([source_of(target, name) for name in cells], [*cells.values()], cases, folder)
    expected = [one for cell, case in zip(cells.values(), cases, strict=True) for one in by_numpy(cell, case, target)]
    names = [f"{name}, {form}" for name in cells for form in ("fast", "precise")]
    errors = {n: e for n, a, b in zip(names, found, expected, strict=True) if not (e := worst(a, b)) <= BAR}
    assert errors == {}


@pytest.mark.parametrize("target", OTHERS)
def test_a_number_in_a_sum_is_a_stage_that_reads_nothing(target, tmp_path):
    require(target)
    cell = ls.parse(
        "f[t] = sigmoid(1 + W_f @ x[t] + b_f)\nh[t] = tanh(W @ x[t] + U @ (f[t] * h[t-1]) + 0.1)", key="sums"
    )
    case = random_case(cell)
    found = RUNNERS[target]([made(target, cell)], [cell], [case], tmp_path)
    for one, expected in zip(found, by_numpy(cell, case, target), strict=True):
        assert worst(one, expected) <= BAR


@pytest.mark.parametrize("target", OTHERS)
def test_the_file_that_the_command_writes_runs(target, tmp_path):
    """With the line that it ends with, by which an edit is noticed."""
    require(target)
    path = tmp_path / f"cell{TARGETS[target].suffix}"
    options = [part for key, value in FLOAT64.get(target, {}).items() for part in (f"--{key}", value)]
    written = CliRunner().invoke(main, ["generate", "gru", "--target", target, "-o", str(path), *options])
    assert written.exit_code == 0 and intact(path.read_bytes())
    case = random_case(ls.cell("gru"))
    source = path.read_bytes() if isinstance(made(target, ls.cell("gru")), bytes) else path.read_text(encoding="utf-8")
    found = RUNNERS[target]([source], [ls.cell("gru")], [case], tmp_path)
    assert worst(found[0], next(by_numpy(ls.cell("gru"), case, target))) <= BAR


@pytest.mark.parametrize("target", OTHERS)
def test_a_target_that_computes_something_else_is_noticed(target, tmp_path):
    require(target)
    cell = ls.cell("gru")
    case = random_case(cell)
    if target == "c":  # what is called with the arrays of the right text must take the same ones
        wrong = made(target, cell).replace("1 - z_t;", "1 - (real)0.99 * z_t;")
    else:
        wrong = made(target, ls.parse(cell.text.replace("(1 - z[t])", "(1 - 0.99 * z[t])"), key="gru"))
    assert wrong != made(target, cell)
    found = RUNNERS[target]([wrong], [cell], [case], tmp_path)
    assert worst(found[0], next(by_numpy(cell, case, target))) > 1e-4


@pytest.mark.parametrize("target", OTHERS)
def test_a_saturated_cell_keeps_its_digits_in_the_precise_form(target, tmp_path):
    require(target)
    cell = ls.cell("lstm")
    case = random_case(cell)
    case.params.update({name: 60 * value for name, value in case.params.items()})
    found = RUNNERS[target]([made(target, cell)], [cell], [case], tmp_path)
    _, expected = by_numpy(cell, case, target)
    assert worst(found[1], expected) <= BAR


@pytest.mark.parametrize("target", TARGETS)
def test_a_source_is_the_same_whenever_it_is_made(target):
    require(target if target == "onnx" else "")
    assert made(target, ls.cell("lstm")) == made(target, ls.cell("lstm"))


@pytest.mark.parametrize("name", ALL)
def test_no_element_of_javascript_makes_an_array_of_its_own(name):
    calls = "|".join(
        ["times", "steps", "packed", "stacked", "transposed", "fresh", "copy", "meanOf", "sumOf", "largest"]
    )
    found = re.findall(rf"\(\$r, \$c\) => .*\b(?:{calls})\(.*", source_of("javascript", name))
    assert found == [], "the same array made anew for each of its elements"
