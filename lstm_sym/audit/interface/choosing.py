"""Which arrangement a function has: it is run in all of them on one short sequence, and the results are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lstm_sym.audit.interface.candidates import arrangements, trial
from lstm_sym.audit.interface.convention import Convention, Recognised, missing_parameters, untaken_states
from lstm_sym.audit.interface.description import Arrangement, Interface
from lstm_sym.audit.interface.failing import nothing_came
from lstm_sym.audit.interface.subject import Subject
from lstm_sym.audit.running.answer import Answer
from lstm_sym.audit.running.child.arranging import placed
from lstm_sym.audit.sequences.cases import ForwardPass, forward_pass, without
from lstm_sym.audit.sequences.plan import Setting
from lstm_sym.interpreter.over_time import Named, deviations
from lstm_sym.program.values import Value

TRIAL = Setting(3, 2, 5, 4, "a trial")
"""Every size differs from the others, and so do their sums and multiples: what is mixed up shows in a shape."""

NEAR = 1e-4
"""Relative error up to which an output of the trial is right: that of single precision."""

SECONDS = 10.0
"""How long arrangements are tried."""


@dataclass(frozen=True, order=True)
class Score:
    """How well an arrangement does: if the forward pass is right, how many outputs are, how like the others are.

    is_whole: every output has the right shape.
    """

    forward: bool
    right: int
    alike: float
    is_whole: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Tried:
    """A function in every arrangement: what it was given, and by arrangement what came back, "forward/0" among it."""

    plain: Convention
    one: ForwardPass
    arrangements: list[Arrangement]
    answer: Answer
    found: Mapping[int, Named]


def chosen(start: Convention, interface: Interface, subject: Subject) -> Convention:
    """The convention under which most of what comes back is right. Raises AuditError where nothing comes back."""
    done = tried_out(start, interface, subject)
    plain, one, tried, answer = done.plain, done.one, done.arrangements, done.answer
    right = {last: right_gradients(plain, one, normal(answer.taken), last=last) for last in {a.last for a in tried}}
    scores = {
        place: score(replace(plain, arrangement=tried[place]), raw, one, right[tried[place].last])
        for place, raw in done.found.items()
    }
    if not scores:
        raise nothing_came(answer, subject, interface, start.derivation.cell, one.case.sizes)
    best = in_batches(tried, scores, max(scores, key=lambda place: (scores[place], -place)))
    differs = forward_agrees(replace(plain, arrangement=tried[best]), done.found[best], one) is False
    return settled(plain, tried[best], scores[best].right, answer, differs=differs)


def in_batches(tried: Sequence[Arrangement], scores: Mapping[int, Score], best: int) -> int:
    """Columns of a batch in the place of columns of one sequence, where all of it goes through: what is right of one
    sequence alone, a mean over the batch say, is then seen.
    """
    if tried[best].sequence != "TD1":
        return best
    wanted = replace(tried[best], sequence="TDB")
    whole = [place for place, one in scores.items() if one.forward and one.right and one.is_whole]
    return next((place for place in whole if tried[place] == wanted), best)


def tried_out(start: Convention, interface: Interface, subject: Subject) -> Tried:
    """Run it in every arrangement on one short sequence."""
    derivation, gates = start.derivation, start.gates
    states = tuple(derivation.cell.states)
    tried = arrangements(interface, gates, states)
    zero_states = untaken_states(interface, states, frozenset())
    if "tape" in interface.sources:
        zero_states = ()
    lacking = missing_parameters(interface, tried[0], gates)
    plain = replace(start, interface=interface, zero_states=zero_states, zero_parameters=lacking)
    [one] = plain.given([forward_pass(derivation, TRIAL, subject.seed)])
    seconds = min(SECONDS, subject.timeout / 2)
    answer = subject.run(plain, [one], trial=trial(interface, tried, gates), trial_seconds=seconds)
    found: dict[int, Named] = {}
    for name, value in answer.outputs.items():
        place, _, rest = name.partition("/")
        found.setdefault(int(place), {})[rest] = value
    return Tried(plain, one, tried, answer, found)


def settled(plain: Convention, arrangement: Arrangement, right: int, answer: Answer, *, differs: bool) -> Convention:
    """The convention, with the sentences on what was recognised. differs: its forward pass gives another output."""
    interface = plain.interface
    assert interface is not None
    states = tuple(plain.derivation.cell.states)
    zero_states = untaken_states(interface, states, answer.read)
    lacking = missing_parameters(interface, arrangement, plain.gates)
    found = replace(plain, arrangement=arrangement, zero_states=zero_states, zero_parameters=lacking)
    found = replace(found, left=answer.left, outputs_right=right)
    return replace(found, recognised=tuple(sentences(found, differs=differs)))


def sentences(found: Convention, *, differs: bool) -> list[Recognised]:
    """What was recognised, one line each."""
    interface, arrangement = found.interface, found.arrangement
    assert interface is not None
    said = []
    if interface.forward:
        said.append(Recognised("audit.own_forward", {"name": dotted(interface.owner, interface.forward.name)}))
        if differs:
            said.append(Recognised("audit.forward_differs", {"name": dotted(interface.owner, interface.forward.name)}))
    if interface.guessed:
        sizes = ", ".join(f"{name} = {size.removeprefix('size/')}" for name, size in interface.guessed)
        said.append(Recognised("audit.sizes_guessed", {"sizes": sizes}))
    if found.zero_states:
        said.append(Recognised("audit.starts_at_zero", {"states": ", ".join(found.zero_states)}))
    if found.left:
        said.append(Recognised("audit.left_as_made", {"names": ", ".join(found.left)}))
    if found.zero_parameters:
        key = "audit.zero_biases" if found.left else "audit.no_bias"
        said.append(Recognised(key, {"names": ", ".join(found.zero_parameters)}))
    if arrangement.last:
        said.append(Recognised("audit.last_step"))
    if interface.has_loss:
        said.append(Recognised("audit.loss_inside"))
    if arrangement.sequence != "TBD":
        said.append(Recognised(f"audit.axes.{arrangement.sequence}"))
    packs = interface.packs[arrangement.reading]
    other = [f"{name} = {pack.parameter}" for name, pack in packs.items() if pack.parameter not in ("", name)]
    if other:
        said.append(Recognised("audit.other_names", {"names": ", ".join(other)}))
    if arrangement.turned:
        said.append(Recognised("audit.stored_transposed"))
    if any(pack.is_joined for pack in packs.values()):
        said.append(Recognised("audit.joined", {"order": ", ".join(arrangement.joined)}))
    if arrangement.gates:
        said.append(Recognised("audit.gate_order", {"order": ", ".join(arrangement.gates)}))
    if arrangement.states:
        said.append(Recognised("audit.state_order", {"order": ", ".join(arrangement.states)}))
    return said


def dotted(owner: str, name: str) -> str:
    """A method with its class."""
    return f"{owner}.{name}" if owner else name


def right_gradients(convention: Convention, one: ForwardPass, taken: frozenset[str], *, last: bool) -> Named:
    """What should come back for the sequence of a trial; of the last step alone, if dy is that."""
    given = without(convention.derivation, one, (), (), last) if last else one
    return given.backward(taken).run(convention.derivation.adjoint).gradients


def score(convention: Convention, raw: Named, one: ForwardPass, right: Named) -> Score:
    """How near the outputs of one arrangement are to what they should be."""
    try:
        found = convention.read(raw, right, one.case.sizes).outputs
    except (ValueError, IndexError):
        return Score(False, -1, 0.0)
    fitting = {name: value.reshape(right[name].shape) for name, value in found.items() if fits(value, right[name])}
    errors = deviations(fitting, right)
    number = sum(error <= NEAR for error in errors.values())
    alike = [cosine(value, right[name]) for name, value in fitting.items()]
    forward, share = forward_agrees(convention, raw, one) is True, round(sum(alike) / max(len(found), 1), 1)
    return Score(forward, number, share, len(fitting) == len(found))


def normal(sources: frozenset[str]) -> frozenset[str]:
    """What was taken, as a sequence knows it: a tuple of adjoints as all of them; dy where it comes with another's."""
    more = {"dstate"} if any(source.partition("/")[0] == "dstates" for source in sources) else set()
    if "targets" in sources or any(source.startswith("carried/") for source in sources):
        more.add("dy")
    return sources | more


