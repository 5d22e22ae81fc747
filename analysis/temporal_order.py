"""Can the order of two symbols far apart be told? Temporal order (Hochreiter & Schmidhuber 1997, experiment 6a).

Among 100 to 110 symbols stand two of X or Y, about 40 steps apart; the classes are XX, XY, YX, YY. RNN, LSTM and GRU
have as many units and are trained alike; gates of LSTM and GRU keep times up to 100 steps at first (chrono). Baseline:
chance, 1/4. Success as in the paper: an error below 0.3 of every output. Writes the learning curves (SVG, PNG) with
their data (CSV), a page (Markdown) and all numbers (JSON). `python3 run.py analysis temporal_order [--quick] [-o DIR]`
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from _experiment import Options, run
from _finding import Finding, write
from _long_gaps import Outcome, Plan, Training, learning_curves, outcomes, temporal_order, verdict

from lstm_sym import flow

NEAR = 0.3
CHANCE = -4 * (0.25 * math.log(0.25) + 0.75 * math.log(0.75))  # the loss of 1/4 at each of four outputs
QUICK = Plan(temporal_order(20), 1, Training(hidden=6, epochs=2, batches=10, held_out=100))
FULL = Plan(temporal_order(100), 3, Training(hidden=16, epochs=16, batches=50, enough=0.01))
QUESTION = """Can the order of two symbols far apart be told?

Temporal order of Hochreiter & Schmidhuber (1997, experiment 6a): {gap} to {longest} symbols, of which the first is E,
the last B and the others one of a, b, c, d, but for an X or Y at a step from {early} to {late} and another from {half}
to {beyond}. After the last the network is to tell the class: XX, XY, YX or YY (chance: 1/4), each by an output of its
own. One layer of {units} units and a dense layer, trained by Adam on {sequences} sequences again and again, at most
{updates} updates of {batch}, until the loss on others is below {enough}; {seeds} seeds draw data and parameters. Four
outputs of 1/4 have a loss of {chance:.3f}. *Right*, as in the paper, is an error below {near} of every output.

Other than in the paper: it has two blocks of two memory cells without forget gates, one sequence an update, and a
training that ends when 2000 sequences in turn are right and the mean error is below 0.1. Here the biases of the gates
are such that they keep times up to {gap} steps at first (chrono, Tallec & Ollivier 2018)."""


def near(outcome: Outcome) -> Any:
    """Of which fresh sequences every output has an error below that of the paper."""
    return (np.abs(outcome.answers - outcome.targets) < NEAR).all(axis=1)


def named(outcome: Outcome) -> Any:
    """Of which the largest output is that of the class."""
    return outcome.answers.argmax(axis=1) == outcome.targets.argmax(axis=1)


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    found, training, gap = outcomes(plan), plan.training, plan.task.gap
    rows = [
        [each.label, each.seed, named(each).mean(), near(each).mean(), training.batches * len(each.history)]
        for each in found
    ]
    question = QUESTION.format(
        gap=gap,
        longest=gap + gap // 10,
        early=gap // 10,
        late=gap // 5,
        half=gap // 2,
        beyond=3 * gap // 5,
        units=training.hidden,
        sequences=training.batches * training.batch,
        updates=training.batches * training.epochs,
        batch=training.batch,
        enough=training.enough,
        seeds=plan.seeds,
        chance=CHANCE,
        near=NEAR,
    )
    figures = flow.save_curves(
        [*learning_curves(found), flow.Curve("chance", [1, training.epochs], [CHANCE] * 2, kind="theory")],
        chosen.output,
        "temporal_order",
        title=f"The order of two symbols among {gap}",
        subtitle=f"{training.hidden} units each, median and range of {plan.seeds} seeds",
        x=f"epoch ({training.batches} updates each)",
        y="validation loss",
        y_scale="log",
    )
    always = "who always names one class is right in 25%"
    title, text = verdict(found, near, f"The order of two symbols among {gap}", always)
    columns = ["network", "seed", "share of classes right", f"share with every error below {NEAR}", "updates"]
    settings = {"steps": gap, "seeds": plan.seeds, **vars(training)}
    numbers = {"networks": [{"network": each.label, "seed": each.seed, "epochs": each.history} for each in found]}
    numbers |= {"table": rows, "loss of chance": CHANCE}
    write(Finding(title, question, text, columns, rows, settings, numbers, figures), chosen, "temporal_order")
    print(f"{title}\n\n{text}")


if __name__ == "__main__":
    run(main, __doc__)
