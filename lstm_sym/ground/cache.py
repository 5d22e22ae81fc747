"""What was measured, kept in the user's cache by all that decides it, so that a second run reads it.

An entry is a file of its own, called by the SHA-256 of what decides the result: cells, data, settings, the version and
every file of this package, and the packages that it computes with. So nothing in the cache is ever out of date, and all
of it may be removed at any time.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

from lstm_sym.ground.files import MARK, write_whole
from lstm_sym.ground.folders import cache_folder, private_folder
from lstm_sym.ground.packing import BROKEN, fingerprint, packed, unpacked

Result = TypeVar("Result")

VARIABLE = "LSTM_SYM_CACHE"
"""The variable that turns the cache off: LSTM_SYM_CACHE=off."""
TARGET = "LSTM_SYM_TARGET"
"""The variable that may have kernels compiled."""
ENDING = ".result"
LARGEST = 256 * 2**20
"""Bytes of all results together; the oldest go first."""
USED = ("numpy", "sympy", "autograd", "matplotlib")
PACKAGE = Path(__file__).parents[1]


@cache
def tool_fingerprint(package: Path = PACKAGE) -> str:
    """SHA-256 of what computes: every file of the package, the packages that it uses, Python, the kind of machine."""
    files = sorted(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    content = [(path.relative_to(package).as_posix(), hashlib.sha256(path.read_bytes()).digest()) for path in files]
    used = [(name, version(name)) for name in USED]
    return fingerprint([content, used, platform.python_version(), platform.system(), platform.machine()])


@dataclass(frozen=True, eq=False)
class Cache:
    """Results by what decides them, in a folder; of none (`folder` None) nothing is read or kept.

    fresh: nothing is read, and what is measured anew is kept. `measured`: when each result was measured that was read,
    in seconds since 1970.
    """

    folder: Path | None = None
    fresh: bool = False
    largest: int = LARGEST
    measured: list[float] = field(default_factory=list)

    @classmethod
    def of_user(cls, *, fresh: bool = False) -> Cache:
        """That of the user; none where LSTM_SYM_CACHE is off, there is no home to keep it in, or a compiler computes.

        What compiled kernels give depends on the compiler and the processor, which the key does not hold.
        """
        is_off = os.environ.get(VARIABLE, "").strip().lower() in ("off", "0", "no")
        with suppress(RuntimeError):
            if not is_off and os.environ.get(TARGET, "").strip() in ("", "numpy"):
                return cls(cache_folder() / "results", fresh)
        return cls()

    def result(self, kind: str, decided_by: Any, make: Callable[[], Result], classes: Collection[type] = ()) -> Result:
        """What was kept under this kind and all that decides it; else what `make` gives, which is kept.

        classes: those of the objects in it, as `unpacked` has them.
        """
        found = self.find(kind, decided_by, classes)
        if found is None:
            found = make()
            self.keep(kind, decided_by, found)
        return cast(Result, found)

    def find(self, kind: str, decided_by: Any, classes: Collection[type] = ()) -> Any:
        """The result that was kept; None without one, and where its file was cut short, changed, or is another's."""
        place = None if self.fresh else self._place(kind, decided_by)
        if place is None:
            return None
        with suppress(OSError, *BROKEN):
            if not private_folder(place.parent):
                return None
            data, when = place.read_bytes(), place.stat().st_mtime
            seal, body = data[:32], data[32:]
            if seal == _seal(place.name, body):
                found = unpacked(body, classes)
                self.measured.append(when)
                return found
        return None

    def keep(self, kind: str, decided_by: Any, result: Any) -> None:
        """Keep a result; nothing happens where the folder cannot be written, or the result has no packed form."""
        place = self._place(kind, decided_by)
        if place is None:
            return
        with suppress(OSError, TypeError):
            body = packed(result)
            if private_folder(place.parent):
                write_whole(place, _seal(place.name, body) + body, mode=0o600)
                self._remove_oldest()

    def entries(self) -> list[Path]:
        """The files of all results, the oldest first."""
        found: list[tuple[float, Path]] = []
        for path in [] if self.folder is None else self.folder.glob(f"*{ENDING}"):
            with suppress(OSError):  # another process removed it
                found.append((path.stat().st_mtime, path))
        return [path for _, path in sorted(found)]

    def clear(self) -> int:
        """Remove all results, and what was left of one, and say how many there were. Raises OSError."""
        entries = self.entries()
        for path in [*entries, *([] if self.folder is None else self.folder.glob(f"{MARK}*"))]:
            path.unlink(missing_ok=True)
        return len(entries)

    def _place(self, kind: str, decided_by: Any) -> Path | None:
        """The file of a result; None where nothing is kept, or what decides it cannot be told."""
        with suppress(TypeError):
            if self.folder is not None:
                return self.folder / f"{kind}-{fingerprint([kind, tool_fingerprint(), decided_by])}{ENDING}"
        return None

    def _remove_oldest(self) -> None:
        entries = self.entries()
        sizes = [path.stat().st_size for path in entries]
        over = sum(sizes) - self.largest
        for path, size in zip(entries, sizes, strict=True):
            if over <= 0:
                return
            path.unlink(missing_ok=True)
            over -= size


OFF = Cache()
"""No cache: everything is measured."""


def _seal(name: str, body: bytes) -> bytes:
    """What an entry begins with: SHA-256 of its name and its content."""
    return hashlib.sha256(name.encode("ascii") + body).digest()
