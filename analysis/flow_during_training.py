"""Does the gradient's reach grow before a network learns? Half-life and shares of the flow by epoch, RNN and LSTM.

One of 4 symbols is to be recalled after a gap of distractors (as in dependency_gap.py), by an RNN as it is drawn and an
LSTM with chrono biases, of as many units and trained alike. Before the training and after each epoch, over sequences of
their own: the half-life of ||d logits[T]/dx[T - lag]||, what is left of it after the whole gap, and the share of each
equation in the flow. Baseline of the loss: ln 4, chance. Writes a figure of the first seed (SVG, PNG) with its data
(CSV), a page (Markdown) with a row a seed, and all numbers (JSON).
`python3 run.py analysis flow_during_training [--quick] [-o DIR]`
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from _experiment import Options, run
from _finding import Finding, write
from _long_gaps import Learner, Training, recall, trained

from lstm_sym import flow
from lstm_sym.ground.progress import part_of
from lstm_sym.training import FlowMeasure, loss_over

RNN, LSTM = Learner("RNN", "rnn"), Learner("LSTM, chrono", "lstm", chrono=True)
CHANCE = math.log(4)
QUESTION = """Does the gradient's reach grow before a network learns?

One of 4 symbols is shown at the first step, then {gap} distractors; at the last of them the network is to tell the
first. An RNN as it is drawn and an LSTM with chrono biases for this gap, {units} units each, are trained alike: Adam,
{batches} updates of {batch} an epoch. The loss is that on {held_out} sequences of their own; chance has ln 4 = 1.386.
Before the training and after every epoch the flow is measured over {few} further sequences: for lags up to the gap
‖d logits[T] / d x[T − lag]‖, whose half-life is that of the decay over all lags, and the share of each equation of the
LSTM in the flow over the gap. {seeds} seeds draw data and parameters; the figure is of the first."""
Found = dict[str, list[list[dict[str, float]]]]
"""Network -> seed -> a row an epoch."""


@dataclass(frozen=True)
class Plan:
    """The gap, seeds, sequences of which the flow is measured, and the training."""

    gap: int
    seeds: int
    measured: int
    training: Training


QUICK = Plan(6, 1, 2, Training(hidden=6, epochs=3, batches=10, held_out=100))
FULL = Plan(50, 3, 4, Training(hidden=16, epochs=20, batches=25, held_out=500))


def followed(learner: Learner, plan: Plan, seed: int, progress: Any) -> list[dict[str, float]]:
    """A row an epoch, from 0: loss and flow."""
    task = recall(plan.gap)
    network = learner.network(task, plan.training.hidden)
    x, _ = task.draw(plan.measured, np.random.default_rng([seed, plan.gap, 2]))
    measure, params = FlowMeasure(network, np.stack(x, axis=1), plan.gap), learner.params(network, seed)
    _, found = trained(learner, task, plan.training, seed, measure=measure, progress=progress)
    fresh = task.samples(plan.training.held_out, np.random.default_rng([seed, plan.gap, 3]))
    return [{"epoch": 0, "validation loss": loss_over(network, params, fresh)} | measure(params), *found.history]


def by_epoch(rows: Sequence[dict[str, float]], name: str, largest: float = math.inf) -> tuple[list[float], list[float]]:
    """Epochs, and this number after each, where it could be measured; none larger than `largest`."""
    kept = [row for row in rows if not math.isnan(row[name])]
    return [row["epoch"] for row in kept], [min(row[name], largest) for row in kept]


def drawn(found: Found, plan: Plan, chosen: Options) -> list[Any]:
    """Loss, sensitivity over the gap, half-life of both; shares of the LSTM."""
    first, longest = {label: seeds[0] for label, seeds in found.items()}, 20.0 * plan.gap
    x = "epoch"

    def both(name: str, largest: float = math.inf) -> list[flow.Curve]:
        return [flow.Curve(label, *by_epoch(rows, name, largest)) for label, rows in first.items()]

    epochs = [0, plan.training.epochs]
    chance = flow.Curve("chance, ln 4", epochs, [CHANCE, CHANCE], kind="theory")
    gap = flow.Curve("the gap", epochs, [plan.gap, plan.gap], kind="theory")
    shares = [name for name in first[LSTM.label][-1] if name.startswith("share of ")]
    labels = {name: f"through {name.rpartition('.')[2]}" for name in shares}
    panels = [
        (flow.Frame("Loss", "", x, "validation loss"), [*both("validation loss"), chance]),
        (flow.Frame("Felt over the whole gap", "", x, "‖d logits[T] / d x[0]‖", y_scale="ln"), both("ln sensitivity")),
        (flow.Frame("Half-life", "", x, "steps", y_scale="log"), [*both("half-life", longest), gap]),
        (
            flow.Frame(f"{LSTM.label}: share of the flow", "", x, "share"),
            [flow.Curve(labels[name], *by_epoch(first[LSTM.label], name)) for name in shares],
        ),
    ]
    return flow.save_panels(
        panels,
        chosen.output,
        "flow_during_training",
        title="The flow of gradients while a gap is learned",
        subtitle=f"Recall after {plan.gap} steps, {plan.training.hidden} units; half-lives of {longest:.0f} steps or "
        "more, or without end, stand at the upper edge",
    )


def learned_at(rows: Sequence[dict[str, float]]) -> int | None:
    """The first epoch whose loss is below half of chance; None for never."""
    return next((int(row["epoch"]) for row in rows if row["validation loss"] < CHANCE / 2), None)


def row_of(label: str, seed: int, rows: Sequence[dict[str, float]]) -> list[Any]:
    """One network: loss, sensitivity over the gap before training, when it learned and at the end, half-life, share."""
    learned, first, last = learned_at(rows), rows[0], rows[-1]
    powers = [f"{row['ln sensitivity'] / math.log(10):.1f}" for row in (first, rows[(learned or 1) - 1], last)]
    carried = "share of cell.c" if "share of cell.c" in last else "share of cell.h"
    return [
        label,
        seed,
        last["validation loss"],
        "never" if learned is None else learned,
        powers[0],
        "" if learned is None else powers[1],
        powers[2],
        f"{first['half-life']:.1f}",
        f"{last['half-life']:.1f}",
        first[carried],
        last[carried],
    ]


COLUMNS = (
    "network",
    "seed",
    "loss at the end",
    "epoch below half of chance",
    "log10 ‖d logits/d x[0]‖ at first",
    "an epoch before that",
    "at the end",
    "half-life at first",
    "at the end",
    "share along the state at first",
    "at the end",
)


def answer(found: Found, plan: Plan) -> tuple[str, str]:
    """The answer in a line, and in a paragraph."""
    every = [(label, rows) for label, seeds in found.items() for rows in seeds]
    learned = [(rows, epoch) for _, rows in every if (epoch := learned_at(rows)) is not None]
    others = [rows for _, rows in every if learned_at(rows) is None]
    grown = [rows for rows, epoch in learned if rows[epoch - 1]["ln sensitivity"] > rows[0]["ln sensitivity"]]
    least = min((rows[epoch - 1]["ln sensitivity"] for rows, epoch in learned), default=-math.inf) / math.log(10)
    most = max((rows[-1]["ln sensitivity"] for rows in others), default=-math.inf) / math.log(10)
    counts = [
        f"{sum(learned_at(rows) is not None for rows in seeds)} of {len(seeds)} {label}"
        for label, seeds in found.items()
    ]
    text = f"Below half of chance came {' and '.join(counts)}. "
    if learned:
        text += (
            f"In {len(grown)} of these {len(learned)} the symbol was felt over the gap more an epoch before than "
            f"before the training; none came there while it felt less than 10^{least:.1f}. "
        )
    if others:
        text += f"Those that never came there felt at most 10^{most:.1f} at the end. "
    shares = [rows[number]["share of cell.c"] for rows in found[LSTM.label] for number in (0, -1)]
    text += (
        f"In the LSTM at least {min(shares):.0%} of the flow goes along the cell state, c[t] = f[t] c[t-1] + ..., "
        "before the training and at its end; in the RNN all goes through its one equation."
    )
    return (
        "The loss falls once the gradient reaches over the gap"
        if len(grown) == len(learned) and learned
        else "The gradient's reach and the loss, epoch by epoch"
    ), text


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    report, found = flow.reporter("trainings"), Found()
    for number, learner in enumerate((RNN, LSTM)):
        parts = [part_of(report, number * plan.seeds + seed, 2 * plan.seeds) for seed in range(plan.seeds)]
        found[learner.label] = [followed(learner, plan, seed, part) for seed, part in enumerate(parts)]
    training = plan.training
    question = QUESTION.format(
        gap=plan.gap,
        units=training.hidden,
        batches=training.batches,
        batch=training.batch,
        held_out=training.held_out,
        few=plan.measured,
        seeds=plan.seeds,
    )
    rows = [row_of(label, seed, rows) for label, seeds in found.items() for seed, rows in enumerate(seeds)]
    settings = {"gap": plan.gap, "seeds": plan.seeds, "measured": plan.measured, **vars(training)}
    title, text = answer(found, plan)
    figures = drawn(found, plan, chosen)
    finding = Finding(title, question, text, COLUMNS, rows, settings, {"epochs": found}, figures)
    write(finding, chosen, "flow_during_training")
    print(f"{title}\n\n{text}")


if __name__ == "__main__":
    run(main, __doc__)
