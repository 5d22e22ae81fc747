"""What a study measures: models of its cells, their sensitivity over an input, and the half-lives with their spread."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lstm_sym.api import build, derive
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import parts_of
from lstm_sym.flow import FlowError, Model, Profile
from lstm_sym.ground.numbers import finite
from lstm_sym.ground.parallel import each
from lstm_sym.ground.progress import Progress
from lstm_sym.inputs import Sequences, Source, Stream, named, stream
from lstm_sym.inputs.sequences import channels_named, numbered

Result = TypeVar("Result")
Input = str | os.PathLike[str] | Sequences | NDArray[Any]
"""A name of `lstm_sym.inputs`, the path of a file, sequences, or an array (T,) or (T, D)."""


@dataclass(frozen=True)
class HalfLife:
    """Steps in which the sensitivity of a model halves: of all draws together, quantiles and range over the draws."""

    together: float
    low: float
    high: float
    draws: tuple[float, ...]


def input_stream(source: Input, length: int, *, standardise: bool = True) -> Stream:
    """The first `length` steps of an input, all of it if it is shorter. Raises InputError."""
    sequences = _sequences(source, length)
    return stream(sequences, min(length, sum(sequences.lengths)), standardise=standardise)


def _sequences(source: Input, length: int) -> Sequences:
    """The sequences of a name, a file, or an array (T,) or (T, D)."""
    if isinstance(source, Sequences):
        return source
    if isinstance(source, str | os.PathLike):
        return named(source, length=length)
    values = np.asarray(source)
    values = values[:, np.newaxis] if values.ndim == 1 else values
    count = values.shape[-1] if values.ndim else 0
    channels = channels_named(numbered(count))
    return Sequences("array", Source("an array of the user's own", "not stated"), channels, (values,))


def forget_bias(cell: Cell) -> dict[str, float]:
    """The bias of the gate that keeps a state, at the value 1 or -1 that makes it keep more; {} where there is none.

    {"b_f": 1.0} of the LSTM, {"b_z": 1.0} of the GRU, {"b_f": -1.0} of the MGU, whose gate forgets where it is open.
    """
    content = cell.content_hash
    if content not in _FORGET_BIASES:  # every sentence on a cell asks for it
        gates = (gate for gate in derive(cell).roles.forget_gates if gate.bias is not None)
        _FORGET_BIASES[content] = next(({str(gate.bias): float(gate.sign)} for gate in gates), {})
    return dict(_FORGET_BIASES[content])


_FORGET_BIASES: dict[str, dict[str, float]] = {}
"""The forget bias of a cell, by its content."""


def models_of(cells: Sequence[Cell], inputs: int, hidden: int) -> list[Model]:
    """A model of each cell as it is drawn, and another with a forget bias where the cell has one (`forget_bias`).

    A cell that cannot have `hidden` units, or not with this number of inputs, gets the nearest size that it can have.
    """
    found = []
    for cell in cells:
        kernel, size = build(cell), fitting_size(cell, inputs, hidden)
        # An output that is no state has no Jacobian of its own here: the first state is measured, and named.
        state = None if cell.output in cell.states else cell.states[0]
        suffix = f" ({state})" if state else ""
        suffix += f" [H = {size}]" if size != hidden else ""
        found.append(Model(cell.key + suffix, kernel, output=state, hidden=size))
        if bias := forget_bias(cell):
            label = biased_label(cell) + suffix
            found.append(Model(label, kernel, fill=bias, output=state, hidden=size))
    return found


def stems_of(cells: Sequence[Cell]) -> list[str]:
    """The names of the files of each model, in the order of `models_of`."""
    suffixes = {(): ("",), (1.0,): ("", "_forget_bias_1"), (-1.0,): ("", "_forget_bias_minus_1")}
    return [cell.key + suffix for cell in cells for suffix in suffixes[tuple(forget_bias(cell).values())]]


def fitting_size(cell: Cell, inputs: int, hidden: int) -> int:
    """The size of the first state nearest below `hidden`: a multiple for blocks, the input's where they are equal."""
    size = cell.shapes[cell.states[0]][0]
    if cell.input and cell.input_shape[0] == size:
        return inputs
    counts = parts_of(size)
    (count,) = counts.values() if len(counts) == 1 else (1,)
    return max(count, hidden - hidden % count)


def biased_label(cell: Cell) -> str:
    """The label of the cell with its forget bias at 1, or -1, the same in every language: lstm, b_f = 1."""
    ((name, value),) = forget_bias(cell).items()
    return f"{cell.key}, {name} = {value:g}".replace("-", "−")


def attempted(
    models: Sequence[Model], measure: Callable[[Model, Progress | None], Result], progress: Progress, workers: int = 1
) -> tuple[dict[str, Result], dict[str, FlowError]]:
    """What `measure` finds of each model, and why it finds nothing of the others, both by label.

    workers: the processes that share the models; what is found is then such as a pickle can hold.
    """

    def outcome(model: Model, told: Progress | None) -> Result | FlowError:
        try:
            return measure(model, told)
        except FlowError as error:
            return error

    found: dict[str, Result] = {}
    left_out: dict[str, FlowError] = {}
    for model, one in zip(models, each(outcome, models, workers, progress), strict=True):
        if isinstance(one, FlowError):
            left_out[model.label] = one
        else:
            found[model.label] = one
    return found, left_out


def half_life(profile: Profile) -> HalfLife:
    """The half-life of a profile. Quantiles are taken of the rates 1 / half-life, so that "never" is a number, 0."""
    draws = tuple(part.half_life() for part in profile.by_seed().values())
    slow, fast = np.quantile([1 / steps for steps in draws], [0.1, 0.9])
    low, high = (float(1 / rate) if rate > 0 else float("inf") for rate in (fast, slow))
    return HalfLife(profile.half_life(), low, high, draws)


def steps_text(steps: float) -> str:
    """A number of steps in three digits: 1.19, 4.1, ∞."""
    return "∞" if np.isinf(steps) else f"{steps:.3g}" if steps < 1000 else f"{steps:.0f}"


def summary(profile: Profile) -> dict[str, Any]:
    """What was measured of one model, for JSON: half-life with its spread, lag50, lag90, median by lag (log10)."""
    life = half_life(profile)
    return {
        "model": profile.model,
        "half_life": finite(life.together),
        "half_life_low": finite(life.low),
        "half_life_high": finite(life.high),
        "half_life_by_seed": [finite(steps) for steps in life.draws],
        "lag50": profile.share_lag(0.5),
        "lag90": profile.share_lag(0.9),
        "settled": profile.settled,
        "log10_median": [float(value) for value in profile.median(relative=True) / np.log(10.0)],
    }
