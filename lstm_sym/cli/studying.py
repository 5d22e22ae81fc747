"""Study: derive, check, generate, measure; render, write."""

from __future__ import annotations

import platform
import shlex
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lstm_sym import __version__
from lstm_sym.api import generate
from lstm_sym.cli.cells import folder_options, protected
from lstm_sym.cli.checking import Checked, check_all, checked_document
from lstm_sym.cli.output import print_json, told
from lstm_sym.cli.streams import say
from lstm_sym.document.document import Link, line_text
from lstm_sym.equations import Cell
from lstm_sym.flow import Profile, save_profile_figure, table
from lstm_sym.ground.output import Output
from lstm_sym.ground.safe_text import printable
from lstm_sym.ground.width import wrapped
from lstm_sym.inputs import Stream
from lstm_sym.notation.text import TextNotation
from lstm_sym.report import Words, html_page
from lstm_sym.studies.measurement import Settings, input_stream, measured, models_of, summary
from lstm_sym.studies.page import Study, figure_labels, findings, study_document, table_labels

FIGURE = "sensitivity"
FIGURE_FILES = tuple(f"{FIGURE}.{kind}" for kind in ("svg", "png", "csv"))


def run_study(
    cells: Sequence[Cell],
    names: Sequence[str],
    choices: Sequence[str],
    measuring: Mapping[str, Any],
    folder: Path,
    language: str,
    *,
    as_json: bool,
    force: bool,
) -> bool:
    """Everything, into one folder; whether every check passed."""
    words, settings, source = Words(language), settings_of(measuring), str(measuring["source"])
    pages = [f"derivations/{cell.key}.html" for cell in cells]
    kernels = [f"kernels/{cell.key}.py" for cell in cells]
    planned = ["index.html", *FIGURE_FILES, *pages, *kernels]
    output = Output(folder, planned, protected([*names, source]), force=force, manifest="study.json")
    stream = input_stream(source, settings.length)
    checked = check_all(cells)
    profiles = measured(models_of(cells, stream.values.shape[1], settings.hidden, words), stream, settings)
    command = command_of("study", names, choices, source, settings.as_dict(), language, folder)
    checks = {key: found.results for key, found in checked.items()}
    study = Study(tuple(cells), checks, stream, settings, tuple(profiles), command, versions())
    files = _files(study, checked, words)
    record = record_of(cells, stream, settings, profiles) | {
        "command": command,
        "versions": dict(study.versions),
        "checks": [row for found in checked.values() for row in found.rows()],
    }
    paths = output.write(files, record)
    if as_json:
        print_json(record)
    told(paths, quiet=as_json)
    if not as_json:
        _tell(study, words, paths)
    return all(result.passed for result in study.results)


def _files(study: Study, checked: Mapping[str, Checked], words: Words) -> dict[str, bytes]:
    """Every file of a study by its name: the kernels, the pages, the figure."""
    files = drawn(study.profiles, words)
    index = study_document(study, words, files[f"{FIGURE}.svg"].decode("utf-8"))
    files = {"index.html": html_page(index).encode("utf-8"), **files}
    for key, found in checked.items():
        document = checked_document(found.cell, words, found.results)
        back = words.line("derivations.back", study=Link(words.text("study.title"), "../index.html"))
        page = html_page(replace(document, lead=(*document.lead, back)))
        files[f"derivations/{key}.html"] = page.encode("utf-8")
        files[f"kernels/{key}.py"] = generate(found.cell).encode("utf-8")
    return files


def drawn(profiles: Sequence[Profile], words: Words) -> dict[str, bytes]:
    """The figure and its data, as files."""
    with tempfile.TemporaryDirectory() as folder:
        paths = save_profile_figure(profiles, folder, FIGURE, labels=figure_labels(words))
        return {path.name: path.read_bytes() for path in paths}


def _tell(study: Study, words: Words, paths: Iterable[Path]) -> None:
    """What was found, and where to open it."""
    say()
    say(table(study.profiles, labels=table_labels(words)))
    say()
    for line in findings(study, words):
        say(wrapped(line_text(line, TextNotation()), 100))
    say()
    page = next(path for path in paths if path.name == "index.html")
    say(f"open {page.resolve()}", bold=True)


def settings_of(measuring: Mapping[str, Any]) -> Settings:
    """What the options say."""
    return Settings(**{name: measuring[name] for name in Settings().as_dict()})


def record_of(cells: Sequence[Cell], stream: Stream, settings: Settings, profiles: Sequence[Profile]) -> dict[str, Any]:
    """What was measured and from what, for JSON."""
    return {
        "settings": settings.as_dict(),
        "seeds": list(range(settings.seeds)),
        "input": {
            "name": stream.name,
            "steps": len(stream.values),
            "channels": [channel.name for channel in stream.channels],
            "citation": stream.source.citation,
            "licence": stream.source.licence,
        },
        "cells": [
            {
                "key": cell.key,
                "name": cell.name,
                "content_hash": cell.content_hash,
                "options": dict(cell.chosen),
                "constants": {name: float(value) for name, value in cell.constants.items()},
            }
            for cell in cells
        ],
        "models": [summary(profile) for profile in profiles],
    }


def versions() -> dict[str, str]:
    """What was used, by name."""
    packages = {name: version(name) for name in ("numpy", "sympy", "autograd", "matplotlib")}
    return {"lstm_sym": __version__, "Python": platform.python_version(), **packages}


def command_of(
    name: str,
    names: Sequence[str],
    choices: Sequence[str],
    source: str,
    settings: Mapping[str, float],
    language: str,
    folder: Path | None,
) -> str:
    """The command that gives this again, every setting spelt out."""
    options = [part for option, value in settings.items() for part in (f"--{option.replace('_', '-')}", f"{value!r}")]
    chosen = [part for choice in choices for part in ("--set", choice)]
    output = [] if folder is None else ["-o", str(folder)]
    folders = folder_options(names)
    parts = ["lstm-sym", name, *names, *folders, "--input", source, *options, *chosen, "--lang", language, *output]
    return printable(shlex.join(parts))
