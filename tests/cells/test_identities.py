"""Cells that are one another at some parameters: values and gradients must agree, whatever the route."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels.cells import AUTONOMOUS, CATALOGUE

import lstm_sym as ls
from lstm_sym.check import random_case, relative_error

Named = dict[str, np.ndarray]
PRECISE = pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])


def case_of(name: str, **sizes: int) -> Any:
    return random_case(CATALOGUE[name], **{"steps": 7, "batch": 3, "inputs": 2, "hidden": 4, **sizes})


def run(name: str, case: Any, params: Named, *, precise: bool) -> tuple[np.ndarray, Named]:
    """The output of a cell, and the gradients of its input, initial state and parameters."""
    kernel = ls.build(CATALOGUE[name])
    state = kernel.State(**{key: case.state.get(key, np.zeros_like(case.state["h"])) for key in kernel.State._fields})
    dstate = kernel.State(**{key: case.dstate.get(key, np.zeros_like(case.dstate["h"])) for key in state._fields})
    y, _, tape = kernel.forward(case.x, kernel.Params(**params), state, precise=precise)
    grads = kernel.backward(case.dy, tape, kernel.Params(**params), dstate)
    states = {f"{key}[0]": value for key, value in grads.state._asdict().items()}
    return y, {"x": grads.x, **states, **grads.params._asdict()}


def assert_equal(left: tuple[np.ndarray, Named], right: tuple[np.ndarray, Named]) -> None:
    """The outputs, and every gradient that the second has."""
    assert relative_error(left[0], right[0]) <= 1e-14
    for key, gradient in right[1].items():
        assert relative_error(left[1][key], gradient) <= 1e-13, key


@PRECISE
def test_coupled_gates_are_those_of_an_lstm_whose_forget_gate_has_the_negative_weights(precise: bool) -> None:
    """1 - sigmoid(a) = sigmoid(-a), so the gradient of W_i is that of W_i less that of W_f."""
    case = case_of("lstm_coupled")
    plain = case.params | {f"{kind}_f": -case.params[f"{kind}_i"] for kind in "WUb"}
    y, grads = run("lstm", case, plain, precise=precise)
    folded = {f"{kind}_i": grads[f"{kind}_i"] - grads.pop(f"{kind}_f") for kind in "WUb"}
    assert_equal(run("lstm_coupled", case, case.params, precise=precise), (y, grads | folded))


@PRECISE
def test_resetting_before_or_after_the_product_is_the_same_for_one_unit(precise: bool) -> None:
    case = case_of("gru", hidden=1)
    after = run("gru_reset_after", case, case.params | {"b_u": np.zeros(1)}, precise=precise)
    assert_equal(after, run("gru", case, case.params, precise=precise))


@PRECISE
@pytest.mark.parametrize("gate", "io")
def test_a_gate_that_is_wide_open_is_no_gate(gate: str, precise: bool) -> None:
    """sigmoid(100) is 1 in double precision, and what passes the slope of it is lost beside it."""
    name = {"i": "lstm_no_input_gate", "o": "lstm_no_output_gate"}[gate]
    case = case_of("lstm_peephole")
    open_gate = {f"{kind}_{gate}": np.zeros_like(case.params[f"{kind}_{gate}"]) for kind in "WUp"}
    y, grads = run("lstm_peephole", case, case.params | open_gate | {f"b_{gate}": np.full(4, 100.0)}, precise=precise)
    kept = {key: value for key, value in case.params.items() if not key.endswith(f"_{gate}")}
    without = run(name, case, kept, precise=precise)
    assert_equal((y, grads), without)


@PRECISE
def test_full_matrices_on_their_diagonal_are_the_peepholes(precise: bool) -> None:
    case = case_of("lstm_peephole")
    vectors = {gate: case.params[f"p_{gate}"] for gate in "ifo"}
    matrices = {f"P_{gate}": np.diag(vector) for gate, vector in vectors.items()}
    kept = {key: value for key, value in case.params.items() if not key.startswith("p_")}
    y, grads = run("lstm_full_peephole", case, kept | matrices, precise=precise)
    diagonals = {f"p_{gate}": np.diag(grads.pop(f"P_{gate}")) for gate in "ifo"}
    assert_equal((y, grads | diagonals), run("lstm_peephole", case, case.params, precise=precise))


@PRECISE
def test_gate_recurrence_of_zero_is_the_peephole_cell(precise: bool) -> None:
    case = case_of("lstm_peephole")
    zero = {f"R_{source}{target}": np.zeros((4, 4)) for source in "ifo" for target in "ifo"}
    full = run("lstm_full_gate_recurrence", case, case.params | zero, precise=precise)
    assert_equal(full, run("lstm_peephole", case, case.params, precise=precise))


@PRECISE
def test_a_projection_that_changes_nothing_is_the_peephole_cell(precise: bool) -> None:
    case = case_of("lstm_peephole")
    projected = run("lstm_projected", case, case.params | {"P": np.eye(4)}, precise=precise)
    assert_equal(projected, run("lstm_peephole", case, case.params, precise=precise))


def test_the_gates_of_min_lstm_are_the_normalised_ones() -> None:
    case, kernel = case_of("min_lstm"), ls.build(CATALOGUE["min_lstm"])
    params = kernel.Params(**case.params)
    y, _, _ = kernel.forward(case.x, params, kernel.State(**case.state))
    forget, write = (
        1 / (1 + np.exp(-(case.x @ weights.T + bias)))
        for weights, bias in ((params.W_f, params.b_f), (params.W_i, params.b_i))
    )
    h, candidate = case.state["h"], case.x @ params.W_n.T + params.b_n
    for t in range(len(y)):
        h = (forget[t] * h + write[t] * candidate[t]) / (forget[t] + write[t])
        assert relative_error(y[t], h) <= 1e-14


@PRECISE
def test_the_constant_error_carousel_carries_an_error_unchanged_for_ten_thousand_steps(precise: bool) -> None:
    """Without recurrent weights dc[T]/dc[0] is the identity, exactly."""
    case, kernel = case_of("lstm_no_forget_gate", steps=10_000, batch=1), ls.build(CATALOGUE["lstm_no_forget_gate"])
    cut = {key: np.zeros_like(value) for key, value in case.params.items() if key.startswith("U")}
    params, error = kernel.Params(**case.params | cut), case.dstate["c"]
    _, _, tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=precise)
    dstate = kernel.State(h=np.zeros_like(error), c=error)
    grads = kernel.backward(np.zeros_like(case.dy), tape, params, dstate)
    assert np.array_equal(grads.state.c, error)


def test_a_chaos_free_network_without_input_comes_to_rest() -> None:
    case, kernel = case_of("cfn", steps=4000), ls.build(CATALOGUE["cfn"])
    y, _, _ = kernel.forward(0 * case.x, kernel.Params(**case.params), kernel.State(**case.state))
    sizes = np.abs(y)
    assert (np.diff(sizes, axis=0) <= 0).all() and sizes[-1].max() < 1e-100


@PRECISE
def test_one_matrix_over_the_stack_is_two_matrices(precise: bool) -> None:
    case = case_of("lstm")
    stacked = {f"W_{gate}": np.hstack((case.params[f"U_{gate}"], case.params[f"W_{gate}"])) for gate in "ifgo"}
    biases = {f"b_{gate}": case.params[f"b_{gate}"] for gate in "ifgo"}
    y, grads = run("lstm_concat", case, stacked | biases, precise=precise)
    split = {f"U_{gate}": grads[f"W_{gate}"][:, :4] for gate in "ifgo"}
    split |= {f"W_{gate}": grads[f"W_{gate}"][:, 4:] for gate in "ifgo"}
    assert_equal((y, grads | split), run("lstm", case, case.params, precise=precise))


@PRECISE
def test_cells_of_a_block_are_an_lstm_whose_gates_are_copies(precise: bool) -> None:
    """What a gate of the block is to learn is what its two copies learn together."""
    case = case_of("lstm_block", hidden=2)
    copied = {key: np.repeat(value, 1 if key.endswith("_g") else 2, axis=0) for key, value in case.params.items()}
    y, grads = run("lstm", case, copied, precise=precise)
    folded = {
        key: value.reshape(2, 2, *value.shape[1:]).sum(axis=1)
        for key, value in grads.items()
        if key[2:] in ("i", "f", "o")
    }
    assert_equal(run("lstm_block", case, case.params, precise=precise), (y, grads | folded))


@PRECISE
def test_a_leaky_network_that_leaks_everything_is_the_plain_one(precise: bool) -> None:
    case, whole = case_of("rnn"), ls.cell("leaky_rnn", alpha=1)
    kernel = ls.build(whole)
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    y, _, tape = kernel.forward(case.x, params, state, precise=precise)
    grads = kernel.backward(case.dy, tape, params, dstate)
    found = {"x": grads.x, "h[0]": grads.state.h, **grads.params._asdict()}
    assert_equal((y, found), run("rnn", case, case.params, precise=precise))


UNSTABILISED = """
g[t] = tanh(W_g @ x[t] + U_g @ h[t-1] + b_g)
o[t] = sigmoid(W_o @ x[t] + U_o @ h[t-1] + b_o)
f[t] = sigmoid(W_f @ x[t] + U_f @ h[t-1] + b_f)
i[t] = exp(W_i @ x[t] + U_i @ h[t-1] + b_i)
c[t] = f[t] * c[t-1] + i[t] * g[t]
n[t] = f[t] * n[t-1] + i[t]
h[t] = o[t] * c[t] / n[t]
"""


@PRECISE
def test_the_stabiliser_cancels_from_every_gradient_from_where_it_starts_by_itself(precise: bool) -> None:
    """From minus infinity, the scale of nothing: the cell without it starts with c = n = 0, as scaled as ever.

    Nothing but log i sets the scale then, and a shift of it by b_i changes no output: that gradient is rounding.
    """
    case, kernel, plain = case_of("slstm"), ls.build(CATALOGUE["slstm"]), ls.build(ls.parse(UNSTABILISED, key="plain"))
    params = kernel.Params(**case.params)
    y, last, tape = kernel.forward(case.x, params, precise=precise)
    found = kernel.backward(case.dy, tape, params)
    plain_params = plain.Params(**case.params)
    expected_y, plain_last, plain_tape = plain.forward(case.x, plain_params, precise=precise)
    expected = plain.backward(case.dy, plain_tape, plain_params)
    right = {"x": expected.x, "h": expected.state.h, **expected.params._asdict()}
    size = np.abs(right.pop("b_i")).max()
    assert max(size, np.abs(found.params.b_i).max()) <= 1e-14 * np.abs(right["b_g"]).max()
    assert_equal((y, {"x": found.x, "h": found.state.h, **found.params._asdict()}), (expected_y, right))
    for name in "cn":
        assert relative_error(getattr(last, name) * np.exp(last.m), getattr(plain_last, name)) <= 1e-14
    assert not any(getattr(found.state, name).any() for name in "mcn"), "nothing is kept of a scale of nothing"


@PRECISE
@pytest.mark.parametrize("start", [-3.0, 0.0, 5.0])
def test_the_stabiliser_cancels_from_every_gradient(start: float, precise: bool) -> None:
    """Against the cell without it; c and n of the stabilised cell are exp(-m) times those of the other."""
    case, kernel, plain = case_of("slstm"), ls.build(CATALOGUE["slstm"]), ls.build(ls.parse(UNSTABILISED, key="plain"))
    c, n, h = case.state["c"], 1 + np.abs(case.state["n"]), case.state["h"]
    scale = np.exp(-start)
    y, _, tape = kernel.forward(
        case.x,
        kernel.Params(**case.params),
        kernel.State(h=h, m=np.full_like(c, start), c=scale * c, n=scale * n),
        precise=precise,
    )
    found = kernel.backward(case.dy, tape, kernel.Params(**case.params))
    params = plain.Params(**case.params)
    expected_y, _, plain_tape = plain.forward(case.x, params, plain.State(h=h, c=c, n=n), precise=precise)
    expected = plain.backward(case.dy, plain_tape, params)
    left = {"x": found.x, "h": found.state.h, "c": scale * found.state.c, "n": scale * found.state.n}
    right = {"x": expected.x, **expected.state._asdict(), **expected.params._asdict()}
    assert_equal((y, left | found.params._asdict()), (expected_y, right))


def exponents(name: str, state: dict[str, float], steps: int) -> np.ndarray:
    """Lyapunov exponents by QR of the products of the kernel's Jacobians, one step after the other."""
    kernel = ls.build(AUTONOMOUS[name])
    start = kernel.State(**{key: np.full((1, 1), value) for key, value in state.items()})
    _, _, tape = kernel.forward(np.zeros((steps, 1, 0)), kernel.Params(), start)
    frame, sums = np.eye(len(state)), np.zeros(len(state))
    for jacobian in kernel.jacobian(tape, kernel.Params())[:, 0]:
        frame, triangle = np.linalg.qr(jacobian @ frame)
        sums += np.log(np.abs(np.diag(triangle)))
    return sums / steps


def test_the_exponents_of_the_henon_map_add_up_to_the_logarithm_of_its_contraction() -> None:
    found = exponents("henon", {"x": 0.1, "y": 0.1}, 5_000)
    assert found.sum() == pytest.approx(np.log(0.3), rel=1e-12)
    assert found[0] == pytest.approx(0.419, abs=0.01)  # Sprott 2003, Chaos and Time-Series Analysis


def test_the_exponent_of_the_logistic_map_is_the_logarithm_of_two() -> None:
    assert exponents("logistic_map", {"h": 0.1234}, 10_000)[0] == pytest.approx(np.log(2), rel=3e-3)
