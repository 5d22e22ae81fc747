"""g2p-en: letters to phonemes. A GRU reads the letters of a word, and another says its phonemes one by one."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from lstm_sym.inputs import Sequences
from lstm_sym.interop import Model, from_state_dict
from lstm_sym.kernels import Array
from lstm_sym.shipped.archives import weights
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof

LETTERS = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
PHONEMES = (
    *("<pad>", "<unk>", "<s>", "</s>"),
    *"AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 EH2".split(),
    *"ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH".split(),
    *"T TH UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH".split(),
)
MOST_PHONEMES = 20


class Pronunciation(ShippedModel):
    """The encoder is measured, the decoder is of the proof."""

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        self.arrays = weights(files["weights"], package.content.members["weights"])
        self.model, self.decoder = self._gru("enc", package.name), self._gru("dec", f"{package.name} decoder")

    def _gru(self, part: str, name: str) -> Model:
        own = {f"{way}_{ih}": self.arrays[f"{part}_{way[0]}_{ih}"] for way in ("weight", "bias") for ih in ("ih", "hh")}
        return from_state_dict({f"{part}.{key}_l0": value for key, value in own.items()}, name=name)

    @cached_property
    def expected(self) -> dict[str, list[str]]:
        """Word -> the phonemes that the package itself gives; words that are not in its dictionary."""
        rows = (line.split() for line in self.package.beside("txt").splitlines())
        return {word: phonemes for word, *phonemes in rows}

    def letters(self, word: str) -> Array:
        """The letters of a word and its end, embedded: (T, 256)."""
        found: Array = self.arrays["enc_emb"][[LETTERS.index(letter) for letter in (*word, "</s>")]]
        return found

    def phonemes(self, words: Sequence[str]) -> list[list[str]]:
        """What the decoder says of each word, beginning in the state that the encoder ends in: the likeliest each time.

        A word ends with the phoneme "</s>", or after 20.
        """
        letters = [self.letters(word) for word in words]
        x = np.zeros((max(map(len, letters)), len(words), letters[0].shape[1]), letters[0].dtype)
        for k, read in enumerate(letters):
            x[: len(read), k] = read
        _, state, _ = self.model.network.forward(x, self.model.params, lengths=list(map(len, letters)))
        said, found = np.full(len(words), PHONEMES.index("<s>")), list[Array]()
        for _ in range(MOST_PHONEMES):
            x = self.arrays["dec_emb"][said][None]
            y, state, _ = self.decoder.network.forward(x, self.decoder.params, state)
            said = np.argmax(y[0] @ self.arrays["fc_w"].T + self.arrays["fc_b"], axis=-1)
            found.append(said)
        named = ([PHONEMES[number] for number in numbers] for numbers in np.stack(found, axis=1))
        return [[*itertools.takewhile(lambda phoneme: phoneme != "</s>", one)] for one in named]

    @property
    def proof(self) -> Proof:
        """All phonemes of all words."""
        words = [*self.expected]
        same = sum(map(operator.eq, self.phonemes(words), self.expected.values()))
        return (Claim(f"of {len(words)} words in no dictionary those with the phonemes of g2p-en", same, len(words)),)

    @property
    def sequences(self) -> Sequences:
        """A sequence a word."""
        return self.read_by_the_first_layer([self.letters(word).astype(np.float64) for word in self.expected])
