"""Networks against the recurrent modules of PyTorch, where it is installed: outputs and all gradients, float64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.networks import CellLayer, Network

pytest.importorskip("torch", reason="PyTorch, of the extra bench, is the peer where there is one")

BAR = 1e-12
STEPS, BATCH, INPUTS, HIDDEN, LAYERS = 7, 5, 3, 4, 2
LENGTHS = np.array([7, 3, 5, 1, 7])
RESETS = {0: (0, 3, 4), 1: (0, 2), 2: (0,), 3: (0, 6), 4: (0, 1, 5)}
"""First steps of the episodes of each sequence."""
KINDS = {
    "RNN": ("rnn", ""),
    "LSTM": ("lstm", "ifgo"),
    "GRU": ("gru_reset_after", "rzn"),
    "LSTM, projected": ("lstm_projected", "ifgo"),
}
"""Module of PyTorch -> the cell of the catalogue, and its gates in the order of PyTorch's rows."""

every_kind = pytest.mark.parametrize("kind", KINDS)
directions = pytest.mark.parametrize("both", [False, True], ids=["forward", "both directions"])


class Peer:
    """A module of PyTorch and the network of the same layers, with the same parameters."""

    def __init__(self, kind: str, both: bool, batch_first: bool = False) -> None:
        import torch

        torch.manual_seed(0)
        projected = kind.endswith("projected")
        self.kind, self.both, self.gates = kind, both, KINDS[kind][1] or " "
        self.module = getattr(torch.nn, kind.partition(",")[0])(
            INPUTS,
            HIDDEN,
            LAYERS,
            bidirectional=both,
            batch_first=batch_first,
            dtype=torch.float64,
            **({"proj_size": HIDDEN - 1} if projected else {}),
        )
        size, sizes = (HIDDEN - 1, {"C": HIDDEN}) if projected else (HIDDEN, {})
        direction, cell = "both" if both else "forward", ls.cell(KINDS[kind][0])
        layers = (CellLayer(f"l{k}", cell, size, sizes, direction=direction) for k in range(LAYERS))
        self.network = Network(tuple(layers), INPUTS)
        given = self.arrays(lambda p: p.detach().numpy(), lambda ih, hh: ih + hh)
        # PyTorch's projected LSTM has no peepholes, which are 0 here.
        self.params = {name: given.get(name, np.zeros(shape)) for name, shape in self.network.shapes.items()}

    def arrays(self, read: Callable[[Any], Any], bias: Callable[[Any, Any], Any]) -> dict[str, Any]:
        """What is read of each parameter, called as in the network; rows of gates apart, `bias` of PyTorch's two."""
        found, values = {}, {name: read(p) for name, p in self.module.named_parameters()}
        ways = (("ahead.", ""), ("back.", "_reverse")) if self.both else (("", ""),)
        for layer, (way, suffix) in product(range(LAYERS), ways):
            place, prefix = f"_l{layer}{suffix}", f"l{layer}.{way}"
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            rows = zip(*(np.split(values[name + place], len(self.gates)) for name in names), strict=True)
            for gate, (w, u, ih, hh) in zip(self.gates, rows, strict=True):
                under = f"_{gate}".rstrip("_ ")
                found |= {f"{prefix}W{under}": w, f"{prefix}U{under}": u, f"{prefix}b{under}": bias(ih, hh)}
                if self.kind == "GRU" and gate == "n":  # its two biases are two parameters of the equations
                    found |= {f"{prefix}b_n": ih, f"{prefix}b_u": hh}
            if self.kind.endswith("projected"):
                found[f"{prefix}P"] = values[f"weight_hr{place}"]
        return found

    def gradients(self) -> dict[str, Any]:
        """PyTorch's, by the names of the network; those of its two biases are equal, and each is that of the sum."""
        found = self.arrays(lambda p: p.grad.numpy(), lambda ih, hh: ih)
        self.module.zero_grad()
        return found

    def run(self, x: Any, lengths: Any = None, batch_first: bool = False) -> Any:
        """PyTorch's output, 0 in the padding."""
        import torch

        if lengths is None:
            return self.module(x)[0]
        utils, order = torch.nn.utils.rnn, {"batch_first": batch_first}
        packed = utils.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False, **order)
        return utils.pad_packed_sequence(self.module(packed)[0], total_length=STEPS, **order)[0]


def drawn(*shape: int) -> Any:
    return np.random.default_rng(1).standard_normal(shape)


def compare(peer: Peer, y: Any, expected: Any, grads: Any, dx: Any) -> None:
    assert relative_error(y, expected.detach().numpy()) <= BAR
    assert relative_error(grads.x, dx) <= BAR
    own = peer.gradients()
    assert {name for name in grads.params if name not in own} <= {n for n in grads.params if ".p_" in n}
    assert {name: relative_error(grads.params[name], value) for name, value in own.items()} == pytest.approx(
        dict.fromkeys(own, 0.0), abs=BAR
    )


@every_kind
@directions
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["one length", "lengths"])
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
def test_stacked_layers(kind: str, both: bool, lengths: Any, batch_first: bool) -> None:
    import torch

    peer = Peer(kind, both, batch_first)
    x = drawn(BATCH, STEPS, INPUTS) if batch_first else drawn(STEPS, BATCH, INPUTS)
    read = torch.tensor(x, requires_grad=True)
    expected = peer.run(read, lengths, batch_first)
    dy = drawn(*expected.shape)
    expected.backward(torch.tensor(dy))
    y, _, tape = peer.network.forward(x, peer.params, lengths=lengths, batch_first=batch_first)
    compare(peer, y, expected, peer.network.backward(dy, tape, peer.params), read.grad.numpy())


@every_kind
@directions
def test_episodes(kind: str, both: bool) -> None:
    """PyTorch knows no resets: it runs each episode by itself."""
    import torch

    peer, x = Peer(kind, both), drawn(STEPS, BATCH, INPUTS)
    read, reset, columns = torch.tensor(x, requires_grad=True), np.zeros((STEPS, BATCH), bool), []
    for b, starts in RESETS.items():
        reset[list(starts), b] = True
        stops = (*starts[1:], STEPS)
        columns.append(torch.cat([peer.run(read[i:k, b : b + 1]) for i, k in zip(starts, stops, strict=True)]))
    expected = torch.cat(columns, dim=1)
    dy = drawn(*expected.shape)
    expected.backward(torch.tensor(dy))
    y, _, tape = peer.network.forward(x, peer.params, reset=reset)
    compare(peer, y, expected, peer.network.backward(dy, tape, peer.params), read.grad.numpy())


def test_a_wrong_network_is_noticed() -> None:
    import torch

    peer, x = Peer("LSTM", True), drawn(STEPS, BATCH, INPUTS)
    read = torch.tensor(x, requires_grad=True)
    expected = peer.run(read)
    expected.sum().backward()
    peer.params["l1.back.U_f"] = peer.params["l1.back.U_f"] * (1 + 1e-9)
    y, _, tape = peer.network.forward(x, peer.params)
    with pytest.raises(AssertionError):
        compare(peer, y, expected, peer.network.backward(np.ones_like(y), tape, peer.params), read.grad.numpy())
