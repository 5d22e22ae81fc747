"""The sequences of the plan for one cell, and what the process that runs a user's function is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.audit import names
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.running.child.values import in_case
from lstm_sym.audit.sequences.own import own_case
from lstm_sym.audit.sequences.plan import DY, LONG, SHORT, Setting, sequences_for
from lstm_sym.check import Case, random_case
from lstm_sym.compile.derivation import Derivation
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.interpreter.over_time import Backward, Values, run_forward

READOUT = 7
"""Outputs of a layer after the cell."""

ALL = frozenset({"dy", "dstate"})
"""What a function takes that takes every cotangent."""


@dataclass(frozen=True)
class Loss:
    """What makes dy, where a function does so itself: a cross-entropy of a softmax on `matrix` y + `vector`."""

    matrix: Array
    vector: Array
    targets: Array


@dataclass(frozen=True)
class ForwardPass:
    """One sequence of the plan, and all values of its forward pass; what makes its dy, if that is not drawn."""

    setting: Setting
    case: Case
    steps: list[Values]
    loss: Loss | None = None

    @property
    def label(self) -> str:
        """T 5, B 1, D 2, H 4 (a batch of one)."""
        return self.case.label + (f" ({self.setting.why})" if self.setting.why else "")

    def backward(self, taken: frozenset[str]) -> Backward:
        """What a backward program is given; cotangents that the function did not take are zero."""
        case = self.case
        dy = case.dy if "dy" in taken else np.zeros_like(case.dy)
        dstate = {
            name: value if taken & {"dstate", f"dstate/{name}", f"carried/{name}"} else np.zeros_like(value)
            for name, value in case.dstate.items()
        }
        return Backward(self.steps, dy, dstate)


def forward_passes(
    derivation: Derivation, seed: int, sizes: Sequence[Setting] = (), data: Path | None = None
) -> list[ForwardPass]:
    """The sequences of the plan, each of its own seed, and the user's own: of sizes, and of an .npz file of arrays.

    Left out is what gives the cell itself numbers too large, and what is longer than a chaotic one can be followed.
    Raises AuditError for a cell whose own forward pass is not finite on the usual ones or on the user's own, and for
    arrays that are not the cell's.
    """
    found: list[ForwardPass] = []
    usual = sequences_for(derivation.cell.states)
    settings = (*usual, *sizes)
    for place, setting in enumerate(settings):
        case = random_case(derivation.cell, seed=seed + place, scale=setting.weights, **setting.sizes)
        one = _forward_pass(derivation, setting, prepared(case, setting))
        is_whole = 2 * one.case.sizes["T"] >= setting.steps
        if is_whole and _is_finite(derivation, one):
            found.append(one)
        elif place in (*LONG, *SHORT) or place >= len(usual):
            raise _not_finite(derivation, one)
    if data is not None:
        own = _forward_pass(derivation, *own_case(derivation, data, seed + len(settings)))
        if not _is_finite(derivation, own):
            raise _not_finite(derivation, own)
        found.append(own)
    return found


def forward_pass(derivation: Derivation, setting: Setting, seed: int) -> ForwardPass:
    """One sequence of a setting, drawn at random."""
    case = random_case(derivation.cell, seed=seed, scale=setting.weights, **setting.sizes)
    return _forward_pass(derivation, setting, prepared(case, setting))


def without(
    derivation: Derivation, one: ForwardPass, states: Sequence[str], parameters: Sequence[str], last: bool
) -> ForwardPass:
    """The same sequence, these first states and parameters zero; dy but for the last step too, if that is asked."""
    case = one.case
    dy = case.dy.copy()
    dy[:-1] *= not last
    state = {name: value * (name not in states) for name, value in case.state.items()}
    params = {name: value * (name not in parameters) for name, value in case.params.items()}
    return _forward_pass(derivation, one.setting, replace(case, dy=dy, state=state, params=params))


def alone(derivation: Derivation, one: ForwardPass) -> ForwardPass:
    """The first sequence of the batch by itself."""
    case = one.case
    state = {name: value[:1] for name, value in case.state.items()}
    dstate = {name: value[:1] for name, value in case.dstate.items()}
    sizes, x, dy = {**case.sizes, "B": 1}, case.x[:, :1], case.dy[:, :1]
    return _forward_pass(derivation, one.setting, Case(sizes, x, case.params, state, dy, dstate))


def keeps_inputs(one: ForwardPass, *, tokens: bool) -> bool:
    """Whether a pass with a loss can be given the x that is the user's own; tokens: as the number of what is 1."""
    x = one.case.x
    is_one_hot = bool(((x == 0) | (x == 1)).all() and (x.sum(axis=2) == 1).all())
    return "x" in one.setting.own and (is_one_hot or not tokens)


def with_loss(derivation: Derivation, one: ForwardPass, seed: int, *, bias: bool, tokens: bool) -> ForwardPass:
    """The same sequence with one input 1 and all others 0 at each step, and the dy of a loss on the output.

    bias: whether the layer after the cell has one; tokens: whether x is given as the number of that input.
    """
    case, rng = one.case, np.random.default_rng(seed)
    classes = case.x.shape[2]
    x = np.eye(classes)[rng.integers(classes, size=case.x.shape[:2])]
    x = case.x if keeps_inputs(one, tokens=tokens) else x
    run = _forward_pass(derivation, one.setting, replace(case, x=x))
    output = next(value for value in run.steps[0] if value.name == derivation.cell.output and value.time == 0)
    y = np.array([values[output] for values in run.steps])
    loss = Loss(
        rng.normal(size=(classes, y.shape[2])),
        rng.normal(size=classes) * bias,
        rng.integers(classes, size=x.shape[:2]),
    )
    scores = y @ loss.matrix.T + loss.vector
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    dy = (shares / shares.sum(axis=2, keepdims=True) - np.eye(classes)[loss.targets]) @ loss.matrix
    return replace(run, case=replace(run.case, dy=dy), loss=loss)


