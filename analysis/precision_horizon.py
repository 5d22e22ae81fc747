"""At which lag does a gradient die in float16, bfloat16, float32, float64? Foretold from the profile, and computed.

RNN, LSTM (forget bias 0, 1, 3) and GRU before training, Gaussian input. The gradient of the sum of the output, 1 for
every unit at lag 0, is carried back in the arithmetic of each format, as far as the stream reaches. Writes a figure of
its largest component (SVG, PNG, CSV), one of float16 alone, where it stalls instead of dying, and the table (CSV).
`python3 run.py analysis precision_horizon [--quick] [-o DIR]`
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from _experiment import MODELS, Options, run, told

from lstm_sym import flow
from lstm_sym.flow.advice.formats import FORMATS
from lstm_sym.flow.drawing.drawings import csv_bytes
from lstm_sym.flow.profiles.profile import pooled
from lstm_sym.ground.files import write_whole
from lstm_sym.ground.width import aligned
from lstm_sym.inputs import gaussian, stream, windows

COLUMNS = ("model", "format", "foretold_subnormal", "foretold_zero", "law", "subnormal", "zero", "alive_at_the_end")


@dataclass(frozen=True)
class Measured:
    """A model: the profile of its state, and for each format the gradient of every sequence of every draw."""

    profile: flow.Profile
    gradients: dict[str, list[flow.RoundedGradient]]

    def largest(self, form: str) -> np.ndarray:
        """ln of the largest component, its median over sequences and draws, (L + 1,); -inf where it is 0."""
        values = np.concatenate([gradient.largest for gradient in self.gradients[form]], axis=1)
        with np.errstate(divide="ignore"):
            return np.log(np.median(values, axis=1))

    def lag(self, form: str, name: str) -> float:
        """The median of the first lag of that name, as "zero", over sequences and draws."""
        lags = np.concatenate([getattr(gradient, name) for gradient in self.gradients[form]])
        return float(np.quantile(lags, 0.5, method="inverted_cdf"))


def measured(model: flow.Model, x: np.ndarray, hidden: int, lags: int, seeds: int) -> Measured:
    """Draw the model, and carry the gradient back in every format."""
    profiles, gradients = [], {name: [] for name in FORMATS}
    for seed in range(seeds):
        params = model.kernel.init(x.shape[2], hidden, rng=np.random.default_rng(seed), **model.fill)
        run = flow.record(model.kernel, params, x, model=model.label)
        profile = flow.state_sensitivity(run, lags=lags, ends=10, output=run.output())
        profiles.append(replace(profile, seeds=np.full_like(profile.seeds, seed)))
        for name, found in gradients.items():
            found.append(flow.rounded_gradient(run, name, lags=len(x) - 1))
    return Measured(pooled(profiles), gradients)


def row(result: Measured, form: str) -> list[str | float]:
    """A row of the table, as `COLUMNS` has it."""
    foretold = flow.precision_horizon(result.profile, form)
    last = np.concatenate([gradient.largest[-1] for gradient in result.gradients[form]])
    lags = [foretold.subnormal, foretold.zero]
    known = [math.nan if lag is None else lag for lag in lags]
    found = [result.lag(form, name) for name in ("subnormal", "zero")]
    return [result.profile.model, form, *known, foretold.law or "", *found, float(np.mean(last > 0))]


def shown(value: str | float) -> str:
    """A lag for the terminal."""
    if isinstance(value, str):
        return value
    return "?" if math.isnan(value) else f"{value:.5g}".replace("inf", "-")


def figures(results: list[Measured], output: Path) -> list[Path]:
    """The gradient in float64 with the limits of the formats; and in float16."""
    steps = len(results[0].largest("float64")) - 1
    exact, half = (
        [flow.Curve(r.profile.model, np.arange(steps + 1), r.largest(form)) for r in results]
        for form in ("float64", "float16")
    )
    limits = [
        flow.Curve(f"0 in {name}", [0, steps], [FORMATS[name].log_zero] * 2, kind="bound")
        for name in ("float16", "bfloat16", "float32")
    ]
    texts = {"x": "lag (steps back from the loss)", "y": "largest component of the gradient", "y_scale": "ln"}
    title = "How far back does a gradient live?"
    below = "Median over sequences and draws, 1 at lag 0; dotted: what is rounded to 0"
    paths = flow.save_curves([*exact, *limits], output, "precision_horizon", title=title, subtitle=below, **texts)
    title = "The same gradient in float16"
    below = "Every product rounded; a slow one stays at the last subnormal numbers"
    return paths + flow.save_curves(half, output, "precision_horizon_float16", title=title, subtitle=below, **texts)


def main(chosen: Options) -> None:
    hidden, steps, lags, seeds = (12, 150, 40, 1) if chosen.quick else (32, 1500, 200, 3)
    x = windows(stream(gaussian(8 * steps, 8, np.random.default_rng(0))), 4, steps, np.random.default_rng(1))
    progress, results = flow.reporter("measuring"), []
    models = MODELS[:2] if chosen.quick else MODELS
    for index, model in enumerate(models):
        results.append(measured(model, x, hidden, lags, seeds))
        progress(index + 1, len(models))
    rows = [row(result, form) for result in results for form in FORMATS]
    told(figures(results, chosen.output))
    path = chosen.output / "precision_horizon_table.csv"
    write_whole(path, csv_bytes(COLUMNS, rows))
    told([path])
    print("\n".join(aligned([[*COLUMNS, ""], *([*map(shown, values), ""] for values in rows)])))
    print(f"lags; -: not within the {steps - 1} steps measured, or never; ?: the profile cannot tell")


if __name__ == "__main__":
    run(main, __doc__)
