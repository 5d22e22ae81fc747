"""A cell in both directions over the same sequences (Schuster & Paliwal 1997), outputs side by side.

One cell reads each sequence from its first step to its last, another, of the same equations and with parameters of its
own, from its last to its first: y[t] = (y_ahead[t], y_back[t]), so that every step has seen the whole sequence.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lstm_sym.ground.progress import Progress, part_of
from lstm_sym.kernels import Array, Kernel
from lstm_sym.through_time import segmented as sequences
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.lengths import time_major

Pair = tuple[Any, Any]


class Tape(NamedTuple):
    """What `backward` needs of `forward`: the tape of each direction."""

    ahead: sequences.Tape
    back: sequences.Tape


class Grads(NamedTuple):
    """Gradients of a loss: of the input, and for each direction of the parameters and the initial state."""

    x: Array  # (T, B, D)
    params: Pair
    state: Pair


def forward(
    kernel: Kernel,
    x: Any,
    params: Pair,
    state: Pair | None = None,
    *,
    lengths: Any = None,
    batch_first: bool = False,
    checkpoint: bool | int | None = None,
    precise: bool = False,
    progress: Progress | None = None,
) -> tuple[Array, Pair, Tape]:
    """Run a kernel both ways: x (T, B, D) -> y (T, B, 2 H), the last state of each direction, the tape.

    params, state: a pair each, ahead and back. The last state of the second direction is that after the first step.
    The rest, and what is raised, is as in `through_time.forward`; progress counts the steps of both directions.
    """
    params = _pair("params", params)
    initial = (None, None) if state is None else _pair("state", state)
    options = {"lengths": lengths, "batch_first": batch_first, "checkpoint": checkpoint, "precise": precise}
    runs = [
        sequences.forward(
            kernel, x, params[way], initial[way], reverse=bool(way), progress=part_of(progress, way, 2), **options
        )
        for way in (0, 1)
    ]
    (y_ahead, ahead, tape_ahead), (y_back, back, tape_back) = runs
    return np.concatenate((y_ahead, y_back), axis=-1), (ahead, back), Tape(tape_ahead, tape_back)


def backward(
    dy: Any, tape: Tape, params: Pair, dstate: Pair | None = None, *, progress: Progress | None = None
) -> Grads:
    """Gradients of a loss L over both directions: x summed over them, params and state a pair.

    dy: dL/dy (T, B, 2 H) in the layout of y; dstate: a pair. None stands for zeros, but not for all of them.
    The rest, and what is raised, is as in `through_time.backward`.
    """
    if not isinstance(tape, Tape):
        raise TypeError(f"tape is a {type(tape).__name__}; it must be the third result of bidirectional.forward()")
    params = _pair("params", params)
    last = (None, None) if dstate is None else _pair("dstate", dstate)
    sequences.check_loss(dy, next((one for one in last if one is not None), None))
    parts = (None, None) if dy is None else _split(dy, tape)
    ahead, back = (
        sequences.sent_back(parts[way], tape[way], params[way], last[way], part_of(progress, way, 2)) for way in (0, 1)
    )
    return Grads(ahead.x + back.x, (ahead.params, back.params), (ahead.state, back.state))


def _split(dy: Any, tape: Tape) -> Pair:
    """The cotangents of the two halves of y."""
    dy = time_major("dy", dy, axes=3)
    width = tape.ahead.y_shape[-1]
    if dy.shape[-1] != 2 * width:
        raise SequenceError(
            "dy",
            f"an array of shape {dy.shape}, whose last size is not {2 * width}",
            "the gradient of one direction alone",
            "join the gradients of both directions along the last axis, as y has them",
        )
    return dy[..., :width], dy[..., width:]


def _pair(name: str, value: Any) -> Pair:
    """One value for each direction. A single Params or State is a tuple too, and is refused."""
    if not isinstance(value, tuple | list) or len(value) != 2 or hasattr(value, "_fields"):
        raise SequenceError(
            name,
            f"a {type(value).__name__}, where a pair belongs, one for each direction",
            "parameters of a single direction",
            f"give ({name}_ahead, {name}_back); both may be the same",
        )
    return value[0], value[1]
