"""Does the verb agree with a subject that stands far before it? What the gates do at the subject and at the verb.

Two sentences of a grammar (the word lists below), one after the other, each a subject, phrases, a verb in the number of
the subject, an end: "the child waits today . the dogs near the old house sing loudly ." The nouns of the phrases have a
number of their own, which is no help, and the first subject must be forgotten when the second comes. Models of the next
word are trained on 2,000 such pairs with none to three phrases after each subject: LSTM (forget bias 1) and tanh RNN,
32 units above an embedding of 16; 3 seeds. Tested at the second verb, on 300 pairs for each number of phrases, none of
them of the training: is the verb more probable in the right number than in the other? Baseline: counts of pairs of
words. Shown too: when each network learns it, epoch by epoch, with three phrases between. Then one pair is read, and
the gates of the units that hold the number are shown at every word.
Writes three figures (SVG, PNG) with their data (CSV), a page and its numbers.
`python3 run.py analysis next_word [--quick] [-o DIR]`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _finding
import numpy as np
from _classification import in_words
from _experiment import Options, run
from _pictures import save_grid

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.networks import LOSSES, CellLayer, Embedding, Network, Recurrence, dense
from lstm_sym.training import Adam, Samples, fit, predict

NOUNS = (("dog", "dogs"), ("child", "children"), ("farmer", "farmers"), ("bird", "birds"), ("teacher", "teachers"))
PLACES = (("house", "houses"), ("river", "rivers"), ("tree", "trees"), ("wall", "walls"), ("car", "cars"))
VERBS = (("sings", "sing"), ("waits", "wait"), ("runs", "run"), ("sleeps", "sleep"), ("is", "are"), ("has", "have"))
"""Singular and plural."""
PREPOSITIONS = ("near", "behind", "beside", "under")
ADJECTIVES = ("", "old", "small", "red")
ENDS = {"is": "tired", "are": "tired", "has": "time", "have": "time"}
ADVERBS = ("today", "loudly", "again", "alone")
TRAINED, TESTED = 4, (0, 1, 2, 3, 4, 6, 8, 12, 16, 24)
"""Phrases between subject and verb: fewer than so many in training, and those of the test."""
QUESTION = """Models of the next word read two sentences of a grammar: "the child waits today . the dogs near the old
house sing loudly ." A verb has the number of its subject, whatever nouns stand between. At the second verb two words
are compared, singular and plural of it: which does the model think more probable? Trained with none to three phrases
between, tested with up to 24. Baseline: counts of pairs of words, which know the word before the verb: the subject
itself where no phrase stands between, and otherwise a noun whose number says nothing."""
SOURCE = """Drawn from the word lists in the script."""


@dataclass(frozen=True)
class Plan:
    """Pairs of sentences to train, and to test for each number of phrases; units, epochs and seeds."""

    train: int
    test: int
    units: int
    epochs: int
    seeds: int


QUICK = Plan(60, 8, 6, 2, 1)
FULL = Plan(2000, 300, 32, 24, 3)


@dataclass(frozen=True)
class Sentences:
    """The words of two sentences, where the second verb stands, and that verb in the other number."""

    words: tuple[str, ...]
    verb: int
    other: str


def two_sentences(phrases: int, rng: np.random.Generator) -> Sentences:
    """A sentence, and one with so many phrases between subject and verb."""
    first, _, _ = sentence(int(rng.integers(TRAINED)), rng)
    second, verb, other = sentence(phrases, rng)
    return Sentences((*first, *second), len(first) + verb, other)


def sentence(phrases: int, rng: np.random.Generator) -> tuple[list[str], int, str]:
    """Its words, where its verb stands, and the verb in the other number."""
    plural = int(rng.integers(2))
    words = ["the", *adjective(rng), pick(NOUNS, rng)[plural]]
    for _ in range(phrases):
        words += [pick(PREPOSITIONS, rng), "the", *adjective(rng), pick(PLACES, rng)[int(rng.integers(2))]]
    verb = pick(VERBS, rng)
    end = ENDS.get(verb[plural]) or pick(ADVERBS, rng)
    return [*words, verb[plural], end, "."], len(words), verb[1 - plural]


def adjective(rng: np.random.Generator) -> list[str]:
    """An adjective, or none."""
    return pick(ADJECTIVES, rng).split()


def pick(words: Sequence[Any], rng: np.random.Generator) -> Any:
    """One of them."""
    return words[int(rng.integers(len(words)))]


def vocabulary() -> list[str]:
    """Every word of the grammar, after the mark that stands before a sentence."""
    lists = [w for pair in (*NOUNS, *PLACES, *VERBS) for w in pair]
    others = (*PREPOSITIONS, *filter(None, ADJECTIVES), *ADVERBS, *dict.fromkeys(ENDS.values()))
    return ["<s>", ".", "the", *lists, *others]


WORDS = vocabulary()
NUMBER = {word: at for at, word in enumerate(WORDS)}


def drawn(plan: Plan, seed: int) -> tuple[list[Sentences], list[list[Sentences]]]:
    """To train, and to test by the number of phrases; no pair is in both."""
    rng = np.random.default_rng(seed)
    train = [two_sentences(number % TRAINED, rng) for number in range(plan.train)]
    known, test = {one.words for one in train}, []
    for phrases in TESTED:
        kept: list[Sentences] = []
        while len(kept) < plan.test:
            made = two_sentences(phrases, rng)
            kept += [made] if made.words not in known else []
        test.append(kept)
    return train, test


def numbered(one: Sentences) -> Any:
    """(T,): the numbers of its words, after the mark of the beginning."""
    return np.array([NUMBER[word] for word in ("<s>", *one.words)])


def model(cell: str, units: int) -> Network:
    """A model of the next word."""
    layers = (Embedding("words", len(WORDS), 16), CellLayer("cell", ls.cell(cell), units), dense("next", len(WORDS)))
    return Network(layers, loss=LOSSES["softmax"])


def trained(
    cell: str, train: Sequence[Sentences], watched: Sequence[Sentences], plan: Plan, seed: int
) -> tuple[Network, Any, list[float]]:
    """A network, its parameters after all epochs, and its agreement on the watched pairs after each epoch."""
    network = model(cell, plan.units)
    start = network.init(seed, dtype=np.float32, fill={"cell.b_f": 1.0} if cell == "lstm" else {})
    x = [numbered(one) for one in train]
    data = Samples([words[:-1] for words in x], [words[1:] for words in x])

    def measure(params: Any) -> dict[str, float]:
        return {"agreement": agreement(of_network(network, params), [watched])[0]}

    how: Any = {"optimiser": Adam(5e-3, clip=1.0), "epochs": plan.epochs, "seed": seed, "measure": measure}
    found = fit(network, data, start, **how)
    return network, found.params, [row["agreement"] for row in found.history]


def agreement(probabilities: Callable[[Sequence[Sentences]], Any], test: Sequence[Sequence[Sentences]]) -> list[float]:
    """By the number of phrases: how often the verb is more probable in the right number; a tie is half of one."""
    shares = []
    for part in test:
        found = probabilities(part)
        right = [p[NUMBER[one.words[one.verb]]] for p, one in zip(found, part, strict=True)]
        wrong = [p[NUMBER[one.other]] for p, one in zip(found, part, strict=True)]
        shares.append(float(np.mean([(a > b) + 0.5 * (a == b) for a, b in zip(right, wrong, strict=True)])))
    return shares


def of_network(network: Network, params: Any) -> Callable[[Sequence[Sentences]], Any]:
    """Probabilities of the next word where the verb comes, by a network."""

    def probabilities(part: Sequence[Sentences]) -> Any:
        found = predict(network, params, [numbered(one)[: one.verb + 1] for one in part])
        return [steps[-1] for steps in found]

    return probabilities


def of_pairs(train: Sequence[Sentences]) -> Callable[[Sequence[Sentences]], Any]:
    """Probabilities by counts of pairs of words in the sentences of training."""
    counts = np.zeros((len(WORDS), len(WORDS)))
    for one in train:
        words = numbered(one)
        np.add.at(counts, (words[:-1], words[1:]), 1.0)
    return lambda part: [counts[NUMBER[one.words[one.verb - 1]]] for one in part]


@dataclass(frozen=True)
class Results:
    """Agreement by model, seed and number of phrases; by model, seed and epoch; and the first LSTM."""

    phrases: dict[str, list[list[float]]]
    epochs: dict[str, list[list[float]]]
    lstm: tuple[Network, Any]


def measured(plan: Plan) -> Results:
    """Train and test every model with every seed."""
    phrases: dict[str, list[list[float]]] = {"LSTM": [], "RNN": [], "pairs of words": []}
    epochs: dict[str, list[list[float]]] = {"LSTM": [], "RNN": []}
    report, done, kept = flow.reporter("agreement"), 0, []
    for seed in range(plan.seeds):
        train, test = drawn(plan, seed)
        for cell in ("lstm", "rnn"):
            network, params, history = trained(cell, train, test[TESTED.index(TRAINED - 1)], plan, seed)
            phrases[cell.upper()].append(agreement(of_network(network, params), test))
            epochs[cell.upper()].append(history)
            kept.append((network, params))
            report(done := done + 1, 2 * plan.seeds)
        phrases["pairs of words"].append(agreement(of_pairs(train), test))
    return Results(phrases, epochs, kept[0])


SHOWN = "the dogs near the old house sing loudly . the child behind the red cars waits"
"""The sentences whose gates are shown."""
SUBJECT, OTHER = 10, "children"
"""Where the second subject stands in them, and the same in the other number."""
UNITS = 10
"""How many units are shown: those that hold the number."""


def gates(network: Network, params: Any) -> dict[str, Any]:
    """Gate -> (units, words), while the sentences are read, of the units that hold the number of the subject.

    These are the units whose cell state before the second verb changes most where the subject has the other number.
    """
    kernel = Recurrence(Network(network.layers, name="next word"))
    given = kernel.Params(**{name: params[name] for name in kernel.Params._fields})
    words = ["<s>", *SHOWN.split()]
    table, other = params["words.E"].astype(float), words.copy()
    other[SUBJECT + 1] = OTHER
    both = table[np.array([[NUMBER[word] for word in line] for line in (words, other)])].transpose(1, 0, 2)
    _, state, _ = kernel.forward(both[:-1], given)
    cells = state._asdict()["cell.c"]
    order = np.argsort(-abs(cells[0] - cells[1]))[:UNITS]
    values = flow.gate_values(flow.record(kernel, given, both[:, 0]))
    named = {"forget gate": "cell.f", "input gate": "cell.i", "output gate": "cell.o"}
    return {name: values[key][1:, 0, order].T for name, key in named.items()}


def curves(found: dict[str, list[list[float]]], x: Any, dots: bool) -> list[flow.Curve]:
    """Mean and range over the seeds."""
    stacked = {label: np.array(values) for label, values in found.items()}
    return [
        flow.Curve(label, np.asarray(x), v.mean(axis=0), v.min(axis=0), v.max(axis=0), dots=dots)
        for label, v in stacked.items()
    ]


def figures(found: Results, shown: dict[str, Any], plan: Plan, folder: Path) -> list[Path]:
    """Agreement by the number of phrases and by epoch, and the gates at every word."""
    how: Any = {"y": "share of verbs in the right number", "limits": (0.4, 1.0)}
    by_phrases: Any = {
        "title": "Does the verb agree with its subject?",
        "subtitle": f"trained with 0 to {TRAINED - 1} phrases between; mean and range of {plan.seeds} seeds; chance ½",
        "x": "phrases between subject and verb",
    }
    by_epoch: Any = {
        "title": "When is agreement learnt?",
        "subtitle": f"{TRAINED - 1} phrases between; mean and range of {plan.seeds} seeds; chance ½",
        "x": "epochs of training",
    }
    drawn_curves = curves(found.phrases, TESTED, True), curves(found.epochs, np.arange(1, plan.epochs + 1), False)
    paths = flow.save_curves(drawn_curves[0], folder, "next_word", **by_phrases, **how)
    paths += flow.save_curves(drawn_curves[1], folder, "next_word_epochs", **by_epoch, **how)
    return paths + save_grid(
        shown,
        folder,
        "next_word_gates",
        columns=SHOWN.split(),
        title="The gates of the units that hold the number",
        subtitle=f"one LSTM; the {len(shown['forget gate'])} units whose cell state at the second verb changes most "
        "with the number of its subject, most at the top",
        y="unit",
        names=("word", "unit", "value of the gate"),
    )


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    found = measured(plan)
    shown = gates(*found.lstm)
    by_phrases = {label: [in_words(p) for p in zip(*v, strict=True)] for label, v in found.phrases.items()}
    at, half = TESTED.index(TRAINED - 1), plan.epochs // 2
    early = {label: in_words([history[half - 1] for history in v]) for label, v in found.epochs.items()}
    finding = _finding.Finding(
        title="Agreement of a verb with a subject far before it",
        question=QUESTION,
        answer=f"With {TESTED[at]} phrases between, after {half} epochs: LSTM {early['LSTM']}, RNN {early['RNN']}; "
        f"after {plan.epochs}: LSTM {by_phrases['LSTM'][at]}, RNN {by_phrases['RNN'][at]}; pairs of words "
        f"{by_phrases['pairs of words'][at]}. With {TESTED[-1]}, many more than in training: LSTM "
        f"{by_phrases['LSTM'][-1]}, RNN {by_phrases['RNN'][-1]}. {told(shown)}",
        columns=("phrases between", *found.phrases),
        rows=[(phrases, *(column[row] for column in by_phrases.values())) for row, phrases in enumerate(TESTED)],
        settings={**vars(plan), "rate": 5e-3, "clip": 1.0, "embedding": 16, "forget bias": 1.0, "batch": 32},
        numbers={
            "phrases": TESTED,
            "agreement": found.phrases,
            "agreement by epoch": found.epochs,
            "gates": shown,
            "words": SHOWN.split(),
        },
        figures=figures(found, shown, plan, chosen.output),
        source=SOURCE,
    )
    _finding.write(finding, chosen, "next_word")


def told(shown: dict[str, Any]) -> str:
    """What the gates of the first unit do."""
    forget, writes = shown["forget gate"][0], shown["input gate"][0]
    return (
        f"Of the unit that holds the number most, the forget gate is {forget[1]:.3f} at the first subject, "
        f"{forget[SUBJECT]:.3f} at the second, and at least {forget[SUBJECT + 1 : -1].min():.3f} at the words between "
        f"it and its verb; the input gate is {writes[SUBJECT]:.3f} at the second subject."
    )


if __name__ == "__main__":
    run(main, __doc__)
