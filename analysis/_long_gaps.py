"""Tasks whose answer lies long before the place where it is needed, networks that are to learn them, their training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.ground.progress import Progress, part_of
from lstm_sym.networks import LOSSES, CellLayer, Network, Pooling, dense
from lstm_sym.training import Adam, Samples, Trained, cosine, fit, predict

Array = np.ndarray
Draw = Callable[[int, np.random.Generator], tuple[list[Array], Array]]
"""How many sequences -> those sequences, each (T_b, D), and their targets."""


@dataclass(frozen=True)
class Task:
    """Sequences of `inputs` units and targets of `outputs`; `gap` is how many steps lie between cause and answer."""

    inputs: int
    outputs: int
    loss: str
    gap: int
    draw: Draw

    def samples(self, count: int, rng: np.random.Generator) -> Samples:
        """So many fresh sequences, in float32."""
        x, y = self.draw(count, rng)
        return Samples([values.astype(np.float32) for values in x], y)


def recall(gap: int, symbols: int = 4, distractors: int = 4) -> Task:
    """The symbol of the first step is to be told after `gap` distractors; each is a unit of its own, all are equally
    likely.
    """

    def draw(count: int, rng: np.random.Generator) -> tuple[list[Array], Array]:
        first = rng.integers(symbols, size=count)
        others = symbols + rng.integers(distractors, size=(count, gap))
        return list(np.eye(symbols + distractors)[np.column_stack([first, others])]), first

    return Task(symbols + distractors, symbols, "softmax", gap, draw)


def adding(steps: int) -> Task:
    """Two marked numbers among `steps` to `steps` + `steps`/10 are to be added (Hochreiter & Schmidhuber 1997, 5.4).

    x[t] is a number from -1 to 1 and a mark: 1 for one of the steps 1 to 9 and for another of the first half; -1 at the
    first and last step, 0 elsewhere. The target is 0.5 + (X1 + X2) / 4. The paper may also mark the first step, whose
    number then counts 0.
    """

    def one(rng: np.random.Generator) -> tuple[Array, float]:
        length = int(rng.integers(steps, steps + steps // 10 + 1))
        x = np.column_stack([rng.uniform(-1, 1, length), np.zeros(length)])
        x[[0, -1], 1] = -1
        first = int(rng.integers(1, 10))
        second = int(rng.choice([t for t in range(1, steps // 2 - 1) if t != first]))
        x[[first, second], 1] = 1
        return x, 0.5 + float(x[first, 0] + x[second, 0]) / 4

    def draw(count: int, rng: np.random.Generator) -> tuple[list[Array], Array]:
        x, y = zip(*(one(rng) for _ in range(count)), strict=True)
        return list(x), np.array(y)[:, None]

    return Task(2, 1, "squared", steps, draw)


def temporal_order(steps: int) -> Task:
    """In which order two symbols came among `steps` to `steps` + `steps`/10 (Hochreiter & Schmidhuber 1997, 5.6, 6a).

    The first step is E, the last B, the others one of a, b, c, d, but for an X or Y between steps/10 and steps/5, and
    another between steps/2 and 3 steps/5. The classes are XX, XY, YX, YY, as targets 0 and 1 of four outputs.
    """
    names = "EBabcdXY"

    def one(rng: np.random.Generator) -> tuple[Array, int]:
        length = int(rng.integers(steps, steps + steps // 10 + 1))
        symbols = rng.integers(names.index("a"), names.index("d") + 1, length)
        symbols[0], symbols[-1] = names.index("E"), names.index("B")
        which = rng.integers(2, size=2)
        symbols[rng.integers(steps // 10, steps // 5 + 1)] = names.index("X") + which[0]
        symbols[rng.integers(steps // 2, 3 * steps // 5 + 1)] = names.index("X") + which[1]
        return np.eye(len(names))[symbols], int(2 * which[0] + which[1])

    def draw(count: int, rng: np.random.Generator) -> tuple[list[Array], Array]:
        x, classes = zip(*(one(rng) for _ in range(count)), strict=True)
        return list(x), np.eye(4)[list(classes)]

    return Task(len(names), 4, "logistic", steps, draw)


@dataclass(frozen=True)
class Learner:
    """A cell and how its parameters begin; `chrono`: its gates keep times up to the gap at first.

    rate: of its training, None for that of all.
    """

    label: str
    cell: str
    initial: str = "uniform"
    fill: Mapping[str, float] = field(default_factory=dict)
    chrono: bool = False
    rate: float | None = None

    def network(self, task: Task, hidden: int) -> Network:
        """A layer of the cell, and a dense one that reads its last step."""
        longest = float(max(task.gap, 3)) if self.chrono else None
        layer = CellLayer("cell", ls.cell(self.cell), hidden, initial=self.initial, chrono=longest)
        layers = (layer, Pooling("last", "last"), dense("out", task.outputs))
        return Network(layers, task.inputs, LOSSES[task.loss], self.label)

    def params(self, network: Network, seed: int) -> dict[str, Array]:
        """Its parameters at first."""
        return network.init(seed, dtype=np.float32, fill={f"cell.{name}": value for name, value in self.fill.items()})


@dataclass(frozen=True)
class Training:
    """How all networks of an experiment are trained: by Adam, an epoch having `batches` of `batch` sequences.

    held_out: how many sequences validate, and how many test. enough: the validation loss that ends a training before
    its last epoch. cooled: whether the rate falls to 0 along half a cosine.
    """

    hidden: int
    epochs: int
    batches: int
    batch: int = 32
    rate: float = 0.01
    clip: float = 1.0
    held_out: int = 1000
    enough: float = 0.0
    cooled: bool = False


def trained(
    learner: Learner,
    task: Task,
    plan: Training,
    seed: int,
    *,
    measure: Callable[[Any], Mapping[str, float]] | None = None,
    progress: Progress | None = None,
) -> tuple[Network, Trained]:
    """One network, trained on data of its own; the seed decides data and parameters."""
    network, rng = learner.network(task, plan.hidden), np.random.default_rng([seed, task.gap])
    schedule = cosine(plan.epochs * plan.batches) if plan.cooled else None
    return network, fit(
        network,
        task.samples(plan.batches * plan.batch, rng),
        learner.params(network, seed),
        validation=task.samples(plan.held_out, rng),
        optimiser=Adam(learner.rate or plan.rate, clip=plan.clip, schedule=schedule),
        epochs=plan.epochs,
        batch=plan.batch,
        until=lambda row: row["validation loss"] < plan.enough,
        seed=seed,
        measure=measure,
        progress=progress,
    )


LEARNERS = (
    Learner("RNN", "rnn"),
    Learner("LSTM", "lstm", chrono=True),
    Learner("GRU", "gru", chrono=True),
)


@dataclass(frozen=True)
class Plan:
    """A task, how many draws of data and parameters, the training."""

    task: Task
    seeds: int
    training: Training


@dataclass(frozen=True)
class Outcome:
    """One training of a network: its label, the history, and what it answers to fresh sequences beside the targets."""

    label: str
    seed: int
    history: list[dict[str, float]]
    answers: Array
    targets: Array


def outcomes(plan: Plan) -> list[Outcome]:
    """Every network of `LEARNERS` with every seed."""
    found, report = [], flow.reporter("trainings")
    for number, learner in enumerate(LEARNERS):
        for seed in range(plan.seeds):
            part = part_of(report, number * plan.seeds + seed, len(LEARNERS) * plan.seeds)
            network, result = trained(learner, plan.task, plan.training, seed, progress=part)
            fresh = tested(plan.task, plan.training, seed)
            answers = np.stack(predict(network, result.params, fresh.x))
            found.append(Outcome(learner.label, seed, result.history, answers, np.stack(fresh.y)))
    return found


def learning_curves(found: Sequence[Outcome], name: str = "validation loss", factor: float = 1.0) -> list[flow.Curve]:
    """Median of the seeds by epoch, with the range; a training that ended early keeps its last number."""
    curves = []
    for label in dict.fromkeys(each.label for each in found):
        rows = [[factor * row[name] for row in each.history] for each in found if each.label == label]
        longest = max(map(len, rows))
        values = np.array([row + row[-1:] * (longest - len(row)) for row in rows])
        ends = np.arange(1, longest + 1)
        curves.append(flow.Curve(label, ends, np.median(values, axis=0), values.min(axis=0), values.max(axis=0)))
    return curves


def verdict(found: Sequence[Outcome], right: Callable[[Outcome], Any], what: str, baseline: str) -> tuple[str, str]:
    """How many fresh sequences are answered right, in a line, of the worst seed, and in a paragraph, of all.

    right: which of them. baseline: what is right without a memory, in words.
    """
    shares: dict[str, list[float]] = {each.label: [] for each in found}
    for each in found:
        shares[each.label].append(float(right(each).mean()))
    worst = (f"{label} {min(values):.1%}" for label, values in shares.items())
    ranges = (f"{label} {min(values):.1%} to {max(values):.1%}" for label, values in shares.items())
    title = f"{what}: {', '.join(worst)} right with the worst seed"
    return title, f"Right of fresh sequences are, over the seeds, {', '.join(ranges)}; {baseline}."


def tested(task: Task, plan: Training, seed: int) -> Samples:
    """Fresh sequences that no training of this seed has seen, nor was stopped by."""
    return task.samples(plan.held_out, np.random.default_rng([seed, task.gap, 1]))


def binomial_interval(count: int, chance: float, level: float) -> tuple[float, float]:
    """The shares right, of `count` answers at random, outside which lie less than (1 - level) / 2 on either side."""
    k = np.arange(count + 1)
    factorials = np.array([math.lgamma(n + 1) for n in range(count + 1)])
    logs = factorials[-1] - factorials - factorials[::-1] + k * math.log(chance) + (count - k) * math.log1p(-chance)
    below = np.exp(logs).cumsum()
    low, high = (int(np.searchsorted(below, tail)) for tail in ((1 - level) / 2, (1 + level) / 2))
    return low / count, high / count
