"""Arrays as a user's function takes them: axes in its order, weights stored its way, those of gates in one array."""

from __future__ import annotations

from typing import Any

from numpy import concatenate

from . import OWN_BUILTINS
from .values import Arrays, Request

globals()["__builtins__"] = OWN_BUILTINS


def placed(value: Any, axes: str, order: str) -> Any:
    """An array of these axes with those in the order that is wanted: "TBD" in "DBT", in "TBD1" with one more of size 1.

    Axes that it does not have are passed over: a state "BD" is "DB" in "DBT".
    """
    letters = [letter for letter in order if letter in axes or letter == "1"]
    turned = value.transpose([axes.index(letter) for letter in letters if letter != "1"])
    sizes = iter(turned.shape)
    return turned.reshape([1 if letter == "1" else next(sizes) for letter in letters])


def arranged(given: Arrays, request: Request, arrangement: Request, axes: str) -> Arrays:
    """What a call is given, of arrays in the layout of the equations; `axes` are those of x, "TD" of a single sequence.

    Beside each parameter by itself stand the arrays that the user's names hold: "pack/Wx".
    """
    timed, found = set(request["timed"]), {}
    order = arrangement["sequence"]
    for name, value in given.items():
        part = name.partition("/")[0]
        if name == "targets":
            found[name] = placed(value, axes.replace("D", ""), order.replace("1", ""))
        elif name in timed:
            found[name] = placed(value, axes, order)
        elif part in ("state", "dstate", "carried"):
            found[name] = placed(value, axes.replace("T", ""), order)
        elif part in ("params", "readout"):
            found[name] = weight(value, arrangement)
        else:
            found[name] = value
    if arrangement["tokens"]:
        found["x"] = placed(given["x"].argmax(axis=-1), axes.replace("D", ""), order.replace("1", ""))
    if arrangement["last"]:
        found["dy"] = placed(given["dy"][-1], axes.replace("T", ""), order)
    for name, pack in arrangement["packs"].items():
        found[f"pack/{name}"] = packed(given, pack, arrangement)
    return found


def weight(value: Any, arrangement: Request) -> Any:
    """A matrix as it is stored, or a vector as a row or a column."""
    if value.ndim == 2:
        return value.T if arrangement["turned"] else value
    rows = {"H": value.shape, "1H": (1, *value.shape), "H1": (*value.shape, 1)}
    return value.reshape(rows[arrangement["vector"]]) if value.ndim == 1 else value


def packed(given: Arrays, pack: Request, arrangement: Request) -> Any:
    """The blocks of a pack, gate below gate, side by side in each, as one array; a share of each if two are added."""
    rows = []
    for names, share in zip(pack["blocks"], pack["shares"], strict=True):
        parts = [given[f"params/{name}"] * share for name in names]
        if len(parts) > 1:  # a bias among matrices is a column
            parts = [part.reshape(len(part), -1) for part in parts]
        rows.append(concatenate(parts, axis=-1))
    return weight(concatenate(rows), arrangement)
