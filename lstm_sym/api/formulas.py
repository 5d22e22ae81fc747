"""Cells, programs, Jacobians and derivations as notebooks show them: formulas in MathML, LaTeX and Unicode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape

from sympy import Symbol

from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation.linear_map import Block, LinearMap
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.equation import Equation
from lstm_sym.equations.signs import Sign
from lstm_sym.ground.shown import bundle
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.notation.notation import Notation
from lstm_sym.notation.text import TextNotation
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Statement
from lstm_sym.program.values import Value

Formula = Callable[[Notation], str]
Group = tuple[str, Sequence[Formula]]
"""A heading, and formulas below it."""


@bundle.register
def of_cell(cell: Cell) -> dict[str, str]:
    """Its equations, as in the paper."""
    return _written([(cell.name or cell.key, _equations(cell))], cell.signs)


@bundle.register
def of_program(program: Program) -> dict[str, str]:
    """Its statements."""
    return _written([(program.name, _statements(program))])


@bundle.register
def of_map(linear: LinearMap) -> dict[str, str]:
    """A Jacobian, below the stages that it refers to."""
    stages: list[Formula] = [partial(_stage, block, stage) for block, stage in linear.stages.items()]
    return _written([("", [*stages, lambda n: n.linear_map(linear)])])


@bundle.register
def of_derivation(derivation: Derivation) -> dict[str, str]:
    """The equations, the state Jacobian and the backward pass."""
    cell = derivation.cell
    blocks: list[Formula] = [
        partial(_block, derivation.value(target), derivation.value(source, source=True), linear)
        for (target, source), linear in derivation.state_jacobian().items()
        if not linear.is_zero
    ]
    backward = _statements(derivation.adjoint)
    groups = [(cell.name or cell.key, _equations(cell)), ("state Jacobian", blocks), ("backward pass", backward)]
    return _written([group for group in groups if group[1]], cell.signs)


def _equations(cell: Cell) -> list[Formula]:
    return [partial(_equation, cell, equation) for equation in cell.equations]


def _statements(program: Program) -> list[Formula]:
    values = {value.symbol: value for value in program.values()}
    return [partial(_line, values, statement) for statement in program.statements]


def _equation(cell: Cell, equation: Equation, notation: Notation) -> str:
    return notation.equation(equation, cell)


def _line(values: Mapping[Symbol, Value], statement: Statement, notation: Notation) -> str:
    return notation.knowing(values).line(statement)


def _stage(block: Block, linear: LinearMap, notation: Notation) -> str:
    return _block(block.target, block.source, linear, notation)


def _block(target: Value, source: Value, linear: LinearMap, notation: Notation) -> str:
    left = notation.partial(notation.symbol(target), notation.symbol(source))
    return left + notation.equals + notation.linear_map(linear)


def _written(groups: Sequence[Group], signs: Mapping[str, Sign] | None = None) -> dict[str, str]:
    """All formulas in the three notations."""
    signs = signs or {}
    text, latex, mathml = TextNotation(signs=signs), LatexNotation(signs=signs), MathMLNotation(signs=signs)
    lines, rows, parts = list[str](), list[str](), list[str]()
    for heading, formulas in groups:
        lines += [*([heading] if heading else []), *(formula(text) for formula in formulas)]
        rows += [
            *([rf"\text{{{_plain(heading)}}}"] if heading else []),
            *(f"&{formula(latex)}" for formula in formulas),
        ]
        parts += [f"<p><strong>{escape(heading)}</strong></p>"] if heading else []
        parts += [f"<div>{mathml.page(formula(mathml), display=False)}</div>" for formula in formulas]
    body = " \\\\\n".join(rows)
    return {
        "text/plain": "\n".join(lines),
        "text/html": "\n".join(parts),
        "text/latex": f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$",
    }


def _plain(text: str) -> str:
    """Text that may stand in LaTeX whatever it is: its letters, digits and simple signs."""
    return "".join(character if character.isalnum() or character in ".,:;()-" else " " for character in text)
