"""The result of an audit as data: everything that was found, for a program to read."""

from __future__ import annotations

from typing import Any

from lstm_sym.audit.auditor import Audit
from lstm_sym.audit.compare import Verdict
from lstm_sym.audit.page.localising import Start, what_stages_show, where_it_starts
from lstm_sym.audit.page.parts import wrong_parts
from lstm_sym.audit.page.smallest import smallest_place
from lstm_sym.audit.wording import Wording
from lstm_sym.ground.numbers import finite
from lstm_sym.mistakes.catalogue import Mistake


def audit_data(audit: Audit, language: str = "en") -> dict[str, Any]:
    """Everything; sentences in a language."""
    wording, explained = Wording(audit, language), audit.explanation
    sequences = [
        {**sizes, "text": wording.sequence(place), "right": place not in audit.wrong_on}
        for place, sizes in enumerate(audit.all_sizes)
    ]
    return {
        "cell": audit.derivation.cell.key,
        "function": audit.place,
        "right": audit.right,
        "bar": audit.bar,
        "seed": audit.seed,
        "sizes": dict(audit.sizes),
        "sequences": sequences,
        "mistakes_noticed": len(audit.noticed),
        "mistakes_not_noticed": [_mistake(mistake, wording) for mistake in audit.unnoticed],
        "step_by_step": audit.answer.by_step,
        "recognised": [{"key": said.key, **said.facts} for said in audit.recognised],
        "outputs": [_output(verdict, wording) for verdict in audit.verdicts],
        "notes": wording.notes(),
        "other_forward": {"key": other.key, **other.facts} if (other := audit.other_forward) else None,
        "meant": [{"kind": one.key, "number": one.number, "sentence": wording.meant(one)} for one in audit.meant],
        "mistakes": [_named(place, wording) for place in range(len(explained.mistakes))] if explained else [],
        "also": [_mistake(mistake, wording) for mistake in explained.also] if explained else [],
        "starts": _start(audit, wording),
        "stages": [_stage(shown) for shown in what_stages_show(audit)],
        "unexplained": list(explained.unexplained) if explained else [],
        "search_came_to_its_end": explained.in_time if explained else True,
        "smallest": _smallest(audit, wording),
    }


def _mistake(mistake: Mistake, wording: Wording) -> dict[str, Any]:
    lines = [{"number": x.number, "id": x.id, "text": x.text, "from": x.origin} for x in wording.lines(mistake)]
    return {"key": mistake.key, "kind": mistake.kind, "sentence": wording.sentence(mistake), "lines": lines}


def _named(place: int, wording: Wording) -> dict[str, Any]:
    """A mistake that is named, with the lines of the file that it is in."""
    audit = wording.audit
    assert audit.explanation is not None
    own = [
        {"line": x.line, "text": x.text, "right": x.right, "id": x.statement, "unnamed": list(x.unnamed)}
        for x in (audit.own_lines[place] if audit.own_lines else ())
    ]
    alternatives = [_mistake(mistake, wording) for mistake in wording.alternatives(place)]
    return {**_mistake(audit.explanation.mistakes[place], wording), "own_lines": own, "alternatives": alternatives}


def _stage(shown: Start) -> dict[str, Any]:
    return {"stage": shown.stage, "right": list(shown.right), "wrong": list(shown.wrong)}


def _start(audit: Audit, wording: Wording) -> dict[str, Any] | None:
    """Where that starts which the mistakes do not give."""
    start = where_it_starts(audit, audit.explanation.mistakes if audit.explanation else ())
    if start is None:
        return None
    lines = [wording.line(identity) for identity in start.lines]
    shown = [{"number": x.number, "id": x.id, "text": x.text, "from": x.origin} for x in lines]
    return {**_stage(start), "sequence": wording.sequence(start.place), "lines": shown}


def _output(verdict: Verdict, wording: Wording) -> dict[str, Any]:
    parts = wrong_parts(wording.audit, verdict)
    return {
        "output": verdict.name,
        "right": verdict.right,
        "relative_error": finite(verdict.error),
        "factor": verdict.factor,
        "factor_is_exact": verdict.exact,
        "layout": verdict.layout,
        "what_it_is": wording.likeness(verdict),
        "wrong_part": [{"axis": part.axis, "places": list(part.places), "of": part.count} for part in parts],
    }


def _smallest(audit: Audit, wording: Wording) -> dict[str, Any] | None:
    """The smallest case that fails: its arrays as nested lists, None for what is no number."""
    place = smallest_place(audit)
    if place is None:
        return None
    case, sequence, evidence = audit.passes[place].case, audit.evidence.given[place], audit.evidence
    return {
        "sequence": wording.sequence(place),
        "x": _listed(case.x),
        "parameters": {name: _listed(value) for name, value in case.params.items()},
        "state": {name: _listed(value) for name, value in case.state.items()},
        "dy": _listed(sequence.dy),
        "dstate": {name: _listed(value) for name, value in sequence.dstate.items()},
        "returned": {name: _listed(value) for name, value in evidence.found[place].items()},
        "right": {name: _listed(evidence.right[place].gradients[name]) for name in evidence.found[place]},
    }


def _listed(array: Any) -> Any:
    return [_listed(part) for part in array] if getattr(array, "ndim", 0) else finite(float(array))
