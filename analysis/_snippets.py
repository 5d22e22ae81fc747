"""Sentences of film reviews and what people thought of each, fetched once from the package index and kept.

10,605 sentences from rottentomatoes.com (Pang & Lee 2005), each rated by 20 people from -4 to 4 (Hutto & Gilbert 2014,
ICWSM-14), in the source archive of the package vaderSentiment 3.3.2, MIT licence. lstm_sym/shipped/fetching.py says how
it is fetched, and what of it runs: nothing. Of the archive one text file is read.
"""

from __future__ import annotations

import io
import tarfile
from typing import NamedTuple

from lstm_sym.ground.refusal import Refusal
from lstm_sym.shipped import Archive, ShippedError
from lstm_sym.shipped.fetching import kept

ARCHIVE = Archive(
    "vaderSentiment",
    "3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    2_466_783,
)
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
TABLE = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"


class SnippetsError(Refusal):
    """The sentences are not to be had; `where` is the archive."""


class Rated(NamedTuple):
    """A sentence and the mean of its ratings, -4 to 4."""

    text: str
    rating: float


def snippets() -> list[Rated]:
    """All sentences, from the cache; fetched where they are not in it. Raises SnippetsError."""
    try:
        return [*read(kept(ARCHIVE))]
    except ShippedError as error:
        fix = f"{error.fix}; or try --quick, which needs no data"
        raise SnippetsError(error.where, error.found, error.why, fix) from error


def read(data: bytes) -> list[Rated]:
    """The sentences of an archive whose SHA-256 is right; nothing of it is written to the disk."""
    for member in (INNER, TABLE):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            opened = archive.extractfile(member)
            assert opened is not None  # the SHA-256 says what is in it
            data = opened.read()
    rows = (line.split("\t") for line in data.decode("utf-8", "replace").splitlines())
    return [Rated(text, float(rating)) for _, rating, text in rows]
