"""A result that can be saved as a page with its files, as the command line writes it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from lstm_sym.ground.output import Output
from lstm_sym.ground.shown import Shown
from lstm_sym.studies.request import Request


@dataclass(frozen=True, eq=False, repr=False)
class Report(Shown, ABC):
    """What was asked for, and what was written of what was found: path -> "wrote" or "removed"."""

    COMMAND: ClassVar[str]

    request: Request
    written: dict[Path, str] = field(default_factory=dict, init=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(self.request.names)}>"

    @classmethod
    @abstractmethod
    def planned(cls, request: Request) -> list[str]:
        """Every file that it may come with, without the manifest."""

    @abstractmethod
    def record(self, folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """What was measured, from what and with what, for JSON; with the command for the folder it goes into."""

    @abstractmethod
    def files(self, folder: str | os.PathLike[str]) -> Mapping[str, bytes]:
        """Every file by its name; the page has the command for the folder it goes into."""

    @classmethod
    def output(cls, request: Request, folder: str | os.PathLike[str], *, force: bool) -> Output:
        """The folder, before anything is measured. Raises OutputError where a file must not be written."""
        manifest = f"{cls.COMMAND}.json"
        return Output(Path(folder), cls.planned(request), request.files, force=force, manifest=manifest)

    def save(self, folder: str | os.PathLike[str], *, force: bool = False) -> dict[Path, str]:
        """Write the page, its figures and data into a folder, as the command line does: path -> "wrote" or "removed".

        Every file is whole or not there. Files that are there already are overwritten if a run before wrote them and
        nobody changed them since, or with `force`; those of a run before that this one does not have are removed.
        Raises OutputError, before anything is drawn; OSError.
        """
        return self.write(self.output(self.request, folder, force=force))

    def write(self, output: Output) -> dict[Path, str]:
        """Write all into a folder that takes it. Raises OSError."""
        done = output.write(self.files(output.folder), self.record(output.folder))
        self.written.update(done)
        return done
