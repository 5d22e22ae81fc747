"""The program of one step beside the derivation: each line linked with the equation that it computes."""

from __future__ import annotations

import re
from dataclasses import replace

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.report.facts import Facts

AFTER = "backward"
"""The section that the program follows."""


def with_source(document: d.Document, facts: Facts, sentences: Sentences) -> d.Document:
    """The derivation with a section of one step forward and one back, as `generate(cell, plain=True)` writes them."""
    text = facts.program
    numbers = set(re.findall(r"\(([FB]\d+)\)", text))
    ids = {equation.number: equation.id for equation in document.equations() if equation.number in numbers}
    why = d.Paragraph(sentences.line("source.why", command=d.Code(f"lstm-sym generate {facts.cell.key} --plain")))
    section = d.Section("source", sentences.text("section.source"), (why, d.Source(text, ids)))
    sections = [_linked(one, numbers) for one in document.sections]
    place = next(k for k, one in enumerate(sections, 1) if one.key == AFTER)
    return replace(document, sections=(*sections[:place], section, *sections[place:]))


def _linked(section: d.Section, numbers: set[str]) -> d.Section:
    """The section with its equations marked that have a line in the program."""
    blocks = (
        _linked(block, numbers)
        if isinstance(block, d.Section)
        else replace(block, in_source=block.number in numbers)
        if isinstance(block, d.Equation)
        else block
        for block in section.blocks
    )
    return replace(section, blocks=tuple(blocks))
