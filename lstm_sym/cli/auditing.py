"""The command audit: a user's own backward pass, or a user's own derivation, against the derived one."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from lstm_sym.cli.adapting import write_adapter
from lstm_sym.cli.audit_result import print_audit, say_printed
from lstm_sym.cli.options import (
    Decimal,
    Whole,
    force_option,
    json_option,
    language_option,
    output_option,
    set_option,
)
from lstm_sym.cli.proofs import TEXTS, audit_derivation, is_derivation
from lstm_sym.cli.streams import say
from lstm_sym.cli.tool import FAILED, Refused

if TYPE_CHECKING:
    from lstm_sym.audit import Audit
    from lstm_sym.audit.search.stages import Shown
    from lstm_sym.document.sentences import Sentences
    from lstm_sym.equations import Cell

INTERVAL = 2.0
"""Seconds between two lines on how long the search has been going on."""

OF_PROGRAMS = {name: f"--{name}" for name in ("sizes", "data", "seconds", "timeout")} | {"adapter": "--init"}
"""Parameter -> the option that is for programs alone."""

INSTEAD = {
    ".ipynb": "export it: jupyter nbconvert --to script for a program, --to markdown for a derivation",
    ".docx": "save the derivation as plain text, .md, .tex or .txt",
    ".pdf": "audit the text that it was made of, .md, .tex or .txt",
    ".html": "audit the text that it was made of, .md, .tex or .txt",
}
"""Endings of files that hold programs or derivations and are not read -> what to do."""

NO_CELL = (
    "--cell is missing: of which cell is it?\n"
    "  fix: add --cell lstm, --cell gru or --cell rnn; lstm-sym cells lists all, and a file of your own does too"
)


@click.command()
@click.argument("place", metavar="FILE:FUNCTION|TEXT")
@click.option("--cell", "name", metavar="CELL", help="The cell whose backward pass it is. [required]")
@click.option("--timeout", type=Decimal(min=0.1), default=60.0, show_default=True, help="Seconds that it may take.")
@click.option("--seconds", type=Decimal(min=0), default=20.0, show_default=True, help="Of the search for mistakes.")
@click.option("--seed", type=Whole(min=0), default=0, show_default=True, help="Of the random sequences.")
@click.option("--sizes", multiple=True, metavar="T=..,B=..,D=..,H=..", help="A further sequence of these sizes.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE.npz", help="A further sequence of your arrays.")
@click.option("--init", "adapter", is_flag=True, help="Write an adapter for FUNCTION, to fill in and audit, to -o.")
@set_option
@output_option("Destination of the result, .html, .md, .tex or .pdf, of an adapter .py; else the terminal.")
@language_option
@json_option
@force_option
@click.pass_context
def audit(
    context: click.Context,
    /,
    place: str,
    name: str | None,
    timeout: float,
    seconds: float,
    seed: int,
    sizes: tuple[str, ...],
    data: Path | None,
    adapter: bool,
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
    if name is None:
        raise Refused(NO_CELL)
    if is_derivation(place):
        _check_options_of_text(context, place)
        given = Path(place), name, settings, seed, output, language
        if not audit_derivation(*given, as_json=as_json, force=force):
            context.exit(FAILED)
        return
    path, function = _place(place)
    if adapter:
        return write_adapter(path, function, name, settings, seed, timeout, output, language, force=force)

    from lstm_sym.cli.cells import load_cells
    from lstm_sym.cli.output import Destination, page_format
    from lstm_sym.document.sentences import Sentences

    _check(timeout, sizes)
    kind = page_format(output)
    destination = Destination(output, [name], force=force, quiet=as_json)
    [cell] = load_cells([name], settings)
    sentences = Sentences(language)
    options = {"seed": seed, "timeout": timeout, "seconds": seconds, "sizes": sizes, "data": data}
    found = _audited(cell, path, function, sentences, **options)
    say_printed(found, sentences)
    if output is not None and not (as_json and str(output) == "-"):
        destination.deliver(_page(found, kind, language))
    _print(found, language, as_json=as_json, paged=output is not None)
    if not found.right:
        context.exit(FAILED)


def _audited(cell: Cell, path: Path, function: str, sentences: Sentences, **options: Any) -> Audit:
    """The audit, what it is at told on standard error."""
    from lstm_sym.audit import audit as audited
    from lstm_sym.audit.stage_wording import stage_line

    facts = {"file": path, "function": function, "seconds": f"{options['timeout']:g}"}
    say(sentences.text("audit.running", **facts), err=True)

    def notice(stage: str, seconds: float) -> None:
        say(sentences.text("audit.still", **facts, stage=stage, passed=f"{seconds:.0f}"), err=True)

    def told(shown: Shown) -> None:
        say(stage_line(shown, sentences), err=True)

    start = last = monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if (now := monotonic()) - last > INTERVAL:
            last = now
            passed = {"passed": f"{now - start:.0f}", "most": f"{options['seconds']:g}"}
            say(sentences.text("audit.seeking", **passed), err=True)

    return audited(cell, path, function, notice=notice, progress=progress, told=told, **options)


def _check(timeout: float, sizes: tuple[str, ...]) -> None:
    """Refuse a time without an end, and sizes that are none, before anything is run."""
    from lstm_sym.audit.running.process import check_timeout
    from lstm_sym.audit.sequences.own import parse_sizes

    check_timeout(timeout)
    for text in sizes:
        parse_sizes(text)


def _check_options_of_text(context: click.Context, place: str) -> None:
    """Refuse what is only for programs: a text is read, nothing of it is run."""
    written = click.core.ParameterSource.COMMANDLINE
    given = [option for name, option in OF_PROGRAMS.items() if context.get_parameter_source(name) == written]
    if given:
        raise Refused(
            f"{', '.join(given)}: for a Python file, and {place} is a text, of which nothing is run\n"
            f"  fix: leave {'it' if len(given) == 1 else 'them'} out, or name FILE.py:FUNCTION"
        )


def _place(place: str) -> tuple[Path, str]:
    """The file and the function of my_lstm.py:backward."""
    file, sign, function = place.rpartition(":")
    if not sign:
        raise _no_function(Path(place))
    if not all(part.isidentifier() for part in function.split(".")) or function.count(".") > 1:
        raise Refused(f"{place}: {function or 'nothing'} is no name of a function\n  fix: write my_lstm.py:backward")
    path = Path(file)
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise Refused(f"{file}: {what}\n  fix: name the Python file that holds {function}")
    from lstm_sym.audit.interface.agreeing import check_named, check_place

    check_named(path, function)
    if "." in function:
        check_place(path, function)
    return path, function


def _no_function(path: Path) -> Refused:
    """Why a file alone cannot be audited, and what can."""
    if path.is_dir():
        return Refused(f"{path}: this is a folder\n  fix: name a file in it and its function: my_lstm.py:backward")
    if path.suffix.lower() in INSTEAD:
        return Refused(f"{path}: files of this kind are not read\n  fix: {INSTEAD[path.suffix.lower()]}")
    has = functions_of(path)
    if has:
        return Refused(f"{path}: not FILE:FUNCTION\n  fix: name the function too; it has {', '.join(has)}")
    return Refused(
        f"{path}: neither FILE:FUNCTION nor a text, {', '.join(TEXTS)}\n"
        "  fix: of a program name the function too, my_lstm.py:backward; give a derivation such an ending"
    )


def functions_of(path: Path) -> list[str]:
    """The functions and classes at the top of a file; [] of one that cannot be read."""
    from lstm_sym.audit.interface.source import read_source

    source = read_source(path) if path.is_file() else None
    return [*source.functions, *source.classes] if source else []


def _print(found: Audit, language: str, *, as_json: bool, paged: bool) -> None:
    """The result on the standard output; of a page what is most important."""
    from lstm_sym.audit.page.data import audit_data
    from lstm_sym.cli.output import print_json

    if as_json:
        print_json(audit_data(found, language))
    else:
        print_audit(found, language, is_brief=paged)


def _page(found: Audit, kind: str, language: str) -> str | bytes:
    """The page of an audit; of HTML in every language, this one first."""
    from lstm_sym.audit.page.document import audit_document
    from lstm_sym.report import PAGES, in_order

    languages = in_order(language) if kind == "html" else (language,)
    return PAGES[kind](*(audit_document(found, one) for one in languages))
