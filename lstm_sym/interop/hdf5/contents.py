"""All arrays and attributes of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.elements import count_of
from lstm_sym.interop.files import whole
from lstm_sym.interop.hdf5 import headers
from lstm_sym.interop.hdf5.groups import LONGEST_NAME, members
from lstm_sym.interop.hdf5.headers import Message, messages
from lstm_sym.interop.hdf5.source import UNDEFINED, Cursor, Source, unread
from lstm_sym.interop.hdf5.values import Heap, attribute, numbers_of, shape_of, type_of
from lstm_sym.kernels import Array

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_COMPACT, _ONE_PIECE = 0, 1
_FORMS = {2: "in pieces, perhaps compressed", 3: "a view of other arrays, perhaps of other files"}


class Contents(NamedTuple):
    """What a file holds.

    Attributes:
        arrays: by their path, "layers/gru/cell/vars/0".
        attributes: path of a group or an array, "" for the whole file -> name -> a text, a list of texts, an array.
    """

    arrays: dict[str, Array]
    attributes: dict[str, dict[str, object]]


def read_hdf5(path: str | Path) -> dict[str, Array]:
    """The arrays of an HDF5 file by their paths, as h5py and so Keras writes them; what is no number is left out.

    Raises InteropError: no HDF5; cut short or damaged; arrays in pieces, compressed, or of numbers that NumPy does
    not have; links, external files and views of other arrays, none of which is followed.
    """
    return of_bytes(whole(Path(path)), str(path)).arrays


def of_bytes(data: bytes, where: str) -> Contents:
    """The same, of the bytes of a file, with its attributes. Raises InteropError as `read_hdf5` does."""
    source = Source(data, where)
    heap, found = Heap(source), Contents({}, {})
    waiting, seen = [("", _root(source))], set()
    while waiting:
        path, at = waiting.pop()
        place = f"{where}, {path[:80]}" if path else where
        if at in seen:
            raise unread(place, "two of its names lead to one place", "a link, never followed")
        seen.add(at)
        header = messages(source, at)
        if own := _attributes(source, header, heap, place):
            found.attributes[path] = own
        if any(message.kind == headers.LAYOUT for message in header):
            value = _array(source, header, own, place)
            found.arrays.update({} if value is None else {path: value})
            continue
        for name, child in members(source, header, place)[::-1]:
            if len(path) + len(name) >= LONGEST_NAME:
                raise damaged(place, f"a path of more than {LONGEST_NAME:,} letters")
            waiting.append((f"{path}/{name}".lstrip("/"), child))
    return found


def _root(source: Source) -> int:
    """Where the header of the outermost group begins."""
    head = source.cursor(0, 9)
    if head.raw(8) != SIGNATURE:
        raise damaged(source.where, "it does not begin as an HDF5 file does")
    version = head.number(1)
    if version not in (0, 1, 2, 3):
        raise unread(source.where, f"its head is of version {version}; 0 to 3 are read", "a newer form")
    old = version < 2
    rest = source.cursor(9, 87 + 4 * version if old else 39)
    rest.skip(4 * old)  # versions of further parts
    offsets, lengths = rest.number(1), rest.number(1)
    if (offsets, lengths) != (8, 8):
        raise unread(source.where, f"its addresses have {offsets} bytes and its lengths {lengths}", "another machine")
    rest.skip(9 + 4 * version if old else 1)  # flags, and how large nodes are
    base, _, _, last = (rest.number(8) for _ in range(4))
    if base:
        raise unread(source.where, "its addresses are counted from elsewhere than its first byte", "a block before it")
    rest.skip(8 * old)  # the name of the outermost group
    return rest.number(8) if old else last


def _attributes(source: Source, header: Sequence[Message], heap: Heap, where: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for message in header:
        if message.kind == headers.ATTRIBUTES:
            message.body.skip(1)
            message.body.skip(2 * (message.body.number(1) & 1))
            if message.body.number(8) != UNDEFINED:
                raise unread(where, "its attributes are in the form of HDF5 1.8 and later for many", "libver='latest'")
        elif message.kind == headers.ATTRIBUTE and not message.shared:
            name, value = attribute(source, message.body, heap)
            found[name] = value
    return found


def _array(source: Source, header: Sequence[Message], attributes: Mapping[str, object], where: str) -> Array | None:
    """The numbers of an array; None for texts and other types without numbers.

    Keras keeps bfloat16 as bytes without a type, and says so in an attribute.
    """
    given = {message.kind: message for message in header}
    needed = [given.get(kind) for kind in (headers.TYPE, headers.SHAPE, headers.LAYOUT)]
    if headers.ELSEWHERE in given:
        raise unread(where, "its numbers lie in another file", "external storage, never followed")
    if headers.FILTERS in given:
        raise unread(where, "its numbers are compressed", "a file that Keras did not write")
    if any(message is not None and message.shared for message in needed):
        raise unread(where, "its type or shape stands elsewhere in the file", "a named type")
    if None in needed:
        raise damaged(where, "its type or its shape is missing")
    kind, shape, layout = (message.body for message in needed if message is not None)
    described, extent = type_of(kind, where), shape_of(shape, where)
    if described.numbers is None or extent is None or (described.unnamed and attributes.get("dtype") != "bfloat16"):
        return None
    size = count_of(extent, where) * described.size
    return numbers_of(_numbers(source, layout, size, where), described, extent)


def _numbers(source: Source, layout: Cursor, size: int, where: str) -> memoryview:
    """The bytes of an array, that lie in one piece in its header or elsewhere in the file."""
    version = layout.number(1)
    if version in (1, 2):
        axes, kind = layout.number(1), layout.number(1)
        layout.skip(5)
        place = UNDEFINED if kind == _COMPACT else layout.number(8)
        layout.skip(4 * axes)
        there = layout.number(4) if kind == _COMPACT else size
    elif version in (3, 4):
        kind = layout.number(1)
        place = layout.number(8) if kind == _ONE_PIECE else UNDEFINED
        there = layout.number({_COMPACT: 2, _ONE_PIECE: 8}.get(kind, 0))
    else:
        raise damaged(where, f"it lies in the file in a form of version {version}; there are 1 to 4")
    if kind not in (_COMPACT, _ONE_PIECE):
        raise unread(where, f"it lies in the file as {_FORMS.get(kind, kind)}", "a file that Keras did not write")
    if there != size:
        raise damaged(where, f"its numbers take {size:,} bytes by its shape, and are said to take {there:,}")
    return layout.raw(size) if kind == _COMPACT else source.take(place if size else 0, size)
