"""Is a film review kind? Words, LSTM, mean over time, logistic regression, on 10,605 sentences rated by people.

Embedding of 32, LSTM of 32 units (forget bias 1), the mean of its outputs, logistic regression: the network of the
usual tutorial; and the same in both directions. A sentence is positive if the mean of its ratings, -4 to 4 by 20 people
each, is above 0. Targets while training are sigmoid(1.5 rating), as sentences that people call mixed teach less. Split
by a hash of seed and sentence: 15 % test, 10 % choose the epoch, the rest trains; every seed has its own split, 5
seeds. Words seen once are one word. Baselines on the same splits and targets: the commoner label, and logistic
regression on the bag of words (which words are there), a network as well: one number a word, added up. For three test
sentences each word is coloured by its share of the logit, x[t] . d logit / d x[t], where x[t] is its vector.
The sentences are fetched once (_snippets.py says how, and what of it runs: nothing); --quick makes some of word lists.
Writes two figures (SVG, PNG) with their data (CSV), a page and its numbers.
`python3 run.py analysis sentiment [--quick] [-o DIR]`
"""

from __future__ import annotations

import hashlib
import itertools
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _finding
import numpy as np
from _classification import in_words
from _experiment import Options, run
from _pictures import Line, Row, save_dots, save_words
from _snippets import Rated, SnippetsError, snippets

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.networks import LOSSES, CellLayer, Dropout, Embedding, Network, Pooling, dense
from lstm_sym.training import Adam, Samples, fit, predict

WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[!?]")
SUM = "s[t] = s[t-1] + x[t]"
KIND, UNKIND = ("good", "moving", "funny", "great", "fresh"), ("bad", "dull", "tired", "poor", "flat")
THINGS, LINKS = ("film", "story", "cast", "plot", "ending"), ("is", "was", "seems")
QUESTION = """Sentences of film reviews, each rated by 20 people: is the mean rating above 0? Embedding, LSTM, the mean
of its outputs over time, logistic regression, against logistic regression on the bag of words, on the same splits with
the same targets, and the commoner label. The parameters are those of the epoch with the smallest loss on sentences kept
for it. The second figure reads three test sentences: the share of each word in the logit, x[t] · ∂logit/∂x[t], where
x[t] is the vector of the word; the derivative is exact, and includes what the word does by the state to all later
steps."""
SOURCE = """Sentences from rottentomatoes.com (Pang & Lee 2005) with ratings of Hutto & Gilbert (2014), in the source
archive of vaderSentiment 3.3.2, MIT licence; fetched by `pip download` and checked by its SHA-256."""
MADE = "--quick: sentences made of word lists, in place of the reviews"
LSTM, BOTH = "LSTM, mean over time", "the same in both directions"
BAG, COMMONER = "logistic regression on the bag of words", "commoner label"


@dataclass(frozen=True)
class Plan:
    """Sizes of word vectors and LSTM, epochs at most, seeds."""

    vectors: int
    units: int
    epochs: int
    seeds: int


QUICK = Plan(4, 4, 2, 1)
FULL = Plan(32, 32, 10, 5)


@dataclass(frozen=True)
class Review:
    """The words of a sentence, and the mean of its ratings."""

    words: tuple[str, ...]
    rating: float


def reviews(rated: Sequence[Rated]) -> list[Review]:
    """Sentences in small letters, cut into words."""
    found = (Review(tuple(WORD.findall(one.text.lower())), one.rating) for one in rated)
    return [review for review in found if review.words]


def made() -> list[Rated]:
    """Sentences of word lists, for --quick."""
    parts = itertools.product(THINGS, LINKS, ("", "never "), KIND + UNKIND)
    return [
        Rated(f"the {thing} {link} {never}{word}", 2.0 * (1 if (word in KIND) != bool(never) else -1))
        for thing, link, never, word in parts
    ]


def split(every: Sequence[Review], seed: int) -> dict[str, list[Review]]:
    """Test, validation and training sentences, by a hash of the seed and the words."""
    parts: dict[str, list[Review]] = {"train": [], "validation": [], "test": []}
    for one in every:
        number = int.from_bytes(hashlib.sha256(f"{seed} {' '.join(one.words)}".encode()).digest()[:4], "big") / 2**32
        parts["test" if number < 0.15 else "validation" if number < 0.25 else "train"].append(one)
    return parts


