"""Cell files: TOML read with `tomllib`, bounded, checked key by key, never executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from lstm_sym.equations.cell import Cell, parse
from lstm_sym.equations.equation import Option
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.functions import FUNCTIONS
from lstm_sym.equations.names import reserved
from lstm_sym.equations.settings import chosen_settings, constant
from lstm_sym.equations.signs import ALLOWED, Sign, alike, read_sign
from lstm_sym.equations.suggestions import did_you_mean, listed
from lstm_sym.equations.tomlfile import MAX_FILE, TomlFile

_KEYS = tuple("name names reference equations inputs output symbols options constants parameters sizes initial".split())
_LANGUAGES = {"meaning": "en", "zh-Hant": "zh-Hant", "zh-Hans": "zh-Hans"}
SIGN = "symbol"
MAX_LINE = 500
"""The most characters of a name, a reference or a meaning."""


def load(path: str | Path, **choices: str | float) -> Cell:
    """Read a cell file; `choices` set its options and constants (`phi_h="identity"`, `alpha=0.2`). Raises CellError."""
    path = Path(path)
    key = re.sub(r"\W", "_", path.stem, flags=re.ASCII)[:64]
    return read_cell(plain_file(path), key=key, source=path.name or str(path), choices=choices)


def read_cell(content: bytes, *, key: str, source: str, choices: Mapping[str, str | float] | None = None) -> Cell:
    """The bytes of a cell file to a Cell. Raises CellError."""
    file = TomlFile.read(content, source)
    _check_keys(file)
    equations = _equations(file)
    options, constants = _options(file), _constants(file)
    functions, numbers = chosen_settings(options, constants, choices or {}, source)
    cell = parse(
        equations,
        key=key,
        options=functions,
        sizes=_sizes(file),
        constants=numbers,
        initial=_table(file, "initial"),
        parameters=_table(file, "parameters"),
        output=_text(file, "output") or None,
        inputs=_inputs(file),
        source=source,
        first_line=file.line_of_value("equations", equations),
        error_in=lambda table: partial(file.error, table=table),
    )
    _check_options_called(file, options, cell)
    return replace(
        cell,
        name=_text(file, "name") or key,
        names=_names(file),
        reference=_text(file, "reference"),
        meanings=_meanings(file, cell),
        signs=_signs(file, cell),
        options=options,
    )


def plain_file(path: Path) -> bytes:
    """The content of a plain file, or one byte more than may be read. Raises CellError."""
    try:
        if path.is_dir():
            what, allowed, fix = "this is a folder", "a .toml file", "name the .toml file in it"
        elif not path.exists():
            what, allowed = "there is no such file", "the path of a .toml file"
            fix = "check the path, and the folder that it starts from"
        elif not path.is_file():
            what, allowed = "this is a pipe or a device, which may never end", "a plain file"
            fix = "save its content as a .toml file and name that"
        else:
            with path.open("rb") as file:
                return file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        what = f"this cannot be opened: {getattr(error, 'strerror', None) or error}"
        allowed, fix = "a plain file that you may read", "check the path and its permissions"
    raise CellError(what, source=str(path), allowed=allowed, fix=fix)


def _check_keys(file: TomlFile) -> None:
    for name in file.document:
        if name not in _KEYS:
            fix = did_you_mean(name, _KEYS) or "drop it; remarks go into comments, after #"
            raise file.error(f"unknown key `{name[:40]}`", name, ", ".join(_KEYS), fix)


def _inputs(file: TomlFile) -> tuple[str, ...]:
    """The names of several inputs, in the order of the columns of x."""
    value = file.document.get("inputs", [])
    if isinstance(value, list) and all(isinstance(name, str) for name in value) and len(set(value)) == len(value):
        return tuple(value)
    allowed = 'a list of names, each once: inputs = ["x", "u"]'
    raise file.error("`inputs` is no list of names", "inputs", allowed, "write the names in brackets, each in quotes")


def _equations(file: TomlFile) -> str:
    value = file.document.get("equations")
    if isinstance(value, str):
        return value
    allowed = 'equations = """ ... """, one equation a line, above the first [table]'
    if value is not None:
        raise file.error("`equations` is not text", "equations", allowed, "put the lines between triple quotes")
    fix = "write them between triple quotes"
    if file.line_of("equations") > 1:
        fix = "`equations = ` stands below a [table] and so belongs to it: move it above the first one"
    raise file.error("`equations` is missing", "equations", allowed, fix)


def _text(file: TomlFile, name: str) -> str:
    value = file.document.get(name, "")
    if not isinstance(value, str):
        raise file.error(f"`{name}` is not text", name, f'{name} = "..."', "put it between quotes")
    _check_meaning(file, name, name, value)
    return value


def _names(file: TomlFile) -> dict[str, str]:
    """The name in other languages."""
    entry = _table(file, "names")
    for language, text in entry.items():
        if language not in _LANGUAGES.values() or language == "en" or not isinstance(text, str) or not text:
            raise file.error(
                f"`names` has an entry `{language[:40]}` that is not a name",
                "names",
                'names = { zh-Hant = "...", zh-Hans = "..." }',
                "write one line of text a language; the English name is `name`",
            )
        _check_meaning(file, f"names.{language}", "names", text)
    return dict(entry)


def _check_meaning(file: TomlFile, shown: str, place: str, text: str) -> None:
    if len(text) > MAX_LINE or not text.isprintable():
        raise file.error(
            f"`{shown}` is too long or holds a character that does not print",
            place,
            f"one line of at most {MAX_LINE} characters",
            "shorten it; characters that do not show often come in by copy and paste",
        )


def _table(file: TomlFile, name: str) -> dict[str, Any]:
    """A table of the file by its name, {} where there is none."""
    return _checked_table(file, file.document.get(name, {}), name, name)


def _checked_table(file: TomlFile, value: Any, name: str, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        form = f"[{name[:80]}]"
        raise file.error(f"`{name[:80]}` is not a table", place, f"{form} and below it, key = value", f"write {form}")
    return value


def _sizes(file: TomlFile) -> dict[str, str]:
    sizes = _table(file, "sizes")
    for name, size in sizes.items():
        if not isinstance(size, str):
            raise file.error(
                f"the size of `{name[:40]}` is not text",
                name,
                'a symbol between quotes: x = "H"',
                "sizes are symbols; numbers are given when parameters are made",
            )
    return sizes


def _constants(file: TomlFile) -> dict[str, Fraction]:
    constants = {}
    for name, value in _table(file, "constants").items():
        allowed = "alpha = 0.1 under [constants]"
        if reserved(name):
            what = f"a constant cannot be called `{name[:40]}`"
            raise file.error(what, name, allowed, "choose another name, such as alpha")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise file.error(f"the constant `{name[:40]}` is no number", name, allowed, "write a number without quotes")
        constants[name] = constant(name, value, file.source)
    return constants


def _options(file: TomlFile) -> dict[str, Option]:
    functions = ("identity", *sorted(name for name, row in FUNCTIONS.items() if row.arity == 1))
    form = '[options.phi_h], choices = ["tanh", "identity"], default = "tanh"'
    options = {}
    for name, option in _table(file, "options").items():
        entry = _checked_table(file, option, f"options.{name}", name)
        if reserved(name):
            raise file.error(
                f"an option cannot be called `{name[:40]}`", name, form, "choose another name, such as phi_h"
            )
        choices, default = entry.get("choices"), entry.get("default")
        if set(entry) != {"choices", "default"} or not isinstance(choices, list) or not choices:
            raise file.error(
                f"the option `{name}` needs choices and a default, and no more", name, form, f"write {form}"
            )
        for choice in choices:
            if not isinstance(choice, str) or choice not in functions:
                fix = did_you_mean(str(choice), functions) or "choose from the table of functions"
                raise file.error(f"`{str(choice)[:40]}` is no function", name, ", ".join(functions), fix)
        if not isinstance(default, str) or default not in choices:
            fix = "name one of the choices as default"
            raise file.error(f"the default of `{name}` is not one of its choices", name, ", ".join(choices), fix)
        options[name] = Option(tuple(choices), default)
    return options


def _check_options_called(file: TomlFile, options: Mapping[str, Option], cell: Cell) -> None:
    for name in options:
        if not re.search(rf"\b{name}\s*\(", cell.text, re.ASCII):
            fix = f"write {name}(...) where the function is left open, or drop the option"
            raise file.error(f"no equation calls the option `{name}`", name, "options that an equation calls", fix)


def _meanings(file: TomlFile, cell: Cell) -> dict[str, dict[str, str]]:
    meanings: dict[str, dict[str, str]] = {}
    for name, entry in _table(file, "symbols").items():
        if name not in cell.shapes:
            raise file.error(
                f"[symbols.{name[:40]}] names a symbol that no equation uses",
                name,
                listed(cell.shapes),
                did_you_mean(name, tuple(cell.shapes)) or "drop that table",
            )
        meanings[name] = _languages(file, _checked_table(file, entry, f"symbols.{name}", name), name)
    return meanings


def _languages(file: TomlFile, entry: Mapping[str, Any], name: str) -> dict[str, str]:
    found = {}
    for key, value in entry.items():
        if key == SIGN:
            continue
        text = value.get("meaning") if isinstance(value, dict) else value
        if key not in _LANGUAGES or not isinstance(text, str) or (isinstance(value, dict) and len(value) > 1):
            raise file.error(
                f"[symbols.{name}] has an entry `{key[:40]}` that is not a meaning",
                f"symbols.{name}",
                'meaning = "...", zh-Hant = "...", zh-Hans = "...", symbol = "..."',
                did_you_mean(key, (*_LANGUAGES, SIGN)) or "write one line of text a language",
            )
        _check_meaning(file, f"symbols.{name}.{key}", f"symbols.{name}", text)
        found[_LANGUAGES[key]] = text
    return found


def _signs(file: TomlFile, cell: Cell) -> dict[str, Sign]:
    """How names are shown; every name as nothing else is."""
    found = {}
    for name, entry in _table(file, "symbols").items():
        if SIGN not in entry:
            continue
        text = entry[SIGN]
        try:
            found[name] = read_sign(text if isinstance(text, str) else "")
        except ValueError as error:
            what = f"the symbol of `{name}` cannot be shown: {str(text)[:80]!r}"
            raise file.error(what, f"symbols.{name}", ALLOWED, str(error)) from None
    if pair := alike(tuple(cell.shapes), found):
        raise file.error(
            f"`{pair[0]}` and `{pair[1]}` would be shown alike",
            "symbols",
            "a symbol that no other name is shown by; a dot is how forward mode marks the tangent of a name",
            f"give one of [symbols.{pair[0]}] and [symbols.{pair[1]}] another symbol, or a subscript",
        )
    return found
