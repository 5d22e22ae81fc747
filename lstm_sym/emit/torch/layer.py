"""A kernel as a module of PyTorch; the text of this file, from its first class on, ends every file of the target."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.autograd.function import once_differentiable


class _Run(torch.autograd.Function):
    """y and the last state of a kernel; the gradient is the kernel's backward pass."""

    @staticmethod
    def forward(ctx: Any, kernel: Any, precise: bool, *given: Any) -> Any:
        """given: x, the parameters, the initial state."""
        x, params, state = _records(kernel, given)
        y, last, tape = kernel.forward(x, params, state, precise=precise)
        ctx.kernel, ctx.tape = kernel, tape
        ctx.save_for_backward(*given)
        return _tensors((y, *last), given[0])

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """cotangents: of y and of the last state."""
        return None, None, *_Gradients.apply(ctx.kernel, ctx.tape, *cotangents, *ctx.saved_tensors)


class _Gradients(torch.autograd.Function):
    """The backward pass; its own gradient is forward mode and the Hessian-vector product along what arrives."""

    @staticmethod
    def forward(ctx: Any, kernel: Any, tape: Any, *given: Any) -> Any:
        """given: the cotangents of y and of the last state; x, the parameters, the initial state."""
        count = 1 + len(kernel.State._fields)
        dy, *dstate = map(_array, given[:count])
        _, params, _ = _records(kernel, given[count:])
        grads = kernel.backward(dy, tape, params, kernel.State(*dstate))
        ctx.kernel = kernel
        ctx.save_for_backward(*given)
        return _tensors((grads.x, *grads.params, *grads.state), given[0])

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *along: Any) -> Any:
        """along: what arrives at the gradients of x, of the parameters and of the initial state."""
        kernel, given = ctx.kernel, ctx.saved_tensors
        count = 1 + len(kernel.State._fields)
        dy, *dstate = map(_array, given[:count])
        x, params, state = _records(kernel, given[count:])
        x_dot, params_dot, state_dot = _records(kernel, along)
        direction = {"x_dot": x_dot, "params_dot": params_dot, "state_dot": state_dot}
        _, y_dot, _, last_dot = kernel.jvp(x, params, state, **direction)
        _, second = kernel.hvp(x, params, state, dy=dy, dstate=kernel.State(*dstate), **direction)
        found = (y_dot, *last_dot, second.x, *second.params, *second.state)
        return None, None, *_tensors(found, given[0])


def _array(tensor: Any) -> Any:
    """The numbers of a tensor, without a copy where they are in the memory of the processor."""
    return tensor.detach().cpu().numpy()


def _tensors(arrays: Any, like: Any) -> tuple[Any, ...]:
    """Arrays as tensors on the device of another."""
    return tuple(torch.from_numpy(np.asarray(array, order="C")).to(like.device) for array in arrays)


def _records(kernel: Any, given: Any) -> tuple[Any, Any, Any]:
    """x, the parameters and a state, of tensors in this order."""
    x, *rest = map(_array, given)
    count = len(kernel.Params._fields)
    return x, kernel.Params(*rest[:count]), kernel.State(*rest[count:])


