"""What `import lstm_sym` offers: from a cell to its derivation, its kernel's text, and the kernel itself.

A cell that is read here can be derived and built: what the engine refuses is refused when the cell is read.
"""

from __future__ import annotations

import copyreg
import hashlib
import importlib.abc
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from importlib.machinery import ModuleSpec
from os import PathLike
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, cast

from lstm_sym import cells, equations
from lstm_sym.cells import names
from lstm_sym.derived import Derivation
from lstm_sym.emit.numpy_kernel import kernel_source
from lstm_sym.equations import Cell, CellError, read_cell
from lstm_sym.equations.parameters import Parameter
from lstm_sym.kernels import Kernel
from lstm_sym.program import lower

__all__ = ["Cell", "CellError", "Derivation", "Kernel", "build", "cell", "derive", "generate", "load", "names", "parse"]

_CELL_FILE = re.compile(r"""^[ \t]*equations[ \t]*=[ \t]*["']""", re.MULTILINE)
"""A line of every cell file and of no equations, which hold no text between quotes."""


def cell(name: str, **choices: str | float) -> Cell:
    """A cell of the catalogue; `choices` set its options and constants (`phi_h="identity"`, `alpha=0.2`).

    Raises CellError.
    """
    _refuse_what_is_for_another("cell", name)
    return _usable(cells.cell(name, **choices), f"{name}.toml")


def load(path: str | Path, **choices: str | float) -> Cell:
    """Read a cell file; `choices` set its options and constants (`phi_h="identity"`, `alpha=0.2`). Raises CellError."""
    if not (isinstance(path, str) and "\n" not in path and Path(path).exists()):
        _refuse_what_is_for_another("load", path)
    return _usable(equations.load(path, **choices), Path(path).name)


def parse(
    text: str,
    *,
    key: str = "cell",
    options: Mapping[str, str] | None = None,
    sizes: Mapping[str, str] | None = None,
    constants: Mapping[str, Fraction] | None = None,
    initial: Mapping[str, float] | None = None,
    parameters: Mapping[str, str | float | Parameter] | None = None,
    output: str | None = None,
    source: str = "equations",
    first_line: int = 1,
) -> Cell:
    """A cell from the text of its equations, one a line, or from the text of a whole cell file (TOML).

    `options` names function options and their value, as {"phi_h": "tanh"}; `sizes` declares sizes, as {"x": "H"};
    `constants` gives names that stand for a number, as {"alpha": Fraction(1, 10)}; `initial` what a state starts with
    where that is not 0, as {"m": -inf}; `parameters` what is known of them, as {"tau": "scalar, > 0", "b_f": 1.0};
    `output` is the quantity the cell gives out (default: the one defined last).
    A cell file says all this itself. `source` and `first_line` are where errors say that the text stands.
    Raises CellError with line, column, what is allowed and the likely fix.
    """
    _refuse_what_is_for_another("parse", text)
    settings: dict[str, Any] = {"options": options, "sizes": sizes, "constants": constants, "initial": initial}
    settings |= {"parameters": parameters, "output": output}
    if not _CELL_FILE.search(text):
        found = equations.parse(text, key=key, source=source, first_line=first_line, **cast(Any, settings))
        return _usable(found, source)
    for name, value in settings.items():
        if value is not None:
            raise CellError(
                f"`{name}` is given beside the text of a whole cell file",
                source=source,
                allowed="settings beside equations alone; a cell file has tables for them",
                fix=f"write {name} into the text, or give the equations alone",
            )
    return _usable(read_cell(text.encode("utf-8", "surrogatepass"), key=key, source=source), source)


def derive(cell: Cell | str) -> Derivation:
    """The derivation of a cell, or of that of this name: Jacobians, backward pass, forward mode.

    Each is derived when it is asked for. Raises CellError for what is no cell.
    """
    return Derivation(_cell_of("derive", cell))


def generate(cell: Cell | str) -> str:
    """The text of the kernel of a cell, or of that of this name: a module that stands alone on NumPy.

    It has the same bytes on every machine. Raises CellError for what is no cell.
    """
    return kernel_source(_cell_of("generate", cell))


def build(cell: Cell | str) -> Kernel:
    """The kernel of a cell, or of that of this name, as a module imported from its generated text.

    There is one module a content, whichever thread asks first. The module, and the Params, States, tapes and gradients
    of it, can be pickled: what travels is the cell, and the process that reads the pickle builds the same kernel from
    the cell's equations, read again by the parser; no generated code is in a pickle, and none of its text is run.
    Functions of it cannot: send the kernel itself, and call them there. Raises CellError for what is no cell.
    """
    cell = _cell_of("build", cell)
    content = cell.content_hash, cell.name, cell.reference, str(cell.meanings)
    with _BUILDING:
        if content not in _BUILT:
            _BUILT[content] = _imported(cell, hashlib.sha256("\n".join(content).encode()).hexdigest())
        return cast(Kernel, _BUILT[content])


def _usable(found: Cell, source: str) -> Cell:
    """The cell, if the engine takes it. Raises CellError, which names the source; lowering is what refuses cells."""
    try:
        lower(found)
    except CellError as error:
        raise CellError(
            error.what,
            source=source,
            line=error.line,
            column=error.column,
            text=error.text,
            allowed=error.allowed,
            fix=error.fix,
        ) from None
    return found


def _cell_of(call: str, given: object) -> Cell:
    """A cell as given, or that of a name. Raises CellError."""
    if isinstance(given, Cell):
        return given
    _refuse_what_is_for_another(call, given)
    return cell(cast(str, given))


_TAKES = {
    "cell": "the name of a cell of the catalogue",
    "load": "the path of a .toml file",
    "parse": "the text of equations, or of a cell file",
}


def _refuse_what_is_for_another(call: str, given: object) -> None:
    """Raise CellError for what this call does not take, naming the call that does."""
    takes, fits = call if call in _TAKES else "cell", _call_for(given)
    if fits == takes or (isinstance(given, str) and not fits):
        return
    read = {"cell": f'ls.cell("{given}")', "load": f'ls.load("{given}")', "parse": "ls.parse(text)"}.get(fits)
    if read is not None:
        fix = f"write {read if call == takes else f'ls.{call}({read})'}"
    elif isinstance(given, Cell):
        fix = "it is a cell already"
    else:
        fix = "give the cell that it was made of" if hasattr(given, "cell") else 'make a cell: ls.cell("lstm")'
    kind = type(given).__name__
    raise CellError(
        f"`{given[:40]}` is given to {call}()" if isinstance(given, str) else f"{call}() takes no {kind}",
        source="lstm_sym",
        allowed=_TAKES[takes] if call == takes else f"a cell, or {_TAKES[takes]}",
        fix=fix,
    )


def _call_for(given: object) -> str:
    """The call that reads this: "cell", "load" or "parse"; "" where it is none of their arguments for certain."""
    if isinstance(given, PathLike):
        return "load"
    if not isinstance(given, str):
        return ""
    if given in names():
        return "cell"
    if "=" in given or "\n" in given.strip():
        return "parse"
    return "load" if given.endswith(".toml") else ""


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
