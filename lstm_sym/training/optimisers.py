"""Steps along a gradient: plain, with momentum, and Adam; with decayed weights, clipped gradients and schedules."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.networks.errors import NetworkError

Named = dict[str, Array]
Schedule = Callable[[int], float]
"""Number of the step, from 0 -> what the rate is multiplied by."""


@dataclass(frozen=True)
class Optimiser(ABC):
    """What of parameters and gradients makes new parameters. What it remembers is a dict of arrays, to be saved.

    Attributes:
        rate: the step size.
        decay: what weights lose of themselves at each step, times the rate (Loshchilov & Hutter 2019): of matrices
            alone, not of biases.
        clip: the largest norm of the gradient of all parameters together (Pascanu et al. 2013); None for any.
        schedule: what the rate is multiplied by, step by step; None for 1.
    """

    rate: float = 1e-3
    decay: float = 0.0
    clip: float | None = None
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        for name, wrong in (
            ("rate", self.rate <= 0),
            ("decay", self.decay < 0),
            ("clip", self.clip is not None and self.clip <= 0),
        ):
            if wrong:
                raise NetworkError(
                    f"{type(self).__name__}, {name}", f"{getattr(self, name)}", "a sign", "give a number above 0"
                )

    def step(self, params: Named, grads: Mapping[str, Array], memory: Named, number: int) -> tuple[Named, Named]:
        """The parameters after step `number` (from 0), and what is remembered; `memory` is empty at first.

        Raises NetworkError for a gradient that is not finite: nothing is changed then.
        """
        norm = norm_of(grads)
        if not math.isfinite(norm):
            name = next(name for name, value in grads.items() if not np.isfinite(value).all())
            raise NetworkError(
                f"gradient of {name}, step {number}",
                "it is not finite",
                "a rate so large that the loss ran away, or numbers in x of very different sizes",
                "clip the gradient, lower the rate, or standardise x",
            )
        scale = 1.0 if self.clip is None or norm <= self.clip else self.clip / norm
        rate = self.rate * (1.0 if self.schedule is None else self.schedule(number))
        new, remembered = Named(), Named()
        for name, value in params.items():
            move, kept = self.move(
                scale * grads[name], {k: memory[f"{k}/{name}"] for k in self.keeps if memory}, number
            )
            decayed = self.decay * value if value.ndim > 1 else 0.0
            new[name] = (value - rate * (move + decayed)).astype(value.dtype)
            remembered |= {f"{k}/{name}": part for k, part in kept.items()}
        return new, remembered

    @property
    @abstractmethod
    def keeps(self) -> tuple[str, ...]:
        """The names of what is remembered of each parameter."""

    @abstractmethod
    def move(self, gradient: Array, memory: Named, number: int) -> tuple[Array, Named]:
        """What is taken away of a parameter, times the rate, and what is remembered of it."""


@dataclass(frozen=True)
class SGD(Optimiser):
    """v <- momentum v + g, theta <- theta - rate v."""

    momentum: float = 0.0

    @property
    def keeps(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def move(self, gradient: Array, memory: Named, number: int) -> tuple[Array, Named]:
        """The velocity."""
        if not self.momentum:
            return gradient, {}
        velocity = self.momentum * memory["velocity"] + gradient if memory else gradient
        return velocity, {"velocity": velocity}


@dataclass(frozen=True)
class Adam(Optimiser):
    """theta <- theta - rate m^ / (sqrt(v^) + epsilon), means of g and g^2 without the bias of their start
    (Kingma & Ba 2015, Algorithm 1; with decay it is AdamW).
    """

    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    @property
    def keeps(self) -> tuple[str, ...]:
        """Both means."""
        return ("mean", "square")

    def move(self, gradient: Array, memory: Named, number: int) -> tuple[Array, Named]:
        """The mean over the root of the mean square."""
        (first, second), powers = self.betas, number + 1
        mean = (1 - first) * gradient + (first * memory["mean"] if memory else 0.0)
        square = (1 - second) * gradient**2 + (second * memory["square"] if memory else 0.0)
        unbiased = np.sqrt(square / (1 - second**powers))
        return mean / (1 - first**powers) / (unbiased + self.epsilon), {"mean": mean, "square": square}


def norm_of(grads: Mapping[str, Array]) -> float:
    """The norm of all gradients together."""
    return math.sqrt(sum(float(np.vdot(value, value).real) for value in grads.values()))


def warm_up(steps: int) -> Schedule:
    """From 0 to 1 in so many steps, then 1."""
    return lambda number: min(1.0, (number + 1) / steps)


def cosine(steps: int, last: float = 0.0) -> Schedule:
    """From 1 to `last` along half a cosine in so many steps (Loshchilov & Hutter 2017), then `last`."""
    return lambda number: last + (1 - last) * (1 + math.cos(math.pi * min(1.0, number / steps))) / 2


def halved_every(steps: int) -> Schedule:
    """1, and half as much after every so many steps."""
    return lambda number: 0.5 ** (number // steps)
