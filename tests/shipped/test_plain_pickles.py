"""Dictionaries of plain data, as nagisa ships them, go through the machine that runs nothing; code is refused there."""

import io
import pickle
import pickletools

import pytest

from lstm_sym.interop import InteropError
from lstm_sym.interop.pickled import read_pickle

PLAIN = [{"は": 3, "が": 70_000, "oov": 0}, {"は": [1, 2, 300], "が": [5]}]


class Harmful:
    def __reduce__(self):
        return print, ("code of the pickle ran",)


def test_plain_data_is_read_as_it_is():
    assert read_pickle(io.BytesIO(pickle.dumps(PLAIN, protocol=2)), "plain").value == PLAIN


def test_as_many_steps_are_read_as_are_allowed():
    data = pickle.dumps(PLAIN, protocol=2)
    steps = sum(1 for _ in pickletools.genops(data))
    assert read_pickle(io.BytesIO(data), "plain", most_steps=steps).value == PLAIN
    with pytest.raises(InteropError, match=f"more than {steps - 1} steps"):
        read_pickle(io.BytesIO(data), "plain", most_steps=steps - 1)


def test_code_among_plain_data_is_refused_and_does_not_run(capsys):
    data = pickle.dumps([*PLAIN, Harmful()], protocol=2)
    with pytest.raises(InteropError, match=r"(print|whole model, or code)"):
        read_pickle(io.BytesIO(data), "plain", most_steps=5_000_000)
    assert "code of the pickle ran" not in capsys.readouterr().out
