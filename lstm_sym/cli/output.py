"""What a command gives out: one text to a destination, JSON, and the names of the files that it wrote."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lstm_sym.cli.streams import echo, hand_out, say, takes_unicode
from lstm_sym.cli.tool import Refused
from lstm_sym.ground.output import Output
from lstm_sym.ground.seal import sealed
from lstm_sym.ground.width import aligned

if TYPE_CHECKING:
    from lstm_sym.document.document import Document
    from lstm_sym.notation.notation import Notation

FORMATS = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".tex": "tex", ".pdf": "pdf"}
"""Ending of a file -> the format of the page in it."""
NOTEBOOK = {".ipynb": "ipynb"}
"""The same for the derivation of a cell, which has programs that can be run."""


class Destination:
    """One text, to the standard output, or to a file that is refused before the text is made."""

    def __init__(
        self, target: Path | None, names: Sequence[str], *, force: bool, quiet: bool = False, ending: str = ""
    ) -> None:
        """Raises Refused. The files of the cells in `names` are never overwritten.

        quiet: the standard output is taken; ending: that of the file's name, if it has to be this one.
        """
        from lstm_sym.studies.selection import files_of

        self.quiet, self.output = quiet, None
        if target is None or _is_standard_output(target):
            return
        if target.is_dir():
            raise Refused(f"{target}: this is a folder\n  fix: name the file to write")
        self.output = Output(target.parent, [target.name], files_of(names), force=force)
        if ending and target.suffix.lower() != ending:
            raise Refused(f"{target}: the name of this file ends in {ending}\n  fix: -o {target.with_suffix(ending)}")

    def deliver(self, content: str | bytes) -> None:
        """Print the content, or write it and say so; either with the seal that shows an edit. Raises OSError."""
        if self.output is not None:
            data = sealed(content) if isinstance(content, bytes) else sealed(content).encode("utf-8")
            say_written(self.output.write({self.output.names[0]: data}), quiet=self.quiet)
        elif isinstance(content, str):
            hand_out(sealed(content))
        else:
            echo(sealed(content), nl=False)


def page_format(target: Path | None, asked: str | None = None, formats: Mapping[str, str] = FORMATS) -> str:
    """The format of a page, as its file's ending says or, without one, as asked. Raises Refused, PdfError.

    formats: ending -> format. A PDF is refused where it cannot be made, or would go to a terminal.
    """
    found = _format(target, asked, formats)
    if found == "pdf":
        from lstm_sym.document.pdf import require_typst

        require_typst()
        if (target is None or _is_standard_output(target)) and sys.stdout.isatty():
            raise Refused("a PDF is not for a terminal\n  fix: name the file to write: -o NAME.pdf")
    return found


def _format(target: Path | None, asked: str | None, formats: Mapping[str, str]) -> str:
    if target is None or _is_standard_output(target) or target.is_dir():
        return asked or "html"
    ending = target.suffix.lower()
    found = formats.get(ending, asked if not ending else None)
    if found is None:
        raise Refused(
            f"{target}: no page ends in {ending or 'nothing'}\n"
            f"  allowed: {', '.join(formats)}\n"
            "  fix: let the name of the file end in one of them; it chooses the format"
        )
    if asked not in (None, found):
        raise Refused(f"{target}: this ending asks for {found}, --format for {asked}\n  fix: leave out --format")
    return found


def _is_standard_output(target: Path) -> bool:
    return str(target) == "-"


def say_written(done: Mapping[Path, str], *, quiet: bool = False) -> None:
    """Name the files that were written and removed, on the standard error stream if the standard output is taken."""
    for path, what in done.items():
        say(f"{what} {path}", err=quiet)


def say_table(rows: Sequence[Sequence[str]], numeric: Collection[int] = (), wrong: Collection[int] = ()) -> None:
    """Rows in columns, the first as their head; those whose places are `wrong` stand out."""
    for place, line in enumerate(aligned(rows, numeric)):
        say(line, bold=not place or place in wrong, fg="red" if place in wrong else None)


def in_terminal(document: Document, *, prose: bool, coloured: bool = False, notation: Notation | None = None) -> str:
    """A document as text for this terminal, its headings bold; `coloured`: lines that differ, and those that do not.

    notation: as in `terminal_text`.
    """
    from lstm_sym.document.terminal import terminal_text

    bold, dim, loud = (partial(click.style, **how) for how in ({"bold": True}, {"dim": True}, {"fg": "yellow"}))
    colours = {"quiet": dim, "loud": loud} if coloured else {}
    # Lines of 40 to 120 cells, of 100 where there is no terminal.
    width = max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))
    return terminal_text(document, width=width, prose=prose, heading=bold, notation=notation, **colours)


def print_json(content: object) -> None:
    """JSON on the standard output; a character that does not print, or that its encoding may not have, is escaped."""
    text = json.dumps(content, indent=1, ensure_ascii=not takes_unicode(), allow_nan=False)
    echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))