def numbers_of(train: Sequence[Review]) -> dict[str, int]:
    """Word -> its number, from 1; 0 is what was seen once or never."""
    counts = Counter(word for one in train for word in one.words)
    return {word: at for at, word in enumerate(sorted(w for w, count in counts.items() if count > 1), 1)}


def samples(part: Sequence[Review], number: dict[str, int], bag: bool) -> Samples:
    """Words as numbers, in their order or, for a bag, each once; and targets from 0 to 1."""
    lists = [list(dict.fromkeys(one.words)) if bag else one.words for one in part]
    targets = 1 / (1 + np.exp(-1.5 * np.array([one.rating for one in part])))
    return Samples([np.array([number.get(w, 0) for w in words]) for words in lists], targets[:, None])


def lstm(words: int, plan: Plan, direction: str = "forward") -> Network:
    """Embedding, LSTM, mean, logistic regression."""
    layers = (
        Embedding("words", words, plan.vectors),
        Dropout("vectors", 0.5),
        CellLayer("lstm", ls.cell("lstm"), plan.units, direction=direction),
        Pooling("mean", "mean"),
        Dropout("means", 0.5),
        dense("output", 1),
    )
    return Network(layers, loss=LOSSES["logistic"])


def bag_of_words(words: int) -> Network:
    """One number a word, added up, and a bias: logistic regression on which words are there."""
    adding = CellLayer("sum", ls.parse(SUM, key="sum", sizes={"x": "H"}), 1)
    layers = (Embedding("words", words, 1), adding, Pooling("last", "last"), dense("output", 1))
    return Network(layers, loss=LOSSES["logistic"])


def trained(network: Network, parts: dict[str, Samples], plan: Plan, seed: int, scale: float) -> dict[str, Any]:
    """The parameters of the epoch with the smallest validation loss, word vectors of this size at first."""
    bag = len(network.layers) == 4
    start = network.init(seed, dtype=np.float32, fill={} if bag else {"lstm.b_f": 1.0})
    start["words.E"] *= np.float32(scale)
    optimiser = Adam(6e-3) if bag else Adam(3e-3, clip=1.0, decay=0.1)
    how: Any = {"validation": parts["validation"], "optimiser": optimiser, "batch": 64, "patience": 2, "seed": seed}
    return fit(network, parts["train"], start, epochs=plan.epochs, **how).params


def positive(part: Sequence[Review]) -> Any:
    """Whether each is rated above 0."""
    return np.array([one.rating > 0 for one in part])


@dataclass(frozen=True)
class Reader:
    """A trained LSTM, the numbers of its words, and its test sentences with the probability it gives each."""

    network: Network
    params: dict[str, Any]
    number: dict[str, int]
    test: list[Review]
    probabilities: Any


def measured(every: Sequence[Review], plan: Plan) -> tuple[dict[str, list[float]], Reader]:
    """Accuracy on the test sentences by model and seed; and the LSTM of the first seed."""
    found: dict[str, list[float]] = {COMMONER: [], BAG: [], LSTM: [], BOTH: []}
    report, readers = flow.reporter("reviews"), []
    for seed in range(plan.seeds):
        parts = split(every, seed)
        number, wanted = numbers_of(parts["train"]), positive(parts["test"])
        commoner = positive(parts["train"]).mean() > 0.5
        found[COMMONER].append(float((wanted == commoner).mean()))
        words = len(number) + 1
        networks = {BAG: bag_of_words(words), LSTM: lstm(words, plan), BOTH: lstm(words, plan, "both")}
        for label, network in networks.items():
            data = {name: samples(part, number, label == BAG) for name, part in parts.items()}
            params = trained(network, data, plan, seed, 0.01 if label == BAG else 0.3)
            said = np.array(predict(network, params, data["test"].x))[:, 0]
            found[label].append(float(((said > 0.5) == wanted).mean()))
            if label == LSTM:
                readers.append(Reader(network, params, number, parts["test"], said))
        report(seed + 1, plan.seeds)
    return found, readers[0]


