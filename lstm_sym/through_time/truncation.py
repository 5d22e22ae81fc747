"""Truncated backpropagation through time, BPTT(h; h') of Williams & Peng 1990.

Every h' steps ("every", k1) the errors of these steps are propagated back, to h steps ("window", k2) before their end:

    g = sum over e of  sum over tau in (p(e), e]  sum over s in (e - h, tau]  dL/dy[tau] . dy[tau]/dtheta[s]

e runs over the ends h', 2 h', ..., T, p(e) is the end before e, and theta[s] are the parameters as they are used at
step s. T is each sequence's own length: a batch gives the sum of what its sequences give alone. The state that enters a
window is held constant. An error is carried at least h - h' and at most h - 1 steps back; with h >= T, g is the
gradient of full backpropagation through time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lstm_sym.ground.progress import Progress, tell
from lstm_sym.kernels import Array, Kernel
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.kernel import Integers, added
from lstm_sym.through_time.lengths import as_given, checked_lengths, time_major, zeros
from lstm_sym.through_time.plan import only
from lstm_sym.through_time.segmented import check_loss, cotangent, forward, sent_back

Cotangent = Callable[[slice, Array], Any]  # of the steps of a slice, from their y


def truncated(
    kernel: Kernel,
    x: Any,
    params: Any,
    state: Any = None,
    *,
    dy: Any | Cotangent,
    window: int,
    every: int | None = None,
    dstate: Any = None,
    lengths: Any = None,
    batch_first: bool = False,
    precise: bool = False,
    progress: Progress | None = None,
) -> tuple[Array, Any, Any]:
    """y (T, B, H), the last state, and the gradients of truncated backpropagation as the kernel's Grads.

    dy: dL/dy in the layout of y; or a function that is given steps, as a slice, and y of these steps, and returns dL/dy
    of them. window: k2 = h, how many steps a pass goes back. every: k1 = h' <= window, after how many steps there is
    a pass; by default window, which runs every step back once. dstate: dL/d(last state). None stands for zeros, but not
    for both. A batch gives the sum of what its sequences give alone, each with its own last window.
    lengths, batch_first, precise: as in `forward`. progress: called after each pass, (steps done, their total).
    Takes up to T (1 + window / every) steps forward and T window / every back, and a tape of one window.
    Raises SequenceError, and TypeError and ValueError as the kernel does.
    """
    check_loss(dy, dstate)
    x = time_major("x", x, batch_first, axes=3)
    lengths = checked_lengths(lengths, *x.shape[:2])
    run = _Run(kernel, x, params, precise)
    passes = _passes(int(lengths.max(initial=0)), window, window if every is None else every)
    start = np.zeros_like(lengths)
    y, entry, tape = run.forward(start, start, state)
    y = zeros((*x.shape[:2], *y.shape[2:]), y.dtype, batch_first)
    errors = dy if callable(dy) else _looked_up(cotangent("dy", dy, y.shape, y.dtype, batch_first), batch_first)
    grads = sent_back(None, tape, params, dstate)
    dstate, d_initial = grads.state, only(grads.state, lengths == 0)
    total, last = grads.params, entry
    dx = zeros((*x.shape[:2], *grads.x.shape[2:]), grads.x.dtype, batch_first)
    for fresh, stop in passes:
        here, end = np.minimum(fresh, lengths), np.minimum(stop, lengths)
        before, start = start, np.where(here < end, np.maximum(end - window, 0), end)
        earlier = run.forward(before, np.where(start < here, start, before), entry)[1]
        entry = added(only(earlier, start < here), only(last, start == here))
        y_window, last, tape = run.forward(start, end, entry)
        new, reached = _steps(start, here, end), _steps(start, start, end)
        y[new.steps, new.rows] = y_window[new.within, new.rows]
        d_window = np.zeros_like(y_window)
        d_window[new.within, new.rows] = _asked(errors, slice(fresh, stop), y, batch_first)[new.steps - fresh, new.rows]
        found = sent_back(d_window, tape, params, only(dstate, (fresh < lengths) & (lengths <= stop)))
        dx[reached.steps, reached.rows] += found.x[reached.within, reached.rows]
        total = added(total, found.params)
        d_initial = added(d_initial, only(found.state, (start == 0) & (here < end)))
        tell(progress, stop, passes[-1][1])
    return as_given(y, batch_first), last, grads._replace(x=as_given(dx, batch_first), params=total, state=d_initial)


class _Steps(NamedTuple):
    """Steps of the sequences of a batch, one an entry: its number, its sequence, and its number within the window."""

    steps: Integers
    rows: Integers
    within: Integers


def _steps(start: Integers, low: Integers, high: Integers) -> _Steps:
    """The steps low[b] .. high[b] - 1 of every sequence b, whose window begins at start[b]."""
    counted, rows = np.nonzero(np.arange((high - low).max(initial=0))[:, None] < high - low)
    steps = low[rows] + counted
    return _Steps(steps, rows, steps - start[rows])


class _Run(NamedTuple):
    """What every piece of the run has in common."""

    kernel: Kernel
    x: Array
    params: Any
    precise: bool

    def forward(self, start: Integers, stop: Integers, state: Any) -> tuple[Array, Any, Any]:
        """`forward` over the steps start[b] .. stop[b] - 1 of every sequence b, side by side from its first on."""
        window = _steps(start, start, stop)
        x = np.zeros((int((stop - start).max(initial=0)), *self.x.shape[1:]), self.x.dtype)
        x[window.within, window.rows] = self.x[window.steps, window.rows]
        return forward(self.kernel, x, self.params, state, lengths=stop - start, precise=self.precise)


def _passes(steps: int, window: int, every: int) -> list[tuple[int, int]]:
    """The steps whose errors each pass carries back, from and to. Raises SequenceError unless 1 <= every <= window."""
    whole = all(hasattr(number, "__index__") for number in (window, every))
    if not whole or not 1 <= every <= window:
        raise SequenceError(
            "window, every",
            f"a window of {window!r} steps every {every!r} steps",
            "the two exchanged; steps between two passes that no window reaches would give no gradient",
            "give whole numbers, 1 <= every <= window",
        )
    return list(pairwise([*range(0, steps, every), steps]))


def _looked_up(dy: Array, batch_first: bool) -> Cotangent:
    """The errors of given steps out of an array (T, B, H)."""
    return lambda steps, y: as_given(dy[steps], batch_first)


def _asked(errors: Cotangent, steps: slice, y: Array, batch_first: bool) -> Array:
    """dL/dy of these steps (n, B, H), from their y in the caller's layout. Raises SequenceError for another shape."""
    y, name = y[steps], f"dy(slice({steps.start}, {steps.stop}), y)"
    found = errors(steps, as_given(y, batch_first))
    if found is None:
        raise SequenceError(
            name,
            "None, where dL/dy of these steps belongs",
            "a function without a return statement",
            "return dL/dy of these steps in the shape of y; zeros where the loss does not see them",
        )
    return cotangent(name, found, y.shape, y.dtype, batch_first)
