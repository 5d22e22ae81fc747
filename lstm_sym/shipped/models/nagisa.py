"""nagisa: Japanese words. Characters, pairs, kinds and dictionary words, an LSTM in both directions, the best tags."""

from __future__ import annotations

import gzip
import io
import re
import unicodedata
from functools import cached_property
from typing import Any

import numpy as np

from lstm_sym.inputs import Sequences
from lstm_sym.interop.model import linear_layer, model_of, recurrent_layer
from lstm_sym.interop.pickled import read_pickle
from lstm_sym.kernels import Array
from lstm_sym.shipped.archives import weights
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.decoding import cut, viterbi
from lstm_sym.shipped.errors import ShippedError
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof

KINDS = ("[\u3040-\u309f]", "[\u30a1-\u30fa]", "[\u4e00-\u9fa5]", "[a-zA-Z]", "[0-9]")
"""Of characters: the first that fits; 5 for others, 6 beyond both ends."""
UNKNOWN, BEYOND = "oov", 1
LONGEST = 8
"""Letters of a word that is looked up."""
BEGIN, MIDDLE, END, SINGLE, BEFORE, AFTER = range(6)
"""The tags; the last two stand beyond both ends."""


class JapaneseWords(ShippedModel):
    """The LSTM layer and the scores of its tags are measured."""

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        self.arrays = weights(files["weights"], package.content.members["weights"])
        lstm = recurrent_layer("lstm", ("DyNet", "VanillaLSTMBuilder", "/birnn"), [self._way(""), self._way("_1")])
        head = linear_layer("tags", "/_5", self.arrays["/_5"], self.arrays["/_6"])
        self.model = model_of(package.name, [lstm, head], lstm.params["lstm.ahead.W_i"].shape[1], ())
        self.singles, self.pairs, self.dictionary = self._dictionaries(files["words"])

    def _way(self, which: str) -> dict[str, Array]:
        return {name: self.arrays[f"/birnn/vanilla-lstm-builder{which}/_{k}"] for k, name in enumerate("WUb")}

    def _dictionaries(self, data: bytes) -> list[dict[str, int]]:
        """Characters, pairs and words with their numbers: the first three of the dictionaries in a pickle."""
        read: Any = read_pickle(io.BytesIO(gzip.decompress(data)), "nagisa.dict", most_steps=5_000_000).value
        if not isinstance(read, list) or not all(isinstance(one, dict) for one in read[:3]) or len(read) < 3:
            raise ShippedError(self.package.name, "its dictionaries are no list of dictionaries", "", "fetch it again")
        return read[:3]

    @cached_property
    def expected(self) -> dict[str, list[str]]:
        """Sentence -> its words by the package."""
        rows = (line.split("|") for line in self.package.beside("txt").splitlines())
        return {"".join(words): words for words in rows}

    def features(self, sentence: str) -> Array:
        """(T, 200): of three characters, pairs and kinds about each its vectors, and the sums of words at it."""
        text = unicodedata.normalize("NFKC", sentence).replace(" ", "\u3000").lower()
        pairs = [text[at : at + 2] for at in range(len(text) - 1)] + [f"{text[-1:]}<E>"]
        numbers = [
            ("/_0", [self.singles.get(one, self.singles[UNKNOWN]) for one in text], BEYOND),
            ("/_1", [self.pairs.get(one, self.pairs[UNKNOWN]) for one in pairs], BEYOND),
            ("/_3", list(map(kind, text)), len(KINDS) + 1),
        ]
        about = [self._about(name, found, beyond) for name, found, beyond in numbers]
        places = range(len(text))
        begin = [[text[at:to] for to in range(at + 1, min(at + LONGEST, len(text)) + 1)] for at in places]
        end = [[text[since : at + 1] for since in range(max(0, at + 1 - LONGEST), at + 1)] for at in places]
        found: Array = np.concatenate([*about, self._sums(begin), self._sums(end)], axis=1)
        return found

    def _about(self, name: str, numbers: list[int], beyond: int) -> Array:
        """The vectors before, at and after each place, side by side."""
        vectors = self.arrays[name][[beyond, *numbers, beyond]]
        return np.concatenate([vectors[:-2], vectors[1:-1], vectors[2:]], axis=1)

    def _sums(self, words: list[list[str]]) -> Array:
        """The sum of the vectors of those words at each place that are in the dictionary."""
        unknown = [self.dictionary[UNKNOWN]]
        known = [[self.dictionary[word] for word in at if word in self.dictionary] or unknown for at in words]
        return np.stack([self.arrays["/_2"][numbers].sum(axis=0) for numbers in known])

    def words(self, sentence: str) -> list[str]:
        """The words of a sentence."""
        scores = self.model.network.forward(self.features(sentence)[:, None], self.model.params)[0][:, 0]
        trans = self.arrays["/_7"].astype(np.float64)
        first = np.where(np.arange(len(trans)) == BEFORE, 0.0, -1e10)
        tags = viterbi(scores.astype(np.float64), trans.T, (first + trans).max(axis=1), trans[AFTER])
        after_end = [True, *(tag in (END, SINGLE) for tag in tags[:-1])]
        return cut(sentence, [ends or tag == SINGLE for ends, tag in zip(after_end, tags, strict=True)])

    @property
    def proof(self) -> Proof:
        """All words of all sentences."""
        same = sum(self.words(sentence) == words for sentence, words in self.expected.items())
        return (Claim(f"of {len(self.expected)} sentences those with the words of nagisa", same, len(self.expected)),)

    @property
    def sequences(self) -> Sequences:
        """A sequence a sentence."""
        return self.read_by_the_first_layer([self.features(one).astype(np.float64) for one in self.expected])


def kind(letter: str) -> int:
    """Hiragana 0, katakana 1, kanji 2, Latin 3, digits 4, others 5."""
    return next((number for number, fits in enumerate(KINDS) if re.match(fits, letter)), len(KINDS))