def fits(value: np.ndarray, right: np.ndarray) -> bool:
    """Whether the shapes are the same but for axes of size 1."""
    return [n for n in value.shape if n != 1] == [n for n in right.shape if n != 1]


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """How alike two arrays are, from 0 to 1."""
    if not np.isfinite(one).all():
        return 0.0
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(float((one * other).sum())) / size if size else float(not one.any() and not other.any())


def forward_agrees(convention: Convention, raw: Mapping[str, np.ndarray], one: ForwardPass) -> bool | None:
    """Whether a part of what the user's forward pass returned is the cell's output, of all steps or of the last.

    None if no part has the shape of that, or what has it is another quantity of the cell. The first state may stand
    before the output of all steps, or behind it, where the index -1 finds it.
    """
    steps = one.case.sizes["T"]
    parts = [value for name, value in raw.items() if name.startswith("forward/")]
    longer = [(part, axis) for part in parts for axis, size in enumerate(part.shape[:2]) if size == steps + 1]
    parts += [np.delete(part, end, axis) for part, axis in longer for end in (0, -1)]
    if not parts:
        return None
    output = next(v for v in one.steps[0] if v.name == convention.derivation.cell.output and v.time == 0)
    found = _is_among(parts, output, convention, one)
    if found is False:
        others = (v for v in one.steps[0] if v.time == 0 and v.shape == output.shape and v != output)
        return None if any(_is_among(parts, other, convention, one) for other in others) else False
    return found


def _is_among(parts: Sequence[np.ndarray], value: Value, convention: Convention, one: ForwardPass) -> bool | None:
    """Whether one of these arrays is a quantity of all steps, or of the last; None if none has its shape."""
    arrangement, interface = convention.arrangement, convention.interface
    whole = np.array([step[value] for step in one.steps])
    assert interface is not None
    order = arrangement.sequence.replace("1", "")
    if arrangement.is_single:
        wanted = whole.swapaxes(0, 1)
        shown = [wanted, wanted[:, -1]]
    elif interface.by == "step":
        shown = [placed(whole, "TBD", "T" + order.replace("T", ""))]
    else:
        shown = [placed(whole, "TBD", order), placed(whole[-1], "BD", order)]
    pairs = [(part.reshape(w.shape), w) for part in parts for w in shown if fits(part, w)]
    return any(np.abs(part - w).max() <= NEAR for part, w in pairs) if pairs else None
