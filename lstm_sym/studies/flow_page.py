"""The page about gradient flow: how far back, through which gates, how perturbations grow, and what follows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from lstm_sym.document.document import Block, Code, Definitions, Document, Line, Link, Paragraph, Section, Table
from lstm_sym.document.sentences import Sentences
from lstm_sym.flow import FlowError, MemoryCard
from lstm_sym.flow.measures import SURVEYED
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum
from lstm_sym.flow.surveys import Survey
from lstm_sym.interop import Model as Read
from lstm_sym.networks.sensitivity import SensitivityMap
from lstm_sym.studies.advice_page import advice_blocks
from lstm_sym.studies.both_sides import sides_blocks
from lstm_sym.studies.networks import read_lines
from lstm_sym.studies.packages import package_blocks
from lstm_sym.studies.page import method_blocks, reproduce_blocks
from lstm_sym.studies.pictures import Pictures
from lstm_sym.studies.reasons import reason
from lstm_sym.studies.request import Request

CARD = ("half_life", "centroid", "lag50", "lag90", "horizon")
FIGURES = {row.figure: name for name, row in SURVEYED.items() if row.figure}
# Fewer groups give no interval that holds 95 %.
FEW_GROUPS = 4

Surveys = Mapping[str, Survey]
"""The survey of each model, by the stem of its files."""


def flow_document(
    request: Request,
    surveys: Surveys,
    sides: Sequence[SensitivityMap],
    left_out: Sequence[FlowError],
    pictures: Pictures,
    command: str | None,
    sentences: Sentences,
) -> Document:
    """The page in a language; left_out: why models could not be measured."""
    cells = sentences.listed([Code(name) for name in request.names])
    sections = _first(request, sentences)
    if surveys:
        sections.append(_section("far", sentences, _far(surveys, left_out, sentences, pictures)))
    if sides:
        sections.append(_section("sides", sentences, sides_blocks(sides, request.settings.lags, sentences, pictures)))
    if surveys:
        sections += [_section(figure, sentences, _measure(figure, surveys, sentences, pictures)) for figure in FIGURES]
        sections.append(_section("spectrum", sentences, _spectra(surveys, sentences, pictures)))
        advice = [survey.advice for survey in surveys.values()]
        sections.append(_section("advice", sentences, advice_blocks(advice, sentences)))
    reproduced = reproduce_blocks(command, "flow.json", sentences)
    sections += [
        Section("method", sentences.text("section.method"), tuple(method_blocks(request, sentences))),
        Section("reproduce", sentences.text("section.reproduce"), tuple(reproduced)),
    ]
    lead = sentences.line("flow.lead", cells=cells, input=Code(request.stream.name))
    shown = tuple(section for section in sections if section.blocks)
    return Document(sentences.text("flow.title"), sentences.language, (lead,), shown, sentences.text("page.contents"))


def _first(request: Request, sentences: Sentences) -> list[Section]:
    """What is said before anything that was measured: of the package, and of how weights were read."""
    package, model = request.package, request.model
    found = [] if package is None else [_section("package", sentences, package_blocks(package, sentences))]
    return found if model is None else [*found, _section("read", sentences, _how_read(model, sentences))]


def _how_read(model: Read, sentences: Sentences) -> list[Block]:
    """Which layers were made of which arrays, first of all, so that a wrong guess is seen."""
    first, *lines = read_lines(model, sentences)
    return [Paragraph((first,)), *(Paragraph((Code(line.strip()),)) for line in lines)]


def _section(key: str, sentences: Sentences, blocks: Sequence[Block]) -> Section:
    return Section(key, sentences.text(f"flow.section.{key}"), tuple(blocks))


def spectra_of(surveys: Surveys) -> list[LyapunovSpectrum]:
    """The spectra of those models that have one."""
    return [one.spectrum for one in surveys.values() if not isinstance(one.spectrum, FlowError)]


def _far(surveys: Surveys, left_out: Sequence[FlowError], sentences: Sentences, pictures: Pictures) -> list[Block]:
    cards = [survey.card for survey in surveys.values()]
    head = tuple(sentences.text(f"flow.memory.{key}") for key in ("model", *CARD, "law"))
    rows = tuple(_card_row(card, sentences) for card in cards)
    numbers = Table(head, rows, frozenset(range(1, len(CARD) + 1)))
    tolerance = f"{cards[0].tolerance:g}"
    terms: list[tuple[Line, Line]] = [
        ((sentences.text(f"flow.column.{key}.term"),), sentences.line(f"flow.column.{key}.says", tolerance=tolerance))
        for key in ("half_life", "centroid", "shares", "horizon", "law", "interval", "bound")
    ]
    data = Paragraph(sentences.line("flow.card", data=Link("memory.csv", "memory.csv")))
    figure = pictures.figure("sensitivity", sentences)
    return [figure, numbers, Definitions(tuple(terms)), data, *_few(cards, sentences), *_reasons(left_out, sentences)]


def _few(cards: Sequence[MemoryCard], sentences: Sentences) -> list[Block]:
    """That intervals are too narrow, where they rest on few groups."""
    few = [card for card in cards if 2 <= card.groups < FEW_GROUPS]
    models = sentences.listed([Code(card.model) for card in few])
    count = f"{min((card.groups for card in few), default=0.0):.2g}"
    return [Paragraph(sentences.line("flow.few", models=models, count=count))] if few else []


def _reasons(errors: Iterable[FlowError], sentences: Sentences) -> list[Block]:
    """What was left out and why, each reason once."""
    lines = dict.fromkeys(sentences.line("flow.left_out", reason=reason(error, sentences)) for error in errors)
    return [*map(Paragraph, lines)]


def _card_row(card: MemoryCard, sentences: Sentences) -> tuple[Line, ...]:
    law = sentences.text(f"flow.memory.{card.verdict}")
    numbers = ((str(getattr(card, name)),) for name in CARD)
    return ((Code(card.model),), *numbers, (law,))


def _measure(figure: str, surveys: Surveys, sentences: Sentences, pictures: Pictures) -> list[Block]:
    """A measure of every model: what its figures show, said once, then theirs; and whose could not be measured."""
    errors = [survey.left_out[FIGURES[figure]] for survey in surveys.values() if FIGURES[figure] in survey.left_out]
    labels = {f"{stem}.{figure}": survey.model.label for stem, survey in surveys.items()}
    drawn, note = pictures.of_models({name: of for name, of in labels.items() if name in pictures.shown}, sentences)
    if not drawn and len(errors) == len(surveys):
        return _reasons(errors, sentences)
    said = _explained(figure, [*surveys.values()], sentences)
    tables = _mean_shares(surveys, sentences) if figure == "shares" else []
    noted = [Paragraph((sentences.text("flow.noted", note=note),))] if note else []
    return [Paragraph(said), *noted, *tables, *drawn, *_reasons(errors, sentences)]


def _explained(figure: str, surveys: Sequence[Survey], sentences: Sentences) -> Line:
    """What the figures of a measure show."""
    found = [sentences.line(f"flow.{figure}.caption")]
    if figure == "fan":
        kinds = dict.fromkeys(law.kind for survey in surveys for law in survey.theory)
        found += [sentences.line(f"flow.fan.{kind}") for kind in kinds]
    if figure == "saturation":
        never = [
            Code(one.model.label) for one in surveys if "gates" not in one.left_out and not one.has_saturated_gates
        ]
        found += [sentences.line("flow.saturation.never", models=sentences.listed(never))] if never else []
    between = () if sentences.language.startswith("zh") else (" ",)
    return tuple(part for line in found for part in (*between, *line))[len(between) :]


def _mean_shares(surveys: Surveys, sentences: Sentences) -> list[Block]:
    """The mean share of each equation, a row a model."""
    means = {one.model.label: one.shares.mean() for one in surveys.values() if not isinstance(one.shares, FlowError)}
    names = [*dict.fromkeys(name for mean in means.values() for name in mean)]
    if len(names) < 2:
        return []
    rows: list[tuple[Line, ...]] = []
    for label, mean in means.items():
        shown = (f"{100 * mean[name]:.1f} %".replace("-", "−") if name in mean else "—" for name in names)
        rows.append(((Code(label),), *((text,) for text in shown)))
    head = (sentences.text("flow.memory.model"), *names)
    return [Table(head, tuple(rows), frozenset(range(1, len(head))))]


def _spectra(surveys: Surveys, sentences: Sentences, pictures: Pictures) -> list[Block]:
    why = _reasons((s.spectrum for s in surveys.values() if isinstance(s.spectrum, FlowError)), sentences)
    spectra = spectra_of(surveys)
    if not spectra:
        return why
    figure = pictures.figure("spectra", sentences, sentences.line("flow.spectra.caption"))
    names = [sentences.text(f"flow.spectra.{key}") for key in ("error", "last", "dimension", "entropy")]
    head = (sentences.text("flow.memory.model"), "λ₁", names[0], "e^λ₁", *names[1:])
    rows = tuple(map(_spectrum_row, spectra))
    text = Paragraph(sentences.line("flow.spectra.table"))
    return [figure, Table(head, rows, frozenset(range(1, len(head)))), text, *why]


def _spectrum_row(spectrum: LyapunovSpectrum) -> tuple[Line, ...]:
    first, last = float(spectrum.exponents[0]), float(spectrum.exponents[-1])
    numbers = (f"{first:.4g}", f"{spectrum.errors[0]:.1g}", f"{math.exp(first):.4g}", f"{last:.4g}")
    shown = [number.replace("-inf", "−∞").replace("-", "−") for number in numbers]
    rest = (f"{spectrum.dimension:.4g}", f"{spectrum.entropy:.4g}")
    return ((Code(spectrum.model),), *((text,) for text in (*shown, *rest)))
