"""The figures and tables that the page about gradient flow comes with: one colour a model, one scale for all maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_sym.document.sentences import Sentences
from lstm_sym.flow import FlowError
from lstm_sym.flow.drawing.colours import model_colours
from lstm_sym.flow.drawing.drawings import Drawing, csv_bytes
from lstm_sym.flow.measures import Wanted
from lstm_sym.flow.plots.heatmap import scale_of
from lstm_sym.flow.plots.profiles import LABELS, profiles_drawing
from lstm_sym.flow.plots.spectra import spectra_drawing
from lstm_sym.networks.sensitivity import SensitivityMap
from lstm_sym.studies.both_sides import SIDES, sides_drawing
from lstm_sym.studies.flow_page import FIGURES, Surveys, spectra_of
from lstm_sym.studies.pictures import Drawn, names_of_files
from lstm_sym.studies.request import Request


def planned_files(stems: Sequence[str], paper: float | None = None) -> list[str]:
    """Every file that a page about these models may come with."""
    figures = ["sensitivity", "spectra", SIDES, *(f"{stem}.{figure}" for stem in stems for figure in FIGURES)]
    return ["index.html", "memory.csv", "advice.csv", *names_of_files(figures, paper)]


def figures_of(surveys: Surveys, sides: Sequence[SensitivityMap], request: Request) -> dict[str, Drawn]:
    """Every figure by its name, in the words of a language."""
    found: dict[str, Drawn] = {}
    if sides:
        found[SIDES] = lambda sentences: sides_drawing(sides, request.settings.lags, sentences)
    colours = model_colours([survey.model.label for survey in surveys.values()])
    profiles = [survey.profile for survey in surveys.values()]
    if profiles:
        found["sensitivity"] = lambda sentences: profiles_drawing(
            profiles, labels=figure_labels(sentences), colours=colours
        )
    spectra = spectra_of(surveys)
    if spectra:
        found["spectra"] = lambda sentences: spectra_drawing(
            spectra, labels=_labels(sentences, "spectra"), colours=colours
        )
    return found | _of_models(surveys, colours)


def _of_models(surveys: Surveys, colours: Mapping[str, str]) -> dict[str, Drawn]:
    """The figures of single models."""
    maps = [survey.map for survey in surveys.values() if not isinstance(survey.map, FlowError)]
    scale = scale_of(maps) if maps else None
    found: dict[str, Drawn] = {}
    for stem, survey in surveys.items():
        colour = colours[survey.model.label]
        for figure in survey.drawings(Wanted({}, colour, scale)):

            def draw(sentences: Sentences, survey: Any = survey, figure: str = figure, colour: str = colour) -> Drawing:
                drawn: Drawing = survey.drawing(figure, Wanted(_words(sentences), colour, scale))
                return drawn

            found[f"{stem}.{figure}"] = draw
    return found


def tables(surveys: Surveys) -> dict[str, bytes]:
    """The memory cards and the advice as CSV."""
    if not surveys:
        return {}
    cards = [survey.card.row() for survey in surveys.values()]
    return {
        "memory.csv": _csv(cards),
        "advice.csv": _csv([row for survey in surveys.values() for row in survey.advice.rows()]),
    }


def figure_labels(sentences: Sentences) -> dict[str, str]:
    """The words of the figure of profiles."""
    return {name: sentences.sentence(f"figure.{name}") for name in LABELS}


def _words(sentences: Sentences) -> dict[str, dict[str, str]]:
    """The words of the figures of single models."""
    return {figure: _labels(sentences, figure) for figure in (*FIGURES, "theory")}


def _labels(sentences: Sentences, figure: str) -> dict[str, str]:
    """The words of a figure: those of the table that stand in the drawing itself."""
    beside = {"caption", "table", "error", "last", "dimension", "entropy", "never"}
    beside |= {"bound", "prediction"} if figure == "fan" else set()
    return {name: text for name, text in sentences.under(f"flow.{figure}").items() if name not in beside}


def _csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return csv_bytes(columns, ([row.get(name) for name in columns] for row in rows))
