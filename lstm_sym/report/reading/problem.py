"""What every recurrent cell is up against: a gradient is a product with a factor for each step."""

from __future__ import annotations

import math

from lstm_sym.document import document as d
from lstm_sym.flow.profiles.tables import power
from lstm_sym.notation.notation import Notation
from lstm_sym.report.formulas import value_math
from lstm_sym.report.reading.story import Story

FACTORS = (0.5, 0.9, 0.99, 1.0, 1.01, 1.1)
STEPS = (10, 50, 100)


def problem_section(story: Story) -> d.Section | None:
    """The chain of Jacobians, and what becomes of a factor over many steps; nothing of a cell without states."""
    cell, sentences = story.cell, story.sentences
    if not cell.states:
        return None
    states = sentences.listed([value_math(story.derivation.value(name)) for name in cell.states])
    head = [sentences.text("problem.factor"), *(sentences.text("problem.after", steps=str(steps)) for steps in STEPS)]
    rows = [[f"{factor:g}", *(power(steps * math.log(factor)) for steps in STEPS)] for factor in FACTORS]
    table = d.Table(tuple(head), tuple(tuple((cell,) for cell in row) for row in rows), frozenset(range(len(head))))
    return story.section(
        "problem",
        story.paragraph("problem.why" if cell.input else "problem.why_alone", states=states),
        d.Paragraph((d.Math(chain),)),
        story.paragraph("problem.factors"),
        table,
        story.paragraph("problem.question"),
    )


def chain(notation: Notation) -> str:
    """ds_T/ds_t = J_T J_{T-1} ... J_{t+1}."""

    def of(letter: str, *index: str) -> str:
        return notation.name(letter, list(index), "", None)

    product = of("J", "t+1")
    for factor in (of("⋯"), of("J", "T−1"), of("J", "T")):
        product = notation.applied(factor, product)
    return notation.partial(of("s", "T"), of("s", "t")) + notation.equals + product
