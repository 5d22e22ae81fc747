"""forward and backward of any kernel over sequences as they are: of different lengths, reversed, checkpointed.

A batch is run segment by segment (plan.py), the state carried from one to the next, so every sequence ends with its own
last step and no step of padding is ever computed. Backward goes through the segments from the last to the first, with
the cotangent of the state carried; a sequence joins in at its own end.

Checkpointed (Chen, Xu, Zhang & Guestrin 2016), only the state at the start of each segment is kept, and backward runs a
segment forward again for its tape: with segments of about sqrt(T) steps memory grows as sqrt(T) beside x and y, for
one more forward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_sym.ground.progress import Progress, tell
from lstm_sym.kernels import Array, Kernel
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.kernel import added, check_kernel, refuse_masked
from lstm_sym.through_time.lengths import as_given, checked_lengths, time_major, zeros
from lstm_sym.through_time.plan import Plan, head, planned, replaced_head


@dataclass(frozen=True, eq=False)
class Tape:
    """What `backward` needs of `forward`. x is kept as given, not copied: do not change it in between.

    Attributes:
        kernel: the kernel module that ran.
        plan: order of the sequences and segments.
        x: (T, B, D), a view.
        empty: the kernel's tape of no steps, at which gradients start.
        kept: a segment's tape, or where checkpointed the state at its start, each.
        y_shape: (T, B, H).
        dtype: of y.
        checkpointed, precise, batch_first: as asked for.
    """

    kernel: Kernel
    plan: Plan
    x: Array
    empty: Any
    kept: tuple[Any, ...]
    y_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    checkpointed: bool
    precise: bool
    batch_first: bool


def forward(
    kernel: Kernel,
    x: Any,
    params: Any,
    state: Any = None,
    *,
    lengths: Any = None,
    reverse: bool = False,
    batch_first: bool = False,
    checkpoint: bool | int | None = None,
    precise: bool = False,
    progress: Progress | None = None,
) -> tuple[Array, Any, Tape]:
    """Run a kernel over sequences: x (T, B, D) -> y (T, B, H), the state after each one's own last step, the tape.

    lengths: the steps (B,) of each sequence, None for T each; y is 0 in the padding, what x holds there is not read.
    reverse: each sequence from its last step to its first; y[t] stays beside x[t].
    batch_first: x and y are (B, T, ...). checkpoint: True keeps the states at the start of about sqrt(T) segments
    instead of the tape, a number those of that many segments. precise: as in the kernel.
    progress: called with the steps done and their total after each segment.
    Raises SequenceError, and TypeError and ValueError as the kernel does, naming the argument.
    """
    check_kernel(kernel)
    refuse_masked(params=params, state=state)
    x = time_major("x", x, batch_first, axes=3)
    plan = planned(checked_lengths(lengths, *x.shape[:2]), checkpoint, reverse)
    checkpointed = checkpoint is not None and checkpoint is not False
    y, carried, empty = run_of_no_steps(kernel, x, params, state, precise)
    y, carried = zeros((*x.shape[:2], *y.shape[2:]), y.dtype, batch_first), plan.sort(carried)
    kept = []
    for segment in plan.segments:
        index, entry = plan.index(segment), head(carried, segment.rows)
        y[index], left, taped = kernel.forward(x[index], params, entry, precise=precise)
        kept.append(entry if checkpointed else taped)
        carried = replaced_head(carried, left)
        tell(progress, segment.stop, plan.steps)
    tape = Tape(kernel, plan, x, empty, tuple(kept), y.shape, y.dtype, checkpointed, precise, batch_first)
    return as_given(y, batch_first), plan.unsort(carried), tape


def backward(dy: Any, tape: Tape, params: Any, dstate: Any = None, *, progress: Progress | None = None) -> Any:
    """Gradients of a loss L over the sequences that `forward` ran, as the kernel's Grads(x, params, state).

    dy: dL/dy in the layout of y; what it holds in the padding is not read. params: as in `forward`.
    dstate: dL/d(state after each sequence's own last step). None stands for zeros, but not for both of them.
    The gradient of x is 0 in the padding, that of the state belongs to the initial state.
    progress: called with the steps done and their total after each segment.
    Raises SequenceError, and TypeError and ValueError as the kernel does, naming the argument.
    """
    if not isinstance(tape, Tape):
        raise TypeError(f"tape is a {type(tape).__name__}; it must be the third result of through_time.forward()")
    check_loss(dy, dstate)
    return sent_back(dy, tape, params, dstate, progress)


def sent_back(dy: Any, tape: Tape, params: Any, dstate: Any = None, progress: Progress | None = None) -> Any:
    """`backward`, of which dy and dstate may both be None: a part of a loss that has others."""
    refuse_masked(params=params, dstate=dstate)
    dy = cotangent("dy", dy, tape.y_shape, tape.dtype, tape.batch_first)
    plan, kernel = tape.plan, tape.kernel
    grads = kernel.backward(dy[:0], tape.empty, params, dstate)
    dx = zeros((*tape.x.shape[:2], *grads.x.shape[2:]), grads.x.dtype, tape.batch_first)
    total, carried = grads.params, plan.sort(grads.state)
    for segment, kept in zip(plan.segments[::-1], tape.kept[::-1], strict=True):
        index = plan.index(segment)
        if tape.checkpointed:
            kept = kernel.forward(tape.x[index], params, kept, precise=tape.precise)[2]
        found = kernel.backward(dy[index], kept, params, head(carried, segment.rows))
        dx[index] = found.x
        total = added(total, found.params)
        carried = replaced_head(carried, found.state)
        tell(progress, plan.steps - segment.start, plan.steps)
    return grads._replace(x=as_given(dx, tape.batch_first), params=total, state=plan.unsort(carried))


def run_of_no_steps(kernel: Kernel, x: Array, params: Any, state: Any, precise: bool) -> tuple[Any, Any, Any]:
    """y, state, tape of no step: the kernel checks every argument, and tells the shape of y and the initial state."""
    try:
        return kernel.forward(x[:0], params, state, precise=precise)
    except ValueError as error:
        error.add_note(f"x is of shape {x.shape} (T, B, D); arguments are checked on none of its steps, hence the 0")
        raise


def check_loss(dy: Any, dstate: Any, name: str = "dy") -> None:
    """Raises SequenceError where there is no loss to take the gradient of."""
    if dy is None and dstate is None:
        raise SequenceError(
            f"{name}, dstate",
            "both are None, so there is no loss, and every gradient would be 0",
            "the gradient of a loss that was never computed",
            f"give {name} = dL/d(outputs), dstate = dL/d(last state), or both; zeros where zeros are meant",
        )


def cotangent(name: str, dy: Any, shape: tuple[int, ...], dtype: np.dtype[Any], batch_first: bool) -> Array:
    """dL/dy as (T, B, H), a view; None gives zeros. Raises SequenceError for a shape that is not that of y."""
    if dy is None:
        return np.broadcast_to(np.zeros((), dtype), shape)
    array = time_major(name, dy, batch_first, axes=3)
    if array.shape != shape:
        order = "(B, T, H)" if batch_first else "(T, B, H)"
        given, expected = ((b, t, *rest) if batch_first else (t, b, *rest) for t, b, *rest in (array.shape, shape))
        raise SequenceError(
            name,
            f"an array of shape {given}, where {order} = {expected} belongs, as y has it",
            "the gradient of the last steps alone, or time and batch exchanged",
            "give last_cotangent(d_last, steps, lengths) for a loss of the last steps; dy has the layout of y",
        )
    return array
