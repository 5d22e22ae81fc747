"""How much of the gradient does truncated backpropagation lose? Measured on speech, beside what the profile advises.

RNN, LSTM (forget bias 0, 1, 3) and GRU before training on the Japanese Vowels, loss at the last step of a window. The
gradient of all parameters, truncated to K lags, is compared with the full one. Writes the figure (SVG, PNG), its data
(CSV), and prints the advised K for a bias of 10 % and 1 % with the bias that is really there.
`python3 run.py analysis truncation [--quick] [-o DIR]`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _experiment import MODELS, Options, run, told

from lstm_sym import flow
from lstm_sym.flow.memory.decay import continuation
from lstm_sym.ground.width import aligned
from lstm_sym.inputs import japanese_vowels, stream, windows
from lstm_sym.through_time import last_cotangent

BIASES = (0.1, 0.01)


@dataclass(frozen=True)
class Plan:
    """The sizes: H, the steps of a window, the windows, the lags of the profile and how many of them are looked at,
    the draws, the resamples.
    """

    hidden: int
    steps: int
    count: int
    lags: int
    looked: int
    seeds: int
    resamples: int


def measured(model: flow.Model, x: np.ndarray, plan: Plan, kept: list[int]) -> np.ndarray:
    """||g_K - g|| / ||g|| of every draw for K in `kept`, for a loss of random slope at the last step: (seeds, K)."""
    biases = []
    for seed in range(plan.seeds):
        rng = np.random.default_rng(seed)
        params = model.kernel.init(x.shape[2], plan.hidden, rng=rng, **model.fill)
        dy = last_cotangent(rng.standard_normal((plan.count, plan.hidden)), plan.steps)
        errors = flow.truncation_error(model.kernel, params, x, dy=dy, windows=[lag + 1 for lag in kept])
        biases.append(errors.bias)
    return np.array(biases)


def curves(profile: flow.Profile, biases: np.ndarray, kept: list[int]) -> list[flow.Curve]:
    """The measured bias, its band over the draws, and the bias that the profile foretells."""
    low, middle, high = np.quantile(biases, [0.1, 0.5, 0.9], axis=0)
    beyond = continuation(profile)
    foretold = flow.bias_curve(profile, None if beyond is None else beyond.law)
    name = profile.model
    return [
        flow.Curve(name, kept, middle, low, high),
        flow.Curve(f"{name}, foretold", profile.lags, foretold, kind="theory", of=name),
    ]


def rows(profile: flow.Profile, biases: np.ndarray, kept: list[int], resamples: int) -> list[list[str]]:
    """The advised K for each bias, its interval, and the median of the measured bias there."""
    found = []
    for bias in BIASES:
        advice = flow.truncation_length(profile, bias, resamples=resamples)
        length = "?" if advice.length is None else f"{advice.length:.0f}"
        ends = "" if advice.low is None else f"[{advice.low:.0f}, {advice.high:.0f}]"
        logs = np.log(np.maximum(np.median(biases, axis=0), np.finfo(np.float64).tiny))
        within = advice.length is not None and advice.length <= kept[-1]
        there = f"{np.exp(np.interp(advice.length, kept, logs)):.2g}" if within else "beyond"
        found.append([profile.model, f"{bias:g}", length, ends, there, advice.law or "cannot tell", ""])
    return found


def main(chosen: Options) -> None:
    plan = Plan(12, 60, 4, 40, 8, 2, 100) if chosen.quick else Plan(32, 300, 8, 150, 24, 6, 300)
    series = stream(japanese_vowels())
    x = windows(series, plan.count, plan.steps, np.random.default_rng(0))
    progress, models = flow.reporter("profiles"), MODELS[:2] if chosen.quick else MODELS
    profiles = flow.run(
        models, x, hidden=plan.hidden, lags=plan.lags, ends=10, seeds=range(plan.seeds), progress=progress
    )
    kept = sorted({round(lag) for lag in np.geomspace(1, plan.lags, plan.looked)} | {0})
    found = [measured(model, x, plan, kept) for model in models]
    drawn = [curve for pair in zip(profiles, found, strict=True) for curve in curves(*pair, kept)]
    words = {
        "title": "How much of the gradient does truncation lose?",
        "subtitle": "Japanese Vowels; median and 10-90 % of draws; dashed: foretold from the sensitivity",
        "x": "lags kept, K",
        "y": "share of the gradient lost",
    }
    told(flow.save_curves(drawn, chosen.output, "truncation", y_scale="log", limits=(1e-8, 2.0), **words))
    head = ["model", "bias", "K", "95 %", "measured bias", "law", ""]
    pairs = zip(profiles, found, strict=True)
    print("\n".join(aligned([head, *(row for pair in pairs for row in rows(*pair, kept, plan.resamples))])))


if __name__ == "__main__":
    run(main, __doc__)
