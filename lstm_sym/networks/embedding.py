"""Whole numbers to vectors: row w of a table for the word w."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.layer import Layer, Named, Pair, Passed, Returned, Run, Tangent
from lstm_sym.through_time.lengths import mask_of


@dataclass(frozen=True)
class Embedding(Layer):
    """y[t] = E[x[t]], E (tokens, size): the product of E with a one-hot x[t], which is never made.

    Attributes:
        tokens: how many there are; x holds whole numbers from 0 to tokens - 1.
        size: N, of each vector.
    """

    tokens: int
    size: int

    def width(self, inputs: int) -> int:
        """Its size. It is the first layer, and reads no units."""
        return self.size

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """The table."""
        return {"E": (self.tokens, self.size)}

    def init(self, inputs: int, rng: np.random.Generator, dtype: Any, fill: Mapping[str, float]) -> Named:
        """Normal numbers of variance 1, as PyTorch draws them."""
        return {"E": rng.standard_normal((self.tokens, self.size)).astype(dtype)}

    def forward(self, x: Array, params: Named, state: Named, run: Run) -> Passed:
        """x (T, B) -> (T, B, N), 0 in the padding, whatever x holds there."""
        mask = mask_of(run.lengths, len(x))
        words = self._checked(x, mask)
        return Passed(params["E"][words] * mask[..., None], {}, (words, mask))

    def backward(self, dy: Array, tape: Any, params: Named, dstate: Named) -> Returned:
        """Each row gets the sum over where its word stands; a word has no gradient."""
        words, mask = tape
        gradient = np.zeros(params["E"].shape, dy.dtype)
        np.add.at(gradient, words[mask], dy[mask])
        return Returned(None, {"E": gradient}, {})

    def jvp(self, x: Pair, params: tuple[Named, Named], state: tuple[Named, Named], run: Run) -> Tangent:
        """The same rows of the tangent."""
        y, _, (words, mask) = self.forward(x[0], params[0], {}, run)
        return Tangent(y, params[1]["E"][words] * mask[..., None], {}, {})

    def _checked(self, x: Array, mask: Array) -> Array:
        """The words, 0 in the padding. Raises NetworkError for what is no word."""
        if x.ndim != 2 or x.dtype.kind not in "iu":
            raise NetworkError(
                f"x, which layer {self.name} reads",
                f"an array of shape {x.shape} and dtype {x.dtype}, where whole numbers (T, B) belong",
                "one-hot vectors, or numbers that became floats in a table",
                "give the number of each word: x.argmax(axis=-1), or x.astype(int)",
            )
        words: Array = np.where(mask, x, 0)
        wrong = np.argwhere((words < 0) | (words >= self.tokens))
        if wrong.size:
            t, b = wrong[0]
            raise NetworkError(
                f"x[{t}, {b}], which layer {self.name} reads",
                f"{x[t, b]}, one of {len(wrong)} outside 0 to {self.tokens - 1}",
                "a word that was not counted, or numbers that begin at 1",
                f"number the words from 0, and give {self.name} as many tokens as there are words",
            )
        return words
