"""One random cell by its number: tried, and if it fails, made smaller and written as a cell file."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from derivation.kernel_errors import errors_of
from derivation.random_cells import RandomCell, random_cell
from derivation.shrinking import shrunk, write_cell
from derivation.test_random_cells import BAR

import lstm_sym as ls
from lstm_sym.api import building

Errors = Callable[[ls.Cell], dict[str, float]]


@dataclass(frozen=True)
class Trial:
    """What came of one cell: the largest relative error; if it fails, how, and the file of the smallest such cell."""

    number: int
    error: float
    failure: str = ""
    file: str = ""


def numbered(number: int) -> RandomCell:
    """Even numbers give cells in the forms of papers, odd ones any."""
    return random_cell(Random(number), plain=number % 2 == 0)


def tried(number: int, folder: Path, errors: Errors = errors_of) -> Trial:
    """Try the cell of this number; a cell that fails goes into the folder."""
    cell = numbered(number).parse()
    error, failure = judged(cell, errors)
    forget()
    if not failure:
        return Trial(number, error)
    smallest = shrunk(cell, lambda one: kind(judged(one, errors)[1]))
    forget()
    path = write_cell(smallest, folder, f"random_{number}")
    return Trial(number, error, judged(smallest, errors)[1], str(path))


def judged(cell: ls.Cell, errors: Errors) -> tuple[float, str]:
    """The largest relative error, and how the cell fails: an error above the bar, or an exception; "" if it holds."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = errors(cell)
    except Exception as error:
        return float("inf"), f"{type(error).__name__}: {error}"
    name = max(found, key=lambda key: float("inf") if np.isnan(found[key]) else found[key])
    return found[name], "" if found[name] <= BAR else f"relative error {found[name]:.1e} in {name}"


def kind(failure: str) -> str | None:
    """What stays the same of a failure as the cell gets smaller."""
    return " ".join(failure.replace(":", " ").split()[:1]) or None


def forget() -> None:
    """Let kernels go that nobody will ask for again."""
    building._BUILT.clear()
    for name in [name for name in sys.modules if name.startswith("lstm_sym_kernel_")]:
        del sys.modules[name]
