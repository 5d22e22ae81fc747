"""Sequences of the user's own beside those of the plan: of sizes that are given, or of arrays from a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lstm_sym.audit import names
from lstm_sym.audit.errors import AuditError
from lstm_sym.audit.sequences.plan import PLAN, Setting
from lstm_sym.check import Case, random_case
from lstm_sym.compile.derivation import Derivation
from lstm_sym.interpreter.evaluation import Array
from lstm_sym.networks.storage import read_npz

FIELDS = {"T": "steps", "B": "batch", "D": "inputs", "H": "hidden"}
"""A size -> the field of a setting that it is."""

MOST = 1_000_000
"""Numbers that x, dy or a matrix of a sequence may have."""


def parse_sizes(text: str) -> Setting:
    """The setting of "T=100,B=32": sizes that are not named are the usual ones. Raises AuditError."""
    given: dict[str, int] = {}
    for part in text.split(","):
        found = re.fullmatch(r"\s*([TBDH])\s*=\s*(\d{1,7})\s*", part, re.ASCII)
        if found is None or int(found[2]) < 1 or found[1] in given:
            raise AuditError(
                f"--sizes {text}",
                f"{part.strip() or 'nothing'} is no size",
                "another name than T, B, D or H, the same name twice, or no whole number from 1 on",
                "write T=100,B=32,D=8,H=16, or some of these",
            )
        given[found[1]] = int(found[2])
    fields: dict[str, Any] = {FIELDS[name]: size for name, size in given.items()}
    setting = replace(PLAN[0], why="your own sizes", **fields)
    _check_size(f"--sizes {text}", setting)
    return setting


def _check_size(where: str, setting: Setting) -> None:
    widest = max(setting.inputs, setting.hidden)
    if max(setting.steps * setting.batch * widest, widest * setting.hidden) > MOST:
        raise AuditError(where, f"an array of more than {MOST:,} numbers", "", "audit it at smaller sizes")


def own_case(derivation: Derivation, path: Path, seed: int) -> tuple[Setting, Case]:
    """A sequence of the arrays in an .npz file, each named as an argument: x, dy, W_i, h0, dh_T; the rest is random.

    x may be whole numbers (T, B), of the one input that is 1. Raises NetworkError for a file that cannot be read,
    AuditError for an array that is not the cell's.
    """
    arrays = _by_source(derivation, path, read_npz(path))
    tried = [
        (len(_unfitting(derivation, setting, given)), place, setting, given)
        for place, (setting, given) in enumerate(_readings(path, arrays))
    ]
    _, _, setting, arrays = min(tried, key=lambda one: one[:2])
    _check_size(str(path), setting)
    wrong = _unfitting(derivation, setting, arrays)
    if wrong:
        raise AuditError(
            str(path),
            "; ".join(wrong),
            "another layout, another order of the axes, or a cell of other sizes",
            "store every array as the equations have it: x and dy (T, B, ...), W (H, D), U (H, H), states (B, H)",
        )
    case = random_case(derivation.cell, seed=seed, **setting.sizes)
    return setting, _with(case, arrays)


def _readings(path: Path, arrays: dict[str, Array]) -> Iterator[tuple[Setting, dict[str, Array]]]:
    """What the arrays may be: of every size of states, and of every number of inputs where x holds their numbers."""
    sizes = sorted({size for array in arrays.values() for size in array.shape})
    x = arrays.get("x", np.zeros((PLAN[0].steps, PLAN[0].batch, PLAN[0].inputs)))
    numbers = [x]
    if x.ndim == 2 and (x == x.astype(int)).all() and 0 <= x.min() <= x.max() < MOST / x.size:
        most = int(x.max()) + 1
        counts = [most, *(size for size in sizes if most < size < MOST / x.size)]
        numbers = [np.eye(count)[x.astype(int)] for count in counts]
    elif x.ndim != 3:
        raise AuditError(
            str(path), f"x has the shape {x.shape}", "", "store x as (T, B, D), or as whole numbers from 0 on, (T, B)"
        )
    for one in numbers:
        steps, batch, inputs = one.shape
        own = frozenset(arrays)
        usual = replace(PLAN[0], steps=steps, batch=batch, inputs=inputs, why="your own data", own=own)
        given = {name: one if name == "x" else array for name, array in arrays.items()}
        for setting in (usual, *(replace(usual, hidden=size) for size in sizes if size * size <= MOST)):
            yield setting, given


def _by_source(derivation: Derivation, path: Path, stored: Mapping[str, Array]) -> dict[str, Array]:
    """What stands in the file by what it is: "x", "dy", "params/W_i", "state/h", "dstate/h"."""
    known = {name: what for name, what in names.arguments(derivation, {}).items() if _is_given(what)}
    found: dict[str, Array] = {}
    for name, array in stored.items():
        if name not in known or known[name] in found:
            offered = ", ".join(_first_of_each(known))
            why = "an array under two names" if name in known else "another name"
            raise AuditError(str(path), f"{name} is no array of a sequence", why, f"the names are {offered}")
        if array.dtype.kind not in "fiu" or not array.size or not np.isfinite(array).all():
            raise AuditError(str(path), f"{name} holds no finite real numbers", "", "store arrays of float64")
        found[known[name]] = array.astype(float)
    return found


def _is_given(source: str) -> bool:
    return source in ("x", "dy") or source.startswith(("params/", "state/", "dstate/"))


def _first_of_each(known: Mapping[str, str]) -> Iterable[str]:
    firsts: dict[str, str] = {}
    for name, source in known.items():
        firsts.setdefault(source, name)
    return firsts.values()


def _unfitting(derivation: Derivation, setting: Setting, arrays: Mapping[str, Array]) -> list[str]:
    """The arrays whose shapes are not those of a sequence of this setting."""
    wanted = _shapes(derivation, setting)
    return [
        f"{source.rpartition('/')[2]} has the shape {array.shape}, and it must be {wanted[source]}"
        for source, array in arrays.items()
        if array.shape != wanted[source]
    ]


def _shapes(derivation: Derivation, setting: Setting) -> dict[str, tuple[int, ...]]:
    small = random_case(derivation.cell, **{**setting.sizes, "steps": 1, "batch": 1})
    steps, batch = setting.steps, setting.batch
    shapes = {"x": (steps, batch, *small.x.shape[2:]), "dy": (steps, batch, *small.dy.shape[2:])}
    shapes |= {f"params/{name}": value.shape for name, value in small.params.items()}
    for part, named in (("state", small.state), ("dstate", small.dstate)):
        shapes |= {f"{part}/{name}": (batch, *value.shape[1:]) for name, value in named.items()}
    return shapes


def _with(case: Case, arrays: Mapping[str, Array]) -> Case:
    def taken(part: str, random: Mapping[str, Array]) -> dict[str, Array]:
        return {name: arrays.get(f"{part}/{name}", value) for name, value in random.items()}

    return replace(
        case,
        x=arrays.get("x", case.x),
        dy=arrays.get("dy", case.dy),
        params=taken("params", case.params),
        state=taken("state", case.state),
        dstate=taken("dstate", case.dstate),
    )
