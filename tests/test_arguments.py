"""What is given in the wrong form works, or is refused in words that name the argument and what to give instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow, through_time
from lstm_sym.check import check_cell
from lstm_sym.kernels import henon, lstm, rnn

T, B, D, H = 4, 2, 4, 3
X = np.random.default_rng(0).standard_normal((T, B, D))
PARAMS = lstm.init(D, H)
Y, STATE, TAPE = lstm.forward(X, PARAMS)
PRECISE = lstm.forward(X, PARAMS, precise=True)[2]
DY = np.ones_like(Y)
TAPES = through_time.forward(lstm, X, PARAMS)[2]
DEFAULT: dict[str, Any] = {
    "kernel": lstm,
    "params": PARAMS,
    "x": X,
    "state": STATE,
    "dy": DY,
    "t": [0, 2],
    "feedback": np.ones((D, H)),
}
ALONE = henon.State(np.full((B, 1), 0.1), np.full((B, 1), 0.1))

CALLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "forward": ("x params state", lambda g: lstm.forward(g["x"], g["params"], g["state"])),
    "forward, precise": ("x params state", lambda g: lstm.forward(g["x"], g["params"], g["state"], precise=True)),
    "backward": ("dy params state", lambda g: lstm.backward(g["dy"], TAPE, g["params"], g["state"])),
    "jvp": ("x params state", lambda g: lstm.jvp(g["x"], g["params"], g["state"])),
    "jvp, tangents": (
        "x params state",
        lambda g: lstm.jvp(X, PARAMS, x_dot=g["x"], params_dot=g["params"], state_dot=g["state"]),
    ),
    "hvp": ("x params state dy", lambda g: lstm.hvp(g["x"], g["params"], g["state"], dy=g["dy"])),
    "jacobian": ("params t", lambda g: lstm.jacobian(TAPE, g["params"], g["t"])),
    "input_jacobian": ("params t", lambda g: lstm.input_jacobian(TAPE, g["params"], g["t"])),
    "parameter_jacobian": ("params t", lambda g: lstm.parameter_jacobian(TAPE, g["params"], g["t"])),
    "jacobian_parts": ("params t", lambda g: lstm.jacobian_parts(TAPE, g["params"], g["t"])),
    "log_terms": ("params t", lambda g: lstm.log_terms(PRECISE, g["params"], g["t"])),
    "through_time.forward": (
        "kernel x params state",
        lambda g: through_time.forward(g["kernel"], g["x"], g["params"], g["state"]),
    ),
    "through_time.backward": (
        "dy params state",
        lambda g: through_time.backward(g["dy"], TAPES, g["params"], g["state"]),
    ),
    "through_time.truncated": (
        "kernel x params state dy",
        lambda g: through_time.truncated(g["kernel"], g["x"], g["params"], g["state"], dy=g["dy"], window=3),
    ),
    "through_time.rtrl": (
        "kernel x params state dy",
        lambda g: through_time.rtrl(g["kernel"], g["x"], g["params"], g["state"], dy=g["dy"]),
    ),
    "through_time.RTRL": (
        "kernel params state",
        lambda g: through_time.RTRL(g["kernel"], g["params"], g["state"]).step(X[0]),
    ),
    "through_time.hessian": (
        "kernel x params state dy",
        lambda g: through_time.hessian(g["kernel"], g["x"], g["params"], g["state"], dy=g["dy"]),
    ),
    "bidirectional.forward": (
        "kernel x params state",
        lambda g: through_time.bidirectional.forward(g["kernel"], g["x"], (g["params"], PARAMS), (STATE, g["state"])),
    ),
    "flow.record": (
        "kernel x params state",
        lambda g: flow.record(g["kernel"], g["params"], g["x"], state=g["state"]),
    ),
    "flow.closed_loop": (
        "kernel params state feedback",
        lambda g: flow.closed_loop(g["kernel"], g["params"], g["feedback"], g["state"], 5),
    ),
    "flow.unfold": (
        "kernel params x",
        lambda g: flow.unfold(g["kernel"], g["params"], g["x"][:, :1] if g["x"] is X else g["x"], hidden="c"),
    ),
    "flow.truncation_error": (
        "kernel params x state dy",
        lambda g: flow.truncation_error(g["kernel"], g["params"], g["x"], state=g["state"], dy=g["dy"], windows=[2, 3]),
    ),
    "flow.run": (
        "kernel params x",
        lambda g: flow.run([flow.Model("m", g["kernel"], g["params"])], g["x"], hidden=H, lags=2, ends=2),
    ),
    "flow.recorded": ("kernel x", lambda g: flow.recorded(flow.Model("m", g["kernel"]), g["x"], hidden=H)),
    "check_cell": ("kernel", lambda g: check_cell(ls.cell("lstm"), quick=True, kernel=g["kernel"])),
    "a cell without input": ("state", lambda g: henon.forward(None, henon.Params(), g["state"], steps=3)),
}

ARRAYS: dict[str, Callable[[Any], Any]] = {
    "nested lists": lambda a: a.tolist(),
    "text": lambda a: "abc",
    "an array of text": lambda a: a.astype(str),
    "None in an array": lambda a: np.where(a > 0, a, None),
    "a dict": lambda a: {"x": a},
    "a number": lambda a: 3,
    "rows of different lengths": lambda a: [[1.0], [1.0, 2.0]],
    "a masked array": lambda a: np.ma.masked_array(a, a > 0),
    "the axes turned": lambda a: a.T,
    "an axis less": lambda a: a[0],
    "another size": lambda a: a[..., :2],
    "whole numbers": lambda a: a.astype(int),
}
NAMED: dict[str, Callable[[Any], Any]] = {
    "a dict": lambda v: v._asdict(),
    "a tuple": tuple,
    "a list": list,
    "a longer tuple": lambda v: (*v, *v),
    "a dict of another cell": lambda v: {"V": v[0]},
    "its class": type,
    "text": lambda v: "lstm",
    "a number": lambda v: 3,
    "a cell": lambda v: ls.cell("lstm"),
    "that of another cell": lambda v: rnn.init(D, H) if v is PARAMS else rnn.State(STATE.h),
    "that of another size": lambda v: lstm.init(D + 1, H + 1) if v is PARAMS else type(v)(*(a[:, :-1] for a in v)),
    "that of another input": lambda v: lstm.init(D + 1, H) if v is PARAMS else v,
    "complex numbers": lambda v: type(v)(*(a + 0j for a in v)),
    "lists in it": lambda v: type(v)(*(a.tolist() for a in v)),
    **{f"{what} in it": lambda v, make=make: v._replace(**{v._fields[0]: make(v[0])}) for what, make in ARRAYS.items()},
}
KERNELS: dict[str, Callable[[Any], Any]] = {
    "its name": lambda k: "lstm",
    "its cell": lambda k: ls.cell("lstm"),
    "its derivation": lambda k: ls.derive("lstm"),
    "its text": lambda k: ls.generate("lstm"),
    "nothing": lambda k: None,
    "its parameters": lambda k: k.Params,
    "the package": lambda k: ls,
    "a module of something else": lambda k: np,
}
STEPS: dict[str, Callable[[Any], Any]] = {
    "the step after the last": lambda t: T,
    "a step before the first": lambda t: [0, -T - 1],
    "a fraction": lambda t: 0.5,
    "fractions": lambda t: np.array([0.0, 1.5]),
    "a slice of fractions": lambda t: slice(0.5, 2.5),
    "a slice without a step": lambda t: slice(0, 3, 0),
    "text": lambda t: "last",
    "nothing": lambda t: None,
    "a dict": lambda t: {"t": 0},
    "an ellipsis": lambda t: ...,
    "rows of different lengths": lambda t: [[0], [1, 2]],
    "a mask of other steps": lambda t: [True, False],
    "a masked array": lambda t: np.ma.masked_array([0, 2], [True, False]),
}
WRONG = {
    "kernel": KERNELS,
    "t": STEPS,
    "params": {**NAMED, "nothing": lambda v: None},
    "state": NAMED,
    **{name: {**ARRAYS, "nothing": lambda a: [None]} for name in ("x", "dy", "feedback")},
}
TABLE = [
    pytest.param(call, argument, make, id=f"{call}: {argument}: {what}")
    for call, (arguments, _) in CALLS.items()
    for argument in arguments.split()
    for what, make in WRONG[argument].items()
    if (call, what) != ("flow.run", "nothing")  # parameters are drawn then
]
RAW = ("matmul", "ufunc", "operand", "object has no", "object is not", "not callable", "subscriptable", "unexpected")
FIXES = ("give ", "make ", "fill ", "must be ", "expected ", "convert ", "write ", "fix: ")


@pytest.mark.parametrize("call", CALLS)
def test_what_is_right_works(call: str) -> None:
    CALLS[call][1]({**DEFAULT, "state": ALONE} if call == "a cell without input" else DEFAULT)


@pytest.mark.parametrize(("call", "argument", "make"), TABLE)
def test_what_is_wrong_works_or_is_refused_in_words(call: str, argument: str, make: Callable[[Any], Any]) -> None:
    state = ALONE if call == "a cell without input" else STATE
    given = {**DEFAULT, "state": state}
    given[argument] = make(given[argument])
    try:
        CALLS[call][1](given)
    except (TypeError, ValueError, IndexError) as error:
        text = str(error)
        assert argument in text or "shape" in text or "size" in text, text
        # Of two arguments that do not fit each other either may be named.
        assert any(name in text for name in DEFAULT) and any(fix in text for fix in FIXES), text
        assert not any(raw in text for raw in RAW), text


@pytest.mark.parametrize("call", [call for call, (arguments, _) in CALLS.items() if "t" in arguments.split()])
@pytest.mark.parametrize("what", STEPS)
def test_steps_that_the_tape_does_not_hold_are_refused(call: str, what: str) -> None:
    with pytest.raises((TypeError, ValueError, IndexError), match=r"^t (is|has) .*(give|fill) "):
        CALLS[call][1]({**DEFAULT, "t": STEPS[what](None)})
