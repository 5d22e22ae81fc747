"""A network: layers one above the other, run over sequences and back, with every gradient of the kernels' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.kernels import Array
from lstm_sym.networks.embedding import Embedding
from lstm_sym.networks.episodes import Episodes, episodes_of
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.layer import Layer, Named, Run
from lstm_sym.networks.losses import LOSSES, Loss
from lstm_sym.through_time.kernel import Integers, refuse_masked
from lstm_sym.through_time.lengths import as_given, checked_lengths, mask_of, time_major


@dataclass(frozen=True, eq=False)
class Tape:
    """What `backward` needs of `forward`: the tape of each layer, and how the arrays lay."""

    layers: tuple[Any, ...]
    lengths: Integers
    episodes: Episodes | None
    steps: int
    batch: int
    y_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    batch_first: bool


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

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The units that each layer reads, and last those that the network gives out."""
        widths = [self.inputs]
        for layer in self.layers:
            widths.append(layer.width(widths[-1]))
        return tuple(widths)

    @property
    def pools(self) -> bool:
        """Whether it gives out one vector a sequence."""
        return any(layer.pools for layer in self.layers)

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
            found |= above(layer.name, layer.init(inputs, rng, dtype, below(layer.name, fill)))
        return found

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name of a parameter -> its shape."""
        return {name: value.shape for name, value in self.init(dtype=np.float32).items()}

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
        params = self._checked(params)
        refuse_masked(x=x)
        x = time_major("x", x, batch_first)
        steps, batch = x.shape[:2]
        lengths = checked_lengths(lengths, steps, batch)
        episodes = None if reset is None else self._episodes(reset, lengths, steps, batch_first)
        if episodes is not None:
            x, lengths = episodes.apart(x), episodes.lengths
        first = self._entering(state, params, episodes)
        run, tapes, last = Run(lengths, rng, precise), [], Named()
        for layer in self.layers:
            x, kept, taped = layer.forward(x, below(layer.name, params), below(layer.name, first), run)
            tapes.append(taped)
            last |= above(layer.name, kept)
            run = replace(run, lengths=np.ones_like(lengths)) if layer.pools else run
        tape = Tape(tuple(tapes), lengths, episodes, steps, batch, x.shape, x.dtype, batch_first)
        if episodes is not None:
            last = {name: episodes.left(value, self._reads_back(name)) for name, value in last.items()}
        return self._given_out(x, tape), last, tape

    def backward(
        self, dy: Any, tape: Tape, params: Mapping[str, Any], dstate: Mapping[str, Any] | None = None
    ) -> Grads:
        """Gradients of a loss L: dy = dL/dy in the layout of y, dstate = dL/d(last state), each None for zeros.

        params: as in `forward`. Raises NetworkError, and as `through_time.backward` does.
        """
        if not isinstance(tape, Tape):
            raise TypeError(f"tape is a {type(tape).__name__}; it must be the third result of forward()")
        params = self._checked(params)
        given = {name: np.asarray(value) for name, value in (dstate or {}).items()}
        if tape.episodes is not None:
            given = {name: tape.episodes.left_cotangent(value, self._reads_back(name)) for name, value in given.items()}
        dx: Array | None = self._taken_in(dy, tape)
        grads, first = Named(), Named()
        for layer, kept in zip(self.layers[::-1], tape.layers[::-1], strict=True):
            assert dx is not None  # the first layer alone has no gradient of what it reads
            found = layer.backward(dx, kept, below(layer.name, params), below(layer.name, given))
            dx = found.x
            grads |= above(layer.name, found.params)
            first |= above(layer.name, found.state)
        if tape.episodes is not None:
            dx = None if dx is None else tape.episodes.together(dx, tape.steps, tape.batch)
            first = {
                name: tape.episodes.entered_cotangent(value, tape.batch, self._reads_back(name))
                for name, value in first.items()
            }
        dx = None if dx is None else as_given(dx, tape.batch_first)
        return Grads(dx, {name: grads[name] for name in params}, first)

    def value_and_grad(
        self, x: Any, target: Any, params: Mapping[str, Any], state: Mapping[str, Any] | None = None, **options: Any
    ) -> tuple[Any, Grads, Named]:
        """The loss, its gradients, and the last state; `options` are those of `forward`.

        The loss is the mean over the sequences, or, where the network gives out every step, over all of their steps.
        target: as `Loss.value` takes it, in the layout of y. Raises NetworkError, also for a network without a loss.
        """
        y, last, tape = self.forward(x, params, state, **options)
        value, dy = self.loss_or_refused().value(y, target, self.counted(tape))
        return value, self.backward(dy, tape, params), last

    def predict(self, x: Any, params: Mapping[str, Any], **options: Any) -> Array:
        """What the loss makes of the output: probabilities, or the numbers themselves. `options` as in `forward`."""
        return self.loss_or_refused().predicted(self.forward(x, params, **options)[0])

    def counted(self, tape: Tape) -> Array | None:
        """Which samples of y are no padding, in the layout of y without its units; None for all."""
        if self.pools:
            return None
        mask = mask_of(tape.lengths, int(tape.y_shape[0]))
        mask = mask if tape.episodes is None else tape.episodes.together(mask, tape.steps, tape.batch)
        return as_given(mask, tape.batch_first)

    def loss_or_refused(self) -> Loss:
        """Its loss. Raises NetworkError where it has none."""
        if self.loss is None:
            known = ", ".join(LOSSES)
            raise NetworkError(self.name, "it has no loss", "a network that only gives out", f"name one: {known}")
        return self.loss

    def _reads_back(self, state: str) -> bool:
        """Whether this state, by its whole name, runs from the last step to the first."""
        own, _, name = state.partition(".")
        return next(layer for layer in self.layers if layer.name == own).reads_back(name)

    def _episodes(self, reset: Any, lengths: Integers, steps: int, batch_first: bool) -> Episodes:
        if self.pools:
            raise NetworkError(
                "reset",
                "this network gives out one vector a sequence, and an episode would have one of its own",
                "packed sequences that are classified one by one",
                "give the episodes as sequences of a batch: x, lengths = through_time.pad(episodes)",
            )
        return episodes_of(time_major("reset", reset, batch_first), lengths, steps)

    def _entering(self, state: Mapping[str, Any] | None, params: Named, episodes: Episodes | None) -> Named:
        """The state that every sequence, or every episode, begins with; empty to begin anew."""
        if state is None:
            return {}
        refuse_masked(**state)
        given = {name: np.asarray(value) for name, value in state.items()}
        fresh = Named()
        batch = 1 if episodes is None else len(episodes.sequence)
        for layer, inputs in zip(self.layers, self.widths, strict=False):
            fresh |= above(layer.name, layer.fresh(inputs, batch, below(layer.name, params)))
        _check_known("state", given, fresh)
        if episodes is None:
            return given
        return {name: episodes.entered(value, fresh[name], self._reads_back(name)) for name, value in given.items()}

    def _given_out(self, y: Array, tape: Tape) -> Array:
        if self.pools:
            vectors: Array = y[0]
            return vectors
        together = y if tape.episodes is None else tape.episodes.together(y, tape.steps, tape.batch)
        return as_given(together, tape.batch_first)

    def _taken_in(self, dy: Any, tape: Tape) -> Array:
        """dL/dy as the last layer gave y; the adjoint of `_given_out`. Raises NetworkError for another shape."""
        if dy is None:
            return np.zeros(tape.y_shape, tape.dtype)
        refuse_masked(dy=dy)
        array = np.asarray(dy)
        steps, batch, size = (1, *tape.y_shape[1:]) if self.pools else (tape.steps, tape.batch, tape.y_shape[2])
        expected = (batch, size) if self.pools else (batch, steps, size) if tape.batch_first else (steps, batch, size)
        if array.shape != expected:
            raise NetworkError(
                "dy",
                f"an array of shape {array.shape}, where {expected} belongs, as y has it",
                "the gradient of another output, or time and batch exchanged",
                "give dL/dy in the layout of y",
            )
        if self.pools:
            return array[None]
        array = time_major("dy", array, tape.batch_first)
        return array if tape.episodes is None else tape.episodes.apart(array)

    def _checked(self, params: Mapping[str, Any]) -> Named:
        """The parameters as arrays, in order. Raises NetworkError for a name too many or too few, or another shape."""
        _check_known("params", params, self.shapes)
        found = {name: np.asarray(params[name]) for name in self.shapes}
        for name, value in found.items():
            if value.shape != self.shapes[name]:
                raise NetworkError(
                    f"params, {name}",
                    f"its shape is {value.shape}, in this network {self.shapes[name]}",
                    "parameters of a network of other sizes, or a matrix that is transposed",
                    "weights are (rows of the result, columns of what is read), as in the equations",
                )
        return found


def below(layer: str, named: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to a layer, by its name there."""
    return {name[len(layer) + 1 :]: value for name, value in named.items() if name.partition(".")[0] == layer}


def above(layer: str, named: Mapping[str, Array]) -> Named:
    """What a layer calls by its own names, by their names in the network."""
    return {f"{layer}.{name}": value for name, value in named.items()}


def _check_known(what: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in (*(name for name in known if name not in given), *(name for name in given if name not in known)):
        missing = name in known
        raise NetworkError(
            f"{what}, {name}",
            "it is missing" if missing else "no layer of this network has it",
            "a network that was changed after they were made",
            f"the names are: {', '.join(known)}",
        )


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
