"""Sequences as one long recurrent input, and batches of windows of it."""

import operator
from dataclasses import dataclass

import numpy as np

from .checks import refuse_large, refuse_masked, refuse_short, require_generator
from .errors import InputError
from .sequences import ONE_HOT, Array, Channel, Sequences, Source


@dataclass(frozen=True, eq=False)
class Stream:
    """One long input, standardised per channel: values = (raw - mean) / deviation.

    Attributes:
        name, source, channels, sample_rate, notes: as in the `Sequences` it is made of.
        values: (T, D), float64, read-only.
        starts: the step at which each sequence begins; the first is 0.
        mean, deviation: (D,), in the channels' units; the deviation is sqrt(sum((raw - mean)^2) / T).
    """

    name: str
    source: Source
    channels: tuple[Channel, ...]
    values: Array
    starts: tuple[int, ...]
    mean: Array
    deviation: Array
    sample_rate: float | None
    notes: tuple[str, ...]


def stream(sequences: Sequences, length: int | None = None, *, standardise: bool = True) -> Stream:
    """Join sequences into one stream (T, D) and standardise each channel to mean 0 and variance 1.

    The sequences follow one another in their order, with nothing between them and no change at the joins:
    the first step of one comes right after the last of the one before, as speech would from speakers in
    turn. `starts` says where. With `length` the stream is cut to its first `length` steps, within a sequence
    if need be, and then standardised, so that mean 0 and variance 1 hold for the values returned. One-hot
    channels stay 0 and 1 (mean 0 and deviation 1 are recorded): a symbol of frequency p would otherwise
    become a spike of 1/sqrt(p). `standardise=False` leaves every channel as it is.

    Raises InputError: `length` is below 2 or above the steps there are, a channel is constant, or all takes over 512
    MiB.
    """
    total = sum(sequences.lengths)
    steps = _steps(sequences.name, total, length)
    refuse_large(sequences.name, steps, len(sequences.channels), "ask for a shorter length")
    starts = np.cumsum([0, *sequences.lengths[:-1]])
    raw = np.concatenate(
        [part[: max(steps - start, 0)] for start, part in zip(starts, sequences.sequences, strict=True)]
    )
    mean, deviation = np.zeros(raw.shape[1]), np.ones(raw.shape[1])
    for index, channel in enumerate(sequences.channels):
        if standardise and channel.unit != ONE_HOT:
            _refuse_constant(raw[:, index], index, channel, sequences.name)
            raw[:, index], mean[index], deviation[index] = _standardised(raw[:, index])
    for values in (raw, mean, deviation):
        values.setflags(write=False)
    return Stream(
        name=sequences.name,
        source=sequences.source,
        channels=sequences.channels,
        values=raw,
        starts=tuple(int(start) for start in starts if start < steps),
        mean=mean,
        deviation=deviation,
        sample_rate=sequences.sample_rate,
        notes=sequences.notes,
    )


def windows(stream: Stream | Array, count: int, length: int, rng: np.random.Generator) -> Array:
    """Return (T, B, D): `count` = B windows of `length` = T consecutive steps, from B different points on.

    The start points are drawn from `rng` uniformly and without replacement; windows may overlap, and may run
    across a join. The array is a copy that may be written to.

    Raises InputError: no window, fewer than 2 steps, a stream that is not (T, D), more windows than there are start
    points, or more than 512 MiB; TypeError: `rng` is not a `numpy.random.Generator`, or a number is not an integer.
    """
    name = stream.name if isinstance(stream, Stream) else "stream"
    refuse_masked(stream, name, "")
    values = stream.values if isinstance(stream, Stream) else np.asarray(stream)
    count, length = operator.index(count), operator.index(length)
    require_generator(rng)
    if values.ndim != 2:
        found = f"a stream of shape {values.shape}, where (T, D) belongs"
        raise InputError(name, "", found, "a single channel given as (T,)", "give values[:, np.newaxis]")
    refuse_short(length, name, "steps in a window")
    points = len(values) - length + 1
    if not 1 <= count <= points:
        raise InputError(
            name,
            "",
            f"{count} windows of {length} steps asked for, but {len(values)} steps have {max(points, 0)} start points",
            "windows as long as the stream, or a batch larger than a short stream allows",
            "ask for at least 1 window, for fewer or shorter ones, or give a longer stream",
        )
    refuse_large(name, length, count * values.shape[1], "ask for fewer or shorter windows")
    starts = rng.choice(points, size=count, replace=False)
    batch: Array = values[np.arange(length)[:, np.newaxis] + starts]
    return batch


def _steps(name: str, total: int, length: int | None) -> int:
    """Return how many of the `total` steps to keep."""
    steps = total if length is None else operator.index(length)
    refuse_short(steps, name, "steps")
    if steps > total:
        raise InputError(
            name,
            "",
            f"{steps} steps asked for, {total} are there",
            "a length chosen for a longer input; it is not repeated, which would add a period of its own",
            f"ask for at most {total} steps, or use gaussian, which has any length",
        )
    return steps


def _refuse_constant(values: Array, index: int, channel: Channel, name: str) -> None:
    if values.min() == values.max():
        raise InputError(
            name,
            f"channel {index + 1} ({channel.name!r})",
            f"the value {values[0]} at each of {len(values)} steps, which no scale can bring to variance 1",
            "an unused sensor or audio channel, a column of flags, or a stretch too short to see it change",
            "leave the channel out, take a longer stretch, or pass standardise=False",
        )


def _standardised(values: Array) -> tuple[Array, float, float]:
    """Return (values - mean) / deviation, mean and deviation of a channel (T,) that is not constant.

    A power of two first brings the values into (-1, 1), exactly, so that no square overflows or underflows;
    the mean is taken out twice, since the first pass leaves a rounding error that matters where the mean is
    far above the deviation.
    """
    exponent = int(np.frexp(np.abs(values).max())[1])
    scaled = np.ldexp(values, -exponent)
    mean = scaled.mean()
    centred = scaled - mean
    rest = centred.mean()
    centred -= rest
    deviation = np.sqrt(np.mean(centred**2))
    return centred / deviation, float(np.ldexp(mean + rest, exponent)), float(np.ldexp(deviation, exponent))
