"""Random cases of a network, and the network as the checks of kernels call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import ModuleType
from typing import Any

import numpy as np

from lstm_sym.check.case import Array, Case
from lstm_sym.check.equations import Functions
from lstm_sym.check.kinks import DRAWS, distance_while, farthest, is_analytic
from lstm_sym.check.networks.equations import run_network
from lstm_sym.kernels import Array as AnyArray
from lstm_sym.networks import CellLayer, Embedding, Network, Pooling, Tape
from lstm_sym.networks.fields import Dotted, fields_of
from lstm_sym.networks.recurrence import RecurrenceGrads

NEAR = 2.0**-10
"""The largest step of a Taylor remainder: nearer to a kink, it would be crossed."""


@dataclass(frozen=True)
class AsKernel:
    """A network with the calls of a kernel, over sequences of these lengths.

    Where it reads words, they are its own, and the x of a case has no units.
    """

    network: Network
    words: Array | None = None
    lengths: Array | None = None

    @cached_property
    def Params(self) -> type[Dotted]:
        """The parameters, by their names in the network."""
        return fields_of("Params", [*self.network.shapes])

    @cached_property
    def State(self) -> type[Dotted]:
        """The states of all layers."""
        return fields_of("State", [*self.network.states])

    def forward(
        self, x: Any, params: Any, state: Any = None, *, precise: bool = False
    ) -> tuple[AnyArray, Dotted, Tape]:
        """y (T, B, M), or (B, M) above a pool, the last state, the tape."""
        first = None if state is None else state._asdict()
        y, last, tape = self.network.forward(
            self._read(x), params._asdict(), first, lengths=self.lengths, precise=precise
        )
        return y, self.State(**last), tape

    def backward(self, dy: Any, tape: Any, params: Any, dstate: Any = None) -> RecurrenceGrads:
        """The gradients of a loss."""
        given = None if dstate is None else dstate._asdict()
        found = self.network.backward(dy, tape, params._asdict(), given)
        x = found.x if self.words is None else np.zeros((*self.words.shape, 0))
        assert x is not None  # what reads words alone has none
        return RecurrenceGrads(x, self.Params(**found.params), self.State(**found.state))

    def jvp(
        self, x: Any, params: Any, state: Any = None, *, x_dot: Any, params_dot: Any, state_dot: Any
    ) -> tuple[AnyArray, AnyArray, Dotted, Dotted]:
        """y, the last state, and their tangents: y, y_dot, state, state_dot."""
        along = None if self.words is not None else x_dot
        y, y_dot, last, last_dot = self.network.jvp(
            self._read(x),
            params._asdict(),
            state._asdict(),
            x_dot=along,
            params_dot=params_dot._asdict(),
            state_dot=state_dot._asdict(),
            lengths=self.lengths,
        )
        return y, y_dot, self.State(**last), self.State(**last_dot)

    def _read(self, x: Any) -> Any:
        return x if self.words is None else self.words


def random_network_case(
    network: Network, *, steps: int = 5, batch: int = 3, seed: int = 0, lengths: Any = None
) -> tuple[AsKernel, Case]:
    """The network over drawn sequences, and all that a gradient needs, drawn: parameters as `init` draws them."""
    rng = np.random.default_rng(seed)
    lowest = network.layers[0]
    words = rng.integers(0, lowest.tokens, (steps, batch)) if isinstance(lowest, Embedding) else None
    kernel = AsKernel(network, words, None if lengths is None else np.asarray(lengths))
    params = network.init(rng)
    fresh = network.fresh(params, batch)
    state, dstate = (
        {name: np.asarray(rng.standard_normal(value.shape)) for name, value in fresh.items()} for _ in range(2)
    )
    sizes = {"T": steps, "B": batch, "D": network.inputs, "M": network.widths[-1]}
    shape = (batch, sizes["M"]) if network.pools else (steps, batch, sizes["M"])
    x = rng.standard_normal((steps, batch, network.inputs))
    return kernel, Case(sizes, x, params, state, rng.standard_normal(shape), dstate)


def smooth_network_case(network: Network, *, steps: int, seed: int) -> tuple[AsKernel, Case] | None:
    """A random case no quantity of which is near a kink; of several that are, the farthest; None where all are."""
    cells = [layer.cell for layer in network.layers if isinstance(layer, CellLayer)]
    maxima = any(isinstance(layer, Pooling) and layer.over == "max" for layer in network.layers)
    kernel, first = random_network_case(network, steps=steps, seed=seed)
    if all(map(is_analytic, cells)) and not maxima:
        return kernel, first

    def distance(drawn: tuple[AsKernel, Case]) -> float:
        return distance_while(partial(loss_by_equations, *drawn, drawn[1].named, np))

    draws = (random_network_case(network, steps=steps, seed=seed + 1000 * draw) for draw in range(DRAWS))
    found = farthest(draws, distance)
    return found if distance(found) > NEAR else None


def loss_by_equations(
    kernel: AsKernel, case: Case, given: Mapping[str, Any], module: ModuleType, functions: Functions | None = None
) -> Any:
    """L = sum dy y + sum dstate s[T] of what is `given`, named as `Case.named` names it, sequence by sequence."""
    steps, batch = case.sizes["T"], case.sizes["B"]
    params = {name: given[name] for name in case.params}
    total = 0.0
    for b, length in enumerate(np.full(batch, steps) if kernel.lengths is None else kernel.lengths):
        first = {name: given[f"{name}[0]"][b : b + 1] for name in case.state}
        x = given["x"][:length, b : b + 1] if kernel.words is None else kernel.words[:length, b]
        y, last = run_network(kernel.network, x, params, first, module, functions)
        weights = case.dy[b : b + 1] if kernel.network.pools else case.dy[:length, b]
        total = total + sum(module.sum(row * weight) for row, weight in zip(y, weights, strict=True))
        total = total + sum(module.sum(value * case.dstate[name][b]) for name, value in last.items())
    return total
