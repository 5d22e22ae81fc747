"""The bytes of a file, read within its bounds, and no more of them in all than a few times its length."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_sym.interop.archives import damaged
from lstm_sym.interop.errors import InteropError

READINGS = 4
"""How often all bytes of a file may be read: structures that refer to each other are not followed for long."""
FREE = 2**16
"""Bytes that may be read besides, so that short files are read too."""
COST = 8
"""Bytes that one reading counts for, however short it is."""
UNDEFINED = 2**64 - 1
"""The address of what is not there."""


class Source:
    """A file that is being read."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where = data, where
        self.left = READINGS * len(data) + FREE

    def spend(self, count: int) -> None:
        """Count so many bytes as read. Raises InteropError where that is more than a file can need."""
        self.left -= count + COST
        if self.left < 0:
            raise damaged(self.where, f"its parts refer to each other more than {READINGS} times over")

    def take(self, at: int, count: int) -> memoryview:
        """So many bytes from this address on. Raises InteropError where there are fewer."""
        if at + count > len(self.data):
            what = "an address that is not there" if at == UNDEFINED else f"{count:,} bytes from {at:,} on"
            raise damaged(self.where, f"it refers to {what}, and has {len(self.data):,}")
        self.spend(count)
        return memoryview(self.data)[at : at + count]

    def cursor(self, at: int, count: int) -> Cursor:
        """The same, to be read from its first byte on."""
        return Cursor(self.take(at, count), self.where)

    def marked(self, at: int, mark: bytes, count: int) -> Cursor:
        """The same of a structure of so many bytes that begins with a mark. Raises InteropError for another mark."""
        found = self.cursor(at, count)
        if found.raw(len(mark)) != mark:
            raise damaged(self.where, f"there is no {mark.decode()} at {at:,}")
        return found

    def text(self, at: int, end: int, longest: int) -> str:
        """A name up to its zero byte. Raises InteropError where there is none, or no such text."""
        stop = self.data.find(b"\0", at, min(end, at + longest + 1))
        if stop < 0:
            raise damaged(self.where, f"a name at {at:,} has no end, or more than {longest:,} bytes")
        return decoded(self.take(at, stop - at), self.where)


@dataclass
class Cursor:
    """A stretch of bytes, and how far it was read."""

    view: memoryview
    where: str
    at: int = 0

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self.view) - self.at

    def raw(self, count: int) -> memoryview:
        """The next bytes. Raises InteropError where there are fewer."""
        if count > self.left:
            raise damaged(self.where, f"a structure of {len(self.view):,} bytes ends before its content does")
        self.at += count
        return self.view[self.at - count : self.at]

    def skip(self, count: int) -> None:
        """Past the next bytes."""
        self.raw(count)

    def number(self, count: int) -> int:
        """The next bytes as a whole number from 0 on."""
        return int.from_bytes(self.raw(count), "little")

    def part(self, count: int) -> Cursor:
        """The next bytes as a stretch of their own."""
        return Cursor(self.raw(count), self.where)

    def align(self) -> None:
        """On to the next multiple of eight."""
        self.at = min(self.at + -self.at % 8, len(self.view))


def decoded(raw: bytes | memoryview, where: str) -> str:
    """Text of UTF-8, of which ASCII is a part. Raises InteropError for other bytes."""
    try:
        return bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(where, f"a text in it is no UTF-8: {bytes(raw[:40])!r}") from error


def unread(where: str, found: str, why: str) -> InteropError:
    """The error for what the format has, and no weights of Keras."""
    return InteropError(where, found, why, "load it with h5py, and save its arrays: np.savez(path, **arrays)")
