"""What experiments that train are made of: sentences, sounds and images are what they claim, shares are exact."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from lstm_sym.networks import LOSSES, Network, dense

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def script(monkeypatch):
    """An experiment by its name, as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "analysis"))
    return importlib.import_module


def test_a_reader_from_the_left_is_right_at_half_of_the_ambiguous_words(script):
    """Whatever it answers by the words so far, it answers the same in both sentences of a pair, whose tags differ."""
    bidirectional = script("bidirectional")
    found = bidirectional.sentences(200, np.random.default_rng(0))
    assert len(found) == len({one.words for one in found}) == 200
    for name, other in zip(found[::2], found[1::2], strict=True):
        assert name.words[: name.place + 1] == other.words[: other.place + 1]
        assert (name.tags[name.place], other.tags[other.place]) == (1, 0)
        assert name.words[name.place] in bidirectional.AMBIGUOUS
    for told in (bidirectional.ONE_WORD_LATER, bidirectional.AT_THE_END):
        assert sum(one.told == told for one in found) == 100


def test_no_sentence_of_the_test_is_one_of_the_training(script):
    bidirectional, rng = script("bidirectional"), np.random.default_rng(1)
    train = bidirectional.sentences(400, rng)
    test = bidirectional.sentences(100, rng, train)
    assert not {one.words for one in train} & {one.words for one in test}


def test_tags_are_judged_where_the_name_may_stand_and_elsewhere(script):
    bidirectional = script("bidirectional")
    test = bidirectional.sentences(8, np.random.default_rng(2))
    shares = bidirectional.judged(test, [np.zeros(len(one.words), int) for one in test])
    assert shares[bidirectional.ONE_WORD_LATER] == shares[bidirectional.AT_THE_END] == 0.5
    assert 0.5 < shares["other words"] < 1.0  # surnames are names too


def test_a_verb_has_the_number_of_its_subject_whatever_stands_between(script):
    next_word, rng = script("next_word"), np.random.default_rng(0)
    number = {word: at for pair in (*next_word.NOUNS, *next_word.VERBS) for at, word in enumerate(pair)}
    for phrases in (0, 3, 24):
        one = next_word.two_sentences(phrases, rng)
        second = one.words[one.words.index(".") + 1 :]
        assert sum(word in next_word.PREPOSITIONS for word in second) == phrases
        subject = next(word for word in second if word in number)
        verb = one.words[one.verb]
        assert number[verb] == number[subject] == 1 - number[one.other]
        assert set(one.words) <= set(next_word.WORDS)


def test_pairs_of_words_know_a_verb_by_the_noun_before_it_alone(script):
    next_word = script("next_word")
    train, test = next_word.drawn(next_word.Plan(2000, 100, 1, 1, 1), 0)
    shares = next_word.agreement(next_word.of_pairs(train), test)
    assert shares[0] == 1.0
    assert 0.3 < np.mean(shares[1:]) < 0.7


def test_a_vowel_has_its_formants(script):
    """The largest of the spectrum about each formant, which varies by 4 % and shows at a multiple of the pitch."""
    preprocessing = script("preprocessing")
    for name, formants in preprocessing.FORMANTS.items():
        wave = preprocessing.vowel(name, 100.0, 8000, np.random.default_rng(0))
        power, hertz = np.abs(np.fft.rfft(wave)), np.fft.rfftfreq(8000, 1 / preprocessing.RATE)
        for formant in formants[:2]:
            near = (hertz > 0.75 * formant) & (hertz < 1.25 * formant)
            assert abs(hertz[near][power[near].argmax()] / formant - 1) < 0.25
            assert power[near].max() > 3 * np.median(power[near])


