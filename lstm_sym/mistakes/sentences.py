"""Sentences about mistakes, with values and expressions in them: what of one is text, and what fills its places.

A sentence is written once, in English, as a tuple of texts and of what stands between them. With a place {0}, {1}, ...
for each of these it is the key by which other languages have it: `document/strings_mistakes.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

AND = "; and "
"""What stands between the sentences of two mistakes that are one."""


class Word(str):
    """What stands in a sentence and is no text of it: the sign of a function, or a word with its own translation."""

    __slots__ = ()


def template(says: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The sentence with numbered places, and what fills them."""
    text, filled = "", list[Any]()
    for part in says:
        if isinstance(part, str) and not isinstance(part, Word):
            text += part
        else:
            text += f"{{{len(filled)}}}"
            filled.append(part)
    return text, tuple(filled)


def one_by_one(says: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The sentences of mistakes that are one, each by itself."""
    start = 0
    for place, part in enumerate(says):
        if part == AND and type(part) is str:
            yield says[start:place]
            start = place + 1
    yield says[start:]
