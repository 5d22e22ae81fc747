"""All advice on a model in one place, as sentences and as rows.

for advice in flow.advise(profiles, models, time_scale=100):
print(flow.advice_text(advice))
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
from lstm_sym.flow.experiment import Model
from lstm_sym.flow.profile import Profile
from lstm_sym.flow.words import translated

BIASES = (0.1, 0.01)
FORGET_BIAS = "b_f"

SENTENCES = {
    "title": "{model}",
    "truncation": "To lose at most {bias} of the gradient, propagate back {length} lags{interval}.",
    "interval": " ({low} to {high})",
    "extrapolated": "That is beyond the {measured} lags measured, by the {law} they decay by.",
    "unbounded": "No truncation keeps the loss below {bias}: by the {law} measured, the far lags never add up.",
    "truncation_unknown": "For a loss of at most {bias} no length can be told: the profile has not settled within "
    "{measured} lags and follows no law clearly. Measure more lags.",
    "dies": "In {format} a gradient component of {magnitude} at lag 0 loses precision at lag {subnormal} and is 0 "
    "from about lag {zero} on.",
    "lives": "In {format} a gradient component of {magnitude} at lag 0 never dies.",
    "precision_unknown": "In {format} a gradient component of {magnitude} at lag 0 is still there after {measured} "
    "lags; how much longer the profile cannot tell.",
    "overflows": "In {format} it overflows at lag {overflow}.",
    "scaled": "A loss scale of 2^{scale} is the largest that {format} holds; with it precision is lost at lag "
    "{subnormal}.",
    "forget_bias": "For a time scale of {time_scale} steps set {name} = {value} (chrono, Tallec & Ollivier 2018).",
    "exponential": "exponential law",
    "power law": "power law",
    "stretched exponential": "stretched exponential",
    "never": "∞",
    "unknown": "?",
}


@dataclass(frozen=True)
class Advice:
    """What follows from the profile of a model.

    Attributes:
        model: its label.
        truncations: the truncation length for each bias asked for.
        precision: the horizons of each format, without a loss scale.
        scaled: those of float16 with the largest loss scale.
        forget_bias: b_f for the time scale asked for; None for a cell without one, or where none was asked for.
        time_scale: the time scale asked for, in steps.
    """

    model: str
    truncations: tuple[Truncation, ...]
    precision: tuple[PrecisionHorizon, ...]
    scaled: PrecisionHorizon
    forget_bias: float | None
    time_scale: float | None

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows for JSON or CSV: of each truncation, each format, the scaled format, the forget bias."""
        parts: list[tuple[str, Any]] = [("truncation", part) for part in self.truncations]
        parts += [("precision", part) for part in (*self.precision, self.scaled)]
        rows = [{"advice": kind, **{k: _plain(v) for k, v in asdict(part).items()}} for kind, part in parts]
        if self.forget_bias is not None:
            known = {"model": self.model, "time_scale": self.time_scale, "forget_bias": self.forget_bias}
            rows.append({"advice": "forget bias", **known})
        return rows


def advise(
    profiles: Sequence[Profile],
    models: Sequence[Model] = (),
    *,
    biases: Sequence[float] = BIASES,
    formats: Sequence[str] = tuple(FORMATS),
    magnitude: float = 1.0,
    time_scale: float | None = None,
    resamples: int = 1000,
) -> list[Advice]:
    """The advice for each profile, in their order.

    models: those measured, by label; they tell which cells have a forget bias. biases: shares of the gradient that
    may be lost by truncation. magnitude: of a gradient component at lag 0. time_scale: the steps that the cells are
    wanted to remember, above 1: b_f = ln(time_scale - 1) gives sigmoid(b_f) = 1 - 1/time_scale.

    Raises FlowError: no profile, a time scale of 1 or less, and what the measures refuse.
    """
    if not profiles:
        raise FlowError("advise", "no profile", "a selection that is empty", "measure at least one model")
    gated = {model.label for model in models if FORGET_BIAS in model.kernel.Params._fields}
    bias = None if time_scale is None else forget_bias(time_scale)
    return [
        Advice(
            profile.model,
            tuple(truncation_length(profile, share, resamples=resamples) for share in biases),
            tuple(precision_horizon(profile, name, magnitude=magnitude) for name in formats),
            loss_scale(profile, "float16", magnitude=magnitude),
            bias if profile.model in gated else None,
            time_scale,
        )
        for profile in profiles
    ]


def forget_bias(time_scale: float) -> float:
    """b = ln(T - 1), at which a forget gate of no other input keeps 1 - 1/T a step: a time scale of T steps.

    Tallec & Ollivier 2018, Can recurrent neural networks warp time?, section 2.2. Raises FlowError unless T > 1.
    """
    if not 1 < time_scale < math.inf:
        raise FlowError(
            "time_scale", f"{time_scale} steps", "a share instead of a number of steps", "give a number above 1"
        )
    return math.log(time_scale - 1)


def advice_text(advice: Advice, *, labels: Mapping[str, str] | None = None) -> str:
    """The advice in sentences, one a line below the model's name. labels: other words for `SENTENCES`."""
    words = translated(SENTENCES, labels)
    lines = [words["title"].format(model=advice.model)]
    for truncation in advice.truncations:
        lines += _of_truncation(truncation, words)
    for horizon in advice.precision:
        lines += _of_precision(horizon, words)
    lines.append(words["scaled"].format(**_shown(advice.scaled, words)))
    if advice.forget_bias is not None:
        values = {"time_scale": _number(advice.time_scale, words), "value": _number(advice.forget_bias, words)}
        lines.append(words["forget_bias"].format(name=FORGET_BIAS, **values))
    return "\n  ".join(lines)


def _of_truncation(truncation: Truncation, words: Mapping[str, str]) -> list[str]:
    shown = _shown(truncation, words) | {"bias": f"{truncation.bias:.3g}", "interval": ""}
    if truncation.length is None:
        return [words["truncation_unknown"].format(**shown)]
    if math.isinf(truncation.length):
        return [words["unbounded"].format(**shown)]
    if truncation.low is not None:
        shown["interval"] = words["interval"].format(**shown)
    lines = [words["truncation"].format(**shown)]
    return [*lines, words["extrapolated"].format(**shown)] if truncation.extrapolated else lines


def _of_precision(horizon: PrecisionHorizon, words: Mapping[str, str]) -> list[str]:
    unknown = horizon.subnormal is None or horizon.zero is None
    kind = "precision_unknown" if unknown else "lives" if horizon.zero == math.inf else "dies"
    lines = [words[kind].format(**_shown(horizon, words))]
    if horizon.overflow is not None and horizon.overflow < math.inf:
        lines.append(words["overflows"].format(**_shown(horizon, words)))
    return lines


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


def _plain(value: Any) -> Any:
    return ("inf" if value > 0 else "-inf") if isinstance(value, float) and math.isinf(value) else value
