"""The packaged data are the published ones, digit for digit, and names resolve."""

import hashlib
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import lstm_sym.inputs
from lstm_sym.inputs import CATALOGUE, InputError, gaussian, japanese_vowels, named, sunspots

# The number of test utterances of speakers 1 to 9, from the data set's own description.
TEST_UTTERANCES = [31, 35, 88, 44, 29, 24, 40, 50, 29]


def test_vowels_have_the_published_sizes():
    vowels = japanese_vowels()
    assert len(vowels.sequences) == 640
    assert len(vowels.channels) == 12
    assert (min(vowels.lengths), max(vowels.lengths), sum(vowels.lengths)) == (7, 29, 9961)
    assert all(values.shape[1] == 12 and values.dtype == np.float64 for values in vowels.sequences)
    assert vowels.sample_rate == pytest.approx(156.25, rel=1e-15)


def test_vowels_have_nine_speakers_in_the_published_numbers():
    train, test = japanese_vowels("train"), japanese_vowels("test")
    assert Counter(train.labels) == dict.fromkeys(range(1, 10), 30)
    assert [Counter(test.labels)[speaker] for speaker in range(1, 10)] == TEST_UTTERANCES
    assert list(train.labels) == sorted(train.labels) and list(test.labels) == sorted(test.labels)
    assert japanese_vowels().labels == train.labels + test.labels


def test_vowels_hold_the_published_digits():
    train, test = japanese_vowels("train"), japanese_vowels("test")
    first = "1.860936,-0.207383,0.261557,-0.214562,-0.171253,-0.118167,-0.277557,0.025668,0.126701,-0.306756,"
    last = "1.177449,-0.40408,0.052026,-0.284812,0.42984,-0.203484,-0.072393,-0.080955,-0.244424,-0.001849,"
    assert train.sequences[0][0].tolist() == [float(text) for text in (first + "-0.213076,0.088728").split(",")]
    assert test.sequences[-1][-1].tolist() == [float(text) for text in (last + "-0.016634,0.224688").split(",")]
    assert [len(values) for values in train.sequences[:5]] == [20, 26, 22, 20, 21]


def test_vowels_have_the_extremes_and_the_mean_of_the_source_files():
    frames = np.concatenate(japanese_vowels().sequences)
    assert (frames.min(), frames.max()) == (-1.852765, 2.203141)
    assert frames.mean() == pytest.approx(-0.02680425102064719, rel=1e-13)
    assert frames.std() == pytest.approx(0.41662679455743173, rel=1e-13)
    train = np.concatenate(japanese_vowels("train").sequences)
    assert (len(train), train.mean()) == (4274, pytest.approx(-0.020617928228825456, rel=1e-13))


def test_every_coefficient_is_the_float_of_a_six_digit_decimal():
    frames = np.concatenate(japanese_vowels().sequences)
    assert all(float(f"{value:.6f}") == value for value in frames.ravel().tolist())


def test_sunspots_are_the_years_1700_to_2008():
    spots = sunspots()
    (numbers,) = spots.sequences
    assert numbers.shape == (309, 1)
    assert numbers[:4, 0].tolist() == [5, 11, 16, 23]
    assert numbers[-3:, 0].tolist() == [15.2, 7.5, 2.9]
    assert numbers[1957 - 1700, 0] == numbers.max() == 190.2
    assert [1700 + int(year) for year in np.flatnonzero(numbers[:, 0] == 0)] == [1711, 1712, 1810]


@pytest.mark.parametrize("name", ["japanese_vowels.npz", "sunspots.csv"])
def test_packaged_files_are_small_and_documented(name):
    folder = files("lstm_sym.inputs") / "data"
    data, documented = (folder / name).read_bytes(), (folder / "SOURCES.md").read_text(encoding="utf-8")
    assert len(data) < 400_000
    assert f"## {name}" in documented
    if name == "sunspots.csv":
        assert hashlib.sha256(data).hexdigest() in documented


@pytest.mark.parametrize("sequences", [japanese_vowels(), sunspots(), gaussian(10, 2, np.random.default_rng(1))])
def test_packaged_sequences_name_source_licence_and_units(sequences):
    assert sequences.source.citation and sequences.source.licence
    assert all(channel.name and channel.unit == "1" for channel in sequences.channels)
    assert len({channel.name for channel in sequences.channels}) == len(sequences.channels)


@pytest.mark.parametrize("name", CATALOGUE)
def test_sequences_are_read_only_and_the_same_on_every_call(name):
    first, second = named(name), named(name)
    assert first.name == name
    for one, other in zip(first.sequences, second.sequences, strict=True):
        np.testing.assert_array_equal(one, other)
        with pytest.raises(ValueError, match="read-only"):
            one[0, 0] = 0.0


def test_gaussian_is_what_its_generator_draws():
    (values,) = gaussian(50, 3, np.random.default_rng(7)).sequences
    np.testing.assert_array_equal(values, np.random.default_rng(7).standard_normal((50, 3)))
    (by_name,) = named("gaussian", length=50, channels=3, rng=np.random.default_rng(7)).sequences
    np.testing.assert_array_equal(values, by_name)


def test_gaussian_leaves_the_global_state_alone():
    before = np.random.get_state()[1].copy()
    named("gaussian")
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("length", "channels", "fix"),
    [(1, 1, "at least 2 steps"), (5, 0, "at least 1 channel"), (2**40, 8, "fewer")],
)
def test_gaussian_refuses_impossible_sizes(length, channels, fix):
    with pytest.raises(InputError, match=fix):
        gaussian(length, channels, np.random.default_rng(0))


@pytest.mark.parametrize("rng", [0, None, np.random.RandomState(0)])
def test_gaussian_takes_a_generator_only(rng):
    with pytest.raises(TypeError, match="default_rng"):
        gaussian(5, 1, rng)


def test_names_ignore_capitals_and_underscores():
    assert named("Japanese_Vowels").name == "japanese-vowels"


def test_named_reads_a_file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("1\n2\n")
    assert named(path).name == named(str(path)).name == "mine.csv"


@pytest.mark.parametrize(
    ("name", "fix"), [("japanese-vowel", "did you mean japanese-vowels"), ("xyz", "choose a name")]
)
def test_an_unknown_name_lists_the_catalogue(name, fix):
    with pytest.raises(InputError, match=fix) as caught:
        named(name)
    assert all(known in caught.value.found for known in CATALOGUE)


def test_an_unknown_part_is_refused():
    with pytest.raises(InputError, match="all, train, test"):
        japanese_vowels("validation")


def test_importing_the_package_does_not_import_numpy():
    script = (
        "import sys, lstm_sym; before = set(sys.modules); import lstm_sym.inputs as inputs; "
        "assert not any(name.partition('.')[0] == 'numpy' for name in set(sys.modules) - before); "
        "assert inputs.CATALOGUE and 'numpy' in sys.modules"
    )
    root = Path(lstm_sym.inputs.__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], cwd=root, check=True)


def test_every_public_name_resolves_and_no_other():
    for name in lstm_sym.inputs.__all__:
        assert getattr(lstm_sym.inputs, name) is not None
        assert name in dir(lstm_sym.inputs)
    with pytest.raises(AttributeError, match="offers"):
        lstm_sym.inputs.sunspot  # noqa: B018
