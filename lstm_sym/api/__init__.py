"""What `import lstm_sym` offers: from a cell to its derivation, its kernel's text, and the kernel itself."""

import lstm_sym.api.formulas  # noqa: F401 - how notebooks show what is offered here
from lstm_sym.api.building import build, derive, generate
from lstm_sym.api.reading import cell, load, parse
from lstm_sym.cells import names
from lstm_sym.compile.derivation import Derivation
from lstm_sym.equations import Cell, CellError
from lstm_sym.kernels import Kernel

__all__ = ["Cell", "CellError", "Derivation", "Kernel", "build", "cell", "derive", "generate", "load", "names", "parse"]
