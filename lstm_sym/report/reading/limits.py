"""Where the gradient of the cell fails, measured: how much of it is left after some steps, and its half-life."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_sym.document import document as d
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.profiles.tables import power
from lstm_sym.report.formulas import value_math
from lstm_sym.report.reading.measured import LAGS, PLAIN, SEED, STEPS, UNITS
from lstm_sym.report.reading.story import Story

SHOWN = (1, 5, 10, 20, 50)


def limits_section(story: Story) -> d.Section | None:
    """A table of what is left of the sensitivity, by distance, or why there is none; nothing without a state."""
    told, measured, case = story.sentences, story.measured, d.Code(f"H = D = {UNITS}, T = {STEPS}, seed {SEED}")
    if measured.unmeasured == "stateless":
        return None
    if measured.unmeasured:
        return story.section("limits", story.paragraph(f"limits.unmeasured.{measured.unmeasured}", case=case))
    head = (told.text("limits.model"), *map(str, SHOWN), told.text("limits.half_life"))
    table = d.Table(head, tuple(map(_row, measured.profiles)), frozenset(range(1, len(head))))
    return story.section(
        "limits",
        story.paragraph("limits.why"),
        *_of_state(story),
        table,
        story.paragraph("limits.case", case=case),
        *_seen(story),
    )


def _of_state(story: Story) -> Iterator[d.Block]:
    """Which state is measured in the place of an output that is none."""
    if story.measured.output is not None:
        names = {"output": story.cell.output, "state": story.measured.output}
        parts = {key: value_math(story.derivation.value(name)) for key, name in names.items()}
        yield story.paragraph("limits.of_state", **parts)


def _seen(story: Story) -> Iterator[d.Block]:
    """What the rows show, where they do: half-lives beyond what is measured, and that they grow from row to row."""
    measured = story.measured
    lives = [profile.half_life() for profile in measured.profiles if profile.model != PLAIN or story.cell.key == PLAIN]
    if any(life > LAGS for life in lives):
        yield story.paragraph("limits.beyond", lags=str(LAGS))
    if len(lives) > 1 and lives == sorted(lives):
        yield story.paragraph("limits.bias" if measured.opened else "limits.gain")


def _row(profile: Profile) -> tuple[d.Line, ...]:
    """A model, what is left at each distance, and the half-life."""
    left = profile.median(relative=True)
    return ((d.Code(profile.model),), *((power(float(left[lag])),) for lag in SHOWN), (life_text(profile.half_life()),))


def life_text(half_life: float) -> str:
    """A half-life in steps; beyond what is measured only that it is longer."""
    return f"{half_life:.1f}" if half_life <= LAGS else f"> {LAGS}"
