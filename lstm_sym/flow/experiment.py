"""The gradient-flow experiment: the same input stream through several models, several seeds, one profile a model."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.profile import Profile, pooled
from lstm_sym.flow.progress import Progress
from lstm_sym.flow.scaled import Integers
from lstm_sym.flow.sensitivity import input_sensitivity
from lstm_sym.flow.trajectory import record


@dataclass(frozen=True, eq=False)
class Model:
    """A cell to measure: its label, its kernel, and either parameters or how to draw them.

    Attributes:
        label: the name in figures and tables.
        kernel: the kernel module.
        params: parameters that were trained or loaded; None draws them with kernel.init for every seed.
        fill: vectors that are set to one value where parameters are drawn, as {"b_f": 1.0}.
        output: the state whose sensitivity is measured, None for the one that the cell gives out.
    """

    label: str
    kernel: Any
    params: Any = None
    fill: Mapping[str, float] = field(default_factory=dict)
    output: str | None = None


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

    stream: (T, D) or (T, B, D), or an object with such `values`. hidden: H where parameters are drawn.
    ends, lags, norm: as in `input_sensitivity`. seeds: one draw of the parameters each, default_rng(seed); the end
    points of all draws are pooled, and `Profile.by_seed` tells them apart. A model with `params` is measured once.

    Raises FlowError: no model, two of one label, no seed, and all that `input_sensitivity` refuses.
    """
    models, seeds = list(models), list(dict.fromkeys(seeds))
    _refuse_unclear(models, seeds)
    draws = [(model, seed) for model in models for seed in ([-1] if model.params is not None else seeds)]
    measured: dict[str, list[Profile]] = {model.label: [] for model in models}
    for index, (model, seed) in enumerate(draws):
        profile = input_sensitivity(
            record(model.kernel, _params(model, stream, hidden, seed), stream, model=model.label),
            lags=lags,
            ends=ends,
            output=model.output,
            norm=norm,
            progress=None if progress is None else _share(progress, index, len(draws)),
        )
        measured[model.label].append(replace(profile, seeds=np.full_like(profile.seeds, seed)))
    return [pooled(profiles) for profiles in measured.values()]


def _params(model: Model, stream: Any, hidden: int, seed: int) -> Any:
    if model.params is not None:
        return model.params
    inputs = np.shape(getattr(stream, "values", stream))[-1]
    arguments = inspect.signature(model.kernel.init).parameters.values()
    required = [a.name for a in arguments if a.kind is a.KEYWORD_ONLY and a.default is a.empty]
    # Any further size of the cell (a projection, a readout) is made as large as its state.
    sizes = dict.fromkeys(required, hidden)
    return model.kernel.init(inputs, hidden, **sizes, rng=np.random.default_rng(seed), **model.fill)


def _share(progress: Progress, index: int, draws: int) -> Progress:
    """The progress of one draw among several of the same length."""

    def report(done: int, total: int) -> None:
        progress(index * total + done, draws * total)

    return report


def _refuse_unclear(models: list[Model], seeds: list[int]) -> None:
    labels = [model.label for model in models]
    twice = [label for label in labels if labels.count(label) > 1]
    if not models or not seeds or twice:
        raise FlowError(
            "experiment",
            f"two models are called {twice[0]!r}" if twice else f"{len(models)} models and {len(seeds)} seeds",
            "the same cell with other parameters, or an empty selection",
            "give at least one model and one seed, and every model a label of its own",
        )
