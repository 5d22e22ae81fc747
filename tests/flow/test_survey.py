"""The survey runs over the table of measures: a row that is added is measured, drawn, and left out with its reason."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstm_sym import flow
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.measures import SURVEYED, Surveyed, Wanted
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
    monkeypatch.setattr(Drawing, "save", lambda _, folder, stem, *__: [folder / f"{stem}.svg"])


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
    def drawing(of, wanted):
        return Drawing(None, [wanted.words["steps"]["title"]], [[of.found["steps"]]])

    monkeypatch.setitem(SURVEYED, "steps", Surveyed(lambda of, _: len(of.trajectory), "steps", drawing))
    (found,) = flow.survey([flow.Model("RNN", rnn)], X, **HOW)
    drawn = found.save(tmp_path, "rnn", {"steps": {"title": "steps"}})
    assert found.measured.found["steps"] == 60
    assert drawn["steps"] == [tmp_path / "rnn.steps.svg"]
    assert found.drawings(Wanted({"steps": {"title": "count"}}))["steps"].rows == [[60]]
    assert {"fan", "map"} < set(drawn) and "shares" not in drawn, "the flow of an RNN enters by one equation"


def test_what_is_refused_is_left_out_with_its_reason(monkeypatch, tmp_path, undrawn):
    monkeypatch.setitem(SURVEYED, "map", SURVEYED["map"]._replace(measure=refused))
    (found,) = flow.survey([flow.Model("LSTM", lstm)], X, **HOW)
    assert found.map.found == "a refusal" and set(found.left_out) == {"map"}
    assert "map" not in found.save(tmp_path, "lstm")


def test_progress_rises_to_the_end(lstm_survey):
    _, told = lstm_survey
    assert told == sorted(told) and told[-1] == 1


def test_an_exponential_gate_is_no_share_and_is_not_drawn_as_one():
    def drawn(f):
        found = {"gates": {"f": np.full((2, 1, 1), f), "i": np.full((2, 1, 1), 1.5)}}
        return SURVEYED["gates"].drawing(SimpleNamespace(found=found, model=flow.Model("sLSTM", lstm)), Wanted())

    assert [row[0] for row in drawn(0.95).rows] == ["f"]
    assert drawn(0.5) is None, "a gate that is always between has nothing to be seen"
