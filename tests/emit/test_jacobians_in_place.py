"""Jacobians are written where they stand: no array beside the result is of its size."""

import tracemalloc

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.emit.numpy import support
from lstm_sym.emit.numpy.kernel import kernel_source
from lstm_sym.kernels import gru, lstm, lstm_peephole, rnn, slstm


def peak_over_result(kernel, jacobian: str) -> float:
    """The most memory that is taken, beside the result, in units of it."""
    params = kernel.init(24, 24)
    tape = kernel.forward(np.random.default_rng(0).standard_normal((64, 2, 24)), params)[2]
    call = getattr(kernel, jacobian)
    call(tape, params, 0)  # what is made once
    tracemalloc.start()
    found = call(tape, params)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / sum(part.nbytes for part in (found.values() if isinstance(found, dict) else [found])) - 1


@pytest.mark.parametrize("kernel", [rnn, lstm, lstm_peephole, slstm], ids=lambda kernel: kernel.__name__)
@pytest.mark.parametrize("jacobian", ["jacobian", "input_jacobian", "jacobian_parts"])
def test_sums_of_scaled_weights_take_no_memory_beside_the_result(kernel, jacobian):
    assert peak_over_result(kernel, jacobian) <= 0.75


def test_a_product_of_two_weights_takes_some():
    assert peak_over_result(gru, "jacobian") >= 1.0


def test_a_weighted_block_is_the_sum_of_its_products():
    rng = np.random.default_rng(0)
    whole = np.zeros((4, 2, 7, 9))
    block = whole[..., 2:5, 3:7]
    pairs = [(rng.standard_normal((4, 2, 3)), rng.standard_normal((3, 4))), (0.5, rng.standard_normal((3, 4)))]
    support.weighted(block, pairs)
    wanted = sum(np.asarray(scale)[..., None] * matrix for scale, matrix in pairs)
    np.testing.assert_allclose(block, np.broadcast_to(wanted, block.shape), rtol=1e-15, atol=1e-15)
    whole[..., 2:5, 3:7] = 0
    assert not whole.any()
    twice = sum(np.asarray(scale)[..., None] * matrix for scale, matrix in support.scaled(np.full(3, 2.0), pairs))
    np.testing.assert_allclose(twice, 2 * wanted, rtol=1e-15)


def test_a_block_of_a_state_that_scales_another_is_made_of_its_weights():
    """dh/dh = diag(q) dc/dh + ... of an LSTM: no product with the block dc/dh, whose weights are known."""
    text = kernel_source(ls.cell("lstm"))
    function = text[text.index("def jacobian(") : text.index("def input_jacobian(")]
    assert "_scaled(v.o * v.tanh_c_slope, d_c_d_h_prev_pairs)" in function
    assert "[..., :, None] *" not in function
