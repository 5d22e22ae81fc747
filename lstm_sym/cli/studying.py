"""The commands study and flow: run as from Python, with progress, what was found, and the files that were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from lstm_sym.cli.cells import choices_of, note_hidden
from lstm_sym.cli.output import print_json, say_written
from lstm_sym.cli.streams import say
from lstm_sym.cli.tool import FAILED
from lstm_sym.ground.progress import reporter
from lstm_sym.studies.errors import NothingMeasured
from lstm_sym.studies.flow_run import GradientFlow, gradient_flow
from lstm_sym.studies.run import study


class NoModel(click.ClickException):
    """No model could be measured; the message says of each why."""

    exit_code = FAILED


def run_study(names: Sequence[str], choices: Sequence[str], asked: Mapping[str, Any], *, as_json: bool) -> bool:
    """Everything, into one folder; whether every check passed."""
    note_hidden(names)
    found = study(names, choices=choices_of(choices), reporter=reporter, **asked)
    if as_json:
        print_json(found.record(asked["output"]))
    say_written(found.written, quiet=as_json)
    if not as_json:
        say(f"\n{found}\n")
        page = next(path for path in found.written if path.name == "index.html")
        say(f"open {page.resolve()}", bold=True)
    return found.passed


def run_flow(names: Sequence[str], choices: Sequence[str], asked: Mapping[str, Any], *, as_json: bool) -> None:
    """Measure and print the tables; with a folder measure everything, and write the page, its figures and data.

    Exit code 1 where no model could be measured; of several models those that cannot are left out, and named.
    """
    note_hidden(names)
    try:
        everything = asked["output"] is not None
        found = gradient_flow(names, choices=choices_of(choices), reporter=reporter, everything=everything, **asked)
    except NothingMeasured as error:
        raise NoModel(str(error)) from error
    _tell_left_out(found)
    if as_json:
        print_json(found.record(asked["output"]))
    else:
        say(str(found))
    say_written(found.written, quiet=as_json)


def _tell_left_out(found: GradientFlow) -> None:
    """What could not be measured and why, on the standard error stream: whole models, then parts of them."""
    sentences = found.request.sentences
    for error in found.left_out.values():
        say(sentences.text("flow.left_out", reason=error), err=True)
    for error in found.reasons:
        say(sentences.text("flow.left_out", reason=f"{error.where}: {error.found}"), err=True)
