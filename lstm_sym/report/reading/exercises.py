"""Exercises with answers of the engine: lines of the derivation, numbers of the kernel, formulas solved for a bias."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.document import document as d
from lstm_sym.program.statements import Statement
from lstm_sym.program.values import Role, adjoint
from lstm_sym.report.formulas import partial_math, value_math
from lstm_sym.report.reading.measured import INPUT, WEIGHT
from lstm_sym.report.reading.story import Story

BIAS, LONG = 2.0, 100
"""A bias, and a number of steps, that are asked about."""


@dataclass(frozen=True)
class Exercise:
    """A question, what answers it, and the number that may be typed first, if it is one."""

    question: d.Line
    answer: tuple[d.Block, ...]
    asked: float | None = None


def exercises_section(story: Story) -> d.Section:
    """All that this cell gives, numbered."""
    told, found = story.sentences, list[d.Block]([story.paragraph("exercises.why")])
    parts = (_adjoint, _one_unit, _half_life, _bias, _slip)
    for place, exercise in enumerate((one for part in parts for one in part(story)), 1):
        found.append(d.Paragraph((f"{place}. ", *exercise.question)))
        found.append(d.Folded(told.text("exercises.answer"), exercise.answer, exercise.asked))
    return story.section("exercises", *found)


def number(value: float) -> d.Paragraph:
    """An answer that is a number, in four digits."""
    return d.Paragraph((f"{value:.4g}",))


def _adjoint(story: Story) -> Iterator[Exercise]:
    """An adjoint by hand: of the first gate, or of the first quantity."""
    derivation = story.derivation
    targets = {equation.target for equation in story.cell.equations}
    gates = [gate.name for gate in derivation.roles.gates if gate.name in targets]
    name = next(iter(gates), story.cell.equations[0].target)
    value = derivation.value(name)
    identity = {s.target: s.provenance.id for s in derivation.adjoint.statements}.get(adjoint(value))
    if identity in story.lines:
        question = story.sentences.line(
            "exercises.adjoint", value=value_math(value), adjoint=value_math(adjoint(value))
        )
        yield Exercise(question, (d.Paragraph(story.formula(identity)),))


def _one_unit(story: Story) -> Iterator[Exercise]:
    """A step of one unit with every weight the same: the output, and how it moves with the input."""
    found = story.measured.one_unit
    if found is None:
        return
    output, slope = found
    derivation, cell, told = story.derivation, story.cell, story.sentences
    given: dict[str, d.Inline] = {
        "weight": f"{WEIGHT:g}",
        "input": f"{INPUT:g}",
        "output": value_math(derivation.value(cell.output)),
    }
    yield Exercise(told.line("exercises.forward", **given), (number(output),), output)
    partial = partial_math(derivation.value(cell.output), derivation.value(cell.input, source=True))
    yield Exercise(told.line("exercises.gradient", partial=partial), (number(slope),), slope)


def _half_life(story: Story) -> Iterator[Exercise]:
    """How long a bias keeps half of the state."""
    scale = story.measured.scale
    if scale is None:
        return
    bias, state = story.derivation.value(scale.bias), story.derivation.value(scale.state, source=True)
    steps = float(scale.half_life(np.float64(BIAS)))
    question = story.sentences.line(
        "exercises.half_life", bias=value_math(bias), value=f"{BIAS:g}", state=value_math(state)
    )
    yield Exercise(question, (number(steps),), steps)


def _bias(story: Story) -> Iterator[Exercise]:
    """Which bias a wanted time needs; nothing where none gives it."""
    scale = story.measured.scale
    if scale is None or not scale.reach[0] < LONG < scale.reach[1]:
        return
    wanted = float(scale.bias_for(np.float64(LONG)))
    bias = value_math(story.derivation.value(scale.bias))
    yield Exercise(story.sentences.line("exercises.bias", bias=bias, steps=str(LONG)), (number(wanted),), wanted)


def _slip(story: Story) -> Iterator[Exercise]:
    """Which lines a wrong sign in one of them spoils; asked of quantities and whole adjoints alone."""
    program = story.derivation.adjoint
    adjoints = [
        s
        for s in program.statements
        if s.target.role is Role.ADJOINT and not s.target.place and s.provenance.id in story.lines
    ]
    slips = [s for s in adjoints if any(s.target in other.reads() for other in adjoints)]
    if not slips:
        return
    wrong = slips[len(slips) // 2]
    spoilt = [story.link(s.provenance.id) for s in follows(story, wrong) if s != wrong]
    question = story.sentences.line("exercises.slip", line=story.link(wrong.provenance.id))
    yield Exercise(question, (d.Paragraph(story.sentences.listed(spoilt)),))


def follows(story: Story, changed: Statement) -> list[Statement]:
    """The lines of the backward pass whose value follows from a line: in this step, or over the loop."""
    program = story.derivation.adjoint
    wrong, before = {changed.target}, set[Any]()
    while wrong != before:
        before = set(wrong)
        wrong |= {carry.incoming for carry in program.carries if carry.outgoing in wrong}
        wrong |= {s.target for s in program.statements if wrong & set(s.reads())}
    return [s for s in program.statements if s.target in wrong]
