"""Every rule, pass and printer knows every kind of statement, and says so of one that it does not know."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.compile.plan import LoopPlan
from lstm_sym.compile.storage import Storage
from lstm_sym.derivation import jvp, vjp
from lstm_sym.derivation.jacobian import Jacobians
from lstm_sym.emit.regions import RegionWriter
from lstm_sym.interpreter.evaluation import run_statement
from lstm_sym.interpreter.magnitude import magnitudes
from lstm_sym.mistakes.edits import Edit, parts, rewritten
from lstm_sym.notation.text import TextNotation
from lstm_sym.passes import Layout, Run, Schedule, count_operations
from lstm_sym.program import Program, Statement, Value, lower
from lstm_sym.program.program import check_shapes
from lstm_sym.program.statements import Provenance

PACKAGE = Path(ls.__file__).parent
KINDS = {kind.__name__ for kind in get_args(Statement)}
FALLS_BACK = {"report/formulas.py: statement_summands"}
"""Functions that treat some kinds in a way of their own, and leave the others to one that knows all of them."""


@dataclass(frozen=True)
class Strange:
    """A kind of statement that nobody has a rule for: target = ??? operand."""

    target: Value
    operand: Value
    provenance: Provenance = field(default=Provenance("strange.forward.h", "equation"))

    def reads(self) -> tuple[Value, ...]:
        """The operand."""
        return (self.operand,)


PROGRAM = lower(ls.cell("rnn"))
STRANGE = Strange(PROGRAM.outputs[0], PROGRAM.carries[0].incoming)


def with_strange() -> Program:
    """A program that ends with a strange statement; its own check is passed by."""
    program = lower(ls.cell("rnn"))
    object.__setattr__(program, "statements", (*program.statements[:-1], STRANGE))
    return program


def region() -> object:
    program = with_strange()
    plan = Schedule(
        program, Layout((), {}), (), tuple(Run((s,)) for s in program.statements), (), frozenset(), frozenset()
    )
    return RegionWriter(LoopPlan(plan, Storage(plan, frozenset(), frozenset(), {})), {}).run()


USES: dict[str, Callable[[], object]] = {
    "shapes": lambda: check_shapes("p", STRANGE),
    "interpreter": lambda: run_statement(STRANGE, {STRANGE.operand: np.ones((1, 2))}),
    "magnitudes": lambda: magnitudes(with_strange(), {v: np.ones((2, 2)) for v in PROGRAM.values()}),
    "vjp": lambda: vjp(with_strange()),
    "jvp": lambda: jvp(with_strange()),
    "jacobian": lambda: Jacobians(with_strange()).of(STRANGE.target, STRANGE.operand),
    "parts": lambda: parts(STRANGE),
    "rewrite": lambda: rewritten(with_strange(), [Edit(STRANGE.target, 0, None)], {}),
    "operations": lambda: count_operations(with_strange()),
    "notation": lambda: TextNotation.of(PROGRAM).line(STRANGE),
    "NumPy": region,
}


@pytest.mark.parametrize("use", USES)
def test_a_kind_of_statement_without_a_rule_is_never_passed_over(use):
    with pytest.raises(AssertionError, match="Strange"):
        USES[use]()


def asked_kinds(test: ast.expr) -> set[tuple[str, str]]:
    """(what is asked, kind) of every isinstance in a condition."""
    calls = (node for node in ast.walk(test) if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance")
    return {(ast.unparse(call.args[0]), name) for call in calls for name in KINDS & names(call.args[1])}


def names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.parent.name != "kernels":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    yield f"{path.relative_to(PACKAGE)}: {node.name}", node


def chains(function: ast.FunctionDef) -> Iterator[set[tuple[str, str]]]:
    """The kinds asked for by neighbouring ifs and elifs."""
    for node in ast.walk(function):
        body = getattr(node, "body", [])
        asked: set[tuple[str, str]] = set()
        for statement in body if isinstance(body, list) else []:
            while isinstance(statement, ast.If):
                asked |= asked_kinds(statement.test)
                statement = statement.orelse[0] if len(statement.orelse) == 1 else None
        yield asked


def test_kinds_of_statement_are_told_apart_by_match_and_to_the_last():
    """A chain of ifs falls through in silence; `match` with assert_never does not, and mypy counts the cases."""
    found = []
    for place, function in functions():
        if place in FALLS_BACK:
            continue
        for asked in chains(function):
            subjects = [subject for subject, _ in asked]
            found += [f"{place}: ifs over {subject}" for subject in set(subjects) if subjects.count(subject) > 1]
        for node in ast.walk(function):
            if isinstance(node, ast.Match) and len(KINDS & names(node)) > 1:
                closed = "assert_never" in names(function)
                found += [] if closed else [f"{place}: match without assert_never"]
    assert found == []
