"""The numbers of the path: what theory says of the cell, how far its gradient comes, and a step of one unit."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from lstm_sym.api import build, derive
from lstm_sym.equations.cell import Cell
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profiles.experiment import Model, drawn, run
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.theory.chrono import TimeScale, time_scale
from lstm_sym.flow.theory.gains import CriticalGain, critical_gain
from lstm_sym.kernels import Array

UNITS, STEPS, LAGS, ENDS, SEED = 12, 90, 50, 8, 0
"""Units and inputs, steps of a run, the longest distance measured, end points of a run, and the seed of the draw."""
BIASES = (0.0, 1.0, 3.0, 5.0)
GAINS = (1.0, 2.0, 3.0, 5.0)
PLAIN = "rnn"
"""The cell that every other is compared with."""
WEIGHT, INPUT = 0.5, 1.0
"""Every weight, and the input, of the cell of one unit."""


class Measured:
    """What is found of a cell, once, in whatever language it is told."""

    def __init__(self, cell: Cell) -> None:
        self.cell, self.roles = cell, derive(cell).roles

    @cached_property
    def scale(self) -> TimeScale | None:
        """How long a bias keeps the state; None where no bias alone does."""
        try:
            return time_scale(self.cell)
        except FlowError:
            return None

    @cached_property
    def gain(self) -> CriticalGain | None:
        """The gain of the recurrent weights at which the origin ceases to be stable; None where theory knows none."""
        try:
            return critical_gain(self.cell)
        except FlowError:
            return None

    @cached_property
    def opened(self) -> tuple[str, int] | None:
        """The bias of the first forget gate that has one, and the sign in which more of it keeps more."""
        return next(((gate.bias, gate.sign) for gate in self.roles.forget_gates if gate.bias and gate.sign), None)

    @property
    def output(self) -> str | None:
        """The state that is measured where the cell gives out none of its states, the first; else None."""
        return None if self.cell.output in self.cell.states or not self.cell.states else self.cell.states[0]

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The sensitivity of the output to the input: of the cell in a few settings, and of the plain RNN beside it.

        () where it cannot be measured, as `unmeasured` says.
        """
        return self._tried[0]

    @property
    def unmeasured(self) -> str:
        """Why there are no profiles: "stateless", "alone" without an input, "several" inputs, "sizes" that the kernel
        refuses, "zero" where the gradient has no logarithm; "" where there are some.
        """
        return self._tried[1]

    @cached_property
    def _tried(self) -> tuple[tuple[Profile, ...], str]:
        reason = self._unfit
        if reason:
            return (), reason
        try:
            plain = [Model(PLAIN, build(PLAIN))] if self.cell.key != PLAIN else []
            models = [*self._models(), *plain]
            return tuple(run(models, self._stream, hidden=UNITS, lags=LAGS, ends=ENDS, seeds=(SEED,))), ""
        except (FlowError, ValueError):
            return (), "zero" if self._has_these_sizes else "sizes"

    @property
    def _has_these_sizes(self) -> bool:
        try:
            drawn(Model(self.cell.key, build(self.cell)), UNITS, UNITS, np.random.default_rng(SEED))
        except (FlowError, ValueError):
            return False
        return True

    @cached_property
    def drawn_half_life(self) -> float | None:
        """The steps in which the sensitivity halves, with parameters as the kernel draws them; None as for profiles."""
        if self._unfit:
            return None
        model = Model(self.cell.key, build(self.cell), output=self.output)
        try:
            [profile] = run([model], self._stream, hidden=UNITS, lags=LAGS, ends=ENDS, seeds=(SEED,))
        except (FlowError, ValueError):
            return None
        return profile.half_life()

    @property
    def _unfit(self) -> str:
        if not self.cell.states:
            return "stateless"
        if not self.cell.input:
            return "alone"
        return "several" if len(self.cell.inputs) > 1 else ""

    @property
    def _stream(self) -> Array:
        return np.random.default_rng(SEED).standard_normal((STEPS, UNITS))

    def _models(self) -> Iterator[Model]:
        """The cell with its forget gate opened by degrees; without one, with stronger recurrent weights."""
        kernel, key = build(self.cell), self.cell.key
        if self.opened is not None:
            bias, sign = self.opened
            for value in BIASES:
                label, fill = f"{key}, {bias} = {sign * value + 0.0:g}", {bias: sign * value}
                yield Model(label, kernel, fill=fill, output=self.output)
        elif self.roles.recurrent:
            params = drawn(Model(key, kernel), UNITS, UNITS, np.random.default_rng(SEED))
            for gain in GAINS:
                scaled = {name: gain * getattr(params, name) for name in self.roles.recurrent}
                shown = ", ".join(f"{gain:g} {name}" for name in self.roles.recurrent)
                yield Model(f"{key}, {shown}", kernel, params=params._replace(**scaled), output=self.output)
        else:
            yield Model(key, kernel, output=self.output)

    @cached_property
    def one_unit(self) -> tuple[float, float] | None:
        """y and dy/dx of one step from the first state: weights WEIGHT, biases 0. None where one unit is no cell."""
        kernel = build(self.cell)
        if not self.cell.input or len(self.cell.inputs) > 1 or self.cell.declared:
            return None
        arguments = inspect.signature(kernel.init).parameters.values()
        further = {one.name: 1 for one in arguments if one.kind is one.KEYWORD_ONLY and one.default is one.empty}
        try:
            given: Any = kernel.init(1, 1, **further)
        except ValueError:
            return None
        biases = {bias.name for bias in self.roles.biases}
        weights = {
            name: np.full_like(value, 0.0 if name in biases else WEIGHT) for name, value in given._asdict().items()
        }
        params = given._replace(**weights)
        y, _, tape = kernel.forward(np.full((1, 1, 1), INPUT), params)
        grads = kernel.backward(np.ones_like(y), tape, params)
        output, slope = float(np.sum(y)), float(np.sum(grads.x))
        usable = np.size(y) == 1 and np.isfinite([output, slope]).all() and output != 0 and slope != 0
        return (output, slope) if usable else None
