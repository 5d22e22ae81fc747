"""Why something could not be measured, in the language of a page: what errors say in English, found again in the table.

A row flow.reason.NAME holds in English the words of an error, with {places}; its other languages say the same.
"""

from __future__ import annotations

from lstm_sym.document.document import Line
from lstm_sym.document.sentences import Sentences, by_pattern
from lstm_sym.flow import FlowError


def reason(error: FlowError, sentences: Sentences) -> Line:
    """Where, and what was found; in English where the table does not know it, and said to be so."""
    text = f"{error.where}: {error.found}"
    if found := by_pattern("flow.reason", text):
        key, parts = found
        return sentences.line(key, **parts)
    return sentences.line("flow.reason_in_english", reason=text)
