"""What `lstm-sym generate` writes: which options go with which target, and the weights that a file is to hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import click

from lstm_sym.api import generate
from lstm_sym.cli.output import Destination
from lstm_sym.cli.tool import Refused
from lstm_sym.emit.errors import EmitError
from lstm_sym.emit.targets import ALSO, TARGETS
from lstm_sym.equations import Cell
from lstm_sym.kernels import Array


class Asked(NamedTuple):
    """The options of a target: plain and explain of NumPy, the others of ONNX."""

    plain: bool = False
    explain: bool = False
    weights: Path | None = None
    dtype: str | None = None
    quantities: bool = False
    lengths: bool = False
    resets: bool = False


def destination_of(output: Path | None, cell: str, target: str, asked: Asked, *, force: bool) -> Destination:
    """Where the file goes. Raises Refused, UsageError for an option of another target."""
    name = ALSO.get(target, target)
    if asked.plain and asked.explain:
        raise click.UsageError("--explain is of the kernel: leave --plain out")
    own = [f"--{option}" for option in ("plain", "explain") if getattr(asked, option)]
    if own and name != "numpy":
        raise click.UsageError(f"{own[0]} is NumPy: leave --target out")
    others = [f"--{option}" for option, value in asked._asdict().items() if value and f"--{option}" not in own]
    if others and name != "onnx":
        raise click.UsageError(f"{others[0]} is of ONNX: add --target onnx, or leave it out")
    if name == "onnx" and output in (None, Path("-")) and sys.stdout.isatty():
        raise Refused("an ONNX model is not for a terminal\n  fix: name the file to write: -o NAME.onnx")
    given = [cell, *([str(asked.weights)] if asked.weights else [])]
    return Destination(output, given, force=force, ending=".txt" if asked.explain else TARGETS[name].suffix)


def file_of(cell: Cell, target: str, asked: Asked) -> str | bytes:
    """What is written. Raises ValueError for what the target refuses, InteropError for a file without arrays."""
    if asked.explain:
        from lstm_sym.cli.explaining import costs_text

        return costs_text(cell)
    if target != "onnx":
        return generate(cell, target=target, plain=asked.plain)
    params = None if asked.weights is None else _arrays(asked.weights)
    chosen = {name: getattr(asked, name) for name in ("quantities", "lengths", "resets")}
    try:
        return generate(cell, target="onnx", params=params, dtype=asked.dtype or "", **chosen)
    except EmitError as error:
        if asked.weights is None or error.where != "params":
            raise
        raise EmitError(str(asked.weights), error.found, error.why, error.fix) from error


def _arrays(path: Path) -> dict[str, Array]:
    from lstm_sym.interop import arrays

    return arrays(path)
