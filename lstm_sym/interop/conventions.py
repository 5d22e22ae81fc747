"""How frameworks lay out the parameters of recurrent layers: one row a module.

PyTorch keeps, of layer k of a module, weight_ih_lk (G H, D) and weight_hh_lk (G H, H), the rows of G gates one block
below the other, and two biases of G H, whose sum is what the equations have as one; a direction from the last step to
the first has the same names with _reverse. Its GRU applies the reset gate after the product, so that the two biases of
the candidate are two parameters; an LSTM with proj_size has weight_hr_lk (P, H) besides, and no peepholes.
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
        gates: the gates in the order of their blocks of rows; one block without a name where there is none.
        apart: gate -> the two parameters that its two biases are, where their sum is not enough.
        projection: whether a matrix weight_hr makes the output of the state.
    """

    cell: str
    gates: tuple[str, ...]
    apart: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    projection: bool = False


PYTORCH = {
    "LSTM": Convention("lstm", tuple("ifgo")),
    "GRU": Convention("gru_reset_after", tuple("rzn"), {"n": ("b_n", "b_u")}),
    "RNN": Convention("rnn", ("",)),
    "LSTM with proj_size": Convention("lstm_projected", tuple("ifgo"), projection=True),
}
"""Module of PyTorch -> its layout."""


def to_cell(convention: Convention, given: Arrays) -> dict[str, Array]:
    """The parameters of the cell, from the arrays of one direction; biases that are not there are 0."""
    blocks = {name: _blocks(convention, value) for name, value in given.items() if name != "weight_hr"}
    found: dict[str, Array] = {}
    for k, gate in enumerate(convention.gates):
        w, u = blocks["weight_ih"][k], blocks["weight_hh"][k]
        zeros = np.zeros(len(w), w.dtype)
        first, second = (blocks[name][k] if name in blocks else zeros for name in ("bias_ih", "bias_hh"))
        found |= {_under("W", gate): w, _under("U", gate): u}
        if gate in convention.apart:
            found |= dict(zip(convention.apart[gate], (first, second), strict=True))
        else:
            found[_under("b", gate)] = first + second
    if convention.projection:
        # PyTorch's has no peepholes, which are 0 here.
        units = given["weight_hr"].shape[1]
        found |= {"P": given["weight_hr"]} | {f"p_{gate}": np.zeros(units, w.dtype) for gate in "ifo"}
    return found


def from_cell(convention: Convention, params: Arrays) -> dict[str, Array]:
    """The inverse of `to_cell`: the whole of a bias that is one here is bias_ih, and bias_hh is 0 there.

    Raises ValueError for peepholes that are not 0, which the layout has no place for.
    """
    own = dict(params)
    if convention.projection and any(np.any(own[f"p_{gate}"]) for gate in "ifo"):
        raise ValueError("its peepholes are not 0, and this layout has none")
    biases = [_biases(convention, gate, own) for gate in convention.gates]
    found = {
        "weight_ih": np.concatenate([own[_under("W", gate)] for gate in convention.gates]),
        "weight_hh": np.concatenate([own[_under("U", gate)] for gate in convention.gates]),
        "bias_ih": np.concatenate([first for first, _ in biases]),
        "bias_hh": np.concatenate([second for _, second in biases]),
    }
    return found | ({"weight_hr": own["P"]} if convention.projection else {})


def _biases(convention: Convention, gate: str, params: Arrays) -> tuple[Any, Any]:
    if gate in convention.apart:
        first, second = convention.apart[gate]
        return params[first], params[second]
    whole = params[_under("b", gate)]
    return whole, np.zeros_like(whole)


def _blocks(convention: Convention, value: Array) -> list[Array]:
    return np.split(value, len(convention.gates))


def _under(name: str, gate: str) -> str:
    return f"{name}_{gate}" if gate else name
