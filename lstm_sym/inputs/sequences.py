"""What every reader returns: named sequences with their source."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_sym.ground.safe_text import printable

from .checks import refuse_masked, refuse_not_finite
from .errors import InputError

Array = NDArray[np.float64]

# The unit of a channel that is 1 where its symbol stands and 0 elsewhere.
ONE_HOT = "one-hot"


@dataclass(frozen=True)
class Source:
    """Where sequences come from: whom to cite, and under what licence."""

    citation: str
    licence: str


@dataclass(frozen=True)
class Channel:
    """One column of a sequence. `unit` is "1" for a pure number and "" where it is not known."""

    name: str
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Sequences:
    """Real sequences over the same D channels, in the order of their source.

    Attributes:
        name: the name in the catalogue, or the name of the file, with nothing in it that does not print.
        source: citation and licence.
        channels: D names and units.
        sequences: arrays (T, D), float64, finite and read-only; T may differ.
        labels: one label per sequence (for the vowels the speaker, 1 to 9), or None.
        sample_rate: steps per second, or None where it is not known.
        notes: what the reader did that is worth knowing, one sentence each.

    Raises InputError: no sequence or no channel, a shape that is not (T, D) with T >= 1, values that are masked, or not
    real and finite, or a number of labels that is not the number of sequences.
    """

    name: str
    source: Source
    channels: tuple[Channel, ...]
    sequences: tuple[Array, ...]
    labels: tuple[int | str, ...] | None = None
    sample_rate: float | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))
        if not self.sequences or not self.channels:
            raise InputError(
                self.name,
                "",
                f"{len(self.sequences)} sequences over {len(self.channels)} channels",
                "a selection that selected nothing",
                "give at least one sequence and one channel",
            )
        if self.labels is not None and len(self.labels) != len(self.sequences):
            raise InputError(
                self.name,
                "",
                f"{len(self.labels)} labels for {len(self.sequences)} sequences",
                "labels that were given per step, or a selection made on the sequences alone",
                "give one label per sequence",
            )
        checked = (self._checked(index, values) for index, values in enumerate(self.sequences))
        object.__setattr__(self, "sequences", tuple(checked))

    def _checked(self, index: int, values: Array) -> Array:
        """Return `values` as a read-only float64 array (T, D), copied only where it has to be."""
        refuse_masked(values, self.name, f"sequence {index}")
        if values.ndim != 2 or values.shape[1] != len(self.channels) or not len(values):
            raise InputError(
                self.name,
                f"sequence {index}",
                f"an array of shape {values.shape} where (T, {len(self.channels)}) belongs",
                "a transposed array, or a single channel given as (T,)",
                "give time as rows and channels as columns",
            )
        if values.dtype.kind not in "biuf":
            raise InputError(
                self.name,
                f"sequence {index}",
                f"values of dtype {values.dtype}, where real numbers belong",
                "strings, objects or complex numbers left from reading the data",
                "convert them first: np.asarray(values, dtype=float), or values.real",
            )
        if values.dtype != np.float64 or values.flags.writeable:
            values = values.astype(np.float64)
            values.setflags(write=False)
        refuse_not_finite(values, self.name, f"sequence {index}, index")
        return values

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of steps T of each sequence."""
        return tuple(len(values) for values in self.sequences)


def of_file(file: str, channels: Sequence[str], *sequences: Array, unit: str = "", **further: Any) -> Sequences:
    """Return the sequences of a file of the user's own, of which no more than its name is known."""
    source = Source(citation=f"the user's own file {printable(Path(file).name)}", licence="not stated by the file")
    for values in sequences:
        values.setflags(write=False)
    return Sequences(Path(file).name, source, channels_named(channels, unit), sequences, **further)


def numbered(count: int) -> list[str]:
    """Return channel 1, channel 2, ...: the names of channels that have none."""
    return [f"channel {number}" for number in range(1, count + 1)]


def channels_named(names: Sequence[str], unit: str = "") -> tuple[Channel, ...]:
    """Return one `Channel` per name, all of the same unit; what does not print in a name is replaced."""
    return tuple(Channel(printable(name), unit) for name in names)
