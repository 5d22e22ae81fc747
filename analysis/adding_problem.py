"""Can two numbers far apart be added? The adding problem (Hochreiter & Schmidhuber 1997, experiment 4): RNN, LSTM, GRU.

Of 100 to 110 pairs of a number and a mark two are marked, one of them among the first ten; the target is their sum, as
0.5 + (X1 + X2) / 4. All networks have as many units and are trained alike; gates of LSTM and GRU keep times up to 100
steps at first (chrono). Baseline: the variance of the target, which is the error of its mean. Success as in the paper:
an error below 0.04. Writes the learning curves (SVG, PNG) with their data (CSV), a page (Markdown) and all numbers
(JSON).
`python3 run.py analysis adding_problem [--quick] [-o DIR]`
"""

from __future__ import annotations

from typing import Any

import numpy as np
from _experiment import Options, run
from _finding import Finding, write
from _long_gaps import Outcome, Plan, Training, adding, learning_curves, outcomes, verdict

from lstm_sym import flow

NEAR = 0.04
VARIANCE = 2 * (1 / 3) / 4**2  # of (X1 + X2) / 4, both uniform from -1 to 1
MEAN_NEAR = 4 * NEAR - (4 * NEAR) ** 2 / 4  # how often |X1 + X2| < 4 NEAR, of density 1/2 - |s|/4
QUICK = Plan(adding(20), 1, Training(hidden=6, epochs=2, batches=10, held_out=100, cooled=True))
FULL = Plan(adding(100), 3, Training(hidden=16, epochs=12, batches=100, cooled=True))
QUESTION = """Can two numbers far apart be added?

The adding problem of Hochreiter & Schmidhuber (1997, experiment 4): of {gap} to {longest} pairs of a number and a mark
two are marked, one of them among the first ten, the other in the first half; after the last pair the network is to give
0.5 + (X1 + X2) / 4. One layer of {units} units and a dense layer, trained by Adam on {sequences} sequences again and
again, {updates} updates of {batch}, the rate falling along half a cosine; {seeds} seeds draw data and parameters. The
mean of the targets has a mean squared error of 1/24 = {variance:.4f}: their variance. *Right*, as in the paper, is an
error below {near}.

Other than in the paper: it has 100 to 1000 pairs and blocks of two memory cells without forget gates, one sequence an
update, and a training that ends when 2000 sequences in turn are right and the mean error is below 0.01; there the first
pair may be marked too. Here the biases of the gates are such that they keep times up to {gap} steps at first (chrono,
Tallec & Ollivier 2018)."""


def errors(outcome: Outcome) -> Any:
    """What it answers less the target, over fresh sequences."""
    return (outcome.answers - outcome.targets)[:, 0]


def near(outcome: Outcome) -> Any:
    """Which errors are below that of the paper."""
    return np.abs(errors(outcome)) < NEAR


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    found, training, gap = outcomes(plan), plan.training, plan.task.gap
    rows = [
        [each.label, each.seed, f"{(errors(each) ** 2).mean():.5f}", near(each).mean(), np.abs(errors(each)).max()]
        for each in found
    ]
    question = QUESTION.format(
        gap=gap,
        longest=gap + gap // 10,
        units=training.hidden,
        sequences=training.batches * training.batch,
        updates=training.batches * training.epochs,
        batch=training.batch,
        seeds=plan.seeds,
        variance=VARIANCE,
        near=NEAR,
    )
    curves = learning_curves(found, factor=2.0)  # the loss is half of the squared error
    epochs = [1, training.epochs]
    figures = flow.save_curves(
        [*curves, flow.Curve("mean of the targets", epochs, [VARIANCE] * 2, kind="theory")],
        chosen.output,
        "adding_problem",
        title=f"Adding two numbers among {gap}",
        subtitle=f"{training.hidden} units each, median and range of {plan.seeds} seeds",
        x=f"epoch ({training.batches} updates each)",
        y="mean squared error, validation",
        y_scale="log",
    )
    always = f"who always answers 0.5, the mean, is right in {MEAN_NEAR:.1%}"
    title, text = verdict(found, near, f"Adding two numbers among {gap}", always)
    columns = ["network", "seed", "mean squared error", f"share of errors below {NEAR}", "largest error"]
    settings = {"steps": gap, "seeds": plan.seeds, **vars(training)}
    numbers = {"networks": [{"network": each.label, "seed": each.seed, "epochs": each.history} for each in found]}
    numbers |= {"table": rows, "variance": VARIANCE}
    write(Finding(title, question, text, columns, rows, settings, numbers, figures), chosen, "adding_problem")
    print(f"{title}\n\n{text}")


if __name__ == "__main__":
    run(main, __doc__)
