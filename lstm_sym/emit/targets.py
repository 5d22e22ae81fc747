"""The table of targets: what prints a plan as source code. A new target is a room of its own, and one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstm_sym.compile.plan import Plan
from lstm_sym.emit.c.module import c_source
from lstm_sym.emit.javascript.module import javascript_source
from lstm_sym.emit.jax.module import jax_source
from lstm_sym.emit.numpy.kernel import numpy_source
from lstm_sym.emit.torch.module import torch_source


@dataclass(frozen=True)
class Target:
    """A language: how its files end, and what makes the text of one, the same bytes on every machine."""

    name: str
    suffix: str
    source: Callable[[Plan], str]


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("numpy", ".py", numpy_source),
        Target("c", ".c", c_source),
        Target("javascript", ".mjs", javascript_source),
        Target("torch", ".py", torch_source),
        Target("jax", ".py", jax_source),
    )
}
"""Name -> target; NumPy is the reference that the others are compared with."""
