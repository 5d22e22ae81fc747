"""i, f = sigmoid(a_i), sigmoid(a_f): a line of a program for several names, as a line for each."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMES = re.compile(r"\s*([\w.]+(?:\[[^\]=]*\])?(?:\s*,\s*[\w.]+(?:\[[^\]=]*\])?)+)\s*=(?!=)(.*)", re.DOTALL)


def unpacked(text: str) -> list[str]:
    """A line for each name, itself where it is of one, and where a name is read behind its new value."""
    found = _NAMES.fullmatch(text)
    if found is None:
        return [text]
    lefts, rights = [list(_parts(side)) for side in found.groups()]
    changed = [left for place, left in enumerate(lefts) if any(_reads(right, left) for right in rights[place + 1 :])]
    if len(lefts) != len(rights) or changed:
        return [text]
    return [f"{left} = {right}" for left, right in zip(lefts, rights, strict=True)]


def _parts(text: str) -> Iterator[str]:
    """What stands between commas outside brackets."""
    depth = start = 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _reads(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None
