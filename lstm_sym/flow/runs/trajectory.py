"""A run of a cell over its input, from which every measure takes its Jacobians, in memory that does not grow with T.

    trajectory = record(kernel, params, x)                 # x (T, B, D), or x=None, steps=T for a cell without input
    for block in trajectory.blocks():                      # ascending; descending=True for what goes backwards
        block.steps                                        # (n,) consecutive or chosen steps, ascending
        block.state                                        # ds[t]/ds[t-1], (n, B, S, S), over all states
        block.input                                        # ds[t]/dx[t],   (n, B, S, D)
        block.parts                                        # ds[t]/ds[t-1] by equation, {name: (n, B, S, S)}
        block.logarithms                                   # ln of gates and slopes, {name: (n, B, N)}
        block.before                                       # the state before each of these steps, n of (B, N)

Only the states at the starts of segments are kept; the tape of a segment is made again, in the precise form, when its
Jacobians are asked for. A run that fits into one segment is computed once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array, Integers
from lstm_sym.kernels import Kernel
from lstm_sym.through_time.kernel import check_kernel

# Memory of one tape, and of the Jacobians made at once, in bytes: these are read soon, and should still be in a cache.
MEMORY, JACOBIANS = 64 * 2**20, 4 * 2**20


@dataclass(frozen=True, eq=False)
class StepDerivatives:
    """Some steps of a trajectory, ascending, and what the kernel derives at them, computed when asked for."""

    steps: Integers
    trajectory: Trajectory
    tape: Any = field(repr=False)
    inside: Integers = field(repr=False)  # the same steps, counted from the start of the tape

    @cached_property
    def state(self) -> Array:
        """ds[t]/ds[t-1] over all states, (n, B, S, S). Raises FlowError where it is not finite."""
        found: Array = self._of("jacobian")
        return found

    @cached_property
    def input(self) -> Array:
        """ds[t]/dx[t], (n, B, S, D). Raises FlowError where it is not finite."""
        found: Array = self._of("input_jacobian")
        return found

    @cached_property
    def parts(self) -> dict[str, Array]:
        """ds[t]/ds[t-1] by the equation through which the flow enters, {name: (n, B, S, S)}; the sum is `state`."""
        found: dict[str, Array] = self._of("jacobian_parts")
        return found

    @cached_property
    def logarithms(self) -> dict[str, Array]:
        """ln of gates and of slopes, {"f": (n, B, N), "f_slope": ...}, finite where the number itself underflows."""
        found: dict[str, Array] = self.trajectory.kernel.log_terms(self.tape, self.trajectory.params, self.inside)
        return found

    @cached_property
    def before(self) -> list[Any]:
        """The state before each of these steps: State of (B, N), made again."""
        return self.trajectory.states_before(self.steps)

    def through(self, equations: Collection[str] | None) -> Array:
        """The part of `state` that enters through these equations; None for all of it.

        Raises FlowError for a name of none of them.
        """
        if equations is None:
            return self.state
        refusals.refuse_unknown_equation(equations, self.parts, self.trajectory.model)
        return sum((self.parts[name] for name in equations), np.zeros_like(next(iter(self.parts.values()))))

    def _of(self, name: str) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            found = getattr(self.trajectory.kernel, name)(self.tape, self.trajectory.params, self.inside)
        for jacobian in found.values() if isinstance(found, dict) else [found]:
            refusals.refuse_not_finite(jacobian, self.steps, self.trajectory.model)
        return found


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A cell that has run over T steps of B sequences.

    Attributes:
        model: what tables, figures and errors call it.
        kernel: the kernel module.
        params: its parameters, float64.
        x: the input (T, B, D), float64; D = 0 for a cell without one.
        starts: the state before the first step of every segment.
        segment: the steps of a segment.
        last: the state after step T - 1.
        gives_out: what the cell gives out, a state or another quantity.
    """

    model: str
    kernel: Kernel
    params: Any
    x: Array = field(repr=False)
    starts: tuple[Any, ...] = field(repr=False)
    segment: int
    last: Any = field(repr=False)
    gives_out: str
    _held: dict[int, Any] = field(repr=False)

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states, in the order of State and of the rows of the Jacobians."""
        return tuple(self.last._fields)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The units of each state; their sum is S."""
        return tuple(int(np.prod(value.shape[1:])) for value in self.last)

    @property
    def width(self) -> int:
        """S, the units of all states together."""
        return sum(self.sizes)

    @property
    def batch(self) -> int:
        """B."""
        return int(self.x.shape[1])

    def __len__(self) -> int:
        """T."""
        return len(self.x)

    def columns(self, name: str | None) -> slice:
        """Where a state stands among all of them; None for all. Raises FlowError for what is no state."""
        if name is None:
            return slice(0, self.width)
        if name not in self.states:
            raise FlowError(
                f"{self.model}, the state {name!r}",
                f"no such state; the cell carries {', '.join(self.states)}",
                "a gate or another quantity that is computed anew at every step",
                "name one of the states",
            )
        place = self.states.index(name)
        start = sum(self.sizes[:place])
        return slice(start, start + self.sizes[place])

    def output(self, name: str | None = None) -> str:
        """The state of this name, or the one that the cell gives out. Raises FlowError where there is none such."""
        if name is not None:
            self.columns(name)
            return name
        if self.gives_out in self.states:
            return self.gives_out
        raise FlowError(
            f"{self.model}, output",
            f"the cell gives out {self.gives_out}, which is none of its states, {', '.join(self.states)}",
            "a cell with a readout after its recurrent part",
            "name a state to measure, as output='h'; or let the output be one: networks.Recurrence(network, "
            "output_is_a_state=True), the cell a layer of the network",
        )

    def vector(self, name: str, given: Any, *, zero: bool = False) -> Array:
        """A vector over all states that is given as `name`: (S,), float64.

        Raises FlowError: another shape, masked, not finite, or, unless `zero` is True, zeros alone.
        """
        refusals.refuse_masked(self.model, **{name: given})
        vector, shape = np.asarray(given, np.float64), (self.width,)
        if vector.shape != shape or not np.isfinite(vector).all() or not (zero or vector.any()):
            raise FlowError(
                f"{self.model}, {name}",
                f"an array of shape {vector.shape}" + (", zero or not finite" if vector.shape == shape else ""),
                f"a vector over one state alone; the states are {', '.join(self.states)}",
                f"give one number for each unit of every state: shape {shape}",
            )
        return vector

    def end_points(self, points: Integers) -> Integers:
        """The step and the sequence of every end point, (len(points) * B, 2), the sequences one after the other."""
        sequences = np.repeat(np.arange(self.batch), len(points))
        return np.stack([np.tile(points, self.batch), sequences], axis=1)

    def blocks(self, steps: Integers | None = None, *, descending: bool = False) -> Iterator[StepDerivatives]:
        """The steps (ascending; all by default) in blocks, the blocks in ascending or descending order.

        A block holds so many steps that their state Jacobians stay within JACOBIANS.
        """
        steps = np.arange(len(self)) if steps is None else steps
        most = max(1, JACOBIANS // (8 * self.batch * max(self.width, self.x.shape[2]) * self.width))
        segments = np.unique(steps // self.segment)
        for segment in segments[::-1] if descending else segments:
            inside = steps[steps // self.segment == segment]
            tape = self.tape(int(segment))
            parts = [inside[at : at + most] for at in range(0, len(inside), most)]
            for part in reversed(parts) if descending else parts:
                yield StepDerivatives(part, self, tape, part - segment * self.segment)

    def jacobians(self, steps: Integers | None = None) -> Iterator[Array]:
        """ds[t]/ds[t-1] over all states at each of the steps (ascending; all by default), (B, S, S)."""
        for block in self.blocks(steps):
            yield from block.state

    def states_before(self, steps: Integers) -> list[Any]:
        """The state before each of these steps, State of (B, N), made again from its segment's start.

        steps: ascending, from 0 to T: the state before step T is the last.
        """
        found, segments = [], np.minimum(steps // self.segment, len(self.starts) - 1)
        for segment in np.unique(segments).tolist():
            at, state = segment * self.segment, self.starts[segment]
            for t in steps[segments == segment].tolist():
                at, state = t, self._run(at, t, state)
                found.append(state)
        return found

    def _run(self, first: int, last: int, state: Any) -> Any:
        """The state after the steps `first` to `last` (exclusive)."""
        return _forward(self.kernel, self.params, self.x[first:last], state, first, self.model)[1]

    def tape(self, segment: int) -> Any:
        """The precise tape of a segment; that of the last one asked for is kept."""
        if segment not in self._held:
            self._held.clear()
            first = segment * self.segment
            x = self.x[first : first + self.segment]
            self._held[segment] = _forward(self.kernel, self.params, x, self.starts[segment], first, self.model)[2]
        return self._held[segment]


def record(
    kernel: Kernel, params: Any, x: Any = None, *, steps: int | None = None, state: Any = None, model: str | None = None
) -> Trajectory:
    """Run a kernel over an input in the precise form, and keep what its Jacobians are made from.

    kernel: a kernel module. params: its parameters. x: (T, B, D) or (T, D), or an object with such `values`; for a
    cell without an input None, and `steps` = T. state: the initial state, by default the kernel's own. model: the name
    in tables, figures and errors, by default that of the kernel. All is computed in float64.

    Raises FlowError: NaN in x, params or state, no step, a state that overflows; and what `forward` raises.
    """
    name = name_of(kernel, model)
    values = refusals.as_sequences(x, name) if steps is None else refusals.as_empty_input(x, steps, state, name)
    params, state = refusals.as_start(params, state, name)
    tape = _first_step(kernel, params, values, state, name)
    segment = min(len(values), max(1, MEMORY // sum(array.nbytes for array in tape)))
    starts, last, held = [], state, {}
    for first in range(0, len(values), segment):
        starts.append(last)
        _, last, tape = _forward(kernel, params, values[first : first + segment], last, first, name)
        held = {first // segment: tape}
    return Trajectory(name, kernel, params, values, tuple(starts), segment, last, kernel.OUTPUT, held)


def name_of(kernel: Kernel, model: str | None = None) -> str:
    """The name in tables, figures and errors: that given, else that of the kernel. Raises FlowError for no kernel."""
    check_kernel(kernel, ("forward", "jacobian"), FlowError)
    return kernel.__name__.rpartition(".")[2] if model is None else model


def states_of(kernel: Kernel) -> tuple[str, ...]:
    """The names of the states that a kernel carries."""
    state: Any = kernel.State
    return tuple(state._fields)


def _first_step(kernel: Kernel, params: Any, x: Array, state: Any, model: str) -> Any:
    """The precise tape of the first step. Raises FlowError where x, params and state do not fit each other."""
    try:
        return _forward(kernel, params, x[:1], state, 0, model)[2]
    except FlowError:
        raise
    except ValueError as error:
        raise FlowError(
            f"{model}, x, params, state",
            f"its kernel refuses these sizes: {error}",
            "parameters that were made for another input, or an array with its axes exchanged",
            f"x is read as (T, B, D) = {x.shape}, and tried on its first step: make params for these sizes",
        ) from error


def _forward(kernel: Kernel, params: Any, x: Array, state: Any, first: int, model: str) -> tuple[Any, Any, Any]:
    """y, the last state, the precise tape of a segment. Raises FlowError where the state is no longer finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        y, last, tape = kernel.forward(x, params, state, precise=True)
    refusals.refuse_overflow(y, first, model)
    return y, last, tape
