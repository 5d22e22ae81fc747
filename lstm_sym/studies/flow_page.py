"""The page about gradient flow: how far back, through which gates, how perturbations grow, and what follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from lstm_sym.document.document import Block, Code, Document, Figure, Line, Link, Paragraph, Section, Table
from lstm_sym.document.sentences import Sentences
from lstm_sym.flow import FlowError, MemoryCard, save_profile_figure, save_spectra
from lstm_sym.flow.advice.summary import advice_text
from lstm_sym.flow.drawing.style import csv_bytes
from lstm_sym.flow.measures import SURVEYED
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum
from lstm_sym.flow.surveys import Survey
from lstm_sym.interop import Model as Read
from lstm_sym.networks.sensitivity import SensitivityMap
from lstm_sym.studies.both_sides import SIDES, draw_sides, sides_blocks
from lstm_sym.studies.networks import read_lines
from lstm_sym.studies.packages import package_blocks
from lstm_sym.studies.page import drawn_figure, figure_labels, links, method_blocks, reproduce_blocks
from lstm_sym.studies.request import Request

CARD = ("half_life", "centroid", "lag50", "lag90", "horizon")
FIGURES = {row.figure: name for name, row in SURVEYED.items() if row.figure}
FORMATS = ("svg", "png", "csv")
# Fewer groups give no interval that holds 95 %.
FEW_GROUPS = 4


Surveys = Mapping[str, Survey]
"""The survey of each model, by the stem of its files."""


def planned_files(stems: Sequence[str]) -> list[str]:
    """Every file that a page about these models may come with."""
    figures = ["sensitivity", "spectra", SIDES, *(f"{stem}.{figure}" for stem in stems for figure in FIGURES)]
    return ["index.html", "memory.csv", "advice.csv", *(f"{name}.{kind}" for name in figures for kind in FORMATS)]


def drawn_figures(
    surveys: Surveys, sides: Sequence[SensitivityMap], request: Request, folder: Path
) -> dict[str, bytes]:
    """Every figure with its data, and the tables as CSV: name -> content. Drawn in `folder`."""
    sentences = request.sentences
    if sides:
        draw_sides(sides, request.settings.lags, sentences, folder)
    profiles = [survey.profile for survey in surveys.values()]
    if not profiles:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    save_profile_figure(profiles, folder, "sensitivity", labels=figure_labels(sentences))
    if spectra := _spectra_of(surveys):
        save_spectra(spectra, folder, "spectra", labels=_labels(sentences, "spectra"))
    labels = {figure: _labels(sentences, figure) for figure in (*FIGURES, "theory")}
    for stem, survey in surveys.items():
        survey.save(folder, stem, labels)
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    files["memory.csv"] = _csv([survey.card.row() for survey in surveys.values()])
    files["advice.csv"] = _csv([row for survey in surveys.values() for row in survey.advice.rows()])
    return files


def flow_document(
    request: Request,
    surveys: Surveys,
    sides: Sequence[SensitivityMap],
    left_out: Sequence[FlowError],
    files: Mapping[str, bytes],
    command: str | None,
) -> Document:
    """The page; left_out: why models could not be measured; `files` are the figures as `drawn_figures` gives them."""
    sentences = request.sentences
    cells = sentences.listed([Code(name) for name in request.names])
    sections = _first(request)
    sections += [_section("far", sentences, _far(surveys, left_out, sentences, files))] if surveys else []
    if sides:
        sections.append(_section("sides", sentences, sides_blocks(sides, request.settings.lags, sentences, files)))
    for stem, survey in surveys.items():
        sections.append(Section(stem, survey.model.label, tuple(_of_model(survey, stem, sentences, files))))
    reproduced = reproduce_blocks(command, "flow.json", sentences)
    if surveys:
        sections.append(_section("spectrum", sentences, _spectra(surveys, sentences, files)))
        sections.append(_section("advice", sentences, _advice(surveys, sentences)))
    sections += [
        Section("method", sentences.text("section.method"), tuple(method_blocks(request))),
        Section("reproduce", sentences.text("section.reproduce"), tuple(reproduced)),
    ]
    lead = sentences.line("flow.lead", cells=cells, input=request.stream.name)
    return Document(
        sentences.text("flow.title"), sentences.language, (lead,), tuple(sections), sentences.text("page.contents")
    )


def _first(request: Request) -> list[Section]:
    """What is said before anything that was measured: of the package, and of how weights were read."""
    sentences, package, model = request.sentences, request.package, request.model
    found = [] if package is None else [_section("package", sentences, package_blocks(package, sentences))]
    return found if model is None else [*found, _section("read", sentences, _how_read(model, sentences))]


def _how_read(model: Read, sentences: Sentences) -> list[Block]:
    """Which layers were made of which arrays, first of all, so that a wrong guess is seen."""
    first, *lines = read_lines(model, sentences)
    return [Paragraph((first,)), *(Paragraph((Code(line.strip()),)) for line in lines)]


def _section(key: str, sentences: Sentences, blocks: Sequence[Block]) -> Section:
    return Section(key, sentences.text(f"flow.section.{key}"), tuple(blocks))


def _spectra_of(surveys: Surveys) -> list[LyapunovSpectrum]:
    """The spectra of those models that have one."""
    return [one.spectrum for one in surveys.values() if not isinstance(one.spectrum, FlowError)]


def _far(
    surveys: Surveys, left_out: Sequence[FlowError], sentences: Sentences, files: Mapping[str, bytes]
) -> list[Block]:
    cards = [survey.card for survey in surveys.values()]
    models = sentences.sentence("list.comma").join(survey.model.label for survey in surveys.values())
    caption = sentences.line("figure.caption", **links("sensitivity"))
    figure = _figure("sensitivity", caption, sentences.text("figure.alternative", models=models), files, sentences)
    head = tuple(sentences.text(f"flow.memory.{key}") for key in ("model", *CARD, "law"))
    rows = tuple(_card_row(card, sentences) for card in cards)
    text = sentences.line("flow.card", tolerance=f"{cards[0].tolerance:g}", data=Link("memory.csv", "memory.csv"))
    numbers = Table(head, rows, frozenset(range(1, len(CARD) + 1)))
    why = [_left_out(error, sentences) for error in left_out]
    return [figure, numbers, Paragraph(text), *_few(cards, sentences), *why]


def _few(cards: Sequence[MemoryCard], sentences: Sentences) -> list[Block]:
    """That intervals are too narrow, where they rest on few groups."""
    few = [card for card in cards if 2 <= card.groups < FEW_GROUPS]
    models = sentences.sentence("list.comma").join(card.model for card in few)
    count = f"{min((card.groups for card in few), default=0.0):.2g}"
    return [Paragraph(sentences.line("flow.few", models=models, count=count))] if few else []


def _left_out(error: FlowError, sentences: Sentences) -> Paragraph:
    return Paragraph(sentences.line("flow.left_out", reason=f"{error.where}: {error.found}"))


def _card_row(card: MemoryCard, sentences: Sentences) -> tuple[Line, ...]:
    law = sentences.text(f"flow.memory.{card.law or 'cannot_tell'}")
    return tuple((text,) for text in (card.model, *(str(getattr(card, name)) for name in CARD), law))


def _of_model(survey: Survey, stem: str, sentences: Sentences, files: Mapping[str, bytes]) -> list[Block]:
    blocks: list[Block] = []
    for figure, measure in FIGURES.items():
        name, left_out = f"{stem}.{figure}", survey.left_out.get(measure)
        if left_out is not None:
            blocks += [block for block in [_left_out(left_out, sentences)] if block not in blocks]
        elif f"{name}.svg" in files:
            parts = {"model": survey.model.label, "output": _kept(survey)} if figure == "fan" else {}
            title = sentences.text(f"flow.{figure}.title", **parts)
            blocks.append(_figure(name, _caption(survey, figure, name, sentences), title, files, sentences))
    return blocks


def _caption(survey: Survey, figure: str, name: str, sentences: Sentences) -> Line:
    if figure != "fan":
        parts = {"mean": _mean(survey, sentences)} if figure == "shares" else {}
        return sentences.line(f"flow.{figure}.caption", **links(name), **parts)
    lines = [sentences.line("flow.fan.caption", state=_kept(survey))]
    for law in survey.theory:
        lines.append(sentences.line(f"flow.fan.{law.kind}"))
    lines.append(sentences.line("flow.fan.data", **links(name)))
    return tuple(part for line in lines for part in line)


def _kept(survey: Survey) -> str:
    """The state of the fan."""
    assert not isinstance(survey.kept, FlowError)
    return survey.kept.output


def _mean(survey: Survey, sentences: Sentences) -> str:
    """The mean share of each equation, the largest first."""
    assert not isinstance(survey.shares, FlowError)
    shares = sorted(survey.shares.mean().items(), key=lambda pair: -abs(pair[1]))
    return (
        sentences.sentence("list.comma").join(f"{name} {100 * value:.1f} %" for name, value in shares).replace("-", "−")
    )


def _spectra(surveys: Surveys, sentences: Sentences, files: Mapping[str, bytes]) -> list[Block]:
    why = [_left_out(s.spectrum, sentences) for s in surveys.values() if isinstance(s.spectrum, FlowError)]
    spectra = _spectra_of(surveys)
    if not spectra:
        return [*why]
    caption = sentences.line("flow.spectra.caption", **links("spectra"))
    figure = _figure("spectra", caption, sentences.text("flow.spectra.title"), files, sentences)
    names = [sentences.text(f"flow.spectra.{key}") for key in ("error", "last", "dimension", "entropy")]
    head = (sentences.text("flow.memory.model"), "λ₁", names[0], "e^λ₁", *names[1:])
    rows = tuple(map(_spectrum_row, spectra))
    text = Paragraph(sentences.line("flow.spectra.table"))
    return [figure, Table(head, rows, frozenset(range(1, len(head)))), text, *why]


def _spectrum_row(spectrum: LyapunovSpectrum) -> tuple[Line, ...]:
    first, last = float(spectrum.exponents[0]), float(spectrum.exponents[-1])
    numbers = (f"{first:.4g}", f"{spectrum.errors[0]:.1g}", f"{math.exp(first):.4g}", f"{last:.4g}")
    shown = [number.replace("-inf", "−∞").replace("-", "−") for number in numbers]
    return tuple((text,) for text in (spectrum.model, *shown, f"{spectrum.dimension:.4g}", f"{spectrum.entropy:.4g}"))


def _advice(surveys: Surveys, sentences: Sentences) -> list[Block]:
    sections: list[Block] = []
    for stem, survey in surveys.items():
        _, *lines = advice_text(survey.advice, labels=sentences.under("flow.advice")).split("\n")
        paragraphs = tuple(Paragraph((line.strip(),)) for line in lines)
        sections.append(Section(f"{stem}.advice", survey.model.label, paragraphs))
    return sections


def _figure(name: str, caption: Line, alternative: str, files: Mapping[str, bytes], sentences: Sentences) -> Figure:
    return drawn_figure(name, files[f"{name}.svg"].decode("utf-8"), caption, alternative, sentences)


def _labels(sentences: Sentences, figure: str) -> dict[str, str]:
    """The words of a figure: those of the table that stand in the drawing itself."""
    beside = {"caption", "data", "table", "error", "last", "dimension", "entropy"}
    beside |= {"bound", "prediction"} if figure == "fan" else set()
    return {name: text for name, text in sentences.under(f"flow.{figure}").items() if name not in beside}


def _csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return csv_bytes(columns, ([row.get(name) for name in columns] for row in rows))
