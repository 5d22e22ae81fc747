"""How what a whole network gives out at a step depends on what it reads at every step, before and after.

    found = sensitivity_map(network, params, x, ends=[50], readout=V)
    flow.save_heat_map(found.of(0), "out", "map")
    flow.save_curves([found.curve("both directions")], "out", "lags", ...)

A network that reads in both directions is no recurrence: d z[T] / d x[t] is not 0 for t > T. From the top, layer by
layer, the rows G[t] = dz/dy[t] of every end point are carried to dz/dx[t] of what the layer reads: in each direction
against its own order, with A, B, C, D of its step (jacobians.py) and R the rows over its state after the step,

    dz/dx = R B + G D,        R before = R A + G C,        R = 0 after the last,

the sum of both directions where there are two. Every column has a binary exponent of its own, so norms are exact
however far they vanish; `Network.backward` is the same in float64, and 0 below 1e-308.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_sym.flow.measures import Curve, TimeMap
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.readouts import READOUT, Start, as_rows, refuse_ambiguous
from lstm_sym.flow.runs.scaling import ZERO, Integers, Scaled, log_norm, plus, scaled, times
from lstm_sym.ground.progress import Progress, tell
from lstm_sym.kernels import Array
from lstm_sym.networks.cell_layer import CellLayer
from lstm_sym.networks.dropout import Dropout
from lstm_sym.networks.embedding import Embedding
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.jacobians import by_input, by_state
from lstm_sym.networks.layer import Layer, Named, Run, below
from lstm_sym.networks.network import Network
from lstm_sym.networks.pooling import Pooling

# Memory of the rows carried at once through a layer, and of the Jacobians made at once, in bytes.
MEMORY, JACOBIANS = 64 * 2**20, 4 * 2**20
# Stands for ln 0 where quantiles are taken: no mean with it is finite.
NOTHING = -1e300


@dataclass(frozen=True, eq=False)
class SensitivityMap:
    """ln ||d output[T] / d x[t]|| of n end points, for all steps t on both sides of T.

    Attributes:
        model: what figures call it.
        log_norms: (n, steps); -inf where it is exactly 0, NaN after the last step of a sequence.
        ends: (n, 2), the step T and the sequence of each end point; of a network that pools, T is the last step.
        output: what the network gives out, "readout" or "loss".
        source: "x" for the input, with channels chosen as "x_3".
        norm: "frobenius" or "spectral".
    """

    model: str
    log_norms: Array = field(repr=False)
    ends: Integers = field(repr=False)
    output: str
    source: str
    norm: str

    def of(self, sequence: int) -> TimeMap:
        """The map of one sequence, T down and t across, as `flow.save_heat_map` draws it. Raises FlowError."""
        refusals.refuse_sequence(sequence, int(self.ends[:, 1].max()) + 1, self.model)
        rows = self.ends[:, 1] == sequence
        logs = self.log_norms[rows]
        logs = logs[:, ~np.isnan(logs).all(axis=0)]
        steps, sources = self.ends[rows, 0], np.arange(logs.shape[1])
        return TimeMap(self.model, steps, logs, self.output, self.source, self.norm, sequence, sources)

    def by_lag(self) -> tuple[Integers, Array]:
        """The lags T - t, ascending, below 0 for what comes later; and ln ||.|| (n, lags), NaN where there is none."""
        count, steps = self.log_norms.shape
        found = np.full((count, 2 * steps - 1), np.nan)
        places = self.ends[:, :1] - np.arange(steps) + steps - 1
        found[np.arange(count)[:, None], places] = self.log_norms
        lags = np.arange(1 - steps, steps)
        seen = ~np.isnan(found).all(axis=0)
        return lags[seen], found[:, seen]

    def curve(self, label: str | None = None) -> Curve:
        """The median over the end points by signed lag, its band from 10 to 90 %: for `flow.save_curves`, scale "ln".

        Of every lag over the end points that have it. label: by default the model.
        """
        lags, logs = self.by_lag()
        known = np.where(np.isneginf(logs), NOTHING, logs)
        quantiles = np.nanquantile(known, (0.5, 0.1, 0.9), axis=0)
        return Curve(label or self.model, lags, *np.where(quantiles < NOTHING / 1e3, -np.inf, quantiles))


def sensitivity_map(
    network: Network,
    params: Mapping[str, Any],
    x: Any,
    *,
    ends: int | Sequence[int] | Integers | None = None,
    readout: Any = None,
    cotangent: Any = None,
    channels: Sequence[int] | Integers | None = None,
    norm: str = "frobenius",
    lengths: Any = None,
    progress: Progress | None = None,
) -> SensitivityMap:
    """||d output[T] / d x[t]|| of any network, at every end point T of every sequence, for all t on both sides.

    x: as `Network.forward` takes it, (T, B, N), or words (T, B): then the sensitivity is that to their vectors, which
    may be given in their place. Nothing is dropped out. lengths: the steps (B,) of each sequence, None for T each.
    ends: the steps T, those below 0 counted from the last step of each sequence; or how many, spread evenly over it;
    by default all. A network that pools has one end point a sequence. readout: what is read of the output y, of N
    units, in its place: rows (M, N) of its derivative, (n, M, N) or (n, B, M, N) at n end points, one row (N,), or a
    function of y (n, N) of a sequence at its end points, that gives (M, N) or (n, M, N). cotangent: the gradient of a
    loss by the output or readout, (M,), (n, M) or (n, B, M): then it is ||dL / d x[t]||. channels: which inputs x_k,
    None for all. norm: "frobenius" or "spectral". Costs as much as a backward pass for each end point and row. All is
    computed in float64.

    Raises NetworkError: end points outside a sequence, a layer of another kind, numbers that are not finite, and what
    `Network.forward` refuses; FlowError: masked arrays, a readout or cotangent of another shape, no such channel.
    """
    refusals.refuse_unknown_norm(norm, network.name)
    network, params, x = _of_vectors(network, params, x)
    y, _, tape = network.forward(x, params, lengths=lengths, precise=True)
    _refuse_infinite(network, y)
    own = tape.layout.lengths
    points = _points(network, ends, own)
    name, rows = _start_of(network, readout, cotangent, y, points)
    chosen = refusals.as_channels(channels, network.inputs, network.name)
    log_norms = np.full((len(points), len(own), len(x)), np.nan)
    for sequence, length in enumerate(own.tolist()):
        given = rows[min(sequence, len(rows) - 1)]
        log_norms[:, sequence, :length] = _measured(
            network, params, x[:length, sequence : sequence + 1], points[:, sequence], given, chosen, norm
        )
        tell(progress, sequence + 1, len(own))
    kept = points.T >= 0
    sequences = np.broadcast_to(np.arange(len(own))[:, None], kept.shape)
    where = np.stack((points.T[kept], sequences[kept]), axis=1)
    logs = log_norms.swapaxes(0, 1)[kept]
    return SensitivityMap(network.name, logs, where, name, refusals.input_name(chosen), norm)


def _of_vectors(network: Network, params: Mapping[str, Any], x: Any) -> tuple[Network, Mapping[str, Any], Any]:
    """The network above an embedding, its parameters, and the vectors of the words, all in float64."""
    first, x = network.layers[0], getattr(x, "values", x)
    refusals.refuse_masked(network.name, x=x, **params)
    x, params = np.asarray(x), {name: _wide(np.asarray(value)) for name, value in params.items()}
    if not isinstance(first, Embedding):
        return network, params, _wide(x)
    own = below(first.prefix, params)
    if x.ndim == 2:
        x = first.forward(x, own, {}, Run(np.full(x.shape[1], len(x)))).y
    rest = {name: value for name, value in params.items() if not name.startswith(first.prefix)}
    return network.over_vectors, rest, _wide(x)


def _wide(values: Array) -> Array:
    """Numbers in float64; what is none is left to be refused."""
    return values.astype(np.float64) if values.dtype.kind in "fiub" else values


def _points(network: Network, ends: Any, lengths: Integers) -> Integers:
    """The end points of every sequence, (n, B); -1 where a sequence has fewer than others. Raises NetworkError."""
    if network.pools:
        if ends is not None:
            raise _no_end_points("ends of a network that pools", "it gives out one vector a sequence: leave ends out")
        return lengths[None] - 1
    longest = int(lengths.max(initial=0))
    if ends is None:
        every = np.arange(longest)[:, None]
        return np.where(every < lengths, every, -1)
    if isinstance(ends, int | np.integer):
        if not 1 <= ends <= lengths.min(initial=longest):
            raise _no_end_points(f"{ends} end points", "give 1 or more, at most the steps of the shortest sequence")
        return np.linspace(0, lengths - 1, int(ends)).round().astype(np.int64)
    points = np.asarray(ends)
    if points.ndim != 1 or not points.size or points.dtype.kind not in "iu":
        raise _no_end_points(f"an array of shape {points.shape} and dtype {points.dtype}", "give whole numbers (n,)")
    found: Integers = np.where(points < 0, lengths[:, None] + points, points).T.astype(np.int64)
    wrong = np.argwhere((found < 0) | (found >= lengths))
    if wrong.size:
        point, sequence = wrong[0]
        where = f"the step {points[point]} of sequence {sequence}, which has {lengths[sequence]} steps"
        raise _no_end_points(where, "steps are counted from 0, or from the last of each sequence: -1, -2, ...")
    return found


def _start_of(network: Network, readout: Any, cotangent: Any, y: Array, points: Integers) -> Start:
    """d z[T] / d y[T] of every end point, (B or 1, n or 1, M, N); with a cotangent dL/dy[T]. Raises FlowError."""
    if readout is None:
        start = Start(_output(network.layers[-1]), np.eye(y.shape[-1])[None, None])
    else:
        start = Start(READOUT, _rows(network, readout, y, points))
    return start if cotangent is None else start.loss(cotangent, len(points), points.shape[1], network.name)


def _rows(network: Network, readout: Any, y: Array, points: Integers) -> Array:
    """The rows of a readout at every end point, (B or 1, n or 1, M, N). Raises FlowError."""
    units, (count, batch) = y.shape[-1], points.shape
    if callable(readout):
        readout = np.stack([_called(network, readout, y, points, b) for b in range(batch)], axis=1)
    return as_rows(readout, count, batch, {units: None}, network.name)


def _called(network: Network, readout: Any, y: Array, points: Integers, sequence: int) -> Array:
    """The rows that a function gives of y at the end points of a sequence, (n, M, N); zeros where it has none."""
    own = np.flatnonzero(points[:, sequence] >= 0)
    at = y[sequence][None] if network.pools else y[points[own, sequence], sequence]
    rows = refusals.as_numbers(readout(at), network.name, "readout(y)")
    refuse_ambiguous(rows, at.shape, network.name, "readout(y)")
    rows = np.broadcast_to(rows, (len(at), *np.atleast_2d(rows).shape)) if rows.ndim < 3 else rows
    if rows.ndim != 3 or len(rows) != len(at):
        return rows  # of another shape, which is refused with those that belong
    found = np.zeros((len(points), *rows.shape[1:]))
    found[own] = rows
    return found


def _measured(
    network: Network, params: Any, x: Array, points: Integers, rows: Array, channels: Integers | None, norm: str
) -> Array:
    """ln ||.|| of every end point of one sequence for all of its steps, (n, steps); so many at once as MEMORY holds."""
    read = _read(network, params, x)
    most = max(1, MEMORY // (16 * max(1, len(x)) * rows.shape[-2] * max(network.widths)))
    found = [np.empty((0, len(x)))]
    for at in range(0, len(points), most):
        group = points[at : at + most]
        own = np.broadcast_to(rows, (len(points), *rows.shape[1:]))[at : at + most]
        carried = _start(0 * group if network.pools else group, own, len(read[-1]))
        for layer, given in zip(network.layers[::-1], read[-2::-1], strict=True):
            carried = _through(layer, below(layer.prefix, params), given, carried)
        found.append(log_norm(carried if channels is None else carried.columns(channels), norm).T)
    return np.concatenate(found)


def _read(network: Network, params: Mapping[str, Any], x: Array) -> list[Array]:
    """What each layer reads, and last what the network gives out, of one sequence."""
    found, run = [x], Run(np.array([len(x)]), None, True)
    for layer in network.layers:
        found.append(layer.forward(found[-1], below(layer.prefix, params), {}, run).y)
        run = run.above(layer)
    return found


def _start(points: Integers, rows: Array, steps: int) -> Scaled:
    """The rows of every end point at its step, (steps, n, M, N), zeros elsewhere; of an end point -1 nowhere."""
    mantissa = np.zeros((steps, *rows.shape))
    own = np.flatnonzero(points >= 0)
    mantissa[points[own], own] = rows[own]
    return scaled(mantissa)


def _through(layer: Layer, params: Named, x: Array, above: Scaled) -> Scaled:
    """From the rows over what a layer gives out, (T, n, M, N), to those over what it reads. Raises NetworkError."""
    match layer:
        case CellLayer():
            return _through_cell(layer, params, x, above)
        case Dropout():
            return above
        case Pooling():
            weights = layer.forward(x, {}, {}, Run(np.array([len(x)]))).tape
            return scaled(above.mantissa * weights[:, :, None], np.repeat(above.exponent, len(x), axis=0))
    raise NetworkError(
        f"layer {layer.name}",
        f"a {type(layer).__name__}, of which no Jacobian is known",
        "a layer of one's own, written as a class",
        "write it as equations, CellLayer; or send cotangents back: network.backward(dy, tape, params).x",
    )


def _through_cell(layer: CellLayer, params: Named, x: Array, above: Scaled) -> Scaled:
    """The sum of what the directions of a layer give."""
    parts = [
        _one_way(layer, layer.kernel.Params(**below(prefix, params)), x, given, reverse)
        for (prefix, reverse), given in zip(layer.ways, _parted(layer, above), strict=True)
    ]
    return parts[0] if len(parts) == 1 else plus(*parts)


def _parted(layer: CellLayer, above: Scaled) -> list[Scaled]:
    """The rows over the output of each direction."""
    if len(layer.ways) == 1:
        return [above]
    if layer.join == "concat":
        half = above.mantissa.shape[-1] // 2
        return [above.columns(slice(0, half)), above.columns(slice(half, None))]
    return [Scaled(above.mantissa, above.exponent - (layer.join == "mean"))] * 2


def _one_way(layer: CellLayer, params: Any, x: Array, above: Scaled, reverse: bool) -> Scaled:
    """The rows over x (T, 1, D) that one direction of a layer gives, carried against its order."""
    order = np.arange(len(x))[::-1] if reverse else np.arange(len(x))
    tape = layer.kernel.forward(x[order], params, precise=True)[2]
    *stack, units = above.mantissa.shape
    mantissa, exponent = np.zeros((*stack, x.shape[-1])), np.full((*stack[:2], x.shape[-1]), ZERO)
    state: Scaled | None = None
    for place, local in _descending(layer, tape, params, len(x)):
        step, size = order[place], local.shape[-2] - units
        if state is None:
            state = Scaled(np.zeros((1, *stack[1:], size)), np.full((1, stack[1], size), ZERO))
        rows = Scaled(
            np.concatenate((state.mantissa, above.mantissa[step, None]), axis=-1),
            np.concatenate((state.exponent, above.exponent[step, None]), axis=-1),
        )
        before = times(rows, local)
        state = before.columns(slice(0, size))
        mantissa[step], exponent[step] = before.mantissa[0, ..., size:], before.exponent[0, ..., size:]
    return Scaled(mantissa, exponent)


def _descending(layer: CellLayer, tape: Any, params: Any, steps: int) -> Iterator[tuple[int, Array]]:
    """From the last step of a pass to the first: its place, and [[A, B], [C, D]], (1, S + N, S + D)."""
    first = _local(layer, tape, params, slice(0, 1))
    at_once = max(1, JACOBIANS // max(1, first.nbytes))
    for last in range(steps, 0, -at_once):
        part = slice(max(0, last - at_once), last)
        found = _local(layer, tape, params, part)
        if not np.isfinite(found).all():
            raise _not_finite(f"layer {layer.name}, the steps {part.start} to {last - 1}", "a Jacobian")
        for place in range(last - 1, part.start - 1, -1):
            yield place, found[place - part.start]


def _local(layer: CellLayer, tape: Any, params: Any, t: slice) -> Array:
    a, c = by_state(layer, tape, params, t)
    b, d = by_input(layer, tape, params, t)
    return np.concatenate((np.concatenate((a, b), axis=-1), np.concatenate((c, d), axis=-1)), axis=-2)


def _output(layer: Layer) -> str:
    """What the last layer gives out."""
    return f"{layer.name}.{layer.kernel.OUTPUT}" if isinstance(layer, CellLayer) else layer.name


def _refuse_infinite(network: Network, y: Array) -> None:
    if not np.isfinite(y).all():
        raise _not_finite(network.name, "what it gives out")


def _not_finite(where: str, what: str) -> NetworkError:
    return NetworkError(
        where,
        f"{what} is no finite number",
        "NaN in x or the parameters, or weights that let a state grow without bound",
        "look for NaN in what was given, and scale weights down",
    )


def _no_end_points(found: str, fix: str) -> NetworkError:
    return NetworkError("ends", found, "steps of a longer sequence, or an empty selection", fix)
