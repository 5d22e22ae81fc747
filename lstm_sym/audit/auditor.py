"""The audit of a backward pass that a user wrote: run it, compare every output, find the mistake that explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lstm_sym.audit.compare import BAR, SATURATED_BAR, SINGLE_BAR, Verdict, layout_text, layouts, turned, verdict
from lstm_sym.audit.deviations.deviation import Deviation
from lstm_sym.audit.deviations.understanding import Understood, understand
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.forward.recognising import by_gradients, by_output, forward_differs
from lstm_sym.audit.forward.variants import Variant
from lstm_sym.audit.interface.agreeing import answered
from lstm_sym.audit.interface.choosing import normal
from lstm_sym.audit.interface.convention import Convention, Recognised, unsummed
from lstm_sym.audit.interface.cutting import wrong_cuts
from lstm_sym.audit.interface.forward_quantities import handed_back
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.lines.tracing_lines import Lines, traced
from lstm_sym.audit.running.answer import Answer
from lstm_sym.audit.running.child.values import of_case
from lstm_sym.audit.running.process import Notice, check_timeout
from lstm_sym.audit.search.clock import Clock
from lstm_sym.audit.search.evidence import Evidence
from lstm_sym.audit.search.explanations import SECONDS, Explanation, Told, explain
from lstm_sym.audit.search.stages import Shown
from lstm_sym.audit.sequences.cases import ALL, ForwardPass, forward_passes
from lstm_sym.audit.sequences.own import parse_sizes
from lstm_sym.audit.sequences.plan import LONG, SHORT, Setting, sequences_for
from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.cell import Cell
from lstm_sym.ground.progress import Progress
from lstm_sym.interpreter.over_time import Named
from lstm_sym.mistakes.catalogue import Mistake, candidates
from lstm_sym.mistakes.noticed import noticeable


@dataclass(frozen=True)
class Audit:
    """What was found.

    verdicts: one an output, in the order x, parameters, initial states; missing: outputs that were not returned; meant:
    what is done on purpose otherwise, a clip say; verdicts are on what remains. explanation: the mistakes that give
    what was returned, as far as they are known; None if none is needed, or what was returned is not finite or changes
    from call to call. own_lines: of each of these, the lines of the file that it is in. passes: the forward pass of
    each sequence; evidence: what was found on each beside what is right. unused: those of the plan on which the cell
    itself gives numbers too large; dropped: those about what the function does not take; refused: those that the
    function refused, with its error; bar: relative error up to which an output is right on the usual ones. noticed: if
    all is right, the known mistakes that would have shown in what was returned; unnoticed: those that would not.
    convention: how the function is called; recognised: what is to be said of that. other_forward: what the file's own
    forward pass is that of, if that is not the cell; then all else is about that one.
    """

    derivation: Derivation
    place: str
    seed: int
    passes: tuple[ForwardPass, ...] = field(repr=False)
    evidence: Evidence = field(repr=False)
    unused: tuple[str, ...]
    dropped: tuple[str, ...]
    refused: tuple[str, ...]
    bar: float
    verdicts: tuple[Verdict, ...]
    missing: tuple[str, ...]
    meant: tuple[Deviation, ...]
    explanation: Explanation | None
    own_lines: Lines
    answer: Answer
    convention: Convention
    recognised: tuple[Recognised, ...]
    noticed: tuple[Mistake, ...]
    unnoticed: tuple[Mistake, ...]
    other_forward: Variant | None = None

    @property
    def is_double(self) -> bool:
        """Whether what is returned of doubles is doubles."""
        return self.bar == BAR

    @property
    def right(self) -> bool:
        """Whether every output returned is right, and the same when asked again, of the cell that was asked for."""
        is_right = all(verdict.right for verdict in self.verdicts)
        return is_right and not self.answer.unstable and self.other_forward is None

    @property
    def audited_parameters(self) -> tuple[str, ...]:
        """The parameters whose gradients came back."""
        names = {verdict.name for verdict in self.verdicts}
        return tuple(name for name in self.derivation.cell.parameters if name in names)

    @property
    def all_sizes(self) -> tuple[Mapping[str, int], ...]:
        """T, B, D, H of each sequence."""
        return tuple(one.case.sizes for one in self.passes)

    @property
    def sequences(self) -> tuple[str, ...]:
        """What each sequence is: "T 5, B 1, D 2, H 4 (a batch of one)"."""
        return tuple(one.label for one in self.passes)

    @property
    def ranges(self) -> dict[str, set[int]]:
        """T, B, D, H of all the sequences."""
        return {name: {sizes[name] for sizes in self.all_sizes} for name in self.sizes}

    @property
    def sizes(self) -> Mapping[str, int]:
        """T, B, D, H of the long sequences."""
        return self.all_sizes[0]

    @property
    def wrong_on(self) -> tuple[int, ...]:
        """The places of the sequences on which an output is wrong."""
        return tuple(sorted({place for verdict in self.verdicts for place in verdict.wrong_on}))

    @property
    def is_usually_right(self) -> bool:
        """Whether the usual sequences, long and short, are right, though others may be wrong."""
        return not {*LONG, *SHORT} & {place for verdict in self.verdicts for place in verdict.wrong_on}


def audit(
    cell: Cell,
    file: Path | str,
    function: str,
    *,
    seed: int = 0,
    timeout: float = 60.0,
    sizes: Sequence[str] = (),
    data: Path | str | None = None,
    notice: Notice = lambda stage, seconds: None,
    progress: Progress = lambda done, total: None,
    seconds: float = SECONDS,
    told: Told = lambda shown: None,
) -> Audit:
    """Run `function` of `file` in a process of its own and compare what it returns with the derived backward pass.

    How it is called and what it may return: docs/audit.md. sizes: of further sequences, "T=100,B=32"; data: an .npz
    file with the arrays of one, named as arguments. notice hears of the process every other second, progress of the
    search for the mistakes, which takes at most these `seconds`; told hears what each stage of it shows. Raises
    AuditError where there is nothing to compare.
    """
    check_timeout(timeout)
    _check_inputs(cell)
    subject = Subject(Path(file), function, seed, timeout, notice)
    further, own = [parse_sizes(text) for text in sizes], Path(data) if data else None
    done = _run(cell, subject, further, own)
    other = done.other_forward(subject)
    if other:
        done = _run(other.cell, subject, further, own)
    clock = None if done.is_other else Clock(seconds, progress)
    return _judged(done, subject, clock, told, other)


@dataclass(frozen=True)
class _Done:
    """A function that has been run: how, on which sequences, what came back, and what is right."""

    convention: Convention
    sequences: list[ForwardPass]
    asked: list[ForwardPass]
    answer: Answer
    evidence: Evidence
    layouts: Mapping[str, str]
    unsummed: tuple[Recognised, ...]

    @property
    def is_right(self) -> bool:
        """Whether all is what the derived pass gives."""
        return self.evidence.explained(())

    @property
    def known(self) -> list[ForwardPass]:
        """The sequences that were not refused."""
        return [sequence for case, sequence in enumerate(self.asked) if case not in self.answer.refused]

    @property
    def is_other(self) -> bool:
        """Whether something is wrong, and it is known that the file's own forward pass is not the cell's."""
        return not self.is_right and forward_differs(self.convention)

    def other_forward(self, subject: Subject) -> Variant | None:
        """What its own forward pass is that of, if something is wrong and that is not the cell."""
        if self.is_right:
            return None
        if self.is_other:
            return by_output(self.convention, subject)
        return by_gradients(self.convention.derivation.cell, self.evidence, self.known, self.answer.taken)


def _run(cell: Cell, subject: Subject, further: Sequence[Setting], data: Path | None) -> _Done:
    """Run it on the sequences of the plan and on the user's own."""
    derivation = Derivation(cell)
    sequences = forward_passes(derivation, subject.seed, further, data)
    convention, asked, answer = answered(derivation, subject, sequences)
    return _Done(convention, sequences, asked, answer, *_compared(convention, asked, answer, subject.place))


