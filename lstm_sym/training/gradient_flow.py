"""How the flow of gradients through a network changes while it is trained: a measure for `fit`.

    measure = FlowMeasure(network, x, lags=30)
    found = fit(network, data, measure=measure)
    found.history[-1]["half-life"], found.history[-1]["share of lstm.f"]

Everything is measured by `lstm_sym.flow` on the network as one recurrence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_sym import flow
from lstm_sym.kernels import Array
from lstm_sym.networks import Embedding, Network, Recurrence


@dataclass(frozen=True, eq=False)
class FlowMeasure:
    """Numbers of the gradient flow through a network, over sequences x, of its parameters at the time:

        half-life              of ||d output[T] / d x[T - lag]||, in steps, by its decay over all lags; inf without one
        ln sensitivity         ln ||d output[T] / d x[T - lags]||: what reaches the input so many steps back
        half-life of lstm.c    of ||d c[T] / d c[T - lag]||, of each state of each layer
        share of lstm.f        of the flow from step T - lags to T that enters steps by this equation; they sum to 1

    The first three are of medians over the end points; shares are means over steps and sequences, along the direction
    that is kept longest. All are NaN in an epoch in which one cannot be measured, as where all units of relu rest.

    Attributes:
        network: layers that run forward. x: (T, B, D), or (T, B) words. lags: how far back, fewer than T steps.
        ends: how many end points of each sequence, or at which steps; None for each that has `lags` steps before it.

    Raises NetworkError and FlowError, when it is made, for what cannot be measured of the network as it is drawn.
    """

    network: Network
    x: Any
    lags: int
    ends: Any = None
    names: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self._measured(self.network.init(0))))

    def __call__(self, params: Mapping[str, Array]) -> dict[str, float]:
        """The numbers, by name."""
        try:
            return self._measured(params)
        except flow.FlowError:
            return dict.fromkeys(self.names, float("nan"))

    def _measured(self, params: Mapping[str, Array]) -> dict[str, float]:
        how: Any = {"lags": self.lags, "ends": self.ends}
        whole = flow.input_sensitivity(self._run(params, output_is_a_state=True), **how)
        states = self._run(params, output_is_a_state=False)
        found = {"half-life": whole.half_life(), "ln sensitivity": float(whole.median()[-1])}
        for name in states.states:
            of_state = flow.state_sensitivity(states, output=name, source=name, **how)
            found[f"half-life of {name}"] = of_state.half_life()
        window: Any = {"first": len(states) - self.lags, "last": len(states) - 1}
        shares = [flow.gate_shares(states, sequence=b, **window).mean() for b in range(states.batch)]
        return found | {f"share of {name}": float(np.mean([share[name] for share in shares])) for name in shares[0]}

    def _run(self, params: Mapping[str, Array], output_is_a_state: bool) -> flow.Trajectory:
        """The network over x, as one recurrence."""
        kernel: Any = Recurrence(self.network, output_is_a_state)
        first, x = self.network.layers[0], np.asarray(self.x)
        vectors = params[f"{first.name}.E"][x] if isinstance(first, Embedding) else x
        return flow.record(kernel, kernel.Params(**{name: params[name] for name in kernel.Params._fields}), vectors)
