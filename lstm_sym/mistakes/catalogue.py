"""The mistakes people make in a backward pass, each as the program it makes of the right one.

They serve twice: whoever compares gradients must notice every one of them, and whose gradients are wrong is told which
of them gives exactly those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sympy import Expr

from lstm_sym.interpreter.loop import Loop
from lstm_sym.interpreter.over_time import Backward, Run
from lstm_sym.mistakes.brackets import in_sums
from lstm_sym.mistakes.context import Change, Context, Resummed, Rewrite, Says, Unstarted
from lstm_sym.mistakes.edits import Edit, reads, rewritten
from lstm_sym.mistakes.factors import multiplied
from lstm_sym.mistakes.packing import in_packs
from lstm_sym.mistakes.rules import in_statements
from lstm_sym.mistakes.sentences import AND, Word
from lstm_sym.mistakes.timing import in_time
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Term
from lstm_sym.program.values import Value

EVERYWHERE = {
    "slope left out": "every slope{} is left out",
    "slope of the output": "every slope{} is taken of the output instead of the pre-activation",
    "slope of the argument": "the formula of every slope{} in the output is given the pre-activation",
    "before the slope": "every adjoint{} is taken before it is multiplied by its slope",
    "carried adjoint left out": "nothing arrives from the step after",
    "function for its slope": "the function stands in the place of every slope{}",
    "transposed": "no square weight{} is transposed as it should be",
    "wrong way round": "every square outer product{} is taken the other way round",
    "off by one in time": "every state{} is read one step off in time",
    "overwritten": "every gradient{} of a parameter is overwritten at every step, not summed",
    "last step alone": "every gradient{} of a parameter is that of the last step alone",
    "initial state left out": "the initial state{} is not read: zero stands for it everywhere",
    "last state for the initial one": "the last state{} stands for the initial one everywhere: the index t - 1 is -1",
    "last cotangent ignored": "the cotangents of the last states are not used",
    "first sequence alone": "every gradient{} of a parameter is that of the first sequence of the batch alone",
    "last sequence alone": "every gradient{} of a parameter is that of the last sequence of the batch alone",
    "batch and time mixed": "every outer product{} takes the adjoints time first and the other side batch first",
    "batch and time mixed the other way": "every outer product{} takes the adjoints batch first and the other side "
    "time first",
    "mean over the batch": "every gradient{} of a parameter is the mean over the batch, not the sum",
    "mean over time": "every gradient{} of a parameter is the mean over time, not the sum",
}
"""Kinds of rewrite that one makes in all places at once; {} takes "(sigmoid)", say."""


SOURCES = (in_statements, in_sums, in_time, in_packs)
"""Where rewrites come from; of two that change the same the first is listed."""


@dataclass(frozen=True)
class Mistake:
    """What was written wrong.

    key: stable, `lstm.backward.a_i: slope left out: ...`; kind: what such rewrites have in common; says: the sentence,
    with values and expressions in it for any notation to print; statements: ids of those that are changed; changes:
    what is changed in `context.backward`.
    """

    key: str
    kind: str
    says: Says
    statements: tuple[str, ...]
    changes: frozenset[Change]
    context: Context = field(repr=False)

    @property
    def sentence(self) -> str:
        """The explanation in one sentence, names as in programs."""
        return "".join(_plain(part) for part in self.says)

    @cached_property
    def places(self) -> frozenset[object]:
        """What it changes, and what no other can change at the same time."""
        return frozenset(map(_place, self.changes))

    @cached_property
    def loop(self) -> Loop:
        """The loop around the backward program, as it is with this mistake."""
        totals = {change.target: change.how for change in self.changes if isinstance(change, Resummed)}
        unstarted = frozenset(change.carried for change in self.changes if isinstance(change, Unstarted))
        return Loop(totals, unstarted, self.context.readings)

    @cached_property
    def program(self) -> Program:
        """The backward program as it is with this mistake."""
        edits = [change for change in self.changes if isinstance(change, Edit)]
        return rewritten(self.context.backward, edits, self.context.values)

    def run(self, sequence: Backward) -> Run:
        """The gradients it gives, everything computed anew."""
        return sequence.run(self.program, self.loop)

    def and_(self, other: Mistake) -> Mistake | None:
        """Both at once; None where they change the same part of the same statement."""
        changes = self.changes | other.changes
        if self.places & other.places:
            return None
        statements = tuple(dict.fromkeys((*self.statements, *other.statements)))
        says = (*self.says, AND, *other.says)
        return Mistake(f"{self.key} + {other.key}", "several", says, statements, changes, self.context)


def candidates(backward: Program, forward: Program, factors: Mapping[str, float] | None = None) -> tuple[Mistake, ...]:
    """Every rewrite, each once, whether it makes a difference or not: single rewrites, then those made everywhere.

    factors: of outputs, x or parameters, that are so many times the right ones.
    """
    context = Context(backward, forward)
    ids = {statement.target: statement.provenance.id for statement in backward.statements}
    found: dict[frozenset[Change], Mistake] = {}
    single = [rewrite for source in SOURCES for rewrite in source(context) if _is_in_order(rewrite, context)]
    single += multiplied(context, factors or {})
    for rewrite in single:
        changes = frozenset(rewrite.changes)
        statements = tuple(dict.fromkeys(ids[change.target] for change in rewrite.changes))
        key = ": ".join(filter(None, (statements[0], rewrite.kind, rewrite.detail)))
        found.setdefault(changes, Mistake(key, rewrite.kind, rewrite.says, statements, changes, context))
    for (kind, qualifier), together in _families(single).items():
        before, _, after = EVERYWHERE[kind].partition("{}")
        shown = f" ({qualifier})" if qualifier else ""
        says: Says = (before, " (", Word(qualifier), ")", after) if qualifier else (before + after,)
        changes = frozenset(together)
        statements = tuple(dict.fromkeys(ids[change.target] for change in together))
        key = f"{backward.name}: {kind} everywhere{shown}"
        found.setdefault(changes, Mistake(key, kind, says, statements, changes, context))
    return tuple(found.values())


def _is_in_order(rewrite: Rewrite, context: Context) -> bool:
    """Whether every line still reads what is known there: a gate that reads another cannot change places with it."""
    order = {statement.target: place for place, statement in enumerate(context.backward.statements)}
    read = (
        (order[change.target], order.get(value, -1))
        for change in rewrite.changes
        if isinstance(change, Edit) and change.part is not None
        for value in reads(change.part, context.values)
    )
    return all(above < here for here, above in read)


def _plain(part: str | Value | Expr | Term) -> str:
    if not isinstance(part, Term) or part.matrix is None:
        return str(part.operand if isinstance(part, Term) else part)
    return " ".join([f"{part.matrix}{'.T' * part.transposed}", *([str(part.operand)] if part.operand else [])])


def _families(found: Iterable[Rewrite]) -> dict[tuple[str, str], list[Change]]:
    """(kind, qualifier) -> the changes of that kind, one a place; with qualifier "" all of the kind."""
    families: dict[tuple[str, str], dict[object, Change]] = {}
    for rewrite in found:
        for qualifier in dict.fromkeys((rewrite.qualifier, "")) if rewrite.kind in EVERYWHERE else ():
            family = families.setdefault((rewrite.kind, qualifier), {})
            for change in rewrite.changes:
                family.setdefault(_place(change), change)
    return {key: list(family.values()) for key, family in families.items() if len(family) > 1}


def _place(change: Change) -> object:
    """What two changes cannot both change."""
    return (change.target, change.place) if isinstance(change, Edit) else (type(change), change.target)
