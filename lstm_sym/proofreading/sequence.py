"""One random sequence, with every value and every adjoint of each of its steps: what formulas are tried on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lstm_sym.check import random_case
from lstm_sym.check.case import Case
from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations.cell import Cell
from lstm_sym.interpreter.evaluation import Array, run_statement
from lstm_sym.interpreter.over_time import Backward, Values, run_forward
from lstm_sym.program.statements import EQUATION, Accumulate
from lstm_sym.program.values import Role, Value
from lstm_sym.proofreading.errors import ProofreadingError
from lstm_sym.proofreading.tree import Quantity

STEPS, BATCH, INPUTS, HIDDEN = 5, 7, 3, 4
"""All different, so that what is mixed up shows in a shape."""
WATCHED = 2
"""The step t: the steps around it are there, and so is the step after the next."""
COMPLEX_STEP = 1e-30


@dataclass(frozen=True)
class Sequence:
    """The runs of the forward and of the backward program; the first state and what follows the last step are zero."""

    derivation: Derivation
    case: Case
    forward: list[Values]
    backward: list[Values]
    seed: int = 0

    @classmethod
    def of(cls, derivation: Derivation, seed: int) -> Sequence:
        """A random sequence. Raises ProofreadingError for a cell whose own values are not finite there."""
        cell = derivation.cell
        case = random_case(cell, steps=STEPS, batch=BATCH, inputs=INPUTS, hidden=HIDDEN, seed=seed)
        zero = {name: np.zeros_like(value) for name, value in case.state.items()}
        case = replace(case, state=zero, dstate=zero)
        with np.errstate(all="ignore"):
            forward = run_forward(derivation.forward, case.x, case.params, case.state)
            run = Backward(forward, case.dy, case.dstate).run(derivation.adjoint)
        if not all(np.isfinite(array).all() for values in (*forward, *run.steps) for array in values.values()):
            raise ProofreadingError(
                "",
                f"{cell.key} gives NaN or infinity on random sequences",
                "a logarithm or a quotient of what can be zero or negative",
                "mend the cell, or take another --seed",
            )
        return cls(derivation, case, forward, run.steps, seed)

    @cached_property
    def values(self) -> dict[Quantity, Value]:
        """Quantity -> the value of the programs that it is, of this step."""
        program, found = self.derivation.forward, {}
        for value in program.values():
            kind = "parameter" if value.role is Role.PARAMETER else "forward"
            if value.time != -1:
                found[Quantity(kind, value.name)] = value
        kinds = {Role.SLOPE: "slope", Role.CARRIED_ADJOINT: "carried", Role.DIRECT_ADJOINT: "direct"}
        for value in self.derivation.adjoint.values():
            if value.of is None or value.place:
                continue
            kind = kinds.get(value.role, "")
            if value.role is Role.ADJOINT and value.of.time != -1:
                kind = "gradient" if value.of.is_parameter else "adjoint"
            if kind and (kind != "carried" or value.time == 0):
                found[Quantity(kind, value.of.name)] = value
        return found

    @cached_property
    def incoming(self) -> dict[str, Value]:
        """State -> its value of the step before."""
        return {carry.incoming.name: carry.incoming for carry in self.derivation.forward.carries}

    def at(self, quantity: Quantity, t: int) -> Array:
        """A quantity at step t: (B, N), a parameter as it is, a gradient as what step t adds to it.

        Zero before the first step and after the last. Raises KeyError for what the programs do not have.
        """
        if quantity.kind == "dy":
            return np.asarray(self.case.dy[t] if 0 <= t < STEPS else np.zeros_like(self.case.dy[0]))
        value = self.values[quantity]
        if quantity.kind == "parameter":
            return np.asarray(self.case.params[quantity.name])
        if quantity.kind == "direct":
            t += value.of is not None and value.of.time == -1
        if quantity.kind == "carried" and t == -1:
            return np.asarray(self.backward[0][replace(value, time=-1)])
        if not 0 <= t < STEPS:
            return np.zeros_like(self.read(quantity, value, 0))
        return self.read(quantity, value, t)

    def read(self, quantity: Quantity, value: Value, t: int) -> Array:
        """The array of a value of a step that there is."""
        values = self.forward[t] if quantity.kind == "forward" else self.backward[t]
        found = np.asarray(values[value])
        if quantity.kind != "gradient" and found.ndim < 2:
            found = np.broadcast_to(found, (BATCH, *(found.shape[-1:] or (HIDDEN,))))
        return found

    def gradient(self, name: str) -> Array:
        """The gradient of a parameter, summed over time and batch."""
        value = self.values[Quantity("gradient", name)]
        return np.asarray(sum(values[value] for values in self.backward))

    @cached_property
    def others(self) -> dict[str, Sequence]:
        """Sequences of the cell in other conventions, by its equations there, that were asked for."""
        return {}

    def of_cell(self, cell: Cell) -> Sequence:
        """A sequence of the cell in another convention, which is derived once. Raises ProofreadingError."""
        if cell.text not in self.others:
            self.others[cell.text] = Sequence.of(Derivation(cell), self.seed)
        return self.others[cell.text]

    @cached_property
    def partials(self) -> dict[tuple[str, int, bool], Array]:
        """The derivatives of one step that were asked for."""
        return {}

    def partial(self, name: str, t: int, *, whole: bool) -> Array:
        """`derivative`, which is computed once."""
        key = name, t, whole
        if key not in self.partials:
            self.partials[key] = self.derivative(name, t, whole=whole)
        return self.partials[key]

    def derivative(self, name: str, t: int, *, whole: bool) -> Array:
        """d target / d source of one step, (B, M, N), by complex steps.

        name: "c/f", or "c/c[t-1]". whole: over every path inside the step; else only the equation of the target, and
        the stages on its way, are followed.
        """
        target, _, source = name.partition("/")
        before = source.endswith("[t-1]")
        own = self.values.get(Quantity("forward", source)) or self.values.get(Quantity("parameter", source))
        moved = self.incoming.get(source.removesuffix("[t-1]")) if before else own
        if moved is None or not 0 <= t < STEPS:
            raise KeyError(name)
        base = self.forward[t]
        size = base[moved].shape[-1]
        columns = []
        for unit in range(size):
            values: dict[Value, Any] = dict(base)
            step = np.zeros(size, complex)
            step[unit] = 1j * COMPLEX_STEP
            values[moved] = base[moved] + step
            for statement in self.derivation.forward.statements:
                follows = whole or statement.target.name == target or statement.provenance.rule != EQUATION
                if statement.target != moved and follows:
                    values[statement.target] = run_statement(statement, values)
            found = values[self.values[Quantity("forward", target)]]
            columns.append(np.imag(np.broadcast_to(found, (BATCH, found.shape[-1]))) / COMPLEX_STEP)
        return np.stack(columns, axis=-1)

    @cached_property
    def gradients(self) -> tuple[str, ...]:
        """The parameters that have a gradient."""
        found = (s.target.of for s in self.derivation.adjoint.statements if isinstance(s, Accumulate))
        return tuple(value.name for value in found if value is not None)
