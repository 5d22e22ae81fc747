"""The conventions in which formulas and kernels are written: layout, derivatives, gates, biases, what keeps at 1."""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from lstm_sym.cells import built_in_cell
from lstm_sym.document import document as d
from lstm_sym.interop.conventions import CONVENTIONS, Convention
from lstm_sym.program.statements import Pointwise
from lstm_sym.report.formulas import partial_math, value_math
from lstm_sym.report.reading.story import Story


def conventions_section(story: Story) -> d.Section:
    """What a reader of another text should know before comparing signs and orders."""
    told = story.sentences
    items: list[tuple[d.Line, d.Line]] = [
        ((told.text(f"conventions.names.{key}"),), line)
        for key, line in (
            ("vectors", told.line("conventions.columns")),
            ("derivatives", told.line("conventions.rows", partial=_example(story))),
            *_gates(story),
            *_start(story),
            *_biases(story),
            *_orders(story),
            *_same_name(story),
        )
    ]
    return story.section("conventions", d.Definitions(tuple(items)))


def _example(story: Story) -> d.Math:
    """The sign of a Jacobian of the output, by the first state or the input."""
    derivation, cell = story.derivation, story.cell
    source = next(iter(cell.states), cell.input)
    return partial_math(derivation.value(cell.output), derivation.value(source, source=True))


def _gates(story: Story) -> Iterator[tuple[str, d.Line]]:
    """What each forget gate does at 1: the two conventions of the literature."""
    seen = set()
    for gate in story.derivation.roles.forget_gates:
        if (gate.name, gate.keeps) not in seen:
            seen.add((gate.name, gate.keeps))
            shown = value_math(story.derivation.value(gate.name))
            state = value_math(story.derivation.value(gate.state, source=True))
            told, key = story.sentences, "conventions.keeps" if gate.keeps else "conventions.forgets"
            lines = [told.line(key, gate=shown, state=state)]
            if _has_other_share(story, gate.name):
                lines.append(told.line("conventions.other_share", gate=shown))
            yield "gate", told.one_after_the_other(lines)


def _has_other_share(story: Story, gate: str) -> bool:
    """Whether the step also has 1 − gate: only then can the two be taken for each other."""
    share = 1 - story.derivation.value(gate).symbol
    pointwise = (s for s in story.derivation.forward.statements if isinstance(s, Pointwise))
    return any(share in sympy.preorder_traversal(statement.expression) for statement in pointwise)


def _start(story: Story) -> Iterator[tuple[str, d.Line]]:
    """The state before the first step, of states that begin with 0; the others say what they begin with."""
    states = [name for name in story.cell.states if name not in story.cell.initial]
    if states:
        listed = story.sentences.listed([value_math(story.derivation.value(name)) for name in states])
        yield "start", story.sentences.line("conventions.start", states=listed)


def _biases(story: Story) -> Iterator[tuple[str, d.Line]]:
    """How many biases the equations have, and which of them a library may keep twice."""
    biases = story.derivation.roles.biases
    if biases:
        names = story.sentences.listed([value_math(story.derivation.value(bias.name)) for bias in biases])
        yield "biases", story.sentences.line("conventions.biases", names=names)


def _orders(story: Story) -> Iterator[tuple[str, d.Line]]:
    """The order of the gates in the arrays of frameworks that have this cell; a bar over those that they turn round."""
    found: list[d.Line] = []
    for framework, layouts in CONVENTIONS.items():
        orders = dict.fromkeys(_order(layout) for layout in layouts.values() if layout.cell == story.cell.key)
        found += [(f"{framework} ", d.Code(order)) for order in orders if order]
    if found:
        yield "order", story.sentences.line("conventions.orders", orders=story.sentences.listed_lines(found))


def _same_name(story: Story) -> Iterator[tuple[str, d.Line]]:
    """Another cell that frameworks call as some call this one: the GRU with its reset gate after the product."""
    layouts = [(kind, name, one) for kind, layers in CONVENTIONS.items() for name, one in layers.items()]
    own, told = {name for _, name, layout in layouts if layout.cell == story.cell.key}, story.sentences
    others: dict[str, list[d.Line]] = {}
    for framework, name, layout in layouts:
        if name in own and layout.cell != story.cell.key:
            others.setdefault(layout.cell, []).append((f"{framework} {name} ", d.Code(_order(layout))))
    for key, layers in others.items():
        command = d.Code(f"lstm-sym diff {story.cell.key} {key}")
        title = built_in_cell(key).name_in(told.language)
        parts: dict[str, d.Inline | d.Line] = {
            "layers": told.listed_lines(layers),
            "other": d.Code(key),
            "title": title,
            "command": command,
        }
        yield "same_name", told.line("conventions.same_name", **parts)


def _order(layout: Convention) -> str:
    """i, f, g, o: 1 − z where the framework keeps the other share; "" of one block."""
    shown = [f"1 − {gate}" if gate in layout.negated else gate for gate in layout.gates]
    return ", ".join(shown) if len(shown) > 1 else ""
