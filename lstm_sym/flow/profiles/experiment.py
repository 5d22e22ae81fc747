"""The gradient-flow experiment: the same input stream through several models, several seeds, one profile a model."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profiles.profile import Profile, pooled
from lstm_sym.flow.profiles.sensitivity import input_sensitivity, state_sensitivity
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Integers
from lstm_sym.flow.runs.trajectory import Trajectory, name_of, record, states_of
from lstm_sym.ground.progress import Progress, part_of
from lstm_sym.kernels import Kernel


@dataclass(frozen=True, eq=False)
class Model:
    """A cell to measure: its label, its kernel, and either parameters or how to draw them.

    Attributes:
        label: the name in figures and tables.
        kernel: the kernel module.
        params: parameters that were trained or loaded; None draws them with kernel.init for every seed.
        fill: vectors that are set to one value where parameters are drawn, as {"b_f": 1.0}.
        output: the state whose sensitivity is measured, None for the one that the cell gives out.
        hidden: H where parameters are drawn, for a cell that cannot have that of the others.
        readout: what is read out of that state and measured in its place, as in `input_sensitivity`.

    Raises FlowError for what is no kernel module.
    """

    label: str
    kernel: Kernel
    params: Any = field(default=None, repr=False)
    fill: Mapping[str, float] = field(default_factory=dict)
    output: str | None = None
    hidden: int | None = None
    readout: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        name_of(self.kernel)

    @property
    def is_autonomous(self) -> bool:
        """Whether the cell reads no input."""
        return "steps" in inspect.signature(self.kernel.forward).parameters


def run(
    models: Iterable[Model],
    stream: Any,
    *,
    hidden: int = 64,
    lags: int = 60,
    ends: int | Sequence[int] | Integers | None = 50,
    seeds: Iterable[int] = (0,),
    norm: str = "frobenius",
    progress: Progress | None = None,
) -> list[Profile]:
    """The sensitivity of the output to the input, by lag, of each model: one `Profile` a model, in their order.

    Of a cell that reads no input it is that of all states to themselves, from a random initial state.

    stream: (T, D) or (T, B, D), or an object with such `values`. hidden: H where parameters are drawn.
    ends, lags, norm: as in `input_sensitivity`. seeds: one draw of the parameters each, default_rng(seed); the end
    points of all draws are pooled, and `Profile.by_seed` tells them apart. A model with `params` is measured once.

    Raises FlowError: no model, two of one label, no seed, and all that `input_sensitivity` refuses.
    """
    models, seeds = list(models), list(dict.fromkeys(seeds))
    refusals.refuse_unclear_names([model.label for model in models], "model", "experiment")
    refusals.refuse_unclear_names([str(seed) for seed in seeds], "seed", "experiment")
    draws = [(model, seed) for model in models for seed in ([-1] if model.params is not None else seeds)]
    measured: dict[str, list[Profile]] = {model.label: [] for model in models}
    for index, (model, seed) in enumerate(draws):
        how: Any = {"lags": lags, "ends": ends, "norm": norm, "progress": part_of(progress, index, len(draws))}
        profile = profile_of(model, recorded(model, stream, hidden, seed), **how)
        measured[model.label].append(replace(profile, seeds=np.full_like(profile.seeds, seed)))
    return [pooled(profiles) for profiles in measured.values()]


def profile_of(model: Model, trajectory: Trajectory, **how: Any) -> Profile:
    """The profile of one run: of the output against the input, or of all states against themselves without one."""
    how |= {"output": model.output, "readout": model.readout}
    if model.is_autonomous:
        return state_sensitivity(trajectory, source=model.output, **how)
    return input_sensitivity(trajectory, **how)


def recorded(model: Model, stream: Any, hidden: int = 64, seed: int = 0) -> Trajectory:
    """The run of a model over a stream, its parameters drawn with default_rng(seed) unless it has some.

    hidden: H, where the model says none. A cell without an input runs as many steps as the stream has, from a state
    drawn uniformly in (0, 0.1): of many maps a larger one lies outside the basin. Raises FlowError: sizes that the cell
    cannot have, and what `record` refuses.
    """
    values = refusals.as_sequences(stream, model.label)
    rng, size = np.random.default_rng(max(seed, 0)), model.hidden or hidden
    try:
        params = drawn(model, values.shape[-1], size, rng) if model.params is None else model.params
        if not model.is_autonomous:
            return record(model.kernel, params, values, model=model.label)
        state = _random_state(model.kernel, params, size, rng)
        return record(model.kernel, params, steps=len(values), state=state, model=model.label)
    except FlowError:
        raise
    except ValueError as error:
        raise FlowError(
            model.label,
            f"its kernel refuses the sizes asked for: {error}",
            "a cell whose sizes depend on each other: blocks of cells, or an input as large as the state",
            "give the model an H that fits, Model(..., hidden=...), or --hidden",
        ) from error


def _random_state(kernel: Kernel, params: Any, hidden: int, rng: np.random.Generator) -> Any:
    """A state of one sequence, uniform in (0, 0.1); of H units where no parameter tells the size."""
    try:
        sizes = [part.shape for part in kernel.forward(np.empty((0, 1, 0)), params)[1]]
    except ValueError:
        sizes = [(1, hidden)] * len(states_of(kernel))
    return kernel.State(*(rng.uniform(0.0, 0.1, size) for size in sizes))


def drawn(model: Model, inputs: int, hidden: int, rng: np.random.Generator) -> Any:
    """The parameters of a model that has none: of D inputs and H units, any further size of the cell like H."""
    arguments = inspect.signature(model.kernel.init).parameters.values()
    required = [a.name for a in arguments if a.kind is a.KEYWORD_ONLY and a.default is a.empty]
    sizes = dict.fromkeys(required, hidden)
    return model.kernel.init(0 if model.is_autonomous else inputs, hidden, **sizes, rng=rng, **model.fill)
