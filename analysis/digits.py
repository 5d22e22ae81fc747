"""Digits read row by row, as a page is read by lines: two layers, LSTM and RNN, against all pixels at once.

1,797 images of 8 x 8 pixels (data/SOURCES.md; MNIST, which is usually shown so, is ten times larger), drawn out to
28 x 28 by linear interpolation: 28 steps of 28 units, no more in them than was there. Two layers of 32 units, the
second reads what the first gives out at every step, and its last output is classified. Of the images 1,000 train, 300
choose the epoch, the rest test; 3 seeds, each with its own split. Baseline: softmax regression on all pixels at once.
Shown also: what an image is taken for after every row, as a share of right answers.
Writes two figures (SVG, PNG) with their data (CSV), a page and its numbers.
`python3 run.py analysis digits [--quick] [-o DIR]`
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _finding
import numpy as np
from _classification import accuracy, in_words, parted
from _experiment import Options, run
from _pictures import Row, save_dots

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.networks import LOSSES, CellLayer, Network, Pooling, dense
from lstm_sym.training import Adam, Samples, fit, predict

DATA = Path(__file__).parent / "data" / "digits.csv.gz"
SIDE = 28
QUESTION = """Digits are read row by row, 28 steps of 28 units, by two layers one above the other; the last output of
the upper one is classified. The images have 8 × 8 pixels, drawn out to 28 × 28 by linear interpolation, which adds
steps and no information. The parameters are those of the epoch with the smallest loss on images kept for it. Baseline:
softmax regression on all pixels at once, which sees the whole image and needs no memory."""
SOURCE = """Optical Recognition of Handwritten Digits, Alpaydin & Kaynak 1998, UCI Machine Learning Repository,
CC BY 4.0; in `analysis/data/`."""


@dataclass(frozen=True)
class Plan:
    """Units of each layer, epochs, seeds; images to train and to choose the epoch, and how many are tested at most."""

    units: int
    epochs: int
    seeds: int
    train: int
    validation: int
    test: int


QUICK = Plan(6, 2, 1, 80, 30, 40)
FULL = Plan(32, 40, 3, 1000, 300, 497)
NAMES = {"rnn": "RNN, two layers", "lstm": "LSTM, two layers"}
REGRESSION = "softmax regression on all pixels"


def enlarged(images: Any) -> Any:
    """(B, 8, 8) -> (B, 28, 28): linear between pixels, corner to corner."""
    places = np.linspace(0, images.shape[1] - 1, SIDE)
    weights = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(images.shape[1])))
    return weights @ images @ weights.T


def images() -> Samples:
    """All images, pixels from 0 to 1, and the digit of each."""
    table = np.loadtxt(DATA, delimiter=",", dtype=np.float32)
    return Samples(list(enlarged(table[:, :-1].reshape(-1, 8, 8) / 16).astype(np.float32)), table[:, -1].astype(int))


def reader(cell: str, units: int) -> Network:
    """Two layers of a cell, and softmax of the last output."""
    layers = [CellLayer(name, ls.cell(cell), units) for name in ("low", "high")]
    return Network((*layers, Pooling("last", "last"), dense("output", 10)), SIDE, LOSSES["softmax"])


def trained(network: Network, parts: list[Samples], plan: Plan, seed: int, rate: float, **fill: float) -> Any:
    """The parameters of the best epoch by validation."""
    start = network.init(seed, dtype=np.float32, fill=fill)
    how: Any = {"validation": parts[1], "optimiser": Adam(rate, clip=1.0), "epochs": plan.epochs, "seed": seed}
    return fit(network, parts[0], start, **how).params


def by_row(network: Network, params: Any, data: Samples) -> Any:
    """(28,): the share of right answers where the output after each row is classified, as the last one is."""
    every = Network(tuple(layer for layer in network.layers if not layer.pools), network.inputs, network.loss)
    found = np.array(predict(every, params, data.x)).argmax(axis=-1)
    return (found == np.asarray(data.y)[:, None]).mean(axis=0)


def measured(plan: Plan) -> tuple[dict[str, list[float]], dict[str, list[Any]]]:
    """Accuracy on the test images, by model and seed; and after every row, of the networks that read."""
    every, report, done = images(), flow.reporter("digits"), 0
    found: dict[str, list[float]] = {REGRESSION: [], **{label: [] for label in NAMES.values()}}
    rows: dict[str, list[Any]] = {label: [] for label in NAMES.values()}
    for seed in range(plan.seeds):
        parts = parted(every, (plan.train, plan.validation, plan.test), np.random.default_rng(seed))
        flat = [Samples([x.reshape(1, -1) for x in part.x], part.y) for part in parts]
        regression = Network((Pooling("last", "last"), dense("output", 10)), SIDE * SIDE, LOSSES["softmax"])
        params = trained(regression, flat, plan, seed, 2e-3)
        found[REGRESSION].append(accuracy(regression, params, flat[2]))
        for cell, label in NAMES.items():
            fill = {"low.b_f": 1.0, "high.b_f": 1.0} if cell == "lstm" else {}
            network = reader(cell, plan.units)
            params = trained(network, parts, plan, seed, 5e-3 if cell == "lstm" else 1e-3, **fill)
            found[label].append(accuracy(network, params, parts[2]))
            rows[label].append(by_row(network, params, parts[2]))
            report(done := done + 1, len(NAMES) * plan.seeds)
    return found, rows


def curves(rows: dict[str, list[Any]]) -> list[flow.Curve]:
    """Mean and range over the seeds, row by row."""
    at = np.arange(1, SIDE + 1)
    stacked = {label: np.array(values) for label, values in rows.items()}
    return [flow.Curve(label, at, v.mean(axis=0), v.min(axis=0), v.max(axis=0)) for label, v in stacked.items()]


def figures(found: dict[str, list[float]], rows: dict[str, list[Any]], plan: Plan, folder: Path) -> list[Path]:
    """Accuracies a row a model, and after every row of the image."""
    words = {
        "title": "When is a digit recognised?",
        "subtitle": f"the output after each row, classified as the last one is; mean and range of {plan.seeds} seeds",
        "x": "rows read",
        "y": "share of right answers",
        "limits": (0.0, 1.0),
        "verticals": [],
    }
    shown = [Row(label, values, label == REGRESSION) for label, values in found.items()]
    return save_dots(
        shown,
        folder,
        "digits",
        title="Digits, read row by row",
        subtitle=f"{plan.test} test images; a dot a seed ({plan.seeds}, each with its own split), bar and number: mean",
        x="accuracy",
    ) + flow.save_curves(curves(rows), folder, "digits_rows", **words)


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    found, rows = measured(plan)
    rnn, lstm, regression = (in_words(found[label]) for label in (*NAMES.values(), REGRESSION))
    finding = _finding.Finding(
        title="Digits read row by row by two layers",
        question=QUESTION,
        answer=f"On images not trained on: two LSTM layers {lstm}, two RNN layers {rnn}, softmax regression on all "
        f"pixels {regression}; mean and range of {plan.seeds} seeds.",
        columns=("model", "accuracy", "after 14 rows"),
        rows=[
            (label, in_words(values), in_words([r[13] for r in rows[label]]) if label in rows else "")
            for label, values in found.items()
        ],
        settings={**vars(plan), "rates": (5e-3, 1e-3, 2e-3), "clip": 1.0, "forget bias": 1.0, "batch": 32},
        numbers={"accuracy": found, "by row": {label: [list(r) for r in values] for label, values in rows.items()}},
        figures=figures(found, rows, plan, chosen.output),
        source=SOURCE,
    )
    _finding.write(finding, chosen, "digits")


if __name__ == "__main__":
    run(main, __doc__)
