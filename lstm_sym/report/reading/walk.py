"""The cell step by step: an equation a step, what it reads and does, and its part of the drawing lit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import sympy

from lstm_sym.document import document as d
from lstm_sym.equations import expressions as e
from lstm_sym.equations.equation import Equation
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.program.values import Value
from lstm_sym.report.diagram import step_block
from lstm_sym.report.formulas import value_math
from lstm_sym.report.reading.story import Story, shown


def walk_section(story: Story) -> d.Section:
    """A part for each equation, in the order of the paper."""
    equations = story.cell.equations
    at_once = [place for place, equation in enumerate(equations, 1) if not _of_this_step(story, equation)]
    blocks: list[d.Block] = [story.paragraph("walk.why")]
    if len(at_once) > 1:
        listed = story.sentences.listed([story.equation(equations[place - 1].target) for place in at_once])
        blocks.append(story.paragraph("walk.at_once", equations=listed))
    blocks += [_step(story, place, equation) for place, equation in enumerate(equations, 1)]
    return story.section("walk", *blocks)


def _step(story: Story, place: int, equation: Equation) -> d.Section:
    """One equation: the formula, what it reads, what it is; beside it the drawing."""
    name, told = equation.target, story.sentences
    title = told.text("walk.step", place=str(place), meaning=story.cell.meaning(name, told.language) or name)
    formula = (story.equation(name), "\u2002", _paper_math(story, equation))
    facts = story.sentences.one_after_the_other([*_facts(story, equation)])
    blocks = (d.Paragraph(formula), d.Paragraph(facts))
    beside = step_block(story.drawing, place, blocks, title)
    return d.Section(f"walk.{name}", title, (beside,))


def _paper_math(story: Story, equation: Equation) -> d.Math:
    return d.Math(lambda n: n.equation(equation, story.cell))


def _facts(story: Story, equation: Equation) -> Iterator[d.Line]:
    """Sentences about an equation, each chosen by what the engine finds."""
    yield from _reads(story, equation)
    yield from _range(story, equation)
    yield from _gate(story, equation)
    yield from _handed_on(story, equation)


def _reads(story: Story, equation: Equation) -> Iterator[d.Line]:
    """Which quantities pass a matrix, which a mean or the like over units, and which are read unit by unit."""
    told, expression = story.sentences, equation.expression
    mixed = _under(expression, lambda node: isinstance(node, e.MatrixProduct))
    reduced = [node for node in expression.walk() if isinstance(node, e.Call) and node.function in REDUCTIONS]
    spread = _under(expression, reduced.__contains__)
    alone = [name for name in _moving(expression) if name not in mixed and name not in spread]
    if mixed:
        yield told.line("walk.through_matrices", operands=_listed(story, mixed))
    if spread:
        signs = told.listed([_function_math(name) for name in dict.fromkeys(node.function for node in reduced)])
        yield told.line("walk.reduced", functions=signs, operands=_listed(story, spread))
    if alone:
        key = "walk.beside" if mixed or spread else "walk.unit_by_unit"
        yield told.line(key, operands=_listed(story, alone))


def _moving(expression: e.Expression) -> list[e.Name]:
    """The names with a time index, each once."""
    names = (node for node in expression.walk() if isinstance(node, e.Name) and node.time is not None)
    return list(dict.fromkeys(names))


def _under(expression: e.Expression, chosen: Callable[[e.Expression], bool]) -> list[e.Name]:
    """The names with a time index that stand in a node of the chosen kind."""
    return list(dict.fromkeys(name for node in expression.walk() if chosen(node) for name in _moving(node)))


def _function_math(name: str) -> d.Math:
    return d.Math(lambda n: n.function(name, False))


def _range(story: Story, equation: Equation) -> Iterator[d.Line]:
    """Between which values its function keeps every unit, if there are two."""
    node = equation.expression
    if not isinstance(node, e.Call) or node.function not in FUNCTIONS:
        return
    bounds = limits_of(node.function)
    if bounds is not None:
        low, high = bounds
        sign = _function_math(node.function)
        yield story.sentences.line("walk.range", function=sign, low=shown(low), high=shown(high))


def _gate(story: Story, equation: Equation) -> Iterator[d.Line]:
    """What it lets through, where it is a gate; of a forget gate what it keeps."""
    roles, name = story.derivation.roles, equation.target
    if name not in {gate.name for gate in roles.gates}:
        return
    readers = [other for other in story.cell.equations if _reads_name(other, name)]
    links = story.sentences.listed([story.equation(other.target) for other in readers])
    yield story.sentences.line("walk.gate", equations=links)
    for gate in roles.forget_gates:
        if gate.name == name:
            before = value_math(story.derivation.value(gate.state, source=True))
            yield story.sentences.line("walk.keeps" if gate.keeps else "walk.forgets", state=before)


def _handed_on(story: Story, equation: Equation) -> Iterator[d.Line]:
    """Where a state goes, and the output."""
    name = equation.target
    shown = value_math(story.derivation.value(name))
    if name in story.cell.states:
        before = value_math(story.derivation.value(name, source=True))
        yield story.sentences.line("walk.state", state=shown, before=before)
    if name == story.cell.output:
        yield story.sentences.line("walk.output", output=shown)


def _of_this_step(story: Story, equation: Equation) -> bool:
    """Whether it reads what another equation of the same step gives."""
    return any(_reads_name(equation, other.target) for other in story.cell.equations)


def _reads_name(equation: Equation, name: str) -> bool:
    return any(isinstance(node, e.Name) and node.name == name and node.time == 0 for node in equation.expression.walk())


def _listed(story: Story, names: list[e.Name]) -> d.Line:
    return story.sentences.listed([value_math(_value(story, name)) for name in names])


def _value(story: Story, name: e.Name) -> Value:
    return story.derivation.value(name.name, source=name.time == -1)


@lru_cache
def limits_of(function: str) -> tuple[float, float] | None:
    """The limits of a function for its argument to -oo and to oo, the smaller first; None where they are not finite."""
    row, a = FUNCTIONS[function], sympy.Symbol("a", real=True)
    if row.arity != 1:
        return None
    ends = [sympy.limit(row.definition(a), a, end) for end in (-sympy.oo, sympy.oo)]
    if not all(end.is_finite and end.is_Number for end in ends):
        return None
    low, high = sorted(map(float, ends))
    return low, high