def _judged(done: _Done, subject: Subject, clock: Clock | None, told: Told, other: Variant | None) -> Audit:
    """What is meant, and what is wrong; clock: how long it is sought, None if it is not."""
    derivation, answer, evidence = done.convention.derivation, done.answer, done.evidence
    verdicts, understood = _verdicts(evidence, done.layouts), Understood((), evidence)
    factors = {v.name: v.factor for v in verdicts if v.exact and v.factor is not None}
    every = candidates(derivation.adjoint, derivation.forward, factors)
    can_be_explained = clock and not answer.unstable and not any(v.broken for v in verdicts)
    if clock and can_be_explained and not all(v.right for v in verdicts):
        usual = [place for place, sequence in enumerate(done.known) if sequence.setting.is_usual]

        said: list[Shown] = []

        def hear(shown: Shown) -> None:
            said.append(shown)
            told(shown)

        def explained(evidence: Evidence, share: float) -> Explanation:
            return explain(evidence, every, clock.part(share), told=hear, usual=usual)

        understood = understand(evidence, derivation.adjoint, every, explained)
        for last in understood.explanation.stages[-1:] if understood.explanation else ():
            if last != said[-1]:  # what is said last is what is so
                told(last)
        evidence = understood.evidence
        verdicts = _verdicts(evidence, done.layouts)
    is_right = all(v.right for v in verdicts)
    noticed, unnoticed = _noticed(evidence, every, done.asked[SHORT[-1]]) if is_right else ((), ())
    short, given = done.known[SHORT[-1]], evidence.given[SHORT[-1]]
    explanation, own = traced(understood.explanation, short, given, subject, done.convention)
    used = dict.fromkeys(each.setting for each in done.sequences)
    return Audit(
        derivation=derivation,
        place=subject.place,
        seed=subject.seed,
        passes=tuple(done.known),
        evidence=evidence,
        unused=tuple(one.why for one in sequences_for(derivation.cell.states) if one not in used),
        dropped=tuple(one.why for one in used if one not in {each.setting for each in done.asked}),
        refused=tuple(f"{done.asked[case].setting.why}: {error}" for case, error in answer.refused.items()),
        bar=evidence.bars[0],
        verdicts=verdicts,
        missing=tuple(name for name in evidence.right[0].gradients if name not in evidence.found[0]),
        meant=understood.meant,
        explanation=explanation,
        own_lines=own,
        answer=answer,
        convention=done.convention,
        recognised=(*done.convention.recognised, *done.unsummed),
        noticed=noticed,
        unnoticed=unnoticed,
        other_forward=other,
    )


