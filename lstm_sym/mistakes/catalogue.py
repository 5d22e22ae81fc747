"""The mistakes people make in a backward pass, each as the program it makes of the right one.

They serve twice: whoever compares gradients must notice every one of them, and whose gradients are wrong is told which
of them gives exactly those. A mistake that changes no gradient is none, and is not listed: relu'(relu(a)) is relu'(a).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sympy import Expr

from lstm_sym.interpreter.over_time import Backward, Named, Run, Total, deviations
from lstm_sym.mistakes.context import Change, Context, Resummed, Rewrite, Says
from lstm_sym.mistakes.edits import Edit, rewritten
from lstm_sym.mistakes.rules import rewrites
from lstm_sym.mistakes.sentences import AND, Word
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Term
from lstm_sym.program.values import Value

NOTICED = 1e-6
"""Relative difference of gradients from which on a mistake is one."""

EVERYWHERE = {
    "slope left out": "every slope{} is left out",
    "slope of the output": "every slope{} is taken of the output instead of the pre-activation",
    "slope of the argument": "the formula of every slope{} in the output is given the pre-activation",
    "before the slope": "every adjoint{} is taken before it is multiplied by its slope",
    "carried adjoint left out": "nothing arrives from the step after",
    "transposed": "no square weight{} is transposed as it should be",
    "wrong way round": "every square outer product{} is taken the other way round",
    "off by one in time": "every state{} is read one step off in time",
    "overwritten": "every gradient{} of a parameter is overwritten at every step, not summed",
    "last step alone": "every gradient{} of a parameter is that of the last step alone",
    "mean over the batch": "every gradient{} of a parameter is the mean over the batch, not the sum",
    "mean over time": "every gradient{} of a parameter is the mean over time, not the sum",
}
"""Kinds of rewrite that one makes in all places at once; {} takes "(sigmoid)", say."""


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

    @property
    def totals(self) -> Mapping[Value, Total]:
        """Gradient of a parameter -> how it is summed."""
        return {change.target: change.how for change in self.changes if isinstance(change, Resummed)}

    @cached_property
    def program(self) -> Program:
        """The backward program as it is with this mistake."""
        edits = [change for change in self.changes if isinstance(change, Edit)]
        return rewritten(self.context.backward, edits, self.context.values)

    def run(self, sequence: Backward, base: Run | None = None) -> Run:
        """The gradients it gives; base: the right run over the same sequence, which saves most of the work."""
        return sequence.run(self.program, self.totals, base)

    def and_(self, other: Mistake) -> Mistake | None:
        """Both at once; None where they change the same part of the same statement."""
        changes = self.changes | other.changes
        if len({_place(change) for change in changes}) < len(self.changes) + len(other.changes):
            return None
        statements = tuple(dict.fromkeys((*self.statements, *other.statements)))
        says = (*self.says, AND, *other.says)
        return Mistake(f"{self.key} + {other.key}", "several", says, statements, changes, self.context)


def mistakes(backward: Program, forward: Program, sequence: Backward) -> tuple[Mistake, ...]:
    """Every mistake that changes a gradient, of `vjp(forward)` or its textbook form; those of one place first.

    sequence: where it must show, random and of two steps or more.
    """
    return noticeable(candidates(backward, forward), sequence)


def noticeable(found: Sequence[Mistake], sequence: Backward) -> tuple[Mistake, ...]:
    """Those of the rewrites whose gradients on this sequence differ from the right ones."""
    if not found:
        return ()
    with np.errstate(all="ignore"):
        right = sequence.run(found[0].context.backward)
        return tuple(m for m in found if noticed(m.run(sequence, right).gradients, right.gradients))


def noticed(found: Named, right: Named) -> bool:
    """Whether one gradient is off by more than `NOTICED`."""
    return max(deviations(found, right).values()) > NOTICED


def candidates(backward: Program, forward: Program) -> tuple[Mistake, ...]:
    """Every rewrite, each once, whether it makes a difference or not: single rewrites, then those made everywhere."""
    context = Context(backward, forward)
    ids = {statement.target: statement.provenance.id for statement in backward.statements}
    found: dict[frozenset[Change], Mistake] = {}
    single = list(rewrites(context))
    for rewrite in single:
        statement, changes = ids[rewrite.changes[0].target], frozenset(rewrite.changes)
        key = ": ".join(filter(None, (statement, rewrite.kind, rewrite.detail)))
        found.setdefault(changes, Mistake(key, rewrite.kind, rewrite.says, (statement,), changes, context))
    for (kind, qualifier), together in _families(single).items():
        before, _, after = EVERYWHERE[kind].partition("{}")
        shown = f" ({qualifier})" if qualifier else ""
        says: Says = (before, " (", Word(qualifier), ")", after) if qualifier else (before + after,)
        changes = frozenset(together)
        statements = tuple(dict.fromkeys(ids[change.target] for change in together))
        key = f"{backward.name}: {kind} everywhere{shown}"
        found.setdefault(changes, Mistake(key, kind, says, statements, changes, context))
    return tuple(found.values())


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
    return (change.target, change.place) if isinstance(change, Edit) else change.target
