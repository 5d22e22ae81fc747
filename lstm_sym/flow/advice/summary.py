"""All advice on a model in one place, as sentences and as rows.

    gates = {"LSTM": theory.time_scale(ls.cell("lstm"))}
    for advice in flow.advise(profiles, gates=gates, time_scale=100):
        print(flow.advice_text(advice))

The sentences are templates (`SENTENCES`), so that they can be in any language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lstm_sym.flow.advice.formats import FORMATS
from lstm_sym.flow.advice.precision import PrecisionHorizon, loss_scale, precision_horizon
from lstm_sym.flow.advice.truncation import Truncation, truncation_length
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.theory.chrono import TimeScale
from lstm_sym.flow.translation import translated
from lstm_sym.ground.numbers import plain

BIASES = (0.1, 0.01)

SENTENCES = {
    "title": "{model}",
    "truncation": "To lose at most about {bias} of the gradient, propagate back {length} lags{interval}.",
    "interval": " ({low} to {high})",
    "extrapolated": "That is beyond the {measured} lags measured, by the {law} that they end in: a model, and no data.",
    "modelled": "Of the sum over all lags {tail} lies beyond the {measured} measured, by the {law} that they end in: "
    "a model, and no data.",
    "unbounded": "No truncation length keeps the loss below {bias}: by the {law} measured, the sum over all lags "
    "diverges. What lies beyond the {measured} lags measured is a model, and no data.",
    "too_long": "No truncation length below 2^40 keeps the loss below {bias}, by the {law} measured. What lies beyond "
    "the {measured} lags measured is a model, and no data.",
    "truncation_unknown": "For a loss of at most {bias} no length can be told: the profile has not settled within "
    "{measured} lags and follows no law clearly. Measure more lags.",
    "foretold": " (Beyond the {measured} lags measured by the {law} that they end in: a model, and no data.)",
    "dies": "In {format} a gradient component of {magnitude} at lag 0 loses precision at lag {subnormal}, and from "
    "about lag {zero} on it vanishes or sticks at the smallest number.",
    "lives": "In {format} a gradient component of {magnitude} at lag 0 never dies.",
    "precision_unknown": "In {format} a gradient component of {magnitude} at lag 0 is still there after {measured} "
    "lags; how much longer the profile cannot tell.",
    "overflows": "In {format} it overflows at lag {overflow}.",
    "scaled": "A loss scale of 2^{scale} is the largest that {format} holds; with it precision is lost at lag "
    "{subnormal}.",
    "gate_bias": "For a time scale of {time_scale} steps set {name} = {bias} (chrono, Tallec & Ollivier 2018).",
    "no_gate": "No bias sets a time scale of {time_scale} steps: no gate of one bias keeps the state.",
    "out_of_reach": "No {name} sets a time scale of {time_scale} steps: it is beyond the reach of the gate.",
    "exponential": "exponential law",
    "power law": "power law",
    "shifted power law": "shifted power law",
    "stretched exponential": "stretched exponential",
    "never": "∞",
    "unknown": "?",
}


@dataclass(frozen=True)
class GateBias:
    """The bias of the gate that keeps the state, for a time scale.

    Attributes:
        model: its label.
        time_scale: the steps that the cell is wanted to remember.
        name, value: the bias that makes it so, as "b_f", and its value; None for a cell that no gate keeps. The value
            alone is None where no value gives it, as beside a factor of 0.9, which keeps no state longer than 10 steps.
    """

    model: str
    time_scale: float
    name: str | None
    value: float | None


@dataclass(frozen=True)
class Advice:
    """What follows from the profile of a model.

    Attributes:
        model: its label.
        truncations: the truncation length for each bias asked for.
        precision: the horizons of each format, without a loss scale.
        scaled: those of float16 with the largest loss scale.
        gate: the bias for the time scale asked for; None where none was asked for.
    """

    model: str
    truncations: tuple[Truncation, ...]
    precision: tuple[PrecisionHorizon, ...]
    scaled: PrecisionHorizon
    gate: GateBias | None

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows for JSON or CSV: of each truncation, each format, the scaled format, the gate's bias."""
        parts: dict[str, Sequence[Any]] = {"truncation": self.truncations, "precision": (*self.precision, self.scaled)}
        parts["gate bias"] = [] if self.gate is None else [self.gate]
        rows = [{"advice": kind, **asdict(part)} for kind, of_kind in parts.items() for part in of_kind]
        return [{name: plain(value) for name, value in row.items()} for row in rows]


