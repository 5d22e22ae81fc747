"""From a cell to its derivation, to the text of its kernel, and to the kernel as a module."""

from __future__ import annotations

import copyreg
import hashlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Any, cast

from lstm_sym.api.reading import cell_of
from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.numpy.kernel import kernel_source
from lstm_sym.emit.numpy.plain import plain_source
from lstm_sym.emit.targets import TARGETS
from lstm_sym.equations import Cell
from lstm_sym.kernels import Kernel


def derive(cell: Cell | str) -> Derivation:
    """The derivation of a cell, or of that of this name: Jacobians, backward pass, forward mode.

    Each is derived when it is asked for. Raises CellError for what is no cell.

    >>> import lstm_sym as ls
    >>> d = ls.derive("lstm")
    >>> print(d.text(d.gate_jacobian("i", "h")))
    diag(iₜ ⊙ (1 − iₜ)) U_i
    >>> print(d.text(d.adjoint.statement("d_c")))
    δcₜ = δc⁺ₜ + δ(tanh(cₜ)) ⊙ tanh′(cₜ)
    """
    return Derivation(cell_of("derive", cell))


def generate(cell: Cell | str, *, target: str = "numpy", plain: bool = False) -> str:
    """The text of the kernel of a cell, or of that of this name: a module that stands alone.

    target: "numpy", or "javascript": forward and backward as an ES module. plain: one step of the cell and one step
    back in NumPy as a teacher writes them, to read. It has the same bytes on every machine. Raises CellError for what
    is no cell, ValueError for a target that there is not, or one that has nothing plain.
    """
    if not isinstance(target, str) or target not in TARGETS or (plain and target != "numpy"):
        fix = "leave target out, plain is NumPy" if plain else f"write target= one of {', '.join(TARGETS)}"
        raise ValueError(f"generate() has no target {target!r}{' that is plain' if plain else ''}; {fix}")
    plan = Plan(Derivation(cell_of("generate", cell)))
    return plain_source(plan) if plain else TARGETS[target].source(plan)


def build(cell: Cell | str) -> Kernel:
    """The kernel of a cell, or of that of this name, as a module imported from its generated text.

    There is one module a content, whichever thread asks first. The module, and the Params, States, tapes and gradients
    of it, can be pickled: what travels is the cell, and the process that reads the pickle builds the same kernel from
    the cell's equations, read again by the parser; no generated code is in a pickle, and none of its text is run.
    Functions of it cannot: send the kernel itself, and call them there. Raises CellError for what is no cell.

    >>> import lstm_sym as ls, numpy as np
    >>> kernel = ls.build("gru")
    >>> params = kernel.init(3, 4)
    >>> y, state, tape = kernel.forward(np.ones((5, 2, 3)), params)
    >>> kernel.backward(np.ones_like(y), tape, params).params.W_n.shape
    (4, 3)
    """
    cell = cell_of("build", cell)
    content = cell.content_hash, cell.name, cell.reference, str(cell.meanings)
    with _BUILDING:
        if content not in _BUILT:
            _BUILT[content] = _imported(cell, hashlib.sha256("\n".join(content).encode()).hexdigest())
        return cast(Kernel, _BUILT[content])


_BUILT: dict[tuple[str, ...], ModuleType] = {}
"""What a kernel holds (content, name, reference, meanings) -> its module."""
_BUILDING = Lock()


class _Built(ModuleType):
    """A kernel that was built here; `__cell__` is the cell of it."""

    __cell__: Cell

    def __repr__(self) -> str:
        return f"<kernel of {self.__cell__}>"

    def __reduce__(self) -> tuple[Callable[[Cell], Kernel], tuple[Cell]]:
        return _rebuilt, (self.__cell__,)


def _rebuilt(cell: Cell) -> Kernel:
    """The kernel of a cell that was in a pickle; its equations are read again, so that nothing unread is built."""
    return build(cell.with_options())


def _taken_apart(kernel: ModuleType, name: str, values: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What a pickle holds of a named tuple of a built kernel."""
    return _remade, (kernel, name, tuple(values))


def _remade(kernel: Any, name: str, values: tuple[Any, ...]) -> Any:
    """A named tuple of a built kernel, out of a pickle. Raises TypeError for anything else."""
    if not isinstance(kernel, _Built) or name not in (named := _named_tuples(kernel)):
        raise TypeError(f"{name} is no named tuple of a kernel that lstm_sym.build made")
    return named[name](*values)


def _named_tuples(kernel: ModuleType) -> dict[str, Any]:
    """Params, State, Grads and the tapes."""
    return {name: value for name, value in vars(kernel).items() if hasattr(value, "_fields")}


def _imported(cell: Cell, digest: str) -> ModuleType:
    """The kernel of a cell, imported from its text; its named tuples pickle as those of a cell's kernel."""
    name = f"lstm_sym_kernel_{cell.key}_{digest[:16]}"
    loader = _TextLoader(kernel_source(cell))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    module.__dict__["__cell__"] = cell
    for class_name, named_tuple in _named_tuples(module).items():
        copyreg.pickle(named_tuple, partial(_taken_apart, module, class_name))
    sys.modules[name] = module
    return module


class _TextLoader(importlib.abc.InspectLoader):
    """Imports a module from generated text, so that tracebacks show its lines."""

    def __init__(self, text: str) -> None:
        self.text = text

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module that knows how to be pickled."""
        return _Built(spec.name)

    def get_source(self, fullname: str) -> str:
        """The text."""
        return self.text
