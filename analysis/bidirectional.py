"""What does reading in both directions add? Who speaks, and names that only the words after them give away.

Speakers: Japanese vowels (270 recordings to train, 370 to test, 9 speakers, 12 cepstrum coefficients, 7 to 29 steps);
LSTM, dropout 0.3, mean over time, softmax, of 32 units forward, of 64 forward, of 32 in each direction; 5 seeds. The
number of epochs is that of the smallest loss on a fifth of the training split; then all of it is trained on for as
long. Baselines: the commonest speaker; logistic regression on the mean of each coefficient.
Names: 3,000 sentences of a grammar (the word lists below) without capitals: "teddy bears are on sale", "teddy roosevelt
was a president". Every word is tagged, part of a name or not; 3 seeds. Sentences come in pairs that are the same up to
the ambiguous word, at which a reader from the left is right in one of the two, whatever it is.
Writes two figures (SVG, PNG) with their data (CSV), a page and its numbers.
`python3 run.py analysis bidirectional [--quick] [-o DIR]`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _finding
import numpy as np
from _classification import accuracy, answers, in_words, parted, standardised, subset
from _experiment import Options, run
from _pictures import Row, save_dots

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.inputs import japanese_vowels
from lstm_sym.networks import LOSSES, CellLayer, Dropout, Embedding, Network, Pooling, dense
from lstm_sym.training import Adam, Samples, fit

OPENINGS = ("", "yesterday", "they say", "he wrote that", "in the news", "as we know", "perhaps", "she said")
AMBIGUOUS = ("teddy", "rose", "grant", "bill", "mark", "will", "amber", "dean", "frank", "hope", "art", "faith")
SURNAMES = ("roosevelt", "tyler", "clinton", "parker", "twain", "smith", "marsh", "wells", "stone", "hill")
THINGS = ("bears", "petals", "papers", "boards", "lights", "plans", "stories", "signs", "prints", "cards")
BETWEEN = ("", "of all things", "as it happens", "so it seems")
PERSON = ("was a president", "met the queen", "left the house", "has a sister", "writes to us")
THING = ("are on sale", "were sent back", "lie on the table", "cost a lot", "come in boxes")
"""A sentence: opening, ambiguous word, then its surname or a thing, words between, and what fits it; or, where neither
surname nor thing follows, the end alone decides."""
ONE_WORD_LATER, AT_THE_END = "a word later", "at the end"

QUESTION = """**Speakers.** Nine speakers say two vowels; which one is it? LSTM, dropout, mean over time, softmax, on
the official split of the Japanese vowels. The epochs are those of the smallest loss on a fifth of the training split;
then all of it is trained on for as long, and the test split is looked at once. Baselines: the commonest speaker of the
training split, and logistic regression on the mean of each coefficient.

