"""A layer of equations: a recurrent cell over time, in one direction or both, or equations without a state."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lstm_sym import through_time
from lstm_sym.api.building import build
from lstm_sym.equations import Cell, parse
from lstm_sym.equations.sizes import number_of
from lstm_sym.kernels import Array, Fields, Kernel
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.initial import SCHEMES, Parts, parts_of, redrawn
from lstm_sym.networks.layer import Layer, Named, Pair, Passed, Returned, Run, Tangent, above, below
from lstm_sym.networks.sizes import layer_sizes, parameter_shapes

WAYS = {"forward": (("", False),), "backward": (("", True),), "both": (("ahead.", False), ("back.", True))}
"""Direction -> for each pass over time, what stands before its names, and whether it runs from the last step."""
JOINS = ("concat", "sum", "mean")


@dataclass(frozen=True)
class CellLayer(Layer):
    """The equations of a cell at every step: h_l[t] = cell(h_{l-1}[t], state).

    Attributes:
        cell: its equations; without a state they are a map, as y[t] = sigmoid(V @ x[t] + b).
        size: H, the size of its first state, or of what it gives out if it has none.
        sizes: the other sizes that the equations have, by their symbols: {"K": 10}.
        direction: "forward", "backward", "both": with parameters of their own (Schuster & Paliwal 1997). Each sequence
            is read backwards within its own length.
        join: how the outputs of both directions become one: side by side, "concat", their "sum" or "mean".
        initial: how its parameters are drawn: "uniform", "pytorch", "keras", "orthogonal", "identity", "critical"
            (initial.py).
        chrono: T_max, up to which its gates keep their state at first; None leaves their biases to `initial`.
    """

    cell: Cell
    size: int
    sizes: Mapping[str, int] = field(default_factory=dict)
    direction: str = "forward"
    join: str = "concat"
    initial: str = "uniform"
    chrono: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cell, Cell):
            raise NetworkError(
                f"layer {self.name}",
                f"its cell is {self.cell!r}",
                "the name of a cell in its place",
                "give ls.cell(name)",
            )
        for what, given, known in (
            ("direction", self.direction, tuple(WAYS)),
            ("join", self.join, JOINS),
            ("initial", self.initial, tuple(SCHEMES)),
        ):
            if given not in known:
                raise NetworkError(
                    f"layer {self.name}, {what}", f"{given!r}", "a word of another library", f"write {', '.join(known)}"
                )
        if not self.cell.input:
            raise NetworkError(
                f"layer {self.name}",
                f"the cell {self.cell.key} reads no input",
                "a map that runs by itself, as henon does",
                "a layer reads what the layer below gives out: take a cell with an input",
            )
        if self.chrono is not None and not (self.chrono > 2 and self.parts.keeping):
            raise NetworkError(
                f"layer {self.name}, chrono",
                f"{self.chrono}, with {len(self.parts.keeping)} gates that keep a state and have a bias",
                "a time of a step or two, or a cell without a gate",
                "give the longest time that is to be kept, more than 2 steps, to a cell with a forget gate",
            )

        if self.initial == "critical":
            self._check_critical()

    def _check_critical(self) -> None:
        """Raise NetworkError where no gain is critical: by the cell, or for gates of different times."""
        try:
            _ = self.parts.critical
        except NetworkError as error:
            raise NetworkError(f"layer {self.name}, {error.where}", error.found, error.why, error.fix) from error
        if self.chrono is not None:
            raise NetworkError(
                f"layer {self.name}, chrono",
                "biases that differ between units, for which there is no one critical gain",
                "two ways to begin, asked for at once",
                "leave chrono out, and fill the bias of the gate; or take another initial",
            )

    @cached_property
    def parts(self) -> Parts:
        """What its parameters are."""
        return parts_of(self.cell)

    @property
    def ways(self) -> tuple[tuple[str, bool], ...]:
        """For each pass over time, what stands before its names, and whether it runs from the last step."""
        return WAYS[self.direction]

    @cached_property
    def kernel(self) -> Kernel:
        """The kernel of its equations."""
        return build(self.cell)

    def width(self, inputs: int) -> int:
        """The output of one direction, or both side by side."""
        beside = len(self.ways) if self.join == "concat" else 1
        return number_of(self.cell.shapes[self.cell.output][0], self.numbers(inputs)) * beside

    def numbers(self, inputs: int) -> dict[str, int]:
        """The number behind each symbolic size, where so many units are read. Raises NetworkError."""
        return layer_sizes(f"layer {self.name}", self.cell, inputs, self.size, self.sizes)

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Name of a parameter -> its shape, where so many units are read."""
        own = parameter_shapes(self.cell, self.numbers(inputs), f"layer {self.name}")
        return {prefix + name: shape for prefix, _ in self.ways for name, shape in own.items()}

    def states(self, inputs: int) -> dict[str, int]:
        """Name of a state -> its units, where so many are read."""
        numbers = self.numbers(inputs)
        own = {name: number_of(self.cell.shapes[name][0], numbers) for name in self.cell.states}
        return {prefix + name: units for prefix, _ in self.ways for name, units in own.items()}

    def init(self, inputs: int, rng: np.random.Generator, dtype: Any, fill: Mapping[str, float]) -> Named:
        """Drawn as `initial` and `chrono` say, for each direction its own; `fill` comes last."""
        found = Named()
        for prefix, _ in self.ways:
            drawn = self._one_way(inputs, rng, dtype, fill)._asdict()
            if self.initial != "uniform" or self.chrono is not None:
                kept = {name: drawn[name] for name in fill}
                how: Any = {"scheme": self.initial, "chrono": self.chrono, "size": self.size, "fill": fill}
                new = redrawn(self.parts, drawn, rng, **how)
                drawn = new | kept
            found |= above(prefix, drawn)
        return found

    def _one_way(self, inputs: int, rng: np.random.Generator, dtype: Any, fill: Mapping[str, float]) -> Fields:
        parameter_shapes(self.cell, self.numbers(inputs), f"layer {self.name}")
        try:
            return self.kernel.init(inputs, self.size, rng=rng, dtype=dtype, **self._further(), **fill)
        except (TypeError, ValueError) as error:
            raise NetworkError(
                f"layer {self.name}",
                f"its parameters cannot be drawn: {error}",
                "a name in `fill` that is no vector, or a value beyond its bounds",
                "fill vectors of this layer by their names, as {'lstm.b_f': 1.0}",
            ) from error

    def _further(self) -> dict[str, int]:
        """The sizes that init() of the kernel is told by their symbols."""
        wanted = inspect.signature(self.kernel.init).parameters
        return {name: number for name, number in self.sizes.items() if name in wanted}

    def fresh(self, inputs: int, batch: int, params: Named) -> Named:
        """What the kernel begins with: 0, or what the cell file says."""
        found = Named()
        for prefix, _ in self.ways:
            own = self.kernel.Params(**below(prefix, params))
            _, state, _ = self.kernel.forward(np.zeros((0, batch, inputs)), own)
            found |= above(prefix, state._asdict())
        return found

    def reads_back(self, state: str) -> bool:
        """Whether it is of the pass from the last step to the first."""
        return any(reverse and state.startswith(prefix) for prefix, reverse in self.ways)

    def forward(self, x: Array, params: Named, state: Named, run: Run) -> Passed:
        """Both directions over the sequences, each to its own last step."""
        outputs, states, tapes = [], Named(), []
        for prefix, reverse in self.ways:
            first = self.kernel.State(**below(prefix, state)) if state else None
            own = self.kernel.Params(**below(prefix, params))
            y, last, tape = through_time.forward(
                self.kernel, x, own, first, lengths=run.lengths, reverse=reverse, precise=run.precise
            )
            outputs.append(y)
            tapes.append(tape)
            states |= above(prefix, last._asdict())
        return Passed(self._joined(outputs), states, tapes)

    def backward(self, dy: Array, tape: Any, params: Named, dstate: Named) -> Returned:
        """The gradients of both directions; that of x is their sum."""
        dx: Array | None = None
        grads, first = Named(), Named()
        for (prefix, _), kept, dy_way in zip(self.ways, tape, self._parted(dy), strict=True):
            own = self.kernel.Params(**below(prefix, params))
            last = self.kernel.State(**below(prefix, dstate)) if dstate else None
            found = through_time.backward(dy_way, kept, own, last)
            dx = found.x if dx is None else dx + found.x
            grads |= above(prefix, found.params._asdict())
            first |= above(prefix, found.state._asdict())
        return Returned(dx, grads, first)

    def jvp(self, x: Pair, params: tuple[Named, Named], state: tuple[Named, Named], run: Run) -> Tangent:
        """Both directions, each along its own."""
        outputs, tangents, last, last_dot = [], [], Named(), Named()
        for prefix, reverse in self.ways:
            own, own_dot = (self.kernel.Params(**below(prefix, part)) for part in params)
            first, first_dot = (self.kernel.State(**below(prefix, part)) if part else None for part in state)
            y, y_dot, left, left_dot = through_time.jvp(
                self.kernel,
                x[0],
                own,
                first,
                x_dot=x[1],
                params_dot=own_dot,
                state_dot=first_dot,
                lengths=run.lengths,
                reverse=reverse,
            )
            outputs.append(y)
            tangents.append(y_dot)
            last |= above(prefix, left._asdict())
            last_dot |= above(prefix, left_dot._asdict())
        return Tangent(self._joined(outputs), self._joined(tangents), last, last_dot)

    def _joined(self, outputs: list[Array]) -> Array:
        """The outputs of the directions as one."""
        if len(outputs) == 1 or self.join == "concat":
            return np.concatenate(outputs, axis=-1)
        total = outputs[0] + outputs[1]
        return total / 2 if self.join == "mean" else total

    def _parted(self, dy: Array) -> list[Array]:
        """The cotangent of each output: the adjoint of `_joined`."""
        if len(self.ways) == 1:
            return [dy]
        if self.join == "concat":
            return np.split(dy, 2, axis=-1)
        return [dy / 2 if self.join == "mean" else dy] * 2


def dense(name: str, size: int, activation: str = "identity", *, bias: bool = True) -> CellLayer:
    """The layer y[t] = activation(V x[t] + b), at every step by itself. Raises CellError for an unknown function."""
    text = f"y[t] = {activation}(V @ x[t]{' + b' * bias})"
    return CellLayer(name, parse(text, key=name if name.isidentifier() else "dense", stateless=True), size)
