"""The packages whose models are opened: a TOML table each, and beside it what the model must give out."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from lstm_sym.shipped.errors import ShippedError
from lstm_sym.shipped.fetching import Archive

ORDER = ("g2p-en", "silero-vad", "resemblyzer", "dgaintel", "textgenrnn", "nagisa", "dksplit", "jieba")


@dataclass(frozen=True)
class Content:
    """An archive, and what is read of it.

    Attributes:
        archive: the archive. licence, source, citation: of what is in it.
        members: what is read -> its path in the archive; several paths where several files are alike.
    """

    archive: Archive
    licence: str
    source: str
    citation: str
    members: dict[str, str]


@dataclass(frozen=True)
class Package:
    """A package that ships a trained recurrent model.

    Attributes:
        name, version: of the package. content: its archive, and what is read of it.
        task: what the model does. layers: its recurrent layers. step: what one step of them is.
        resets: where the real task begins anew. input: what the first recurrent layer reads here, and from where.
        settings: how it is measured, where nothing else is asked for.
        recordings: the archive of the recordings that it is measured over; None for a model of text.
        own: all else in its table, for its own module.
    """

    name: str
    version: str
    content: Content
    task: str
    layers: str
    step: str
    resets: str
    input: str
    settings: dict[str, int]
    recordings: Content | None
    own: dict[str, Any]

    @property
    def contents(self) -> tuple[Content, ...]:
        """All archives that are needed."""
        return (self.content, *([] if self.recordings is None else [self.recordings]))

    @property
    def size(self) -> int:
        """Bytes that are fetched."""
        return sum(content.archive.size for content in self.contents)

    @property
    def is_kept(self) -> bool:
        """Whether all archives are in the cache."""
        return all(content.archive.is_kept for content in self.contents)

    def beside(self, ending: str) -> str:
        """The text of the file beside its table with this ending: what the model must give out."""
        return _file(self.name, ending).read_text(encoding="utf-8")


def packages() -> tuple[Package, ...]:
    """All packages, in the order of the list."""
    return tuple(map(package, ORDER))


@cache
def package(name: str) -> Package:
    """A package by its name, as pip takes names: capitals, - and _ do not matter. Raises ShippedError."""
    key = name.lower().replace("_", "-")
    if key not in ORDER:
        close = difflib.get_close_matches(key, ORDER, n=1)
        raise ShippedError(
            name,
            f"no package that is known here; these are: {', '.join(ORDER)}",
            "a spelling mistake, or a package without a recurrent model",
            f"did you mean {close[0]}?" if close else "for other weights: lstm-sym flow --weights FILE",
        )
    table = tomllib.loads(_file(key, "toml").read_text(encoding="utf-8"))
    content, recordings = _content(table), table.pop("recordings", None)
    known = {part: table.pop(part) for part in ("task", "layers", "step", "resets", "input")}
    sound = None if recordings is None else _content(tomllib.loads(_file(recordings, "toml").read_text("utf-8")))
    settings = table.pop("settings", {})
    archive = content.archive
    return Package(archive.project, archive.version, content, settings=settings, recordings=sound, own=table, **known)


def _content(table: dict[str, Any]) -> Content:
    """What a table says of an archive; it is taken out of the table."""
    archive = Archive(**table.pop("archive"))
    return Content(archive, *(table.pop(part) for part in ("licence", "source", "citation", "members")))


def _file(name: str, ending: str) -> Traversable:
    return files(__package__) / "data" / f"{name.lower().replace('-', '_')}.{ending}"
