"""What networks that read in both directions feel before and after a step: as a table, a figure, and for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_sym.document.document import Block, Line, Paragraph, Table
from lstm_sym.document.sentences import Sentences
from lstm_sym.flow import Frame
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.plots.curves import curves_drawing
from lstm_sym.flow.profiles.tables import power
from lstm_sym.ground.numbers import finite
from lstm_sym.ground.width import aligned
from lstm_sym.networks.sensitivity import SensitivityMap
from lstm_sym.studies.networks import by_lag
from lstm_sym.studies.pictures import Pictures

SIDES = "both_sides"
"""What the files of the figure are called."""
SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 500)

Sides = Sequence[SensitivityMap]


def sides_table(sides: Sides, lags: int, sentences: Sentences) -> str:
    """The sensitivity by lag, relative to lag 0, a row a network; lags below 0 are of what comes after."""
    head, rows = _rows(sides, lags, sentences)
    lines = aligned([list(head), *rows], range(1, len(head)))
    return "\n".join([*lines, sentences.text("flow.sides.table")])


def sides_blocks(sides: Sides, lags: int, sentences: Sentences, pictures: Pictures) -> list[Block]:
    """The figure and the table."""
    caption = sentences.line("flow.sides.caption")
    head, rows = _rows(sides, lags, sentences)
    cells: tuple[tuple[Line, ...], ...] = tuple(tuple((text,) for text in row) for row in rows)
    numbers = Table(tuple(head), cells, frozenset(range(1, len(head))))
    return [
        pictures.figure(SIDES, sentences, caption),
        numbers,
        Paragraph(sentences.line("flow.sides.table")),
    ]


def sides_drawing(sides: Sides, lags: int, sentences: Sentences) -> Drawing:
    """The curves by signed lag."""
    words: dict[str, Any] = {key: sentences.text(f"flow.sides.{key}") for key in ("title", "subtitle", "x", "y")}
    return curves_drawing([_near(one, lags) for one in sides], Frame(**words, y_scale="ln"))


def _near(one: SensitivityMap, lags: int) -> Any:
    """The curve of a network over the lags on both sides."""
    curve = one.curve()
    inside = abs(curve.x) <= lags
    return replace(curve, x=curve.x[inside], **{key: getattr(curve, key)[inside] for key in ("y", "low", "high")})


def sides_record(sides: Sides, lags: int) -> list[dict[str, Any]]:
    """The medians for JSON: log10 of the sensitivity by lag."""
    found = []
    for one in sides:
        steps, logs = by_lag(one, lags)
        values = [finite(float(value)) for value in logs / np.log(10.0)]
        found.append({"model": one.model, "lags": steps.tolist(), "log10_median": values})
    return found


def _rows(sides: Sides, lags: int, sentences: Sentences) -> tuple[list[str], list[list[str]]]:
    near = [lag for lag in SHOWN if lag <= lags]
    shown = [*(-lag for lag in reversed(near)), 0, *near]
    names = [sentences.text("measure.lag", lag=str(lag).replace("-", "−")) for lag in shown]
    rows = []
    for one in sides:
        steps, logs = by_lag(one, lags)
        relative = dict(zip(steps.tolist(), logs - logs[steps == 0], strict=True))
        rows.append([one.model, *(power(float(relative[lag])) for lag in shown)])
    return [sentences.text("measure.model"), *names], rows
