"""What a network that answers at the end of its sequences is found to feel: the same as step by step, and by hand."""

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.flow import FlowError
from lstm_sym.flow.measures import Model
from lstm_sym.inputs import Sequences, Source
from lstm_sym.inputs.sequences import channels_named
from lstm_sym.networks import CellLayer, Network, Recurrence, dense, sensitivity_map
from lstm_sym.studies.errors import StudyError
from lstm_sym.studies.settings import Settings
from lstm_sym.studies.task import profile_from_the_ends, survey_from_the_ends

NETWORK = Network((CellLayer("lstm", ls.cell("lstm"), 5), dense("out", 3)), 2, name="small")
READOUT = np.array([1.0, -2.0, 0.5])


def sequences(*lengths):
    rng = np.random.default_rng(0)
    given = tuple(rng.standard_normal((length, 2)) for length in lengths)
    return Sequences("made", Source("made", "none"), channels_named(["a", "b"]), given)


def test_it_is_the_derivative_at_the_last_step_of_each_sequence():
    params, given = NETWORK.init(0), sequences(9, 12)
    found = profile_from_the_ends(NETWORK, params, given, READOUT, Settings(lags=8))
    assert found.ends.tolist() == [[8, 0], [11, 1]] and found.log_norms.shape == (2, 9)
    for row, x in zip(found.log_norms, given.sequences, strict=True):
        whole = sensitivity_map(NETWORK, params, x[:, None], ends=[-1], cotangent=READOUT)
        np.testing.assert_allclose(row, whole.log_norms[0, ::-1][:9], rtol=1e-10)


def test_sequences_that_are_too_short_or_beyond_the_length_are_left_out():
    given = sequences(9, 4, 12, 12)
    found = profile_from_the_ends(NETWORK, NETWORK.init(0), given, READOUT, Settings(lags=5, length=30))
    assert found.ends.tolist() == [[8, 0], [11, 1]]
    with pytest.raises(StudyError, match="no sequence of more than 20 steps"):
        profile_from_the_ends(NETWORK, NETWORK.init(0), given, READOUT, Settings(lags=20))


def test_a_survey_of_it_says_why_it_has_no_more():
    params = NETWORK.init(0)
    profile = profile_from_the_ends(NETWORK, params, sequences(9, 9, 9), READOUT, Settings(lags=8))
    found = survey_from_the_ends(Model("small", Recurrence(NETWORK)), profile, None)
    assert found.card.model == "small" and found.advice.model == "small"
    assert set(found.left_out) == set(found.measured.found)
    assert all(isinstance(error, FlowError) for error in found.left_out.values())
