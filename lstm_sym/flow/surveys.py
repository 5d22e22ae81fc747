"""Everything that is measured of a model at once: what a page about its gradient flow shows.

    for survey in flow.survey(models, x, hidden=64, lags=60, ends=50, seeds=range(4)):
        print(survey.card.model, survey.spectrum.exponents[0])
        survey.save("out", "lstm")

The profile, the memory card and the advice are over all draws of the parameters; all else is of the first draw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_sym.flow.advice.summary import Advice, advise
from lstm_sym.flow.attribution.pathways import carried_state
from lstm_sym.flow.attribution.shares import Shares
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.measures import SURVEYED, Labels, Measured, Wanted
from lstm_sym.flow.memory.card import MemoryCard, memory_card
from lstm_sym.flow.plots.saturation import is_saturated
from lstm_sym.flow.profiles.experiment import Model, recorded, run
from lstm_sym.flow.profiles.maps import TimeMap
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum
from lstm_sym.flow.theory.chrono import TimeScale
from lstm_sym.flow.theory.overlay import Overlay
from lstm_sym.ground.progress import Progress, part_of, tell


@dataclass(frozen=True, eq=False, repr=False)
class Survey:
    """What was measured of one model. What cannot be measured of it is the FlowError that says why.

    Attributes:
        model: the model.
        profile: the sensitivity by lag, all draws.
        card, advice: what follows from it.
        kept: ||d s[T] / d s[T-lag]||, spectral, of the state that its own equation carries on (c of the LSTM).
        theory: what theory says about `kept`: the bound along the path, the product of the gates; what there is of it.
        map: the map of all pairs of the last steps.
        spectrum: the Lyapunov spectrum along the whole run.
        shares: the shares of the gates in the last steps.
        gates: the gates at every step, {"i": (T, 1, N)}.
        measured: all that the rows of the table found, those above among it: `measured.found["map"]`.
    """

    model: Model
    profile: Profile
    card: MemoryCard
    advice: Advice
    kept: Profile | FlowError
    theory: tuple[Overlay, ...]
    map: TimeMap | FlowError
    spectrum: LyapunovSpectrum | FlowError
    shares: Shares | FlowError
    gates: Mapping[str, Array] | FlowError
    measured: Measured

    def __repr__(self) -> str:
        found = [name for name in self.measured.found if name not in self.left_out]
        return f"<Survey of {self.model.label}: {', '.join(['profile', *found])}>"

    @property
    def left_out(self) -> dict[str, FlowError]:
        """What could not be measured, by the name of its row, and why."""
        return {name: part for name, part in self.measured.found.items() if isinstance(part, FlowError)}

    @property
    def has_saturated_gates(self) -> bool:
        """Whether any unit of a gate that lies between 0 and 1 is open or closed so often that it is shown."""
        gates = {} if isinstance(self.gates, FlowError) else self.gates
        return any(values.max() <= 1 and is_saturated(values) for values in gates.values())

    def drawings(self, wanted: Wanted) -> dict[str, Drawing]:
        """Its figures, to be written: {"fan": ..., "map": ..., "shares": ..., "saturation": ...}, what there is to see.

        Raises FlowError as the figures do.
        """
        drawn = {row.figure: self.drawing(row.figure, wanted) for row in SURVEYED.values() if row.figure}
        return {figure: drawing for figure, drawing in drawn.items() if drawing is not None}

    def drawing(self, figure: str, wanted: Wanted) -> Drawing | None:
        """One of its figures by name; None where there is nothing to see. Raises FlowError as the figure does."""
        ((name, row),) = ((name, row) for name, row in SURVEYED.items() if row.figure == figure)
        return None if name in self.left_out else row.drawing(self.measured, wanted)

    def save(
        self, folder: str | Path, stem: str, labels: Labels | None = None, look: Look | None = None
    ) -> dict[str, list[Path]]:
        """Write its figures, STEM.fan, .map, .shares and .saturation as .svg, .png and .csv: {"fan": paths, ...}.

        labels: for each figure other words for its `LABELS`, and under "theory" the labels of its curves in the fan, by
        kind: {"bound": ..., "prediction": "product of the gates of {state}"}. Raises FlowError as the figures do.
        """
        drawn = self.drawings(Wanted(labels or {}))
        return {figure: drawing.save(folder, f"{stem}.{figure}", look) for figure, drawing in drawn.items()}


def survey(
    models: Iterable[Model],
    stream: Any,
    *,
    hidden: int = 64,
    lags: int = 60,
    ends: int = 50,
    seeds: Sequence[int] = (0,),
    gates: Mapping[str, TimeScale] | None = None,
    time_scale: float | None = None,
    progress: Progress | None = None,
) -> list[Survey]:
    """Measure everything of each model over a stream; the arguments are those of `run`.

    gates, time_scale: as in `advise`, for the bias of the gate that keeps the state.
    Raises FlowError as `run`, the memory card and the advice do; any other measure that is refused is left out.
    """
    models = list(models)
    profiles = run(models, stream, hidden=hidden, lags=lags, ends=ends, seeds=seeds, progress=part_of(progress, 0, 2))
    advice = advise(profiles, gates=gates, time_scale=time_scale)
    found = []
    for index, (model, profile, advised) in enumerate(zip(models, profiles, advice, strict=True)):
        measured = to_be_measured(model, stream, hidden=hidden, lags=lags, ends=ends, seed=seeds[0])
        _measure(measured, part_of(part_of(progress, 1, 2), index, len(models)))
        found.append(survey_of(measured, profile, memory_card(profile), advised))
    return found


def to_be_measured(model: Model, stream: Any, *, hidden: int, lags: int, ends: int, seed: int) -> Measured:
    """The run of a model that a survey measures, with nothing found yet. Raises FlowError as `recorded` does."""
    trajectory = recorded(model, stream, hidden, seed)
    state, most = carried_state(trajectory, model.output), min(ends, len(trajectory) - lags)
    return Measured(model, trajectory, state, lags, most, {})


def survey_of(measured: Measured, profile: Profile, card: MemoryCard, advice: Advice) -> Survey:
    """The survey of what was found."""
    named = {name: measured.found[name] for name in ("kept", "theory", "map", "spectrum", "shares", "gates")}
    return Survey(measured.model, profile, card, advice, measured=measured, **named)


def _measure(measured: Measured, progress: Progress | None) -> None:
    """Fill in what each row of the table finds, or why it finds nothing."""
    for index, (name, row) in enumerate(SURVEYED.items()):
        told = part_of(progress, index, len(SURVEYED))
        try:
            measured.found[name] = row.measure(measured, told)
        except FlowError as error:
            measured.found[name] = error
        tell(told, 1, 1)
