"""textgenrnn: the next letter. Embedding, two LSTM layers, a mean over 40 letters weighted by attention, softmax."""

from __future__ import annotations

import json
import operator
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from lstm_sym.inputs import Sequences
from lstm_sym.interop import Model
from lstm_sym.kernels import Array
from lstm_sym.shipped.archives import network, weights
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof

WINDOW = 40
"""Letters that are read; fewer are filled up with number 0, from the left."""
BEGIN = "<s>"


class NextLetter(ShippedModel):
    """The two LSTM layers are measured; attention and softmax above them are of the proof."""

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        name = package.content.members["weights"]
        read = network(files["weights"], name)
        params = {key: value for key, value in read.params.items() if not key.startswith("embedding.")}
        above = "above, in NumPy: attention over 40 letters, softmax"
        told = ("below, in NumPy: the vectors of letters", *read.told[1:3], above)
        self.model = Model(replace(read.network.over_vectors, name=package.name), params, told, ())
        self.vectors = read.params["embedding.E"]
        self.arrays = weights(files["weights"], name)
        self.numbers: dict[str, int] = json.loads(files["letters"])

    @cached_property
    def expected(self) -> tuple[str, Array, dict[str, str]]:
        """A text, the probabilities of its letters from the 41st on, and texts -> how the model goes on with them."""
        text, probabilities, *rest = self.package.beside("txt").splitlines()
        continued = (line.split("|") for line in rest)
        return text, np.array(probabilities.split(), dtype=np.float64), {text: letters for text, letters in continued}

    def windows(self, texts: Sequence[Sequence[str]]) -> Array:
        """The last 40 letters of each text, embedded: (40, B, 100)."""
        numbers = np.zeros((WINDOW, len(texts)), int)
        for k, text in enumerate(texts):
            last = [self.numbers.get(letter, 0) for letter in text[-WINDOW:]]
            numbers[WINDOW - len(last) :, k] = last
        found: Array = self.vectors[numbers]
        return found

    def probabilities(self, texts: Sequence[Sequence[str]]) -> Array:
        """Of every letter, to come next after each text: (B, 465)."""
        x, network = self.windows(texts), self.model.network
        first = replace(network, layers=network.layers[:1])
        own = {name: value for name, value in self.model.params.items() if name in first.shapes}
        every = [x, first.forward(x, own)[0], network.forward(x, self.model.params)[0]]
        seen = np.concatenate(every, axis=-1)
        share = softmax((seen @ self.arrays["attention/attention/attention_W:0"])[..., 0], axis=0)
        mean = (seen * share[..., None]).sum(axis=0)
        return softmax(mean @ self.arrays["output/output/kernel:0"] + self.arrays["output/output/bias:0"], axis=-1)

    def continued(self, texts: Sequence[str], count: int) -> list[str]:
        """The next letters of each text, each time the likeliest."""
        letters = {number: letter for letter, number in self.numbers.items()}
        grown = [[BEGIN, *text] for text in texts]
        for _ in range(count):
            for text, number in zip(grown, self.probabilities(grown).argmax(axis=-1), strict=True):
                text.append(letters[int(number)])
        return ["".join(text[-count:]) for text in grown]

    @property
    def proof(self) -> Proof:
        """Probabilities and texts as the layers of Keras give them; a text is far less surprising than by chance."""
        text, wanted, goes_on = self.expected
        places = range(WINDOW, WINDOW + len(wanted))
        every = self.probabilities([text[:at] for at in places])
        found = every[np.arange(len(wanted)), [self.numbers[text[at]] for at in places]]
        same = sum(map(operator.eq, self.continued([*goes_on], len(next(iter(goes_on.values())))), goes_on.values()))
        bits, apart = float(-np.log2(found).mean()), float(np.abs(found - wanted).max())
        return (
            Claim(f"largest difference to {len(wanted)} probabilities by Keras", apart, 1e-5, True),
            Claim(f"of {len(goes_on)} texts those that go on as by Keras", same, len(goes_on)),
            Claim(f"bits a letter of an English text, {np.log2(every.shape[1]):.1f} by chance", bits, 4.0, True),
        )

    @property
    def sequences(self) -> Sequences:
        """The text as one sequence."""
        numbers = [self.numbers[letter] for letter in self.expected[0]]
        return self.read_by_the_first_layer([self.vectors[numbers].astype(np.float64)])


def softmax(x: Array, axis: int) -> Array:
    """exp(x) / sum exp(x) along an axis."""
    found = np.exp(x - x.max(axis=axis, keepdims=True))
    whole: Array = found / found.sum(axis=axis, keepdims=True)
    return whole
