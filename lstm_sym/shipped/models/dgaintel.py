"""dgaintel: whether a domain was made up by a program. Letters, a convolution, a pool, an LSTM, and a probability."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lstm_sym.inputs import Sequences
from lstm_sym.interop.model import linear_layer, model_of, recurrent_layer
from lstm_sym.kernels import Array
from lstm_sym.networks.layer import below
from lstm_sym.shipped.archives import weights
from lstm_sym.shipped.catalogue import Package
from lstm_sym.shipped.convolution import convolved
from lstm_sym.shipped.models.base import Files, ShippedModel
from lstm_sym.shipped.proofs import Claim, Proof

LETTERS = "-.0123456789_abcdefghijklmnopqrstuvwxyz"
LENGTH = 82
"""Letters that are read; a shorter domain is filled up with letter 0."""
KNOWN = 50
"""So many of the domains are of well-known sites; the others were drawn at random."""


class DomainJudge(ShippedModel):
    """The LSTM and the logit at its last step are measured."""

    readout = np.ones(1)

    def __init__(self, package: Package, files: Files) -> None:
        super().__init__(package, files)
        arrays = weights(files["weights"], package.content.members["weights"])
        self.arrays = {
            key.split("/", 2)[-1].removesuffix(":0"): value
            for key, value in arrays.items()
            if key.startswith("model_weights/")
        }
        lstm = recurrent_layer("lstm", ("Keras", "LSTM", "lstm_4"), [below("lstm_4/", self.arrays)])
        weight, bias = self.arrays["dense_4/kernel"].T, self.arrays["dense_4/bias"]
        inputs = len(self.arrays["lstm_4/kernel"])
        self.model = model_of(package.name, [lstm, linear_layer("logit", "dense_4", weight, bias)], inputs, ())

    @cached_property
    def expected(self) -> dict[str, float]:
        """Domain -> the probability that the package gives it."""
        rows = (line.split() for line in self.package.beside("txt").splitlines())
        return {domain: float(probability) for domain, probability in rows}

    def features(self, domain: str) -> Array:
        """What the LSTM reads: (41, 128); letters by two, then filling."""
        numbers = np.zeros(LENGTH, int)
        numbers[: len(domain)] = [LETTERS.index(letter) for letter in domain]
        x = self.arrays["embedding_4/embeddings"][numbers].T[None]
        kernel = self.arrays["conv1d_4/kernel"].transpose(2, 1, 0)
        found = np.maximum(0, convolved(x, kernel, self.arrays["conv1d_4/bias"], 1))[0].T
        pooled: Array = found.reshape(LENGTH // 2, 2, -1).max(axis=1)
        return pooled

    @property
    def proof(self) -> Proof:
        """Every probability as the package has it; small for known sites, large for letters drawn at random."""
        x = np.stack([self.features(domain) for domain in self.expected], axis=1)
        logits = self.model.network.forward(x, self.model.params)[0][-1, :, 0]
        found, wanted = 0.5 + 0.5 * np.tanh(0.5 * logits), np.array([*self.expected.values()])
        apart, known, drawn = np.abs(found - wanted).max(), found[:KNOWN].max(), np.median(found[KNOWN:])
        return (
            Claim(f"largest difference to {len(found)} probabilities of dgaintel", float(apart), 1e-6, True),
            Claim(f"largest probability of {KNOWN} well-known domains", float(known), 0.1, True),
            Claim(f"median probability of {len(found) - KNOWN} domains drawn at random", float(drawn), 0.9),
        )

    @property
    def sequences(self) -> Sequences:
        """A sequence a domain."""
        return self.read_by_the_first_layer([self.features(one).astype(np.float64) for one in self.expected])
