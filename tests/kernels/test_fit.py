"""What is given beside a tape fits it, or is refused in words: parameters of other sizes or dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels.cells import BUILT_IN, OWN, arrays_of
from representatives import each

import lstm_sym as ls
from lstm_sym.check import Case, random_case
from lstm_sym.equations.sizes import number_of, parts_of
from lstm_sym.kernels import lstm

CELLS = {name: cell for name, cell in (BUILT_IN | OWN).items() if any(cell.shapes[p] for p in cell.parameters)}
JACOBIANS = ("jacobian", "input_jacobian", "parameter_jacobian", "jacobian_parts")
FORMS = pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])


def calls(kernel: Any, case: Case, precise: bool) -> dict[str, Any]:
    """Every call that reads a tape, as a function of the parameters."""
    tape = kernel.forward(case.x, kernel.Params(**case.params), kernel.State(**case.state), precise=precise)[2]
    found = {name: lambda params, name=name: getattr(kernel, name)(tape, params) for name in JACOBIANS}
    found["backward"] = lambda params: kernel.backward(case.dy, tape, params)
    return found | ({"log_terms": lambda params: kernel.log_terms(tape, params)} if precise else {})


@FORMS
@pytest.mark.parametrize("name", each(CELLS))
def test_parameters_of_another_size_than_the_tape_are_refused(name: str, precise: bool) -> None:
    cell = CELLS[name]
    kernel, case = ls.build(cell), random_case(cell)
    for size in {part for p in cell.parameters for axis in cell.shapes[p] for part in parts_of(axis)}:
        sizes = {**case.sizes, size: case.sizes[size] + 1}
        shapes = {p: [number_of(axis, sizes) for axis in cell.shapes[p]] for p in cell.parameters}
        params = kernel.Params(**{p: np.zeros(shape) for p, shape in shapes.items()})
        for call in calls(kernel, case, precise).values():
            with pytest.raises(ValueError, match=r"^params do not fit the tape: tape\.\w+ has \d+ columns, .* give"):
                call(params)


@FORMS
def test_mixed_dtypes_of_tape_and_parameters_get_their_common_one(precise: bool) -> None:
    case = random_case(ls.cell("lstm"))
    params = lstm.Params(**case.params)
    mixed = lstm.Params(*(value.astype(complex) for value in params))
    for call in calls(lstm, case, precise).values():
        for one, other in zip(flat(call(params)), flat(call(mixed)), strict=True):
            assert np.allclose(one, other, rtol=1e-14, atol=1e-14)


def flat(result: Any) -> list[np.ndarray]:
    return [*result.values()] if isinstance(result, dict) else arrays_of(result)
