"""Values as bytes and back, and the fingerprints of values."""

from __future__ import annotations

import dataclasses
import io
import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm_sym as ls
from lstm_sym.ground.packing import BROKEN, fingerprint, packed, unpacked
from lstm_sym.ground.refusal import Refusal


@dataclasses.dataclass(frozen=True)
class Point:
    x: Any
    y: Any = None


class Pair(NamedTuple):
    left: Any
    right: Any


class Refused(Refusal):
    pass


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    PLAIN | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.builds(Point, inner, inner),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and fingerprint(one) == fingerprint(other)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value):
    assert same(unpacked(packed(value), [Point]), value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([math.nan, -0.0, math.inf, 5e-324]),
        np.zeros((0, 3), np.float32),
        np.array(3),
        np.arange(10)[::2],
    ],
)
def test_an_array_keeps_its_type_its_shape_and_every_bit(array):
    back = unpacked(packed((array, 1.5)), [])[0]
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert back.flags.f_contiguous == (array.flags.f_contiguous or array.ndim < 2)


def test_numbers_of_numpy_named_tuples_and_refusals_come_back():
    error = Refused("lstm", "no gate", "", "another cell")
    back = unpacked(packed({"a": np.float32(0.1), "b": Pair(1, (2, [3])), "c": error}), [Pair, Refused])
    assert type(back["a"]) is np.float32
    assert back["b"] == Pair(1, (2, [3]))
    assert isinstance(back["c"], Refused)
    assert str(back["c"]) == str(error)


@pytest.mark.parametrize("value", [object(), lambda: 0, {1, 2}, np.array([object()]), [Fraction(1, 3)]])
def test_what_has_no_form_is_refused(value):
    with pytest.raises(TypeError):
        packed(value)


def test_no_object_is_made_of_a_class_that_was_not_named():
    with pytest.raises(BROKEN):
        unpacked(packed(Point(1)), [Pair])


def test_nothing_of_a_pickle_is_run(tmp_path):
    class Runs:
        def __reduce__(self):
            return (tmp_path / "ran").touch, ()

    buffer = io.BytesIO()
    np.savez(buffer, tree=np.array([Runs()], object))
    with pytest.raises(BROKEN):
        unpacked(buffer.getvalue(), [])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no archive", packed([1, 2, np.ones(9)])[:-40]])
def test_broken_bytes_are_refused(data):
    with pytest.raises(BROKEN):
        unpacked(data, [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, "1"),
        (0.0, -0.0),
        (True, 1),
        ([1, 2], (1, 2)),
        ([1, 2], [2, 1]),
        (["ab"], ["a", "b"]),
        ([[1], 2], [1, [2]]),
        ({"a": {"b": 1}}, {"a": {}, "b": 1}),
        (Point(1), Point(2)),
        (Point((1, 2)), Pair(1, 2)),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4), np.zeros(4, np.float32)),
        (np.zeros(2, np.int64), np.zeros(2)),
        (Fraction(1, 3), 1 / 3),
        (range(3), range(4)),
        (Refused("a", "b"), Refused("a", "c")),
    ],
)
def test_other_values_have_other_fingerprints(one, other):
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint([one]) != fingerprint([other])


def test_a_fingerprint_is_that_of_the_content():
    assert fingerprint({"b", "a", "c"}) == fingerprint({"c", "a", "b"})
    assert fingerprint(np.arange(8)[::2]) == fingerprint(np.array([0, 2, 4, 6]))
    with pytest.raises(TypeError):
        fingerprint([object()])


@pytest.mark.parametrize("change", [{"name": "x"}, {"meanings": {"f": {"en": "x"}}}, {"reference": "x"}])
def test_all_of_a_cell_counts(change):
    cell = ls.cell("lstm")
    assert fingerprint(cell) == fingerprint(ls.cell("lstm"))
    assert fingerprint(cell) != fingerprint(dataclasses.replace(cell, **change))


def test_a_kernel_counts_by_its_content():
    assert fingerprint(ls.build("rnn")) != fingerprint(ls.build("gru"))
    assert fingerprint(ls.build("gru")) == fingerprint(ls.build(ls.cell("gru")))
