"""dksplit: the words of a domain. Letters, three LSTM layers in both directions, and the best sequence of two tags."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lstm_sym.inputs import Sequences
from lstm_sym.interop.model import Model, linear_layer
from lstm_sym.kernels import Array
from lstm_sym.networks import Network
from lstm_sym.shipped.archives import network, weights
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.decoding import cut, viterbi
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
"""From number 2 on."""
HEAD = "onnx::MatMul_584"


class DomainWords(ShippedModel):
    """The LSTM layers and the scores of the two tags are measured.

    The weights are whole numbers times a scale, exactly. What flows between the layers onnxruntime rounds to 8 bits as
    well, which is not done here, so that scores differ a little.
    """

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        name = package.content.members["weights"]
        read, self.arrays = network(files["weights"], name), weights(files["weights"], name)
        self.tags = weights(files["tags"], package.content.members["tags"])
        head = linear_layer("tags", HEAD, self._whole(HEAD).T, self.arrays["hidden2tag.bias"])
        layers = (*read.network.layers, head.layer)
        found = Network(layers, read.network.inputs, name=package.name)
        told = (*(line for line in read.told if line.startswith("layer")), head.told)
        self.model = Model(found, read.params | head.params, told, ())

    def _whole(self, name: str) -> Array:
        """What whole numbers stand for."""
        numbers, zero = self.arrays[f"{name}_quantized"], self.arrays[f"{name}_zero_point"]
        found: Array = (numbers.astype(np.float32) - np.float32(zero)) * self.arrays[f"{name}_scale"]
        return found

    @cached_property
    def expected(self) -> dict[str, list[str]]:
        """Domain -> its words by the package."""
        rows = (line.split() for line in self.package.beside("txt").splitlines())
        return {domain: words.split("|") for domain, words in rows}

    @cached_property
    def vectors(self) -> Array:
        """The vector of each letter."""
        return self._whole("embedding.weight")

    def features(self, domain: str) -> Array:
        """The letters, embedded: (T, 384)."""
        found: Array = self.vectors[[LETTERS.index(letter) + 2 for letter in domain]]
        return found

    def words(self, domain: str) -> list[str]:
        """The words of a domain."""
        scores = self.model.network.forward(self.features(domain)[:, None], self.model.params)[0][:, 0]
        best = viterbi(scores, *(self.tags[name] for name in ("transitions", "start_transitions", "end_transitions")))
        return cut(domain, [tag == 1 for tag in best])

    @property
    def proof(self) -> Proof:
        """All words of all domains."""
        same = sum(self.words(domain) == words for domain, words in self.expected.items())
        count = len(self.expected)
        return (Claim(f"of {count} domains those with the words of dksplit", same, count),)

    @property
    def sequences(self) -> Sequences:
        """A sequence a domain."""
        return self.read_by_the_first_layer([self.features(one).astype(np.float64) for one in self.expected])