def _not_finite(derivation: Derivation, one: ForwardPass) -> AuditError:
    own = f" on {one.label}" if one.setting.is_own else ""
    return AuditError(
        "",
        f"{derivation.cell.key}: the forward pass itself gives NaN or infinity on random sequences{own}",
        "a logarithm or a quotient of what can be zero or negative, or numbers that grow with every step",
        "try another --seed, or mend the cell" if not own else "give other sizes or data, or mend the cell",
    )


def _forward_pass(derivation: Derivation, setting: Setting, case: Case) -> ForwardPass:
    with np.errstate(all="ignore"):  # what is not finite is found in the values
        return ForwardPass(setting, case, run_forward(derivation.forward, case.x, case.params, case.state))


def prepared(case: Case, setting: Setting) -> Case:
    """A random case as its setting wants it: a float32 one holds doubles that float32 can hold."""
    dstate = {name: value * setting.cotangents * setting.last for name, value in case.dstate.items()}
    state = {name: value * setting.state for name, value in case.state.items()}
    if setting.alone:
        dstate = {name: value * (name == setting.alone) for name, value in dstate.items()}
    made = replace(case, state=state, dy=case.dy * setting.cotangents * (setting.alone in ("", DY)), dstate=dstate)
    if setting.padded:
        end = len(case.x) - np.arange(case.x.shape[1]) % len(case.x)
        goes_on = (np.arange(len(case.x))[:, None] < end)[..., None]
        made = replace(made, x=made.x * goes_on, dy=made.dy * goes_on)
    if setting.single:
        made = Case(made.sizes, *(_single(part) for part in (made.x, made.params, made.state, made.dy, made.dstate)))
    return made


def _single(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _single(value) for name, value in part.items()}
    return part.astype(np.float32).astype(float)


def _is_finite(derivation: Derivation, one: ForwardPass) -> bool:
    """Whether the forward pass and the right gradients are."""
    if not all(np.isfinite(array).all() for values in one.steps for array in values.values()):
        return False
    with np.errstate(all="ignore"):
        gradients = one.backward(ALL).run(derivation.adjoint).gradients
    return all(bool(np.isfinite(value).all()) for value in gradients.values())


def request(derivation: Derivation, found: list[ForwardPass]) -> dict[str, Any]:
    """What the child process has to know of the cell; an interface, if there is one, goes in besides."""
    cell = derivation.cell
    tape = list(_tape(derivation, found[0]))
    timed = {value.name for value in derivation.forward.values() if value.time == 0} | {
        f"{s}_prev" for s in cell.states
    }
    return {
        "arguments": names.arguments(derivation, found[0].case.sizes),
        "offered": names.offered(cell),
        "groups": names.groups(cell, tape),
        "outputs": names.outputs(cell),
        "order": names.order(cell),
        "states": list(cell.states),
        "output": cell.output,
        "sizes": [{**sequence.case.sizes, "Y": len(_readout(sequence)["readout/vector"])} for sequence in found],
        "labels": [f" ({sequence.setting.why})" if sequence.setting.why else "" for sequence in found],
        "may_be_refused": [sequence.setting.single or sequence.setting.strided for sequence in found],
        "strided": [sequence.setting.strided for sequence in found],
        "interface": None,
        "arrangement": None,
        "trial": None,
        "trial_seconds": 0.0,
        "trace": False,
        "timed": ["x", "dy", "targets", *(f"tape/{name}" for name in tape if name in timed)],
    }


def arrays(derivation: Derivation, found: list[ForwardPass]) -> dict[str, Array]:
    """The arrays of all cases, "0/x", "0/params/W_i", "0/tape/i", ..."""
    given: dict[str, Array] = {}
    for place, sequence in enumerate(found):
        case = sequence.case
        parts = {"params": case.params, "state": case.state, "dstate": case.dstate, "tape": _tape(derivation, sequence)}
        named = {f"{part}/{name}": value for part, of_part in parts.items() for name, value in of_part.items()}
        named |= {"x": case.x, "dy": case.dy} | _readout(sequence)
        kind = np.float32 if sequence.setting.single else np.float64
        given |= in_case({name: value.astype(kind) for name, value in named.items()}, place)
        given |= {f"{place}/targets": sequence.loss.targets} if sequence.loss else {}
    return given


def _readout(sequence: ForwardPass) -> dict[str, Array]:
    """Weights of a layer after the cell, for a pass that has one."""
    if sequence.loss:
        return {"readout/matrix": sequence.loss.matrix, "readout/vector": sequence.loss.vector}
    hidden = sequence.case.dy.shape[-1]
    matrix = np.linspace(-1, 1, READOUT * hidden).reshape(READOUT, hidden)
    return {"readout/matrix": matrix, "readout/vector": np.zeros(READOUT)}


def _tape(derivation: Derivation, sequence: ForwardPass) -> dict[str, Array]:
    """Every quantity of the forward pass (T, B, H), and every state of the step before as h_prev."""
    program, steps = derivation.forward, sequence.steps
    found = {s.target.name: (s.target, s.target.time) for s in program.statements}
    found |= {f"{carry.incoming.name}_prev": (carry.incoming, 0) for carry in program.carries}
    return {
        name: np.asarray(steps[0][value]) if time is None else np.array([values[value] for values in steps])
        for name, (value, time) in found.items()
    }
