"""Cells that read several inputs: what they are called, how x holds them, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.cells import OWN

import lstm_sym as ls
from lstm_sym.check import check_cell
from lstm_sym.equations import CellError
from lstm_sym.networks import CellLayer, Network, dense

CELL = OWN["several_inputs"]
FILE = """
inputs = ["x", "u"]
equations = '''
h[t] = tanh(W @ x[t] + V @ u[t] + U @ h[t-1])
'''
[sizes]
u = "M"
"""


def test_x_is_all_inputs_one_behind_the_other():
    assert CELL.inputs == ("x", "u", "dt") and CELL.input == "x_u_dt"
    assert CELL.input_shape == ("D + H_V_i + H",) and CELL.shapes["dt"] == ("H",)
    kernel, rng = ls.build(CELL), np.random.default_rng(0)
    params = kernel.init(2 + 3 + 4, 4, H_V_i=3, rng=rng)
    x, u, dt = rng.standard_normal((6, 2, 2)), rng.standard_normal((6, 2, 3)), rng.standard_normal((6, 2, 4))
    y, _, tape = kernel.forward(np.concatenate((x, u, dt), axis=-1), params)
    h = np.zeros((2, 4))
    for t in range(6):
        i = 1 / (1 + np.exp(-(x[t] @ params.W_i.T + u[t] @ params.V_i.T + h @ params.U_i.T + params.b_i)))
        k = 1 / (1 + np.exp(-dt[t]))
        h = k * h + (1 - k) * i * np.tanh(x[t] @ params.W.T + h @ params.U.T + params.b)
        assert np.allclose(y[t], h, rtol=1e-13)
    dx = kernel.backward(np.ones_like(y), tape, params).x
    assert dx.shape == (6, 2, 9) and all(dx[..., part].any() for part in np.split(np.arange(9), [2, 5]))


@pytest.mark.parametrize("of", [CELL, ls.parse(FILE, key="file")], ids=["parsed", "of a file"])
def test_every_check_passes(of):
    assert [result for result in check_cell(of) if not result.passed] == []


def test_options_keep_the_inputs_and_the_order_decides_the_hash():
    text = "h[t] = f(W @ x[t] + V @ u[t] + U @ h[t-1])"
    cell = ls.parse(text, options={"f": "tanh"}, inputs=("u", "x"))
    assert cell.inputs == ("u", "x") and cell.shapes["V"] == ("H", "D")
    assert cell.content_hash != ls.parse(text, options={"f": "tanh"}, inputs=("x", "u")).content_hash
    declared = ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])", inputs=["x"])
    assert declared.content_hash == ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])").content_hash


def test_inputs_of_one_size_share_the_columns():
    cell = ls.parse("h[t] = tanh(W @ x[t] + W @ u[t] + U @ h[t-1])", inputs=("x", "u"))
    assert cell.input_shape == ("2 * D",)
    kernel = ls.build(cell)
    assert kernel.init(6, 4).W.shape == (4, 3)
    with pytest.raises(ValueError, match=r"input_size is 7; x holds x, u: 2 \* D = 6 columns"):
        kernel.init(7, 4)


def test_a_size_that_leaves_nothing_for_the_first_input_is_refused():
    with pytest.raises(ValueError, match="the size D is -1"):
        ls.build(CELL).init(6, 4, H_V_i=3)


def test_a_layer_reads_them_from_below():
    layer = CellLayer("cell", CELL, 4, {"H_V_i": 3})
    network = Network((dense("below", 9), layer), 2)
    params = network.init(0)
    assert params["cell.W"].shape == (4, 2) and network.widths == (2, 9, 4)
    y, _, tape = network.forward(np.ones((5, 2, 2)), params)
    assert network.backward(np.ones_like(y), tape, params).params["below.V"].any(axis=1).all()


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        (None, "declare them: inputs"),
        (("x",), "declare them: inputs"),
        (("x", "u", "v"), "`v` is declared an input"),
        (("x", "u", "h"), "`h` is declared an input"),
    ],
)
def test_inputs_must_be_those_that_are_read(inputs, told):
    with pytest.raises(CellError) as caught:
        ls.parse("h[t] = tanh(W @ x[t] + V @ u[t] + U @ h[t-1])", inputs=inputs)
    assert told in str(caught.value)


@pytest.mark.parametrize("value", ['"x"', "[1, 2]", '["x", "x"]'])
def test_a_file_that_lists_them_wrong_is_refused(value):
    with pytest.raises(CellError, match="no list of names"):
        ls.parse(FILE.replace('["x", "u"]', value), key="file")


def test_an_input_that_reaches_no_output_is_refused():
    with pytest.raises(CellError, match="never depends on the input `u`"):
        ls.parse("q[t] = V @ u[t]\nh[t] = tanh(W @ x[t] + U @ h[t-1])", inputs=("x", "u"), output="h")
