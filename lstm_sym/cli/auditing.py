"""The command audit: a user's own backward pass, or a user's own derivation, against the derived one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_sym.cli.options import (
    Decimal,
    Whole,
    force_option,
    json_option,
    language_option,
    output_option,
    set_option,
)
from lstm_sym.cli.proofs import audit_derivation, is_derivation
from lstm_sym.cli.streams import echo, say
from lstm_sym.cli.tool import FAILED, Refused

if TYPE_CHECKING:
    from lstm_sym.audit import Audit
    from lstm_sym.audit.wording import Wording

ALSO = 6
"""Of the mistakes that cannot be told from the one named, so many are shown."""


@click.command()
@click.argument("place", metavar="FILE:FUNCTION|TEXT")
@click.option("--cell", "name", required=True, metavar="CELL", help="The cell whose backward pass it is.")
@click.option("--timeout", type=Decimal(min=0.1), default=60.0, show_default=True, help="Seconds that it may take.")
@click.option("--seed", type=Whole(min=0), default=0, show_default=True, help="Of the random sequences.")
@click.option("--sizes", multiple=True, metavar="T=..,B=..,D=..,H=..", help="A further sequence of these sizes.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE.npz", help="A further sequence of your arrays.")
@set_option
@output_option("Destination of the audit of a text, .html, .md, .tex or .pdf; without it the terminal.")
@language_option
@json_option
@force_option
@click.pass_context
def audit(
    context: click.Context,
    /,
    place: str,
    name: str,
    timeout: float,
    seed: int,
    sizes: tuple[str, ...],
    data: Path | None,
    settings: tuple[str, ...],
    output: Path | None,
    language: str,
    as_json: bool,
    force: bool,
) -> None:
    """Find the mistake in a backward pass or in a derivation of your own.

    Runs FUNCTION of FILE on random sequences, in a process of its own, and compares every gradient with the derived
    one; the mistake that gives just these gradients is named with its line. Exit code 1 if an output is wrong.

    TEXT is a derivation, .md, .tex or .txt: every formula is judged, what is wrong in it named, and the right line
    printed in your notation; nothing is run. Exit code 1 if a line is wrong.
    """
    if is_derivation(place):
        given = Path(place), name, settings, seed, output, language
        if not audit_derivation(*given, as_json=as_json, force=force):
            context.exit(FAILED)
        return
    if output is not None:
        raise Refused(
            "-o writes the audit of a text\n  fix: leave it out; --json prints all that is found of a program"
        )
    path, function = _place(place)

    from lstm_sym.audit import audit as audited
    from lstm_sym.audit.running.process import check_timeout
    from lstm_sym.audit.sequences.own import parse_sizes
    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.output import print_json
    from lstm_sym.flow import reporter

    check_timeout(timeout)
    for text in sizes:
        parse_sizes(text)
    [cell] = load_cells([name], settings)
    say(f"running {path}: its code, and {function}(), in a process of its own, {timeout:g} s at most", err=True)
    found = audited(
        cell,
        path,
        function,
        seed=seed,
        timeout=timeout,
        sizes=sizes,
        data=data,
        notice=lambda stage, seconds: say(f"{path} is {stage}: {seconds:.0f} s of {timeout:g} s", err=True),
        progress=reporter("seeking the mistake"),
    )
    if found.answer.printed:
        say(f"it printed last:\n{found.answer.printed}", err=True)
    if as_json:
        print_json(_json(found, language))
    else:
        _print(found, language)
    if not found.right:
        context.exit(FAILED)


def _place(place: str) -> tuple[Path, str]:
    """The file and the function of my_lstm.py:backward."""
    file, sign, function = place.rpartition(":")
    if not sign:
        raise Refused(f"{place}: not FILE:FUNCTION\n  fix: name the function too: my_lstm.py:backward")
    if not function.isidentifier():
        raise Refused(f"{place}: {function or 'nothing'} is no name of a function\n  fix: write my_lstm.py:backward")
    path = Path(file)
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise Refused(f"{file}: {what}\n  fix: name the Python file that holds {function}")
    return path, function


def _print(found: Audit, language: str) -> None:
    from lstm_sym.audit.wording import Wording
    from lstm_sym.cli.audit_verdict import verdict_lines
    from lstm_sym.cli.output import say_table
    from lstm_sym.document.document import error_text

    wording = Wording(found, language)
    text = wording.sentences.sentence
    rows = [[text("audit.head.output"), "", *(text(f"audit.head.{name}") for name in ("error", "factor", "like"))]]
    for verdict in found.verdicts:
        factor = "" if verdict.factor is None else f"{verdict.factor:.6g}"
        said = text("audit.status.right" if verdict.right else "audit.status.wrong")
        rows.append([verdict.name, said, error_text(verdict.error), factor, wording.likeness(verdict)])
    say_table(rows, (2, 3), [place for place, verdict in enumerate(found.verdicts, 1) if not verdict.right])
    for line in verdict_lines(found, wording):
        say(line)
    for note in wording.notes():
        say(wording.sentences.text("audit.note.prefix", note=note))
    if any(not verdict.right for verdict in found.verdicts):
        echo(f"\n{_usual(found, wording)}{_explained(found, wording)}")


def _explained(found: Audit, wording: Wording) -> str:
    """The mistakes with their lines, or that none is known."""
    text = wording.sentences.text
    if any(verdict.broken for verdict in found.verdicts):
        return "\n  ".join([text("audit.not_numbers"), text("audit.not_numbers_why")])
    if found.answer.unstable:
        return text("audit.keeps_changing")
    if found.explanation is None:
        command = f"lstm-sym show {found.derivation.cell.key} --only backward"
        return "\n".join([text("audit.unexplained"), text("audit.compare", command=command)])
    parts, name = [], click.style(text("audit.mistake"), bold=True)
    for mistake in found.explanation.mistakes:
        parts.append(text("audit.mistake_says", mistake=name, sentence=wording.sentence(mistake)))
        for line in wording.lines(mistake):
            origin = "    " + text("audit.from", equation=line.origin) if line.origin else ""
            parts.append(f"  ({line.number}) {line.text}{origin}")
    if found.explanation.also:
        parts.append(text("audit.also"))
    for mistake in found.explanation.also[:ALSO]:
        numbers = ", ".join(f"({line.number})" for line in wording.lines(mistake))
        parts.append(f"  {wording.sentence(mistake)} {numbers}")
    if len(found.explanation.also) > ALSO:
        parts.append("  " + text("audit.more", count=len(found.explanation.also) - ALSO))
    return "\n".join(parts)


def _usual(found: Audit, wording: Wording) -> str:
    """What to look for in a pass that is right on the usual sequences alone."""
    return wording.sentences.sentence("audit.usually_right") + "\n" if found.is_usually_right else ""


def _json(found: Audit, language: str) -> dict[str, Any]:
    from lstm_sym.audit.wording import Wording
    from lstm_sym.ground.numbers import finite

    wording = Wording(found, language)

    def described(mistake: Any) -> dict[str, Any]:
        lines = [{"number": x.number, "id": x.id, "text": x.text, "from": x.origin} for x in wording.lines(mistake)]
        return {"key": mistake.key, "kind": mistake.kind, "sentence": wording.sentence(mistake), "lines": lines}

    outputs = [
        {
            "output": verdict.name,
            "right": verdict.right,
            "relative_error": finite(verdict.error),
            "factor": verdict.factor,
            "factor_is_exact": verdict.exact,
            "layout": verdict.layout,
            "what_it_is": wording.likeness(verdict),
        }
        for verdict in found.verdicts
    ]
    explained, sequences = found.explanation, enumerate(zip(found.all_sizes, found.sequences, strict=True))
    return {
        "cell": found.derivation.cell.key,
        "function": found.place,
        "right": found.right,
        "bar": found.bar,
        "seed": found.seed,
        "sizes": dict(found.sizes),
        "sequences": [
            {**sizes, "text": text, "right": place not in found.wrong_on} for place, (sizes, text) in sequences
        ],
        "mistakes_noticed": len(found.noticed),
        "mistakes_not_noticed": [described(mistake) for mistake in found.unnoticed],
        "step_by_step": found.answer.by_step,
        "outputs": outputs,
        "notes": wording.notes(),
        "meant": [{"kind": one.key, "number": one.number, "sentence": wording.meant(one)} for one in found.meant],
        "mistakes": [described(mistake) for mistake in explained.mistakes] if explained else [],
        "also": [described(mistake) for mistake in explained.also] if explained else [],
    }
