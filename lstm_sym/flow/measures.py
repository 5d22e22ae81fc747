"""The table of measures: what `flow` offers by name, and what a survey measures of every model and draws.

A measure of one's own is a file that measures (draws, and says it in text), its names among the imports and in __all__,
and, where a survey shall run it and the page show it, a row of SURVEYED. The sentences of the page stand in
document/strings_flow.toml under flow.FIGURE: title, caption, and the labels of the figure; the title of its section
under flow.section.FIGURE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from lstm_sym.flow.advice.precision import (
    PrecisionHorizon,
    RoundedGradient,
    loss_scale,
    precision_horizon,
    rounded_gradient,
    scale_to_reach,
)
from lstm_sym.flow.advice.summary import Advice, advice_text, advise
from lstm_sym.flow.advice.truncation import Truncation, TruncationError, bias_curve, truncation_error, truncation_length
from lstm_sym.flow.attribution.gates import gate_values, log_gates
from lstm_sym.flow.attribution.pathways import Paths, carried_state, paths
from lstm_sym.flow.attribution.shares import Shares, gate_shares
from lstm_sym.flow.attribution.unfolding import Unfolded, unfold
from lstm_sym.flow.drawing.colours import GateColour, gate_colours
from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.memory.card import Estimate, MemoryCard, memory_card, memory_table
from lstm_sym.flow.memory.decay import Decay, fit_decay
from lstm_sym.flow.memory.laws import Law
from lstm_sym.flow.plots.curves import Curve, Frame, save_curves, save_panels
from lstm_sym.flow.plots.fan import fan_drawing, save_fan
from lstm_sym.flow.plots.heatmap import heat_map_drawing, save_heat_map
from lstm_sym.flow.plots.profiles import save_profile_figure
from lstm_sym.flow.plots.saturation import is_saturated, saturation_drawing, save_saturation
from lstm_sym.flow.plots.shares import save_shares, shares_drawing
from lstm_sym.flow.plots.spectra import save_singular_values, save_spectra
from lstm_sym.flow.plots.text import heat_map_text, spectrum_text, unfolded_text
from lstm_sym.flow.plots.unfolded import save_unfolded
from lstm_sym.flow.profiles.experiment import Model, recorded, run
from lstm_sym.flow.profiles.maps import TimeMap, time_map
from lstm_sym.flow.profiles.noise import SignalToNoise, signal_to_noise
from lstm_sym.flow.profiles.parameters import Contributions, contributions
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.profiles.sensitivity import input_sensitivity, state_sensitivity
from lstm_sym.flow.profiles.tables import table
from lstm_sym.flow.profiles.units import UnitProfiles, unit_sensitivity
from lstm_sym.flow.runs.feedback import closed_loop
from lstm_sym.flow.runs.trajectory import Trajectory, record
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum, growth_rates, lyapunov
from lstm_sym.flow.spectra.singular import SingularSpectrum, singular_spectrum
from lstm_sym.flow.theory.forget_gates import gate_product
from lstm_sym.flow.theory.overlay import Overlay
from lstm_sym.flow.theory.pascanu import path_bound
from lstm_sym.ground.progress import Progress, reporter
from lstm_sym.kernels import Kernel

__all__ = [
    "Advice",
    "Contributions",
    "Curve",
    "Decay",
    "Estimate",
    "FlowError",
    "Frame",
    "GateColour",
    "Kernel",
    "Law",
    "Look",
    "LyapunovSpectrum",
    "MemoryCard",
    "Model",
    "Paths",
    "PrecisionHorizon",
    "Profile",
    "RoundedGradient",
    "Shares",
    "SignalToNoise",
    "SingularSpectrum",
    "TimeMap",
    "Trajectory",
    "Truncation",
    "TruncationError",
    "Unfolded",
    "UnitProfiles",
    "advice_text",
    "advise",
    "bias_curve",
    "carried_state",
    "closed_loop",
    "contributions",
    "fit_decay",
    "gate_colours",
    "gate_shares",
    "gate_values",
    "growth_rates",
    "heat_map_text",
    "input_sensitivity",
    "log_gates",
    "loss_scale",
    "lyapunov",
    "memory_card",
    "memory_table",
    "paths",
    "precision_horizon",
    "record",
    "recorded",
    "reporter",
    "rounded_gradient",
    "run",
    "save_curves",
    "save_fan",
    "save_heat_map",
    "save_panels",
    "save_profile_figure",
    "save_saturation",
    "save_shares",
    "save_singular_values",
    "save_spectra",
    "save_unfolded",
    "scale_to_reach",
    "signal_to_noise",
    "singular_spectrum",
    "spectrum_text",
    "state_sensitivity",
    "table",
    "time_map",
    "truncation_error",
    "truncation_length",
    "unfold",
    "unfolded_text",
    "unit_sensitivity",
]

Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, eq=False)
class Measured:
    """What a measure of a survey is given: the model, its run, and how far back to look.

    Attributes:
        model, trajectory: the model and the run of its first draw.
        state: the one that its own equation carries on (c of the LSTM), else the output.
        lags, ends: the lags, and how many end points.
        found: what the rows above found, by name.
    """

    model: Model
    trajectory: Trajectory
    state: str
    lags: int
    ends: int
    found: dict[str, Any]

    @property
    def window(self) -> tuple[int, int]:
        """The first and the last of the last steps, as many as there are lags and one."""
        return max(0, len(self.trajectory) - self.lags - 1), len(self.trajectory) - 1


class Wanted(NamedTuple):
    """How the figures of a model are drawn.

    Attributes:
        words: of each figure; under "theory" the labels of its curves.
        colour: of the model, on white; "" for its own.
        limits: of the colours of the map, in log10; None for its own.
    """

    words: Labels = MappingProxyType({})
    colour: str = ""
    limits: tuple[float, float] | None = None


class Surveyed(NamedTuple):
    """A row: a measure, and the figure that is drawn of what it found.

    Attributes:
        measure: what it finds; a FlowError it raises is kept in its place, and says why.
        figure: the name in STEM.figure.svg and in the sentences flow.figure; "" for what is not drawn for itself.
        drawing: the figure, given what was measured and how it is wanted; None where there is nothing to see.
    """

    measure: Callable[[Measured, Progress | None], Any]
    figure: str = ""
    drawing: Callable[[Measured, Wanted], Drawing | None] = lambda *_: None


def _kept(of: Measured, progress: Progress | None) -> Profile:
    how: Any = {"output": of.state, "source": of.state, "norm": "spectral"}
    return state_sensitivity(of.trajectory, lags=of.lags, ends=of.ends, progress=progress, **how)


def _theory(of: Measured, progress: Progress | None) -> tuple[Overlay, ...]:
    """What theory says of `kept`, as far as it says anything."""
    how: Any = {"lags": of.lags, "ends": of.ends}
    found: list[Overlay] = []
    with suppress(FlowError):
        found.append(path_bound(of.trajectory, progress=progress, **how))
    with suppress(FlowError):
        found.append(gate_product(of.trajectory, state=of.state, **how).overlay("spectral"))
    return tuple(found)


def _map(of: Measured, progress: Progress | None) -> TimeMap:
    """The map of the last steps: of the output against the input, of the state against itself without one."""
    output, readout = of.model.output, of.model.readout
    source = of.trajectory.output(output) if of.model.is_autonomous else "x"
    how: Any = {"output": output, "readout": readout, "source": source, "progress": progress}
    return time_map(of.trajectory, first=of.window[0], **how)


def _shares(of: Measured, progress: Progress | None) -> Shares:
    first, last = of.window
    return gate_shares(of.trajectory, first=first + 1, last=last, progress=progress)


def _fan(of: Measured, wanted: Wanted) -> Drawing:
    """The sensitivity of the state that is kept, and the curves of theory, named by their kind."""
    kept, named = of.found["kept"], wanted.words.get("theory", {})
    label = {kind: text.format(state=kept.output) for kind, text in named.items()}
    theory = [replace(law, label=label.get(law.kind, law.label)) for law in of.found["theory"]]
    return fan_drawing(kept, theory=theory, labels=wanted.words.get("fan"), colour=wanted.colour)


def _heat_map(of: Measured, wanted: Wanted) -> Drawing:
    return heat_map_drawing(of.found["map"], limits=wanted.limits, labels=wanted.words.get("map"))


def _areas(of: Measured, wanted: Wanted) -> Drawing | None:
    """The shares, where the flow enters by more than one equation."""
    shares = of.found["shares"]
    return shares_drawing(shares, labels=wanted.words.get("shares")) if len(shares.names) > 1 else None


def _rings(of: Measured, wanted: Wanted) -> Drawing | None:
    """The gates that are shares of something, where any is ever open or closed: an exponential one knows no 1."""
    gates = {name: values for name, values in of.found["gates"].items() if values.max() <= 1}
    if not any(map(is_saturated, gates.values())):
        return None
    return saturation_drawing(gates, model=of.model.label, labels=wanted.words.get("saturation"))


SURVEYED: dict[str, Surveyed] = {
    "kept": Surveyed(_kept, "fan", _fan),
    "theory": Surveyed(_theory),
    "map": Surveyed(_map, "map", _heat_map),
    "spectrum": Surveyed(lambda of, progress: lyapunov(of.trajectory, progress=progress)),
    "shares": Surveyed(_shares, "shares", _areas),
    "gates": Surveyed(lambda of, _: gate_values(of.trajectory), "saturation", _rings),
}
"""What a survey measures of every model, in this order."""
