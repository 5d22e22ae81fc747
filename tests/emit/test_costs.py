"""What `generate --explain` counts in the text of a kernel is what NumPy is called for when it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import lstm_sym as ls
from lstm_sym.cells import built_in_cell
from lstm_sym.cli.commands import main
from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.numpy.costs import costs_of


class Counted(np.ndarray):
    """An array that counts the calls of functions of NumPy with it."""

    calls = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        Counted.calls += 1
        plain = [a.view(np.ndarray) if isinstance(a, Counted) else a for a in inputs]
        given = {"out": tuple(a.view(np.ndarray) for a in out)} if out is not None else {}
        found = getattr(ufunc, method)(*plain, **given, **options)
        return out[0] if out is not None else np.asarray(found).view(Counted)


def forward_calls(name: str, steps: int) -> int:
    """The functions of NumPy, products aside, that so many steps of a forward pass call."""
    kernel = ls.build(name, target="numpy")
    params = kernel.Params(*(p.view(Counted) for p in kernel.init(3, 4, dtype=np.float32)))
    state = kernel.State(*(np.zeros((1, 4), np.float32).view(Counted) for _ in kernel.State._fields))
    workspace: dict[str, Any] = {}
    x = np.ones((steps, 1, 3), np.float32).view(Counted)
    kernel._forward(x, params, state, False, workspace)
    # The arrays of the second run are those of the first: these count too.
    workspace["forward"] = [array.view(Counted) for array in workspace["forward"]]
    Counted.calls = 0
    kernel._forward(x, params, state, False, workspace)
    return Counted.calls


@pytest.mark.parametrize("name", ["lstm", "rnn", "lstm_no_output_gate", "min_gru"])
def test_calls_of_a_step_are_those_that_numpy_gets(name: str) -> None:
    forward = costs_of(Plan(Derivation(built_in_cell(name)))).passes[0]
    assert forward.calls_a_step - forward.products_a_step == forward_calls(name, 5) - forward_calls(name, 4)


def test_the_table_of_the_lstm() -> None:
    found = CliRunner().invoke(main, ["generate", "lstm", "--explain"])
    assert found.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in found.output.splitlines() if line.split()}
    assert rows["forward"][1:4] == ["11", "1", "1"] and rows["backward"][2:4] == ["3", "1"]
    assert "D + 7 * H numbers a step and sequence" in found.output


def test_only_the_numpy_kernel_is_explained() -> None:
    found = CliRunner().invoke(main, ["generate", "lstm", "--explain", "--target", "c"])
    assert found.exit_code == 2 and "--explain is NumPy" in found.output
