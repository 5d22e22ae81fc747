"""Training: epochs over batches, with validation, early stopping, and checkpoints to go on from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.ground.progress import Progress, tell
from lstm_sym.kernels import Array
from lstm_sym.networks import CellLayer, Network, NetworkError
from lstm_sym.networks.layer import Named
from lstm_sym.training import checkpoint
from lstm_sym.training.batches import Samples, in_batches
from lstm_sym.training.checkpoint import Standing
from lstm_sym.training.optimisers import Adam, Optimiser, norm_of


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training gave.

    Attributes:
        params: the parameters of the best epoch by validation loss; of the last where nothing validates.
        history: a row an epoch: loss, norm of the gradient, validation loss where there is one, what `measure` gave.
        last: where the training stands.
    """

    params: Named
    history: list[dict[str, float]]
    last: Standing


def fit(
    network: Network,
    data: Samples,
    params: Mapping[str, Any] | None = None,
    *,
    validation: Samples | None = None,
    optimiser: Optimiser | None = None,
    epochs: int = 10,
    batch: int = 32,
    window: int | None = None,
    patience: int | None = None,
    until: Callable[[Mapping[str, float]], bool] | None = None,
    seed: int = 0,
    file: str | Path | None = None,
    measure: Callable[[Named], Mapping[str, float]] | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a network by gradients of its loss, and give back the best parameters.

    params: what it begins with, None to draw them. optimiser: Adam of rate 1e-3 and clipped at 1 where none is given.
    batch: sequences an update. window: an update after so many steps, from where the state is carried on and no
    gradient passes (truncated backpropagation); None for whole sequences. patience: so many epochs without a better
    validation loss end it. until: a row of the history of which it is true ends it, as one whose loss is small enough.
    seed: of parameters, batches and dropout: the same call gives the same bytes.
    file: a checkpoint, .npz, written after every epoch; where there is one, the training goes on from it, and ends as
    if it had never stopped. measure: numbers of the parameters to keep after each epoch. progress: told of epochs,
    and of their losses where it hears notes, as one of `reporter`.

    Raises NetworkError: data that do not fit the network, a loss that is not finite, a checkpoint of another training.
    """
    optimiser = optimiser or Adam(clip=1.0)
    settings = _settings(network, data, validation, optimiser) | {"batch": batch, "window": window, "seed": seed}
    _refuse_window(network, window)
    _refuse_settings(batch, epochs, patience, validation)
    path = None if file is None else Path(file)
    if path is not None and path.exists():
        standing = checkpoint.read(path, settings)
    else:
        standing = Standing(network.init(seed) if params is None else {k: np.asarray(v) for k, v in params.items()})
    while standing.epoch < epochs and not _ended(standing, patience, until):
        _epoch(network, data, standing, optimiser, batch, window, np.random.default_rng([seed, standing.epoch]))
        _judged(network, standing, validation, batch)
        standing.history[-1] |= measure(standing.params) if measure is not None else {}
        if path is not None:
            checkpoint.write(path, standing, settings)
        tell(progress, standing.epoch, epochs, _losses(standing.history[-1]))
    return Trained(standing.best or standing.params, standing.history, standing)


def loss_over(network: Network, params: Mapping[str, Any], data: Samples, *, batch: int = 256) -> float:
    """The mean loss of all samples, or of all steps where the network gives out each; nothing is dropped out."""
    total, count = 0.0, 0
    loss = network.loss_or_refused()
    for chosen in in_batches(data.lengths, batch, None):
        x, y, lengths = data.batch(chosen, not network.pools)
        out, _, tape = network.forward(x, params, lengths=lengths)
        number = len(chosen) if network.pools else int(lengths.sum())
        total, count = total + number * float(loss.value(out, y, tape.layout.counted)[0]), count + number
    return total / count


def predict(network: Network, params: Mapping[str, Any], x: Any, *, batch: int = 256) -> list[Array]:
    """What the loss makes of the output, sequence by sequence: (M,), or (T_b, M) of every step."""
    found: list[Array] = []
    data = Samples(x, np.zeros(len(x)))
    for chosen in in_batches(data.lengths, batch, None):
        values, _, lengths = data.batch(chosen, every_step=False)
        y = network.predict(values, params, lengths=lengths)
        found += list(y) if network.pools else [y[:length, b] for b, length in enumerate(lengths)]
    return found


def _epoch(
    network: Network,
    data: Samples,
    standing: Standing,
    optimiser: Optimiser,
    batch: int,
    window: int | None,
    rng: np.random.Generator,
) -> None:
    """One pass over the data; the row of history that it makes."""
    losses, norms = [], []
    for chosen in in_batches(data.lengths, batch, rng):
        x, y, lengths = data.batch(chosen, not network.pools)
        state: Named | None = None
        for start in range(0, len(x), window or len(x)):
            stop = min(len(x), start + (window or len(x)))
            inside = np.clip(lengths - start, 0, stop - start)
            target = y if network.pools else y[start:stop]
            value, grads, state = network.value_and_grad(
                x[start:stop], target, standing.params, state, lengths=inside, rng=rng
            )
            _refuse_not_finite(value, standing)
            losses.append((float(value), int(inside.sum()) if not network.pools else len(chosen)))
            norms.append(norm_of(grads.params))
            standing.params, standing.memory = optimiser.step(
                standing.params, grads.params, standing.memory, standing.steps
            )
            standing.steps += 1
    values, weights = np.array(losses).T
    standing.epoch += 1
    row = {
        "epoch": standing.epoch,
        "loss": float(np.average(values, weights=weights)),
        "gradient": float(np.mean(norms)),
    }
    standing.history.append(row)


def _judged(network: Network, standing: Standing, validation: Samples | None, batch: int) -> None:
    """Measure the loss on what is not trained on, and keep the parameters if it is the smallest so far."""
    if validation is None:
        return
    found = loss_over(network, standing.params, validation, batch=batch)
    before = [row["validation loss"] for row in standing.history[:-1]]
    standing.history[-1]["validation loss"] = found
    if found < min(before, default=np.inf):
        standing.best, standing.since_best = standing.params, 0
    else:
        standing.since_best += 1


def _ended(standing: Standing, patience: int | None, until: Callable[[Mapping[str, float]], bool] | None) -> bool:
    """Whether it ends before its last epoch."""
    if patience is not None and standing.since_best > patience:
        return True
    return until is not None and bool(standing.history) and until(standing.history[-1])


def _losses(row: Mapping[str, float]) -> str:
    """Those of an epoch, in words."""
    return ", ".join(f"{name} {row[name]:.4g}" for name in ("loss", "validation loss") if name in row)


SAMPLED = (0, 1, 10, 100, 1000, 10000)
"""Steps at which schedules are compared, of which nothing else can be asked."""


def _settings(network: Network, data: Samples, validation: Samples | None, optimiser: Optimiser) -> dict[str, Any]:
    """What a checkpoint must agree with, as JSON has it. Raises NetworkError for a network without a loss."""
    own = {part.name: getattr(optimiser, part.name) for part in fields(optimiser) if part.name != "schedule"}
    schedule = None if optimiser.schedule is None else [optimiser.schedule(number) for number in SAMPLED]
    cells = [layer.cell.content_hash for layer in network.layers if isinstance(layer, CellLayer)]
    return {
        "network": [network.loss_or_refused().name, *map(repr, network.layers), *cells],
        "shapes": {name: list(shape) for name, shape in network.shapes.items()},
        "data": _digest(data),
        "validation": None if validation is None else _digest(validation),
        "optimiser": f"{type(optimiser).__name__} {own} {schedule}",
    }


def _digest(data: Samples) -> str:
    """The hash of sequences and targets."""
    digest = hashlib.sha256()
    for values, target in zip(data.x, data.y, strict=True):
        digest.update(np.ascontiguousarray(values).tobytes() + np.ascontiguousarray(target).tobytes())
    return digest.hexdigest()


def _refuse_window(network: Network, window: int | None) -> None:
    if window is not None and network.pools:
        raise NetworkError(
            "window",
            "this network gives out one vector a sequence, at the end of all windows",
            "windows are for a loss at every step",
            "leave window out",
        )


def _refuse_settings(batch: int, epochs: int, patience: int | None, validation: Samples | None) -> None:
    """Raise NetworkError for numbers that no training has."""
    for name, value, least in (("batch", batch, 1), ("epochs", epochs, 0), ("patience", patience, 0)):
        if value is not None and value < least:
            raise NetworkError(name, f"{value}", "a count that came out empty", f"give {least} or more")
    if patience is not None and validation is None:
        raise NetworkError(
            "patience", "there is nothing that validates", "", "give validation=Samples(...), or leave patience out"
        )


def _refuse_not_finite(value: Any, standing: Standing) -> None:
    if not np.isfinite(value):
        raise NetworkError(
            f"the loss, update {standing.steps} in epoch {standing.epoch + 1}",
            f"it is {value}",
            "a rate so large that the parameters ran away, or numbers in x of very different sizes",
            "clip the gradient, lower the rate, or standardise x",
        )
