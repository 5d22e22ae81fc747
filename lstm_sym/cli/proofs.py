"""The command audit, given a text: a user's own derivation, formula by formula."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_sym.cli.streams import echo, say
from lstm_sym.cli.tool import Refused

if TYPE_CHECKING:
    from lstm_sym.document.sentences import Sentences
    from lstm_sym.proofreading import Proof

TEXTS = (".md", ".markdown", ".tex", ".txt")
"""Endings of the files that are read as derivations."""


def is_derivation(place: str) -> bool:
    """Whether this names a text, not a function of a program."""
    return Path(place).suffix.lower() in TEXTS


def audit_derivation(
    path: Path,
    name: str,
    settings: Sequence[str],
    seed: int,
    output: Path | None,
    language: str,
    *,
    as_json: bool,
    force: bool,
) -> bool:
    """Read the text, judge it, say what was found; whether no formula is wrong. Raises Refused, ProofreadingError."""
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.output import Destination, page_format, print_json
    from lstm_sym.flow import reporter
    from lstm_sym.proofreading import ProofreadingError, proofread
    from lstm_sym.proofreading.page import proof_data, proof_document
    from lstm_sym.report import PAGES, Sentences, in_order

    kind = page_format(output)
    destination = Destination(output, [name], force=force, quiet=as_json)
    [cell] = load_cells([name], tuple(settings))
    tex = path.suffix.lower() == ".tex"
    try:
        found = proofread(cell, _text(path), tex=tex, seed=seed, progress=reporter("judging lines"))
    except ProofreadingError as error:
        where = ", ".join(filter(None, (str(path), error.where)))
        raise ProofreadingError(where, error.found, error.why, error.fix) from None
    languages = in_order(language) if kind == "html" and output is not None else (language,)
    sentences = [Sentences(one) for one in languages]
    if output is not None and not (as_json and str(output) == "-"):
        destination.deliver(PAGES[kind](*(proof_document(found, one) for one in sentences)))
    if as_json:
        print_json({"file": str(path), **proof_data(found)})
    elif output is None:
        _print(found, sentences[0])
    if not found.counts["right"] + found.counts["wrong"]:
        raise ProofreadingError(
            str(path),
            f"none of the {len(found.findings)} formulas could be judged",
            "names that the cell does not have, or another cell",
            f"explain names at the top of the text, or see lstm-sym show {name}",
        )
    return found.right


def _text(path: Path) -> str:
    """The text of a file. Raises Refused for what is no text or too long."""
    from lstm_sym.proofreading.formulas import MAX_TEXT

    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise Refused(f"{path}: {what}\n  fix: name the file with the derivation")
    with path.open("rb") as file:
        data = file.read(4 * MAX_TEXT + 1)
    if len(data) > 4 * MAX_TEXT:
        raise Refused(f"{path}: larger than {4 * MAX_TEXT:,} bytes\n  fix: cut out the derivation")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise Refused(
            f"{path}: no text in UTF-8, at byte {error.start}\n"
            "  usual cause: a file of a word processor, or an old encoding\n"
            "  fix: save it as plain text in UTF-8"
        ) from None


def _print(found: Proof, sentences: Sentences) -> None:
    """What was found, for a terminal: names and conventions, then every line."""
    from lstm_sym.proofreading.wording import Wording

    wording = Wording(found, sentences)
    for sentence in wording.conventions():
        say(sentence)
    say(sentences.text("proofreading.section.names"), bold=True)
    for name, leaf in sorted(found.names.items()):
        source = "table" if found.is_explained(leaf) else "guess"
        if leaf.quantity.kind not in ("own", "forward", "parameter") or source == "table":
            known = {"name": name, "what": wording.what(leaf), "by": sentences.text(f"proofreading.by.{source}")}
            say("  " + sentences.text("proofreading.stands_for", **known))
    say("")
    for finding in found.findings:
        colour = {"wrong": "red", "unread": "yellow"}.get(finding.status)
        status = wording.status(finding)
        say(f"{finding.formula.line:>4}  {status}  {finding.formula.text}", fg=colour, bold=finding.status == "wrong")
        for sentence in wording.said(finding):
            say(f"        {sentence}")
    say("")
    echo(wording.counts())
