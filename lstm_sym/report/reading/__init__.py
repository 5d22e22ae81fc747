"""What is read before the reference: the problem, the cell step by step, the way of its gradient, numbers, exercises.

All of it follows from the equations: which quantities a step reads, what is a gate, which state is only scaled, what a
bias keeps, what the kernel measures. No sentence is about one cell; facts choose the sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.report.facts import Facts
from lstm_sym.report.reading.by_hand import with_steps_between
from lstm_sym.report.reading.carrying import carrying_section
from lstm_sym.report.reading.conventions import conventions_section
from lstm_sym.report.reading.exercises import exercises_section
from lstm_sym.report.reading.further import further_section
from lstm_sym.report.reading.limits import limits_section
from lstm_sym.report.reading.measured import Measured
from lstm_sym.report.reading.problem import problem_section
from lstm_sym.report.reading.story import Story
from lstm_sym.report.reading.walk import walk_section

FIRST = "diagram"
"""The section that the path follows."""


def with_reading_path(
    document: d.Document, facts: Facts, measured: Measured, sentences: Sentences, ways: Mapping[str, str] | None = None
) -> d.Document:
    """The derivation of a cell, with the path before its reference, and the steps between the lines of its backward
    pass.

    ways: pages that lie beside this one, as `further_section` takes them.
    """
    story = Story(document, facts, measured, sentences)
    parts = (problem_section, walk_section, carrying_section, limits_section, exercises_section, conventions_section)
    path = [section for build in parts if (section := build(story)) is not None]
    place = next(k for k, section in enumerate(document.sections, 1) if section.key == FIRST)
    rest = [with_steps_between(section, story) for section in document.sections[place:]]
    return replace(document, sections=(*document.sections[:place], *path, *rest, further_section(story, ways or {})))
