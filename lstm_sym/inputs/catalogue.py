"""Sequences by name: those packaged here, and the controlled one."""

import difflib
import operator
import os
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np

from .checks import refuse_large, refuse_short, refuse_wide, require_generator
from .errors import InputError
from .readers import load
from .sequences import Sequences, Source, channels_named, numbered

CATALOGUE = ("japanese-vowels", "sunspots", "gaussian")

_MICRO = 1e6
_TRAINING = 270
_FRAME_SHIFT = 6.4e-3


def japanese_vowels(part: Literal["all", "train", "test"] = "all") -> Sequences:
    """Return the Japanese Vowels: nine male speakers saying /ae/, 640 utterances of 7 to 29 frames.

    Each frame holds 12 LPC cepstrum coefficients, one frame every 6.4 ms. The first 270 utterances (30 a
    speaker) are "train", the other 370 "test"; within each part they stand by speaker. `labels` are the
    speakers, 1 to 9. Source: Kudo, Toyama & Shimbo 1999; data/SOURCES.md has all of it.

    Raises InputError: another `part`.
    """
    parts = {"all": slice(None), "train": slice(_TRAINING), "test": slice(_TRAINING, None)}
    if part not in parts:
        raise InputError(
            "japanese-vowels",
            "",
            f"no part {part!r}",
            "another data set's name for its parts",
            f"choose one of {', '.join(parts)}",
        )
    with (files(__package__) / "data" / "japanese_vowels.npz").open("rb") as file, np.load(file) as archive:
        # Whole millionths: their quotient by 1e6 is the float nearest to the published decimal.
        frames = archive["millionths"] / _MICRO
        lengths, speakers = archive["lengths"], archive["speakers"]
    frames.setflags(write=False)
    utterances = np.split(frames, np.cumsum(lengths)[:-1])
    return Sequences(
        name="japanese-vowels",
        source=Source(
            citation="Kudo, M., Toyama, J. & Shimbo, M. (1999). Multidimensional curve classification using "
            "passing-through regions. Pattern Recognition Letters 20, 1103-1111. Data: Japanese Vowels, "
            "UCI Machine Learning Repository, doi:10.24432/C5NS47",
            licence="CC BY 4.0",
        ),
        channels=channels_named([f"cepstrum {order}" for order in range(1, 13)], "1"),
        sequences=tuple(utterances[parts[part]]),
        labels=tuple(int(speaker) for speaker in speakers[parts[part]]),
        sample_rate=1 / _FRAME_SHIFT,
        notes=("one step is one frame: 25.6 ms of speech, every 6.4 ms",),
    )


def sunspots() -> Sequences:
    """Return the yearly mean sunspot numbers of 1700 to 2008: one sequence (309, 1), one step a year.

    These are the international numbers before the recalibration of 2015 (version 1), the series of the
    literature. Source: NOAA National Geophysical Data Center; data/SOURCES.md has all of it.
    """
    with (files(__package__) / "data" / "sunspots.csv").open(encoding="utf-8") as file:
        numbers = np.loadtxt(file, delimiter=",", skiprows=1, usecols=1, ndmin=2)
    return Sequences(
        name="sunspots",
        source=Source(
            citation="Yearly mean sunspot numbers 1700-2008, NOAA National Geophysical Data Center",
            licence="public domain",
        ),
        channels=channels_named(["sunspot number"], "1"),
        sequences=(numbers,),
        notes=("one step is one year, the first is 1700",),
    )


def gaussian(length: int, channels: int, rng: np.random.Generator) -> Sequences:
    """Return one sequence (length, channels) of independent standard normal numbers drawn from `rng`.

    Raises InputError: fewer than 2 steps or 1 channel, more than 4096 channels, or more than 512 MiB; TypeError: `rng`
    is not a `numpy.random.Generator`, or a size is not an integer.
    """
    length, channels = operator.index(length), operator.index(channels)
    require_generator(rng)
    refuse_short(length, "gaussian", "steps")
    if channels < 1:
        raise InputError(
            "gaussian", "", f"{channels} channels", "a size that was not set", "ask for at least 1 channel"
        )
    refuse_wide("gaussian", channels, "")
    refuse_large("gaussian", length, channels, "ask for fewer steps or channels")
    return Sequences(
        name="gaussian",
        source=Source(citation="pseudo-random standard normal numbers, drawn by NumPy", licence="none needed"),
        channels=channels_named(numbered(channels), "1"),
        sequences=(rng.standard_normal((length, channels)),),
    )


def named(
    name_or_path: str | os.PathLike[str],
    *,
    length: int = 1000,
    channels: int = 8,
    rng: np.random.Generator | None = None,
) -> Sequences:
    """Return the sequences of a name in `CATALOGUE`, or of a file (see `load`).

    A catalogue name goes before a file of the same name; capitals and underscores do not matter. `length`,
    `channels` and `rng` serve "gaussian" alone; without `rng` it draws from `np.random.default_rng(0)`, the
    same on every call.

    Raises InputError: neither a name nor a file that can be read.
    """
    name = os.fspath(name_or_path).lower().replace("_", "-")
    if name == "japanese-vowels":
        return japanese_vowels()
    if name == "sunspots":
        return sunspots()
    if name == "gaussian":
        return gaussian(length, channels, np.random.default_rng(0) if rng is None else rng)
    if Path(name_or_path).suffix or Path(name_or_path).exists():
        return load(name_or_path)
    close = difflib.get_close_matches(name, CATALOGUE, n=1)
    raise InputError(
        os.fspath(name_or_path),
        "",
        f"neither a name in the catalogue ({', '.join(CATALOGUE)}) nor a file",
        "a spelling mistake, or a file name without its extension",
        f"did you mean {close[0]}?" if close else "choose a name, or give a file with its extension",
    )
