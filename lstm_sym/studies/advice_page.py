"""What follows from the profiles of several models, as tables: windows, number formats, biases of gates."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lstm_sym.document.document import Block, Code, Line, Paragraph, Table
from lstm_sym.document.sentences import Sentences
from lstm_sym.flow import Advice, PrecisionHorizon, Truncation

BEYOND = "†"
"""Marks what rests on a law beyond the lags measured."""


def advice_blocks(advice: Sequence[Advice], sentences: Sentences) -> list[Block]:
    """A table of each kind of advice, a row a model; what holds for all of it is said once."""
    found: list[Block] = [Paragraph(sentences.line("flow.follows.truncation")), _truncations(advice, sentences)]
    found += [Paragraph(sentences.line("flow.follows.precision")), _formats(advice, sentences)]
    cells = (cell for block in found if isinstance(block, Table) for row in block.rows for cell in row)
    if any(BEYOND in str(part) for cell in cells for part in cell):
        measured = str(advice[0].precision[0].measured)
        found.append(Paragraph(sentences.line("flow.follows.beyond", mark=BEYOND, measured=measured)))
    if any(one.gate is not None for one in advice):
        found += [Paragraph(sentences.line("flow.follows.gate")), _gates(advice, sentences)]
    return found


def _truncations(advice: Sequence[Advice], sentences: Sentences) -> Table:
    """The lags to go back, by the share of the gradient that may be lost."""
    shares = [f"{100 * one.bias:g} %" for one in advice[0].truncations]
    head = (sentences.text("flow.memory.model"), *(sentences.text("flow.follows.loses", share=s) for s in shares))
    rows = tuple(((Code(one.model),), *map(_window, one.truncations)) for one in advice)
    return Table(head, rows, frozenset(range(1, len(head))))


def _window(of: Truncation) -> Line:
    if of.length is None:
        return ("?",)
    ends = "" if of.low is None or of.high is None else f" [{_lag(of.low)}, {_lag(of.high)}]"
    beyond = f" {BEYOND}" if of.extrapolated or of.modelled else ""
    return (f"{_lag(of.length)}{ends}{beyond}",)


def _formats(advice: Sequence[Advice], sentences: Sentences) -> Table:
    """The lags at which a component of 1 loses precision, and at which it is lost, by format."""
    formats = [one.format for one in advice[0].precision]
    scaled = sentences.text("flow.follows.scaled", format=advice[0].scaled.format)
    head = (sentences.text("flow.memory.model"), *formats, scaled)
    rows = tuple(
        ((Code(one.model),), *map(_range, one.precision), (f"2^{one.scaled.scale}: {_range(one.scaled)[0]}",))
        for one in advice
    )
    return Table(head, rows, frozenset(range(1, len(head))))


def _range(of: PrecisionHorizon) -> Line:
    """Where precision is lost, and everything; where it overflows."""
    lags = [f"> {of.measured}" if lag is None else _lag(lag) for lag in (of.subnormal, of.zero)]
    overflow = "" if of.overflow is None or math.isinf(of.overflow) else f", ! {_lag(of.overflow)}"
    beyond = f" {BEYOND}" if of.extrapolated else ""
    return (f"{' / '.join(dict.fromkeys(lags))}{overflow}{beyond}",)


def _gates(advice: Sequence[Advice], sentences: Sentences) -> Table:
    """The bias for the time scale that is asked for."""
    head = tuple(sentences.text(f"flow.follows.{key}") for key in ("steps", "bias"))
    rows: list[tuple[Line, ...]] = []
    for one in advice:
        if one.gate is not None:
            reason = "no_gate" if one.gate.name is None else "out_of_reach"
            shown: Line = (sentences.text(f"flow.follows.{reason}"),)
            if one.gate.value is not None:
                shown = (Code(f"{one.gate.name} = {one.gate.value:.3g}"),)
            rows.append(((Code(one.model),), (f"{one.gate.time_scale:g}",), shown))
    return Table((sentences.text("flow.memory.model"), *head), tuple(rows), frozenset({1}))


def _lag(lag: float) -> str:
    return "∞" if math.isinf(lag) else f"{lag:.0f}" if lag < 1e6 else f"{lag:.1e}"