class Layer(torch.nn.Module):
    """A recurrent layer: y, state = layer(x), x (T, B, D) or, batch_first, (B, T, D).

    Its parameters have the names of the equations, and so has the state dict. Gradients and gradients of gradients are
    those of the kernel, which computes on the processor: tensors of another device are copied there and back.

    Args:
        input_size: D.
        hidden_size: H, the size of the first state.
        kernel: what computes, where it is not the one of this file: `lstm_sym.build(cell, target="c")` is compiled.
        batch_first: whether x and y are (B, T, ...).
        precise: gates and slopes keep full relative accuracy under saturation.
        dtype: torch.float32 or torch.float64.
        rng: a NumPy generator for the first values; None: seeded by PyTorch's own.
        fill: first values of vectors, as b_f=1.0.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        kernel: Any = None,
        batch_first: bool = False,
        precise: bool = False,
        dtype: Any = torch.float32,
        rng: Any = None,
        **fill: float,
    ) -> None:
        super().__init__()
        self.kernel = kernel or sys.modules[__name__]
        self.batch_first, self.precise = batch_first, precise
        rng = np.random.default_rng(int(torch.randint(2**31, ()))) if rng is None else rng
        first = self.kernel.init(input_size, hidden_size, rng=rng, dtype=np.float64, **fill)
        for name, value in first._asdict().items():
            self.register_parameter(name, torch.nn.Parameter(torch.tensor(value, dtype=dtype)))

    def forward(self, x: Any, state: Any = None, *, lengths: Any = None, resets: Any = None) -> tuple[Any, Any]:
        """y, shaped as x, and the state at the end of each sequence, a State of tensors (B, N).

        state: the initial one, None for that of the cell. lengths (B,): steps of each sequence; from there on y is zero
        and the state stays. resets, shaped as x without its last axis: true where a sequence begins anew at a step.
        Raises TypeError and ValueError, of the kernel and for lengths or resets that do not fit.
        """
        x = x.transpose(0, 1) if self.batch_first else x
        if lengths is None and resets is None:
            y, *last = self.run(x, self.begun(x) if state is None else state)
        else:
            y, last = self.in_pieces(x, self.begun(x), state, lengths, resets)
        return y.transpose(0, 1) if self.batch_first else y, self.kernel.State(*last)

    def run(self, x: Any, state: Any) -> Any:
        """y and the last state, of whole sequences."""
        return _Run.apply(self.kernel, self.precise, x, *self.parameters(), *state)

    def in_pieces(self, x: Any, first: Any, state: Any, lengths: Any, resets: Any) -> tuple[Any, Any]:
        """The same, piece by piece, in which no sequence ends or begins anew; `first` is the state it begins in."""
        state = first if state is None else state
        ends, marks = self.checked(x, lengths, resets)
        outputs = []
        for start, stop in _segments(len(x), ends, marks):
            begins, goes_on = marks[start : start + 1].any(dim=0)[:, None], ends[:, None] > start
            state = [torch.where(begins, one, other) for one, other in zip(first, state, strict=True)]
            y, *last = self.run(x[start:stop], state)
            outputs.append(y * goes_on.to(y.dtype))
            state = [torch.where(goes_on, one, other) for one, other in zip(last, state, strict=True)]
        return torch.cat(outputs), state

    def begun(self, x: Any) -> tuple[Any, ...]:
        """The state in which the cell begins, (B, N) each."""
        params = self.kernel.Params(*map(_array, self.parameters()))
        return _tensors(self.kernel.forward(_array(x[:0]), params)[1], x)

    def checked(self, x: Any, lengths: Any, resets: Any) -> tuple[Any, Any]:
        """Where each sequence ends, (B,), and where it begins anew, (T, B). Raises ValueError."""
        steps, batch = x.shape[:2]
        ends = torch.full((batch,), steps) if lengths is None else torch.as_tensor(lengths)
        marks = torch.zeros(steps, batch, dtype=torch.bool) if resets is None else torch.as_tensor(resets).bool()
        marks = marks.transpose(0, 1) if self.batch_first and resets is not None else marks
        if ends.shape != (batch,) or (batch and not 0 <= int(ends.min()) <= int(ends.max()) <= steps):
            raise ValueError(f"lengths are {ends.tolist()}; give {batch} of them, each from 0 to {steps} steps")
        if marks.shape != (steps, batch):
            raise ValueError(f"resets have shape {tuple(marks.shape)} in time; expected {(steps, batch)}, as x")
        return ends.to(x.device), marks.to(x.device)


def _segments(steps: int, ends: Any, marks: Any) -> Iterator[tuple[int, int]]:
    """The steps in runs in which no sequence ends or begins anew; one run of none where there is no step."""
    cuts = {0, steps, *ends.tolist(), *marks.any(dim=1).nonzero().flatten().tolist()}
    return pairwise(sorted(cuts)) if steps else iter([(0, 0)])
