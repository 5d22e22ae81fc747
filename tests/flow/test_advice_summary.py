"""The advice in sentences and rows."""

import json
import math
from functools import cache, partial

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.flow import FlowError, Profile, advice_text
from lstm_sym.flow.advice.formats import FORMATS
from lstm_sym.flow.advice.summary import SENTENCES
from lstm_sym.flow.memory import decay
from lstm_sym.flow.theory.chrono import time_scale


def profile(name: str, curve: np.ndarray) -> Profile:
    return Profile(name, curve[None], np.zeros((1, 2), int), np.array([-1]), "h", "x", "frobenius")


advise = partial(flow.advise, resamples=100)  # sentences say an interval, however well it is known
LAGS = np.arange(61.0)
HALVES = profile("LSTM", LAGS * np.log(0.5))
GATES = {"LSTM": time_scale(ls.cell("lstm"))}


@cache
def told(curve: tuple[float, ...]) -> str:
    return advice_text(advise([profile("m", np.array(curve))])[0])


def test_the_sentences_hold_the_numbers():
    lines = advice_text(advise([HALVES], gates=GATES, biases=[0.1], time_scale=101)[0]).splitlines()
    assert lines[0] == "LSTM"
    assert lines[1].strip() == "To lose at most about 0.1 of the gradient, propagate back 3 lags."
    assert "In float16" in lines[2] and "at lag 15, and from about lag 25 on it vanishes" in lines[2]
    assert [name in line for name, line in zip(FORMATS, lines[2:6], strict=True)] == [True] * 4
    assert "2^15" in lines[6] and "lag 30" in lines[6]
    assert f"b_f = {math.log(100):.3g}" in lines[7]


def test_a_cell_without_a_forget_gate_gets_no_bias():
    gated, plain = advise([HALVES, profile("RNN", HALVES.log_norms[0])], gates=GATES, time_scale=10)
    assert gated.gate.value == pytest.approx(math.log(9))
    assert gated.gate.name == "b_f"
    assert plain.gate.value is None
    assert advice_text(plain).endswith("No bias sets a time scale of 10 steps: no gate of one bias keeps the state.")
    assert plain.rows()[-1] == {"advice": "gate bias", "model": "RNN", "time_scale": 10, "name": None, "value": None}
    assert advise([HALVES], gates=GATES)[0].gate is None


def test_a_time_scale_beyond_the_reach_of_the_gate_gets_no_value():
    """0.9 z keeps a state for 10 steps at most; the study goes on, and says so."""
    read = "z[t] = sigmoid(W_z @ x[t] + b_z)\nh[t] = 0.9 * z[t] * h[t-1] + (1 - z[t]) * tanh(W @ x[t])"
    gates = {"own": time_scale(ls.parse(read))}
    [found] = advise([profile("own", HALVES.log_norms[0])], gates=gates, time_scale=30)
    assert (found.gate.name, found.gate.value) == ("b_z", None)
    assert advice_text(found).endswith("No b_z sets a time scale of 30 steps: it is beyond the reach of the gate.")
    [found] = advise([profile("own", HALVES.log_norms[0])], gates=gates, time_scale=5)
    assert found.gate.value == pytest.approx(math.log(8))


def test_the_bias_of_a_gate_that_forgets_has_the_other_sign():
    found = advise([profile("MGU", HALVES.log_norms[0])], gates={"MGU": time_scale(ls.cell("mgu"))}, time_scale=10)[0]
    assert found.gate.value == pytest.approx(-math.log(9))


def test_a_gate_of_no_model_is_refused():
    with pytest.raises(FlowError, match="no model 'LSTM'"):
        advise([profile("RNN", HALVES.log_norms[0])], gates=GATES, time_scale=10)


@pytest.mark.parametrize(
    ("curve", "sentence"),
    [
        (np.zeros(61), "truncation_unknown"),
        (np.zeros(61), "precision_unknown"),
        (0.5 * LAGS, "unbounded"),
        (0.5 * LAGS, "overflows"),
        (0.5 * LAGS, "lives"),
        (-0.001 * LAGS, "extrapolated"),
        (-0.001 * LAGS, "foretold"),
        (-0.05 * LAGS, "modelled"),
        (-0.9 * np.log1p(LAGS / 5), "unbounded"),
        (-1.02 * np.log1p(LAGS / 5), "too_long"),
    ],
)
def test_what_cannot_be_told_is_said_in_words(curve, sentence):
    text = told(tuple(curve))
    assert SENTENCES[sentence].split("{")[0].strip() in text
    assert "nan" not in text and "None" not in text


def test_advice_within_the_lags_measured_speaks_of_no_model():
    lines = advice_text(advise([HALVES], formats=["float16"])[0]).splitlines()
    assert not any("model" in line for line in lines)
    diverging = advice_text(advise([profile("m", -0.9 * np.log1p(LAGS / 5))])[0]).splitlines()[1:3]
    assert all("diverges" in line and "propagate" not in line for line in diverging)


def test_the_sentences_can_be_in_any_language():
    text = advice_text(advise([HALVES])[0], labels={"truncation": "截斷 {length}{interval}"})
    assert "截斷 3" in text
    with pytest.raises(FlowError, match="'truncate'"):
        advice_text(advise([HALVES])[0], labels={"truncate": ""})


def test_rows_are_valid_json():
    rows = advise([HALVES], gates=GATES, time_scale=10)[0].rows()
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert [row["advice"] for row in rows] == ["truncation"] * 2 + ["precision"] * 5 + ["gate bias"]
    assert rows[2]["overflow"] == "inf"


def test_all_advice_on_a_profile_rests_on_one_fit_of_its_curve(monkeypatch):
    asked, fitted = [], decay.fitted
    monkeypatch.setattr(decay, "fitted", lambda *given: asked.append(given) or fitted(*given))
    advise([profile("m", -0.0512 * LAGS)])
    assert len(asked) == 1


def test_no_profile_is_refused():
    with pytest.raises(FlowError, match="no profile"):
        advise([])
