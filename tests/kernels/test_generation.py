"""The checked-in kernels are what the equations give, the same bytes on every machine, and stand alone on NumPy."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from kernels.cells import BUILT_IN, CELLS, OWN, text_of

import lstm_sym as ls
from lstm_sym.emit import checked_in
from lstm_sym.emit.checked_in import KERNELS, kernel_files

HASHES = """
import hashlib, sys
import lstm_sym as ls
sys.path.insert(0, sys.argv[1])
from kernels.cells import OWN
for cell in OWN.values():
    print(hashlib.sha256(ls.generate(cell).encode()).hexdigest())
"""

RUN_ALONE = """
import inspect, sys, importlib.abc
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {"lstm_sym", "sympy", "autograd", "scipy", "mpmath"}:
            raise ImportError(f"a kernel must not import {name}")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
import importlib, numpy.random
known = set(sys.modules)
for name in sys.argv[2:]:
    alone = importlib.import_module(name)
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
    print(name, *sorted({module.split(".")[0] for module in set(sys.modules) - known} - {name}))
    known = set(sys.modules)
"""


def run_python(code: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_checked_in_kernels_are_the_generated_ones(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked_in, "kernel_source", text_of)
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


def test_no_line_of_a_kernel_is_longer_than_120_characters() -> None:
    lines = [(path.stem, line) for path in KERNELS.glob("*.py") for line in path.read_text("utf-8").splitlines()]
    assert [found for found in lines if len(found[1]) > 120] == [] and len(lines) > 10_000


def test_generation_gives_the_same_bytes_for_any_hash_seed() -> None:
    """Here the seed is any; the kernels of the catalogue are held to bytes that were written under another one."""
    outputs = run_python(HASHES, str(Path(__file__).parents[1]), PYTHONHASHSEED="1").split()
    assert outputs == [hashlib.sha256(text_of(cell).encode()).hexdigest() for cell in OWN.values()]


def test_generation_does_not_depend_on_what_was_generated_before() -> None:
    names = ("lstm_peephole", "gru", "lstm")
    once = {name: text_of(CELLS[name]) for name in names}
    assert once == {name: ls.generate(CELLS[name]) for name in reversed(names)}


def test_a_kernel_stands_alone_on_numpy(tmp_path: Path) -> None:
    for name in BUILT_IN:
        text = (KERNELS / f"{name}.py").read_text(encoding="utf-8")
        (tmp_path / f"alone_{name}.py").write_text(text, encoding="utf-8")
    lines = run_python(RUN_ALONE, str(tmp_path), *(f"alone_{name}" for name in BUILT_IN)).splitlines()
    imported = {name: {*modules} - sys.stdlib_module_names for name, *modules in map(str.split, lines)}
    assert imported.keys() == {f"alone_{name}" for name in BUILT_IN}
    assert {name: modules for name, modules in imported.items() if modules - {"numpy"}} == {}


@pytest.mark.parametrize("name", CELLS)
def test_a_kernel_imports_numpy_and_types_and_calls_nothing_that_executes_text(name: str) -> None:
    nodes = list(ast.walk(ast.parse(text_of(CELLS[name]))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported_from = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert (imported, imported_from) == ({"numpy"}, {"__future__", "collections", "typing"})
    assert not {node.id for node in nodes if isinstance(node, ast.Name)} & {"eval", "exec", "compile", "open"}


@pytest.mark.parametrize("name", BUILT_IN | CELLS)
def test_a_kernel_carries_the_hash_of_its_cell_and_its_equations(name: str) -> None:
    cell = (BUILT_IN | CELLS)[name]
    kernel = import_module(f"lstm_sym.kernels.{name}") if name in BUILT_IN else ls.build(cell)
    assert cell.content_hash == kernel.CONTENT_HASH
    assert all(equation.text in kernel.__doc__ for equation in cell.equations)
    assert kernel.Params._fields == cell.parameters
    assert kernel.State._fields == cell.states


def test_another_choice_of_an_option_is_another_kernel() -> None:
    assert len({ls.build(cell).CONTENT_HASH for cell in CELLS.values()}) == len(CELLS)
    assert text_of(CELLS["lstm_peephole"]) != text_of(CELLS["lstm_peephole-tanh-identity"])
