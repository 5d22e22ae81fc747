"""Random cases: parameters, input, initial state and cotangents for a cell, of any size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_sym.emit.numpy.support import within
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.parameters import Parameter
from lstm_sym.equations.sizes import number_of, parts_of

Array = np.ndarray[Any, Any]
Named = dict[str, Array]


STEPS_ALONE = 4
FORMS = {"fast": False, "precise": True}
"""The two forms of a kernel, and whether each is the precise one."""


@dataclass(frozen=True)
class Case:
    """Everything a gradient needs; `dy` (T, B, H) and `dstate` weigh outputs and last state into a loss.

    `wanted`: of how many steps these are the first, where the numbers grow too large after them.
    """

    sizes: dict[str, int]
    x: Array
    params: Named
    state: Named
    dy: Array
    dstate: Named
    wanted: int = 0

    @property
    def label(self) -> str:
        """T 5, B 3, D 2, H 4; T 92 of 300 where the steps after the first 92 are left out."""
        left_out = {"T": f" of {self.wanted}"} if self.wanted else {}
        return ", ".join(f"{name} {size}{left_out.get(name, '')}" for name, size in self.sizes.items())

    @property
    def named(self) -> Named:
        """What a loss is derived by: "x", each parameter, and each initial state as "h[0]"."""
        return {"x": self.x, **self.params} | {f"{name}[0]": value for name, value in self.state.items()}

    def of(self, kernel: Any) -> tuple[Any, Any, Any]:
        """Params, State, and the cotangent of the last State, as a kernel has them."""
        return kernel.Params(**self.params), kernel.State(**self.state), kernel.State(**self.dstate)

    def tape(self, kernel: Any, *, precise: bool = True) -> Any:
        """The tape of a kernel's run over the case."""
        params, state, _ = self.of(kernel)
        return kernel.forward(self.x, params, state, precise=precise)[2]


def sizes_for(cell: Cell, steps: int, batch: int, inputs: int, hidden: int) -> dict[str, int]:
    """A number for each symbolic size: D, H as asked, any further one H + 1, H + 2, ...

    H is the size of the first state, of equations without one that of the output, where that is not the input's.
    """
    sizes = {"T": steps, "B": batch}
    own = next(iter(parts_of(cell.shapes[next(iter(cell.states), cell.output)][0])))
    sizes |= {cell.shapes[name][0]: inputs for name in cell.inputs[:1]}
    sizes |= {own: hidden} if cell.states or own not in sizes else {}
    others = [size for size in cell.size_names if size not in sizes]
    return sizes | {size: hidden + k for k, size in enumerate(others, 1)}


def random_case(
    cell: Cell,
    *,
    steps: int = 5,
    batch: int = 3,
    inputs: int = 2,
    hidden: int = 4,
    seed: int = 0,
    scale: float = 1.0,
) -> Case:
    """Weights uniform in (-1/sqrt(H), 1/sqrt(H)) times `scale`, everything else standard normal.

    A parameter that the cell file declares lies within its bounds, and near the value that it begins with.
    Of several inputs all but the first lie between 0 and 1, as a step size, a share or a gate does.
    A cell without an input is a dynamical system, which may be chaotic: it starts between 0 and 1/2, where the known
    ones stay bounded, and runs at most STEPS_ALONE steps, because rounding errors grow with every step.
    """
    rng = np.random.default_rng(seed)
    steps = steps if cell.input else min(steps, STEPS_ALONE)
    sizes = sizes_for(cell, steps, batch, inputs, hidden)
    bound = scale / np.sqrt(hidden)

    def normal(*names: str) -> Array:
        return rng.standard_normal([number_of(name, sizes) for name in names])

    params: Named = {}
    for name in cell.parameters:
        value = np.asarray(rng.uniform(-bound, bound, [number_of(size, sizes) for size in cell.shapes[name]]))
        declared = cell.declared.get(name)
        params[name] = value if declared is None else np.asarray(_allowed(declared, value, value / bound))
    state = {name: normal("B", *cell.shapes[name]) for name in cell.states}
    if not cell.input:
        state = {name: np.asarray(rng.uniform(0, 0.5, value.shape)) for name, value in state.items()}
    dstate = {name: normal("B", *cell.shapes[name]) for name in cell.states}
    x, dy = normal("T", "B", *cell.input_shape), normal("T", "B", *cell.shapes[cell.output])
    if len(cell.inputs) > 1:
        own = number_of(cell.shapes[cell.inputs[0]][0], sizes)
        x[..., own:] = rng.uniform(0, 1, x[..., own:].shape)
    return Case(sizes, x, params, state, dy, dstate)


def _allowed(parameter: Parameter, drawn: Array, unit: Array) -> Array:
    """A declared parameter, by numbers `unit` in (-1, 1): within its bounds, and near its first value if it has one."""
    low, high, start = parameter.low, parameter.high, parameter.default
    if start is not None:
        room = min(max(abs(start), 1.0), start - low, high - start)
        return np.asarray(start + 0.1 * room * unit)
    return np.asarray(within(unit, low, high)) if parameter.is_bounded else drawn


def default_case(cell: Cell, case: Case) -> Case:
    """The same case, from the state that the cell starts with where none is given."""
    return replace(case, state={name: np.full_like(v, cell.initial.get(name, 0)) for name, v in case.state.items()})


def kernel_gradients(kernel: Any, case: Case, *, precise: bool, default: bool = False) -> Named:
    """All gradients by a kernel: "x", each parameter, and each initial state as "h[0]".

    default: from the kernel's own initial state, not that of the case.
    """
    params, state, dstate = case.of(kernel)
    _, _, tape = kernel.forward(case.x, params, None if default else state, precise=precise)
    return named_gradients(kernel.backward(case.dy, tape, params, dstate))


def named_gradients(grads: Any) -> Named:
    """The gradients of a kernel, named as `Case.named` names what they are of."""
    named: Named = {"x": grads.x, **grads.params._asdict()}
    return named | {f"{name}[0]": value for name, value in grads.state._asdict().items()}


def arrays_of(grads: Any) -> list[Array]:
    """The gradients of a kernel one after the other."""
    return [grads.x, *grads.params, *grads.state]
