"""A network: layers one above the other, run over sequences and back, with every gradient of the kernels' own."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.equations import Cell
from lstm_sym.kernels import Array
from lstm_sym.networks.cell_layer import CellLayer
from lstm_sym.networks.embedding import Embedding
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.layer import Layer, Named, Run, above, below
from lstm_sym.networks.layout import Layout, layout_of
from lstm_sym.networks.losses import LOSSES, Loss
from lstm_sym.through_time.kernel import refuse_masked


@dataclass(frozen=True, eq=False)
class Tape:
    """What `backward` needs of `forward`: the tape of each layer, and how the arrays lay."""

    layers: tuple[Any, ...]
    layout: Layout
    y_shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Grads(NamedTuple):
    """Gradients of a loss: of x, None where x holds words; of the parameters and the first state, by their names."""

    x: Array | None
    params: Named
    state: Named


@dataclass(frozen=True)
class Network:
    """Layers over an input of `inputs` units; 0 of them where an embedding reads words.

    Parameters and states are dicts of arrays, called by layer and name: "lstm.W_f", "both.ahead.U_i". Arrays are
    (T, B, N), or (B, T, N) with `batch_first`; above a pooling layer a sequence has one vector, and y is (B, M).

    Raises NetworkError: no layer, two of one name, an embedding above another layer, sizes that do not fit.
    """

    layers: tuple[Layer, ...]
    inputs: int = 0
    loss: Loss | None = None
    name: str = "network"

    def __post_init__(self) -> None:
        _check_names(self.layers)
        _check_first(self.layers, self.inputs)
        if self.loss is not None and self.loss.whole and self.widths[-1] == 1:
            raise NetworkError(
                f"{self.name}, loss",
                f"{self.loss.name} over one unit, whose probability is always 1",
                "a question of yes or no",
                "take the loss logistic, or a unit a class",
            )

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The units that each layer reads, and last those that the network gives out."""
        widths = [self.inputs]
        for layer in self.layers:
            widths.append(layer.width(widths[-1]))
        return tuple(widths)

    @property
    def over_vectors(self) -> Network:
        """The layers above an embedding, over the vectors of its words; the network itself where it reads no words."""
        first = self.layers[0]
        return replace(self, layers=self.layers[1:], inputs=first.size) if isinstance(first, Embedding) else self

    @property
    def pools(self) -> bool:
        """Whether it gives out one vector a sequence."""
        return any(layer.pools for layer in self.layers)

    @cached_property
    def cells(self) -> dict[str, Cell]:
        """The equations of its layers and its loss, each once, by their key; where that is taken, by the layer."""
        found: dict[str, Cell] = {}
        for layer in self.layers:
            if isinstance(layer, CellLayer) and layer.cell not in found.values():
                found[_free(found, layer.cell.key, layer.name)] = layer.cell
        return found if self.loss is None else found | {_free(found, self.loss.cell.key): self.loss.cell}

    def init(
        self, rng: np.random.Generator | int = 0, *, dtype: Any = np.float64, fill: Mapping[str, float] | None = None
    ) -> Named:
        """Its parameters, drawn layer by layer; `fill` sets vectors to one value: {"lstm.b_f": 1.0}.

        Raises NetworkError for a name in `fill` of no layer.
        """
        rng, found = np.random.default_rng(rng), Named()
        fill = dict(fill or {})
        for name in fill:
            if name.partition(".")[0] not in (layer.name for layer in self.layers):
                raise NetworkError(
                    f"fill, {name}",
                    "no layer has this name",
                    "the name of a vector without its layer before it",
                    f"the layers are: {', '.join(layer.name for layer in self.layers)}",
                )
        for layer, inputs in zip(self.layers, self.widths, strict=False):
            found |= above(layer.prefix, layer.init(inputs, rng, dtype, below(layer.prefix, fill)))
        return found

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name of a parameter -> its shape."""
        return {
            layer.prefix + name: shape
            for layer, inputs in zip(self.layers, self.widths[:-1], strict=True)
            for name, shape in layer.shapes(inputs).items()
        }

    @cached_property
    def states(self) -> dict[str, int]:
        """Name of a state -> its units."""
        return {
            layer.prefix + name: units
            for layer, inputs in zip(self.layers, self.widths[:-1], strict=True)
            for name, units in layer.states(inputs).items()
        }

    def _taken_in(self, layout: Layout, x: Any) -> Array:
        """x as the layers take it. Raises NetworkError where it has other units than the first layer reads."""
        units = np.shape(x)[-1:]
        if self.inputs and np.ndim(x) == 3 and units != (self.inputs,):
            raise NetworkError(
                f"x, which layer {self.layers[0].name} reads",
                f"{units[0]} units at a step, where it reads {self.inputs}",
                "data of another network, or axes exchanged",
                f"give (T, B, {self.inputs}), or (B, T, {self.inputs}) with batch_first=True",
            )
        return layout.taken_in("x", x)

    def fresh(self, params: Mapping[str, Any], sequences: int) -> Named:
        """The state that so many sequences begin with where none is given: (sequences, H) of each layer's states."""
        found = Named()
        for layer, inputs in zip(self.layers, self.widths, strict=False):
            own = below(layer.prefix, params)
            found |= above(layer.prefix, layer.fresh(inputs, sequences, own))
        return found

    def forward(
        self,
        x: Any,
        params: Mapping[str, Any],
        state: Mapping[str, Any] | None = None,
        *,
        lengths: Any = None,
        reset: Any = None,
        rng: np.random.Generator | None = None,
        precise: bool = False,
        batch_first: bool = False,
    ) -> tuple[Array, Named, Tape]:
        """Run over sequences: x (T, B, N), or words (T, B), -> y, the state after the last steps, the tape.

        state: that of an earlier run, to go on from; None begins anew. lengths: the steps (B,) of each sequence, None
        for T each. reset: (T, B), True where the state starts anew and no gradient passes: the first steps of
        episodes. rng: what dropout draws from, while training. precise: kernels in their precise form.
        Raises NetworkError, and SequenceError, TypeError and ValueError as `through_time.forward` does.
        """
        params, layout = self.checked("params", params), layout_of(x, lengths, reset, self.pools, batch_first)
        fresh = {} if state is None else self.fresh(params, layout.sequences)
        x, first = self._taken_in(layout, x), self._entering("state", state, fresh, layout)
        run, tapes, last = Run(layout.lengths, rng, precise), [], Named()
        for layer in self.layers:
            x, kept, taped = layer.forward(x, below(layer.prefix, params), below(layer.prefix, first), run)
            tapes.append(taped)
            last |= above(layer.prefix, kept)
            run = run.above(layer)
        tape = Tape(tuple(tapes), layout, x.shape, x.dtype)
        return layout.given_out(x), self._leaving(last, layout), tape

    def backward(
        self, dy: Any, tape: Tape, params: Mapping[str, Any], dstate: Mapping[str, Any] | None = None
    ) -> Grads:
        """Gradients of a loss L: dy = dL/dy in the layout of y, dstate = dL/d(last state), each None for zeros.

        params: as in `forward`. Raises NetworkError, and as `through_time.backward` does.
        """
        if not isinstance(tape, Tape):
            raise TypeError(f"tape is a {type(tape).__name__}; it must be the third result of forward()")
        params, layout = self.checked("params", params), tape.layout
        given = self._leaving_cotangent(dstate, layout)
        dx = np.zeros(tape.y_shape, tape.dtype) if dy is None else layout.cotangent(dy, tape.y_shape[-1])
        below_x: Array | None = dx
        grads, first = Named(), Named()
        for layer, kept in zip(self.layers[::-1], tape.layers[::-1], strict=True):
            assert below_x is not None  # the first layer alone has no gradient of what it reads
            found = layer.backward(below_x, kept, below(layer.prefix, params), below(layer.prefix, given))
            below_x = found.x
            grads |= above(layer.prefix, found.params)
            first |= above(layer.prefix, found.state)
        x_given = None if below_x is None else layout.together(below_x)
        return Grads(x_given, {name: grads[name] for name in params}, self._entering_cotangent(first, layout))

    def jvp(
        self,
        x: Any,
        params: Mapping[str, Any],
        state: Mapping[str, Any] | None = None,
        *,
        x_dot: Any = None,
        params_dot: Mapping[str, Any] | None = None,
        state_dot: Mapping[str, Any] | None = None,
        lengths: Any = None,
        reset: Any = None,
        rng: np.random.Generator | None = None,
        batch_first: bool = False,
    ) -> tuple[Array, Array, Named, Named]:
        """Forward mode, in the precise form: the derivative along (x_dot, params_dot, state_dot), each None for zero.

        Returns y, its tangent, the state after the last steps, its tangent. The rest is as in `forward`.
        """
        params, layout = self.checked("params", params), layout_of(x, lengths, reset, self.pools, batch_first)
        still = {name: np.zeros_like(value) for name, value in params.items()}
        along = still if params_dot is None else self.checked("params_dot", params_dot)
        fresh = self.fresh(params, layout.sequences)
        value, first = self._taken_in(layout, x), self._entering("state", state, fresh, layout) or fresh
        unmoved = {name: np.zeros_like(part) for name, part in first.items()}
        first_dot = self._entering("state_dot", state_dot, unmoved, layout) or unmoved
        tangent = None if value.dtype.kind in "iu" else np.zeros_like(value)
        tangent = tangent if x_dot is None else layout.taken_in("x_dot", x_dot)
        run, last, last_dot = Run(layout.lengths, rng, True), Named(), Named()
        for layer in self.layers:
            name = layer.prefix
            found = layer.jvp(
                (value, tangent),
                (below(name, params), below(name, along)),
                (below(name, first), below(name, first_dot)),
                run,
            )
            value, tangent = found.y, found.y_dot
            last |= above(name, found.state)
            last_dot |= above(name, found.state_dot)
            run = run.above(layer)
        return (
            layout.given_out(value),
            layout.given_out(np.asarray(tangent)),
            self._leaving(last, layout),
            self._leaving(last_dot, layout),
        )

    def value_and_grad(
        self, x: Any, target: Any, params: Mapping[str, Any], state: Mapping[str, Any] | None = None, **options: Any
    ) -> tuple[Any, Grads, Named]:
        """The loss, its gradients, and the last state; `options` are those of `forward`.

        The loss is the mean over the sequences, or, where the network gives out every step, over all of their steps.
        target: as `Loss.value` takes it, in the layout of y. Raises NetworkError, also for a network without a loss.
        """
        y, last, tape = self.forward(x, params, state, **options)
        value, dy = self.loss_or_refused().value(y, target, tape.layout.counted)
        return value, self.backward(dy, tape, params), last

    def predict(self, x: Any, params: Mapping[str, Any], **options: Any) -> Array:
        """What the loss makes of the output: probabilities, or the numbers themselves. `options` as in `forward`."""
        return self.loss_or_refused().predicted(self.forward(x, params, **options)[0])

    def loss_or_refused(self) -> Loss:
        """Its loss. Raises NetworkError where it has none."""
        if self.loss is None:
            known = ", ".join(LOSSES)
            raise NetworkError(self.name, "it has no loss", "a network that only gives out", f"name one: {known}")
        return self.loss

    def reads_back(self, state: str) -> bool:
        """Whether this state, by its whole name, runs from the last step to the first."""
        own, _, name = state.partition(".")
        return next(layer for layer in self.layers if layer.name == own).reads_back(name)

    def _entering(self, what: str, state: Mapping[str, Any] | None, fresh: Named, layout: Layout) -> Named:
        """What every sequence or episode begins with, `fresh` where anew; empty for None. Raises NetworkError."""
        if state is None:
            return {}
        given = _known_arrays(what, state, fresh)
        if (episodes := layout.episodes) is None:
            return given
        return {name: episodes.entered(value, fresh[name], self.reads_back(name)) for name, value in given.items()}

    def _entering_cotangent(self, first: Named, layout: Layout) -> Named:
        """The adjoint of `_entering`."""
        if (episodes := layout.episodes) is None:
            return first
        return {
            name: episodes.entered_cotangent(value, layout.batch, self.reads_back(name))
            for name, value in first.items()
        }

    def _leaving(self, last: Named, layout: Layout) -> Named:
        """The state after the last steps of each sequence."""
        if (episodes := layout.episodes) is None:
            return last
        return {name: episodes.left(value, self.reads_back(name)) for name, value in last.items()}

    def _leaving_cotangent(self, dstate: Mapping[str, Any] | None, layout: Layout) -> Named:
        """The adjoint of `_leaving`; empty where the loss does not read the state."""
        given = {} if dstate is None else _known_arrays("dstate", dstate, self.states)
        if (episodes := layout.episodes) is None:
            return given
        return {name: episodes.left_cotangent(value, self.reads_back(name)) for name, value in given.items()}

    def checked(self, what: str, params: Mapping[str, Any]) -> Named:
        """Parameters as arrays, in order. Raises NetworkError for a name too many or too few, or another shape."""
        found = _known_arrays(what, params, self.shapes)
        for name, value in found.items():
            if value.shape != self.shapes[name]:
                raise NetworkError(
                    f"{what}, {name}",
                    f"its shape is {value.shape}, in this network {self.shapes[name]}",
                    "parameters of a network of other sizes, or a matrix that is transposed",
                    "weights are (rows of the result, columns of what is read), as in the equations",
                )
        return found


