"""What `import lstm_sym` offers: from a cell to its derivation, its kernel's text, and the kernel itself."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import sys
from functools import lru_cache
from types import ModuleType

from lstm_sym.cells import cell, names
from lstm_sym.derived import Derivation
from lstm_sym.emit.numpy_kernel import kernel_source
from lstm_sym.equations import Cell, CellError, load, parse

__all__ = ["Cell", "CellError", "Derivation", "build", "cell", "derive", "generate", "load", "names", "parse"]


def derive(cell: Cell) -> Derivation:
    """The derivation of a cell: Jacobians, backward pass, forward mode; each is derived when it is asked for."""
    return Derivation(cell)


def generate(cell: Cell) -> str:
    """The text of a cell's kernel: a Python module that stands alone on NumPy; the same bytes on every machine."""
    return kernel_source(cell)


def build(cell: Cell) -> ModuleType:
    """The kernel of a cell as a module, imported from its generated text; one module a content, cached."""
    return _built(_Hashed(cell))


class _Hashed:
    """A cell that a cache compares by what its kernel holds: content, name, reference, meanings."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.key = cell.content_hash, cell.name, cell.reference, str(cell.meanings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=256)
def _built(hashed: _Hashed) -> ModuleType:
    digest = hashlib.sha256("\n".join(hashed.key).encode()).hexdigest()
    name = f"lstm_sym_kernel_{hashed.cell.key}_{digest[:16]}"
    loader = _TextLoader(kernel_source(hashed.cell))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


class _TextLoader(importlib.abc.InspectLoader):
    """Imports a module from generated text, so that tracebacks show its lines."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, fullname: str) -> str:
        """The text."""
        return self.text
