"""Everything that is measured of a model at once: what a page about its gradient flow shows.

    for survey in flow.survey(models, x, hidden=64, lags=60, ends=50, seeds=range(4)):
        print(survey.card.model, survey.spectrum.exponents[0])
        survey.save("out", "lstm")

The profile, the memory card and the advice are over all draws of the parameters; all else is of the first draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from lstm_sym.flow.advice.summary import Advice, Gate, advise
from lstm_sym.flow.attribution.gates import gate_values
from lstm_sym.flow.attribution.pathways import carried_state
from lstm_sym.flow.attribution.shares import Shares, gate_shares
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.memory.card import MemoryCard, memory_card
from lstm_sym.flow.profiles.experiment import Model, recorded, run
from lstm_sym.flow.profiles.maps import TimeMap, time_map
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.profiles.sensitivity import state_sensitivity
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum, lyapunov
from lstm_sym.flow.theory.forget_gates import gate_product
from lstm_sym.flow.theory.overlay import Overlay
from lstm_sym.flow.theory.pascanu import path_bound
from lstm_sym.ground.progress import Progress, part_of

Result = TypeVar("Result")
STAGES = 5


@dataclass(frozen=True, eq=False)
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

    @property
    def left_out(self) -> dict[str, FlowError]:
        """What could not be measured, by the name of its attribute, and why."""
        parts = {name: getattr(self, name) for name in ("kept", "map", "spectrum", "shares", "gates")}
        return {name: part for name, part in parts.items() if isinstance(part, FlowError)}

    def save(
        self, folder: str | Path, stem: str, labels: Mapping[str, Mapping[str, str]] | None = None
    ) -> dict[str, list[Path]]:
        """Draw its figures, STEM.fan, .map, .shares and .saturation as .svg, .png and .csv: {"fan": paths, ...}.

        labels: for each figure other words for its `LABELS`, and under "theory" the labels of its curves in the fan, by
        kind: {"bound": ..., "prediction": "product of the gates of {state}"}. Raises FlowError as the figures do.
        """
        from lstm_sym.flow.plots.heatmap import save_heat_map
        from lstm_sym.flow.plots.saturation import save_saturation
        from lstm_sym.flow.plots.shares import save_shares

        words, drawn = labels or {}, self._save_fan(folder, stem, labels or {})
        if not isinstance(self.map, FlowError):
            drawn["map"] = save_heat_map(self.map, folder, f"{stem}.map", labels=words.get("map"))
        if not isinstance(self.shares, FlowError) and len(self.shares.names) > 1:
            drawn["shares"] = save_shares(self.shares, folder, f"{stem}.shares", labels=words.get("shares"))
        if not isinstance(self.gates, FlowError):
            gates = {name: values for name, values in self.gates.items() if values.max() <= 1}
            name, how = f"{stem}.saturation", words.get("saturation")
            drawn["saturation"] = save_saturation(gates, folder, name, model=self.model.label, labels=how)
        return drawn

    def _save_fan(
        self, folder: str | Path, stem: str, labels: Mapping[str, Mapping[str, str]]
    ) -> dict[str, list[Path]]:
        from lstm_sym.flow.plots.fan import save_fan

        if isinstance(self.kept, FlowError):
            return {}
        named, state = labels.get("theory", {}), self.kept.output
        label = {kind: text.format(state=state) for kind, text in named.items()}
        theory = [replace(law, label=label.get(law.kind, law.label)) for law in self.theory]
        return {"fan": save_fan(self.kept, folder, f"{stem}.fan", theory=theory, labels=labels.get("fan"))}


def survey(
    models: Iterable[Model],
    stream: Any,
    *,
    hidden: int = 64,
    lags: int = 60,
    ends: int = 50,
    seeds: Sequence[int] = (0,),
    gates: Mapping[str, Gate] | None = None,
    time_scale: float | None = None,
    progress: Progress | None = None,
) -> list[Survey]:
    """Measure everything of each model over a stream; the arguments are those of `run`.

    gates, time_scale: as in `advise`, for the bias of the gate that keeps the state.
    Raises FlowError as `run`, the memory card and the advice do; any other measure that is refused is left out.
    """
    models = list(models)
    half = [None if progress is None else part_of(progress, index, 2) for index in range(2)]
    profiles = run(models, stream, hidden=hidden, lags=lags, ends=ends, seeds=seeds, progress=half[0])
    advice = advise(profiles, gates=gates, time_scale=time_scale)
    found = []
    for index, (model, profile, advised) in enumerate(zip(models, profiles, advice, strict=True)):
        told = None if half[1] is None else part_of(half[1], index, len(models))
        trajectory = recorded(model, stream, hidden, seeds[0])
        found.append(_of_one(model, profile, advised, trajectory, lags, ends, told))
    return found


def _of_one(
    model: Model,
    profile: Profile,
    advice: Advice,
    trajectory: Trajectory,
    lags: int,
    ends: int,
    progress: Progress | None,
) -> Survey:
    """The measures of one run, in the order of what they cost."""
    stages = list(_stages(progress))
    state = carried_state(trajectory, model.output)
    first, last = max(0, len(trajectory) - lags - 1), len(trajectory) - 1
    how: Any = {"lags": lags, "ends": min(ends, len(trajectory) - lags)}
    kept: Any = how | {"output": state, "source": state, "norm": "spectral", "progress": stages[0]}
    theory = (
        _or_why(lambda: path_bound(trajectory, progress=stages[1], **how)),
        _or_why(lambda: gate_product(trajectory, state=state, **how).overlay("spectral")),
    )
    return Survey(
        model,
        profile,
        memory_card(profile),
        advice,
        _or_why(lambda: state_sensitivity(trajectory, **kept)),
        tuple(law for law in theory if not isinstance(law, FlowError)),
        _or_why(lambda: _map(model, trajectory, first, stages[2])),
        _or_why(lambda: lyapunov(trajectory, progress=stages[3])),
        _or_why(lambda: gate_shares(trajectory, first=first + 1, last=last, progress=stages[4])),
        _or_why(lambda: gate_values(trajectory)),
    )


def _map(model: Model, trajectory: Trajectory, first: int, progress: Progress | None) -> TimeMap:
    """The map of the last steps: of the output against the input, of the state against itself without one."""
    output = trajectory.output(model.output)
    source = output if model.is_autonomous else "x"
    return time_map(trajectory, first=first, output=output, source=source, progress=progress)


def _or_why(measure: Callable[[], Result]) -> Result | FlowError:
    try:
        return measure()
    except FlowError as error:
        return error


def _stages(progress: Progress | None) -> Iterator[Progress | None]:
    """The progress of one measure after the other."""
    for index in range(STAGES):
        yield None if progress is None else part_of(progress, index, STAGES)
