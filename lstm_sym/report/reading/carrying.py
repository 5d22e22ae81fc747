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
from lstm_sym.report.reading.story import Story, shown

BIASES = (-2.0, 0.0, 1.0, 2.0, 3.0, 5.0)
FAR = 100
"""Over how many steps a table says what is left."""


def carrying_section(story: Story) -> d.Section | None:
    """The states with a way of their own, one after the other; of a cell without any, what stands on every way."""
    if not story.cell.states:
        return None
    if story.drawing.graph.carousels:
        key, found = "carrying", [*_carried(story)]
    elif any(len(story.cell.shapes[name]) == 2 for name in story.measured.roles.recurrent):
        key, found = "fading", [*_through_matrices(story)]
    else:
        key, found = "one_step", [story.paragraph("carrying.jacobian"), *_blocks(story)]
    title = story.sentences.text(f"section.{key}")
    return d.Section("carrying", title, (*found, *_scale(story), *_gain(story)))


def _carried(story: Story) -> Iterator[d.Block]:
    """What scales each state on its way, the block of the Jacobian, and the line of the backward pass."""
    graph = story.drawing.graph
    for before, way in graph.carousels.items():
        kept, state = graph.kept(before), graph.nodes[way[-1]].values[0]
        parts: dict[str, d.Inline | d.Line] = {
            "before": value_math(graph.nodes[before].values[0]),
            "factor": expression_math(sympy.factor_terms(kept), story.values),
        }
        count = graph.count_of_ways(before)
        told = "ways" if count > 1 else "added" if kept == 1 else "scaled"
        yield story.paragraph(f"carrying.{told}", count=str(count), **parts)
        yield from _block(story, state.name, state.name)
        sent = _sent(story, state)
        if sent:
            yield story.paragraph("carrying.backward")
            yield d.Paragraph(story.formula(sent))
        moving = any(story.values[symbol].time is not None for symbol in kept.free_symbols)
        yield story.paragraph(f"carrying.{'kept' if kept == 1 else 'product' if moving else 'constant'}", **parts)


def _through_matrices(story: Story) -> Iterator[d.Block]:
    """The state Jacobian of a cell whose gradient passes a matrix, or a function, at every step."""
    yield story.paragraph("carrying.none")
    yield from _blocks(story)
    yield story.paragraph("carrying.shrinks")


def _blocks(story: Story) -> Iterator[d.Block]:
    """The blocks of the state Jacobian that are not zero."""
    for target, source in product(story.cell.states, repeat=2):
        yield from _block(story, target, source)


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
        numbers = (shown(bias), f"{np.exp(logarithm):.3f}", f"{float(scale.half_life(np.float64(bias))):.3g}")
        moved = abs(float(evaluate(slope, {scale.symbol: np.float64(bias)})))
        rows.append((*numbers, power(FAR * logarithm), f"{moved:.4f}"))
    return d.Table(head, tuple(tuple((cell,) for cell in row) for row in rows), frozenset(range(len(head))))


def _gain(story: Story) -> Iterator[d.Block]:
    """The gain of the recurrent weights at which the cell comes to life at zero input."""
    gain = story.measured.gain
    if gain is None or gain.expression == 0:
        return
    symbols = sorted(gain.expression.free_symbols, key=lambda symbol: gain.biases.index(symbol.name))
    known = {symbol: story.derivation.value(symbol.name) for symbol in symbols}  # factors stand in its order
    matrix = value_math(story.derivation.value(gain.matrix))
    lines = [story.sentences.line("carrying.gain", matrix=matrix, gain=expression_math(gain.expression, known))]
    if known:
        lines.append(story.sentences.line("carrying.gain_at_zero", gain=f"{gain.at():.3g}"))
    yield d.Paragraph(story.sentences.one_after_the_other(lines))
