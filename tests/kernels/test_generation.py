"""The checked-in kernels are what the equations give, the same bytes on every machine, and stand alone on NumPy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kernels.cells import BUILT_IN, CELLS

import lstm_sym as ls
from lstm_sym.emit.checked_in import KERNELS, kernel_files

HASH_OF_EVERY_KERNEL = """
import hashlib, sys
import lstm_sym as ls
sys.path.insert(0, sys.argv[1])
from kernels.cells import BUILT_IN, OWN
text = "".join(ls.generate(cell) for cell in (BUILT_IN | OWN).values())
print(hashlib.sha256(text.encode()).hexdigest(), len(text))
"""

RUN_ALONE = """
import inspect, sys, importlib.abc
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {"lstm_sym", "sympy", "autograd", "scipy", "mpmath"}:
            raise ImportError(f"a kernel must not import {name}")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
import numpy.random
before = set(sys.modules)
import alone
required = inspect.signature(alone.init).parameters.values()
sizes = {p.name: 5 for p in required if p.kind is p.KEYWORD_ONLY and p.default is p.empty}
params = alone.init(4, 4, **sizes)
driven = inspect.signature(alone.init).parameters["input_size"].default is inspect.Parameter.empty
x = alone.np.ones((4, 2, 4 if driven else 0))
start = None if params else alone.State(*(alone.np.full((2, 4), 0.1) for _ in alone.State._fields))
for precise in (False, True):
    y, state, tape = alone.forward(x, params, start, precise=precise)
    grads = alone.backward(y, tape, params)
    alone.jacobian(tape, params), alone.input_jacobian(tape, params, 0)
alone.parameter_jacobian(tape, params, 0)
alone.jvp(x, params, start, x_dot=x)
alone.step(x[0], state, params)
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""


def run_python(code: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_checked_in_kernels_are_the_generated_ones(request: pytest.FixtureRequest) -> None:
    expected = kernel_files()
    if request.config.getoption("--update"):
        for path, text in expected.items():
            path.write_text(text, encoding="utf-8")
    fix = "run `python -m lstm_sym.emit.checked_in`, or pytest with --update, and read the difference"
    for path, text in expected.items():
        assert path.exists(), f"{path.name} is missing; {fix}"
        assert path.read_bytes() == text.encode(), f"{path.name} is not what its equations give; {fix}"


def test_there_is_a_kernel_for_every_cell_of_the_catalogue_and_no_other() -> None:
    assert {path.stem for path in KERNELS.glob("*.py")} == {"__init__", *BUILT_IN}


def test_generation_gives_the_same_bytes_for_any_hash_seed() -> None:
    tests = str(Path(__file__).parents[1])
    outputs = {run_python(HASH_OF_EVERY_KERNEL, tests, PYTHONHASHSEED=str(seed)) for seed in range(3)}
    assert len(outputs) == 1


def test_generation_does_not_depend_on_what_was_generated_before() -> None:
    names = ("lstm", "gru", "lstm_peephole")
    once, again = ({name: ls.generate(CELLS[name]) for name in order} for order in (names, reversed(names)))
    assert once == again


@pytest.mark.parametrize("path", sorted(kernel_files()), ids=lambda path: path.stem)
def test_a_kernel_stands_alone_on_numpy(path: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.py").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    beyond_numpy = set(run_python(RUN_ALONE, str(tmp_path)).split())
    assert beyond_numpy - set(sys.stdlib_module_names) - {"numpy"} == {"alone"}


@pytest.mark.parametrize("name", CELLS)
def test_a_kernel_imports_numpy_and_types_and_calls_nothing_that_executes_text(name: str) -> None:
    nodes = list(ast.walk(ast.parse(ls.generate(CELLS[name]))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported_from = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert (imported, imported_from) == ({"numpy"}, {"__future__", "collections", "typing"})
    assert not {node.id for node in nodes if isinstance(node, ast.Name)} & {"eval", "exec", "compile", "open"}


@pytest.mark.parametrize("name", CELLS)
def test_a_kernel_carries_the_hash_of_its_cell_and_its_equations(name: str) -> None:
    cell, kernel = CELLS[name], ls.build(CELLS[name])
    assert cell.content_hash == kernel.CONTENT_HASH
    assert all(equation.text in kernel.__doc__ for equation in cell.equations)
    assert kernel.Params._fields == cell.parameters
    assert kernel.State._fields == cell.states


def test_another_choice_of_an_option_is_another_kernel() -> None:
    assert len({ls.build(cell).CONTENT_HASH for cell in CELLS.values()}) == len(CELLS)
    assert ls.generate(CELLS["lstm_peephole"]) != ls.generate(CELLS["lstm_peephole-tanh-identity"])
