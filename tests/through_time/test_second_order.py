"""The Hessian: symmetric, and the derivative of the gradient by a complex step, for every cell."""

from __future__ import annotations

import numpy as np
import pytest
from representatives import each
from through_time.batches import CELLS, batch, named

from lstm_sym import through_time
from lstm_sym.check.result import relative_error
from lstm_sym.kernels import lstm
from lstm_sym.through_time import SequenceError

STEP = 1e-30


def hessian_by_complex_steps(kernel, case):
    params, state, dstate = named(kernel, case)
    columns = []
    for k, value in enumerate(params):
        for index in np.ndindex(np.shape(value)):
            moved = [np.array(v, complex) for v in params]
            moved[k][index] += 1j * STEP
            shifted = kernel.Params(*moved)
            tape = kernel.forward(case.x.astype(complex), shifted, state, precise=True)[2]
            grads = kernel.backward(case.dy, tape, shifted, dstate)
            columns.append(np.concatenate([np.imag(g).ravel() / STEP for g in grads.params]))
    return np.array(columns).T


@pytest.mark.parametrize("name", each({name: cell for name, cell in CELLS.items() if cell.parameters}))
def test_it_is_symmetric_and_the_derivative_of_the_gradient(name):
    kernel, case = batch(name, steps=3, lengths=(3, 3), hidden=2)
    params, state, dstate = named(kernel, case)
    found = through_time.hessian(kernel, case.x, params, state, dy=case.dy, dstate=dstate)
    size = np.abs(found.matrix).max()
    assert np.abs(found.matrix - found.matrix.T).max() <= 1e-12 * size
    assert relative_error(found.matrix, hessian_by_complex_steps(kernel, case)) <= 1e-11
    assert [found.columns[name].stop - found.columns[name].start for name in params._fields] == [v.size for v in params]


def test_a_wrong_product_is_noticed():
    kernel, case = batch("lstm", steps=3, lengths=(3,), hidden=2)
    params, state, dstate = named(kernel, case)

    class Wrong:
        forward = staticmethod(kernel.forward)

        @staticmethod
        def hvp(*arguments, **options):
            grads, product = kernel.hvp(*arguments, **options)
            return grads, product._replace(params=product.params._replace(U_f=2 * product.params.U_f))

    matrix = through_time.hessian(Wrong, case.x, params, state, dy=case.dy, dstate=dstate).matrix
    assert np.abs(matrix - matrix.T).max() > 1e-6 * np.abs(matrix).max()


def test_a_matrix_beyond_the_memory_allowed_is_refused_before_it_is_made():
    params, x, dy = lstm.init(3, 4), np.ones((2, 1, 3)), np.ones((2, 1, 4))
    with pytest.raises(SequenceError, match="memory="):
        through_time.hessian(lstm, x, params, dy=dy, memory=1000)


def test_progress_counts_every_column():
    told = []
    params, x, dy = lstm.init(1, 1), np.ones((2, 1, 1)), np.ones((2, 1, 1))
    through_time.hessian(lstm, x, params, dy=dy, progress=lambda *counts: told.append(counts))
    assert told == [(k, 12) for k in range(1, 13)]
