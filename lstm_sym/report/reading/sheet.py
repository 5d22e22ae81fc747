"""A sheet of exercises to print: the equations of a cell and its exercises, their answers apart or left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.report.titles import cell_title


def exercise_sheet(document: d.Document, cell: Cell, sentences: Sentences, *, answers: bool = False) -> d.Document:
    """The sheet of a derivation with its reading path; `answers` adds them in a section of their own, the last."""
    [equations] = [section for section in document.sections if section.key == "equations"]
    [exercises] = [section for section in document.sections if section.key == "exercises"]
    asked = [block for block in exercises.blocks[1:] if not isinstance(block, d.Folded)]
    sections = [equations, replace(exercises, blocks=tuple(map(_unlinked, asked)))]
    if answers:
        title = sentences.text("exercises.answers")
        sections.append(d.Section("answers", title, tuple(map(_unlinked, _answers(exercises)))))
    return replace(
        document,
        title=sentences.text("exercises.title", name=cell_title(cell, sentences)),
        lead=(sentences.line("exercises.numbers", command=d.Code(f"lstm-sym derive {cell.key}")),),
        sections=tuple(sections),
        contents="",
    )


def _answers(exercises: d.Section) -> Iterator[d.Block]:
    """What is folded below each exercise, with the number of the exercise."""
    folded = [block for block in exercises.blocks if isinstance(block, d.Folded)]
    for place, answer in enumerate(folded, 1):
        for block in answer.blocks:
            yield d.Paragraph((f"{place}. ", *block.line)) if isinstance(block, d.Paragraph) else block


def _unlinked(block: d.Block) -> d.Block:
    """The block without links to lines that are not on the sheet; their numbers stay."""
    if not isinstance(block, d.Paragraph):
        return block
    return d.Paragraph(tuple(part.text if isinstance(part, d.Link) else part for part in block.line))
