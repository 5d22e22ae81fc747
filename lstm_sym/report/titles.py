"""What a cell is called in a document: its name in the language, with the English one beside it."""

from __future__ import annotations

from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell


def cell_title(cell: Cell, sentences: Sentences) -> str:
    """長短期記憶（Long short-term memory）; the English name, or the key, where the cell has no other."""
    own, english = cell.name_in(sentences.language), cell.name_in("en")
    return own if own == english else f"{own}（{english}）"
