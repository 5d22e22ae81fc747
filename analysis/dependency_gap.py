"""How long a gap can a recurrent network learn to bridge? Accuracy of recall against the gap, RNN, LSTM and GRU.

One of 4 symbols is shown at the first step, and is to be told after a gap of distractors, each one of 4 others. All
networks have the same number of units, a dense layer that reads the last step, and the same training; they begin as
drawn, orthogonal, or with gates that keep. Baseline: chance, 1/4. All but the first network are not trained on longer
gaps than the first at which all its seeds are at chance. Before each training ||d logits[T]/dx[0]|| is measured: does
the gradient tell beforehand? Writes two figures (SVG, PNG) with their data (CSV), a page (Markdown) and all numbers
(JSON).
`python3 run.py analysis dependency_gap [--quick] [-o DIR]`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from _experiment import Options, run
from _finding import Finding, write
from _long_gaps import Learner, Training, binomial_interval, recall, tested, trained

from lstm_sym import flow
from lstm_sym.ground.progress import part_of, tell
from lstm_sym.networks import Recurrence
from lstm_sym.training import predict

LEARNERS = (
    Learner("RNN", "rnn"),
    Learner("LSTM, chrono", "lstm", chrono=True),
    Learner("GRU, chrono", "gru", chrono=True),
    Learner("RNN, orthogonal", "rnn", initial="orthogonal"),
    Learner("LSTM, as drawn", "lstm"),
    Learner("RNN, rate 0.01", "rnn", rate=0.01),
)
QUESTION = """How long a gap can a recurrent network learn to bridge?

One of 4 symbols is shown at the first step, then a gap of distractors, each one of 4 other symbols; at the last of
them the network is to tell the first (chance: 1/4). Each network has one layer of {units} units and a dense layer;
RNN, LSTM and GRU of as many units have {parameters} parameters. All are trained in the same way, by Adam of rate
{rate} on {sequences} sequences again and again, {updates} updates of {batch} or fewer, where the loss on {held_out}
others is below {enough} before; once more an RNN at another rate. Accuracy is that on {held_out} fresh sequences.
{seeds} seeds draw data and parameters.

