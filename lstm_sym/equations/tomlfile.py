"""The TOML of a cell file: decoded and read within bounds, and where in the file a key stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from lstm_sym.equations.errors import CellError

MAX_FILE = 65_536
MAX_POINTS = 2_000
MAX_LINE_POINTS = 50

_SYNTAX = 'key = "value", [tables], and equations between triple quotes'
_HINTS = (
    ("Unescaped", "write two backslashes for one; equations and meanings need none"),
    ("Cannot overwrite", "this key or table stands in the file twice: keep one"),
    ("Cannot declare", "this table stands in the file twice: keep one"),
    ("Illegal character", "text goes between quotes on one line, equations between triple quotes"),
    ("Unterminated", "close the text with the quotes that opened it"),
    ("Expected \"'''\"", "close the equations with triple quotes"),
    ("Invalid value", "put text between quotes"),
    ("Expected '='", "write key = value; equations go between triple quotes"),
)


@dataclass(frozen=True)
class TomlFile:
    """What a file holds, its text, and its name for messages."""

    document: dict[str, Any]
    text: str
    source: str

    @classmethod
    def read(cls, content: bytes, source: str) -> TomlFile:
        """The bytes of a file, decoded and read. Raises CellError."""
        text = _decoded(content, source)
        file = cls({}, text, source)
        file._check_points()
        try:
            return cls(tomllib.loads(text), text, source)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
            lines = text.rstrip("\n").split("\n")
            end = len(lines), len(lines[-1]) + 1
            line, column = (int(place[1]), int(place[2])) if place else end
            reason = str(error).removesuffix(place[0] if place else " (at end of document)")
            fix = next(
                (fix for start, fix in _HINTS if reason.startswith(start)), "compare with a cell of the catalogue"
            )
            raise file.error_at(f"this is not TOML: {reason[:80]}", line, column, _SYNTAX, fix) from None
        except (RecursionError, ValueError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0]
            raise file.error_at(
                f"this cannot be read as TOML: {reason}", 1, 1, _SYNTAX, "keep to text and tables"
            ) from None

    def _check_points(self) -> None:
        """Bound the points: the time to read a key grows with the square of its parts."""
        points = 0
        for number, text in enumerate(self.text.split("\n"), 1):
            points += text.count(".")
            if text.count(".") > MAX_LINE_POINTS or points > MAX_POINTS:
                raise self.error_at(
                    "too many points",
                    number,
                    text.index(".") + 1,
                    f"{MAX_LINE_POINTS} points a line, {MAX_POINTS:,} a file",
                    "no key needs more than two points; give parts of a long equation equations of their own",
                )

    def line_of(self, name: str, table: str = "") -> int:
        """The first line on which a key or the header of its table stands; 1 if none is found.

        table: the key stands below the header of this one, on whose line it is looked for where no line begins with it.
        """
        above = self._place(table, 0) if table else 0
        place = self._place(name, above)
        return self.text.count("\n", 0, place or above) + 1

    def _place(self, name: str, start: int) -> int:
        """Where in the text, from `start` on, the first key or header of this name ends; 0 if there is none."""
        quoted = re.escape(name)
        key = rf"""^[ \t]*(?:\[[^\]\n]*?\b{quoted}["']?[ \t]*[.\]]|["']?{quoted}["']?[ \t]*[.=])"""
        found = re.compile(key, re.MULTILINE).search(self.text, start)
        return found.end() if found else 0

    def line_of_value(self, name: str, value: str) -> int:
        """The line on which the text of a key begins, which may be the line after its quotes."""
        line = self.line_of(name)
        start = sum(len(before) + 1 for before in self.text.split("\n")[: line - 1])
        place = self.text.find(value, start) if value else -1
        return self.text.count("\n", 0, place) + 1 if place >= 0 else line

    def error(self, what: str, name: str, allowed: str, fix: str, table: str = "") -> CellError:
        """The error at the line of a key, of that below the header of `table` if there are several."""
        return self.error_at(what, self.line_of(name, table), 1, allowed, fix)

    def error_at(self, what: str, line: int, column: int, allowed: str, fix: str) -> CellError:
        """The error at a line and column of the file."""
        text = self.text.split("\n")[line - 1] if self.text else ""
        return CellError(what, source=self.source, line=line, column=column, text=text, allowed=allowed, fix=fix)


def _decoded(content: bytes, source: str) -> str:
    if len(content) > MAX_FILE:
        raise CellError(
            f"the file is larger than {MAX_FILE:,} bytes",
            source=source,
            allowed=f"{MAX_FILE:,} bytes",
            fix="a cell file holds equations and meanings; is this the right file?",
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        raise CellError(
            f"byte {error.start + 1} of the file is not UTF-8",
            source=source,
            line=len(before),
            column=len(before[-1].decode("utf-8-sig", "replace")) + 1,
            allowed="UTF-8 text",
            fix="save the file as UTF-8 in your editor",
        ) from None
