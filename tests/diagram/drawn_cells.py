"""The cells whose diagrams are tested: the catalogue, cells of forms that it lacks, and random ones."""

from __future__ import annotations

import re
from random import Random

from derivation.random_cells import random_cell

import lstm_sym as ls

OWN = {
    "diagonal": "s[t] = a * s[t-1] + B @ x[t] + b",
    "doubled": "s[t] = 2 * s[t-1] - p * s[t-1] + W @ x[t]",
    "shifted": "s[t] = s[t-1] + b",
    "alias": "u[t] = s[t-1]\ns[t] = tanh(W @ x[t] + U @ u[t])",
    "two ways": "f[t] = sigmoid(W @ x[t])\ns[t] = s[t-1] + f[t] * s[t-1]",
    "ways of stages": "f[t] = sigmoid(W @ x[t])\na[t] = f[t] * s[t-1]\ns[t] = a[t] + p * s[t-1] + V @ x[t]",
    "polynomial": "s[t] = s[t-1] ** 3 / 3 - s[t-1] * x[t] * x[t] / (1 + s[t-1] ** 2) + where(x[t], s[t-1], -x[t])",
    "stateless": "y[t] = tanh(W @ x[t] + b)",
    "long names": "hidden_state_of_memory[t] = sigmoid(W @ x[t] + recurrent_weights @ hidden_state_of_memory[t-1])",
    "highway": "\n".join(
        f"t_{k}[t] = sigmoid(T_{k} @ s_{k - 1}[t] + q_{k})\n"
        f"s_{k}[t] = t_{k}[t] * tanh(R_{k} @ s_{k - 1}[t] + p_{k}) + (1 - t_{k}[t]) * s_{k - 1}[t]"
        for k in range(2, 9)
    ),
}
OWN["highway"] = "s_1[t] = tanh(W @ x[t] + R @ s_8[t-1])\n" + OWN["highway"]


def own(name: str) -> ls.Cell:
    sizes = {"x": "H"} if name == "polynomial" else None
    return ls.parse(OWN[name], key="own", stateless=name == "stateless", sizes=sizes)


def catalogue(name: str) -> ls.Cell:
    return own(name) if name in OWN else ls.cell(name)


NAMES = (*ls.names(), *OWN)


def random_cells(count: int) -> list[ls.Cell]:
    return [random_cell(Random(f"diagram {seed}"), plain=seed % 3 == 0).parse() for seed in range(count)]


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text)]