**Names.** Each word of a sentence without capitals is tagged as part of a name or not: "teddy bears are on sale",
"teddy roosevelt was a president". Every opening with its ambiguous word comes in a pair, once as a name and once not:
at that word a reader from the left has seen the same in both, and is right in exactly one of the two. What decides
stands a word later ("bears", "roosevelt") or at the end alone ("teddy, as it happens, was a president"). The sentences
tested are none of those trained on."""
SOURCE = """Japanese vowels: Kudo, Toyama & Shimbo, UCI Machine Learning Repository, CC BY 4.0, in the package
(`lstm_sym/inputs/data/SOURCES.md`). The sentences are drawn from the word lists in the script."""


@dataclass(frozen=True)
class Plan:
    """Units, epochs at most and seeds of the recordings; sentences, units and epochs of the names."""

    units: int
    epochs: int
    seeds: int
    sentences: int
    tagger: int
    passes: int
    recordings: int | None = None


QUICK = Plan(4, 2, 1, 60, 4, 2, 60)
FULL = Plan(32, 40, 5, 3000, 24, 12)


def listener(units: int, direction: str) -> Network:
    """The network that names the speaker."""
    cell = CellLayer("lstm", ls.cell("lstm"), units, direction=direction)
    layers = (cell, Dropout("dropout", 0.3), Pooling("mean", "mean"), dense("output", 9))
    return Network(layers, 12, LOSSES["softmax"])


def recordings(plan: Plan) -> tuple[Samples, Samples]:
    """The official split, every coefficient of mean 0 and variance 1 over the steps of training."""
    train, test = japanese_vowels("train"), japanese_vowels("test")
    parts = standardised(train.sequences, test.sequences)
    found = [Samples(x, np.array(s.labels) - 1) for x, s in zip(parts, (train, test), strict=True)]
    if plan.recordings is not None:
        found = [parted(data, [plan.recordings], np.random.default_rng(0))[0] for data in found]
    return found[0], found[1]


def kept_apart(train: Samples, seed: int) -> tuple[Samples, Samples]:
    """A fifth of the recordings of every speaker, drawn, and the rest."""
    rng, validation = np.random.default_rng(seed), []
    for speaker in np.unique(train.y):
        own = np.flatnonzero(train.y == speaker)
        validation += rng.choice(own, max(1, len(own) // 5), replace=False).tolist()
    rest = np.setdiff1d(np.arange(len(train)), validation)
    return subset(train, rest), subset(train, validation)


def heard(
    network: Network, seed: int, data: tuple[Samples, Samples], epochs: int, *, rate: float = 5e-3, **fill: float
) -> tuple[float, int]:
    """Accuracy on the test split, and the epochs that validation chose."""
    how: Any = {"optimiser": Adam(rate, clip=1.0), "seed": seed}
    train, test = data
    rest, validation = kept_apart(train, seed)
    start = network.init(seed, dtype=np.float32, fill=fill)
    history = fit(network, rest, start, validation=validation, epochs=epochs, **how).history
    losses = [row["validation loss"] for row in history]
    best = int(np.argmin(losses)) + 1
    return accuracy(network, fit(network, train, start, epochs=best, **how).params, test), best


def speakers(plan: Plan) -> dict[str, list[tuple[float, int]]]:
    """(accuracy, epochs) of every seed, by model; the first two are baselines."""
    data = recordings(plan)
    train, test = data
    means = standardised(*([x.mean(axis=0, keepdims=True) for x in part.x] for part in data))
    mean = Samples(means[0], train.y), Samples(means[1], test.y)
    regression = Network((Pooling("mean", "mean"), dense("output", 9)), 12, LOSSES["softmax"])
    commonest = float((test.y == np.bincount(train.y).argmax()).mean())
    found = {
        "commonest speaker": [(commonest, 0)],
        "logistic regression on the mean": [
            heard(regression, seed, mean, 5 * plan.epochs, rate=0.02) for seed in range(plan.seeds)
        ],
    }
    report, done = flow.reporter("speakers"), 0
    for label, units, direction in (
        (f"LSTM, {plan.units} forward", plan.units, "forward"),
        (f"LSTM, {2 * plan.units} forward", 2 * plan.units, "forward"),
        (f"LSTM, {plan.units} in both directions", plan.units, "both"),
    ):
        network, found[label] = listener(units, direction), []
        for seed in range(plan.seeds):
            found[label].append(heard(network, seed, data, plan.epochs, **{"lstm.b_f": 1.0}))
            report(done := done + 1, 3 * plan.seeds)
    return found


@dataclass(frozen=True)
class Sentence:
    """Words, which of them are part of a name, where the ambiguous word stands, and what gives it away."""

    words: tuple[str, ...]
    tags: tuple[int, ...]
    place: int
    told: str


def pair(rng: np.random.Generator, told: str) -> list[Sentence]:
    """Two sentences of the same opening and ambiguous word: in one it is a name, in the other it is none."""
    opening, word, found = str(rng.choice(OPENINGS)).split(), str(rng.choice(AMBIGUOUS)), []
    for name, follows, ends in ((True, SURNAMES, PERSON), (False, THINGS, THING)):
        after = [str(rng.choice(follows))] if told == ONE_WORD_LATER else []
        end = f"{rng.choice(BETWEEN)} {rng.choice(ends)}".split()
        tags = [0] * len(opening) + [int(name)] * (1 + len(after)) + [0] * len(end)
        found.append(Sentence((*opening, word, *after, *end), tuple(tags), len(opening), told))
    return found


def sentences(count: int, rng: np.random.Generator, without: Sequence[Sentence] = ()) -> list[Sentence]:
    """So many sentences in pairs, as many told at once as at the end; none twice, and none of these others."""
    seen: set[tuple[str, ...]] = {one.words for one in without}
    found: list[Sentence] = []
    while len(found) < count:
        made = pair(rng, (ONE_WORD_LATER, AT_THE_END)[len(found) // 2 % 2])
        if not seen & {one.words for one in made}:
            found += made
            seen |= {one.words for one in made}
    return found


def in_numbers(part: Sequence[Sentence], words: Sequence[str]) -> Samples:
    """Sentences as the numbers of their words, and a tag of each."""
    number = {word: at for at, word in enumerate(words)}
    return Samples([np.array([number[w] for w in one.words]) for one in part], [np.array(one.tags) for one in part])


def tagged(plan: Plan, seed: int) -> dict[str, dict[str, float]]:
    """Model -> accuracy on the ambiguous word, by what gives it away, and on all other words."""
    rng = np.random.default_rng(seed)
    train = sentences(plan.sentences, rng)
    test = sentences(plan.sentences // 4, rng, train)
    words = sorted({word for one in (*train, *test) for word in one.words})
    data, kept, found = in_numbers(train, words), in_numbers(test, words), {}
    for label, units, direction in (("forward", 2 * plan.tagger, "forward"), ("both", plan.tagger, "both")):
        cell = CellLayer("lstm", ls.cell("lstm"), units, direction=direction)
        network = Network((Embedding("words", len(words), 16), cell, dense("output", 2)), loss=LOSSES["softmax"])
        start = network.init(seed, dtype=np.float32, fill={"lstm.b_f": 1.0})
        params = fit(network, data, start, optimiser=Adam(5e-3, clip=1.0), seed=seed, epochs=plan.passes).params
        found[label] = judged(test, answers(network, params, kept.x))
    return found


def judged(test: list[Sentence], tags: list[Any]) -> dict[str, float]:
    """The shares of right tags: on the ambiguous word, by what gives it away, and on all others."""
    right: dict[str, list[bool]] = {ONE_WORD_LATER: [], AT_THE_END: [], "other words": []}
    for one, found in zip(test, tags, strict=True):
        for at, (tag, wanted) in enumerate(zip(found, one.tags, strict=True)):
            right[one.told if at == one.place else "other words"].append(bool(tag == wanted))
    return {kind: float(np.mean(values)) for kind, values in right.items()}


def speaker_figure(found: dict[str, list[tuple[float, int]]], plan: Plan, folder: Path) -> list[Path]:
    """Accuracies on the test split, a row a model; that of the commonest speaker is said in words."""
    (_, [(commonest, _)]), *others = found.items()
    return save_dots(
        [Row(label, [share for share, _ in values], at == 0) for at, (label, values) in enumerate(others)],
        folder,
        "bidirectional_speakers",
        title="Who speaks? One direction and both",
        subtitle=f"Japanese vowels, official test split; a dot a seed ({plan.seeds}), bar and number their mean; "
        f"the commonest speaker has {commonest:.3f}",
        x="accuracy",
    )


def name_figure(tags: list[dict[str, dict[str, float]]], folder: Path) -> list[Path]:
    """Accuracies on the ambiguous word, and on others, a row a model and place."""
    said = {kind: f"ambiguous word, told {kind}" for kind in (ONE_WORD_LATER, AT_THE_END)}
    rows = [
        Row(f"{model}: {said.get(kind, kind)}", [found[model][kind] for found in tags])
        for model in tags[0]
        for kind in tags[0][model]
    ]
    return save_dots(
        rows,
        folder,
        "bidirectional_names",
        title="Is it a name? Only later words tell",
        subtitle=f"LSTM forward, and in both directions, as many units in all; {len(tags)} seeds",
        x="accuracy on sentences not trained on",
        verticals=[(0.5, "most for one direction")],
    )


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    found = speakers(plan)
    tags = [tagged(plan, seed) for seed in range(min(3, plan.seeds))]
    figures = speaker_figure(found, plan, chosen.output) + name_figure(tags, chosen.output)
    named = {(model, kind): [t[model][kind] for t in tags] for model in tags[0] for kind in tags[0][model]}
    heard_by = {label: [a for a, _ in values] for label, values in found.items()}
    regression, one, _, both = (in_words(values) for values in [*heard_by.values()][1:])
    forward, tagger = (in_words(named[model, AT_THE_END]) for model in tags[0])
    finding = _finding.Finding(
        title="What reading in both directions adds",
        question=QUESTION,
        answer=f"Who speaks: accuracy {one} forward and {both} in both directions, mean and range of {plan.seeds} "
        f"seeds; {regression} by logistic regression on the mean alone, which knows no order. Names told at the end: "
        f"{forward} forward, where no reader from the left can have more than 0.5, and {tagger} in both directions.",
        columns=("task", "model", "accuracy", "epochs"),
        rows=[("speaker", label, in_words(heard_by[label]), [e for _, e in v]) for label, v in found.items()]
        + [(f"name, {kind}", model, in_words(values), plan.passes) for (model, kind), values in named.items()],
        settings={
            **{name: value for name, value in vars(plan).items() if value is not None},
            "rate": 5e-3,
            "clip": 1.0,
            "forget bias": 1.0,
            "dropout": 0.3,
            "batch": 32,
        },
        numbers={
            "speakers": {
                label: {"accuracy": heard_by[label], "epochs": [e for _, e in v]} for label, v in found.items()
            },
            "names": tags,
        },
        figures=figures,
        source=SOURCE,
    )
    _finding.write(finding, chosen, "bidirectional")


if __name__ == "__main__":
    run(main, __doc__)
