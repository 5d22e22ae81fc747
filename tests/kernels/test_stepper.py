"""Steps as they come, with packed parameters: those of step(), in arrays of their own."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.cells import CELLS

import lstm_sym as ls
from lstm_sym.check import random_case


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CELLS)
def test_steps_one_after_the_other_are_those_of_step_and_of_forward(name, dtype):
    cell = CELLS[name]
    kernel, case = ls.build(cell, target="numpy"), random_case(cell, steps=5, batch=3)
    params, start = (
        record(*(np.asarray(values[field], dtype) for field in record._fields))
        for record, values in ((kernel.Params, case.params), (kernel.State, case.state))
    )
    x = case.x.astype(dtype)
    advance = kernel.stepper(params, batch=3)
    state, expected, found = start, start, []
    exact = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-13}
    for x_t in x:
        y_t, state = advance(x_t, state)
        y, expected = kernel.step(x_t, expected, params)
        found.append(y_t)
        for one, other in zip((y, *expected), (y_t, *state), strict=True):
            assert other.dtype == dtype
            np.testing.assert_allclose(other, one, **exact)
    np.testing.assert_allclose(np.stack(found), kernel.forward(x, params, start)[0], **exact)
    # No later step has changed what an earlier one gave.
    state = start
    for x_t, y_t in zip(x, found, strict=True):
        again, state = kernel.stepper(params, batch=3)(x_t, state)
        assert np.array_equal(again, y_t)


def test_parameters_are_looked_at_before_the_first_step():
    kernel = ls.build("lstm", target="numpy")
    params = kernel.init(3, 4)
    with pytest.raises(ValueError, match=r"params\.U_f has shape \(2, 2\)"):
        kernel.stepper(params._replace(U_f=np.ones((2, 2))))
    with pytest.raises(TypeError, match="params is None"):
        kernel.stepper(None)
