"""Names in a group, and where what they name begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.hdf5.headers import LINK, LINKS, SYMBOLS, Message
from lstm_sym.interop.hdf5.source import UNDEFINED, Cursor, Source, decoded, unread

LONGEST_NAME = 1000
SOFT = 2
"""What the table of names says of a name that stands for another name."""


def members(source: Source, found: Sequence[Message], where: str) -> list[tuple[str, int]]:
    """Name and address of all that a group holds.

    Raises InteropError: names that stand for others, here or in another file, a group in a form that weights never
    have, a name that is none.
    """
    entries: list[tuple[str, int]] = []
    for message in found:
        if message.kind == SYMBOLS:
            entries += _in_tree(source, message.body.number(8), message.body.number(8), where)
        elif message.kind == LINK:
            entries.append(_link(message.body, where))
        elif message.kind == LINKS:
            _refuse_many(message.body, where)
    for name, _ in entries:
        if not name or "/" in name:
            raise damaged(where, f"a name in it is {name[:80]!r}")
    if len(dict(entries)) < len(entries):
        raise damaged(where, "two of its members have one name")
    return entries


def _in_tree(source: Source, tree: int, heap: int, where: str) -> Iterator[tuple[str, int]]:
    """The members of a group whose names lie in a heap, and whose entries a tree of nodes leads to."""
    names = source.marked(heap, b"HEAP", 32)
    names.skip(4)
    size, _, start = names.number(8), names.number(8), names.number(8)
    waiting, seen = [tree], {tree}
    while waiting:
        at = waiting.pop()
        node = source.marked(at, b"TREE", 24)
        kind, level, used = node.number(1), node.number(1), node.number(2)
        if kind:
            raise damaged(where, "the tree of its members is one of numbers")
        body = source.cursor(at + 24, 16 * used)
        children = []
        for _ in range(used):
            body.skip(8)  # the place of a name, by which children are told apart
            children.append(body.number(8))
        if level:
            if seen & {*children}:
                raise damaged(where, "the tree of its members is a circle")
            seen |= {*children}
            waiting += children[::-1]
        else:
            for child in children:
                yield from _entries(source, child, start, start + size, where)


def _entries(source: Source, at: int, names: int, end: int, where: str) -> Iterator[tuple[str, int]]:
    """Those of one leaf."""
    head = source.marked(at, b"SNOD", 8)
    head.skip(2)
    count = head.number(2)
    body = source.cursor(at + 8, 40 * count)
    for _ in range(count):
        entry = body.part(40)
        place, address, kind = entry.number(8), entry.number(8), entry.number(4)
        name = source.text(names + place, end, LONGEST_NAME)
        if kind == SOFT or address == UNDEFINED:
            raise _elsewhere(where, name)
        yield name, address


def _link(body: Cursor, where: str) -> tuple[str, int]:
    """A member that a message of its own names."""
    version, flags = body.number(1), body.number(1)
    if version != 1:
        raise damaged(where, f"a name in it is of version {version}; there is 1")
    kind = body.number(1) if flags & 8 else 0
    body.skip(8 * bool(flags & 4) + bool(flags & 0x10))  # its number, and the letters that it is written in
    length = body.number(1 << (flags & 3))
    if length > LONGEST_NAME:
        raise damaged(where, f"a name in it has {length:,} bytes; at most {LONGEST_NAME:,} are read")
    name = decoded(body.raw(length), where)
    if kind:
        raise _elsewhere(where, name)
    return name, body.number(8)


def _refuse_many(body: Cursor, where: str) -> None:
    """Raise InteropError where the members of a group lie in a heap of version 2."""
    body.skip(1)
    body.skip(8 * (body.number(1) & 1))
    if body.number(8) != UNDEFINED:
        raise unread(where, "its members are in the form of HDF5 1.8 and later for large groups", "libver='latest'")


def _elsewhere(where: str, name: str) -> Exception:
    return unread(where, f"{name[:80]!r} stands for another name, here or in another file", "a link, never followed")
