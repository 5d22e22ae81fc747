"""One step and one step back, as a teacher writes them, are the kernel over one step."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from kernels.cells import CELLS

import lstm_sym as ls
from lstm_sym.audit import audit
from lstm_sym.check import random_case
from lstm_sym.cli import main


def plain_module(cell: ls.Cell) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(ls.generate(cell, plain=True), "plain", "exec", dont_inherit=True), space)
    return space


@pytest.mark.parametrize("name", CELLS)
def test_it_is_the_kernel_over_one_step(name):
    cell, case = CELLS[name], random_case(CELLS[name], steps=1)
    kernel, plain = ls.build(cell), plain_module(cell)
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, last, tape = kernel.forward(case.x, params, state)
    grads = kernel.backward(case.dy, tape, params, dstate)
    given = {cell.input: case.x[0], **case.params, "dy": case.dy[0]}
    given |= {f"{name}_prev": value for name, value in case.state.items()}
    given |= {f"d_{name}_next": value for name, value in case.dstate.items()}
    found = call(plain["forward"], given)
    expected = {cell.output: y[0], **last._asdict()}
    assert all(np.allclose(found[name], value, rtol=1e-13, atol=1e-300) for name, value in expected.items())
    back = call(plain["backward"], {**given, **found})
    wanted = {f"d_{cell.input}": grads.x[0], **{f"d_{k}": v for k, v in grads.params._asdict().items()}}
    wanted |= {f"d_{k}_prev": v for k, v in grads.state._asdict().items()}
    for key, value in wanted.items():
        if key in back:
            assert np.abs(back[key] - value).max(initial=0) <= 1e-12 * max(np.abs(value).max(initial=0), 1e-300), key
    assert {key for key in wanted if key.removeprefix("d_") in cell.parameters} <= set(back)


def call(function: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The results of a function by the names that its return statement gives them."""
    arguments = [given[name] if name in given else given[name[:-1]] for name in inspect.signature(function).parameters]
    names = [name.removesuffix("_") for name in RETURNED[function.__code__.co_name]]
    results = function(*arguments)
    return dict(zip(names, results if len(names) > 1 else [results], strict=True))


RETURNED: dict[str, list[str]] = {}


@pytest.fixture(autouse=True)
def returned(monkeypatch):
    """What each function returns, read from the text that was compiled."""
    right = ls.generate

    def remembered(cell: Any, **options: Any) -> str:
        text = right(cell, **options)
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and isinstance(last := node.body[-1], ast.Return):
                parts = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
                RETURNED[node.name] = [ast.unparse(part) for part in parts]
        return text

    monkeypatch.setattr(ls, "generate", remembered)


def test_it_is_one_screen_for_the_cell_of_the_textbooks():
    text = ls.generate("lstm", plain=True)
    assert len(text.splitlines()) <= 84 and "(B31)" in text and "def _sigmoid(" in text


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_what_is_printed_passes_the_audit(name, tmp_path):
    """Its step back gives what the audit reads, in that order; every argument of it is used."""
    path = tmp_path / "plain.py"
    path.write_text(ls.generate(name, plain=True), encoding="utf-8")
    assert audit(ls.cell(name), path, "backward").right
    function = next(f for f in ast.parse(path.read_text("utf-8")).body if getattr(f, "name", "") == "backward")
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    assert {argument.arg for argument in function.args.args} <= used


def test_the_command_prints_it_and_refuses_it_in_another_language():
    runner = CliRunner()
    assert runner.invoke(main, ["generate", "rnn", "--plain"]).stdout.startswith(ls.generate("rnn", plain=True))
    assert runner.invoke(main, ["generate", "rnn", "--plain", "--target", "javascript"]).exit_code == 2
    assert "export function backward" in runner.invoke(main, ["generate", "rnn", "--target", "javascript"]).stdout


@pytest.mark.parametrize("options", [{"target": "fortran"}, {"target": "javascript", "plain": True}])
def test_a_target_that_there_is_not_is_refused(options):
    with pytest.raises(ValueError, match=r"generate\(\) has no target"):
        ls.generate("rnn", **options)
