"""Flow: measure, print the tables, and write the page with its figures and data."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from lstm_sym.cli.cells import protected
from lstm_sym.cli.output import print_json, told
from lstm_sym.cli.streams import say
from lstm_sym.cli.studying import command_of, record_of, settings_of, versions
from lstm_sym.cli.tool import FAILED
from lstm_sym.equations import Cell
from lstm_sym.flow import FlowError, Model, Profile, memory_card, memory_table, table
from lstm_sym.flow.advice.summary import GateBias, gate_bias, gate_text
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum
from lstm_sym.flow.surveys import Survey, survey
from lstm_sym.flow.theory.chrono import TimeScale, time_scale
from lstm_sym.ground.output import Output
from lstm_sym.ground.progress import Progress
from lstm_sym.inputs import Stream
from lstm_sym.report import Words, html_page
from lstm_sym.studies.flow_page import (
    FlowStudy,
    advice_labels,
    drawn_figures,
    flow_document,
    memory_labels,
    planned_files,
)
from lstm_sym.studies.measurement import Settings, attempted, finite, input_stream, measured, models_of, stems_of
from lstm_sym.studies.page import Study, table_labels


class NothingMeasured(click.ClickException):
    """No model could be measured; the message says of each why."""

    exit_code = FAILED


def measure_flow(
    cells: Sequence[Cell],
    names: Sequence[str],
    choices: Sequence[str],
    measuring: Mapping[str, Any],
    folder: Path | None,
    language: str,
    *,
    as_json: bool,
    force: bool,
) -> None:
    """Measure and print the tables; with a folder measure everything, and write the page, its figures and data.

    Raises NothingMeasured; of several models those that cannot be measured are left out, and named.
    """
    words, settings, source = Words(language), settings_of(measuring), str(measuring["source"])
    stems, wanted = stems_of(cells), measuring["time_scale"]
    output = None
    if folder is not None:
        output = Output(folder, planned_files(stems), protected([*names, source]), force=force, manifest="flow.json")
    stream = input_stream(source, settings.length)
    models = models_of(cells, stream.values.shape[1], settings.hidden, words)
    gates = _gates(cells, models)
    surveys, profiles, left_out = _measured(models, stream, settings, gates, wanted, everything=output is not None)
    if not profiles:
        raise NothingMeasured("\n".join([words.text("flow.none"), *map(str, left_out.values())]))
    _tell_left_out(left_out, surveys, words)
    biases = [gate_bias(one.model, gates.get(one.model), wanted) for one in profiles] if wanted is not None else []
    chosen = settings.as_dict() | ({} if wanted is None else {"time_scale": wanted})
    command = command_of("flow", names, choices, source, chosen, language, folder)
    record = record_of(cells, stream, settings, profiles) | {
        "settings": settings.as_dict() | {"time_scale": wanted},
        "left_out": _reasons(left_out, surveys),
        "time_scales": [asdict(bias) for bias in biases],
        **_found(surveys),
        "command": command,
        "versions": versions(),
    }
    if as_json:
        print_json(record)
    else:
        _tell(profiles, biases, words)
    if output is not None:
        study = Study(tuple(cells), {}, stream, settings, tuple(profiles), command, versions())
        named = dict(zip((model.label for model in models), stems, strict=True))
        found = FlowStudy(tuple(surveys), tuple(named[one.model.label] for one in surveys), study, left_out)
        told(output.write(_files(found, words), record), quiet=as_json)


def _measured(
    models: Sequence[Model],
    stream: Stream,
    settings: Settings,
    gates: Mapping[str, TimeScale],
    wanted: float | None,
    *,
    everything: bool,
) -> tuple[list[Survey], list[Profile], dict[str, FlowError]]:
    """The surveys, where everything is wanted; the profiles; and why a model has none, by its label."""

    def surveyed(model: Model, progress: Progress) -> Survey:
        gate = {label: gate for label, gate in gates.items() if label == model.label}
        how: Any = {"hidden": settings.hidden, "lags": settings.lags, "ends": settings.starts}
        how |= {"seeds": range(settings.seeds), "gates": gate, "time_scale": wanted, "progress": progress}
        return survey([model], stream, **how)[0]

    if everything:
        surveys, left_out = attempted(models, surveyed)
        return [*surveys.values()], [one.profile for one in surveys.values()], left_out
    profiles, left_out = attempted(models, lambda model, told: measured([model], stream, settings, told)[0])
    return [], [*profiles.values()], left_out


def _gates(cells: Sequence[Cell], models: Sequence[Model]) -> dict[str, TimeScale]:
    """The gate that keeps the state of a model, by its label, where one does."""
    by_kernel = {cell.content_hash: cell for cell in cells}
    found = {model.label: _gate(by_kernel[model.kernel.CONTENT_HASH]) for model in models}
    return {label: gate for label, gate in found.items() if gate is not None}


def _gate(cell: Cell) -> TimeScale | None:
    """The gate that keeps the state of a cell, None where none does."""
    try:
        return time_scale(cell)
    except FlowError:
        return None


def _files(found: FlowStudy, words: Words) -> dict[str, bytes]:
    """Every file by its name: the figures with their data, the tables, the page."""
    with tempfile.TemporaryDirectory() as folder:
        files = drawn_figures(found, words, Path(folder))
    return {"index.html": html_page(flow_document(found, words, files)).encode("utf-8"), **files}


def _tell(profiles: Sequence[Profile], biases: Sequence[GateBias], words: Words) -> None:
    """Both tables: the curves, and the memory cards; then the biases for the time scale asked for."""
    say(table(profiles, labels=table_labels(words)))
    say()
    say(memory_table([memory_card(profile) for profile in profiles], labels=memory_labels(words)))
    for bias in biases:
        say(f"\n{bias.model}\n  {gate_text(bias, labels=advice_labels(words))}")


def _tell_left_out(left_out: Mapping[str, FlowError], surveys: Sequence[Survey], words: Words) -> None:
    """What could not be measured and why, on the standard error stream: whole models, then parts of them."""
    for error in left_out.values():
        say(words.text("flow.left_out", reason=error), err=True)
    for error in (error for one in surveys for error in one.left_out.values()):
        say(words.text("flow.left_out", reason=f"{error.where}: {error.found}"), err=True)


def _reasons(left_out: Mapping[str, FlowError], surveys: Sequence[Survey]) -> list[dict[str, str | None]]:
    """What could not be measured and why, for JSON; "part" is null where it is the whole model."""
    found: list[tuple[str, str | None, FlowError]] = [(model, None, error) for model, error in left_out.items()]
    found += [(one.model.label, part, error) for one in surveys for part, error in one.left_out.items()]
    return [{"model": model, "part": part, "reason": f"{e.where}: {e.found}"} for model, part, e in found]


def _found(surveys: Sequence[Survey]) -> dict[str, Any]:
    """What the surveys found beside the profiles, for JSON."""
    if not surveys:
        return {}
    return {
        "memory": [one.card.row() for one in surveys],
        "advice": [row for one in surveys for row in one.advice.rows()],
        "spectra": [_spectrum(one.spectrum) for one in surveys if not isinstance(one.spectrum, FlowError)],
        "shares": {one.model.label: one.shares.mean() for one in surveys if not isinstance(one.shares, FlowError)},
    }


def _spectrum(spectrum: LyapunovSpectrum) -> dict[str, Any]:
    return {
        "model": spectrum.model,
        "exponents": list(map(finite, spectrum.exponents.tolist())),
        "errors": list(map(finite, spectrum.errors.tolist())),
        # JSON has no infinity: what is null above, and counted here, is minus infinity.
        "cut_off": sum(exponent == -math.inf for exponent in spectrum.exponents.tolist()),
        "dimension": spectrum.dimension,
        "entropy": spectrum.entropy,
    }
