"""Words of error messages: the nearest known name, and lists that stay short."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from lstm_sym.equations.errors import CellError

_LISTED = 12


def did_you_mean(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """The question after the nearest known word, or nothing."""
    close = get_close_matches(word[:40], list(known)[:200], 1)
    return f"did you mean {close[0]}?" if close else ""


def listed(names: Mapping[str, object] | tuple[str, ...]) -> str:
    """The first names of many, with commas."""
    return ", ".join(list(names)[:_LISTED]) + (f", and {len(names) - _LISTED} more" if len(names) > _LISTED else "")


def unknown(what: str, name: str, known: Mapping[str, object] | tuple[str, ...], fix: str, source: str) -> CellError:
    """The error for a name that is none of those known; the `fix` for one that is near to none of them."""
    return CellError(what, source=source, allowed=listed(known), fix=did_you_mean(name, known) or fix)
