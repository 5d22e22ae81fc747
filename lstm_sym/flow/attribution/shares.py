"""Exact shares of the flow: how much of the sensitivity passes each gate, step by step.

A change v of s[t0] reaches s[T] as J[T] ... J[t0+1] v; what a cotangent u sees of it is one number,

    phi = u' J[T] ... J[t0+1] v = u[t]' J[t] v[t-1]   at every step t,   v[t] = J[t] v[t-1],   u[t-1] = J[t]' u[t]

and J[t] = sum_k J_k[t] over the equations by which the flow can enter step t (kernel.jacobian_parts). So

    share_k[t] = u[t]' J_k[t] v[t-1] / phi        sums to 1 over k, at every step, with signs.

By default u and v are the leading singular pair of the whole product: the change that grows most, or dies last. The
product is multiplied out, at norm 1 after each step, and decomposed: power iteration would not tell apart the singular
values of a product that keeps many directions nearly equally, as a cell whose forget gates are open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.ground.progress import Progress, tell

# The largest gap, in nats: what is further below the leading singular value is the rounding of the product.
GAP = 20.0
# Below this cosine u hardly sees v[T], and shares of it are shares of rounding.
BLIND = 1e-10


@dataclass(frozen=True, eq=False)
class Shares:
    """Signed shares of the flow from s[first - 1] to s[last] by equation.

    Attributes:
        model: what the figure calls it.
        steps: (n,), the steps t, ascending.
        names: the equations by which the flow enters a step.
        values: (n, K), the shares; each row sums to 1.
        log_flow: ln |phi|, the flow itself.
        sequence: which sequence of the batch.
        gap: ln sigma_1 - ln sigma_2 of the product whose leading pair the shares are along, 20 for all that is larger;
            None where a vector was given. Where it is 0 there is no one leading pair, and the shares are those of one
            out of many; near 0 rounding is magnified by 1 / gap.
    """

    model: str
    steps: Integers
    names: tuple[str, ...]
    values: Array
    log_flow: float
    sequence: int
    gap: float | None = None

    def mean(self) -> dict[str, float]:
        """The mean share of each equation over the steps; they sum to 1."""
        return dict(zip(self.names, self.values.mean(axis=0).tolist(), strict=True))


def gate_shares(
    trajectory: Trajectory,
    *,
    first: int,
    last: int,
    sequence: int = 0,
    cotangent: Any = None,
    tangent: Any = None,
    progress: Progress | None = None,
) -> Shares:
    """The shares at the steps `first` to `last`, both included, of one sequence.

    cotangent u, tangent v: (S,), over all states in the order of State; by default the leading singular pair of the
    product of the step Jacobians. Give one of them and the other is what it leads to. progress: told of the steps of
    that product, and not called where a vector is given.

    Raises FlowError: steps outside the trajectory, a vector of another size, a flow that is exactly 0 or that u
    cannot see.
    """
    refusals.refuse_all_but("Trajectory", trajectory)
    _refuse_range(trajectory, first, last)
    refusals.refuse_sequence(sequence, trajectory.batch, trajectory.model)
    walk = _Walk(trajectory, np.arange(first, last + 1), sequence)
    ahead, back, gap = _pair(walk, cotangent, tangent, progress)
    values, names = [], tuple(next(trajectory.blocks(walk.steps[:1])).parts)
    for block in trajectory.blocks(walk.steps):
        at = block.steps - first
        parts = np.stack([block.parts[name][:, sequence] for name in names], axis=1)
        values.append(np.einsum("ni,nkij,nj->nk", back.vectors[at], parts, ahead.vectors[at]))
    flows = np.concatenate(values)
    total = flows.sum(axis=1, keepdims=True)
    cosine = float(back.vectors[-1] @ ahead.final)
    if not abs(cosine) > BLIND:
        raise _blind(trajectory.model, cosine)
    log_flow = float(np.log(abs(cosine)) + ahead.log_norm)
    return Shares(trajectory.model, walk.steps, names, flows / total, log_flow, sequence, gap)


@dataclass(frozen=True, eq=False)
class _Carried:
    """A vector carried through the steps: the unit vector each step is given, (n, S), the last, ln of its growth."""

    vectors: Array
    final: Array
    log_norm: float


@dataclass(frozen=True, eq=False)
class _Walk:
    """Some consecutive steps of one sequence."""

    trajectory: Trajectory
    steps: Integers
    sequence: int

    def leading(self, progress: Progress | None) -> tuple[Array, float]:
        """The leading right singular vector of the product of the Jacobians, (S,), and ln sigma_1 - ln sigma_2."""
        product = np.eye(self.trajectory.width)
        for done, jacobian in enumerate(self.trajectory.jacobians(self.steps)):
            product = jacobian[self.sequence] @ product
            size = float(np.linalg.norm(product))
            if size == 0:
                raise _stopped(self.trajectory.model, int(self.steps[done]))
            product /= size
            tell(progress, done + 1, len(self.steps))
        _, values, right = np.linalg.svd(product)
        second = max(values[1:].max(initial=0.0) / values[0], np.exp(-GAP))
        return right[0], -float(np.log(second))

    def carried(self, start: Array, *, forwards: bool) -> _Carried:
        """v[t-1] for every step t, v[last], ln ||v[last]|| / ||v[first-1]||; backwards u[t], u[first-1] and theirs."""
        vectors = np.empty((len(self.steps), self.trajectory.width))
        vector, log_norm = start / np.linalg.norm(start), 0.0
        for block in self.trajectory.blocks(self.steps, descending=not forwards):
            inside = range(len(block.steps))
            for index in inside if forwards else reversed(inside):
                vectors[block.steps[index] - self.steps[0]] = vector
                jacobian = block.state[index, self.sequence]
                vector = jacobian @ vector if forwards else vector @ jacobian
                norm = float(np.linalg.norm(vector))
                if norm == 0:
                    raise _stopped(self.trajectory.model, int(block.steps[index]))
                vector, log_norm = vector / norm, log_norm + float(np.log(norm))
        return _Carried(vectors, vector, log_norm)


def _pair(
    walk: _Walk, cotangent: Any, tangent: Any, progress: Progress | None
) -> tuple[_Carried, _Carried, float | None]:
    """The tangent carried forwards, the cotangent carried back, and the gap of the leading pair if it is that."""
    run = walk.trajectory
    u, v = (
        None if given is None else run.vector(name, given)
        for name, given in (("cotangent", cotangent), ("tangent", tangent))
    )
    if u is not None:
        back = walk.carried(u, forwards=False)
        return walk.carried(back.final if v is None else v, forwards=True), back, None
    start, gap = walk.leading(progress) if v is None else (v, None)
    ahead = walk.carried(start, forwards=True)
    return ahead, walk.carried(ahead.final, forwards=False), gap


def _refuse_range(trajectory: Trajectory, first: int, last: int) -> None:
    if not 0 <= first <= last < len(trajectory):
        raise FlowError(
            f"{trajectory.model}, gate shares",
            f"the steps {first} to {last} of a run of {len(trajectory)} steps",
            "steps counted from 1",
            f"give 0 <= first <= last <= {len(trajectory) - 1}",
        )


def _stopped(model: str, step: int) -> FlowError:
    return FlowError(
        f"{model}, step {step}",
        "the flow is exactly 0 from here on, and has no shares",
        "units cut off (relu below 0, a weight matrix of zeros), or slopes below 1e-308",
        "choose other steps, or another tangent",
    )


def _blind(model: str, cosine: float) -> FlowError:
    return FlowError(
        f"{model}, gate shares",
        f"the cotangent hardly sees the tangent: their cosine at the last step is {cosine:.1e}",
        "vectors chosen at random, or over different states",
        "leave one of them out: it is then chosen so that the other is seen",
    )
