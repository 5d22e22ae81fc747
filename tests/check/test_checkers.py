"""Every checker passes the right kernel, and fails each kernel that it is meant to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from check.broken import EDITS, noise, patched, step_by_step, transposed, with_gradient, with_result, without
from kernels.cells import CATALOGUE, CELLS, OPTIONS, OWN
from representatives import representatives

import lstm_sym as ls
from lstm_sym.check import CHECKS, Case, CheckResult, by_autograd, check_cell, random_case
from lstm_sym.check.by_autograd import check_autograd
from lstm_sym.check.complex_step import check_complex_step
from lstm_sym.check.dot import check_dot
from lstm_sym.check.explicit import check_explicit
from lstm_sym.check.streaming import check_step
from lstm_sym.check.suite import QUICK
from lstm_sym.check.taylor import check_taylor

Checker = Callable[[str, Any], CheckResult]
CORE = {name: CATALOGUE[name] for name in ("gru", "lstm", "lstm_peephole", "rnn", "slstm", "sru")}

CHECKERS: dict[str, Checker] = {
    "autograd": lambda name, kernel: check_autograd(CELLS[name], kernel, random_case(CELLS[name])),
    "dot test": lambda name, kernel: check_dot(kernel, random_case(CELLS[name])),
    "Taylor": lambda name, kernel: check_taylor(kernel, random_case(CELLS[name])),
    "complex step": lambda name, kernel: check_complex_step(
        CELLS[name], kernel, random_case(CELLS[name], steps=201, batch=1, seed=5)
    ),
    "explicit Jacobian": lambda name, kernel: check_explicit(
        CELLS[name], kernel, random_case(CELLS[name], steps=1, batch=1, hidden=2)
    ),
    "step": lambda name, kernel: check_step(kernel, random_case(CELLS[name])),
}
SLOW = ("autograd, many steps", "saturation")
ALL = CATALOGUE | CELLS
SAMPLE = representatives(ALL)
# Their loops differ most: a state that starts elsewhere and reads three others, and no product within the loop.
LOOPS = {"slstm", "sru"}
OF_THE_GRADIENT = ("autograd", "dot test", "Taylor")
# Cells with a square recurrent matrix, and the one that tests transpose.
RECURRENT = {
    name: square[-1]
    for name, cell in CORE.items()
    if (square := [p for p in cell.parameters if p.startswith("U") and cell.shapes[p] == ("H", "H")])
}
# Cells made so that gradients do not vanish; 200 steps back they are far from zero.
LASTING = {"antisymmetric_rnn", "indrnn", "janet", "leaky_rnn", "lstm_no_forget_gate"}
# Cells in which no unit reads another: their state Jacobian is diagonal, and its own transpose.
DIAGONAL = {"indrnn", "min_gru", "min_lstm", "qrnn", "sru"}


RIGHT: dict[Any, Any] = {}
"""Gradients of equations, by the cell and all that they were computed of."""


@pytest.fixture(autouse=True)
def autograd_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right gradients, which broken kernels are compared with one after the other, are computed once."""
    right = by_autograd.equation_gradients

    def gradients(cell: ls.Cell, case: Case) -> Any:
        arrays = case.x, case.dy, *(part for named in (case.params, case.state, case.dstate) for part in named.values())
        key = cell.content_hash, *((array.shape, array.tobytes()) for array in arrays)
        if key not in RIGHT:
            RIGHT[key] = right(cell, case)
        return RIGHT[key]

    monkeypatch.setattr(by_autograd, "equation_gradients", gradients)


def gradients(name: str) -> list[str]:
    return ["x", *CORE[name].parameters, *(f"{state}[0]" for state in CORE[name].states)]


@pytest.mark.long
@pytest.mark.parametrize("check", SLOW)
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_cell_passes_the_slow_checks(name: str, check: str) -> None:
    assert CHECKS[check](CATALOGUE[name], ls.build(CATALOGUE[name])).passed


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(ALL.keys() - OPTIONS.keys()))
def test_every_cell_passes_all_other_checks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for check in SLOW:
        monkeypatch.delitem(CHECKS, check)
    assert [result for result in check_cell(ALL[name]) if not result.passed] == []


