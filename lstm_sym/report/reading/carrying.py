"""Why a state carries the gradient, or why none does: the way on which it is only scaled, and its bias."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import sympy

from lstm_sym.document import document as d
from lstm_sym.flow.profiles.tables import power
from lstm_sym.flow.theory.chrono import TimeScale
from lstm_sym.interpreter.evaluation import evaluate
from lstm_sym.program.values import Value, carried_adjoint
from lstm_sym.report.formulas import expression_math, value_math
from lstm_sym.report.reading.story import Story

BIASES = (-2.0, 0.0, 1.0, 2.0, 3.0, 5.0)
FAR = 100
"""Over how many steps a table says what is left."""


def carrying_section(story: Story) -> d.Section | None:
    """The states with a way of their own, one after the other; of a cell without any, what stands on every way."""
    if not story.cell.states:
        return None
    found = [*_carried(story)] or [*_through_matrices(story)]
    key = "carrying" if story.drawing.graph.carousels else "fading"
    return d.Section("carrying", story.sentences.text(f"section.{key}"), (*found, *_scale(story), *_gain(story)))


def _carried(story: Story) -> Iterator[d.Block]:
    """What scales each state on its way, the block of the Jacobian, and the line of the backward pass."""
    graph = story.drawing.graph
    for before, way in graph.carousels.items():
        kept, state = graph.kept(before), graph.nodes[way[-1]].values[0]
        parts: dict[str, d.Inline | d.Line] = {
            "state": value_math(state),
            "before": value_math(graph.nodes[before].values[0]),
            "factor": expression_math(sympy.factor_terms(kept), story.values),
        }
        yield story.paragraph("carrying.added" if kept == 1 else "carrying.scaled", **parts)
        yield from _block(story, state.name, state.name)
        sent = _sent(story, state)
        if sent:
            yield story.paragraph("carrying.backward")
            yield d.Paragraph(story.formula(sent))
        yield story.paragraph("carrying.kept" if kept == 1 else "carrying.product", **parts)


def _through_matrices(story: Story) -> Iterator[d.Block]:
    """The state Jacobian of a cell whose gradient passes a matrix, or a function, at every step."""
    yield story.paragraph("carrying.none")
    for target, source in product(story.cell.states, repeat=2):
        yield from _block(story, target, source)
    yield story.paragraph("carrying.shrinks")


def _block(story: Story, target: str, source: str) -> Iterator[d.Block]:
    """A block of the state Jacobian, unless it is zero."""
    identity = story.derivation.jacobian_id(target, source)
    if identity in story.lines:
        yield d.Paragraph(story.formula(identity))


def _sent(story: Story, state: Value) -> str:
    """The id of the line that hands the adjoint of a state to the step before; "" where it has none."""
    outgoing = carried_adjoint(state, -1)
    ids = {s.target: s.provenance.id for s in story.derivation.adjoint.statements}
    return ids.get(outgoing, "")


def _scale(story: Story) -> Iterator[d.Block]:
    """How long the state is kept, by the bias that decides."""
    scale = story.measured.scale
    if scale is None:
        return
    bias = value_math(story.derivation.value(scale.bias))
    known = {scale.symbol: story.derivation.value(scale.bias)}
    keep, steps = (expression_math(one, known) for one in (scale.keep, scale.steps))
    state = value_math(story.derivation.value(scale.state, source=True))
    yield story.paragraph("carrying.scale", bias=bias, state=state, keep=keep, steps=steps)
    yield _scale_table(story, scale)
    yield story.paragraph("carrying.price")


def _scale_table(story: Story, scale: TimeScale) -> d.Table:
    """By bias: what a step keeps, the half-life, what is left in the end, and how far the bias still moves the gate."""
    columns = ("bias", "keep", "half_life", "left", "slope")
    told = story.sentences
    head = (scale.bias, *(told.text(f"carrying.{column}", steps=str(FAR)) for column in columns[1:]))
    slope = scale.keep.diff(scale.symbol)
    rows = []
    for bias in BIASES:
        logarithm = float(scale.log_keep(np.float64(bias)))
        numbers = (f"{bias:g}", f"{np.exp(logarithm):.3f}", f"{float(scale.half_life(np.float64(bias))):.3g}")
        moved = abs(float(evaluate(slope, {scale.symbol: np.float64(bias)})))
        rows.append((*numbers, power(FAR * logarithm), f"{moved:.4f}"))
    return d.Table(head, tuple(tuple((cell,) for cell in row) for row in rows), frozenset(range(len(head))))


def _gain(story: Story) -> Iterator[d.Block]:
    """The gain of the recurrent weights at which the cell comes to life at zero input."""
    gain = story.measured.gain
    if gain is None:
        return
    known = {symbol: story.derivation.value(symbol.name) for symbol in gain.expression.free_symbols}
    matrix = value_math(story.derivation.value(gain.matrix))
    formula = expression_math(gain.expression, known)
    yield story.paragraph("carrying.gain", matrix=matrix, gain=formula, at_zero=f"{gain.at():.3g}")
