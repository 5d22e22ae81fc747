"""What a study says of a package whose model it measures: what it is, whose, and that it was read right."""

from __future__ import annotations

from typing import Any

from lstm_sym.document.document import Block, Code, Line, Paragraph, Table
from lstm_sym.document.sentences import Sentences
from lstm_sym.shipped import Opened

TOLD = ("task", "layers", "step", "input", "resets")


def package_lines(opened: Opened, sentences: Sentences) -> list[str]:
    """Name, version and licence, and what was proved, for the terminal."""
    one = opened.package
    first = sentences.text("package.first", name=one.name, version=one.version, licence=one.content.licence)
    told = [f"  {sentences.text(f'package.{key}')}: {value}" for key, value in _told(opened, sentences).items()]
    return [first, *(f"  {claim.line}" for claim in opened.proof), *told]


def _told(opened: Opened, sentences: Sentences) -> dict[str, str]:
    """What there is to say of the task, and how long its sequences are."""
    lengths, told = opened.sequences.lengths, {key: getattr(opened.package, key) for key in TOLD}
    if len(lengths) == 1:
        return told
    steps = {"mean": f"{sum(lengths) / len(lengths):.1f}", "count": str(len(lengths))}
    return told | {"length": sentences.text("package.steps", **steps)}


def package_blocks(opened: Opened, sentences: Sentences) -> list[Block]:
    """The same for a page, with where it comes from and the sums of the archives."""
    one = opened.package
    rows: list[tuple[str, Line]] = [(key, (value,)) for key, value in _told(opened, sentences).items()]
    for content in one.contents:
        archive = content.archive
        rows.append(("archive", (f"{archive.project} {archive.version}, {content.licence}, {content.source}",)))
        rows.append(("sum", (Code(archive.sha256),)))
        rows.append(("citation", (content.citation,)))
    head = (sentences.text("package.package"), f"{one.name} {one.version}")
    table = Table(head, tuple(((sentences.text(f"package.{key}"),), value) for key, value in rows), frozenset())
    proof = [Paragraph((Code(claim.line),)) for claim in opened.proof]
    return [table, Paragraph(sentences.line("package.proof")), *proof]


def package_record(opened: Opened | None) -> dict[str, Any] | None:
    """The same for JSON."""
    if opened is None:
        return None
    one = opened.package
    archives = [
        {
            "file": content.archive.file,
            "sha256": content.archive.sha256,
            "licence": content.licence,
            "source": content.source,
            "citation": content.citation,
        }
        for content in one.contents
    ]
    return {
        "name": one.name,
        "version": one.version,
        "licence": one.content.licence,
        **{key: getattr(one, key) for key in TOLD},
        "sequences": [*opened.sequences.lengths],
        "archives": archives,
        "proof": [claim._asdict() for claim in opened.proof],
    }