def _noticed(
    evidence: Evidence, every: Sequence[Mistake], sequence: ForwardPass
) -> tuple[tuple[Mistake, ...], tuple[Mistake, ...]]:
    """The mistakes that would have shown in what was returned, and those of any effect that would not."""
    hidden = evidence.unnoticed(every)
    keys = {mistake.key for mistake in hidden}
    noticed = tuple(mistake for mistake in every if mistake.key not in keys)
    return noticed, noticeable(hidden, sequence.backward(ALL))


def _check_inputs(cell: Cell) -> None:
    if len(cell.inputs) > 1:
        raise AuditError(
            "",
            f"the cell {cell.key} has several inputs: {', '.join(cell.inputs)}",
            "what a backward pass calls x would be all of them, or the first",
            "audit the same equations with one input, the others left out; check takes the cell as it is",
        )


def _compared(
    convention: Convention, asked: list[ForwardPass], answer: Answer, place: str
) -> tuple[Evidence, dict[str, str], tuple[Recognised, ...]]:
    """What was found on the sequences that were not refused beside the right runs, the layout of each output, and what
    came back unsummed, cut in the wrong place, or is no gradient.
    """
    cases = [case for case in range(len(asked)) if case not in answer.refused]
    given = [asked[case].backward(normal(answer.taken)) for case in cases]
    right = [one.run(convention.derivation.adjoint) for one in given]
    expected = [run.gradients for run in right]
    is_single = any(not asked[case].setting.single for case in answer.single)
    bars = _bars(is_single, [asked[case] for case in cases])
    read = [
        convention.read(of_case(answer.outputs, case), wanted, asked[case].case.sizes)
        for case, wanted in zip(cases, expected, strict=True)
    ]
    others = handed_back(
        convention, answer.spelled, [one.outputs for one in read], [asked[case] for case in cases], bars
    )
    gradients = [{name: value for name, value in one.outputs.items() if name not in others} for one in read]
    found, texts = _outputs(gradients, expected, place, bars[0])
    said = (*unsummed(read[0]), *wrong_cuts(convention, found, expected), *others.values())
    return Evidence(given, found, right, bars), texts, said


def _verdicts(evidence: Evidence, texts: Mapping[str, str]) -> tuple[Verdict, ...]:
    """The verdict on each output, in the order of the derivation."""
    found, expected = evidence.found, [run.gradients for run in evidence.right]
    names = [name for name in expected[0] if name in found[0]]
    return tuple(verdict(name, found, expected, texts[name], evidence.bars) for name in names)


def _bars(is_single: bool, known: list[ForwardPass]) -> list[float]:
    """The relative error allowed on each sequence: that of float32 where it was given, or came back of doubles."""
    settings = [sequence.setting for sequence in known]
    if not is_single:
        return [SINGLE_BAR if setting.single else BAR for setting in settings]
    return [SATURATED_BAR if setting.saturates else SINGLE_BAR for setting in settings]


def _outputs(found: list[Named], right: list[Named], place: str, bar: float) -> tuple[list[Named], dict[str, str]]:
    """What was returned for every sequence, axes as in the right ones; and the layouts that were found."""
    if any(named.keys() != found[0].keys() for named in found):
        raise AuditError(
            "",
            f"{place} does not return the same gradients at every call",
            "a branch that depends on the values or on the length",
            "return the same names each time",
        )
    axes = layouts(found[0], right[0], place, bar)
    texts = {name: layout_text(order) for name, order in axes.items()}
    return [turned(named, expected, axes, place) for named, expected in zip(found, right, strict=True)], texts
