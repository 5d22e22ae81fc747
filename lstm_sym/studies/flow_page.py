"""The page about gradient flow: how far back, through which gates, how perturbations grow, and what follows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_sym.document.document import Block, Code, Document, Figure, Line, Link, Paragraph, Section, Table
from lstm_sym.document.sentences import Words
from lstm_sym.flow import FlowError, save_profile_figure, save_spectra
from lstm_sym.flow.advice.summary import advice_text
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum
from lstm_sym.flow.surveys import Survey
from lstm_sym.studies.page import Study, drawn_figure, figure_labels, method_blocks, reproduce_blocks

FIGURES = ("fan", "map", "shares", "saturation")
CARD = ("half_life", "centroid", "lag50", "lag90", "horizon")
MEASURES = {"fan": "kept", "saturation": "gates"}
FORMATS = ("svg", "png", "csv")


# Fewer groups give no interval that holds 95 %.
FEW_GROUPS = 4


@dataclass(frozen=True)
class FlowStudy:
    """What a page shows: a survey a model, the stem of its files, and the study that says how it was measured.

    left_out: why a model could not be measured, by its label.
    """

    surveys: tuple[Survey, ...]
    stems: tuple[str, ...]
    study: Study
    left_out: Mapping[str, FlowError]

    @property
    def spectra(self) -> dict[str, LyapunovSpectrum]:
        """The spectra by model, of those that have one."""
        return {s.model.label: s.spectrum for s in self.surveys if not isinstance(s.spectrum, FlowError)}


def planned_files(stems: Sequence[str]) -> list[str]:
    """Every file that a page about these models may come with."""
    figures = ["sensitivity", "spectra", *(f"{stem}.{figure}" for stem in stems for figure in FIGURES)]
    return ["index.html", "memory.csv", "advice.csv", *(f"{name}.{kind}" for name in figures for kind in FORMATS)]


def drawn_figures(found: FlowStudy, words: Words, folder: Path) -> dict[str, bytes]:
    """Every figure with its data, and the tables as CSV: name -> content. Drawn in `folder`."""
    profiles = [survey.profile for survey in found.surveys]
    save_profile_figure(profiles, folder, "sensitivity", labels=figure_labels(words))
    if found.spectra:
        save_spectra([*found.spectra.values()], folder, "spectra", labels=_labels(words, "spectra"))
    labels = {figure: _labels(words, figure) for figure in (*FIGURES, "theory")}
    for survey, stem in zip(found.surveys, found.stems, strict=True):
        survey.save(folder, stem, labels)
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    files["memory.csv"] = _csv([survey.card.row() for survey in found.surveys])
    files["advice.csv"] = _csv([row for survey in found.surveys for row in survey.advice.rows()])
    return files


def flow_document(found: FlowStudy, words: Words, files: Mapping[str, bytes]) -> Document:
    """The page; `files` are the figures as `drawn_figures` gives them."""
    cells = words.listed([Code(cell.key) for cell in found.study.cells])
    sections = [_section("far", words, _far(found, words, files))]
    for survey, stem in zip(found.surveys, found.stems, strict=True):
        sections.append(Section(stem, survey.model.label, tuple(_of_model(survey, stem, words, files))))
    sections += [
        _section("spectrum", words, _spectra(found, words, files)),
        _section("advice", words, _advice(found, words)),
        Section("method", words.text("section.method"), tuple(method_blocks(found.study, words))),
        Section("reproduce", words.text("section.reproduce"), tuple(reproduce_blocks(found.study, words, "flow.json"))),
    ]
    lead = words.line("flow.lead", cells=cells, input=found.study.stream.name)
    return Document(words.text("flow.title"), words.language, (lead,), tuple(sections), words.text("page.contents"))


def memory_labels(words: Words) -> dict[str, str]:
    """The words of the memory card in the terminal."""
    return words.under("flow.memory")


def advice_labels(words: Words) -> dict[str, str]:
    """The words of the advice in the terminal."""
    return words.under("flow.advice")


def _section(key: str, words: Words, blocks: Sequence[Block]) -> Section:
    return Section(key, words.text(f"flow.section.{key}"), tuple(blocks))


def _far(found: FlowStudy, words: Words, files: Mapping[str, bytes]) -> list[Block]:
    models = words.sentence("list.comma").join(survey.model.label for survey in found.surveys)
    caption = words.line("figure.caption", **_links("sensitivity"))
    figure = _figure("sensitivity", caption, words.text("figure.alternative", models=models), files, words)
    head = tuple(words.text(f"flow.memory.{key}") for key in ("model", *CARD, "law"))
    rows = tuple(_card_row(survey, words) for survey in found.surveys)
    tolerance = f"{found.surveys[0].card.tolerance:g}"
    text = words.line("flow.card", tolerance=tolerance, data=Link("memory.csv", "memory.csv"))
    numbers = Table(head, rows, frozenset(range(1, len(CARD) + 1)))
    left_out = [_left_out(error, words) for error in found.left_out.values()]
    return [figure, numbers, Paragraph(text), *_few(found, words), *left_out]


def _few(found: FlowStudy, words: Words) -> list[Block]:
    """That intervals are too narrow, where they rest on few groups."""
    few = [survey.card for survey in found.surveys if 2 <= survey.card.groups < FEW_GROUPS]
    models = words.sentence("list.comma").join(card.model for card in few)
    count = f"{min((card.groups for card in few), default=0.0):.2g}"
    return [Paragraph(words.line("flow.few", models=models, count=count))] if few else []


def _left_out(error: FlowError, words: Words) -> Paragraph:
    return Paragraph(words.line("flow.left_out", reason=f"{error.where}: {error.found}"))


def _card_row(survey: Survey, words: Words) -> tuple[Line, ...]:
    card = survey.card
    law = words.text(f"flow.memory.{card.law or 'cannot_tell'}")
    return tuple((text,) for text in (card.model, *(str(getattr(card, name)) for name in CARD), law))


def _of_model(survey: Survey, stem: str, words: Words, files: Mapping[str, bytes]) -> list[Block]:
    blocks: list[Block] = []
    for figure in FIGURES:
        name, left_out = f"{stem}.{figure}", survey.left_out.get(MEASURES.get(figure, figure))
        if left_out is not None:
            blocks.append(_left_out(left_out, words))
        elif f"{name}.svg" in files:
            title = words.text(f"flow.{figure}.title", **_named(survey, figure))
            blocks.append(_figure(name, _caption(survey, figure, name, words), title, files, words))
    return blocks


def _caption(survey: Survey, figure: str, name: str, words: Words) -> Line:
    if figure != "fan":
        parts = {"mean": _mean(survey, words)} if figure == "shares" else {}
        return words.line(f"flow.{figure}.caption", **_links(name), **parts)
    lines = [words.line("flow.fan.caption", state=_kept(survey))]
    for law in survey.theory:
        lines.append(words.line(f"flow.fan.{law.kind}"))
    lines.append(words.line("flow.fan.data", **_links(name)))
    return tuple(part for line in lines for part in line)


def _named(survey: Survey, figure: str) -> dict[str, str]:
    return {"model": survey.model.label, "output": _kept(survey)} if figure == "fan" else {}


def _kept(survey: Survey) -> str:
    """The state of the fan."""
    assert not isinstance(survey.kept, FlowError)
    return survey.kept.output


def _mean(survey: Survey, words: Words) -> str:
    """The mean share of each equation, the largest first."""
    assert not isinstance(survey.shares, FlowError)
    shares = sorted(survey.shares.mean().items(), key=lambda pair: -abs(pair[1]))
    return words.sentence("list.comma").join(f"{name} {100 * value:.1f} %" for name, value in shares).replace("-", "−")


def _spectra(found: FlowStudy, words: Words, files: Mapping[str, bytes]) -> list[Block]:
    left_out = [_left_out(s.spectrum, words) for s in found.surveys if isinstance(s.spectrum, FlowError)]
    if not found.spectra:
        return [*left_out]
    caption = words.line("flow.spectra.caption", **_links("spectra"))
    figure = _figure("spectra", caption, words.text("flow.spectra.title"), files, words)
    names = [words.text(f"flow.spectra.{key}") for key in ("error", "last", "dimension", "entropy")]
    head = (words.text("flow.memory.model"), "λ₁", names[0], "e^λ₁", *names[1:])
    rows = tuple(_spectrum_row(label, spectrum) for label, spectrum in found.spectra.items())
    text = Paragraph(words.line("flow.spectra.table"))
    return [figure, Table(head, rows, frozenset(range(1, len(head)))), text, *left_out]


def _spectrum_row(label: str, spectrum: LyapunovSpectrum) -> tuple[Line, ...]:
    first, last = float(spectrum.exponents[0]), float(spectrum.exponents[-1])
    numbers = (f"{first:.4g}", f"{spectrum.errors[0]:.1g}", f"{math.exp(first):.4g}", f"{last:.4g}")
    shown = [number.replace("-inf", "−∞").replace("-", "−") for number in numbers]
    return tuple((text,) for text in (label, *shown, f"{spectrum.dimension:.4g}", f"{spectrum.entropy:.4g}"))


def _advice(found: FlowStudy, words: Words) -> list[Block]:
    sections: list[Block] = []
    for survey, stem in zip(found.surveys, found.stems, strict=True):
        _, *lines = advice_text(survey.advice, labels=advice_labels(words)).split("\n")
        paragraphs = tuple(Paragraph((line.strip(),)) for line in lines)
        sections.append(Section(f"{stem}.advice", survey.model.label, paragraphs))
    return sections


def _figure(name: str, caption: Line, alternative: str, files: Mapping[str, bytes], words: Words) -> Figure:
    return drawn_figure(name, files[f"{name}.svg"].decode("utf-8"), caption, alternative, words)


def _links(name: str) -> dict[str, Link]:
    return {"data": Link(f"{name}.csv", f"{name}.csv"), "drawing": Link(f"{name}.png", f"{name}.png")}


def _labels(words: Words, figure: str) -> dict[str, str]:
    """The words of a figure: those of the table that stand in the drawing itself."""
    beside = {"caption", "data", "table", "error", "last", "dimension", "entropy"}
    beside |= {"bound", "prediction"} if figure == "fan" else set()
    return {name: text for name, text in words.under(f"flow.{figure}").items() if name not in beside}


def _csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    columns = dict.fromkeys(name for row in rows for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
