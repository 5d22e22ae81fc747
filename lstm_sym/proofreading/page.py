"""The audit of a derivation as a document, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lstm_sym.document import document as d
from lstm_sym.document.sentences import Sentences
from lstm_sym.ground.numbers import finite
from lstm_sym.notation.notation import Notation
from lstm_sym.notation.text import TextNotation
from lstm_sym.proofreading.findings import STATUSES, Finding, Proof
from lstm_sym.proofreading.tree import Node
from lstm_sym.proofreading.typesetting import NotTypeset, Typesetter
from lstm_sym.proofreading.wording import Wording


def proof_document(proof: Proof, sentences: Sentences) -> d.Document:
    """The page: how many are right, line by line, the conventions, and what every name was taken for."""
    wording, text = Wording(proof, sentences), sentences.text
    cell = proof.derivation.cell
    title = text("proofreading.title", cell=cell.names.get(sentences.language, cell.name) or cell.key)
    lead: tuple[d.Line, ...] = ((wording.counts(),), (text("proofreading.checked"),))
    sections = (
        *_said(wording),
        d.Section("lines", text("proofreading.section.lines"), (_lines(wording), *_notes(wording))),
        d.Section("conventions", text("proofreading.section.conventions"), _conventions(wording)),
        d.Section("names", text("proofreading.section.names"), (_names(wording),)),
    )
    return d.Document(title, sentences.language, lead, sections, signs=cell.signs)


def _said(wording: Wording) -> tuple[d.Section, ...]:
    """What is said of wrong formulas, and why others were not read; no section where nothing is."""
    order = {"wrong": 0, "unread": 1, "own": 2}
    found = [finding for finding in wording.proof.findings if finding.status in order and wording.said(finding)]
    found = sorted(found, key=lambda finding: order[finding.status])
    blocks = [block for finding in found for block in _of_finding(finding, wording)]
    title = wording.sentences.text("proofreading.section.said")
    return (d.Section("said", title, tuple(blocks)),) if blocks else ()


def _of_finding(finding: Finding, wording: Wording) -> Iterator[d.Block]:
    """What is said of a formula, then the formula, and as it should be."""
    text = wording.sentences.text
    said = wording.said(finding)[:1] if finding.status == "wrong" else wording.said(finding)
    reasons = text("audit.sequence.semicolon").join(said)
    yield d.Paragraph((text("audit.colon", term=wording.status(finding), text=reasons),))
    terms: list[tuple[d.Line, d.Line]] = [
        ((text("audit.own.line", line=str(finding.formula.line)),), (d.Code(finding.formula.text),))
    ]
    read = _math(finding.sides, wording)
    if read is not None:
        terms.append(((text("proofreading.read"),), (read,)))
    if finding.written:
        terms.append(((text("audit.own.right"),), (d.Code(finding.written),)))
        mended = finding.judgement.mended if finding.judgement else None
        right = _math((*finding.sides[:1], mended) if mended is not None else (), wording)
        terms += [((text("proofreading.read"),), (right,))] if right is not None else []
    yield d.Definitions(tuple(terms))


def _lines(wording: Wording) -> d.Table:
    text = wording.sentences.text
    head = tuple(text(f"proofreading.head.{name}") for name in ("line", "verdict", "formula"))
    rows = []
    for finding in wording.proof.findings:
        line: d.Line = (str(finding.formula.line),)
        read = _math(finding.sides, wording) if finding.formula.latex else None
        mark = "✗ " if finding.status == "wrong" else ""
        rows.append((line, (mark + wording.status(finding),), (read or d.Code(finding.formula.text),)))
    return d.Table(head, tuple(rows), frozenset({0}))


def _math(sides: Sequence[Node], wording: Wording) -> d.Math | None:
    """A formula as it was understood, None where that cannot be written as mathematics."""
    derivation = wording.proof.derivation

    def write(notation: Notation) -> str:
        return Typesetter(notation, derivation).line(*sides)

    if len(sides) < 2:
        return None
    try:
        write(TextNotation(signs=derivation.cell.signs))
    except NotTypeset:
        return None
    return d.Math(write)


def _notes(wording: Wording) -> Iterator[d.Paragraph]:
    """What is said of right lines."""
    text = wording.sentences.text
    for finding in wording.proof.findings:
        for said in wording.said(finding) if finding.status == "right" else ():
            line = text("audit.own.line", line=str(finding.formula.line))
            yield d.Paragraph((text("audit.colon", term=line, text=said),))


def _conventions(wording: Wording) -> tuple[d.Block, ...]:
    return tuple(d.Paragraph((sentence,)) for sentence in wording.conventions())


def _names(wording: Wording) -> d.Table:
    text, proof = wording.sentences.text, wording.proof
    head = tuple(text(f"proofreading.head.{name}") for name in ("name", "stands", "by"))
    sources = {True: text("proofreading.by.table"), False: text("proofreading.by.guess")}
    rows: list[tuple[d.Line, ...]] = []
    for name, leaf in sorted(proof.names.items()):
        rows.append(((d.Code(name),), (wording.what(leaf),), (sources[proof.is_explained(leaf)],)))
    return d.Table(head, tuple(rows))


def proof_data(proof: Proof) -> dict[str, Any]:
    """Everything, for JSON; sentences in English."""
    wording = Wording(proof, Sentences("en"))
    return {
        "cell": proof.derivation.cell.key,
        "right": proof.right,
        "counts": {status: proof.counts[status] for status in STATUSES},
        "conventions": {
            "formulas" if latex else "plain": {
                "rows": reading.rows,
                "transposed": reading.transposed,
                "before_functions": reading.before,
                "swapped": reading.swapped,
                "order": list(reading.order),
                "denominators": reading.denominators,
            }
            for latex, reading in proof.readings.items()
        },
        "cell_as_written": [{"kind": one.kind, "name": one.name} for one in proof.conventions],
        "names": {
            name: {"stands_for": wording.what(leaf), "from_table": proof.is_explained(leaf)}
            for name, leaf in sorted(proof.names.items())
        },
        "formulas": [_finding(finding, wording) for finding in proof.findings],
    }


def _finding(finding: Finding, wording: Wording) -> dict[str, Any]:
    judgement = finding.judgement
    return {
        "line": finding.formula.line,
        "formula": finding.formula.text,
        "status": finding.status,
        "is": wording.what(finding.target) if finding.target else None,
        "relative_error": finite(judgement.error) if judgement and judgement.error is not None else None,
        "mistakes": [change.kind for change in judgement.changes] if judgement else [],
        "factor": judgement.factor if judgement else "",
        "right_line": finding.written,
        "said": wording.said(finding),
    }
