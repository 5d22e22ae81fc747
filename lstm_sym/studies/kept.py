"""What is measured once and kept: profiles and surveys, by the model, the input and the settings that decide them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from lstm_sym.equations.cell import Cell
from lstm_sym.flow import (
    Advice,
    Estimate,
    FlowError,
    LyapunovSpectrum,
    MemoryCard,
    Model,
    PrecisionHorizon,
    Profile,
    Shares,
    Survey,
    TimeMap,
    Truncation,
    memory_card,
    run,
    survey,
)
from lstm_sym.flow.advice.summary import GateBias
from lstm_sym.flow.surveys import survey_of, to_be_measured
from lstm_sym.flow.theory.chrono import TimeScale
from lstm_sym.flow.theory.overlay import Overlay
from lstm_sym.ground.cache import OFF, Cache
from lstm_sym.ground.progress import Progress, part_of, silent
from lstm_sym.studies.measurement import attempted, models_of
from lstm_sym.studies.request import Request

Result = TypeVar("Result")
Models = Sequence[Model]
Reasons = dict[str, FlowError]

OF_CARDS = (MemoryCard, Estimate)
OF_SURVEYS = (
    *(Profile, Advice, Truncation, PrecisionHorizon, GateBias, *OF_CARDS),
    *(Overlay, TimeMap, LyapunovSpectrum, Shares, FlowError),
)
"""The classes of what a survey finds."""


def profiles_of(request: Request, cache: Cache, progress: Progress) -> tuple[Profile, ...]:
    """The profiles of the models of each cell, in their order. Raises FlowError as `flow.run` does."""
    stream, settings, found = request.stream, request.settings, list[Profile]()

    def measured(cell: Cell, told: Progress | None) -> list[Profile]:
        models = models_of([cell], stream.values.shape[1], settings.hidden)
        return run(models, stream, progress=told, **settings.how)

    for place, cell in enumerate(request.cells):
        told = part_of(progress, place, len(request.cells))
        decided_by = [cell, stream.values, settings.how]
        found += cache.result("profiles", decided_by, lambda: measured(cell, told), [Profile])  # noqa: B023
    return tuple(found)


def kept_card(profile: Profile, cache: Cache) -> MemoryCard:
    """The memory card of a profile."""
    return cache.result("card", profile, lambda: memory_card(profile), OF_CARDS)


class Means(NamedTuple):
    """By what results are found: a cache, processes that share the work, one that is told how far it is."""

    cache: Cache = OFF
    workers: int = 1
    progress: Progress = silent("")


NO_MEANS = Means()
"""Nothing is kept, one process works, and nobody is told."""
Found = tuple[Profile, MemoryCard, Advice, dict[str, Any]]
"""What a survey has found, apart from the run that it was found of."""


def flow_profiles(models: Models, request: Request, means: Means) -> tuple[dict[str, Profile], Reasons]:
    """The profile of each model, and why another has none, by label."""

    def measured(model: Model, progress: Progress | None) -> Profile:
        return run([model], request.stream, progress=progress, **request.settings.how)[0]

    return _kept("profile", {model.label: (model, None) for model in models}, measured, request, means)


def flow_surveys(
    models: Models, request: Request, gates: Mapping[str, TimeScale], means: Means
) -> tuple[dict[str, Found], Reasons]:
    """What a survey finds of each model, and why it finds nothing of another, by label."""

    def measured(model: Model, progress: Progress | None) -> Found:
        own: Any = {label: gate for label, gate in gates.items() if label == model.label}
        how: Any = {"gates": own, "time_scale": request.time_scale, **request.settings.how}
        [found] = survey([model], request.stream, progress=progress, **how)
        return found.profile, found.card, found.advice, found.measured.found

    # A gate has expressions of SymPy; its text tells it.
    aims = {model.label: (model, repr(gates.get(model.label)), request.time_scale) for model in models}
    return _kept("survey", aims, measured, request, means)


def _kept(
    kind: str,
    wanted: Mapping[str, tuple[Any, ...]],
    measure: Callable[[Model, Progress | None], Result],
    request: Request,
    means: Means,
) -> tuple[dict[str, Result], Reasons]:
    """What was kept, and what is measured now; the models come first in what decides their results, by label."""
    decided_by = {label: [aim, request.stream.values, request.settings.how] for label, aim in wanted.items()}
    kept = {label: means.cache.find(kind, decided_by[label], OF_SURVEYS) for label in wanted}
    missing = [model for label, (model, *_) in wanted.items() if kept[label] is None]
    measured, left_out = attempted(missing, measure, means.progress, means.workers)
    for label, found in measured.items():
        means.cache.keep(kind, decided_by[label], found)
    every = kept | measured
    return {label: found for label, found in every.items() if found is not None}, left_out


def survey_found(model: Model, request: Request, found: Found) -> Survey:
    """The survey of what was found, with its run, made again."""
    profile, card, advice, parts = found
    how = request.settings.how
    how["seed"] = how.pop("seeds")[0]
    measured = to_be_measured(model, request.stream, **how)
    measured.found.update(parts)
    return survey_of(measured, profile, card, advice)
