"""Archives of the package index, fetched with pip, checked by their SHA-256, and kept; nothing of them is run.

`pip download` has the indexes and certificates that the user's pip is set up with. Where a source archive has no
metadata apart, pip asks its build backend, which runs code of the archive, as its setup.py; here a backend of a few
lines stands in for it, which says name and version and looks at nothing. pip checks the SHA-256 of an archive before it
opens it, and it is checked again here.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lstm_sym.ground.files import write_whole
from lstm_sym.ground.folders import cache_folder
from lstm_sym.ground.progress import Progress, tell
from lstm_sym.shipped.errors import ShippedError

BACKEND = """
import pathlib


def prepare_metadata_for_build_wheel(folder, settings=None):
    made = pathlib.Path(folder, {stem!r} + ".dist-info")
    made.mkdir()
    (made / "METADATA").write_text({metadata!r})
    return made.name


class __legacy__:
    prepare_metadata_for_build_wheel = staticmethod(prepare_metadata_for_build_wheel)
"""
"""What pip takes for the build backend of a source archive."""
PATIENCE = ("--retries", "1", "--timeout", "20")
"""How long pip waits for an index that does not answer."""


@dataclass(frozen=True)
class Archive:
    """An archive of the package index.

    Attributes:
        project, version: what pip is asked for. file: the name of the archive. sha256: of its bytes. size: how many.
        backend: the module that builds a source archive, for which another stands in.
    """

    project: str
    version: str
    file: str
    sha256: str
    size: int
    backend: str = "setuptools.build_meta"

    @property
    def is_source(self) -> bool:
        """Whether it is a source archive; else it is a wheel."""
        return not self.file.endswith(".whl")

    @property
    def place(self) -> Path:
        """Where it lies in the user's cache, or would."""
        return cache_folder() / self.file

    @property
    def is_kept(self) -> bool:
        """Whether a file of its name and size lies in the cache."""
        return self.place.is_file() and self.place.stat().st_size == self.size


def kept(archive: Archive, progress: Progress | None = None) -> bytes:
    """The bytes of an archive, from the cache, or fetched into it. Raises ShippedError where that fails.

    A file in the cache whose SHA-256 is another, as one that was cut short, is fetched again.
    """
    data = archive.place.read_bytes() if archive.place.is_file() else b""
    if not _is_right(data, archive):
        data = fetched(archive, progress)
        write_whole(archive.place, data)
    return data


def fetched(archive: Archive, progress: Progress | None = None) -> bytes:
    """The bytes of an archive, from the package index. Raises ShippedError: no pip, no network, another SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        command, environment = [*pip(archive), *_download(archive, place)], _environment(archive, place)
        said = _run(command, environment, archive, place, progress)
        found = place / "found" / archive.file
        if said or not found.is_file():
            raise refused(archive, f"pip could not download it: {said}", "no network, or an index without it")
        data = found.read_bytes()
    if not _is_right(data, archive):
        raise refused(archive, "its SHA-256 is another", "an index that has another archive under this name")
    return data


def pip(archive: Archive) -> list[str]:
    """The command of a pip: of this interpreter, or of the one that its environment was made with."""
    for python in dict.fromkeys((sys.executable, getattr(sys, "_base_executable", sys.executable))):
        command = [python, "-m", "pip", "--disable-pip-version-check"]
        if subprocess.run([*command, "--version"], capture_output=True).returncode == 0:
            return command
    raise refused(archive, f"{sys.executable} has no pip to fetch it with", "an environment that was made without pip")


def refused(archive: Archive, found: str, why: str) -> ShippedError:
    """The error, with what to do: fetch the archive by other means."""
    fix = f"put {archive.file}, of {archive.project} {archive.version} on the package index, at {archive.place}"
    return ShippedError(archive.file, found, why, fix)


def _is_right(data: bytes, archive: Archive) -> bool:
    return hashlib.sha256(data).hexdigest() == archive.sha256


def _download(archive: Archive, place: Path) -> list[str]:
    """The arguments of pip: this archive by its hash, and nothing that it depends on."""
    wanted = place / "requirements.txt"
    wanted.write_text(f"{archive.project}=={archive.version} --hash=sha256:{archive.sha256}\n", encoding="utf-8")
    form = ["--no-binary", ":all:", "--no-build-isolation"] if archive.is_source else ["--only-binary", ":all:"]
    plain = ["--quiet", "--no-input", "--no-deps", "--ignore-requires-python", *PATIENCE]
    return ["download", *plain, *form, "-d", str(place / "found"), "-r", str(wanted)]


def _environment(archive: Archive, place: Path) -> dict[str, str]:
    """The environment of pip: the stand-in before every installed backend, and a temporary folder that is watched."""
    module = place / "backend" / Path(*archive.backend.split("."))
    for folder in module.relative_to(place).parents:
        if len(folder.parts) > 1:
            (place / folder).mkdir(parents=True, exist_ok=True)
            (place / folder / "__init__.py").touch()
    stem = f"{archive.project}-{archive.version}".replace(" ", "_")
    metadata = f"Metadata-Version: 2.1\nName: {archive.project}\nVersion: {archive.version}\n"
    text = BACKEND.format(stem=stem, metadata=metadata)
    module.with_suffix(".py").write_text(text, encoding="utf-8")
    (place / "temporary").mkdir()
    own = {"PYTHONPATH": str(place / "backend"), "PIP_USE_PEP517": "1"}
    return {**os.environ, **own, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(place / "temporary"))}


def _run(
    command: list[str], environment: dict[str, str], archive: Archive, place: Path, progress: Progress | None
) -> str:
    """Run pip to its end; what it said last where it failed."""
    with (place / "said").open("w+", encoding="utf-8", errors="replace") as said:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=environment) as process:
            while process.poll() is None:
                time.sleep(0.05)
                tell(progress, min(_bytes_below(place / "temporary"), archive.size), archive.size)
        said.seek(0)
        lines = [line.strip() for line in said if line.strip()]
    if process.returncode == 0:
        return ""
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return errors[-1] if errors else "no message"


def _bytes_below(folder: Path) -> int:
    """How much pip has written so far; what it removes meanwhile counts for nothing."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_size
            except OSError:
                continue
    return total
