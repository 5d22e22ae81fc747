"""Why something could not be measured, in the language of a page: what errors say in English, found again in the table.

A row flow.reason.NAME holds in English the words of an error, with {places}; its other languages say the same.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lstm_sym.document.document import Line
from lstm_sym.document.sentences import Sentences, table
from lstm_sym.flow import FlowError

REASON = "flow.reason."


def reason(error: FlowError, sentences: Sentences) -> Line:
    """Where, and what was found; in English where the table does not know it, and said to be so."""
    text = f"{error.where}: {error.found}"
    for key, pattern in _patterns().items():
        if found := pattern.fullmatch(text):
            return sentences.line(key, **found.groupdict())
    return sentences.line("flow.reason_in_english", reason=text)


@lru_cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Key -> the English words as a pattern, each place as short as it can be."""
    found = {key: row["en"] for key, row in table().items() if key.startswith(REASON)}
    return {key: re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(text))) for key, text in found.items()}
