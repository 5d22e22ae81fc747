"""A network as a kernel: one recurrence over the states of all its layers, for all that takes a kernel.

    kernel = Recurrence(network)                   # layers that run forward, one above the other
    run = flow.record(kernel, kernel.Params(**params), x)

Within a step each layer reads what the layer below has just given out, x_l = y_(l-1). So with the Jacobians of its
kernel, A = ds/ds', B = ds/dx, C = dy/ds', D = dy/dx at step t (s' the state before),

    ds_l/ds'_k = A_l [k = l] + B_l dx_l/ds'_k,      dx_(l+1)/ds'_k = C_l [k = l] + D_l dx_l/ds'_k,

from below, dx_1/dx = 1: exact, and of the kernels' own derivation.

A pool that keeps the last step of a sequence is passed over: what is given out at a step is what the network gives of a
sequence that ends there.

With `output_is_a_state` there is one state more: what the network gives out. Nothing reads it, and so whatever measures
a state measures it: d logit[T] / dx[t] is the input sensitivity of the output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.networks.cell_layer import CellLayer
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.fields import Dotted, fields_of
from lstm_sym.networks.jacobians import by_input, by_state, rows_of_output
from lstm_sym.networks.network import Network
from lstm_sym.networks.pooling import Pooling

Entering = Callable[[int], tuple[Array, Array] | None]
"""Number of a layer -> its A and C; None where nothing is to enter there."""


@dataclass(frozen=True)
class RecurrenceTape:
    """The tapes of all layers; as a sequence, their arrays."""

    layers: tuple[Any, ...]

    def __iter__(self) -> Iterator[Array]:
        return (array for tape in self.layers for array in tape)


class RecurrenceGrads(NamedTuple):
    """Gradients of a loss: of the input, the parameters, the initial state."""

    x: Array
    params: Dotted
    state: Dotted


@dataclass(frozen=True)
class Recurrence:
    """The layers of a network as one kernel, with calls as in docs/kernels.md; nothing is dropped out.

    Where an embedding is the first layer, x are its vectors. Raises NetworkError: a layer that runs backward, a pool
    but one that keeps the last step below no other state.
    """

    network: Network
    output_is_a_state: bool = False

    def __post_init__(self) -> None:
        for number, layer in enumerate(self.network.layers):
            if isinstance(layer, CellLayer):
                wrong = "it runs backward over time" if layer.direction != "forward" else ""
            else:
                wrong = "it makes one vector of many steps" if layer.pools and not self._keeps_last(number) else ""
            if wrong:
                raise NetworkError(
                    f"{self.network.name}, layer {layer.name}",
                    wrong,
                    "what such a network gives out at a step depends on later ones: it is no recurrence",
                    "measure it on both sides: networks.sensitivity_map(network, params, x)",
                )

    def _keeps_last(self, number: int) -> bool:
        """Whether this pool keeps the last step, and no layer above it has a state, which would begin anew there."""
        layer, above = self.network.layers[number], self.network.layers[number + 1 :]
        carried = any(isinstance(upper, CellLayer) and _states(upper) for upper in above)
        return isinstance(layer, Pooling) and layer.over == "last" and not carried

    @cached_property
    def layers(self) -> tuple[CellLayer, ...]:
        """The layers that compute, from below."""
        return tuple(layer for layer in self.network.layers if isinstance(layer, CellLayer))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The units of the states of each layer."""
        widths = zip(self.network.layers, self.network.widths, strict=False)
        return tuple(sum(layer.states(read).values()) for layer, read in widths if isinstance(layer, CellLayer))

    @property
    def __name__(self) -> str:
        return self.network.name

    @property
    def CONTENT_HASH(self) -> str:
        """Those of the cells, from below."""
        return "-".join(layer.kernel.CONTENT_HASH for layer in self.layers)

    @property
    def OUTPUT(self) -> str:
        """What the network gives out: a state of the last layer, or another quantity of it."""
        return f"{self.layers[-1].name}.{self.layers[-1].kernel.OUTPUT}"

    @cached_property
    def Params(self) -> type[Dotted]:
        """The parameters, by their names in the network."""
        own = {layer.name for layer in self.layers}
        return fields_of("Params", [name for name in self.network.shapes if name.partition(".")[0] in own])

    @cached_property
    def State(self) -> type[Dotted]:
        """The states of all layers."""
        names = [f"{layer.name}.{name}" for layer in self.layers for name in _states(layer)]
        return fields_of("State", [*names, *([self.OUTPUT] if self.adds else [])])

    @property
    def adds(self) -> bool:
        """Whether the output, which is no state of the last layer, stands among the states."""
        return self.output_is_a_state and self.layers[-1].cell.output not in _states(self.layers[-1])

    def init(
        self, input_size: int, hidden_size: int, *, rng: Any = None, dtype: Any = np.float64, **fill: float
    ) -> Dotted:
        """The parameters, drawn; the sizes are those of the network, whatever is asked for."""
        drawn = self.network.init(0 if rng is None else rng, dtype=dtype, fill=fill)
        return self.Params(**{name: drawn[name] for name in self.Params._fields})

    def forward(
        self, x: Any, params: Any, state: Any = None, *, precise: bool = False
    ) -> tuple[Array, Dotted, RecurrenceTape]:
        """x (T, B, D) -> y (T, B, H), the last state, the tape."""
        tapes, last, y = [], [], x
        for layer in self.layers:
            first = _first(layer, state)
            y, left, tape = layer.kernel.forward(y, _part(layer, layer.kernel.Params, params), first, precise=precise)
            tapes.append(tape)
            last += [*left]
        return y, self.State(*last, *self._given_out(y, state)), RecurrenceTape(tuple(tapes))

    def step(self, x_t: Array, state: Any, params: Any) -> tuple[Array, Dotted]:
        """One step: x_t (B, D) -> y_t (B, H) and the new state."""
        last, y = [], x_t
        for layer in self.layers:
            own: Any = layer.kernel.State
            y, left = layer.kernel.step(y, _part(layer, own, state), _part(layer, layer.kernel.Params, params))
            last += [*left]
        return y, self.State(*last, *([y] if self.adds else []))

    def backward(self, dy: Any, tape: RecurrenceTape, params: Any, dstate: Any = None) -> RecurrenceGrads:
        """The gradients of a loss: dy = dL/dy (T, B, H), dstate = dL/d(last state)."""
        grads: dict[str, Array] = {}
        first: dict[str, Array] = {}
        unread: tuple[Array, ...] = ()
        if self.adds:
            seen = np.zeros(np.shape(dy)[1:]) if dstate is None else np.asarray(getattr(dstate, self.OUTPUT))
            unread = (np.zeros_like(seen) if len(dy) else seen,)
            dy = np.concatenate((dy[:-1], dy[-1:] + seen))
        for layer, own in zip(self.layers[::-1], tape.layers[::-1], strict=True):
            given = _part(layer, layer.kernel.Params, params)
            found = layer.kernel.backward(dy, own, given, _first(layer, dstate))
            dy = found.x
            grads |= {f"{layer.name}.{name}": value for name, value in found.params._asdict().items()}
            first |= {f"{layer.name}.{name}": value for name, value in found.state._asdict().items()}
        state = [first[name] for name in self.State._fields if name in first]
        return RecurrenceGrads(dy, self.Params(**grads), self.State(*state, *unread))

    def jvp(
        self,
        x: Any,
        params: Any,
        state: Any = None,
        *,
        x_dot: Any = None,
        params_dot: Any = None,
        state_dot: Any = None,
    ) -> tuple[Array, Array, Dotted, Dotted]:
        """Forward mode: y, its tangent, the last state, its tangent."""
        y, y_dot, last, last_dot = x, x_dot, [], []
        for layer in self.layers:
            kind = layer.kernel.Params
            y, y_dot, left, left_dot = layer.kernel.jvp(
                y,
                _part(layer, kind, params),
                _first(layer, state),
                x_dot=y_dot,
                params_dot=None if params_dot is None else _part(layer, kind, params_dot),
                state_dot=_first(layer, state_dot),
            )
            last += [*left]
            last_dot += [*left_dot]
        ends = self._given_out(y, state), self._given_out(y_dot, state_dot)
        return y, y_dot, self.State(*last, *ends[0]), self.State(*last_dot, *ends[1])

    def _given_out(self, y: Array, state: Any) -> list[Array]:
        """What the network gave out at the last step, before the first what the state says, where it is a state."""
        if not self.adds:
            return []
        if len(y):
            return [y[-1]]
        return [np.zeros(y.shape[1:], y.dtype) if state is None else np.asarray(getattr(state, self.OUTPUT))]

    def jacobian(self, tape: RecurrenceTape, params: Any, t: Any = slice(None)) -> Array:
        """ds[t]/ds[t-1] over the states of all layers, (..., B, S, S)."""
        return self._widened(*self._before(tape, params, t))

    def input_jacobian(self, tape: RecurrenceTape, params: Any, t: Any = slice(None)) -> Array:
        """ds[t]/dx[t], (..., B, S, D)."""
        by_states, by_output = self._input(tape, params, t)
        return np.concatenate((by_states, by_output), axis=-2) if self.adds else by_states

    def output_jacobian(self, tape: RecurrenceTape, params: Any, t: Any = slice(None)) -> Array:
        """dy[t]/ds[t-1] of what the network gives out, (..., B, M, S)."""
        return self._before(tape, params, t)[1]

    def output_input_jacobian(self, tape: RecurrenceTape, params: Any, t: Any = slice(None)) -> Array:
        """dy[t]/dx[t] of what the network gives out, (..., B, M, D)."""
        return self._input(tape, params, t)[1]

    def jacobian_parts(self, tape: RecurrenceTape, params: Any, t: Any = slice(None)) -> dict[str, Array]:
        """ds[t]/ds[t-1] by layer and equation through which the flow enters the step; the sum is `jacobian`."""
        parts = {}
        for number, (layer, own) in enumerate(zip(self.layers, tape.layers, strict=True)):
            _refuse_parts(layer, above=number + 1 < len(self.layers) or self.adds)
            given = own, _part(layer, layer.kernel.Params, params), t
            for name, part in layer.kernel.jacobian_parts(*given).items() if _states(layer) else ():
                rows = rows_of_output(layer, own)
                entering = {number: (part, part[..., rows, :] if rows is not None else part[..., :0, :])}
                parts[f"{layer.name}.{name}"] = self._widened(*self._composed(tape, params, t, entering.get))
        return parts

    def _widened(self, states: Array, output: Array) -> Array:
        """The Jacobian of the states, and of the output where it stands among them, which no step reads."""
        if not self.adds:
            return states
        both = np.concatenate((states, output), axis=-2)
        return np.concatenate((both, np.zeros((*both.shape[:-1], output.shape[-2]), both.dtype)), axis=-1)

    def log_terms(self, tape: RecurrenceTape, params: Any, t: Any = slice(None)) -> dict[str, Array]:
        """ln of gates and slopes of every layer, by layer and name."""
        return {
            f"{layer.name}.{name}": value
            for layer, own in zip(self.layers, tape.layers, strict=True)
            for name, value in layer.kernel.log_terms(own, _part(layer, layer.kernel.Params, params), t).items()
        }

    def _before(self, tape: RecurrenceTape, params: Any, t: Any) -> tuple[Array, Array]:
        """Of all states and the output, by the states before."""

        def entering(number: int) -> tuple[Array, Array]:
            layer, own = self.layers[number], tape.layers[number]
            return by_state(layer, own, _part(layer, layer.kernel.Params, params), t)

        return self._composed(tape, params, t, entering)

    def _composed(self, tape: RecurrenceTape, params: Any, t: Any, entering: Entering) -> tuple[Array, Array]:
        """Of all states and the output, by the states before, of what enters at each layer."""
        total, start = sum(self.sizes), 0
        states: list[Array] = []
        below: Array | None = None
        for number, (layer, size) in enumerate(zip(self.layers, self.sizes, strict=True)):
            b, d = by_input(layer, tape.layers[number], _part(layer, layer.kernel.Params, params), t)
            rows, given = np.concatenate((b, d), axis=-2), entering(number)
            found = np.zeros((*rows.shape[:-1], total), rows.dtype) if below is None else rows @ below
            if given is not None:
                own = np.concatenate(given, axis=-2)
                found[..., : own.shape[-2], start : start + size] += own
            states.append(found[..., :size, :])
            below = found[..., size:, :]
            start += size
        assert below is not None
        return np.concatenate(states, axis=-2), below

    def _input(self, tape: RecurrenceTape, params: Any, t: Any) -> tuple[Array, Array]:
        """Of all states and the output, by the input."""
        states: list[Array] = []
        below: Array | None = None
        for layer, size, own in zip(self.layers, self.sizes, tape.layers, strict=True):
            b, d = by_input(layer, own, _part(layer, layer.kernel.Params, params), t)
            rows = np.concatenate((b, d), axis=-2)
            rows = rows if below is None else rows @ below
            states.append(rows[..., :size, :])
            below = rows[..., size:, :]
        assert below is not None
        return np.concatenate(states, axis=-2), below


def _states(layer: CellLayer) -> tuple[str, ...]:
    """The names of the states of a layer, in order."""
    return layer.cell.states


def _first(layer: CellLayer, state: Any) -> Any:
    """The state of one layer; None where none is given, or it has none."""
    return None if state is None or not _states(layer) else _part(layer, layer.kernel.State, state)


def _part(layer: CellLayer, kind: Any, named: Any) -> Any:
    """The parameters or the state of one layer, as its own kernel names them."""
    return kind(**{name: getattr(named, f"{layer.name}.{name}") for name in kind._fields})


def _refuse_parts(layer: CellLayer, above: bool) -> None:
    """Raise NetworkError where a layer gives on what is none of its states, of which no kernel has parts."""
    if above and layer.cell.states and layer.cell.output not in layer.cell.states:
        raise NetworkError(
            f"layer {layer.name}",
            f"its output {layer.cell.output} is no state, and its Jacobian comes in no parts",
            "a cell with an output layer of its own below another layer",
            "let the output layer be a layer of its own: dense = ...",
        )
