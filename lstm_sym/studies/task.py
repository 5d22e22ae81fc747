"""What a network that answers at the end of a sequence felt of it: one backward pass over the real sequences."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from lstm_sym.flow import FlowError, Model, Profile, Survey, advise, memory_card
from lstm_sym.flow.measures import SURVEYED, Measured
from lstm_sym.flow.runs.trajectory import Trajectory
from lstm_sym.inputs import Sequences
from lstm_sym.kernels import Array
from lstm_sym.networks import Network
from lstm_sym.studies.errors import StudyError
from lstm_sym.studies.settings import Settings


def profile_from_the_ends(
    network: Network, params: dict[str, Array], sequences: Sequences, readout: Array, settings: Settings
) -> Profile:
    """||d (r . y[T]) / d x[T - lag]|| at the last step T of each sequence of more than `lags` steps.

    r is the readout (M,). As many sequences are taken as there are within the length of the settings. In float64, as
    `Network.backward`: what is below 1e-308 is 0, and refused. Raises StudyError where no sequence is long enough,
    FlowError for a derivative of 0.
    """
    within = np.cumsum(sequences.lengths) <= settings.length
    taken = [x for x, is_in in zip(sequences.sequences, within, strict=True) if is_in and len(x) > settings.lags]
    if not taken:
        longest = max(sequences.lengths)
        raise StudyError(
            network.name,
            f"no sequence of more than {settings.lags} steps within {settings.length}; the longest has {longest}",
            "more lags than the task has steps",
            f"give --lags {longest - 1} at most, and --length {longest} at least",
        )
    lengths = np.array(list(map(len, taken)))
    x = np.zeros((lengths.max(), len(taken), network.inputs))
    for k, values in enumerate(taken):
        x[: len(values), k] = values
    wide = {name: np.asarray(value, np.float64) for name, value in params.items()}
    y, _, tape = network.forward(x, wide, lengths=lengths, precise=True)
    dy, last = np.zeros_like(y), lengths - 1
    dy[last, np.arange(len(taken))] = readout
    dx: Any = network.backward(dy, tape, wide).x
    back = last[:, None] - np.arange(settings.lags + 1)
    with np.errstate(divide="ignore"):
        logs = np.log(np.linalg.norm(dx, axis=-1))[back, np.arange(len(taken))[:, None]]
    ends = np.stack([last, np.arange(len(taken))], axis=1)
    return Profile(network.name, logs, ends, np.full(len(taken), -1), "readout", "x", "frobenius")


def survey_from_the_ends(model: Model, profile: Profile, time_scale: float | None) -> Survey:
    """The profile with its memory card and advice; all else that a survey measures is left out, and says why."""
    [advice] = advise([profile], time_scale=time_scale)
    left_out = FlowError(
        model.label,
        "it answers at the end of each sequence, and is measured there alone, by a backward pass",
        "a network of many states",
        "flow.record and the measures of lstm_sym.flow, over one sequence",
    )
    found: dict[str, Any] = dict.fromkeys(SURVEYED, left_out)
    measured = Measured(model, cast(Trajectory, None), "", profile.log_norms.shape[1] - 1, len(profile.ends), found)
    named = {name: found[name] for name in ("kept", "map", "spectrum", "shares", "gates")}
    return Survey(model, profile, memory_card(profile), advice, theory=(), measured=measured, **named)
