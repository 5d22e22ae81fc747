"""What the header of a group or an array says: a list of messages, in blocks that may lie apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.hdf5.source import Cursor, Source

SHAPE, LINKS, TYPE, LINK, ELSEWHERE, LAYOUT, FILTERS, ATTRIBUTE, CONTINUED, SYMBOLS, ATTRIBUTES = (
    *(0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x0B, 0x0C, 0x10, 0x11, 0x15),
)
"""Kinds of messages."""


class Message(NamedTuple):
    """One message: its kind, whether its content stands elsewhere, the bytes."""

    kind: int
    shared: bool
    body: Cursor


def messages(source: Source, at: int) -> list[Message]:
    """All messages of the header at this address. Raises InteropError where there is no header."""
    old = source.take(at, 4)[0] == 1
    block, ordered, most = (_first_old if old else _first_new)(source, at)
    found: list[Message] = []
    blocks, seen = [block], {at}
    while blocks and len(found) < most:
        for message in _in_block(blocks.pop(0), old, ordered):
            found.append(message)
            if message.kind == CONTINUED:
                place, size = message.body.number(8), message.body.number(8)
                if place in seen:
                    raise damaged(source.where, f"the header at {at:,} goes on in itself")
                seen.add(place)
                blocks.append(source.cursor(place, size) if old else _continued(source, place, size))
    return found


def _first_old(source: Source, at: int) -> tuple[Cursor, bool, int]:
    """The first block of messages of a header of version 1, and how many messages all blocks have."""
    head = source.cursor(at, 16)
    head.skip(2)
    count, _, size = head.number(2), head.number(4), head.number(4)
    return source.cursor(at + 16, size), False, count


def _first_new(source: Source, at: int) -> tuple[Cursor, bool, int]:
    """The same of version 2, whose messages may be numbered; it does not say how many there are."""
    head = source.marked(at, b"OHDR", 6)
    version, flags = head.number(1), head.number(1)
    if version != 2:
        raise damaged(source.where, f"the header at {at:,} is of version {version}; there are 1 and 2")
    more = 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
    width = 1 << (flags & 3)
    start = at + 6 + more
    return source.cursor(start + width, source.cursor(start, width).number(width)), bool(flags & 4), len(source.data)


def _continued(source: Source, at: int, size: int) -> Cursor:
    """A further block of a header of version 2: a mark before its messages, a sum after them."""
    found = source.marked(at, b"OCHK", size)
    return found.part(max(found.left - 4, 0))


def _in_block(block: Cursor, old: bool, ordered: bool) -> Iterator[Message]:
    shortest = 8 if old else 4 + 2 * ordered
    while block.left >= shortest:
        kind, size, flags = block.number(2 if old else 1), block.number(2), block.number(1)
        block.skip(3 if old else 2 * ordered)
        yield Message(kind, bool(flags & 2), block.part(size))
