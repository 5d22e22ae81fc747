"""Texts of figures and tables, replaced by those of another language."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_sym.flow.errors import FlowError


def translated(words: Mapping[str, str], labels: Mapping[str, str] | None) -> dict[str, str]:
    """`words` with those of `labels` in their place. Raises FlowError for a key that `words` does not have."""
    unknown = [key for key in labels or {} if key not in words]
    if unknown:
        raise FlowError(
            "labels",
            f"the key {unknown[0]!r}, which is no text of this figure or table",
            "a spelling mistake, or labels made for another figure",
            f"give some of {', '.join(words)}",
        )
    return {**words, **(labels or {})}
