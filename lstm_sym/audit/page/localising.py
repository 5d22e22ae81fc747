"""Where what is wrong starts: the first stage that shows it, what is wrong there, and the lines that lead only there.

Nothing need be known of the mistake: each line of the right pass is disturbed, and the outputs that change are compared
with those that are wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.search.stages import Stage, in_stages
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Backward
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.program.program import Program
from lstm_sym.program.statements import Accumulate, Statement
from lstm_sym.program.values import Value

NOTICED = 1e-9
"""What a gradient changes by, in shares of it, where it depends on a line that is disturbed."""

Changed = dict[Value, frozenset[str]]
"""What a line computes -> the outputs that change with it."""


@dataclass(frozen=True)
class Start:
    """What a stage shows on its sequences; place: the first of them that is wrong; lines: ids of those it can start in.

    Of a single mistake it is one of these lines.
    """

    stage: str
    places: tuple[int, ...]
    place: int
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    lines: tuple[str, ...] = ()


def what_stages_show(audit: Audit, mistakes: tuple[Mistake, ...] = ()) -> Iterator[Start]:
    """Of each stage what is right and wrong beside a pass that has these mistakes."""
    names = [verdict.name for verdict in audit.verdicts]
    for stage in _stages(audit):
        with np.errstate(all="ignore"):
            given = {place: audit.evidence.given_by(mistakes, place) for place in stage.places}
        wrong = tuple(name for name in names if any(name not in here for here in given.values()))
        place = next((place for place in stage.places if len(given[place]) < len(names)), stage.places[0])
        yield Start(stage.name, stage.places, place, tuple(name for name in names if name not in wrong), wrong)


def where_it_starts(audit: Audit, mistakes: tuple[Mistake, ...] = ()) -> Start | None:
    """The first stage that is wrong beside a pass that has these mistakes; None if only unusual sequences are."""
    seen: list[Start] = []
    for shown in what_stages_show(audit, mistakes):
        if shown.wrong:
            is_unusual = shown.stage == _stages(audit)[-1].name
            return None if is_unusual else replace(shown, lines=tuple(_lines(audit, shown, seen)))
        seen.append(shown)
    return None


@dataclass(frozen=True)
class Disturbed(Backward):
    """A sequence on which one value is computed wrongly, by some other number each."""

    value: Value | None = None

    def computed(self, value: Value, array: Array) -> Array:
        """The value with numbers added that no gradient of it cancels."""
        if value != self.value:
            return array
        return np.asarray(array + np.cos(np.arange(1.0, array.size + 1)).reshape(array.shape))


def changed(program: Program, given: Sequence[Backward]) -> Changed:
    """The outputs that change on these sequences with what each line computes."""
    found = {statement.target: set[str]() for statement in program.statements}
    for sequence in given:
        plain = sequence.steps, sequence.dy, sequence.dstate
        right = Backward(*plain).run(program).gradients
        for statement in program.statements:
            value = statement.target
            if isinstance(statement, Accumulate):
                found[value] |= {value.of.name} if value.of is not None else set()
                continue
            wrong = Disturbed(*plain, value).run(program).gradients
            found[value] |= {name for name in right if np.abs(wrong[name] - right[name]).max(initial=0) > NOTICED}
    return {value: frozenset(names) for value, names in found.items()}


def _stages(audit: Audit) -> tuple[Stage, ...]:
    usual = [place for place, one in enumerate(audit.passes) if one.setting.is_usual]
    return in_stages(audit.evidence.given, usual)


def _lines(audit: Audit, shown: Start, seen: Iterable[Start]) -> Iterator[str]:
    """The lines that lead to outputs that are wrong, to all of them if some do, and to none that is right."""
    program, wrong = audit.derivation.adjoint, frozenset(shown.wrong)
    returned = wrong.union(shown.right)
    reached = {value: names & returned for value, names in _changed(audit, shown.places).items()}
    possible = [s for s in program.statements if reached[s.target] and reached[s.target] <= wrong]
    if not _is_one_step(audit, shown):
        hidden = _hidden(audit, [one for one in seen if _is_one_step(audit, one)])
        possible = [statement for statement in possible if statement.target in hidden]
    for statement in possible:
        if not any(reached[statement.target] < reached[other.target] for other in possible):
            yield statement.provenance.id


def _hidden(audit: Audit, seen: Iterable[Start]) -> set[Value]:
    """What can be wrong though one step was right: what adds up over steps or reads another, and what did not show."""
    program = audit.derivation.adjoint
    told = _changed(audit, [place for shown in seen for place in shown.places])
    carried = {carry.incoming for carry in program.carries}
    returned = {verdict.name for verdict in audit.verdicts}

    def is_hidden(statement: Statement) -> bool:
        through_time = isinstance(statement, Accumulate) or not carried.isdisjoint(statement.reads())
        return through_time or not told[statement.target] & returned

    return {statement.target for statement in program.statements if is_hidden(statement)}


def _changed(audit: Audit, places: Iterable[int]) -> Changed:
    return changed(audit.derivation.adjoint, [audit.evidence.given[place] for place in places])


def _is_one_step(audit: Audit, shown: Start) -> bool:
    return len(audit.evidence.given[shown.place].steps) == 1
