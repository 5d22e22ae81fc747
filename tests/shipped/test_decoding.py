"""What stands above and below taggers, as mathematics: the best sequence of tags, words, features of characters."""

import itertools

import numpy as np
import pytest

from lstm_sym.shipped.decoding import cut, viterbi
from lstm_sym.shipped.models.nagisa import kind
from lstm_sym.shipped.models.textgenrnn import softmax


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("seed", range(5))
def test_the_best_tags_are_those_of_all_that_there_are(steps, seed):
    rng = np.random.default_rng(seed)
    scores, between = rng.standard_normal((steps, 3)), rng.standard_normal((3, 3))
    first, last = rng.standard_normal((2, 3))

    def total(tags):
        inner = sum(between[a, b] for a, b in itertools.pairwise(tags))
        return first[tags[0]] + scores[range(steps), tags].sum() + inner + last[tags[-1]]

    every = itertools.product(range(3), repeat=steps)
    assert viterbi(scores, between, first, last) == list(max(every, key=lambda tags: total(list(tags))))


def test_of_equal_tags_the_first_is_taken():
    assert viterbi(np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2), np.zeros(2)) == [0, 0, 0]


@pytest.mark.parametrize(
    ("begins", "words"),
    [([0, 0, 0], ["abc"]), ([1, 0, 1], ["ab", "c"]), ([0, 1, 1], ["a", "b", "c"])],
)
def test_a_text_is_cut_where_words_begin(begins, words):
    assert cut("abc", list(map(bool, begins))) == words


def test_characters_are_of_kinds():
    assert list(map(kind, "あア亜a1。")) == [0, 1, 2, 3, 4, 5]


def test_a_softmax_adds_up_to_1_however_large_its_scores():
    found = softmax(np.array([[1e4, 1e4 + np.log(3)], [-1e4, -1e4]]), axis=1)
    np.testing.assert_allclose(found, [[0.25, 0.75], [0.5, 0.5]])
