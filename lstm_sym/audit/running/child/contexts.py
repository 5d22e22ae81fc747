"""The context of a custom autograd function, for one that is called without autograd."""

from __future__ import annotations

from typing import Any

from . import OWN_BUILTINS

globals()["__builtins__"] = OWN_BUILTINS


class Everything:
    """A tuple of True of any length: every input needs its gradient."""

    def __getitem__(self, place: int) -> bool:
        return True


class Context:
    """Keeps what a forward pass saves, under any name, until the backward pass asks for it."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad = Everything()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep these; they are `saved_tensors`."""
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Says nothing here."""

    def set_materialize_grads(self, value: bool) -> None:
        """Says nothing here."""


def as_tensors(torch: Any, value: Any) -> Any:
    """An array as a tensor of its type; anything else as it is."""
    return torch.from_numpy(value.copy()) if hasattr(value, "dtype") and hasattr(value, "ndim") else value
