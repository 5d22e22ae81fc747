"""Joining, standardising and cutting windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym.inputs import (
    Channel,
    InputError,
    Sequences,
    Source,
    gaussian,
    japanese_vowels,
    load,
    stream,
    sunspots,
    windows,
)

OWN = Source("made up for a test", "none")


def sequences_of(*arrays: np.ndarray, unit: str = "") -> Sequences:
    channels = tuple(Channel(f"c{index}", unit) for index in range(arrays[0].shape[1]))
    return Sequences("made-up", OWN, channels, arrays)


@pytest.mark.parametrize("sequences", [japanese_vowels(), sunspots(), gaussian(500, 3, np.random.default_rng(0))])
@pytest.mark.parametrize("length", [None, 2, 100, 309])
def test_every_channel_has_mean_zero_and_variance_one(sequences, length):
    values = stream(sequences, length).values
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(values.var(axis=0), 1.0, rtol=1e-12)


def test_the_raw_values_come_back_from_mean_and_deviation():
    vowels = japanese_vowels()
    joined = stream(vowels)
    raw = np.concatenate(vowels.sequences)
    np.testing.assert_allclose(joined.values * joined.deviation + joined.mean, raw, rtol=0, atol=1e-14)
    np.testing.assert_allclose(joined.mean, raw.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(joined.deviation, raw.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e200, 1e307])
def test_standardisation_survives_extreme_scales(scale):
    base = np.array([[3.0], [-1.0], [4.0], [1.5], [-5.0]])
    values = stream(sequences_of(base * scale)).values
    tolerance = 1e-2 if scale < 1e-307 else 1e-12  # the subnormal numbers themselves have three digits
    np.testing.assert_allclose(values, stream(sequences_of(base)).values, rtol=tolerance)


@given(offset=st.floats(-1e15, 1e15), seed=st.integers(0, 2**32))
def test_standardisation_survives_a_mean_far_above_the_deviation(offset, seed):
    raw = offset + np.random.default_rng(seed).standard_normal((64, 2))
    values = stream(sequences_of(raw)).values
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(values.var(axis=0), 1.0, rtol=1e-12)


def test_sequences_follow_one_another_with_nothing_between():
    parts = [
        np.arange(6.0).reshape(3, 2),
        np.arange(6.0, 10.0).reshape(2, 2),
        np.arange(10.0, 18.0).reshape(4, 2),
    ]
    joined = stream(sequences_of(*parts), standardise=False)
    np.testing.assert_array_equal(joined.values, np.arange(18.0).reshape(9, 2))
    assert joined.starts == (0, 3, 5)
    for start, part in zip(joined.starts, parts, strict=True):
        np.testing.assert_array_equal(joined.values[start : start + len(part)], part)


@pytest.mark.parametrize(("length", "starts"), [(2, (0,)), (3, (0,)), (4, (0, 3)), (5, (0, 3)), (6, (0, 3, 5))])
def test_length_keeps_the_first_steps(length, starts):
    parts = [np.arange(3.0)[:, None], np.arange(3.0, 5.0)[:, None], np.arange(5.0, 9.0)[:, None]]
    cut = stream(sequences_of(*parts), length, standardise=False)
    np.testing.assert_array_equal(cut.values[:, 0], np.arange(length))
    assert cut.starts == starts


def test_a_stream_keeps_the_source_and_is_read_only():
    vowels = japanese_vowels()
    joined = stream(vowels)
    assert (joined.name, joined.source, joined.channels) == (vowels.name, vowels.source, vowels.channels)
    assert (joined.sample_rate, len(joined.starts)) == (vowels.sample_rate, 640)
    assert not any(array.flags.writeable for array in (joined.values, joined.mean, joined.deviation))


def test_the_sequences_are_not_changed():
    vowels = japanese_vowels("train")
    before = [values.copy() for values in vowels.sequences]
    stream(vowels)
    for values, copy in zip(vowels.sequences, before, strict=True):
        np.testing.assert_array_equal(values, copy)


def test_one_hot_channels_stay_zero_and_one(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("床前明月光,疑是地上霜。", encoding="utf-8")
    joined = stream(load(path), 5)  # most channels are 0 throughout the cut, and that is no error
    assert set(np.unique(joined.values)) == {0.0, 1.0}
    np.testing.assert_array_equal(joined.mean, 0.0)
    np.testing.assert_array_equal(joined.deviation, 1.0)


def test_a_constant_channel_is_refused_by_name():
    raw = np.column_stack([np.arange(10.0), np.full(10, 0.1)])
    with pytest.raises(InputError) as caught:
        stream(sequences_of(raw))
    assert caught.value.file == "made-up"
    assert caught.value.position == "channel 2 ('c1')"
    assert "0.1 at each of 10 steps" in caught.value.found
    assert "leave the channel out" in caught.value.fix
    np.testing.assert_array_equal(stream(sequences_of(raw), standardise=False).values, raw)


def test_a_channel_that_is_constant_only_in_the_cut_is_refused_too():
    raw = np.concatenate([np.zeros(5), np.ones(5)])[:, None]
    assert stream(sequences_of(raw)).values.shape == (10, 1)
    with pytest.raises(InputError, match="longer stretch"):
        stream(sequences_of(raw), 5)


@pytest.mark.parametrize(
    ("length", "fix"),
    [(310, "at most 309 steps"), (1, "at least 2 steps"), (0, "at least 2"), (-3, "at least 2")],
)
def test_an_impossible_length_is_refused(length, fix):
    with pytest.raises(InputError, match=fix) as caught:
        stream(sunspots(), length)
    assert caught.value.file == "sunspots"


def test_windows_are_consecutive_steps_of_the_stream():
    values = np.arange(40.0).reshape(20, 2)
    batch = windows(values, count=5, length=4, rng=np.random.default_rng(3))
    assert batch.shape == (4, 5, 2)
    starts = (batch[0, :, 0] / 2).astype(int)
    assert len(set(starts)) == 5
    for column, start in enumerate(starts):
        np.testing.assert_array_equal(batch[:, column], values[start : start + 4])


def test_windows_reach_both_ends_of_the_stream():
    values = np.arange(10.0)[:, None]
    batch = windows(values, count=8, length=3, rng=np.random.default_rng(0))
    assert sorted(batch[0, :, 0]) == list(range(8))
    assert windows(values, count=1, length=10, rng=np.random.default_rng(0)).shape == (10, 1, 1)


def test_windows_depend_on_the_generator_alone():
    joined = stream(japanese_vowels())
    first, second, other = (windows(joined, 16, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    np.testing.assert_array_equal(first, windows(joined.values, 16, 50, np.random.default_rng(1)))


def test_windows_are_a_copy():
    joined = stream(sunspots())
    before = joined.values.copy()
    windows(joined, 4, 10, np.random.default_rng(0))[:] = 0.0
    np.testing.assert_array_equal(joined.values, before)


@pytest.mark.parametrize(
    ("count", "length", "fix"),
    [
        (0, 5, "at least 1 window"),
        (301, 10, "fewer or shorter"),
        (1, 310, "fewer or shorter"),
        (1, 1, "at least 2"),
    ],
)
def test_impossible_windows_are_refused(count, length, fix):
    with pytest.raises(InputError, match=fix) as caught:
        windows(stream(sunspots()), count, length, np.random.default_rng(0))
    assert caught.value.file == "sunspots"


def test_windows_need_time_by_channel():
    with pytest.raises(InputError, match="newaxis"):
        windows(np.arange(10.0), 2, 3, np.random.default_rng(0))


def test_windows_have_a_bound_on_memory():
    wide = np.broadcast_to(np.zeros(1), (10_000, 1000))
    with pytest.raises(InputError, match="512 MiB"):
        windows(wide, 5000, 5000, np.random.default_rng(0))


def test_windows_take_a_generator_only():
    with pytest.raises(TypeError, match="default_rng"):
        windows(stream(sunspots()), 2, 5, 0)


@pytest.mark.parametrize(
    ("arrays", "labels", "found"),
    [
        ((), None, "0 sequences"),
        ((np.zeros(3),), None, r"shape \(3,\)"),
        ((np.zeros((3, 2)),), None, r"shape \(3, 2\)"),
        ((np.zeros((0, 1)),), None, r"shape \(0, 1\)"),
        ((np.zeros((3, 1), dtype=complex),), None, "complex128"),
        ((np.zeros((3, 1), dtype=object),), None, "object"),
        ((np.zeros((3, 1)), np.array([[1.0], [np.nan]])), None, r"sequence 1, index \[1, 0\]"),
        ((np.zeros((3, 1)),), (1, 2), "2 labels for 1 sequences"),
    ],
)
def test_sequences_refuse_what_is_not_real_sequences(arrays, labels, found):
    with pytest.raises(InputError, match=found):
        Sequences("made-up", OWN, (Channel("x"),), arrays, labels)


def test_sequences_do_not_share_memory_that_can_be_written():
    mine = np.zeros((3, 1))
    held = sequences_of(mine)
    mine[0] = 7.0
    assert held.sequences[0][0, 0] == 0.0