def _free(taken: Container[str], *names: str) -> str:
    """The first of the names that is not taken; else the last, with as many _ as it needs."""
    found = next((name for name in names if name not in taken), names[-1])
    while found in taken:
        found += "_"
    return found


def _known_arrays(what: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> Named:
    """The arrays of these names, in their order. Raises NetworkError for a name too many or too few."""
    if not isinstance(given, Mapping):
        raise NetworkError(
            what, f"a {type(given).__name__}", "a list, or the fields of a kernel", "give a dict: name -> array"
        )
    refuse_masked(**given)
    for name in (*(name for name in known if name not in given), *(name for name in given if name not in known)):
        missing = name in known
        raise NetworkError(
            f"{what}, {name}",
            "it is missing" if missing else "no layer of this network has it",
            "a network that was changed after they were made",
            f"the names are: {', '.join(known)}",
        )
    return {name: np.asarray(given[name]) for name in known}


def _check_names(layers: tuple[Layer, ...]) -> None:
    if not layers:
        raise NetworkError("layers", "there is none", "an empty list", "give at least one")
    for lower, upper in pairwise(sorted(layer.name for layer in layers)):
        if lower == upper:
            raise NetworkError(
                "layers", f"two are called {lower!r}", "names that were left to their kinds", "give each its own"
            )
    for layer in layers:
        if not layer.name.isidentifier():
            raise NetworkError(
                "layers", f"{layer.name!r} is no name", "a point, a space, an empty name", "letters, digits and _"
            )


def _check_first(layers: tuple[Layer, ...], inputs: int) -> None:
    reads_words = isinstance(layers[0], Embedding)
    for layer in layers[1:]:
        if isinstance(layer, Embedding):
            raise NetworkError(
                f"layer {layer.name}", "it reads words, and a layer below gives numbers", "", "let it be the first"
            )
    if reads_words == bool(inputs) or inputs < 0:
        raise NetworkError(
            "inputs",
            f"{inputs}, and the first layer reads {'words' if reads_words else 'units'}",
            "an embedding beside an input of numbers" if reads_words else "the input was not given a size",
            "leave inputs out" if reads_words else "give inputs, the number of units of x",
        )