def shares(reader: Reader, words: Sequence[str]) -> Any:
    """(T,): x[t] . d logit / d x[t] of each word, by the network above the embedding."""
    above = Network(reader.network.layers[1:], reader.params["words.E"].shape[1], reader.network.loss)
    params = {name: value for name, value in reader.params.items() if not name.startswith("words.")}
    x = reader.params["words.E"][[reader.number.get(word, 0) for word in words]][:, None]
    logit, _, tape = above.forward(x, params)
    by_word = above.backward(np.ones_like(logit), tape, params).x
    assert by_word is not None  # x are vectors
    return (x * by_word).sum(axis=(1, 2)).astype(float)


def read(reader: Reader) -> list[Line]:
    """Three test sentences: the surest that is right either way, of 10 to 25 words, and the surest that is wrong."""
    wanted, said = positive(reader.test), reader.probabilities
    fits = np.array([10 <= len(one.words) <= 25 for one in reader.test])
    fits = fits if fits.any() else np.ones(len(fits), bool)
    right = np.where(fits & (wanted == (said > 0.5)), said, 0.5)
    wrong = np.where(fits & (wanted != (said > 0.5)), abs(said - 0.5), -1.0)
    lines = []
    for at in (right.argmax(), right.argmin(), wrong.argmax()):
        one = reader.test[at]
        note = f"rated {one.rating:+.2f}; probability of positive {said[at]:.2f}"
        lines.append(Line(one.words, shares(reader, one.words), note))
    return lines


def figures(found: dict[str, list[float]], lines: list[Line], plan: Plan, folder: Path, note: str) -> list[Path]:
    """Accuracies a row a model, and three sentences whose words are coloured."""
    rows = [Row(label, values, label in (COMMONER, BAG)) for label, values in found.items()]
    return save_dots(
        rows[1:],
        folder,
        "sentiment",
        title="Is a film review kind?",
        subtitle=f"test sentences; a dot a seed ({plan.seeds}, each with its own split), bar and number: mean; the "
        f"commoner label has {np.mean(found[COMMONER]):.3f}{note}",
        x="accuracy",
    ) + save_words(
        lines,
        folder,
        "sentiment_words",
        title="Which words moved the decision?",
        subtitle="x[t] · d logit / d x[t] of each word: blue towards positive, orange towards negative",
        name="share_of_logit",
    )


def gained(found: dict[str, list[float]], label: str) -> str:
    """The difference to the bag of words, split by split."""
    gain = np.array(found[label]) - np.array(found[BAG])
    return f"{gain.mean():+.3f} ({gain.min():+.3f} to {gain.max():+.3f}), above 0 in {(gain > 0).sum()} of {len(gain)}"


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    try:
        rated = made() if chosen.quick else snippets()
    except SnippetsError as error:
        sys.exit(f"sentiment: {error}")
    if chosen.quick:
        print(MADE)
    every = reviews(rated)
    found, reader = measured(every, plan)
    lines = read(reader)
    finding = _finding.Finding(
        title="Is a film review kind? LSTM and bag of words",
        question=QUESTION,
        answer=f"Accuracy on test sentences, mean and range of {plan.seeds} seeds: LSTM {in_words(found[LSTM])}, in "
        f"both directions {in_words(found[BOTH])}, bag of words {in_words(found[BAG])}, commoner label "
        f"{in_words(found[COMMONER])}. Less the bag of words on the same split: LSTM {gained(found, LSTM)}; in both "
        f"directions {gained(found, BOTH)}.",
        columns=("model", "accuracy", *(f"seed {seed}" for seed in range(plan.seeds))),
        rows=[(label, in_words(values), *values) for label, values in found.items()],
        settings={
            **vars(plan),
            "rates": (3e-3, 6e-3),
            "decay": (0.1, 0.0),
            "dropout": 0.5,
            "batch": 64,
            "sentences": len(every),
        },
        numbers={
            "accuracy": found,
            "sentences": [{"said": line.note, "words": line.words, "share of logit": line.values} for line in lines],
        },
        figures=figures(found, lines, plan, chosen.output, f"; {MADE}" if chosen.quick else ""),
        source=MADE if chosen.quick else SOURCE,
    )
    _finding.write(finding, chosen, "sentiment")


if __name__ == "__main__":
    run(main, __doc__)
