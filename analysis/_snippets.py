"""Sentences of film reviews and what people thought of each, fetched once from the package index and kept.

10,605 sentences from rottentomatoes.com (Pang & Lee 2005), each rated by 20 people from -4 to 4 (Hutto & Gilbert 2014,
ICWSM-14), in the source archive of the package vaderSentiment 3.3.2, MIT licence. `pip download` fetches the archive,
with the indexes and certificates that pip is set up with, and checks its SHA-256 before anything else. Where an archive
has no metadata apart, pip asks its build backend, setuptools, which runs the archive's setup.py; here a backend of four
lines stands in for it, so that nothing of the archive is executed. Of the archive one text file is read.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from lstm_sym.ground.files import write_whole
from lstm_sym.ground.refusal import Refusal

ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
TABLE = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
BACKEND = """
import pathlib
class __legacy__:
    def prepare_metadata_for_build_wheel(folder, settings=None):
        made = pathlib.Path(folder, "vaderSentiment-3.3.2.dist-info"); made.mkdir()
        (made / "METADATA").write_text("Metadata-Version: 2.1\\nName: vaderSentiment\\nVersion: 3.3.2\\n")
        return made.name
"""
"""What pip takes for setuptools: it says the name and version of the archive, and looks at nothing."""


class SnippetsError(Refusal):
    """The sentences are not to be had; `where` is the archive."""


class Rated(NamedTuple):
    """A sentence and the mean of its ratings, -4 to 4."""

    text: str
    rating: float


def snippets() -> list[Rated]:
    """All sentences, from the cache; fetched where they are not in it. Raises SnippetsError."""
    path = cache() / ARCHIVE
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != SHA256:
        data = fetched(path)
        write_whole(path, data)
    return [*read(data)]


def cache() -> Path:
    """The folder of the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lstm_sym"


def fetched(path: Path) -> bytes:
    """The archive, from the package index. Raises SnippetsError where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        backend = place / "backend" / "setuptools"
        backend.mkdir(parents=True)
        (backend / "__init__.py").touch()
        (backend / "build_meta.py").write_text(BACKEND, encoding="utf-8")
        wanted = place / "requirements.txt"
        wanted.write_text(f"vaderSentiment==3.3.2 --hash=sha256:{SHA256}\n", encoding="utf-8")
        options = ["--quiet", "--no-input", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
        command = [*pip(path), "download", *options, "-d", folder, "-r", str(wanted)]
        environment = {**os.environ, "PYTHONPATH": str(backend.parent), "PIP_USE_PEP517": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode or not (place / ARCHIVE).is_file():
            said = done.stderr.strip().splitlines()[-1:] or ["no message"]
            raise refused(path, f"pip could not download it: {said[0]}", "no network, or an index without it")
        return (place / ARCHIVE).read_bytes()


def pip(path: Path) -> list[str]:
    """The command of a pip: of this interpreter, or of the one that its environment was made with."""
    for python in dict.fromkeys((sys.executable, getattr(sys, "_base_executable", sys.executable))):
        command = [python, "-m", "pip", "--disable-pip-version-check"]
        if subprocess.run([*command, "--version"], capture_output=True).returncode == 0:
            return command
    raise refused(path, f"{sys.executable} has no pip to fetch it with", "an environment that was made without pip")


def refused(path: Path, what: str, why: str) -> SnippetsError:
    """The error, with what to do: fetch the archive by other means."""
    fix = f"put {ARCHIVE} (the source archive, from the package index) at {path}, or try --quick, which needs no data"
    return SnippetsError(ARCHIVE, what, why, fix)


def read(data: bytes) -> list[Rated]:
    """The sentences of an archive whose SHA-256 is right; nothing of it is written to the disk."""
    for member in (INNER, TABLE):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            opened = archive.extractfile(member)
            assert opened is not None  # the SHA-256 says what is in it
            data = opened.read()
    rows = (line.split("\t") for line in data.decode("utf-8", "replace").splitlines())
    return [Rated(text, float(rating)) for _, rating, text in rows]
