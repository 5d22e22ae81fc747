"""A cell as a page has it: its kernel in JavaScript, what can be moved in it, and parameters that are drawn here.

Parameters and inputs are those of NumPy, drawn once and kept in the page: a picture can be made again in Python, with

    params = kernel.init(3, 8, rng=np.random.default_rng(seed))
    x = np.random.default_rng(seed).standard_normal((60, 1, 3))
"""

from __future__ import annotations

import inspect
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lstm_sym.api import build, derive
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.javascript.module import page_script
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.signs import parts_of_name
from lstm_sym.explore.errors import ExploreError
from lstm_sym.explore.levers import Lever, Levers, place_on_tape
from lstm_sym.kernels import Array
from lstm_sym.notation.text import TextNotation

STEPS = 60
"""The longest sequence."""
UNITS, INPUTS, SEEDS = 8, 3, 5
"""Hidden units, inputs, and draws of parameters and inputs, of seeds 0, 1, ..."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A cell to explore. Raises ExploreError for one that reads no input, or does not come in these sizes."""

    cell: Cell

    def __post_init__(self) -> None:
        if not self.cell.input:
            raise ExploreError(
                self.cell.key,
                "it reads no input, so that nothing can be felt of one",
                "a dynamical system, whose only source is its initial state",
                f"measure how its perturbations grow: lstm-sym flow {self.cell.key}",
            )
        if not self.cell.states:
            raise ExploreError(
                self.cell.key,
                "it carries no state from step to step, so that an output feels its own input alone",
                "a map of one step",
                "give it a state: read a quantity of the step before, as h[t-1]",
            )
        try:
            self.params(0)
        except ValueError as error:
            raise ExploreError(
                self.cell.key,
                f"its kernel refuses {self.inputs} inputs and {UNITS} units: {error}",
                "sizes that depend on each other in a way of their own",
                "explore it in Python: ls.build(cell), kernel.forward, kernel.backward",
            ) from error

    @cached_property
    def kernel(self) -> Any:
        """The same in NumPy."""
        return build(self.cell)

    @cached_property
    def plan(self) -> Plan:
        """Both kernels are printed from it."""
        return Plan(derive(self.cell))

    @cached_property
    def levers(self) -> Levers:
        """What can be moved."""
        return Levers(self.plan.derivation)

    @property
    def inputs(self) -> int:
        """The inputs of a step: those of all cells, or as many as units where the cell has them equal."""
        return UNITS if self.cell.input_shape[0] == self.cell.shapes[self.cell.states[0]][0] else INPUTS

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Further sizes that kernel.init asks for, a projection or a readout: as large as the state."""
        arguments = inspect.signature(self.kernel.init).parameters.values()
        return {one.name: UNITS for one in arguments if one.kind is one.KEYWORD_ONLY and one.default is one.empty}

    def params(self, seed: int) -> Any:
        """The parameters of a seed."""
        return self.kernel.init(self.inputs, UNITS, **self.sizes, rng=np.random.default_rng(seed))

    @cached_property
    def script(self) -> str:
        """The kernel as an expression: the module that `page_script` prints, its exports as an object."""
        source = page_script(self.plan)
        names = re.findall(r"^export (?:const|function) (\w+)", source, re.MULTILINE)
        return f"(() => {{\n{re.sub('(?m)^export ', '', source)}return {{ {', '.join(names)} }};\n}})()"

    @cached_property
    def data(self) -> dict[str, Any]:
        """All that the page needs to know beside the kernel, for JSON."""
        cell, drawn = self.cell, [self.params(seed)._asdict() for seed in range(SEEDS)]
        (_, state, _) = self.kernel.forward(np.zeros((0, 1, self.inputs)), self.params(0))
        return {
            "key": cell.key,
            "output": cell.output,
            "inputs": self.inputs,
            "states": {name: value.shape[1] for name, value in state._asdict().items()},
            "initial": {name: str(value).replace("inf", "Infinity") for name, value in cell.initial.items()},
            "signs": {name: self.sign(name) for name in (cell.output, *cell.states, *self._gates)},
            "recurrent": list(self.levers.roles.recurrent),
            "gates": [self._gate(lever) for lever in self.levers.gates],
            "shapes": {name: list(np.shape(value)) for name, value in drawn[0].items()},
            "params": [packed(np.concatenate([np.ravel(value) for value in one.values()])) for one in drawn],
        }

    @property
    def _gates(self) -> tuple[str, ...]:
        return tuple(lever.gate.name for lever in self.levers.gates)

    def sign(self, name: str) -> tuple[str, str]:
        """The letter of a name, and the index below it, "" without one."""
        letter, below = TextNotation(signs=self.cell.signs).letters(*parts_of_name(name))
        return letter, ",".join(below)

    def _gate(self, lever: Lever) -> dict[str, Any]:
        kept = place_on_tape(self.plan, lever.gate)
        found = {
            "name": lever.gate.name,
            "bias": lever.bias,
            "sign": lever.sign,
            "holds": lever.holds,
            "keeps": lever.keeps,
            "writes": lever.writes,
        }
        return found if kept is None else found | {"tape": [kept.array, kept.low, kept.parts, kept.first]}


def drawn_input(inputs: int, seed: int) -> Array:
    """The input of a seed: (STEPS, 1, inputs), standard normal; of every cell with so many inputs the same."""
    return np.random.default_rng(seed).standard_normal((STEPS, 1, inputs))


def packed(values: Array) -> str:
    """Numbers as the page keeps them: float64, little-endian, in base 64."""
    return b64encode(np.asarray(values, "<f8").tobytes()).decode("ascii")
