"""The target PyTorch: gradients of gradients by PyTorch's own checks, lengths, resets, the compiled kernel in it."""

from __future__ import annotations

import numpy as np
import pytest
from emit.runners import imported
from kernels.cells import CELLS

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.native.compiler import find_compiler

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture(scope="module")
def lstm():
    """The file of the LSTM, imported."""
    return imported(ls.generate("lstm", target="torch"), "torch_lstm")


def tensors(case):
    return [
        torch.tensor(np.asarray(v), requires_grad=True) for v in (case.x, *case.params.values(), *case.state.values())
    ]


@pytest.mark.parametrize("name", CELLS)
def test_first_and_second_gradients_pass_the_checks_of_pytorch(name):
    cell = CELLS[name]
    module = imported(ls.generate(cell, target="torch"), f"torch_{cell.key}")
    given = tensors(random_case(cell, steps=3, batch=2))
    assert torch.autograd.gradcheck(lambda *all_: module._Run.apply(module, True, *all_), given)
    assert torch.autograd.gradgradcheck(lambda *all_: module._Run.apply(module, True, *all_), given)


def test_a_wrong_gradient_is_noticed(lstm, monkeypatch):
    right = lstm.backward
    monkeypatch.setattr(lstm, "backward", lambda *given: right(*given)._replace(x=1.01 * right(*given).x))
    given = tensors(random_case(ls.cell("lstm"), steps=3, batch=2))
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(lambda *all_: lstm._Run.apply(lstm, True, *all_), given)


def test_it_is_pytorchs_own_lstm(lstm):
    own = torch.nn.LSTM(3, 5, dtype=torch.float64)
    layer = lstm.Layer(3, 5, dtype=torch.float64)
    order = ("i", "f", "g", "o")
    for stem, name in (("W", "weight_ih_l0"), ("U", "weight_hh_l0")):
        for gate, rows in zip(order, getattr(own, name).detach().chunk(4), strict=True):
            getattr(layer, f"{stem}_{gate}").data = rows.clone()
    for gate, one, two in zip(order, own.bias_ih_l0.detach().chunk(4), own.bias_hh_l0.detach().chunk(4), strict=True):
        getattr(layer, f"b_{gate}").data = one + two
    x = torch.randn(7, 4, 3, dtype=torch.float64)
    y, state = layer(x)
    expected, (h, c) = own(x)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close((state.h, state.c), (h[0], c[0]))


def test_the_state_dict_has_the_names_of_the_equations(lstm):
    layer = lstm.Layer(3, 5, b_f=1.0)
    assert [*layer.state_dict()] == [*lstm.Params._fields]
    assert layer.W_i.dtype == torch.float32 and (layer.b_f == 1).all()
    again = lstm.Layer(3, 5)
    again.load_state_dict(layer.state_dict())
    torch.testing.assert_close(again.U_f, layer.U_f)


def test_the_seed_of_pytorch_decides_the_first_values(lstm):
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        drawn.append(lstm.Layer(3, 5).W_i)
    torch.testing.assert_close(*drawn)


def test_lengths_end_a_sequence_and_resets_begin_one(lstm):
    layer = lstm.Layer(3, 5, dtype=torch.float64)
    x = torch.randn(6, 3, 3, dtype=torch.float64)
    y, state = layer(x, lengths=[6, 2, 0])
    for k, length in enumerate((6, 2, 0)):
        alone, last = layer(x[:length, k : k + 1])
        torch.testing.assert_close(y[:length, k : k + 1], alone)
        assert not y[length:, k].any()
        torch.testing.assert_close(state.c[k], last.c[0])
    resets = torch.zeros(6, 3)
    resets[4, 1] = 1
    torch.testing.assert_close(layer(x, resets=resets)[0][4:, 1], layer(x[4:, 1:2])[0][:, 0])


def test_gradients_reach_nothing_beyond_a_length_or_a_reset(lstm):
    layer = lstm.Layer(3, 5, dtype=torch.float64)
    x = torch.randn(6, 2, 3, dtype=torch.float64, requires_grad=True)
    resets = torch.zeros(6, 2)
    resets[3, 1] = 1
    y, state = layer(x, lengths=[2, 6], resets=resets)
    (y[-1].sum() + state.c.sum()).backward()
    assert x.grad[:2, 0].any() and not x.grad[2:, 0].any()
    assert x.grad[3:, 1].any() and not x.grad[:3, 1].any()


def test_batches_may_come_first(lstm):
    layer = lstm.Layer(3, 5, batch_first=True)
    x = torch.randn(4, 6, 3)
    y, _ = layer(x)
    layer.batch_first = False
    torch.testing.assert_close(y, layer(x.transpose(0, 1))[0].transpose(0, 1))


@pytest.mark.parametrize("wrong", [{"lengths": [1, 9, 0]}, {"lengths": [1, 2]}, {"resets": torch.zeros(5, 3)}])
def test_what_does_not_fit_is_refused(lstm, wrong):
    with pytest.raises(ValueError, match=r"lengths are|resets have shape"):
        lstm.Layer(3, 5)(torch.randn(6, 3, 3), **wrong)


@pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler on this machine")
def test_a_compiled_kernel_computes_the_same(lstm):
    layer = lstm.Layer(3, 5)
    compiled = lstm.Layer(3, 5, kernel=ls.build("lstm", target="c"))
    compiled.load_state_dict(layer.state_dict())
    x = torch.randn(6, 3, 3)
    found = []
    for one in (layer, compiled):
        one(x)[0].square().sum().backward()
        found.append(one.U_f.grad)
    torch.testing.assert_close(*found)


def test_no_step_and_no_sequence_work(lstm):
    layer = lstm.Layer(3, 5)
    assert layer(torch.randn(0, 2, 3))[0].shape == (0, 2, 5)
    assert layer(torch.randn(4, 0, 3))[0].shape == (4, 0, 5)
