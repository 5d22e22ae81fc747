"""What is meant otherwise is told from what is wrong: each deviation is found, with mistakes under it too."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from audit.own_files import RNN

import lstm_sym as ls
from lstm_sym.audit import audit
from lstm_sym.audit.deviations.clipping import ClippedElements, ClippedNorm
from lstm_sym.audit.deviations.deviation import ALL, PARAMETERS, Deviation
from lstm_sym.audit.deviations.finding_clipping import common_limit
from lstm_sym.audit.deviations.finding_loop import clippable
from lstm_sym.audit.deviations.loop import ClippedEachStep
from lstm_sym.audit.deviations.meant import Meant
from lstm_sym.audit.deviations.penalty import Decayed
from lstm_sym.audit.deviations.scaling import OVER, Averaged, Scaled
from lstm_sym.audit.deviations.seen import Seen, in_order
from lstm_sym.audit.deviations.truncation import CUT, LAST, ZERO, Cut, LastSteps, Windowed
from lstm_sym.audit.deviations.understanding import Understood, is_right, understand
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.search.explanations import explain
from lstm_sym.audit.search.stages import Shown
from lstm_sym.audit.sequences import cases
from lstm_sym.audit.sequences.plan import SHORT
from lstm_sym.document.sentences import Sentences
from lstm_sym.interpreter.over_time import Named
from lstm_sym.mistakes.catalogue import Mistake
from lstm_sym.mistakes.noticed import mistakes


class Writer:
    """Somebody who writes a backward pass that does something otherwise, on purpose."""

    def __init__(self, name: str) -> None:
        self.derivation = ls.derive(ls.cell(name))
        self.adjoint = self.derivation.adjoint
        self.given = [one.backward(cases.ALL) for one in cases.forward_passes(self.derivation, 0)]
        self.right = [one.run(self.adjoint) for one in self.given]
        self.known = mistakes(self.adjoint, self.derivation.forward, self.given[SHORT[-1]])
        self.names = frozenset(self.right[0].gradients)

    def write(self, *meant: Deviation, made: Mistake | None = None) -> list[Named]:
        """The gradients of every sequence."""
        sequences = [Meant(one.steps, one.dy, one.dstate, in_order(meant), self.names) for one in self.given]
        return [(made.run(one) if made else one.run(self.adjoint)).gradients for one in sequences]

    def understood(self, found: list[Named]) -> Understood:
        """What is made of it."""
        evidence = Evidence(self.given, found, self.right, [1e-6] * len(found))
        return understand(evidence, self.adjoint, self.known, lambda one, share: explain(one, self.known))

    def mistake(self, key: str) -> Mistake:
        """The known mistake of this key."""
        return next(one for one in self.known if one.key.startswith(key))


@cache
def writer(name: str) -> Writer:
    """One for all tests."""
    return Writer(name)


def each_step(name: str, bound: float) -> list[ClippedEachStep]:
    """Every clip in the loop of this cell."""
    return [ClippedEachStep(bound, *of) for of in clippable(ls.derive(ls.cell(name)).adjoint)]


ALONE: dict[str, tuple[Deviation, ...]] = {
    "twice the loss": (Scaled(2.0),),
    **{f"mean over {over}, {whom}": (Averaged(over, whom),) for over in OVER for whom in (ALL, PARAMETERS)},
    "half the mean": (Averaged("batch"), Scaled(0.5)),
    "decay": (Decayed(1e-3),),
    "decay of biases too": (Decayed(0.01, biases=True),),
    "clipped": (ClippedElements(5.0),),
    "parameters clipped": (ClippedElements(1.0, PARAMETERS),),
    "norm of parameters": (ClippedNorm(5.0),),
    "norm of all": (ClippedNorm(5.0, ALL),),
    "each norm": (ClippedNorm(1.0, ALL, each=True),),
    "each parameter's norm": (ClippedNorm(0.25, PARAMETERS, each=True),),
    "one step back": (Windowed(1),),
    "three steps back": (Windowed(3),),
    "ten steps back": (Windowed(10),),
    "cut by two": (Cut(2),),
    "cut by five, from the end": (Cut(5, from_start=False),),
    "cut by seventeen": (Cut(17),),
    "cut by four, the first state's zero": (Cut(4, first=ZERO),),
    "cut by four, the first state's of the last piece": (Cut(4, first=LAST),),
    "cut by four from the end, the first state's zero": (Cut(4, from_start=False, first=ZERO),),
    "cut by four from the end, the first state's too": (Cut(4, from_start=False, first=CUT),),
    "cut by four from the end, the first state's of the last piece": (Cut(4, from_start=False, first=LAST),),
    "the last two steps": (LastSteps(2),),
    "the last five steps": (LastSteps(5),),
    "the last ten steps, the first state's of the tenth": (LastSteps(10, LAST),),
    "the last four steps, mean": (LastSteps(4), Averaged("time")),
    "mean, decay and clip": (Averaged("batch"), Decayed(1e-3), ClippedElements(5.0)),
    "truncated mean, clipped": (Windowed(4), Averaged("batch"), ClippedNorm(5.0)),
    "clipped in the loop, mean": (each_step("rnn", 5.0)[0], Averaged("batch")),
    **{f"{one.what} {one.when} {one.bound:g}": (one,) for b in (5.0, 0.7, 1.2345) for one in each_step("rnn", b)},
}


@pytest.mark.parametrize("name", ALONE)
def test_what_is_meant_is_found_with_its_number(name: str) -> None:
    meant = ALONE[name]
    found = writer("rnn").understood(writer("rnn").write(*meant))
    assert set(found.meant) == set(meant) and is_right(found.evidence) and found.explanation is None


@pytest.mark.long
@pytest.mark.parametrize("bound", [5.0, 0.7])
def test_every_clip_in_the_loop_of_an_lstm_is_found(bound: float) -> None:
    for meant in each_step("lstm", bound):
        found = writer("lstm").understood(writer("lstm").write(meant))
        assert found.meant == (meant,) and is_right(found.evidence)


UNDER = {
    "twice the loss": "rnn.backward.b: sign",
    "mean over batch, all": "rnn.backward.U: before the slope",
    "decay": "rnn.backward.x: sign",
    "clipped": "rnn.backward.a_h: slope left out",
    "norm of parameters": "rnn.backward.a_h: slope left out",
    "each norm": "rnn.backward.W: twice",
    "three steps back": "rnn.backward.a_h: slope left out",
    "ten steps back": "rnn.backward.a_h: slope left out",
    "cut by two": "rnn.backward.W: last step alone",
    "cut by four, the first state's zero": "rnn.backward.a_h: slope left out",
    "cut by four, the first state's of the last piece": "rnn.backward.a_h: slope left out",
    "the last two steps": "rnn.backward.U: overwritten",
    "the last five steps": "rnn.backward.a_h: slope left out",
    "carried sent 5": "rnn.backward.a_h: slope left out",
    "states computed 5": "rnn.backward.U: twice",
}
"""What is meant -> what is mistaken beside it."""


@pytest.mark.parametrize("name", UNDER)
def test_a_mistake_beside_what_is_meant_is_found_too(name: str) -> None:
    made = writer("rnn").mistake(UNDER[name])
    found = writer("rnn").understood(writer("rnn").write(*ALONE[name], made=made))
    assert found.meant == ALONE[name] and found.explanation is not None and not is_right(found.evidence)
    assert made in (*found.explanation.mistakes, *found.explanation.also)


@pytest.mark.parametrize(
    ("largest", "limit"),
    [
        ([0.2, 0.2, 0.3, 0.3, 5.0, 1.0, 5.0, 2.0], 5.0),
        ([0.2, 0.2, 0.3, 0.1], None),
        ([0.1, 0.1, float(np.float32(0.1))], 0.1),
    ],
)
def test_the_limit_of_a_clip_is_exceeded_on_no_sequence(largest: list[float], limit: float | None) -> None:
    """W and b of one input and one step are the same, and so their largest elements are, where nothing is clipped."""
    program = ls.derive(ls.cell("rnn")).adjoint
    found = [{"W": np.array([one])} for one in largest]
    seen = Seen([], found, [], program, lambda sequence: sequence.run(program))
    assert common_limit(seen, frozenset({"W"})) == limit


BESIDE_TWO = {
    "parameters clipped": ("rnn.backward.h_prev: transposed", "rnn.backward.W: another step"),
    "each parameter's norm": ("rnn.backward.a_h: slope left out", "rnn.backward.h_prev: transposed"),
    "decay": ("rnn.backward.h_slope: slope of the argument", "rnn.backward.h_prev: transposed"),
    "decay of biases too": ("rnn.backward.h_slope: slope of the argument", "rnn.backward.U: last state"),
}
"""What is meant of the parameters alone -> two mistakes, of which x and the first state show some."""


@pytest.mark.parametrize("name", BESIDE_TWO)
def test_two_mistakes_beside_what_is_meant_of_the_parameters_alone_are_found(name: str) -> None:
    one = writer("rnn")
    first, second = (one.mistake(key) for key in BESIDE_TWO[name])
    found = one.understood(one.write(*ALONE[name], made=first.and_(second)))
    assert found.meant == ALONE[name] and found.is_explained
    assert found.explanation is not None and {first.key, second.key} <= {
        mistake.key
        for named, others in zip(found.explanation.mistakes, found.explanation.alternatives, strict=True)
        for mistake in (named, *others)
    }


IN_ONE_PLACE: dict[str, Deviation] = {
    "twice the loss": Scaled(3.0),
    "mean over batch, all": Averaged("time"),
    "decay": Decayed(2e-3),
    "clipped": ClippedElements(6.0),
    "each norm": ClippedNorm(2.0, ALL, each=True),
    "three steps back": Windowed(2),
    "cut by five, from the end": Cut(4, from_start=False),
    "the last five steps": LastSteps(4),
    "carried arriving 5": each_step("rnn", 6.0)[1],
}


@pytest.mark.parametrize("name", IN_ONE_PLACE)
@pytest.mark.parametrize("output", ["U", "W"])
def test_a_deviation_with_another_number_in_one_place_is_none(name: str, output: str) -> None:
    others = writer("rnn").write(IN_ONE_PLACE[name])
    found = [
        one | {output: other[output]} for one, other in zip(writer("rnn").write(*ALONE[name]), others, strict=True)
    ]
    assert not is_right(writer("rnn").understood(found).evidence)


@pytest.mark.parametrize(
    "name", ["twice the loss", "clipped", "decay", "mean over batch, all", "three steps back", "the last five steps"]
)
def test_a_deviation_of_one_output_alone_is_none(name: str) -> None:
    one = writer("rnn")
    pairs = zip(one.write(*ALONE[name]), one.write(), strict=True)
    found = one.understood([right | {"U": other["U"]} for other, right in pairs])
    assert found.meant == () and not is_right(found.evidence)


def test_a_first_state_whose_gradient_is_zero_is_wrong_where_nothing_is_cut() -> None:
    one = writer("rnn")
    found = one.understood([right | {"h[0]": 0 * right["h[0]"]} for right in one.write()])
    assert found.meant == () and not is_right(found.evidence)


@pytest.mark.parametrize("strength", [1.0, -1e-3])
def test_weights_in_the_place_of_zeros_and_a_wrong_sign_are_no_decay(strength: float) -> None:
    found = writer("rnn").understood(writer("rnn").write(Decayed(strength, biases=True)))
    assert found.meant == () and not is_right(found.evidence)


def test_a_right_pass_and_noise_mean_nothing_otherwise() -> None:
    one, rng = writer("rnn"), np.random.default_rng(0)
    assert one.understood(one.write()).meant == ()
    noisy = [{k: v * (1 + 1e-3 * rng.standard_normal(v.shape)) for k, v in run.items()} for run in one.write()]
    found = one.understood(noisy)
    assert found.meant == () and found.explanation is not None and found.explanation.mistakes == ()


def test_every_deviation_has_its_sentence() -> None:
    keys = {one.key for meant in ALONE.values() for one in meant} | {one.key for one in each_step("lstm", 1.0)}
    keys |= {Cut(2, from_start=False).key}
    sentences = Sentences("en")
    assert len(keys) > 20 and all(sentences.has(f"audit.meant.{key}") for key in keys)


def test_what_is_said_last_of_the_search_is_what_is_so(tmp_path: Path) -> None:
    """What is meant may be found after the stages were shown without it: then the last one is shown again."""
    text = RNN.replace("1 - h[t] ** 2", "1 - h[t]").replace("da.T @ h_prev[t]", "da.T @ h[t]")
    clipped = text.replace(
        "    return dx,", "    dW, dU, db = (np.clip(a, -0.5, 0.5) for a in (dW, dU, db))\n    return dx,"
    )
    (tmp_path / "own.py").write_text(clipped, encoding="utf-8")
    shown: list[Shown] = []
    found = audit(ls.cell("rnn"), tmp_path / "own.py", "backward", told=shown.append)
    assert found.meant and found.explanation is not None and found.explanation.is_whole
    assert len(found.explanation.mistakes) == 2 and shown[-1] == found.explanation.stages[-1]
    assert shown[-1].left == () and any(one.left for one in shown)
