"""Values as bytes and back, and the fingerprint of a value: for what is kept between two runs.

The bytes hold numbers, texts and arrays, and the names of classes; to read them runs nothing of theirs, and makes no
object of a class that was not named to the reader.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from types import ModuleType
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np

from lstm_sym.ground.refusal import Refusal

PLAIN = (str, int, float, bool, type(None))
BROKEN = (ValueError, KeyError, TypeError, IndexError, EOFError, BadZipFile)
"""What `unpacked` raises for bytes that hold no value of these classes."""


def packed(value: Any) -> bytes:
    """A value as bytes: plain values, texts, bytes, arrays; lists, tuples, dicts, data classes, refusals of such.

    Raises TypeError for anything else. An array keeps its type, shape and order, a float every bit.
    """
    arrays: list[Any] = []
    tree = json.dumps(_tree(value, arrays)).encode("ascii")
    buffer = io.BytesIO()
    named = {f"a{place}": array for place, array in enumerate(arrays)}
    np.savez(buffer, tree=np.frombuffer(tree, np.uint8), **cast(Any, named))
    return buffer.getvalue()


def unpacked(data: bytes, classes: Collection[type]) -> Any:
    """The value of `packed`, its objects of these classes alone. Raises one of BROKEN for anything else."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        tree = json.loads(arrays["tree"].tobytes())
        return _value(tree, arrays, {_name(one): one for one in classes})


def _name(of: type) -> str:
    return f"{of.__module__}.{of.__qualname__}"


def _tree(value: Any, arrays: list[Any]) -> Any:
    """The value for JSON, its arrays by their places in the list, to which they are added."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, np.ndarray | np.generic | bytes):
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.asarray(value)
        if array.dtype.hasobject:
            raise TypeError("an array of objects has no packed form")
        arrays.append(array)
        kind = next(kind for kind in (np.ndarray, np.generic, bytes) if isinstance(value, kind))
        return {kind.__name__: len(arrays) - 1}
    if isinstance(value, Refusal):
        return {"refusal": [_name(type(value)), *value.args]}
    if (parts := _parts(value)) is not None:
        return {"object": _name(type(value)), "parts": {key: _tree(part, arrays) for key, part in parts.items()}}
    if isinstance(value, Mapping):
        return {"dict": [[_tree(key, arrays), _tree(part, arrays)] for key, part in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_tree(part, arrays) for part in value]}
    raise TypeError(f"{type(value).__name__} has no packed form")


def _parts(value: Any) -> dict[str, Any] | None:
    """The fields of a data class or a named tuple; None of anything else."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    names = getattr(value, "_fields", None) if isinstance(value, tuple) else None
    return None if names is None else dict(zip(names, cast(Iterable[Any], value), strict=True))


def _value(tree: Any, arrays: Any, classes: Mapping[str, type]) -> Any:
    if type(tree) in PLAIN:
        return tree
    if "object" in tree:
        parts = {key: _value(part, arrays, classes) for key, part in tree["parts"].items()}
        return classes[tree["object"]](**parts)
    ((kind, content),) = tree.items()
    if kind == "refusal":
        return classes[content[0]](*content[1:])
    if kind in ("ndarray", "generic", "bytes"):
        array = arrays[f"a{content}"]
        return {"ndarray": array, "generic": array[()], "bytes": array.tobytes()}[kind]
    if kind == "dict":
        return {_value(key, arrays, classes): _value(part, arrays, classes) for key, part in content}
    return {"list": list, "tuple": tuple}[kind](_value(part, arrays, classes) for part in content)


def fingerprint(value: Any) -> str:
    """SHA-256 of a value, in hexadecimal: of plain values, arrays, collections and data classes, through and through.

    A kernel counts by its content hash and its target. Raises TypeError for what has no content that could be told.
    """
    digest = hashlib.sha256()
    for part in _content(value):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _content(value: Any) -> Iterable[bytes]:
    """What tells a value from others, in pieces."""
    yield type(value).__qualname__.encode()
    if isinstance(value, (*PLAIN, bytes, Fraction, PurePath, Enum)):
        yield repr(value).encode("utf-8", "surrogatepass")
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        yield f"{array.dtype} {array.shape}".encode()
        yield array.tobytes()
    elif isinstance(value, ModuleType):
        yield f"{value.CONTENT_HASH} {getattr(value, '__target__', '')}".encode()
    elif isinstance(value, Refusal):
        yield fingerprint(value.args).encode()
    elif isinstance(value, Mapping | list | tuple | set | frozenset | range) or is_dataclass(value):
        yield from _inside(value)
    else:
        raise TypeError(f"{type(value).__name__} has no fingerprint")


def _inside(value: Any) -> Iterable[bytes]:
    """The fingerprints of all that a collection or a data class holds; where its order says nothing, in one order."""
    named = value if isinstance(value, Mapping) else _parts(value)
    if named is not None:
        found = [fingerprint(one) for pair in named.items() for one in pair]
    else:
        found = [fingerprint(part) for part in value]
    ordered = not isinstance(value, set | frozenset)
    return (one.encode() for one in (found if ordered else sorted(found)))
