"""How frameworks lay out the parameters of recurrent layers: one row a layout.

All of them keep the matrices of G gates in one array, block beside block: W (G H, D) reads the input and U (G H, H) the
state, or both transposed; the order of the gates is their own. The biases are G H numbers, or two times as many, of W
and of U, in one array or two: their sum is what the equations have, but for a reset gate that is applied after the
product, where the two biases of the candidate are two parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_sym.kernels import Array

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Convention:
    """The layout of one kind of recurrent layer.

    Attributes:
        cell: the cell of the catalogue that computes the same.
        gates: the gates in the order of their blocks, as the cell calls them; one without a name where there is none.
        input: the name of W, (G H, D).
        recurrent: the name of U, (G H, H).
        biases: the names of the biases of W and of U, or of one array that holds all; (G H,) each, if `bias_shape` does
            not say otherwise: (2,) for (2 G H,), those of W first; (2, 1) for (2, G H).
        transposed: whether W is (D, G H), and U (H, G H).
        apart: gate -> the two parameters that its two biases are, where their sum is not enough.
        projection: the name of a matrix (P, H) that makes the output of the state; "" where there is none.
        peepholes: the name of the peepholes (3 H,) of the gates i, o, f; "" where there are none.
        absent: vectors (H,) of the cell that the layout has no place for; they are 0.
        added: gate -> what the framework adds to its bias when it runs.
        negated: the gates of which the framework keeps 1 - gate: sigmoid(-a) = 1 - sigmoid(a).
        unread: the gates that the layout has and the cell has not, as f of 1 - i; their blocks are written as 0.
    """

    cell: str
    gates: tuple[str, ...]
    input: str
    recurrent: str
    biases: tuple[str, ...]
    bias_shape: tuple[int, ...] = (1,)
    transposed: bool = False
    apart: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    projection: str = ""
    peepholes: str = ""
    absent: tuple[str, ...] = ()
    added: Mapping[str, float] = field(default_factory=dict)
    negated: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all arrays that there can be."""
        return (self.input, self.recurrent, *self.biases, *filter(None, (self.projection, self.peepholes)))

    def shapes(self, given: Arrays) -> dict[str, tuple[int, ...]]:
        """The shape that each of the arrays should have, as the matrices that there are have units and inputs."""
        recurrent, inputs = given[self.recurrent].shape, given[self.input].shape
        (rows, out), reads = (recurrent[::-1], inputs[0]) if self.transposed else (recurrent, inputs[-1])
        units = rows // len(self.gates)
        matrices = {self.input: (len(self.gates) * units, reads), self.recurrent: (len(self.gates) * units, out)}
        found = {name: shape[::-1] if self.transposed else shape for name, shape in matrices.items()}
        found |= dict.fromkeys(self.biases, (*self.bias_shape[:-1], self.bias_shape[-1] * len(self.gates) * units))
        found |= {self.projection: (out, units)} if self.projection else {}
        return found | ({self.peepholes: (len(PEEPING) * units,)} if self.peepholes else {})


PEEPING = tuple("iof")
"""The gates in the order of their blocks of peepholes."""

_PYTORCH: dict[str, Any] = {"input": "weight_ih", "recurrent": "weight_hh", "biases": ("bias_ih", "bias_hh")}
PYTORCH = {
    "LSTM": Convention("lstm", tuple("ifgo"), **_PYTORCH),
    "GRU": Convention("gru_reset_after", tuple("rzn"), apart={"n": ("b_n", "b_u")}, **_PYTORCH),
    "RNN": Convention("rnn", ("",), **_PYTORCH),
    "LSTM with proj_size": Convention(
        "lstm_projected", tuple("ifgo"), projection="weight_hr", absent=("p_i", "p_f", "p_o"), **_PYTORCH
    ),
}
"""Module of PyTorch -> its layout."""

_KERAS: dict[str, Any] = {"input": "kernel", "recurrent": "recurrent_kernel", "biases": ("bias",), "transposed": True}
KERAS = {
    "LSTM": Convention("lstm", tuple("ifgo"), **_KERAS),
    "GRU": Convention("gru_reset_after", tuple("zrn"), bias_shape=(2, 1), apart={"n": ("b_n", "b_u")}, **_KERAS),
    "GRU, reset before": Convention("gru", tuple("zrn"), **_KERAS),
    "SimpleRNN": Convention("rnn", ("",), **_KERAS),
    "CuDNNLSTM": Convention("lstm", tuple("ifgo"), bias_shape=(2,), **_KERAS),
    "CuDNNGRU": Convention("gru_reset_after", tuple("zrn"), bias_shape=(2,), apart={"n": ("b_n", "b_u")}, **_KERAS),
}
"""Layer of Keras -> its layout; matrices of CuDNN as Keras turns them for its other layers."""

_ONNX: dict[str, Any] = {"input": "W", "recurrent": "R", "biases": ("B",), "bias_shape": (2,)}
ONNX = {
    "LSTM": Convention("lstm", tuple("iofg"), **_ONNX),
    "LSTM with peepholes": Convention("lstm_peephole", tuple("iofg"), peepholes="P", **_ONNX),
    "LSTM with input_forget": Convention("lstm_coupled", tuple("iofg"), unread=("f",), **_ONNX),
    "LSTM with input_forget and peepholes": Convention(
        "lstm_coupled_peephole", tuple("iofg"), peepholes="P", unread=("f",), **_ONNX
    ),
    "GRU": Convention("gru", tuple("zrn"), **_ONNX),
    "GRU, linear before reset": Convention("gru_reset_after", tuple("zrn"), apart={"n": ("b_n", "b_u")}, **_ONNX),
    "RNN": Convention("rnn", ("",), **_ONNX),
}
"""Operator of ONNX -> its layout, in one direction; `lstm_coupled_peephole` is no cell of the catalogue."""

