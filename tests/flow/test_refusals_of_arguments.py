"""Every measure refuses what is given in the place of a run or of a profile, and says what makes one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.flow import theory
from lstm_sym.kernels import lstm

PARAMS = lstm.init(2, 3)
X = np.random.default_rng(0).standard_normal((8, 1, 2))
TAPE = lstm.forward(X, PARAMS)[2]
OTHERS: dict[str, Any] = {
    "a kernel": lstm,
    "a built kernel": ls.build("gru"),
    "a cell": ls.cell("lstm"),
    "parameters": PARAMS,
    "a tape": TAPE,
    "an array": X,
    "a list": [X],
    "nothing": None,
    "text": "lstm",
    "the class": flow.Trajectory,
    "the other class": flow.Profile,
    "the values of gates": flow.gate_values(flow.record(lstm, PARAMS, X)),
}
NEEDED: dict[str, Any] = {
    "lags": 3,
    "first": 1,
    "last": 4,
    "format": "float16",
    "bias": 0.1,
    "lag": 2,
    "cell": ls.cell("lstm"),
    "folder": "nowhere",
    "stem": "figure",
}
MADE_BY = {"trajectory": "flow.record(kernel, params, x)", "profile": "flow.input_sensitivity("}


def measures(argument: str) -> dict[str, Callable[..., Any]]:
    """The public measures whose first argument has this name."""
    public = [(module, name) for module in (flow, theory) for name in module.__all__]
    functions = {name: getattr(module, name) for module, name in public}
    return {
        name: function
        for name, function in functions.items()
        if inspect.isfunction(function) and next(iter(inspect.signature(function).parameters), "") == argument
    }


def call(function: Callable[..., Any], given: Any) -> Any:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return function(given, **{p.name: NEEDED[p.name] for p in parameters if p.default is inspect.Parameter.empty})


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize(
    ("argument", "name"), [(argument, name) for argument in MADE_BY for name in measures(argument)]
)
def test_a_measure_refuses_what_is_no_run_or_profile(argument: str, name: str, what: str) -> None:
    with pytest.raises(flow.FlowError, match=rf"^{argument}: .* where a {argument.capitalize()} belongs") as refused:
        call(measures(argument)[name], OTHERS[what])
    assert MADE_BY[argument] in refused.value.fix


def test_a_run_is_no_profile_and_a_profile_no_run() -> None:
    run = flow.record(lstm, PARAMS, X)
    profile = flow.input_sensitivity(run, lags=3)
    with pytest.raises(flow.FlowError, match="a Trajectory, where a Profile belongs"):
        flow.fit_decay(run)
    with pytest.raises(flow.FlowError, match="a Profile, where a Trajectory belongs"):
        flow.lyapunov(profile)


@pytest.mark.parametrize("what", [what for what in OTHERS if what not in ("an array", "a list")])
def test_a_singular_spectrum_refuses_what_is_neither_a_run_nor_matrices(what: str) -> None:
    with pytest.raises(flow.FlowError, match="belong"):
        flow.singular_spectrum(OTHERS[what])
