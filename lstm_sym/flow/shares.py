"""Exact shares of the flow: how much of the sensitivity passes each gate, step by step.

A change v of s[t0] reaches s[T] as J[T] ... J[t0+1] v; what a cotangent u sees of it is one number,

    phi = u' J[T] ... J[t0+1] v = u[t]' J[t] v[t-1]   at every step t,   v[t] = J[t] v[t-1],   u[t-1] = J[t]' u[t]

and J[t] = sum_k J_k[t] over the equations by which the flow can enter step t (kernel.jacobian_parts). So

    share_k[t] = u[t]' J_k[t] v[t-1] / phi        sums to 1 over k, at every step, with signs.

By default u and v are the leading singular pair of the whole product: the change that grows most, or dies last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.progress import Progress
from lstm_sym.flow.scaled import Array, Integers
from lstm_sym.flow.trajectory import Trajectory

# Sweeps of power iteration, and the change of the logarithm of the norm at which they end.
SWEEPS, SETTLED = 200, 1e-13
# Below this cosine u hardly sees v[T], and shares of it are shares of rounding.
BLIND = 1e-10
# The state Jacobian, its parts, and room to work.
COPIES = 8


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
    """

    model: str
    steps: Integers
    names: tuple[str, ...]
    values: Array
    log_flow: float
    sequence: int

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
    product of the step Jacobians, by power iteration. Give one of them and the other is what it leads to.

    Raises FlowError: steps outside the trajectory, a vector of another size, a flow that is exactly 0 or that u
    cannot see.
    """
    _refuse_range(trajectory, first, last, sequence)
    walk = _Walk(trajectory, np.arange(first, last + 1), sequence)
    ahead, back = _pair(walk, cotangent, tangent, progress)
    values, names = [], tuple(next(trajectory.blocks(walk.steps[:1], copies=COPIES)).parts)
    for block in trajectory.blocks(walk.steps, copies=COPIES):
        at = block.steps - first
        parts = np.stack([block.parts[name][:, sequence] for name in names], axis=1)
        values.append(np.einsum("ni,nkij,nj->nk", back.vectors[at], parts, ahead.vectors[at]))
    flows = np.concatenate(values)
    total = flows.sum(axis=1, keepdims=True)
    cosine = float(back.vectors[-1] @ ahead.final)
    if not abs(cosine) > BLIND:
        raise _blind(trajectory.model, cosine)
    log_flow = float(np.log(abs(cosine)) + ahead.log_norm)
    return Shares(trajectory.model, walk.steps, names, flows / total, log_flow, sequence)


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

    def ahead(self, tangent: Array) -> _Carried:
        """v[t-1] for every step t, v[last], and ln ||v[last]|| / ||v[first-1]||."""
        return self._carried(tangent, forwards=True)

    def back(self, cotangent: Array) -> _Carried:
        """u[t] for every step t, u[first-1], and ln ||u[first-1]|| / ||u[last]||."""
        return self._carried(cotangent, forwards=False)

    def _carried(self, start: Array, *, forwards: bool) -> _Carried:
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


def _pair(walk: _Walk, cotangent: Any, tangent: Any, progress: Progress | None) -> tuple[_Carried, _Carried]:
    """The tangent carried forwards and the cotangent carried back."""
    u, v = (_vector(walk, name, given) for name, given in (("cotangent", cotangent), ("tangent", tangent)))
    if u is not None:
        back = walk.back(u)
        return walk.ahead(back.final if v is None else v), back
    if v is not None:
        ahead = walk.ahead(v)
        return ahead, walk.back(ahead.final)
    ahead = walk.ahead(np.random.default_rng(0).standard_normal(walk.trajectory.width))
    for sweep in range(SWEEPS):
        before, back = ahead.log_norm, walk.back(ahead.final)
        ahead = walk.ahead(back.final)
        if progress is not None:
            progress(sweep + 1, SWEEPS)
        if abs(ahead.log_norm - before) <= SETTLED * max(1.0, abs(before)):
            break
    return ahead, walk.back(ahead.final)


def _vector(walk: _Walk, name: str, given: Any) -> Array | None:
    if given is None:
        return None
    vector = np.asarray(given, dtype=np.float64)
    size = (walk.trajectory.width,)
    if vector.shape != size or not np.isfinite(vector).all() or not vector.any():
        raise FlowError(
            f"{walk.trajectory.model}, {name}",
            f"an array of shape {vector.shape}, zero or not finite"
            if vector.shape == size
            else f"an array of shape {vector.shape}",
            f"a vector over one state alone; the states are {', '.join(walk.trajectory.states)}",
            f"give one number for each unit of every state: shape {size}",
        )
    return vector


def _refuse_range(trajectory: Trajectory, first: int, last: int, sequence: int) -> None:
    if not 0 <= first <= last < len(trajectory) or not 0 <= sequence < trajectory.batch:
        raise FlowError(
            f"{trajectory.model}, gate shares",
            f"the steps {first} to {last} of sequence {sequence}, in a run of {len(trajectory)} steps and "
            f"{trajectory.batch} sequences",
            "steps or sequences counted from 1",
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