def test_a_tone_is_heard_in_the_mel_band_of_its_pitch(script):
    preprocessing = script("preprocessing")
    bins = preprocessing.WINDOW // 2 + 1
    bands, hertz = preprocessing.mel_bands(bins), np.linspace(0, preprocessing.RATE / 2, bins)
    assert bands.shape == (preprocessing.BANDS, bins) and bands.min() == 0 and bands.max() <= 1
    centres = hertz[bands.argmax(axis=1)]
    assert (np.diff(centres) > 0).all() and centres[-1] < 8000
    tone = np.sin(2 * np.pi * centres[12] * np.arange(4000) / preprocessing.RATE)
    found = preprocessing.cepstra(tone)
    assert found.shape == ((4000 - preprocessing.WINDOW) // preprocessing.STEP + 1, preprocessing.CEPSTRA)
    angles = np.pi / preprocessing.BANDS * np.outer(np.arange(preprocessing.CEPSTRA), np.arange(26) + 0.5)
    assert abs(int((found[0, 1:] @ np.cos(angles[1:])).argmax()) - 12) <= 1  # smoothed, the bands have their peak there


def test_a_word_is_of_one_sound_in_all_forms(script):
    preprocessing = script("preprocessing")
    given = preprocessing.words(preprocessing.QUICK, 0)
    assert [part.x[0].shape[0] for part, _ in given.values()] == [2400, 6, 4]
    labels = [np.concatenate([train.y, test.y]).tolist() for train, test in given.values()]
    assert labels[0] == labels[1] == labels[2] and set(labels[0]) == {0, 1, 2, 3}


def test_an_image_is_drawn_out_between_its_corners(script):
    digits = script("digits")
    image = np.random.default_rng(0).random((1, 8, 8))
    drawn = digits.enlarged(image)[0]
    assert drawn.shape == (28, 28)
    np.testing.assert_allclose(drawn[[0, 0, -1, -1], [0, -1, 0, -1]], image[0][[0, 0, -1, -1], [0, -1, 0, -1]])
    np.testing.assert_allclose(
        digits.enlarged(np.outer(np.arange(8.0), np.ones(8))[None])[0][:, 5], np.linspace(0, 7, 28)
    )


def test_digits_are_all_there(script):
    every = script("digits").images()
    assert len(every) == 1797 and np.bincount(every.y).min() > 170


def test_the_bag_of_words_is_logistic_regression_on_which_words_are_there(script):
    sentiment = script("sentiment")
    network = sentiment.bag_of_words(6)
    params = network.init(0)
    counts = np.zeros(6)
    counts[[1, 4, 5]] = 1
    logit = network.forward(np.array([[4], [1], [5]]), params)[0]
    np.testing.assert_allclose(
        logit[0], params["output.V"][0] * (counts @ params["words.E"]) + params["output.b"], rtol=1e-12
    )


def test_the_share_of_a_word_is_the_derivative_along_its_vector(script):
    sentiment = script("sentiment")
    network, words = sentiment.lstm(5, sentiment.Plan(3, 4, 1, 1)), ("a", "b", "c", "a")
    params = network.init(0)
    number = {"a": 1, "b": 2, "c": 4}
    reader = sentiment.Reader(network, params, number, [], None)
    found = sentiment.shares(reader, words)
    x = params["words.E"][[number[word] for word in words]][:, None]
    above = Network(network.layers[1:], 3, network.loss)
    own = {name: value for name, value in params.items() if not name.startswith("words.")}
    for at in range(len(words)):
        along = np.zeros_like(x)
        along[at] = x[at]
        _, wanted, _, _ = above.jvp(x, own, x_dot=along)
        assert found[at] == pytest.approx(wanted.item(), rel=1e-12)


def test_answers_are_classes_of_sequences_and_of_steps(script):
    classification, x = script("_classification"), [np.ones((2, 1)), np.ones((3, 1))]
    one = Network((dense("output", 1),), 1, LOSSES["logistic"])
    params = {"output.V": np.array([[1.0]]), "output.b": np.array([-2.0])}
    assert [found.tolist() for found in classification.answers(one, params, x)] == [[0, 0], [0, 0, 0]]
    two = Network((dense("output", 2),), 1, LOSSES["softmax"])
    params = {"output.V": np.array([[1.0], [3.0]]), "output.b": np.zeros(2)}
    data = classification.Samples(x, [np.array([1, 0]), np.array([1, 1, 1])])
    assert classification.accuracy(two, params, data) == pytest.approx(0.8)
