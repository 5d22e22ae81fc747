"""What a file of Keras holds: arrays, which of them belong to which layer, and the description of a whole model."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

from lstm_sym.interop import hdf5
from lstm_sym.interop.archives import damaged, stored_members
from lstm_sym.interop.errors import InteropError

WEIGHTS = "model.weights.h5"
"""The member of a .keras archive that holds the arrays."""
_DESCRIPTION = "config.json"
_PLACE = re.compile(
    r"(?:layers|_layer_checkpoint_dependencies)/(?P<layer>[^/]+)/"
    r"(?P<part>(?:(?:forward_layer|backward_layer|layer)/)?(?:cell/)?)vars/(?P<number>\d{1,9})"
)
Parts = dict[str, list[str]]
"""Part of a layer ("forward_layer/cell/", or "" for all of it) -> the paths of its arrays, in the order of Keras."""


@dataclass(frozen=True)
class KerasFile:
    """A file that was read.

    Attributes:
        where: its name, for people.
        contents: its arrays and attributes.
        description: the layers of a whole model, as Keras writes them in JSON; None in a file of weights alone.
        version: of the Keras that wrote it; "" where the file does not say.
    """

    where: str
    contents: hdf5.Contents
    description: Mapping[str, Any] | None
    version: str

    @property
    def by_name(self) -> dict[str, Parts] | None:
        """The arrays of each layer by its name, in the order of the layers; None where layers have places instead."""
        names = {"layer_names", "layer_names0"}
        roots = [root for root in ("model_weights", "") if names & self.contents.attributes.get(root, {}).keys()]
        if not roots:
            return None
        root = roots[0]
        above = f"{root}/" if root else ""
        return {layer: {"": self._paths(above + layer)} for layer in self._texts(root, "layer_names")}

    @property
    def by_place(self) -> dict[str, Parts]:
        """The arrays of each layer by what Keras 3 calls its place: "lstm", "lstm_1", ...; in no order.

        Of two directions forward_layer comes first.
        """
        found: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
        for path in self.contents.arrays:
            if match := _PLACE.fullmatch(path):
                found[match["layer"]][match["part"]][int(match["number"])] = path
        return {
            layer: {part: [parts[part][k] for k in sorted(parts[part])] for part in sorted(parts, reverse=True)}
            for layer, parts in found.items()
        }

    def _paths(self, layer: str) -> list[str]:
        names = self._texts(layer, "weight_names")
        paths = [f"{layer}/{name}" for name in names]
        for path in paths:
            if path not in self.contents.arrays:
                raise damaged(f"{self.where}, {path[:80]}", "it is named among the weights of its layer, and missing")
        return paths

    def _texts(self, group: str, name: str) -> list[str]:
        """A list of texts among the attributes of a group, which is in several where it is long."""
        own = self.contents.attributes.get(group, {})
        parts = [own[name]] if name in own else []
        parts += [own[f"{name}{k}"] for k in takewhile(lambda k: f"{name}{k}" in own, count())]
        if not parts:
            raise damaged(f"{self.where}, {group[:80]}", f"it has no {name}")
        texts = [text for part in parts for text in (part if isinstance(part, list) else [])]
        if not all(isinstance(text, str) for text in texts):
            raise damaged(f"{self.where}, {group[:80]}", f"its {name} are no list of texts")
        return texts


def of_archive(data: bytes, where: str) -> KerasFile:
    """A .keras archive. Raises InteropError: damaged, without weights, or with a description that is no JSON."""
    members = stored_members(data, where, "Keras", "model.save('model.keras')")
    if WEIGHTS not in members:
        raise damaged(where, f"it has no {WEIGHTS}")
    description = _json(members.get(_DESCRIPTION, b"null"), f"{where}, {_DESCRIPTION}")
    about = _json(members.get("metadata.json", b"null"), f"{where}, metadata.json") or {}
    version = str(about.get("keras_version", ""))[:40]
    return KerasFile(where, hdf5.of_bytes(members[WEIGHTS], f"{where}, {WEIGHTS}"), description, version)


def of_hdf5(data: bytes, where: str) -> KerasFile:
    """A file of HDF5, a whole model or weights alone. Raises InteropError as `read_hdf5` does, and for no Keras."""
    contents = hdf5.of_bytes(data, where)
    about = contents.attributes.get("", {})
    given = about.get("model_config")
    description = _json(given.encode(), f"{where}, model_config") if isinstance(given, str) else None
    found = KerasFile(where, contents, description, str(about.get("keras_version", ""))[:40])
    if found.by_name is None and not found.by_place:
        raise InteropError(
            where,
            f"it is no file of Keras: nothing in it says which layer {', '.join(contents.arrays)[:200] or 'it'} is of",
            "HDF5 of another program",
            "take its arrays, interop.arrays(path), and say which is which: interop.read(path, into=cell, table=...)",
        )
    return found


def _json(text: bytes, where: str) -> Any:
    """An object of JSON, or None. Nothing in it is run or looked up."""
    try:
        found = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(where, f"it is no JSON: {str(error)[:200]}") from error
    if found is not None and not isinstance(found, dict):
        raise damaged(where, "it is no JSON object")
    return found
