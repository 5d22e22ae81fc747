"""What docs/cell-files.md says of the notation: every function has its row, and its cells are cells."""

from __future__ import annotations

import builtins
import keyword
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.equations import read_cell
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.equations.names import DERIVED, INDEX, KERNEL, MAX_NAME, NO_PARAMETERS, reserved
from lstm_sym.equations.numbers import MAX_EXPONENT, MAX_NUMBER, MIN_NUMBER
from lstm_sym.equations.parser import MAX_REPEAT

TEXT = (Path(__file__).parents[2] / "docs" / "cell-files.md").read_text("utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
CELLS = [block for block in BLOCKS if "equations" in block]


def table(head: str) -> dict[str, list[str]]:
    """Function as called in a first column -> the other columns of its row."""
    rows = TEXT.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[part.strip() for part in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]
    return {call: rest for first, *rest in cells for call in re.findall(r"`(.*?)`", first)}


def test_every_function_has_a_row_with_its_arguments() -> None:
    calls = table("function")
    arity = {name: row.arity for name, row in FUNCTIONS.items()} | {"identity": 1}
    assert {call.split("(")[0]: call.count(",") + 1 for call in calls} == arity
    assert all(value for value, _ in calls.values())


def test_every_reduction_has_a_row() -> None:
    assert {call.split("(")[0] for call in table("reduction")} == set(REDUCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_kinks_are_said_of_the_functions_that_have_them(name: str) -> None:
    said = {call.split("(")[0]: kink for call, (_, kink) in table("function").items()}
    assert bool(said[name]) is not FUNCTIONS[name].analytic


def test_the_names_that_are_taken_are_those_of_the_parser() -> None:
    rows = TEXT.split("| taken | because |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    python, functions, indices, numbers, kernel, derived = (set(re.findall(r"`([^`]+)`", row)) for row in rows)
    assert indices == {INDEX} and numbers <= set(NO_PARAMETERS)
    assert kernel == KERNEL and derived == set(DERIVED)
    assert functions <= {*FUNCTIONS, *REDUCTIONS, "repeat", "identity"}
    assert all(keyword.iskeyword(name) or hasattr(builtins, name) for name in python)
    assert all(reserved(form.replace("...", "v")) for form in {*python, *functions, *indices, *kernel, *derived})
    for name in ("I", "O", "N", "S", "E", "Q", "beta", "gamma", "theta", "alpha", "x", "y", "steps", "v_nextt", "dv"):
        assert not reserved(name)


def test_bounds_are_those_of_the_parser() -> None:
    for bound in (
        f"power from -{MAX_EXPONENT} to {MAX_EXPONENT}",
        f"from 2 to {MAX_REPEAT} times",
        f"at most {MAX_NAME} characters",
        f"from {float(MIN_NUMBER):.0e} to {float(MAX_NUMBER):.0e} in size".replace("e+09", "e9"),
    ):
        assert bound in " ".join(TEXT.split()), bound


@pytest.mark.parametrize("block", CELLS, ids=lambda block: tomllib.loads(block)["name"])
def test_the_cells_are_cells_and_their_kernels_run(block: str) -> None:
    cell = read_cell(block.encode(), key="documented", source="cell-files.md")
    kernel = ls.build(cell)
    columns = 2 if len(cell.inputs) == 1 else 2 + 6  # a further input has the size of the state
    params = kernel.init(columns, 6) if cell.input else kernel.Params()
    state = kernel.State(*(np.full((3, 6), 0.1) for _ in cell.states))
    x = np.ones((4, 3, columns)) if cell.input else np.empty((4, 3, 0))
    y, _, _ = kernel.forward(x, params, state)
    assert y.shape == (4, 3, 6) and np.isfinite(y).all()


def test_the_other_pieces_of_files_are_toml() -> None:
    for block in BLOCKS:
        assert tomllib.loads(block)


def test_sizes_and_steps_are_those_that_are_said() -> None:
    blocks = read_cell(CELLS[1].encode(), key="blocks", source="cell-files.md")
    assert blocks.shapes["h"] == ("3 * M",)
    with pytest.raises(ValueError, match="multiple of 3"):
        ls.build(blocks).init(2, 7)
    henon = read_cell(CELLS[2].encode(), key="henon", source="cell-files.md")
    kernel, state = ls.build(henon), [np.array([[0.1]]), np.array([[0.05]])]
    y, last, _ = kernel.forward(None, kernel.Params(), kernel.State(*state), steps=100)
    assert y.shape == (100, 1, 1)
    h, c = 0.1, 0.05
    for _ in range(3):
        h, c = 1 - 1.4 * h**2 + c, 0.3 * h
    assert y[2, 0, 0] == pytest.approx(h, rel=1e-14) and last.h.shape == (1, 1)
    assert ls.parse("h[t] = W @ [h[t-1], x[t]]").shapes["W"] == ("H", "H + D")


def test_the_error_shown_is_the_error_given() -> None:
    shown = TEXT.rsplit("```", 2)[1].strip().splitlines()[0]
    text = "\n\nf[t] = sigmoid(W_f @ x[t] + U_f @ h[t-1] + b_f)\nn[t] = tanh(W_f @ h[t-1] + b_n)\nh[t] = f[t] * n[t]"
    with pytest.raises(ls.CellError) as caught:
        ls.parse(text, source="my.toml")
    assert str(caught.value).splitlines()[0] == shown
