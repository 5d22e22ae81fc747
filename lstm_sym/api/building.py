"""From a cell to its derivation, to the text of its kernel, and to the kernel as a module."""

from __future__ import annotations

import copyreg
import hashlib
import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Any, Literal, cast, overload

from lstm_sym.api.reading import cell_of
from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.c.functions import CompiledFunctions
from lstm_sym.emit.c.kernel import CompiledKernel
from lstm_sym.emit.c.module import c_text
from lstm_sym.emit.numpy.kernel import kernel_source
from lstm_sym.emit.numpy.plain import plain_source
from lstm_sym.emit.targets import ALSO, TARGETS
from lstm_sym.equations import Cell
from lstm_sym.kernels import Kernel
from lstm_sym.native.calls import CompiledLoops
from lstm_sym.native.compiler import needed_compiler


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


@overload
def generate(  # type: ignore[overload-overlap]  # of text that is not known to be "onnx", text is expected
    cell: Cell | str,
    *,
    target: Literal["onnx"],
    params: Any = None,
    dtype: str = "",
    quantities: bool = False,
    lengths: bool = False,
    resets: bool = False,
) -> bytes: ...
@overload
def generate(cell: Cell | str, *, target: str = "numpy", plain: bool = False) -> str: ...
def generate(cell: Cell | str, *, target: str = "numpy", plain: bool = False, **options: Any) -> str | bytes:
    """The text of the kernel of a cell, or of that of this name: a module that stands alone.

    target: "numpy"; "c", the loops over time, which `build` calls; "torch", that and a layer of PyTorch around it;
    "jax", forward() with the derived passes as its derivatives; "javascript" or "js", forward, step and backward as an
    ES module; or "onnx", forward() as the bytes of an ONNX model.
    plain: one step of the cell and one step back in NumPy as a teacher writes them, to read. It has the same bytes on
    every machine.

    Of "onnx" alone, which needs the extra weights: params, a dict or a Params of the kernel, are the parameters that
    the file is to hold, without which they are inputs of it; dtype is "float32" or "float64", else that of params, else
    float32; quantities: whether all that equations define is handed out of every step; lengths: whether an input more
    says how many steps each sequence of the batch has; resets: whether one says where sequences begin anew.

    Raises CellError for what is no cell, ValueError for a target that there is not, or one that has nothing plain,
    TypeError for an option of another target, EmitError, a ValueError too, for parameters of another cell, and where
    the package onnx is not there.
    """
    name = ALSO.get(target, target) if isinstance(target, str) else ""
    if name not in TARGETS or (plain and name != "numpy"):
        fix = "leave target out, plain is NumPy" if plain else f"write target= one of {', '.join(TARGETS)}"
        raise ValueError(f"generate() has no target {target!r}{' that is plain' if plain else ''}; {fix}")
    if others := options.keys() - {*TARGETS[name].options}:
        having = [target.name for target in TARGETS.values() if others <= {*target.options}]
        fix = f"it is of target={having[0]!r}" if having else "leave it out"
        raise TypeError(f"generate() has no option {', '.join(sorted(others))} of the target {target!r}; {fix}")
    plan = Plan(Derivation(cell_of("generate", cell)))
    return plain_source(plan) if plain else TARGETS[name].source(plan, **options)


def build(cell: Cell | str, *, target: str = "") -> Kernel:
    """The kernel of a cell, or of that of this name, as a module imported from its generated text.

    target: "numpy", or "c": the same module with its loops over time compiled by the C compiler of this machine, when
    they are first called; where nothing is said, $LSTM_SYM_TARGET, and "numpy" where that is not set. Both have the
    same named tuples, so that parameters and tapes of one serve the other.

    There is one module a content, whichever thread asks first. The module, and the Params, States, tapes and gradients
    of it, can be pickled: what travels is the cell, and the process that reads the pickle builds the same kernel from
    the cell's equations, read again by the parser; no generated code is in a pickle, and none of its text is run.
    Functions of it cannot: send the kernel itself, and call them there. Raises CellError for what is no cell,
    ValueError for another target, NativeError where there is no C compiler.

    >>> import lstm_sym as ls, numpy as np
    >>> kernel = ls.build("gru")
    >>> params = kernel.init(3, 4)
    >>> y, state, tape = kernel.forward(np.ones((5, 2, 3)), params)
    >>> kernel.backward(np.ones_like(y), tape, params).params.W_n.shape
    (4, 3)
    """
    cell, target = cell_of("build", cell), _chosen(target)
    content = cell.content_hash, cell.name, cell.reference, str(cell.meanings)
    with _BUILDING:
        return cast(Kernel, _built(cell, content, target))


def _chosen(target: str) -> str:
    """The target of a kernel that is imported. Raises ValueError."""
    given = target or os.environ.get("LSTM_SYM_TARGET", "").strip() or "numpy"
    if given not in _IMPORTED:
        where = "build()" if target else "LSTM_SYM_TARGET"
        raise ValueError(f"{where} has no target {given!r} that is a module; write one of {', '.join(_IMPORTED)}")
    return given


_BUILT: dict[tuple[str, ...], ModuleType] = {}
"""What a kernel holds (content, name, reference, meanings), and its target -> its module."""
_BUILDING = Lock()


def _built(cell: Cell, content: tuple[str, ...], target: str) -> ModuleType:
    """The one module of this content and target."""
    if (*content, target) not in _BUILT:
        name = f"lstm_sym_kernel_{cell.key}_{hashlib.sha256(chr(10).join(content).encode()).hexdigest()[:16]}"
        if target == "numpy":
            module = _imported(cell, name, target, kernel_source(cell))
            for class_name, named_tuple in _named_tuples(module).items():
                copyreg.pickle(named_tuple, partial(_taken_apart, module, class_name))
        else:
            module = _compiled(cell, name, _built(cell, content, "numpy"))
        _BUILT[*content, target] = module
    return _BUILT[*content, target]


class _Built(ModuleType):
    """A kernel that was built here; `__cell__` is the cell of it, `__target__` its target."""

    __cell__: Cell
    __target__: str

    def __repr__(self) -> str:
        return f"<kernel of {self.__cell__}{', compiled' if self.__target__ == 'c' else ''}>"

    def __reduce__(self) -> tuple[Callable[[Cell, str], Kernel], tuple[Cell, str]]:
        return _rebuilt, (self.__cell__, self.__target__)


def _rebuilt(cell: Cell, target: str = "numpy") -> Kernel:
    """The kernel of a cell that was in a pickle; its equations are read again, so that nothing unread is built."""
    return build(cell.with_options(), target=target)


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


def _imported(cell: Cell, name: str, target: str, text: str, **given: Any) -> ModuleType:
    """A kernel of a cell, imported from its text; `given` is there before it."""
    loader = _TextLoader(text)
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__dict__.update(given, __cell__=cell, __target__=target)
    loader.exec_module(module)
    sys.modules[name] = module
    return module


def _compiled(cell: Cell, name: str, numpy_kernel: ModuleType) -> ModuleType:
    """The kernel with compiled loops; its named tuples are those of the NumPy kernel. Raises NativeError."""
    needed_compiler()
    functions = CompiledFunctions(Plan(Derivation(cell), fused=True))
    loops = CompiledLoops(c_text(functions), functions.calls)
    text = CompiledKernel(functions).source()
    return _imported(cell, f"{name}_c", "c", text, _compiled=loops, _numpy=numpy_kernel)


_IMPORTED = ("numpy", "c")
"""The targets that are modules of Python."""


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
