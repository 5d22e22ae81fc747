"""Two cells side by side: equations, states, size, cost, Jacobians, and what the backward pass reads.

Everything is derived from each cell by the engine. Names are paired by the part that they play (`roles`); two sides are
the same where they are printed the same in the letters of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm
from typing import Any

from lstm_sym.api import Derivation, derive
from lstm_sym.derivation.linear_map import LinearMap
from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell, common_signs
from lstm_sym.equations.initial import written
from lstm_sym.equations.sizes import parts_of
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes import save_set
from lstm_sym.program.values import Value
from lstm_sym.report.formulas import map_summands, paper_line, partial_math, value_math
from lstm_sym.report.pairing import correspondence, in_letters, renamed, same_expression
from lstm_sym.report.sizes import SizeSum
from lstm_sym.report.titles import cell_title

SECTIONS = ("equations", "states", "parameters", "cost", "jacobian", "input", "saved")


@dataclass(frozen=True)
class Side:
    """One of the two cells: how it is called here, and the number that each of its symbolic sizes stands for."""

    label: str
    cell: Cell
    sizes: Mapping[str, int]

    @cached_property
    def derivation(self) -> Derivation:
        """What the engine derives from the cell."""
        return derive(self.cell)

    @cached_property
    def state_jacobian(self) -> dict[str, d.Equation]:
        """Every block of the state Jacobian, zero or not, and the stages they refer to: "h / c" and its line."""
        lines = self.jacobian_lines(self.derivation.state_jacobian())
        return {f"{target} / {source}": line for (target, source), line in lines.items()}

    @cached_property
    def input_jacobian(self) -> dict[str, d.Equation]:
        """Every state against the input, and the stages they refer to, by state or quantity."""
        source, derivation = self.cell.input, self.derivation
        found = self.jacobian_lines({(s, source): derivation.jacobian(s, source) for s in self.cell.states if source})
        return {target: line for (target, _), line in found.items()}

    def jacobian_lines(self, maps: Mapping[tuple[str, str], LinearMap]) -> dict[tuple[str, str], d.Equation]:
        """A line for every map and for every stage that has none yet, by target and source."""
        derivation = self.derivation
        found = {
            (target, source): (derivation.value(target), derivation.value(source, source=True), linear)
            for (target, source), linear in maps.items()
        }
        for linear in maps.values():
            for block, stage in linear.stages.items():
                pair = block.target.name, derivation.source_name(block.source)
                found.setdefault(pair, (block.target, block.source, stage))
        return {
            pair: d.Equation(partial_math(above, below), map_summands(linear), "", derivation.jacobian_id(above, below))
            for pair, (above, below, linear) in found.items()
        }

    @cached_property
    def saved(self) -> tuple[Value, ...]:
        """What the backward pass reads of the forward pass of a step."""
        values = save_set(self.derivation.forward, self.derivation.adjoint)
        return tuple(value for value in values if value.time is not None)

    @property
    def amounts(self) -> dict[str, SizeSum]:
        """How many numbers parameters, state, and save set of one step hold; s[t] and s[t-1] are one array there."""
        shapes, kept = self.cell.shapes, {value.name: value.shape for value in self.saved}
        return {
            "parameters": SizeSum.of(shapes[name] for name in self.cell.parameters),
            "states": SizeSum.of(shapes[name] for name in self.cell.states),
            "saved": SizeSum.of(kept.values()),
        }

    def facts(self) -> dict[str, Any]:
        """The numbers of this side, for JSON."""
        return {
            "label": self.label,
            "key": self.cell.key,
            "name": self.cell.name,
            "content_hash": self.cell.content_hash,
            "options": dict(self.cell.chosen),
            "constants": {name: float(value) for name, value in self.cell.constants.items()},
            "sizes": dict(self.sizes),
            **{
                name: {"formula": amount.write(TextNotation()), "count": amount.number(self.sizes)}
                for name, amount in self.amounts.items()
            },
            "operations": {
                name: {"elementwise": count.elementwise, "products": count.products}
                for name, count in self.derivation.costs.items()
            },
        }


def side(label: str, cell: Cell, *, input_size: int, hidden_size: int, sizes: Mapping[str, int] | None = None) -> Side:
    """A side with a number for each size: the input's, the first state's; any other is `hidden_size` or in `sizes`."""
    found = dict.fromkeys(cell.size_names, hidden_size)
    (first, count), *more = parts_of(cell.shapes[cell.states[0]][0]).items()
    found[first] = hidden_size if more else hidden_size // count
    if cell.inputs and cell.shapes[cell.inputs[0]][0] != cell.shapes[cell.states[0]][0]:
        found[cell.shapes[cell.inputs[0]][0]] = input_size
    return Side(label, cell, found | {name: size for name, size in (sizes or {}).items() if name in found})


def size_for_all(cells: Iterable[Cell], hidden_size: int) -> int:
    """The largest number of hidden units, up to this one, that all of the cells can have: whole blocks of each."""
    sizes = (parts_of(cell.shapes[cell.states[0]][0]) for cell in cells)
    block = lcm(*(sum(parts.values()) if len(parts) == 1 else 1 for parts in sizes))
    return max(1, hidden_size // block) * block


def comparison_document(left: Side, right: Side, sentences: Sentences) -> d.Document:
    """The two sides as a document of rows: one content where both say the same, two where they differ."""
    return _Comparing(left, right, sentences).document()


def comparison_data(document: d.Document, left: Side, right: Side) -> dict[str, Any]:
    """The comparison for JSON: the numbers of each side, left names that are others on the right, and the rows."""
    rows = {
        section.key: [
            _row(pair, TextNotation(signs=document.signs))
            for block in section.blocks
            if isinstance(block, d.Comparison)
            for pair in block.pairs
        ]
        for section in document.sections
    }
    pairs = {of: name for name, of in correspondence(left.cell, right.cell).items() if of != name}
    return {"left": left.facts(), "right": right.facts(), "names": pairs, **rows}


def _row(pair: d.Pair, notation: TextNotation) -> dict[str, Any]:
    left, right = (d.content_text(side, notation) or None for side in (pair.left, pair.right))
    return {"of": pair.key, "same": pair.same, "left": left, "right": right}


class _Comparing:
    """Builds the rows, section by section."""

    def __init__(self, left: Side, right: Side, sentences: Sentences) -> None:
        self.sides, self.sentences = (left, right), sentences
        cell, self.called = renamed(right.cell, correspondence(left.cell, right.cell))
        # The right side in the letters of the left: what is compared, where the right side itself is shown.
        sizes = zip(cell.size_names, right.cell.size_names, strict=True)
        self.turned = replace(right, cell=cell, sizes={size: right.sizes[of] for size, of in sizes})

    def document(self) -> d.Document:
        """All sections that have a row."""
        sentences, labels = self.sentences, (self.sides[0].label, self.sides[1].label)
        pairs: dict[str, list[d.Pair]] = {key: getattr(self, key)() for key in SECTIONS}
        sections = tuple(
            d.Section(key, sentences.text(f"diff.section.{key}"), (d.Comparison(labels, tuple(rows)),))
            for key, rows in pairs.items()
            if rows
        )
        title = sentences.text("diff.title", left=labels[0], right=labels[1])
        quantities = tuple(tuple(e.target for e in side.cell.equations) for side in self.sides)
        return d.Document(
            title,
            sentences.language,
            tuple(self.lead(pairs)),
            sections,
            sentences.text("page.contents"),
            quantities=quantities,
            signs=common_signs([side.cell for side in self.sides]),
        )

    def lead(self, pairs: Mapping[str, Sequence[d.Pair]]) -> list[d.Line]:
        """Names, sizes, and how much is the same."""
        sentences = self.sentences
        found = [
            sentences.line(
                "diff.side",
                label=d.Code(side.label),
                name=cell_title(side.cell, sentences),
                sizes=d.Code(_sizes_text(side.sizes)),
            )
            for side in self.sides
        ]
        letters = [f"{of} = {name}" for of, name in self.called.items() if of != name]
        if letters:
            found.append(
                sentences.line("diff.names", label=d.Code(self.sides[1].label), names=d.Code(", ".join(letters)))
            )
        formulas = [pair for key in ("equations", "jacobian", "input") for pair in pairs[key]]
        same = sum(pair.same for pair in formulas)
        return [*found, sentences.line("diff.lead", same=str(same), different=str(len(formulas) - same))]

    def rows(self, names: Callable[[Side], Sequence[str]], content: Callable[[Side, str], d.Content]) -> list[d.Pair]:
        """A row for every name that one of the sides has, in the order of the left side, then of the right.

        What plays the same part in both cells is one name, that of the left.
        """
        left, right = self.sides
        found = []
        for name in dict.fromkeys((*names(left), *names(self.turned))):
            one, other = (content(side, name) if name in names(side) else () for side in (left, self.turned))
            own = in_letters(name, self.called)
            shown = content(right, own) if own in names(right) else other  # else a stage, whose name is made of others
            found.append(_pair(name, one, other, shown))
        return found

    def sentence_row(self, key: str, **parts: Callable[[Side], Any]) -> d.Pair:
        """A row of one sentence, its places filled from each side."""
        left, right, turned = (
            self.sentences.line(f"diff.{key}", **{name: value(side) for name, value in parts.items()})
            for side in (*self.sides, self.turned)
        )
        return _pair(key, left, turned, right)

    def equations(self) -> list[d.Pair]:
        """The equations, as in the papers, by what they define."""
        rows = self.rows(
            lambda side: [e.target for e in side.cell.equations], lambda side, name: paper_line(side.derivation, name)
        )
        return [replace(row, same=row.same or self.is_equal(row)) for row in rows]

    def is_equal(self, row: d.Pair) -> bool:
        """Whether both sides of a row of equations have one, and the same but for the order of sums and products."""
        cells = self.sides[0].cell, self.turned.cell
        found = [e.expression for cell in cells for e in cell.equations if e.target == row.key]
        return len(found) == len(cells) and same_expression(*found)

    def states(self) -> list[d.Pair]:
        """Input, states, output, numbers carried; functions, constants and initial values where there are any."""

        def listed(side: Side, *names: str) -> d.Line:
            return self.sentences.listed([value_math(side.derivation.value(name)) for name in names])

        found = [
            self.sentence_row("states", states=lambda side: listed(side, *side.cell.states)),
            self.sentence_row("input", input=lambda side: listed(side, *side.cell.inputs) or ("—",)),
            self.sentence_row("output", output=lambda side: listed(side, side.cell.output)),
            self.sentence_row("carried", numbers=lambda side: self.amount(side, "states")),
        ]
        if any(side.cell.options for side in self.sides):
            found.append(self.sentence_row("functions", functions=_functions))
        if any(side.cell.constants for side in self.sides):
            found.append(self.sentence_row("constants", constants=self.constants))
        if any(side.cell.initial for side in self.sides):
            found.append(self.sentence_row("initial", values=_initial))
        return found

    def constants(self, side: Side) -> d.Line:
        """Every constant with its number."""
        values = [(value_math(side.derivation.value(n)), f" = {float(v):g}") for n, v in side.cell.constants.items()]
        return tuple(part for pair in values for part in (self.sentences.text("list.comma"), *pair))[1:] or ("—",)

    def parameters(self) -> list[d.Pair]:
        """How many parameters."""

        def of_rank(rank: int) -> Callable[[Side], str]:
            return lambda side: str(sum(len(side.cell.shapes[name]) == rank for name in side.cell.parameters))

        return [
            self.sentence_row("parameters", numbers=lambda side: self.amount(side, "parameters")),
            self.sentence_row("kinds", matrices=of_rank(2), vectors=of_rank(1)),
        ]

    def cost(self) -> list[d.Pair]:
        """Operations of each pass."""
        left, right = self.sides
        lines = {name: [self.pass_line(side, name) for side in (left, right)] for name in left.derivation.costs}
        return [_pair(name, one, other, other) for name, (one, other) in lines.items()]

    def pass_line(self, side: Side, name: str) -> d.Line:
        """Operations of one pass."""
        count = side.derivation.costs[name]
        kind = self.sentences.text(f"cost.{name}")
        return self.sentences.line("diff.cost", kind=kind, some=str(count.elementwise), products=str(count.products))

    def jacobian(self) -> list[d.Pair]:
        """The state Jacobian block by block."""
        return self.rows(lambda side: list(side.state_jacobian), lambda side, name: side.state_jacobian[name])

    def input(self) -> list[d.Pair]:
        """Every state against the input."""
        return self.rows(lambda side: list(side.input_jacobian), lambda side, name: side.input_jacobian[name])

    def saved(self) -> list[d.Pair]:
        """What the backward pass reads of one step: the least that a tape can hold."""
        return [
            self.sentence_row(
                "saved", values=lambda side: self.sentences.listed([value_math(value) for value in side.saved])
            ),
            self.sentence_row("tape", numbers=lambda side: self.amount(side, "saved")),
        ]

    def amount(self, side: Side, name: str) -> d.Line:
        """formula = number."""
        amount = side.amounts[name]
        return (d.Math(amount.write), f" = {amount.number(side.sizes):,}")


def _pair(key: str, left: d.Content, turned: d.Content, right: d.Content) -> d.Pair:
    """A row; the same where the left side and the right, turned into the letters of the left, are printed the same."""
    same = d.content_text(left, TextNotation()) == d.content_text(turned, TextNotation())
    return d.Pair(key, left, right, same)


def _functions(side: Side) -> str:
    return ", ".join(f"{name} = {choice}" for name, choice in side.cell.chosen.items()) or "—"


def _initial(side: Side) -> str:
    return ", ".join(f"{name} = {written(side.cell.initial.get(name, 0.0))}" for name in side.cell.states)


def _sizes_text(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in sizes.items())
