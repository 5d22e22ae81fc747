"""Where the gradient of the cell fails, measured: how much of it is left after some steps, and its half-life."""

from __future__ import annotations

import numpy as np

from lstm_sym.document import document as d
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.profiles.tables import power
from lstm_sym.report.reading.measured import SEED, STEPS, UNITS
from lstm_sym.report.reading.story import Story

SHOWN = (1, 5, 10, 20, 50)


def limits_section(story: Story) -> d.Section | None:
    """A table of what is left of the sensitivity, by distance; nothing of a cell that cannot be measured so."""
    told, measured = story.sentences, story.measured
    if not measured.profiles:
        return None
    key = "bias" if measured.opened else "gain" if measured.recurrent else ""
    head = (told.text("limits.model"), *map(str, SHOWN), told.text("limits.half_life"))
    table = d.Table(head, tuple(map(_row, measured.profiles)), frozenset(range(1, len(head))))
    return story.section(
        "limits",
        story.paragraph("limits.why"),
        table,
        story.paragraph("limits.case", case=d.Code(f"H = D = {UNITS}, T = {STEPS}, seed {SEED}")),
        *([story.paragraph(f"limits.{key}")] if key else []),
    )


def _row(profile: Profile) -> tuple[d.Line, ...]:
    """A model, what is left at each distance, and the half-life."""
    left = profile.median(relative=True)
    half_life = profile.half_life()
    shown = f"{half_life:.1f}" if np.isfinite(half_life) else "∞"
    return ((d.Code(profile.model),), *((power(float(left[lag])),) for lag in SHOWN), (shown,))
