"""The table of targets: what writes a plan as a file. A new target is a room of its own, and one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstm_sym.emit.c.module import c_source
from lstm_sym.emit.javascript.module import javascript_source
from lstm_sym.emit.jax.module import jax_source
from lstm_sym.emit.numpy.kernel import numpy_source
from lstm_sym.emit.onnx.model import onnx_source
from lstm_sym.emit.torch.module import torch_source


@dataclass(frozen=True)
class Target:
    """A language: how its files end, and what makes one of a plan, the same bytes on every machine.

    `source` gives text, or bytes where the format is no text. `options` are what it takes beside the plan, by name.
    """

    name: str
    suffix: str
    source: Callable[..., str | bytes]
    options: tuple[str, ...] = ()


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("numpy", ".py", numpy_source),
        Target("c", ".c", c_source),
        Target("javascript", ".mjs", javascript_source),
        Target("torch", ".py", torch_source),
        Target("jax", ".py", jax_source),
        Target("onnx", ".onnx", onnx_source, ("params", "dtype", "quantities", "lengths", "resets")),
    )
}
"""Name -> target; NumPy is the reference that the others are compared with."""
ALSO = {"js": "javascript"}
"""What a target is called too."""