def advise(
    profiles: Sequence[Profile],
    *,
    gates: Mapping[str, TimeScale] | None = None,
    biases: Sequence[float] = BIASES,
    formats: Sequence[str] = tuple(FORMATS),
    magnitude: float = 1.0,
    time_scale: float | None = None,
    resamples: int = 1000,
) -> list[Advice]:
    """The advice for each profile, in their order.

    gates: for the models whose state a gate keeps, by label, what `theory.time_scale` derives from the cell.
    biases: shares of the gradient that may be lost by truncation. magnitude: of a gradient component at lag 0.
    time_scale: the steps that the cells are wanted to remember, above 1.

    Raises FlowError: no profile, gates of a model that is none, and what the measures and the gates refuse.
    """
    if not profiles:
        raise FlowError("advise", "no profile", "a selection that is empty", "measure at least one model")
    gates = gates or {}
    unknown = [label for label in gates if label not in {profile.model for profile in profiles}]
    if unknown:
        known = ", ".join(profile.model for profile in profiles)
        raise FlowError("advise, gates", f"no model {unknown[0]!r}", "another label", f"give those of {known}")
    return [
        Advice(
            profile.model,
            tuple(truncation_length(profile, share, resamples=resamples) for share in biases),
            tuple(precision_horizon(profile, name, magnitude=magnitude) for name in formats),
            loss_scale(profile, "float16", magnitude=magnitude),
            None if time_scale is None else gate_bias(profile.model, gates.get(profile.model), time_scale),
        )
        for profile in profiles
    ]


def gate_bias(model: str, gate: TimeScale | None, time_scale: float) -> GateBias:
    """The bias for a time scale in steps, above 1; without one where no gate keeps it, or none so long."""
    if gate is None:
        return GateBias(model, time_scale, None, None)
    is_beyond = time_scale > 1 and not gate.reach[0] < time_scale < gate.reach[1]
    return GateBias(model, time_scale, gate.bias, None if is_beyond else float(gate.bias_for(time_scale)))


def gate_text(gate: GateBias, *, labels: Mapping[str, str] | None = None) -> str:
    """The bias for a time scale in a sentence. labels: other words for `SENTENCES`."""
    words = translated(SENTENCES, labels)
    time_scale = _number(gate.time_scale, words)
    if gate.value is None:
        return words["no_gate" if gate.name is None else "out_of_reach"].format(time_scale=time_scale, name=gate.name)
    return words["gate_bias"].format(time_scale=time_scale, name=gate.name, bias=_number(gate.value, words))


def advice_text(advice: Advice, *, labels: Mapping[str, str] | None = None) -> str:
    """The advice in sentences, one a line below the model's name. labels: other words for `SENTENCES`."""
    words = translated(SENTENCES, labels)
    lines = [words["title"].format(model=advice.model)]
    for truncation in advice.truncations:
        lines += _of_truncation(truncation, words)
    for horizon in advice.precision:
        lines += _of_precision(horizon, words)
    lines.append(words["scaled"].format(**_shown(advice.scaled, words)) + _foretold(advice.scaled, words))
    if advice.gate is not None:
        lines.append(gate_text(advice.gate, labels=labels))
    return "\n  ".join(lines)


def _of_truncation(truncation: Truncation, words: Mapping[str, str]) -> list[str]:
    shown = _shown(truncation, words) | {"bias": f"{truncation.bias:.3g}", "interval": ""}
    if truncation.length is None:
        return [words["truncation_unknown"].format(**shown)]
    if math.isinf(truncation.length):
        return [words["unbounded" if truncation.diverges else "too_long"].format(**shown)]
    if truncation.low is not None:
        shown["interval"] = words["interval"].format(**shown)
    lines = [words["truncation"].format(**shown)]
    basis = "extrapolated" if truncation.extrapolated else "modelled" if truncation.modelled else None
    return lines if basis is None else [*lines, words[basis].format(**shown)]


def _of_precision(horizon: PrecisionHorizon, words: Mapping[str, str]) -> list[str]:
    unknown = horizon.subnormal is None or horizon.zero is None
    kind = "precision_unknown" if unknown else "lives" if horizon.zero == math.inf else "dies"
    lines = [words[kind].format(**_shown(horizon, words)) + _foretold(horizon, words)]
    if horizon.overflow is not None and horizon.overflow < math.inf:
        lines.append(words["overflows"].format(**_shown(horizon, words)))
    return lines


def _foretold(horizon: PrecisionHorizon, words: Mapping[str, str]) -> str:
    """That a horizon rests on a model, where it does; else nothing."""
    return words["foretold"].format(**_shown(horizon, words)) if horizon.extrapolated else ""


def _shown(part: Truncation | PrecisionHorizon, words: Mapping[str, str]) -> dict[str, str]:
    """The fields of a result as texts, laws in words."""
    fields = asdict(part)
    shown = {name: value if isinstance(value, str) else _number(value, words) for name, value in fields.items()}
    return shown | ({"law": words[part.law]} if part.law is not None else {})


def _number(value: float | None, words: Mapping[str, str]) -> str:
    if value is None:
        return words["unknown"]
    if math.isinf(value):
        return words["never"]
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.3g}"
