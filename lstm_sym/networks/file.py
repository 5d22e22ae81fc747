"""Network files: TOML beside the cell files that it names, read within the same bounds, never executed.

    inputs = 12
    loss = "softmax"

    [[layers]]
    cell = "lstm"             # of the catalogue, or my.toml in the folder of this file
    size = 64
    direction = "both"

    [[layers]]
    pooling = "mean"

    [[layers]]
    dense = 9

What a layer is, one of its keys says; the others are its settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from lstm_sym import cells
from lstm_sym.equations import Cell, CellError, parse
from lstm_sym.equations import load as load_cell
from lstm_sym.equations.cellfile import plain_file
from lstm_sym.equations.suggestions import did_you_mean
from lstm_sym.equations.tomlfile import TomlFile
from lstm_sym.networks.cell_layer import CellLayer, dense
from lstm_sym.networks.dropout import Dropout
from lstm_sym.networks.embedding import Embedding
from lstm_sym.networks.errors import NetworkError
from lstm_sym.networks.layer import Layer
from lstm_sym.networks.losses import LOSSES
from lstm_sym.networks.network import Network
from lstm_sym.networks.pooling import Pooling

_KEYS = {"name": str, "inputs": int, "loss": str, "layers": list}
_OVER_TIME = {"size": int, "sizes": dict, "direction": str, "join": str, "initial": str, "chrono": float}
LARGEST = 2**24
"""The largest size of a layer."""


class Entry(NamedTuple):
    """One entry under [[layers]]: its kind and what the file says, and the folder of the file."""

    kind: str
    given: Mapping[str, Any]
    name: str
    folder: Path

    def of(self, *keys: str) -> dict[str, Any]:
        """What is given under these keys."""
        return {key: self.given[key] for key in keys if key in self.given}


class Kind(NamedTuple):
    """A kind of layer, which the key of its name says: what else may be given, and what makes the layer."""

    value: type
    keys: Mapping[str, type]
    needed: tuple[str, ...]
    layer: Callable[[Entry], Layer]


def _of_cell(entry: Entry) -> Layer:
    given = entry.given["cell"]
    path = PurePath(given)
    options = entry.given.get("options", {})
    if path.suffix != ".toml":
        found = cells.cell(given, **options)
    elif path.is_absolute() or ".." in path.parts:
        raise NetworkError(
            f"cell {given!r}", "it lies outside the folder of this file", "", "put the cell file beside it, and name it"
        )
    else:
        found = load_cell(entry.folder / path, **options)
    return _over_time(entry, found)


def _of_equations(entry: Entry) -> Layer:
    return _over_time(entry, parse(entry.given["equations"], key=entry.name, source=entry.name, stateless=True))


def _over_time(entry: Entry, cell: Cell) -> Layer:
    return CellLayer(entry.name, cell, **entry.of(*_OVER_TIME))


def _dense(entry: Entry) -> Layer:
    return dense(entry.name, entry.given["dense"], **entry.of("activation", "bias"))


def _embedding(entry: Entry) -> Layer:
    return Embedding(entry.name, entry.given["embedding"], entry.given["size"])


KINDS: dict[str, Kind] = {
    "cell": Kind(str, {**_OVER_TIME, "options": dict}, ("size",), _of_cell),
    "equations": Kind(str, _OVER_TIME, ("size",), _of_equations),
    "dense": Kind(int, {"activation": str, "bias": bool}, (), _dense),
    "embedding": Kind(int, {"size": int}, ("size",), _embedding),
    "pooling": Kind(str, {}, (), lambda e: Pooling(e.name, e.given["pooling"])),
    "dropout": Kind(float, {"each": str}, (), lambda e: Dropout(e.name, e.given["dropout"], **e.of("each"))),
}
"""Key that says what an entry under [[layers]] is -> the kind."""


def is_network_file(path: str | Path) -> bool:
    """Whether a file speaks of layers, as a network file does and a cell file does not; False where there is none.

    Of one that is no TOML, a line [[layers]] tells.
    """
    try:
        content = plain_file(Path(path))
        return "layers" in TomlFile.read(content, "").document
    except CellError:
        pass
    try:
        return re.search(rb"^[ \t]*\[\[[ \t]*layers[ \t]*\]\]", plain_file(Path(path)), re.MULTILINE) is not None
    except CellError:
        return False


def load(path: str | Path) -> Network:
    """Read a network file. Raises NetworkError, and CellError for what is no TOML and for the cells it names."""
    path = Path(path)
    file = TomlFile.read(plain_file(path), path.name or str(path))
    refuse = partial(_refuse, file)
    _check_types(file.document, _KEYS, refuse, 0)
    entries = file.document.get("layers", [])
    layers = [_layer(file, number, entry, path.parent) for number, entry in enumerate(entries, 1)]
    loss = file.document.get("loss")
    if loss is not None and loss not in LOSSES:
        raise refuse(0, f"there is no loss {loss!r}", f"the losses are {', '.join(LOSSES)}", "loss")
    try:
        network = Network(
            tuple(layers),
            file.document.get("inputs", 0),
            LOSSES[loss] if loss else None,
            file.document.get("name", path.stem),
        )
        network.widths  # noqa: B018 sizes that do not chain are refused here
    except NetworkError as error:
        raise NetworkError(f"{file.source}, {error.where}", error.found, error.why, error.fix) from None
    return network


def _layer(file: TomlFile, number: int, given: Any, folder: Path) -> Layer:
    refuse = partial(_refuse, file, number)
    if not isinstance(given, dict):
        raise refuse("it is no table", "write [[layers]], and its keys below")
    kinds = [key for key in given if key in KINDS]
    if len(kinds) != 1:
        found = f"it has {' and '.join(kinds)}" if kinds else "nothing says what it is"
        raise refuse(found, f"one of {', '.join(KINDS)} in each layer; the next layer begins with [[layers]]")
    kind = KINDS[kinds[0]]
    keys = {"name": str, kinds[0]: kind.value, **kind.keys}
    _check_types(given, keys, partial(_refuse, file), number)
    for key in kind.needed:
        if key not in given:
            raise refuse(f"a layer of {kinds[0]} has no {key}", f"write {key} = ...", kinds[0])
    default = given[kinds[0]] if kinds[0] == "cell" else kinds[0]
    entry = Entry(kinds[0], given, given.get("name") or re.sub(r"\W", "_", PurePath(str(default)).stem), folder)
    try:
        return kind.layer(entry)
    except CellError as error:
        place = f"{error.source}, line {error.line}: " if error.line else ""
        raise refuse(f"{place}{error.what}", error.fix, kinds[0]) from error
    except NetworkError as error:
        raise refuse(f"{error.where}: {error.found}", error.fix, kinds[0]) from error


def _check_types(
    given: Mapping[str, Any], keys: Mapping[str, type], refuse: Callable[..., NetworkError], number: int
) -> None:
    """Refuse a key that is not known, and a value of another kind; a whole number may stand for any number."""
    for key, value in given.items():
        if key not in keys:
            raise refuse(number, f"unknown key `{key[:40]}`", did_you_mean(key, tuple(keys)) or "drop it", key)
        wanted = (int, float) if keys[key] is float else keys[key]
        if not isinstance(value, wanted) or (isinstance(value, bool) and keys[key] is not bool):
            raise refuse(number, f"`{key}` is {value!r:.40}", f"give {_KINDS[keys[key]]}", key)
        if keys[key] is int and isinstance(value, int) and not 1 <= value <= LARGEST:
            raise refuse(number, f"`{key}` is {value}", f"a size is between 1 and {LARGEST}", key)


_KINDS = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


def _refuse(file: TomlFile, number: int, found: str, fix: str, key: str = "") -> NetworkError:
    """The error at a layer, or outside of all, with its line."""
    headers = [place.start() for place in re.finditer(r"^[ \t]*\[\[[ \t]*layers[ \t]*\]\]", file.text, re.MULTILINE)]
    start = headers[number - 1] if 0 < number <= len(headers) else 0
    place = re.compile(rf"^[ \t]*{re.escape(key)}[ \t]*=", re.MULTILINE).search(file.text, start) if key else None
    line = file.text.count("\n", 0, place.start() if place else start) + 1
    layer = f", layer {number}" if number else ""
    return NetworkError(f"{file.source}{layer}, line {line}", found, "", fix)
