"""Optimisers against their papers' formulas, batches, and trainings that are cut short and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.ground.progress import Noted
from lstm_sym.networks import LOSSES, CellLayer, Dropout, Network, NetworkError, Pooling, dense, load_params
from lstm_sym.training import SGD, Adam, Samples, cosine, fit, halved_every, in_batches, loss_over, predict, warm_up

GRADIENTS = np.random.default_rng(0).standard_normal((5, 2, 3))


def walked(optimiser, gradients=GRADIENTS):
    params, memory = {"W": np.ones((2, 3))}, {}
    for number, gradient in enumerate(gradients):
        params, memory = optimiser.step(params, {"W": gradient}, memory, number)
    return params["W"]


def test_plain_steps_add_up():
    assert relative_error(walked(SGD(0.1)), 1 - 0.1 * GRADIENTS.sum(axis=0)) <= 1e-14


def test_momentum_is_a_sum_of_powers():
    velocities = [sum(0.9 ** (n - k) * GRADIENTS[k] for k in range(n + 1)) for n in range(5)]
    assert relative_error(walked(SGD(0.1, momentum=0.9)), 1 - 0.1 * sum(velocities)) <= 1e-14


def test_adam_is_that_of_its_paper():
    theta, m, v = np.ones((2, 3)), 0.0, 0.0
    for t, g in enumerate(GRADIENTS, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta = theta - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert relative_error(walked(Adam(0.1)), theta) <= 1e-14


def test_weights_decay_and_biases_do_not():
    params, _ = SGD(0.1, decay=0.5).step(
        {"W": np.ones((2, 2)), "b": np.ones(2)}, {"W": np.zeros((2, 2)), "b": np.zeros(2)}, {}, 0
    )
    assert (params["W"] == 0.95).all() and (params["b"] == 1).all()


def test_a_gradient_is_clipped_by_the_norm_of_all():
    grads = {"W": np.full((2, 2), 3.0), "b": np.full(3, 4.0)}
    norm = np.sqrt(4 * 9 + 3 * 16)
    params, _ = SGD(1.0, clip=1.0).step({"W": np.zeros((2, 2)), "b": np.zeros(3)}, grads, {}, 0)
    assert relative_error(params["W"], -grads["W"] / norm) <= 1e-15
    params, _ = SGD(1.0, clip=100.0).step({"W": np.zeros((2, 2)), "b": np.zeros(3)}, grads, {}, 0)
    assert (params["W"] == -3).all()


def test_schedules():
    assert [warm_up(4)(n) for n in (0, 1, 3, 9)] == [0.25, 0.5, 1, 1]
    assert [cosine(4)(n) for n in (0, 2, 4, 9)] == pytest.approx([1, 0.5, 0, 0], abs=1e-15)
    assert [halved_every(3)(n) for n in (0, 2, 3, 6)] == [1, 1, 0.5, 0.25]
    assert (
        relative_error(
            walked(SGD(0.1, schedule=halved_every(1))), 1 - 0.1 * sum(g / 2**n for n, g in enumerate(GRADIENTS))
        )
        <= 1e-14
    )


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"decay": -1}, {"clip": 0}])
def test_a_setting_of_the_wrong_sign_is_refused(wrong):
    with pytest.raises(NetworkError, match=next(iter(wrong))):
        Adam(**wrong)


def test_a_gradient_that_is_not_finite_is_refused_by_name():
    with pytest.raises(NetworkError, match="gradient of W, step 3"):
        Adam().step({"W": np.ones(2)}, {"W": np.array([1, np.nan])}, {}, 3)


def test_an_epoch_has_every_sequence_once_and_little_padding():
    lengths = np.random.default_rng(0).integers(1, 100, 1000)
    parts = list(in_batches(lengths, 16, np.random.default_rng(1)))
    assert sorted(np.concatenate(parts)) == list(range(1000)) and max(map(len, parts)) == 16
    padded = sum(len(part) * lengths[part].max() for part in parts)
    assert padded / lengths.sum() < 1.1
    drawn = np.random.default_rng(2).permutation(1000).reshape(-1, 20)
    assert sum(len(part) * lengths[part].max() for part in drawn) / lengths.sum() > 1.5
    assert [part.tolist() for part in in_batches(np.ones(5), 2, None)] == [[0, 1], [2, 3], [4]]


def task(pools=True):
    """Whether a sequence has more of the first channel than of the second; at every step, of those so far."""
    rng = np.random.default_rng(5)
    x = [rng.standard_normal((rng.integers(3, 9), 2)) for _ in range(60)]
    sums = [np.cumsum(values[:, 0] - values[:, 1]) > 0 for values in x]
    y = [float(so_far[-1]) if pools else so_far[:, None].astype(float) for so_far in sums]
    return Samples(x, np.array(y)[:, None] if pools else y)


LAST = Network(
    (CellLayer("gru", ls.cell("gru"), 6), Dropout("drop", 0.1), Pooling("pool", "last"), dense("out", 1)),
    2,
    LOSSES["logistic"],
)
EACH = Network((CellLayer("gru", ls.cell("gru"), 6), dense("out", 1)), 2, LOSSES["logistic"])


def test_what_is_trained_is_learned():
    data = task()
    found = fit(LAST, data, epochs=30, optimiser=Adam(0.02), seed=3)
    losses = [row["loss"] for row in found.history]
    assert losses[-1] < 0.2 < 0.6 < losses[0]
    right = np.mean([(p > 0.5) == y for p, y in zip(predict(LAST, found.params, data.x), data.y, strict=True)])
    assert right >= 0.95


@pytest.mark.parametrize(
    ("network", "window"), [(LAST, None), (EACH, None), (EACH, 3)], ids=["last", "each", "windows"]
)
def test_the_same_call_gives_the_same_bytes_and_another_seed_others(network, window):
    data = task(network.pools)
    one, two, three = (fit(network, data, epochs=2, window=window, seed=seed).params for seed in (1, 1, 2))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)
    assert any(one[name].tobytes() != three[name].tobytes() for name in one)


def test_windows_carry_the_state():
    """With a rate of next to nothing, the losses of an epoch in windows are those of whole sequences."""
    data = task(pools=False)
    losses = [
        fit(EACH, data, epochs=1, window=window, optimiser=SGD(1e-300)).history[0]["loss"] for window in (None, 2, 5)
    ]
    assert relative_error(losses[1], losses[0]) <= 1e-13 and relative_error(losses[2], losses[0]) <= 1e-13
    assert relative_error(losses[0], loss_over(EACH, EACH.init(0), data, batch=7)) <= 1e-13


def test_the_best_epoch_is_kept_and_patience_ends():
    data, other = task(), Samples(task().x, 1 - task().y)  # what is learned is wrong there
    found = fit(LAST, data, validation=other, epochs=50, patience=2, optimiser=Adam(0.05), seed=1)
    judged = [row["validation loss"] for row in found.history]
    assert len(judged) == int(np.argmin(judged)) + 4 < 50
    assert relative_error(loss_over(LAST, found.params, other), min(judged)) <= 1e-14


def test_a_goal_ends_a_training_and_one_that_goes_on_from_a_file(tmp_path):
    settings = {"epochs": 30, "optimiser": Adam(0.02), "seed": 3, "file": tmp_path / "run.npz"}
    found = fit(LAST, task(), until=lambda row: row["loss"] < 0.5, **settings)
    losses = [row["loss"] for row in found.history]
    assert losses[-1] < 0.5 <= min(losses[:-1]) and len(losses) < 30
    assert fit(LAST, task(), until=lambda row: row["loss"] < 0.5, **settings).history == found.history


def test_a_reporter_shows_the_losses_of_each_epoch():
    heard = []
    found = fit(LAST, task(), validation=task(), epochs=2, progress=Noted(lambda *told: heard.append(told)))
    last = found.history[-1]
    assert [told[:2] for told in heard] == [(1, 2), (2, 2)]
    assert heard[-1][2] == f"loss {last['loss']:.4g}, validation loss {last['validation loss']:.4g}"


def test_numbers_of_ones_own_are_kept_with_each_epoch():
    found = fit(EACH, task(False), epochs=2, measure=lambda params: {"gate": float(params["gru.b_z"].mean())})
    assert found.history[-1]["gate"] == found.params["gru.b_z"].mean()


SCRIPT = """
import sys
from training.test_training import LAST, task
from lstm_sym.training import Adam, fit
told = lambda done, total: print(done, flush=True)
fit(LAST, task(), epochs=12, optimiser=Adam(0.02), file=sys.argv[1], progress=told)
"""


def cut_short(path: Path, after: float) -> int:
    """Train in a process that is killed; its exit code, 0 where it was done before."""
    command = [sys.executable, "-c", SCRIPT, str(path)]
    folders = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]
    running = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)}, stdout=subprocess.PIPE
    )
    running.stdout.readline()  # the first epoch is done
    time.sleep(after)
    running.send_signal(signal.SIGKILL)
    running.stdout.close()
    return running.wait()


def killed_again_and_again(path: Path, times: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(times)
    for _ in range(times):
        cut_short(path, float(rng.uniform(0, 0.15)))
        assert [file.name for file in path.parent.iterdir() if not file.name.startswith(".")] == [path.name]
    return fit(LAST, task(), epochs=12, optimiser=Adam(0.02), file=path).params


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.long)])
def test_a_training_that_is_killed_ends_as_if_it_had_not_been(times, tmp_path):
    expected = fit(LAST, task(), epochs=12, optimiser=Adam(0.02)).params
    found = killed_again_and_again(tmp_path / "run.npz", times)
    assert all(found[name].tobytes() == expected[name].tobytes() for name in expected)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"batch": 7}, "batch"),
        ({"optimiser": Adam(0.5)}, "optimiser"),
        ({"optimiser": Adam(clip=1.0, betas=(0.5, 0.9))}, "optimiser"),
        ({"optimiser": Adam(clip=1.0, schedule=cosine(50))}, "optimiser"),
        ({"validation": task()}, "validation"),
    ],
    ids=["seed", "batch", "rate", "betas", "schedule", "validation"],
)
def test_a_checkpoint_of_another_training_is_refused_and_left(change, named, tmp_path):
    path = tmp_path / "run.npz"
    fit(LAST, task(), epochs=1, file=path)
    before = path.read_bytes()
    with pytest.raises(NetworkError, match=named):
        fit(LAST, task(), epochs=2, file=path, **change)
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    """Of the same shapes, but another rate of dropout, or another function in its cell."""
    path = tmp_path / "run.npz"
    fit(LAST, task(), epochs=1, file=path)
    lower, _, *upper = LAST.layers
    others = (lower, Dropout("drop", 0.2), *upper), (*LAST.layers[:-1], dense("out", 1, "tanh"))
    for layers, told in zip(others, ("rate=0.1.*, this one Dropout.*rate=0.2", "has other equations"), strict=True):
        with pytest.raises(NetworkError, match=told) as error:
            fit(Network(layers, 2, LAST.loss), task(), epochs=2, file=path)
        assert len(error.value.found) < 400


def test_a_training_with_a_parameter_that_is_one_number_goes_on(tmp_path):
    leaky = ls.parse(
        "h[t] = (1 - a) * h[t-1] + a * tanh(W @ x[t] + U @ h[t-1])", parameters={"a": "scalar, > 0, = 0.5"}
    )
    network = Network((CellLayer("leaky", leaky, 3), *LAST.layers[-2:]), 2, LAST.loss)
    path = tmp_path / "run.npz"
    fit(network, task(), epochs=1, file=path)
    again, whole = fit(network, task(), epochs=3, file=path), fit(network, task(), epochs=3)
    assert all(again.params[name].tobytes() == value.tobytes() for name, value in whole.params.items())
    assert again.params["leaky.a"].shape == ()


@pytest.mark.parametrize(("wrong", "told"), [({"batch": 0}, "batch"), ({"patience": 2}, "nothing that validates")])
def test_settings_that_no_training_has_are_refused(wrong, told):
    with pytest.raises(NetworkError, match=told):
        fit(LAST, task(), epochs=1, **wrong)


def test_parameters_alone_are_no_checkpoint(tmp_path):
    from lstm_sym.networks import save

    with pytest.raises(NetworkError, match="this is no checkpoint"):
        fit(LAST, task(), epochs=2, file=save(tmp_path / "p.npz", LAST.init()))
    assert load_params(tmp_path / "p.npz").keys() == LAST.init().keys()


@pytest.mark.parametrize(
    ("x", "y", "found"),
    [
        ([np.ones((3, 2))], [0, 1], "2 targets for 1 sequences"),
        ([], [], "0 targets for 0 sequences"),
        ([np.ones((0, 2))], [0], r"x\[0\]: it has no step"),
        ([np.array([[1, 2], [np.nan, 1]])], [0], r"x\[0\], step 1"),
    ],
)
def test_data_that_cannot_be_trained_on_are_refused(x, y, found):
    with pytest.raises(NetworkError, match=found):
        Samples(x, y)


def test_targets_that_do_not_fit_the_network_are_refused():
    data = task()
    with pytest.raises(NetworkError, match="window"):
        fit(LAST, data, window=3)
    with pytest.raises(NetworkError, match=r"y\[\d+\]: 2 targets for"):
        fit(EACH, Samples(data.x, [np.zeros((2, 1))] * len(data)))
    three = Network(
        (CellLayer("gru", ls.cell("gru"), 2), Pooling("pool", "last"), dense("out", 3)), 2, LOSSES["softmax"]
    )
    with pytest.raises(NetworkError, match="0 to 2, the classes there are"):
        fit(three, Samples(data.x, np.full(len(data), 3)))
