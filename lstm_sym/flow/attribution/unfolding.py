"""How far the first input reaches in a network unfolded in time: what of it each hidden layer and each output feels.

The tangents of the first input are carried forward by the kernel's forward mode, one step at a time, each with a binary
exponent of its own, so that their norms are exact however far they vanish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers, log_norm, scaled
from lstm_sym.flow.runs.trajectory import name_of, states_of
from lstm_sym.kernels import Kernel

ROWS = ("input", "hidden", "output")
GATES = ("input", "forget", "output")


@dataclass(frozen=True, eq=False)
class Unfolded:
    """A network over T steps: how sensitive its nodes are to the input at the first, and what its gates do.

    Attributes:
        model: the name in the figure.
        log_sensitivity: (3, T), natural logarithms for the rows input, hidden, output; -inf where exactly 0.
        gates: the values of the gates "input", "forget", "output", (T,) each in [0, 1]; those that the cell has.

    Raises FlowError: other shapes, NaN, gates that have no place in the figure or leave [0, 1].
    """

    model: str
    log_sensitivity: Array
    gates: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refusals.refuse_masked(self.model, log_sensitivity=self.log_sensitivity, **self.gates)
        logs = np.asarray(self.log_sensitivity)
        if logs.ndim != 2 or len(logs) != len(ROWS) or not logs.size or not (logs < np.inf).all():
            raise FlowError(
                f"{self.model}, unfolded",
                f"sensitivities of shape {logs.shape}, or not all of them finite or -inf",
                "one row left out, or NaN in a measurement",
                f"give (3, T): one row each for {', '.join(ROWS)}",
            )
        for name, values in self.gates.items():
            inside = (np.asarray(values) >= 0) & (np.asarray(values) <= 1)
            if name not in GATES or np.shape(values) != logs.shape[1:] or not inside.all():
                raise FlowError(
                    f"{self.model}, unfolded, gate {name!r}",
                    f"values of shape {np.shape(values)}, or a gate without a place in the figure, or outside [0, 1]",
                    "the letter in place of the name, pre-activations, or gates of several units",
                    f"give (T,) values in [0, 1] for some of {', '.join(GATES)}",
                )

    def shades(self, decades: float | None = None) -> Array:
        """(3, T), 1 for the most sensitive node of a row, 0 for none: its sensitivity as a share of that node's.

        With `decades`, logarithmic: 1 + log10(share) / decades, 0 from there on.
        """
        top = self.log_sensitivity.max(axis=1, keepdims=True)
        relative = self.log_sensitivity - np.where(np.isneginf(top), 0.0, top)
        if decades is None:
            return np.exp(relative)
        share: Array = (1 + relative / np.log(10.0) / decades).clip(0.0, 1.0)
        return share


def unfold(
    kernel: Kernel,
    params: Any,
    x: Any,
    *,
    hidden: str,
    channels: Sequence[int] | None = None,
    gates: Mapping[str, Array] | None = None,
    state: Any = None,
    model: str | None = None,
) -> Unfolded:
    """ln ||dx[t]/dx[1]||, ln ||d hidden[t]/dx[1]||, ln ||dy[t]/dx[1]|| for t = 1 .. T, in the Frobenius norm.

    kernel: a kernel module, y its output. x: one sequence, (T, D) or (T, 1, D). hidden: the state that stands for the
    hidden layer, as "c" of an LSTM. channels: the inputs that dx[1] is about, all by default; others, as those that
    drive a gate, are left as they are. gates: their values, for the figure. state: the initial one, zeros by default.
    model: the name in figures, by default that of the kernel.

    Raises FlowError: several sequences, no such state or channel, NaN, and what `Unfolded` refuses.
    """
    name = name_of(kernel, model)
    values = refusals.as_sequences(x, name)
    directions = _directions(values, channels, name)
    params, state = refusals.as_start(params, state, name)
    refusals.refuse_unknown(f"{name}, hidden", hidden, states_of(kernel))
    count = len(directions)
    if state is not None:
        state = type(state)(*(np.repeat(part, count, axis=0) for part in state))
    tangent, exponent, rows = None, np.zeros(count, np.int64), []
    for t, step in enumerate(values):
        repeated = np.repeat(step[None], count, axis=1)
        start = None if t else directions[None]
        _, y_dot, state, tangent = kernel.jvp(repeated, params, state, x_dot=start, state_dot=tangent)
        log_input = 0.5 * np.log(count) if t == 0 else -np.inf
        rows.append([log_input, _log_norm(getattr(tangent, hidden), exponent), _log_norm(y_dot[0], exponent)])
        tangent, exponent = _rescaled(tangent, exponent)
    return Unfolded(name, np.array(rows).T, dict(gates or {}))


def _directions(values: Array, channels: Sequence[int] | None, model: str) -> Array:
    """One row for each channel, 1 there: (n, D)."""
    if values.shape[1] != 1:
        raise FlowError(
            f"{model}, x", f"{values.shape[1]} sequences", "a batch, where one sequence is unfolded", "give x[:, :1]"
        )
    size = values.shape[2]
    chosen = refusals.as_channels(channels, size, model)
    return np.eye(size) if chosen is None else np.eye(size)[chosen]


def _log_norm(tangents: Array, exponent: Integers) -> float:
    """ln ||.|| of the matrix whose columns are tangents (n, ...) * 2^exponent (n,)."""
    return float(log_norm(scaled(tangents.reshape(len(tangents), -1).T, exponent)))


def _rescaled(tangent: Any, exponent: Integers) -> tuple[Any, Integers]:
    """Every direction brought to a largest entry in [0.5, 1), and what was taken out added to its exponent."""
    largest = np.max([np.abs(part).reshape(len(part), -1).max(axis=1) for part in tangent], axis=0)
    shift = np.frexp(largest)[1]
    parts = [np.ldexp(part, -shift.reshape(-1, *[1] * (part.ndim - 1))) for part in tangent]
    return type(tangent)(*parts), exponent + shift