*At chance* is a network whose accuracy lies between {low:.3f} and {high:.3f}: if all {seeds} seeds answer by chance,
all lie there with 95 % (binomial). But for the RNN, no network is trained on longer gaps than the first at which all
its seeds are at chance. *As drawn*: all parameters uniform within 1/√H, as those of the RNN. *Chrono* (Tallec &
Ollivier 2018): biases of the gates such that they keep times up to the gap at first, which takes knowing the gap.
*Orthogonal*: the recurrent matrix of the RNN is."""
CHANCE = 0.25
LEARNED = 0.95


@dataclass(frozen=True)
class Plan:
    """Networks, gaps, how many draws of each, and the training."""

    learners: tuple[Learner, ...]
    gaps: tuple[int, ...]
    seeds: int
    training: Training

    @property
    def at_chance(self) -> tuple[float, float]:
        """The interval of one seed, so that all of them lie in theirs with 95 % where all answers are chance."""
        return binomial_interval(self.training.held_out, CHANCE, 0.95 ** (1 / self.seeds))


QUICK = Plan(LEARNERS[:2], (2, 6), 2, Training(hidden=8, epochs=2, batches=20, held_out=100, enough=0.1))
FULL = Plan(LEARNERS, (5, 10, 20, 50, 100), 5, Training(hidden=16, epochs=8, batches=50, rate=0.003, enough=0.1))


@dataclass(frozen=True)
class Try:
    """One training: what reached the first step before it, and the share of fresh sequences that it got right."""

    learner: str
    gap: int
    seed: int
    ln_sensitivity: float
    accuracy: float
    updates: int


def before(learner: Learner, gap: int, plan: Plan, seed: int) -> float:
    """ln ||d logits[T]/dx[0]|| of the network as it is drawn, the median over some sequences."""
    task = recall(gap)
    network = learner.network(task, plan.training.hidden)
    kernel: Any = Recurrence(network, output_is_a_state=True)
    x, _ = task.draw(20, np.random.default_rng([seed, gap, 2]))
    record = flow.record(kernel, kernel.Params(**learner.params(network, seed)), np.stack(x, axis=1))
    return float(flow.input_sensitivity(record, lags=gap).median()[-1])


def attempt(learner: Learner, gap: int, plan: Plan, seed: int, progress: Any) -> Try:
    """Train one network and test it."""
    task = recall(gap)
    network, found = trained(learner, task, plan.training, seed, progress=progress)
    fresh = tested(task, plan.training, seed)
    right = np.argmax(predict(network, found.params, fresh.x), axis=1) == fresh.y
    return Try(learner.label, gap, seed, before(learner, gap, plan, seed), float(right.mean()), found.last.steps)


def attempts(plan: Plan) -> Iterator[Try]:
    """All trainings, network by network; all but the first end at a gap at which all of its seeds are at chance."""
    report, parts = flow.reporter("trainings"), len(plan.learners) * len(plan.gaps) * plan.seeds
    for number, learner in enumerate(plan.learners):
        for place, gap in enumerate(plan.gaps):
            first = (number * len(plan.gaps) + place) * plan.seeds
            found = [
                attempt(learner, gap, plan, seed, part_of(report, first + seed, parts)) for seed in range(plan.seeds)
            ]
            tell(report, first + plan.seeds, parts)
            yield from found
            if number and all(plan.at_chance[0] <= each.accuracy <= plan.at_chance[1] for each in found):
                break


def table(tries: Sequence[Try], name: str) -> dict[str, dict[int, Any]]:
    """Network -> gap -> this number of every seed."""
    found: dict[str, dict[int, Any]] = {}
    for each in tries:
        found.setdefault(each.learner, {}).setdefault(each.gap, []).append(getattr(each, name))
    return {label: {gap: np.array(values) for gap, values in gaps.items()} for label, gaps in found.items()}


def curves(numbers: Mapping[str, Mapping[int, Any]]) -> list[flow.Curve]:
    """Median over the seeds against the gap, with the range."""
    return [
        flow.Curve(
            label,
            [*gaps],
            [np.median(values) for values in gaps.values()],
            [values.min() for values in gaps.values()],
            [values.max() for values in gaps.values()],
            dots=True,
        )
        for label, gaps in numbers.items()
    ]


def separating(accuracy: Mapping[str, Mapping[int, Any]], plan: Plan) -> list[int]:
    """Gaps at which every RNN as drawn is at chance and every LSTM with chrono biases is above LEARNED."""
    low, high = plan.at_chance
    rnn, lstm = accuracy["RNN"], accuracy["LSTM, chrono"]
    return [
        gap
        for gap in rnn
        if (low <= rnn[gap]).all() and (rnn[gap] <= high).all() and gap in lstm and (lstm[gap] > LEARNED).all()
    ]


def foretold(tries: Sequence[Try]) -> tuple[float, float, float]:
    """How well the gradient foretells: the share of pairs, one that learned and one that did not, in which the one
    that learned had the larger sensitivity before; the smallest log10 of those that learned, the largest of the rest.
    """
    learned = np.array([each.ln_sensitivity for each in tries if each.accuracy > LEARNED]) / np.log(10)
    others = np.array([each.ln_sensitivity for each in tries if each.accuracy <= LEARNED]) / np.log(10)
    if not (learned.size and others.size):
        return float("nan"), float(learned.min(initial=np.inf)), float(others.max(initial=-np.inf))
    return float((learned[:, None] > others).mean()), float(learned.min()), float(others.max())


def drawn(tries: Sequence[Try], plan: Plan, chosen: Options) -> list[Any]:
    """Both figures."""
    common: dict[str, Any] = {"x": "gap (steps)", "x_scale": "log"}
    who = f"{plan.training.hidden} units each, median and range of {plan.seeds} seeds"
    low, high = plan.at_chance
    chance = flow.Curve("chance", plan.gaps, np.full(len(plan.gaps), CHANCE), kind="theory")
    first = flow.save_curves(
        [*curves(table(tries, "accuracy")), chance],
        chosen.output,
        "dependency_gap",
        title="A symbol recalled after a growing gap",
        subtitle=f"{who}; at chance: {low:.3f} to {high:.3f}",
        y="accuracy on fresh sequences",
        limits=(0.15, 1.0),
        **common,
    )
    draws = {learner.label for learner in plan.learners if learner.rate is None}  # a rate changes nothing at first
    second = flow.save_curves(
        curves(table([each for each in tries if each.learner in draws], "ln_sensitivity")),
        chosen.output,
        "dependency_gap_gradient",
        title="What the output feels of the symbol before training",
        subtitle=f"‖d logits[T] / d x[0]‖; {who}",
        y="sensitivity",
        y_scale="ln",
        **common,
    )
    return [*first, *second]


def answer(tries: Sequence[Try], plan: Plan) -> tuple[str, str]:
    """The answer in a line, and in a paragraph."""
    accuracy = table(tries, "accuracy")
    gaps = separating(accuracy, plan)
    better, smallest, largest = foretold(tries)
    if gaps:
        gap = gaps[-1]
        title = f"At a gap of {gap} steps the RNN is at chance, the LSTM recalls"
        rnn, lstm = accuracy["RNN"][gap], accuracy["LSTM, chrono"][gap]
        first = (
            f"At a gap of {' and of '.join(map(str, gaps))} steps all {plan.seeds} RNNs are at chance and all LSTMs "
            f"with chrono biases above {LEARNED}: at {gap}, RNN {rnn.min():.3f} to {rnn.max():.3f}, "
            f"LSTM {lstm.min():.3f} to {lstm.max():.3f}."
        )
    else:
        title = "No gap separates all RNNs from all LSTMs"
        first = f"At no gap were all RNNs at chance and all LSTMs with chrono biases above {LEARNED}."
    gradient = (
        f"The gradient tells beforehand: of all pairs of a training that came above {LEARNED} and one that did not, "
        f"the first had the larger sensitivity before training in {better:.0%}. Those that learned began with "
        f"10^{smallest:.1f} or more, those that did not with 10^{largest:.1f} or less."
    )
    reached = (
        f"{label}: {max(gap for gap, values in of.items() if values.max() > LEARNED)}"
        for label, of in accuracy.items()
        if any(values.max() > LEARNED for values in of.values())
    )
    best = f"The longest gap at which the best seed came above {LEARNED} is, {'; '.join(reached)}."
    return title, f"{first} {best}\n\n{gradient}"


def question(plan: Plan) -> str:
    """What was asked and done."""
    low, high = plan.at_chance
    task, training = recall(plan.gaps[0]), plan.training
    counted = [
        sum(value.size for value in learner.params(learner.network(task, training.hidden), 0).values())
        for learner in LEARNERS[:3]
    ]
    return QUESTION.format(
        units=training.hidden,
        rate=training.rate,
        parameters="{}, {} and {}".format(*counted),
        sequences=training.batches * training.batch,
        updates=training.epochs * training.batches,
        batch=training.batch,
        held_out=training.held_out,
        enough=training.enough,
        seeds=plan.seeds,
        low=low,
        high=high,
    )


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    tries = list(attempts(plan))
    accuracy = table(tries, "accuracy")
    title, text = answer(tries, plan)
    rows = [
        [label, *(f"{of[gap].mean():.3f} ({of[gap].min():.3f})" if gap in of else "" for gap in plan.gaps)]
        for label, of in accuracy.items()
    ]
    numbers = {
        "tries": [vars(each) for each in tries],
        "at chance": plan.at_chance,
        "gaps that separate": separating(accuracy, plan),
        "pairs that the gradient orders": foretold(tries)[0],
    }
    settings = {"gaps": plan.gaps, "seeds": plan.seeds, **vars(plan.training)}
    columns = ["mean (least) accuracy at a gap of", *map(str, plan.gaps)]
    figures = drawn(tries, plan, chosen)
    write(
        Finding(title, question(plan), text, columns, rows, settings, numbers, figures),
        chosen,
        "dependency_gap",
    )
    print(f"{title}\n\n{text}")


if __name__ == "__main__":
    run(main, __doc__)
