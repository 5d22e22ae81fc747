"""The survey runs over the table of measures: a row that is added is measured, drawn, and left out with its reason."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstm_sym import flow
from lstm_sym.flow import measures
from lstm_sym.flow.drawing import style
from lstm_sym.flow.measures import SURVEYED, Surveyed
from lstm_sym.kernels import lstm, rnn

X = np.random.default_rng(0).standard_normal((60, 3))
HOW = {"hidden": 4, "lags": 8, "ends": 5}


@pytest.fixture(scope="module")
def lstm_survey():
    """The survey of an LSTM, and what was told on the way."""
    told = []
    (found,) = flow.survey([flow.Model("LSTM", lstm)], X, **HOW, progress=lambda done, total: told.append(done / total))
    return found, told


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are named and not drawn: what they show has tests of its own."""
    monkeypatch.setattr(style, "save", lambda folder, stem, *_: [folder / f"{stem}.svg"])


def refused(of, progress):
    raise flow.FlowError(of.trajectory.model, "a refusal", "a test", "none")


def test_what_is_found_is_what_the_measures_find(lstm_survey):
    found, _ = lstm_survey
    assert all(len(repr(part)) < 300 for part in (found, found.profile, found.map))
    assert repr(found).startswith("<Survey of LSTM: profile, ")
    run = flow.recorded(found.model, X, 4, 0)
    assert list(found.measured.found) == list(SURVEYED) and found.left_out == {}
    np.testing.assert_array_equal(found.spectrum.exponents, flow.lyapunov(run).exponents)
    np.testing.assert_array_equal(found.shares.values, flow.gate_shares(run, first=52, last=59).values)
    np.testing.assert_array_equal(found.map.log_norms, flow.time_map(run, first=51).log_norms)
    assert (found.kept.output, found.kept.norm) == ("c", "spectral")
    assert [law.kind for law in found.theory] == ["bound", "prediction"]


def test_a_row_is_all_that_a_measure_needs(monkeypatch, tmp_path, undrawn):
    def save(of, folder, stem, words):
        path = folder / f"{stem}.txt"
        path.write_text(f"{of.found['steps']} {words['steps']['title']}", encoding="utf-8")
        return [path]

    monkeypatch.setitem(SURVEYED, "steps", Surveyed(lambda of, _: len(of.trajectory), "steps", save))
    (found,) = flow.survey([flow.Model("RNN", rnn)], X, **HOW)
    drawn = found.save(tmp_path, "rnn", {"steps": {"title": "steps"}})
    assert found.measured.found["steps"] == 60
    assert drawn["steps"][0].read_text(encoding="utf-8") == "60 steps"
    assert {"fan", "map"} < set(drawn) and "shares" not in drawn, "the flow of an RNN enters by one equation"


def test_what_is_refused_is_left_out_with_its_reason(monkeypatch, tmp_path, undrawn):
    monkeypatch.setitem(SURVEYED, "map", SURVEYED["map"]._replace(measure=refused))
    (found,) = flow.survey([flow.Model("LSTM", lstm)], X, **HOW)
    assert found.map.found == "a refusal" and set(found.left_out) == {"map"}
    assert "map" not in found.save(tmp_path, "lstm")


def test_progress_rises_to_the_end(lstm_survey):
    _, told = lstm_survey
    assert told == sorted(told) and told[-1] == 1


def test_an_exponential_gate_is_no_share_and_is_not_drawn_as_one(monkeypatch):
    drawn = []
    monkeypatch.setattr(measures, "save_saturation", lambda gates, *_, **__: drawn.extend(gates))
    found = {"gates": {"f": np.full((2, 1, 1), 0.5), "i": np.full((2, 1, 1), 1.5)}}
    SURVEYED["gates"].save(SimpleNamespace(found=found, model=flow.Model("sLSTM", lstm)), "nowhere", "stem", {})
    assert drawn == ["f"]
