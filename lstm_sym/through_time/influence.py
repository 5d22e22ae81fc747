"""Real-time recurrent learning: gradients forward in time, with no tape (Williams & Zipser 1989).

With the state s[t] over all states of the cell, its Jacobian J[t] = ds[t]/ds[t-1] and the immediate influence
I[t] = ds[t]/dtheta with s[t-1] held, the influence of the parameters on the state is carried along:

    P[t] = ds[t]/dtheta = J[t] P[t-1] + I[t],   P[0] = 0        Q[t] = ds[t]/ds[0] = J[t] Q[t-1],   Q[0] = 1
    dL[t]/dtheta = dL[t]/dtheta with s[t-1] held + dL[t]/ds[t-1] P[t-1]

so the gradient of every step is there at once, and a sequence need not end. For S state components and N parameters
a step takes O(S^2 N) operations and O(S N) memory a sequence, where backpropagation takes O(N) operations, and memory
that grows with T.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lstm_sym.ground.progress import Progress, tell
from lstm_sym.kernels import Array, Kernel
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.kernel import added, check_kernel, refuse_masked
from lstm_sym.through_time.lengths import as_given, checked_lengths, time_major, zeros
from lstm_sym.through_time.plan import head, only, planned, replaced_head
from lstm_sym.through_time.segmented import check_loss, cotangent, forward, sent_back

# Bytes that the influence and what its update needs may take.
MEMORY = 2 * 2**30


class OnlineGrads(NamedTuple):
    """Gradients of a loss: of the parameters and of the initial state. Those of past inputs are not carried."""

    params: Any
    state: Any


class RTRL:
    """A kernel run step by step, with the influence of its parameters and of its initial state.

        learner = RTRL(lstm, params)
        for x_t, target in stream:
            y_t = learner.step(x_t)                         # (B, D) -> (B, H)
            grads = learner.gradient(y_t - target)          # of this step's loss, through all steps before

    `params` may be exchanged between two steps, to learn as the stream runs; gradients are then those of a network that
    changes slowly, as in the paper. `state` is the state after the last step, None before the first.

    kernel: a kernel module. state: the initial state, None for the kernel's own. precise: as in the kernel.
    memory: the most bytes for the influence, three times 8 B S (N + S) in float64. Raises SequenceError where that is
    more, at the first step.
    """

    def __init__(
        self, kernel: Kernel, params: Any, state: Any = None, *, precise: bool = False, memory: int = MEMORY
    ) -> None:
        check_kernel(kernel, ["forward", "backward", "jacobian", "parameter_jacobian"])
        self.kernel = kernel
        self.params = params
        self.state = state
        self.precise = precise
        self.memory = memory
        self._last: _Step | None = None  # not yet in the influence
        self._influence: list[Array] = []  # P before the last step, a parameter each: (B, S, size)
        self._carried: Array | None = None  # Q before the last step: (B, S, S)

    def step(self, x_t: Any) -> Array:
        """One step: x_t (B, D) -> y_t (B, H). Raises SequenceError, and TypeError and ValueError as the kernel does."""
        x = time_major("x_t", x_t)[None]
        refuse_masked(params=self.params, state=self.state)
        if self._carried is None:
            self._begin(x)
        y, state, tape = self.kernel.forward(x, self.params, self.state, precise=self.precise)
        self._advance()  # only now: a step that is refused leaves everything as it was
        self.state = state
        self._last = _Step(tape, self.params, y.shape, y.dtype)
        result: Array = y[0]
        return result

    def keep(self, rows: Any) -> None:
        """Go on with these sequences of the batch alone, given as a slice, indices or a mask: the others have ended.

        `gradient` is there again after the next step. Raises SequenceError for what selects no rows of the batch.
        """
        if self.state is not None:
            rows = _chosen(rows, len(self.state[0]))
        self._advance()
        if self._carried is not None:
            self._influence = [influence[rows] for influence in self._influence]
            self._carried = self._carried[rows]
        if self.state is not None:
            self.state = type(self.state)(*(value[rows] for value in self.state))

    def gradient(self, dy_t: Any = None, dstate: Any = None) -> OnlineGrads:
        """Gradients of a loss of the last step, through all steps before it.

        dy_t = dL/dy_t (B, H), dstate = dL/d(state after this step); None for zeros, but not for both. Gradients of a
        sum over steps are the sum of theirs. Raises SequenceError, also before the first step, and TypeError and
        ValueError as the kernel does.
        """
        if self._last is None or self._carried is None:
            raise SequenceError(
                "gradient",
                "no step has been taken yet, or none since keep()",
                "the gradient asked for before the output it belongs to",
                "call step(x_t) first",
            )
        check_loss(dy_t, dstate, "dy_t")
        refuse_masked(dy_t=dy_t, dstate=dstate)
        tape, params, shape, dtype = self._last
        dy = np.zeros(shape[1:], dtype) if dy_t is None else np.asarray(dy_t)
        if dy.shape != shape[1:]:
            raise SequenceError(
                "dy_t",
                f"an array of shape {dy.shape}, where (B, H) = {shape[1:]} belongs",
                "the gradient of all steps, or of another batch",
                "give the gradient of the output that the last step() returned",
            )
        grads = self.kernel.backward(dy[None], tape, params, dstate)
        d_before = _flat(grads.state)
        past = (
            np.tensordot(d_before, influence, axes=2).reshape(np.shape(direct))
            for influence, direct in zip(self._influence, grads.params, strict=True)
        )
        initial = (d_before[:, None] @ self._carried)[:, 0]
        return OnlineGrads(added(grads.params, type(grads.params)(*past)), _unflat(initial, grads.state))

    def _begin(self, x: Array) -> None:
        """P[0] = 0, Q[0] = 1, where they fit into memory."""
        _, self.state, _ = self.kernel.forward(x[:0], self.params, self.state, precise=self.precise)
        (batch, size), dtype = _flat(self.state).shape, self.state[0].dtype
        sizes = [np.size(value) for value in self.params]
        needed = 3 * dtype.itemsize * batch * size * (sum(sizes) + size)
        if needed > self.memory:
            raise SequenceError(
                "memory",
                f"{needed / 2**20:.1f} MiB for the influence of {sum(sizes)} parameters on {size} state components in "
                f"a batch of {batch}, where {self.memory / 2**20:.1f} MiB are allowed",
                "a hidden size beyond about 100: the influence grows with its cube",
                "allow more by memory=, take float32 or fewer sequences, or use truncated(), forward(checkpoint=True)",
            )
        self._influence = [np.zeros((batch, size, count), dtype) for count in sizes]
        self._carried = np.broadcast_to(np.eye(size, dtype=dtype), (batch, size, size))

    def _advance(self) -> None:
        """P <- J P + I, Q <- J Q, by what the last step left."""
        if self._last is None:
            return
        tape, params, *_ = self._last
        jacobian = self.kernel.jacobian(tape, params, 0)
        immediate = self.kernel.parameter_jacobian(tape, params, 0)
        self._influence = [
            jacobian @ influence + np.reshape(direct, influence.shape)
            for influence, direct in zip(self._influence, immediate, strict=True)
        ]
        self._carried = jacobian @ self._carried
        self._last = None


class _Step(NamedTuple):
    """What is kept of the last step."""

    tape: Any
    params: Any
    y_shape: tuple[int, ...]
    dtype: np.dtype[Any]


def rtrl(
    kernel: Kernel,
    x: Any,
    params: Any,
    state: Any = None,
    *,
    dy: Any,
    dstate: Any = None,
    lengths: Any = None,
    batch_first: bool = False,
    precise: bool = False,
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> tuple[Array, Any, OnlineGrads]:
    """y (T, B, H), the last state, and the gradients of whole sequences by real-time recurrent learning.

    dy: dL/dy in the layout of y, dstate: dL/d(last state); None for zeros, but not for both. lengths, batch_first,
    precise: as in `forward`. memory: as in `RTRL`. progress: called after each step, (steps done, their total).
    The gradients are those of backpropagation. Raises SequenceError, and TypeError and ValueError as the kernel does.
    """
    check_loss(dy, dstate)
    x = time_major("x", x, batch_first, axes=3)
    plan = planned(checked_lengths(lengths, *x.shape[:2]), None, False)
    y, last, tape = forward(kernel, x[:0], params, state, precise=precise)
    grads = sent_back(None, tape, params, dstate)
    y = zeros((*x.shape[:2], *y.shape[2:]), y.dtype, batch_first)
    dy = cotangent("dy", dy, y.shape, y.dtype, batch_first)
    last, d_last, ordered = plan.sort(last), plan.sort(grads.state), plan.lengths[plan.order]
    learner = RTRL(kernel, params, last, precise=precise, memory=memory)
    total, d_initial = grads.params, only(d_last, ordered == 0)
    for t in range(plan.steps):
        columns = plan.order[ordered > t]
        rows = len(columns)
        learner.keep(slice(rows))
        y[t, columns] = learner.step(x[t, columns])
        found = learner.gradient(dy[t, columns], only(head(d_last, rows), ordered[:rows] == t + 1))
        total, last = added(total, found.params), replaced_head(last, learner.state)
        d_initial = replaced_head(d_initial, added(head(d_initial, rows), found.state))
        tell(progress, t + 1, plan.steps)
    return as_given(y, batch_first), plan.unsort(last), OnlineGrads(total, plan.unsort(d_initial))


def _chosen(rows: Any, batch: int) -> Any:
    """The rows of the batch that a slice, indices or a mask chooses, as indices. Raises SequenceError."""
    try:
        chosen, found = np.arange(batch)[rows], f"{rows!r} chooses one sequence and no batch"
    except IndexError as error:
        chosen, found = np.arange(0)[None], str(error)
    if chosen.ndim != 1:
        raise SequenceError(
            "rows",
            found,
            "rows counted in the batch as it was before an earlier keep(), or a mask of that batch",
            f"choose of the {batch} sequences that are left: a slice, indices from 0 to {batch - 1}, {batch} booleans",
        )
    return chosen


def _flat(state: Any) -> Array:
    """All states side by side, (B, S), in the order of State."""
    return np.concatenate([value.reshape(len(value), -1) for value in state], axis=1)


def _unflat(flat: Array, like: Any) -> Any:
    """The inverse of `_flat`."""
    ends = np.cumsum([int(np.prod(value.shape[1:])) for value in like])
    parts = np.split(flat, ends[:-1], axis=1)
    return type(like)(*(part.reshape(value.shape) for part, value in zip(parts, like, strict=True)))
