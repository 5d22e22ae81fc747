"""Speech at 40 kHz is a long-range problem; 100 Hz cepstra make it a short one. What does an LSTM learn of either?

Synthesised words of three vowels, 40 ms each: pulses of a voice of 90 to 160 Hz through three resonances (formants, as
Peterson & Barney 1952 measured them of men, each varied by 4 %), and a little noise. Which vowel came first? After it
come two others, so that what is heard must be kept to the end. The same words (240 to train, 160 to test) are given as

    samples      the waveform at 40 kHz: 4,800 steps of one number; forget bias 1, or biases for long times (chrono)
    stretches    the waveform cut into stretches of 10 ms: 12 steps of 400 numbers
    cepstra      mel-frequency cepstra of windows of 25 ms at 100 Hz: 10 steps of 13 numbers

to an LSTM of 16 units whose last output is classified (4 vowels, chance 0.25); 3 seeds. Measured: accuracy on words not
trained on, seconds, and the sensitivity of the output to the first step relative to the last, after training. Samples
get 4 epochs, the others 60, and still take several times as long. The stretches tell whether it is the length alone.
Baselines: chance, and softmax regression on all cepstra at once.
Writes two figures (SVG, PNG) with their data (CSV), a page and its numbers.
`python3 run.py analysis preprocessing [--quick] [-o DIR]`
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _finding
import numpy as np
from _classification import accuracy, in_words, standardised
from _experiment import Options, run
from _pictures import Row, save_dots

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.networks import LOSSES, CellLayer, Network, Pooling, Recurrence, dense
from lstm_sym.training import Adam, Samples, fit

RATE = 40_000
"""Samples a second."""
FORMANTS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "u": (300, 870, 2240), "e": (530, 1840, 2480)}
"""Hz, of men (Peterson & Barney 1952)."""
BANDWIDTHS = (60.0, 90.0, 120.0)
"""Hz, of the three resonances."""
WINDOW, STEP = 1000, 400
"""Samples of a window, and from one to the next: 25 ms and 10 ms."""
BANDS, CEPSTRA = 26, 13
QUESTION = """Three vowels are spoken one after the other by a synthetic voice; which one was the first? An LSTM reads
the word, and its last output is classified. The word is given in three forms: the samples at 40 kHz, one a step; the
same samples cut into stretches of 10 ms, one a step; mel-frequency cepstra at 100 Hz. The stretches have no more in
them than the samples: they tell whether it is the length alone that hinders. The sensitivity is the norm of the
derivative of the logits at the end by the input at a step, relative to the last step, of one word not trained on."""
SOURCE = """Made by the script: pulses through formant resonances; nothing is recorded."""


@dataclass(frozen=True)
class Plan:
    """Words to train and to test, milliseconds of a vowel, units, seeds; epochs of long sequences and of short ones."""

    train: int
    test: int
    vowel: int
    units: int
    seeds: int
    long: int
    short: int


QUICK = Plan(24, 12, 20, 4, 1, 1, 3)
FULL = Plan(240, 160, 40, 16, 3, 4, 60)
CHRONO = "samples, chrono"
FORMS = {"samples": "samples", CHRONO: "samples", "stretches": "stretches", "cepstra": "cepstra"}
"""Model -> the form that it reads."""
REGRESSION = "softmax regression on all cepstra"


def vowel(name: str, pitch: float, samples: int, rng: np.random.Generator) -> Any:
    """(samples,): pulses at this pitch through the resonances of a vowel, by their frequency responses."""
    pulses = np.zeros(samples)
    pulses[(np.arange(rng.uniform(0, RATE / pitch), samples, RATE / pitch)).astype(int)] = 1.0
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * samples))
    response = 1 / (1 - 0.95 * z)
    for formant, width in zip(FORMANTS[name], BANDWIDTHS, strict=True):
        pole = np.exp(-np.pi * width / RATE + 2j * np.pi * formant * rng.normal(1, 0.04) / RATE)
        response = response / ((1 - pole * z) * (1 - np.conj(pole) * z)) * abs(1 - pole) ** 2
    wave = np.fft.irfft(np.fft.rfft(pulses, 2 * samples) * response)[:samples]
    return wave / wave.std()


def word(first: int, plan: Plan, rng: np.random.Generator) -> Any:
    """(3 vowels,): the waveform of a word whose first vowel is given and whose others are drawn."""
    names, pitch = list(FORMANTS), rng.uniform(90, 160)
    order = [first, *rng.integers(0, len(names), 2)]
    parts = [vowel(names[number], pitch, plan.vowel * RATE // 1000, rng) for number in order]
    whole = np.concatenate(parts)
    return whole * rng.uniform(0.7, 1.3) + 0.02 * rng.standard_normal(whole.shape)


def cepstra(wave: Any) -> Any:
    """(samples,) -> (steps, 13): cosine transform of the logarithms of the energies in mel bands (Davis 1980)."""
    count = (len(wave) - WINDOW) // STEP + 1
    frames = np.stack([wave[at * STEP : at * STEP + WINDOW] for at in range(count)]) * np.hamming(WINDOW)
    power = np.abs(np.fft.rfft(frames)) ** 2
    energies = power @ mel_bands(power.shape[1]).T
    angles = np.pi / BANDS * np.outer(np.arange(CEPSTRA), np.arange(BANDS) + 0.5)
    return np.log(energies + 1e-10) @ np.cos(angles).T


def mel_bands(bins: int) -> Any:
    """(26, bins): triangles between points evenly spaced in mel, 0 to 8 kHz."""
    top = 2595 * np.log10(1 + 8000 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    hertz = np.linspace(0, RATE / 2, bins)
    low, middle, high = (edges[at : at + BANDS, None] for at in range(3))
    return np.maximum(0, np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)))


def in_form(form: str, waves: list[Any]) -> list[Any]:
    """Waveforms as sequences (T, N)."""
    if form == "samples":
        return [wave[:, None] for wave in waves]
    return [wave.reshape(-1, STEP) if form == "stretches" else cepstra(wave) for wave in waves]


def words(plan: Plan, seed: int) -> dict[str, tuple[Samples, Samples]]:
    """Training and test words in every form, standardised."""
    rng = np.random.default_rng(seed)
    first = rng.permutation(np.arange(plan.train + plan.test) % len(FORMANTS))
    waves, found = [word(vowel_first, plan, rng) for vowel_first in first], {}
    for form in dict.fromkeys(FORMS.values()):
        x = in_form(form, waves)
        parts = standardised(x[: plan.train], x[plan.train :])
        found[form] = Samples(parts[0], first[: plan.train]), Samples(parts[1], first[plan.train :])
    return found


@dataclass(frozen=True)
class Result:
    """Of one training: accuracy on the test words, seconds, and the sensitivity by milliseconds before the end."""

    accuracy: float
    seconds: float
    before: Any
    logs: Any


def listened(model: str, data: tuple[Samples, Samples], plan: Plan, seed: int) -> Result:
    """Train an LSTM on words in the form that the model reads."""
    train, test = data
    steps, width = train.x[0].shape
    cell = CellLayer("lstm", ls.cell("lstm"), plan.units, chrono=float(steps) if model == CHRONO else None)
    network = Network((cell, Pooling("last", "last"), dense("output", len(FORMANTS))), width, LOSSES["softmax"])
    fill = {} if model == CHRONO else {"lstm.b_f": 1.0}
    start, began = network.init(seed, dtype=np.float32, fill=fill), time.monotonic()
    how: Any = {"optimiser": Adam(5e-3, clip=1.0), "batch": 48, "seed": seed}
    params = fit(network, train, start, epochs=plan.long if width == 1 else plan.short, **how).params
    seconds = time.monotonic() - began
    before = np.arange(steps) * (1000 / RATE if width == 1 else 1000 * STEP / RATE)
    return Result(accuracy(network, params, test), seconds, before, sensitivity(network, params, test.x[0]))


def sensitivity(network: Network, params: Any, x: Any) -> Any:
    """(T,): ln of the norm of the derivative of the last logits by the input at each lag, less that at lag 0."""
    every = Network(tuple(layer for layer in network.layers if not layer.pools), network.inputs)
    kernel = Recurrence(every, output_is_a_state=True)
    run_over = flow.record(kernel, kernel.Params(**params), np.asarray(x, float))
    logs = flow.input_sensitivity(run_over, lags=len(x) - 1, ends=[len(x) - 1]).log_norms[0]
    return logs - logs[0]


def regressed(data: tuple[Samples, Samples], plan: Plan, seed: int) -> float:
    """Accuracy of softmax regression on all cepstra of a word side by side."""
    train, test = (Samples([x.reshape(1, -1) for x in part.x], part.y) for part in data)
    layers = (Pooling("last", "last"), dense("output", len(FORMANTS)))
    network = Network(layers, train.x[0].shape[1], LOSSES["softmax"])
    params = fit(network, train, epochs=plan.short, optimiser=Adam(5e-3), seed=seed).params
    return accuracy(network, params, test)


def measured(plan: Plan) -> tuple[dict[str, list[Result]], list[float]]:
    """Of every model, and of the regression, a result a seed."""
    found: dict[str, list[Result]] = {model: [] for model in FORMS}
    regression, report, done = [], flow.reporter("speech"), 0
    for seed in range(plan.seeds):
        given = words(plan, seed)
        regression.append(regressed(given["cepstra"], plan, seed))
        for model, form in FORMS.items():
            found[model].append(listened(model, given[form], plan, seed))
            report(done := done + 1, len(FORMS) * plan.seeds)
    return found, regression


def figures(found: dict[str, list[Result]], regression: list[float], plan: Plan, folder: Path) -> list[Path]:
    """Accuracies a row a form, and how far back the output feels its input."""
    rows = [Row(f"LSTM on {model}", [r.accuracy for r in results]) for model, results in found.items()]
    steps = [max(1, len(results[0].logs) // 200) for results in found.values()]
    curves = [
        flow.Curve(model, results[0].before[::step], np.median([r.logs for r in results], axis=0)[::step])
        for (model, results), step in zip(found.items(), steps, strict=True)
    ]
    how: Any = {
        "title": "How far back does the output feel the sound?",
        "subtitle": "norm of d logits[T] / d x[t] after training, relative to the last step; median of the seeds",
        "x": "milliseconds before the end",
        "y": "sensitivity",
        "y_scale": "ln",
        "limits": (-12 * np.log(10), np.log(10)),
    }
    return save_dots(
        [*rows, Row(REGRESSION, regression, True)],
        folder,
        "preprocessing",
        title="Which vowel came first?",
        subtitle=f"{plan.test} words not trained on; a dot a seed ({plan.seeds}), bar and number: mean",
        x="accuracy",
        verticals=[(1 / len(FORMANTS), "chance")],
        limits=(0.0, 1.05),
    ) + flow.save_curves(curves, folder, "preprocessing_sensitivity", **how)


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    found, regression = measured(plan)
    shares = {model: in_words([r.accuracy for r in results]) for model, results in found.items()}
    first = {model: float(np.median([r.logs[-1] for r in results])) / np.log(10) for model, results in found.items()}
    finding = _finding.Finding(
        title="Speech as samples and as cepstra",
        question=QUESTION,
        answer=f"Cepstra: {shares['cepstra']}. Stretches of the waveform, as short: {shares['stretches']}. Samples: "
        f"{shares['samples']} with forget bias 1 and {shares[CHRONO]} with biases for long times, after {plan.long} "
        f"epochs. Chance is {1 / len(FORMANTS):.2f}; softmax regression on all cepstra at once {in_words(regression)}. "
        "The last column is the sensitivity to the first step relative to the last, as a power of ten.",
        columns=("LSTM on", "steps", "accuracy", "seconds of training", "log10 sensitivity to the first step"),
        rows=[
            (model, len(results[0].logs), shares[model], float(np.mean([r.seconds for r in results])), first[model])
            for model, results in found.items()
        ],
        settings={**vars(plan), "rate": 5e-3, "clip": 1.0, "batch": 48, "hertz": RATE},
        numbers={
            "accuracy": {model: [r.accuracy for r in results] for model, results in found.items()},
            "seconds": {model: [r.seconds for r in results] for model, results in found.items()},
            "log10 sensitivity to the first step": {
                model: [float(r.logs[-1] / np.log(10)) for r in results] for model, results in found.items()
            },
            REGRESSION: regression,
        },
        figures=figures(found, regression, plan, chosen.output),
        source=SOURCE,
    )
    _finding.write(finding, chosen, "preprocessing")


if __name__ == "__main__":
    run(main, __doc__)
