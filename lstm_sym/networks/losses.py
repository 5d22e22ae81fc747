"""Losses in their canonical form, L(z, y) = Phi(z) - <y, z> + c(y): what is derived of each is the gradient of Phi.

    softmax:   Phi(z) = ln sum_k exp(z_k),        grad Phi = softmax(z): the probability of each class
    logistic:  Phi(z) = sum_k softplus(z_k),      grad Phi = sigmoid(z): the probability of each yes
    squared:   Phi(z) = sum_k z_k^2 / 2,          grad Phi = z, c(y) = sum_k y_k^2 / 2

So dL/dz = grad Phi(z) - y (McCullagh & Nelder 1989, canonical links), and grad Phi is also what the network predicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lstm_sym.api.building import build
from lstm_sym.equations import Cell, parse
from lstm_sym.kernels import Array, Kernel
from lstm_sym.networks.errors import NetworkError


@dataclass(frozen=True)
class Loss:
    """A loss: the equation of Phi, and whether every unit holds the whole sum of it, as a reduction gives it."""

    name: str
    equation: str
    whole: bool = False

    @cached_property
    def cell(self) -> Cell:
        """Phi, as equations without a state."""
        return parse(self.equation, key=f"{self.name}_loss", stateless=True)

    @cached_property
    def kernel(self) -> Kernel:
        """The kernel of Phi, whose backward pass is its gradient."""
        return build(self.cell)

    def predicted(self, z: Any) -> Array:
        """grad Phi(z) (..., K): probabilities of classes, of each yes, or the numbers themselves."""
        return self._potential(np.asarray(z))[1]

    def value(self, z: Any, target: Any, weights: Any = None) -> tuple[Any, Array]:
        """The mean of L over all samples, and its gradient: z (..., K) -> a number, dL/dz (..., K).

        target: (..., K), numbers, or probabilities between 0 and 1; of softmax (...) also the number of each class.
        weights: (...), 0 for samples that do not count, as those of the padding. Raises NetworkError.
        """
        z = np.asarray(z)
        y = self._checked(z, target, weights)
        weights = np.ones(z.shape[:-1]) if weights is None else np.asarray(weights, float)
        share = (weights / weights.sum())[..., None].astype(z.real.dtype)
        potential, predicted = self._potential(z)
        each = potential - (y * z).sum(axis=-1)
        each = each + (y * y).sum(axis=-1) / 2 if self.name == "squared" else each
        return (share[..., 0] * each).sum(), share * (predicted - y)

    def _potential(self, z: Array) -> tuple[Array, Array]:
        """Phi(z) (...) and its gradient (..., K)."""
        rows = z.reshape(1, -1, z.shape[-1])
        params = self.kernel.Params()
        phi, _, tape = self.kernel.forward(rows, params, precise=True)
        part = 1 / z.shape[-1] if self.whole else 1.0
        gradient = self.kernel.backward(np.full_like(phi, part), tape, params).x
        return (part * phi).sum(axis=-1).reshape(z.shape[:-1]), gradient.reshape(z.shape)

    def _checked(self, z: Array, target: Any, weights: Any) -> Array:
        """The target as numbers like z; 0 where a weight is. Raises NetworkError for one that does not fit."""
        y, classes = np.asarray(target), z.shape[-1]
        counted = np.ones(z.shape[:-1], bool) if weights is None else np.asarray(weights) > 0
        if self.name == "softmax" and y.shape == z.shape[:-1] and y.dtype.kind in "iu":
            _refuse(np.argwhere(counted & ((y < 0) | (y >= classes))), y, f"0 to {classes - 1}, the classes there are")
            y = np.eye(classes)[np.where(counted, y, 0)]
        if y.shape != z.shape:
            kinds = f"{z.shape}" + (f", or {z.shape[:-1]} of whole numbers," if self.name == "softmax" else "")
            raise NetworkError(
                "target",
                f"an array of shape {y.shape} and dtype {y.dtype}, where {kinds} belongs",
                "labels of other samples, an axis too few, or classes as text",
                "give one target a sample, in the layout of the output",
            )
        allowed = "numbers" if self.name == "squared" else "probabilities, from 0 to 1"
        wrong = ~np.isfinite(y) if self.name == "squared" else ~((y >= 0) & (y <= 1))
        _refuse(np.argwhere(counted[..., None] & wrong), y, allowed)
        return np.where(counted[..., None], y, 0).astype(z.real.dtype)


def _refuse(wrong: Array, y: Array, allowed: str) -> None:
    """Raises NetworkError for the first of the places where a target is wrong."""
    if wrong.size:
        place = tuple(wrong[0].tolist())
        raise NetworkError(
            f"target{list(place)}",
            f"{y[place]}, one of {len(wrong)} that are not {allowed}",
            "a class that was never counted, labels that begin at 1, or missing values",
            "number classes from 0, and give the output layer as many units as there are classes",
        )


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("softmax", "phi[t] = log(sum(exp(z[t] - max(z[t])))) + max(z[t])", whole=True),
        Loss("logistic", "phi[t] = softplus(z[t])"),
        Loss("squared", "phi[t] = 0.5 * z[t] ** 2"),
    )
}
"""Name -> loss."""
