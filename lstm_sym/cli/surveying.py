"""Flow: measure, print the tables, and write the page with its figures and data."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from lstm_sym.cli.cells import protected
from lstm_sym.cli.output import Output, print_json, told
from lstm_sym.cli.studying import command_of, record_of, settings_of, versions
from lstm_sym.equations import Cell
from lstm_sym.flow import FlowError, Model, Profile, memory_card, memory_table, reporter, table
from lstm_sym.flow.survey import Survey, survey
from lstm_sym.flow.theory.chrono import TimeScale, time_scale
from lstm_sym.inputs import Stream
from lstm_sym.report import Words, html_page
from lstm_sym.report.gradient_flow import (
    FlowStudy,
    drawn_figures,
    flow_document,
    memory_labels,
    planned_files,
)
from lstm_sym.report.measurement import Settings, finite, input_stream, measured, models_of, stems_of
from lstm_sym.report.study import Study, table_labels


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
    """Measure and print the tables; with a folder measure everything, and write the page, its figures and data."""
    words, settings, source = Words(language), settings_of(measuring), str(measuring["source"])
    stems = stems_of(cells)
    output = None
    if folder is not None:
        output = Output(folder, planned_files(stems), protected([*names, source]), force=force, manifest="flow.json")
    stream = input_stream(source, settings.length)
    models = models_of(cells, stream.values.shape[1], settings.hidden, words)
    surveys = _surveys(cells, models, stream, settings, measuring["time_scale"]) if output else []
    profiles = [one.profile for one in surveys] or measured(models, stream, settings)
    command = command_of("flow", names, choices, source, settings, language)
    record = record_of(cells, stream, settings, profiles) | _found(surveys) | {"command": command}
    if as_json:
        print_json(record)
    else:
        _tell(profiles, words)
    if output is not None:
        study = Study(tuple(cells), {}, stream, settings, tuple(profiles), command, versions())
        told(output.write(_files(FlowStudy(tuple(surveys), tuple(stems), study), words), record), quiet=as_json)


def _surveys(
    cells: Sequence[Cell], models: Sequence[Model], stream: Stream, settings: Settings, wanted: float | None
) -> list[Survey]:
    by_kernel = {cell.content_hash: cell for cell in cells}
    gates = {model.label: gate for model in models if (gate := _gate(by_kernel[model.kernel.CONTENT_HASH]))}
    return survey(
        models,
        stream,
        hidden=settings.hidden,
        lags=settings.lags,
        ends=settings.starts,
        seeds=range(settings.seeds),
        gates=gates,
        time_scale=wanted,
        progress=reporter("measuring"),
    )


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


def _tell(profiles: Sequence[Profile], words: Words) -> None:
    """Both tables: the curves, and the memory cards."""
    click.echo(table(profiles, labels=table_labels(words)))
    click.echo()
    click.echo(memory_table([memory_card(profile) for profile in profiles], labels=memory_labels(words)))


def _found(surveys: Sequence[Survey]) -> dict[str, Any]:
    """What the surveys found beside the profiles, for JSON."""
    if not surveys:
        return {}
    return {
        "memory": [one.card.row() for one in surveys],
        "advice": [row for one in surveys for row in one.advice.rows()],
        "spectra": [
            {
                "model": one.model.label,
                "exponents": list(map(finite, one.spectrum.exponents.tolist())),
                "errors": one.spectrum.errors.tolist(),
                "dimension": one.spectrum.dimension,
                "entropy": one.spectrum.entropy,
            }
            for one in surveys
        ],
        "shares": {one.model.label: one.shares.mean() for one in surveys if not isinstance(one.shares, FlowError)},
    }