@pytest.mark.parametrize("name", ALL)
def test_every_check_of_every_cell_passes_and_tells_how_far_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick ones of all; the others of a few that have what any has, the one over many steps of two loops."""
    for check, cells in zip(SLOW, (LOOPS, SAMPLE), strict=True):
        if name not in cells:
            monkeypatch.delitem(CHECKS, check)
    calls: list[tuple[int, int]] = []
    quick = name not in SAMPLE.keys() | OWN.keys()
    results = check_cell(ALL[name], quick=quick, progress=lambda done, total: calls.append((done, total)))
    assert [result for result in results if not result.passed] == []
    assert calls == [(done, len(results)) for done in range(len(results) + 1)]
    assert [result.name for result in results] == [key for key in CHECKS if not quick or key in QUICK]
    assert all(result.what for result in results)


def test_quick_checks_are_some_of_the_checks() -> None:
    assert set(QUICK) < set(CHECKS)


def test_a_check_run_twice_agrees_with_itself() -> None:
    assert check_cell(CELLS["rnn"]) == check_cell(CELLS["rnn"])


def test_the_suite_fails_a_broken_kernel_that_is_handed_in() -> None:
    broken = with_gradient(ls.build(CELLS["rnn"]), "U", EDITS["doubled"])
    failed = {result.name for result in check_cell(CELLS["rnn"], kernel=broken) if not result.passed}
    autograd = {name for name in CHECKS if name.startswith("autograd")}
    assert failed == autograd | {"saturation", "dot test", "Taylor", "second order"}


@pytest.mark.parametrize(("checker", "name"), list(product(CHECKERS, CORE)))
def test_the_right_kernel_passes(checker: str, name: str) -> None:
    assert CHECKERS[checker](name, ls.build(CORE[name])).passed


@pytest.mark.parametrize(("checker", "name"), list(product(OF_THE_GRADIENT, CORE)))
def test_a_right_backward_pass_written_as_a_loop_passes(checker: str, name: str) -> None:
    """The control of the kernels below that are broken inside that loop."""
    assert CHECKERS[checker](name, step_by_step(ls.build(CORE[name]))).passed


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("checker", OF_THE_GRADIENT)
@pytest.mark.parametrize("name", CORE)
def test_one_wrong_gradient_is_noticed(name: str, checker: str, edit: str) -> None:
    """Each of them: a zeroed dL/dU_f is the weight gradient with one gate left out."""
    for gradient in gradients(name):
        broken = with_gradient(ls.build(CORE[name]), gradient, EDITS[edit])
        with np.errstate(invalid="ignore"):
            assert not CHECKERS[checker](name, broken).passed, gradient


@pytest.mark.parametrize("checker", OF_THE_GRADIENT)
@pytest.mark.parametrize(("name", "state"), [(name, state) for name, cell in CORE.items() for state in cell.states])
def test_a_carried_adjoint_left_out_is_noticed(checker: str, name: str, state: str) -> None:
    assert not CHECKERS[checker](name, step_by_step(ls.build(CORE[name]), carried=without(state))).passed


@pytest.mark.parametrize("checker", OF_THE_GRADIENT)
@pytest.mark.parametrize("name", RECURRENT)
def test_a_transposed_weight_is_noticed(checker: str, name: str) -> None:
    broken = step_by_step(ls.build(CORE[name]), weights=transposed(RECURRENT[name]))
    assert not CHECKERS[checker](name, broken).passed


@pytest.mark.parametrize("checker", OF_THE_GRADIENT)
@pytest.mark.parametrize("name", CORE)
def test_a_lost_cotangent_is_noticed(checker: str, name: str) -> None:
    assert not CHECKERS[checker](name, step_by_step(ls.build(CORE[name]), last_is_sent=False)).passed


@pytest.mark.parametrize("checker", ["autograd", "dot test"])
@pytest.mark.parametrize("name", CORE)
def test_noise_in_the_ninth_digit_of_one_gradient_is_noticed(checker: str, name: str) -> None:
    for gradient in gradients(name):
        assert not CHECKERS[checker](name, with_gradient(ls.build(CORE[name]), gradient, noise)).passed, gradient


@pytest.mark.parametrize("name", CORE)
def test_what_the_complex_step_must_see_200_steps_back(name: str) -> None:
    kernel, check = ls.build(CORE[name]), partial(CHECKERS["complex step"], name)
    for edit in (*EDITS.values(), noise, lambda dx: dx[..., ::-1]):
        assert not check(with_gradient(kernel, "x", edit)).passed
    for state in CORE[name].states:
        assert not check(step_by_step(kernel, carried=without(state))).passed
    if name in RECURRENT:
        assert not check(step_by_step(kernel, weights=transposed(RECURRENT[name]))).passed


@pytest.mark.parametrize("name", sorted(set(CORE) - LASTING))
def test_a_gradient_that_an_absolute_check_takes_for_zero_is_held_to_twelve_digits(name: str) -> None:
    """200 steps back |dL/dx| is below 1e-30, for the plain network below 1e-66: every usual tolerance accepts zero."""
    case = random_case(CORE[name], steps=201, batch=1, seed=5)
    kernel = ls.build(CORE[name])
    params, dy = kernel.Params(**case.params), np.zeros_like(case.dy)
    dy[-1] = case.dy[-1]
    _, _, tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=True)
    first = kernel.backward(dy, tape, params).x[0]
    assert 0 < np.abs(first).max() < (1e-66 if name == "rnn" else 1e-30)
    assert np.allclose(first, 0) and np.allclose(first, 2 * first, rtol=0, atol=1e-30)
    check = partial(check_complex_step, CORE[name])
    assert check(kernel, case).error <= 1e-12
    assert check(with_gradient(kernel, "x", EDITS["zeroed"]), case).error == 1
    assert check(with_gradient(kernel, "x", EDITS["doubled"]), case).error == pytest.approx(1)


def test_a_cell_without_an_input_has_no_gradient_of_one_and_says_so() -> None:
    cell = ls.parse("h[t] = tanh(U @ h[t-1] + b)")
    result = check_complex_step(cell, ls.build(cell), random_case(cell))
    assert not result.ran and result.passed and "no input" in result.what


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", CORE)
def test_a_wrong_tangent_is_noticed(name: str, edit: str) -> None:
    def jvp(*arguments: Any, **options: Any) -> Any:
        y, y_dot, last, last_dot = ls.build(CORE[name]).jvp(*arguments, **options)
        return y, EDITS[edit](y_dot), last, type(last_dot)(*map(EDITS[edit], last_dot))

    with np.errstate(invalid="ignore"):
        assert not check_dot(patched(ls.build(CORE[name]), jvp=jvp), random_case(CORE[name])).passed


@pytest.mark.parametrize("edit", [*EDITS, "noise"])
@pytest.mark.parametrize("name", CORE)
def test_a_wrong_tangent_of_the_output_alone_is_noticed(name: str, edit: str) -> None:
    broken = with_result(ls.build(CORE[name]), "jvp", {**EDITS, "noise": noise}[edit], 1)
    with np.errstate(invalid="ignore"):
        assert not check_dot(broken, random_case(CORE[name])).passed


@pytest.mark.parametrize("function", ["jacobian", "input_jacobian"])
@pytest.mark.parametrize("edit", [*EDITS, "noise", "transposed", "columns turned", "one entry"])
@pytest.mark.parametrize("name", CORE)
def test_a_wrong_jacobian_is_noticed(name: str, edit: str, function: str) -> None:
    def one_entry(value: np.ndarray) -> np.ndarray:
        value = value.copy()
        value.flat[np.abs(value).argmax()] *= 1 + 1e-9
        return value

    def rows_and_columns(value: np.ndarray) -> np.ndarray:
        return value.swapaxes(1, 2).reshape(value.shape)

    edits = {**EDITS, "noise": noise, "transposed": rows_and_columns, "one entry": one_entry}
    edits["columns turned"] = lambda value: value[..., ::-1]
    broken = with_result(ls.build(CORE[name]), function, edits[edit])
    is_wrong = not (name in DIAGONAL and edit == "transposed" and function == "jacobian")
    assert CHECKERS["explicit Jacobian"](name, broken).passed is not is_wrong


@pytest.mark.parametrize(("name", "blocks"), [("lstm", 4), ("lstm_peephole", 4)])
def test_a_jacobian_without_one_of_its_blocks_is_noticed(name: str, blocks: int) -> None:
    """dh/dh alone, the block that most derivations stop at, is not the state Jacobian."""
    for block in range(blocks):

        def dropped(value: np.ndarray, row: int = block // 2, column: int = block % 2) -> np.ndarray:
            value, half = value.copy(), value.shape[-1] // 2
            value[..., row * half : (row + 1) * half, column * half : (column + 1) * half] = 0
            return value

        broken = with_result(ls.build(CORE[name]), "jacobian", dropped)
        assert not CHECKERS["explicit Jacobian"](name, broken).passed


@pytest.mark.parametrize("name", CORE)
def test_a_wrong_step_is_noticed(name: str) -> None:
    kernel, state_of = ls.build(CORE[name]), CORE[name].states[-1]

    def forgets(x_t: Any, state: Any, params: Any) -> Any:
        y_t, after = kernel.step(x_t, state, params)
        return y_t, after._replace(**{state_of: getattr(state, state_of)})

    def biased(x_t: Any, state: Any, params: Any) -> Any:
        return kernel.step(x_t, state, params._replace(**{vector: 0 * getattr(params, vector)}))

    parameters = CORE[name].parameters
    vector = next((key for key in parameters if key.startswith("b")), parameters[0])
    noisy = with_result(kernel, "step", noise, 0)
    for broken in (patched(kernel, step=forgets), patched(kernel, step=biased), noisy):
        assert not CHECKERS["step"](name, broken).passed


def test_a_precise_form_that_is_not_the_same_function_is_noticed() -> None:
    kernel = ls.build(CELLS["lstm"])

    def forward(*arguments: Any, precise: bool = False) -> Any:
        y, last, tape = kernel.forward(*arguments, precise=precise)
        return (noise(y) if precise else y), last, tape

    assert not CHECKERS["step"]("lstm", patched(kernel, forward=forward)).passed


def test_a_kernel_that_starts_elsewhere_than_the_cell_is_noticed() -> None:
    """From a stabiliser of 0 the sLSTM gives the same outputs, and other gradients of its last state."""
    cell = CORE["slstm"]
    other = ls.build(replace(cell, initial={}))
    assert check_autograd(cell, other, random_case(cell)).passed
    result = check_autograd(cell, other, random_case(cell), default=True)
    assert not result.passed and "default state" in result.detail
    assert check_autograd(replace(cell, initial={}), other, random_case(cell), default=True).passed


def test_a_cell_without_a_gradient_where_it_starts_is_told_so_and_passes() -> None:
    for start, said in (({}, True), ({"h": 1.0}, False)):
        cell = ls.parse("h[t] = sqrt(h[t-1]) + exp(W @ x[t])", initial=start)
        case = random_case(cell)
        case = replace(case, state={"h": np.abs(case.state["h"])})
        result = check_autograd(cell, ls.build(cell), case, default=True)
        assert result.passed and ("[initial]" in result.detail) is said


def test_a_cell_whose_size_nothing_tells_is_not_started_by_itself() -> None:
    cell = ls.cell("henon")
    case = random_case(cell)
    assert check_autograd(cell, ls.build(cell), case, default=True) == check_autograd(cell, ls.build(cell), case)
