"""Gradient flow of several cells over one input: the tables, and the page with its figures and data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from lstm_sym.document.document import Document
from lstm_sym.document.html import html_page
from lstm_sym.document.sentences import Sentences, in_order
from lstm_sym.equations import Cell
from lstm_sym.flow import FlowError, MemoryCard, Model, Profile, Survey, memory_table, table
from lstm_sym.flow.advice.summary import GateBias, gate_bias, gate_text
from lstm_sym.flow.drawing.drawings import Shown
from lstm_sym.flow.theory.chrono import TimeScale, time_scale
from lstm_sym.ground.cache import OFF, Cache
from lstm_sym.ground.progress import Progress, part_of, silent
from lstm_sym.interop import Table, Target
from lstm_sym.networks.sensitivity import SensitivityMap
from lstm_sym.shipped import Opened, open_package
from lstm_sym.studies.both_sides import sides_record, sides_table
from lstm_sym.studies.errors import NothingMeasured, StudyError
from lstm_sym.studies.flow_figures import figures_of, planned_files, tables
from lstm_sym.studies.flow_page import flow_document
from lstm_sym.studies.kept import NO_MEANS, Means, flow_profiles, flow_surveys, kept_card, survey_found
from lstm_sym.studies.measurement import Input, attempted
from lstm_sym.studies.networks import Weights, both_sides, read_lines, read_record, refuse_twice, stem_of
from lstm_sym.studies.packages import package_lines, package_record
from lstm_sym.studies.page import table_labels
from lstm_sym.studies.pictures import Pictures
from lstm_sym.studies.record import reasons, record_of, survey_record, versions
from lstm_sym.studies.request import Request, cells_given
from lstm_sym.studies.saving import Report
from lstm_sym.studies.selection import Choices, Given
from lstm_sym.studies.settings import Settings
from lstm_sym.studies.task import profile_from_the_ends, survey_from_the_ends

Result = TypeVar("Result")


def gradient_flow(
    cells: Given | Iterable[Given] = (),
    *,
    choices: Choices | None = None,
    input: Input | None = None,
    length: int | None = None,
    hidden: int = 64,
    lags: int | None = None,
    ends: int | None = None,
    seeds: int = 4,
    time_scale: float | None = None,
    weights: Weights | None = None,
    weights_cell: Target | None = None,
    weights_map: Table | None = None,
    weights_node: str | None = None,
    package: str | Opened | None = None,
    language: str = "en",
    everything: bool = True,
    paper: float | None = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    reporter: Callable[[str], Progress] = silent,
    cache: Cache = OFF,
    workers: int = 1,
) -> GradientFlow:
    """Measure how far back cells and networks feel their input, and why: `lstm-sym flow` from Python.

    The arguments are those of `study`; of `lags` there must be 3, since fewer fit no law of decay. time_scale: steps
    that the cells should remember, for the advice on the bias of the gate that keeps the state. everything: whether
    more is measured than the profiles: the map, the shares of the gates, spectra, bounds, advice; a page needs it.
    paper: a width in inches, 3.25 for a column of a journal, at which every figure is written as a PDF too.
    Of a network, or of the file of one, what it gives out is measured, and every layer below; weights: its trained
    parameters, by name or the file that holds them. Where no network is named they are those of a model of PyTorch,
    Keras or ONNX, whose layers are read off the file (`lstm_sym.interop`), `weights_node` the highest recurrent node
    of one of ONNX; or of `weights_cell`, by the table `weights_map`, which says which array is which parameter.
    package: one that ships a trained model, by its name or opened (`lstm_sym.shipped`); without an input it is measured
    over what its model reads in the real task, and its table says length, lags and ends where nothing else does.
    workers: the processes that share the models and the figures, on Linux; nothing that is found depends on them.

        found = ls.gradient_flow(["rnn", "lstm"], hidden=32, time_scale=100)
        print(found)                                  # the curves, and a memory card of each model
        found.surveys[1].spectrum.exponents[0]        # flow.Survey, one a model
        found.save("flow")                            # index.html, figures and data, flow.json

    A model that cannot be measured is left out, and `left_out` says why. Raises NothingMeasured where none is left,
    and what `study` raises.
    """
    opened = open_package(package, reporter(f"fetching {package}")) if isinstance(package, str) else package
    given = {"hidden": hidden, "lags": lags, "ends": ends, "seeds": seeds, "length": length}
    settings = _settings(given, opened)
    request = Request(
        () if (weights is not None or opened is not None) and not cells else cells_given(cells),
        _input(input, opened),
        settings,
        language,
        choices or {},
        time_scale,
        weights,
        weights_cell,
        weights_map,
        weights_node,
        opened,
        paper,
    )
    refuse_twice([*request.stems, *map(stem_of, request.both_ways)])
    place = None if output is None else GradientFlow.output(request, output, force=force)
    found = flow_of(request, reporter, everything=everything or place is not None, cache=cache, workers=workers)
    if place is not None:
        found.write(place)
    return found


def flow_of(
    request: Request,
    reporter: Callable[[str], Progress] = silent,
    *,
    everything: bool = True,
    cache: Cache = OFF,
    workers: int = 1,
) -> GradientFlow:
    """What `gradient_flow` finds for a request that is made already. Raises NothingMeasured."""
    gates, scale = _gates(request.cells, request.models), request.time_scale
    means = Means(cache, workers, reporter("measuring"))
    surveys, profiles, left_out = _measured(request, gates, means, everything)
    sides = _both_sides(request, reporter)
    if not profiles and not sides:
        raise NothingMeasured(request.sentences.text("flow.none"), [*left_out.values()])
    biases = () if scale is None else tuple(gate_bias(one.model, gates.get(one.model), scale) for one in profiles)
    return GradientFlow(request, tuple(profiles), tuple(surveys), biases, left_out, sides, means)


def _settings(given: Mapping[str, int | None], package: Opened | None) -> Settings:
    """The numbers that are given, then those of the package, then the usual ones."""
    own: dict[str, Any] = {} if package is None else package.package.settings
    return Settings(**own | {name: number for name, number in given.items() if number is not None})


def _input(given: Input | None, package: Opened | None) -> Input:
    """The input that is given, or what the model of the package reads, or the usual one."""
    if given is not None:
        return given
    return "japanese-vowels" if package is None else package.sequences


@dataclass(frozen=True, eq=False, repr=False)
class GradientFlow(Report):
    """What was measured of the flow of gradients; `str` of it is the tables and the biases for the time scale.

    Attributes:
        request: the cells, the input, the settings.
        profiles: the sensitivity by lag of each model that could be measured.
        surveys: everything that was measured of each; empty where not everything was asked for.
        biases: the bias of the gate that keeps the state, for the time scale asked for; empty without one.
        left_out: why a model could not be measured, by its label.
        sides: of each network that reads in both directions what it feels on both sides of a step.
        means: by what it was found, and is drawn.
        written: the files that were written, and removed.
    """

    COMMAND: ClassVar[str] = "flow"

    profiles: tuple[Profile, ...]
    surveys: tuple[Survey, ...]
    biases: tuple[GateBias, ...]
    left_out: Mapping[str, FlowError]
    sides: tuple[SensitivityMap, ...] = ()
    means: Means = NO_MEANS

    @property
    def reasons(self) -> list[FlowError]:
        """Why parts of models could not be measured; of whole models, see `left_out`."""
        return [error for one in self.surveys for error in one.left_out.values()]

    @property
    def document(self) -> Document:
        """The page; `lstm_sym.report` renders it. Raises StudyError where not everything was measured."""
        return self._page(None, self.request.sentences)

    def __str__(self) -> str:
        sentences = self.request.sentences
        parts = [] if self.request.package is None else ["\n".join(package_lines(self.request.package, sentences)), ""]
        parts += [] if self.request.model is None else ["\n".join(read_lines(self.request.model, sentences)), ""]
        if self.profiles:
            parts += [table(self.profiles, labels=table_labels(sentences)), ""]
            parts.append(memory_table(self._cards, labels=sentences.under("flow.memory")))
        if self.sides:
            parts += [""] * bool(self.profiles) + [sides_table(self.sides, self.request.settings.lags, sentences)]
        labels = sentences.under("flow.advice")
        return "\n".join([*parts, *(f"\n{bias.model}\n  {gate_text(bias, labels=labels)}" for bias in self.biases)])

    @cached_property
    def _cards(self) -> list[MemoryCard]:
        if self.surveys:
            return [one.card for one in self.surveys]
        return [kept_card(profile, self.means.cache) for profile in self.profiles]

    @classmethod
    def planned(cls, request: Request) -> list[str]:
        """Every file that it may come with, without the manifest."""
        return planned_files(request.stems, request.paper)

    def record(self, folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """What was measured, from what and with what, for JSON; with the command for the folder it goes into."""
        return record_of(self.request, self.profiles) | {
            "settings": asdict(self.request.settings) | {"time_scale": self.request.time_scale},
            "left_out": reasons(self.left_out, self.surveys),
            "time_scales": [asdict(bias) for bias in self.biases],
            **survey_record(self.surveys),
            "read": read_record(self.request.model),
            "package": package_record(self.request.package),
            "both_sides": sides_record(self.sides, self.request.settings.lags),
            "command": self.request.command(self.COMMAND, folder),
            "versions": versions(),
        }

    def files(self, folder: str | os.PathLike[str]) -> dict[str, bytes]:
        """Every file by its name: the page, figures with their data, tables. Raises StudyError as `document` does."""
        return {"index.html": html_page(*self.pages(folder)).encode("utf-8"), **self.beside}

    def pages(self, folder: str | os.PathLike[str]) -> list[Document]:
        """The page in every language, that of the request first, with the command for the folder it goes into."""
        return [self._page(folder, Sentences(one)) for one in in_order(self.request.language)]

    @property
    def beside(self) -> dict[str, bytes]:
        """What the page comes with: figures with their data, tables."""
        return {**self._pictures.files, **tables(self._by_stem)}

    def _page(self, folder: str | os.PathLike[str] | None, sentences: Sentences) -> Document:
        left_out, command = [*self.left_out.values()], self.request.command(self.COMMAND, folder)
        return flow_document(self.request, self._by_stem, self.sides, left_out, self._pictures, command, sentences)

    @property
    def _by_stem(self) -> dict[str, Survey]:
        if not self.surveys and not self.sides:
            raise StudyError(
                "gradient flow",
                "a page is asked for, and the profiles alone were measured",
                "everything=False",
                "measure with everything=True",
            )
        stems = dict(zip((model.label for model in self.request.models), self.request.stems, strict=True))
        return {stems[one.model.label]: one for one in self.surveys}

    @cached_property
    def _pictures(self) -> Pictures:
        surveys, request = self._by_stem, self.request
        shown = [(stem, one.profile, one.measured.found) for stem, one in surveys.items()]
        decided_by = [shown, self.sides, request.settings, request.language, request.paper]

        def drawn() -> Pictures:
            figures = figures_of(surveys, self.sides, request)
            return Pictures.of(figures, request.language, request.paper, self.means.workers)

        return self.means.cache.result("figures", decided_by, drawn, [Pictures, Shown])


def _both_sides(request: Request, reporter: Callable[[str], Progress]) -> tuple[SensitivityMap, ...]:
    """What networks that read in both directions feel before and after a step."""
    networks, told = request.both_ways, reporter("measuring both sides") if request.both_ways else silent("")
    return tuple(
        both_sides(network, request.stream.values, request.settings, request.trained, part_of(told, k, len(networks)))
        for k, network in enumerate(networks)
    )


def _measured(
    request: Request, gates: Mapping[str, TimeScale], means: Means, everything: bool
) -> tuple[list[Survey], list[Profile], dict[str, FlowError]]:
    """The surveys, where everything is wanted; the profiles; and why a model has none, by its label."""
    at_ends = [model for model in request.models if _is_measured_from_the_ends(model, request)]
    others = [model for model in request.models if model not in at_ends]
    own, left_out = attempted(at_ends, lambda model, progress: _from_the_ends(request), means.progress)
    if not everything:
        profiles, reasons = flow_profiles(others, request, means)
        return [], _in_order(own | profiles, request), left_out | reasons
    found, reasons = flow_surveys(others, request, gates, means)
    surveys = {
        model.label: survey_found(model, request, found[model.label]) for model in others if model.label in found
    }
    for model in at_ends:
        if model.label in own:
            surveys[model.label] = survey_from_the_ends(model, own[model.label], request.time_scale)
    ordered = _in_order(surveys, request)
    return ordered, [one.profile for one in ordered], left_out | reasons


def _in_order(found: Mapping[str, Result], request: Request) -> list[Result]:
    """What was found by label, in the order of the models."""
    return [found[model.label] for model in request.models if model.label in found]


def _is_measured_from_the_ends(model: Model, request: Request) -> bool:
    return request.answers_at_the_end and model.label == request.networks[0].name


def _from_the_ends(request: Request) -> Profile:
    """The profile of a package whose model answers at the end of each sequence."""
    package = request.package
    assert package is not None and package.read.readout is not None
    model = package.model
    return profile_from_the_ends(model.network, model.params, package.sequences, package.read.readout, request.settings)


def _gates(cells: Sequence[Cell], models: Sequence[Model]) -> dict[str, TimeScale]:
    """The gate that keeps the state of a model, by its label, where one does."""
    by_kernel = {cell.content_hash: cell for cell in cells}
    hashes = {model.label: model.kernel.CONTENT_HASH for model in models}
    found = {label: _gate(by_kernel[own]) for label, own in hashes.items() if own in by_kernel}
    return {label: gate for label, gate in found.items() if gate is not None}


def _gate(cell: Cell) -> TimeScale | None:
    """The gate that keeps the state of a cell, None where none does."""
    try:
        return time_scale(cell)
    except FlowError:
        return None
