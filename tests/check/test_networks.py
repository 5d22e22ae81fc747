"""Networks pass every check, and each check sees what is broken."""

from __future__ import annotations

import numpy as np
import pytest
from networks.cases import NETWORKS

import lstm_sym as ls
from lstm_sym.check.networks.suite import NETWORK_CHECKS, QUICK, check_network
from lstm_sym.networks import CellLayer, Dropout, Embedding, Loss, Network, Pooling, Recurrence, dense
from lstm_sym.networks.episodes import Episodes
from lstm_sym.networks.layer import Returned


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_passes_every_check(name):
    results = check_network(NETWORKS[name])
    assert [result.name for result in results] == list(NETWORK_CHECKS)
    assert all(result.passed for result in results), [result for result in results if not result.passed]


def test_a_kink_within_the_steps_of_a_remainder_is_avoided():
    """Units of relu and a maximum over time jump in slope; the case keeps away from where they do."""
    relu = ls.parse("h[t] = relu(W @ x[t] + U @ h[t-1] + b)", key="irnn")
    layers = (CellLayer("rnn", relu, 6), dense("up", 5, "relu"), Dropout("drop", 0.5), Pooling("max", "max"))
    assert all(result.passed for result in check_network(Network(layers, 3)))


def test_quick_leaves_the_long_ones_out_and_progress_is_told():
    told = []
    results = check_network(NETWORKS["mean"], quick=True, progress=lambda done, total: told.append((done, total)))
    assert tuple(result.name for result in results) == QUICK and told[-1] == (4, 4)


def test_what_does_not_apply_is_left_out_and_says_why():
    results = {r.name: r for r in check_network(Network((CellLayer("r", ls.cell("rnn"), 2, direction="both"),), 2))}
    left_out = {name: result.left_out for name, result in results.items() if not result.ran}
    assert left_out == {"windows": "reads to the end", "state Jacobian": "reads to the end", "loss": "no loss"}


def backward(change):
    """`CellLayer.backward` with its result changed."""
    own = CellLayer.backward
    return CellLayer, "backward", lambda self, *given: change(own(self, *given))


def forward(change):
    own = CellLayer.forward
    return CellLayer, "forward", lambda self, x, params, state, run: own(self, x, params, state, change(run))


def scaled(value, factor):
    return Returned(value.x * factor, value.params, value.state)


def one_doubled(value):
    name = next(iter(value.params))
    return Returned(value.x, value.params | {name: 2 * value.params[name]}, value.state)


def unlike_lengths(run):
    return type(run)(np.full_like(run.lengths, run.lengths.max(initial=0)), run.rng, run.precise)


BREAKS = {
    "a gradient is sent down with another sign": (
        "stacked",
        backward(lambda v: scaled(v, -1)),
        {"autograd", "dot test"},
    ),
    "a gradient is sent down a trillionth too large": (
        "stacked",
        backward(lambda v: scaled(v, 1 + 1e-12)),
        {"autograd", "lengths", "dot test"},
    ),
    "a gradient of a matrix is doubled": ("one layer", backward(one_doubled), {"autograd", "lengths", "Taylor"}),
    "first states get no gradient": (
        "one layer",
        backward(lambda v: Returned(v.x, v.params, {k: 0 * g for k, g in v.state.items()})),
        {"autograd", "dot test", "Taylor", "windows"},
    ),
    "lengths are not read": ("backwards", forward(unlike_lengths), {"lengths"}),
    "a word that stands twice gets one gradient": (
        "words",
        (
            Embedding,
            "backward",
            lambda self, dy, tape, params, dstate: Returned(
                None, {"E": _set_where(np.zeros(params["E"].shape, dy.dtype), tape, dy)}, {}
            ),
        ),
        {"autograd", "dot test"},
    ),
    "a pool sends the whole cotangent to each step": (
        "mean",
        (Pooling, "backward", lambda self, dy, tape, params, dstate: Returned(dy * (tape > 0), {}, {})),
        {"autograd", "lengths", "complex step", "dot test", "Taylor"},
    ),
    "the second direction is not halved": (
        "both, their mean",
        (CellLayer, "_parted", lambda self, dy: [dy / 2, dy]),
        {"autograd", "dot test", "Taylor"},
    ),
    "episodes begin with what the sequence was given": (
        "one layer",
        (Episodes, "_enters", lambda self, back: np.ones(len(self.first), bool)),
        {"episodes"},
    ),
    "a gradient passes through a reset": (
        "one layer",
        (Episodes, "together", lambda self, y, steps, batch: np.ones((steps, batch, *y.shape[2:]))),
        {"episodes"},
    ),
    "the Jacobian of a layer reads nothing below": (
        "stacked",
        (Recurrence, "input_jacobian", lambda self, tape, params, t=slice(None): np.zeros((5, 1, 13, 3))),
        {"state Jacobian"},
    ),
    "a loss sends back its prediction": (
        "mean",
        (Loss, "value", lambda self, z, target, weights=None: (0.0, self.predicted(z))),
        {"loss"},
    ),
    "float32 becomes float64": (
        "one layer",
        (CellLayer, "forward", None),
        {"float32"},
    ),
}


def _set_where(gradient, tape, dy):
    words, mask = tape
    gradient[words[mask]] = dy[mask]
    return gradient


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_network_fails(name, monkeypatch):
    of, (owner, attribute, broken), expected = BREAKS[name]
    if broken is None:
        own = CellLayer.forward
        broken = lambda self, *given: own(self, *given)._replace(y=own(self, *given).y.astype(np.float64))  # noqa: E731
    monkeypatch.setattr(owner, attribute, broken)
    failed = {result.name for result in check_network(NETWORKS[of]) if not result.passed}
    assert failed >= expected, failed
