"""jieba: Chinese words and what they are. Characters, two GRU layers in both directions, and the best tags."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lstm_sym.inputs import Sequences
from lstm_sym.interop.model import ReadLayer, linear_layer, model_of, recurrent_layer
from lstm_sym.interop.paddle import gru_arrays
from lstm_sym.kernels import Array
from lstm_sym.shipped.archives import weights_of_files
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.decoding import cut, viterbi
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof

OTHER = "OOV"
"""The character in place of those that are not known."""
SPACE = "\u2423"
"""Stands for a space in the file of the expected words."""


class ChineseWords(ShippedModel):
    """The GRU layers and the scores of the 57 tags are measured."""

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        self.arrays = weights_of_files({name: data for name, data in files.items() if not name.endswith(".dic")})
        layers = [self._layer(k) for k in (0, 1)]
        head = linear_layer("tags", "fc_4", self.arrays["fc_4.w_0"].T, self.arrays["fc_4.b_0"])
        self.model = model_of(package.name, [*layers, head], self.arrays["word_emb"].shape[1], ())
        self.numbers = _numbered(files["word.dic"])
        self.tags = {number: tag for tag, number in _numbered(files["tag.dic"]).items()}

    def _layer(self, k: int) -> ReadLayer:
        """Each direction has a linear layer of its own, which reads what the layer below gives out."""
        ways = [gru_arrays(self.arrays, f"fc_{n}", f"gru_{n}") for n in (2 * k, 2 * k + 1)]
        return recurrent_layer(f"layer{k}", ("Paddle", "dynamic_gru", f"gru_{2 * k}, gru_{2 * k + 1}"), ways)

    @cached_property
    def expected(self) -> dict[str, list[tuple[str, str]]]:
        """Sentence -> its words by Paddle, each with its tag."""
        rows = (line.replace(SPACE, " ").split("\t") for line in self.package.beside("txt").splitlines())
        words = ([(word, tag) for word, _, tag in (one.rpartition("|") for one in row)] for row in rows)
        return {"".join(word for word, _ in row): row for row in words}

    def features(self, sentence: str) -> Array:
        """The characters, embedded: (T, 128)."""
        other = self.numbers[OTHER]
        found: Array = self.arrays["word_emb"][[self.numbers.get(letter, other) for letter in sentence]]
        return found

    def words(self, sentence: str) -> list[tuple[str, str]]:
        """The words of a sentence, each with its tag."""
        scores = self.model.network.forward(self.features(sentence)[:, None], self.model.params)[0][:, 0]
        first, last, *between = self.arrays["crfw"]
        tags = [self.tags[number] for number in viterbi(scores, np.array(between), first, last)]
        before = ["O", *tags[:-1]]
        begins = [tag.endswith("-B") or (tag == "O" and was != "O") for tag, was in zip(tags, before, strict=True)]
        kinds = [tags[0], *(tag for tag, begin in zip(tags[1:], begins[1:], strict=True) if begin)]
        return [(word, tag.split("-")[0]) for word, tag in zip(cut(sentence, begins), kinds, strict=True)]

    @property
    def proof(self) -> Proof:
        """All words and tags of all sentences."""
        same = sum(self.words(sentence) == words for sentence, words in self.expected.items())
        count = len(self.expected)
        return (Claim(f"of {count} sentences those with the words and tags of jieba", same, count),)

    @property
    def sequences(self) -> Sequences:
        """A sequence a sentence."""
        return self.read_by_the_first_layer([self.features(one).astype(np.float64) for one in self.expected])


def _numbered(data: bytes) -> dict[str, int]:
    """Lines of a number and a word, as words and their numbers."""
    rows = (line.split("\t") for line in data.decode("utf-8").splitlines())
    return {row[1]: int(row[0]) for row in rows if len(row) == 2}
