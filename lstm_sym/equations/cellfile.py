"""Cell files: TOML read with `tomllib`, bounded, checked key by key, never executed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lstm_sym.equations.cell import Cell, Option
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.equations.parser import parse
from lstm_sym.equations.structure import chosen_options

MAX_FILE = 65_536

_KEYS = ("name", "reference", "equations", "output", "symbols", "options", "sizes")
_LANGUAGES = {"meaning": "en", "zh-Hant": "zh-Hant", "zh-Hans": "zh-Hans"}
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}\Z")


def load(path: str | Path, **choices: str) -> Cell:
    """Read a cell file; `choices` set its function options (`phi_h="identity"`). Raises CellError, OSError."""
    path = Path(path)
    if path.is_dir():
        raise CellError("this is a folder", source=str(path), fix="name the .toml file in it")
    if not path.exists():
        raise CellError("there is no such file", source=str(path), fix="check the path; `lstm-sym cells` lists cells")
    with path.open("rb") as file:
        content = file.read(MAX_FILE + 1)
    return read_cell(content, key=re.sub(r"\W", "_", path.stem), source=path.name, choices=choices)


def read_cell(content: bytes, *, key: str, source: str, choices: Mapping[str, str] | None = None) -> Cell:
    """The bytes of a cell file to a Cell. Raises CellError."""
    if len(content) > MAX_FILE:
        raise CellError(
            f"the file is larger than {MAX_FILE:,} bytes",
            source=source,
            allowed=f"{MAX_FILE:,} bytes",
            fix="a cell file holds equations and meanings; is this the right file?",
        )
    document, text = _document(content, source)
    equations = _text(document, "equations", source, required=True)
    options = _options(document.get("options", {}), source)
    cell = parse(
        equations,
        key=key,
        options=chosen_options(options, choices or {}, source),
        sizes=_sizes(document.get("sizes", {}), source),
        output=_text(document, "output", source) or None,
        source=source,
        first_line=_first_line(text, equations),
    )
    meanings = _meanings(document.get("symbols", {}), cell, source)
    name = _text(document, "name", source) or key
    return replace(cell, name=name, reference=_text(document, "reference", source), meanings=meanings, options=options)


def _document(content: bytes, source: str) -> tuple[dict[str, Any], str]:
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CellError(
            f"byte {error.start} is not UTF-8",
            source=source,
            allowed="UTF-8 text",
            fix="save the file as UTF-8",
        ) from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column (\d+)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, 1)
        raise CellError(
            f"this is not TOML ({error})",
            source=source,
            line=line,
            column=column,
            text=_line(text, line),
            allowed='key = "value", [tables], and equations between triple quotes',
            fix="compare with the output of `lstm-sym show lstm --toml`",
        ) from None
    except (RecursionError, ValueError) as error:
        raise CellError(f"this cannot be read as TOML ({error})", source=source, fix="flatten the file") from None
    for name in document:
        if name not in _KEYS:
            close = get_close_matches(name, _KEYS, 1)
            raise CellError(
                f"unknown key `{name[:40]}`",
                source=source,
                line=_line_of(text, name),
                column=1,
                allowed=", ".join(_KEYS),
                fix=f"did you mean {close[0]}?" if close else "drop it",
            )
    return document, text


def _line(text: str, number: int) -> str:
    lines = text.split("\n")
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _line_of(text: str, word: str) -> int:
    place = text.find(word)
    return text.count("\n", 0, place) + 1 if place >= 0 else 0


def _first_line(text: str, equations: str) -> int:
    """The line of the file on which the equations' text begins."""
    place = text.find(equations) if equations else -1
    return text.count("\n", 0, place) + 1 if place >= 0 else 1


def _text(document: Mapping[str, Any], name: str, source: str, required: bool = False) -> str:
    value = document.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise CellError(
            f"`{name}` is missing or not text",
            source=source,
            allowed=f'{name} = "..."',
            fix='write equations = """ ... """, one equation a line' if name == "equations" else "put it in quotes",
        )
    if name != "equations" and (len(value) > 500 or not all(c.isprintable() for c in value)):
        raise CellError(
            f"`{name}` is too long or holds a control character",
            source=source,
            allowed="one line of 500 characters",
        )
    return value


def _table(value: Any, name: str, source: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CellError(f"`{name}` is not a table", source=source, allowed=f"[{name}]", fix=f"write [{name}]")
    return value


def _sizes(value: Any, source: str) -> dict[str, str]:
    sizes = _table(value, "sizes", source)
    for name, size in sizes.items():
        if not isinstance(size, str) or not _IDENTIFIER.match(size) or size in ("T", "B"):
            raise CellError(
                f"the size of `{name[:40]}` is not a name",
                source=source,
                allowed='a letter, then letters, digits, _ (not T or B): x = "H"',
                fix="sizes are symbols; numbers are given when parameters are made",
            )
    return sizes


def _options(value: Any, source: str) -> dict[str, Option]:
    functions = {*FUNCTIONS, "identity"}
    options = {}
    for name, option in _table(value, "options", source).items():
        entry = _table(option, f"options.{name}", source)
        choices, default = entry.get("choices"), entry.get("default")
        right = isinstance(choices, list) and set(entry) == {"choices", "default"} and bool(_IDENTIFIER.match(name))
        if not right or not all(isinstance(c, str) and c in functions for c in choices) or default not in choices:
            raise CellError(
                f"the option `{name[:40]}` is not well formed",
                source=source,
                allowed='[options.phi_h], choices = ["tanh", "identity"], default = "tanh"; functions: '
                + ", ".join(sorted(functions)),
                fix="name the choices from the table of functions and one of them as default",
            )
        options[name] = Option(tuple(choices), default)
    return options


def _meanings(value: Any, cell: Cell, source: str) -> dict[str, dict[str, str]]:
    meanings: dict[str, dict[str, str]] = {}
    for name, entry in _table(value, "symbols", source).items():
        if name not in cell.shapes:
            close = get_close_matches(name, cell.shapes, 1)
            raise CellError(
                f"[symbols.{name[:40]}] names a symbol that no equation uses",
                source=source,
                allowed=", ".join(cell.shapes),
                fix=f"did you mean {close[0]}?" if close else "drop that table",
            )
        meanings[name] = _languages(_table(entry, f"symbols.{name}", source), name, source)
    return meanings


def _languages(entry: Mapping[str, Any], name: str, source: str) -> dict[str, str]:
    found = {}
    for key, value in entry.items():
        text = value.get("meaning") if isinstance(value, dict) else value
        if key not in _LANGUAGES or not isinstance(text, str) or not text.isprintable() or len(text) > 500:
            raise CellError(
                f"[symbols.{name}] has an entry `{key[:40]}` that is not a meaning",
                source=source,
                allowed='meaning = "...", [symbols.NAME.zh-Hant] meaning = "...", [symbols.NAME.zh-Hans] meaning = "..."',
                fix="one line of text a language",
            )
        found[_LANGUAGES[key]] = text
    return found