PADDLE = {
    "dynamic_gru": Convention(
        "gru",
        tuple("zrn"),
        input="input_weight",
        recurrent="weight",
        biases=("input_bias", "bias"),
        transposed=True,
        negated=("z",),
    ),
}
"""Layer of Paddle -> its layout, with the weights of the linear layer below it, which reads the input."""

DYNET = {
    "VanillaLSTMBuilder": Convention("lstm", tuple("ifog"), input="W", recurrent="U", biases=("b",), added={"f": 1.0}),
}
"""Builder of DyNet -> its layout."""

CONVENTIONS = {"PyTorch": PYTORCH, "Keras": KERAS, "ONNX": ONNX, "Paddle": PADDLE, "DyNet": DYNET}
"""Framework -> its layouts."""


def to_cell(convention: Convention, given: Arrays) -> dict[str, Array]:
    """The parameters of the cell, from the arrays of one direction; biases and peepholes that are not there are 0.

    `given` has the shapes of `Convention.shapes`, and the names of the convention.
    """
    w, u = (_rows(convention, given[name]) for name in (convention.input, convention.recurrent))
    count, units = len(convention.gates), len(w) // len(convention.gates)
    flat = [given[name].reshape(-1) for name in convention.biases if name in given]
    biases = np.concatenate(flat or [np.zeros(count * units, w.dtype)]).reshape(-1, count, units)
    found: dict[str, Array] = dict.fromkeys(convention.absent, np.zeros(units, w.dtype))
    for k, gate in enumerate(convention.gates):
        if gate in convention.unread:
            continue
        sign = -1 if gate in convention.negated else 1
        found |= {_under("W", gate): sign * _block(w, k, units), _under("U", gate): sign * _block(u, k, units)}
        if gate in convention.apart:
            second = biases[1, k] if len(biases) > 1 else np.zeros_like(biases[0, k])
            found |= dict(zip(convention.apart[gate], (biases[0, k], second), strict=True))
        else:
            whole = biases[:, k].sum(axis=0) + np.asarray(convention.added.get(gate, 0), w.dtype)
            found[_under("b", gate)] = sign * whole
    if convention.projection:
        found["P"] = given[convention.projection]
    if convention.peepholes:
        peepholes = given.get(convention.peepholes, np.zeros(len(PEEPING) * units, w.dtype))
        read = [(k, gate) for k, gate in enumerate(PEEPING) if gate not in convention.unread]
        found |= {f"p_{gate}": _block(peepholes, k, units) for k, gate in read}
    return found


def from_cell(convention: Convention, params: Arrays) -> dict[str, Array]:
    """The inverse of `to_cell`: a bias that is one here is the bias of W, and that of U is 0 there.

    Raises ValueError for vectors that are not 0, which the layout has no place for.
    """
    if any(np.any(params[name]) for name in convention.absent):
        raise ValueError("its peepholes are not 0, and this layout has none")
    kept = next(gate for gate in convention.gates if gate not in convention.unread)
    params = dict(params) | {
        f"{name}_{gate}": np.zeros_like(params[_under(name, kept)])
        for gate in convention.unread
        for name in ("W", "U", "b", *(["p"] if convention.peepholes else []))
    }
    signs = {gate: -1 if gate in convention.negated else 1 for gate in convention.gates}
    matrices = {
        name: np.concatenate([sign * params[_under(own, gate)] for gate, sign in signs.items()])
        for name, own in ((convention.input, "W"), (convention.recurrent, "U"))
    }
    found = {name: value.T if convention.transposed else value for name, value in matrices.items()}
    first, second = (
        np.concatenate(part) for part in zip(*(_biases(convention, g, params) for g in signs), strict=True)
    )
    if len(convention.biases) > 1:
        found |= dict(zip(convention.biases, (first, second), strict=True))
    else:
        both = np.stack([first, second][: max(convention.bias_shape)])
        found[convention.biases[0]] = both.reshape(*convention.bias_shape[:-1], -1)
    if convention.peepholes:
        found[convention.peepholes] = np.concatenate([params[f"p_{gate}"] for gate in PEEPING])
    return found | ({convention.projection: params["P"]} if convention.projection else {})


def _biases(convention: Convention, gate: str, params: Arrays) -> tuple[Array, Array]:
    """The biases of W and of U of a gate."""
    if gate in convention.apart:
        first, second = convention.apart[gate]
        return params[first], params[second]
    own = params[_under("b", gate)]
    whole = (-own if gate in convention.negated else own) - np.asarray(convention.added.get(gate, 0), own.dtype)
    return whole, np.zeros_like(whole)


def _rows(convention: Convention, matrix: Array) -> Array:
    """The matrix with the gates as blocks of rows."""
    return matrix.T if convention.transposed else matrix


def _block(value: Array, k: int, units: int) -> Array:
    return value[k * units : (k + 1) * units]


def _under(name: str, gate: str) -> str:
    return f"{name}_{gate}" if gate else name
