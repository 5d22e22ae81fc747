"""The table for the terminal."""

import math
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym.flow import FlowError, Profile, table
from lstm_sym.flow.profiles.tables import BARS, power, sparkline


def geometric(name: str, rho: float, lags: int = 60) -> Profile:
    curve = np.arange(lags + 1) * np.log(rho)
    return Profile(name, curve[None], np.zeros((1, 2), int), np.array([-1]), "h", "x", "frobenius")


def cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_a_row_says_half_life_lags_and_sensitivities():
    head, row, caption = table([geometric("LSTM", 0.5)]).splitlines()
    assert " ".join(head.split()) == "model half-life lag50 lag90 lag 1 lag 2 lag 5 lag 10 lag 20 lag 50"
    assert row.split()[:-1] == ["LSTM", "1", "0", "3", "0.5", "0.25", "0.0312", "9.8e-04", "9.5e-07", "8.9e-16"]
    assert row.split()[-1][0] == "█"
    assert row.split()[-1][-1] == "▁"
    assert caption.startswith("median of ‖dh[T]/dx[T-lag]‖ relative to lag 0; bars: its logarithm, lag 0 to 60")


def test_columns_stand_under_their_headings_in_any_script():
    profiles = [geometric("長短期記憶", 0.5), geometric("RNN", 0.9), geometric("e\u0301lan", 0.7)]
    lines = table(profiles, lags=[1, 2], labels={"model": "模型", "caption": "說明"}).splitlines()
    assert lines[-1] == "說明"
    bars = [min(map(line.find, BARS), key=lambda at: (at < 0, at)) for line in lines[1:-1]]
    ends = {cells(line[:at].replace("\u0301", "")) for line, at in zip(lines[1:-1], bars, strict=True)}
    assert len(ends) == 1


def test_lags_beyond_every_profile_are_left_out_and_those_beyond_one_are_blank():
    text = table([geometric("short", 0.5, 12), geometric("long", 0.5, 30)])
    assert "lag 20" in text and "lag 50" not in text
    short, long = text.splitlines()[1:3]
    assert "9.5e-07" in long and "9.5e-07" not in short
    assert sum(c in BARS for c in short) < sum(c in BARS for c in long)


def test_a_lag_that_is_a_lower_bound_is_marked_and_no_decay_is_infinite():
    row = table([geometric("slow", 0.999)]).splitlines()[1]
    assert row.count("≥") == 2
    assert "∞" in table([geometric("kept", 1.0)])


@given(logarithm=st.floats(-1e5, 1e5))
def test_a_power_is_written_in_two_digits_or_more_however_small(logarithm):
    text = power(logarithm)
    digits, _, exponent = text.partition("e")
    written = math.log(float(digits)) + int(exponent or 0) * math.log(10.0)
    assert written == pytest.approx(logarithm, abs=0.051)


@pytest.mark.parametrize(
    ("logarithm", "text"),
    [(0.0, "1"), (math.log(0.54), "0.54"), (math.log(3.14e-5), "3.1e-05"), (-5000 * math.log(10), "1.0e-5000")],
)
def test_powers_as_they_are_read(logarithm, text):
    assert power(logarithm) == text


def test_a_sparkline_falls_with_its_curve():
    assert sparkline(np.linspace(0.0, -7.0, 8), -7.0) == "█▇▆▅▄▃▂▁"
    assert sparkline(np.zeros(5), 0.0) == "█████"
    assert len(sparkline(np.linspace(0, -1, 500), -1.0)) == 24


def test_no_profile_is_refused():
    with pytest.raises(FlowError, match="no profile"):
        table([])


def test_an_unknown_label_is_refused():
    with pytest.raises(FlowError, match=r"'modell'.*\n.*\n.*half_life"):
        table([geometric("a", 0.5)], labels={"modell": "x"})
