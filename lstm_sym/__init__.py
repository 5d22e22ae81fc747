"""Write a recurrent cell as its paper's equations; get its derivation, checked kernels and gradient-flow measures.

    import lstm_sym as ls
    cell = ls.cell("lstm")            # or ls.load("my.toml"), ls.parse(text)
    d = ls.derive(cell)               # d.jacobian("h", "h"), d.adjoint, d.tangent, ...
    kernel = ls.build(cell)           # kernel.forward, kernel.backward, ...
    found = ls.study(["rnn", cell])   # derive, check, measure, conclude: print(found), found.save("study")

Names are imported when first used: `import lstm_sym` alone costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.2.0"

__all__ = [
    "Cell",
    "CellError",
    "Derivation",
    "Kernel",
    "build",
    "cell",
    "derive",
    "generate",
    "gradient_flow",
    "load",
    "names",
    "parse",
    "study",
]

if TYPE_CHECKING:
    from lstm_sym.api import Cell, CellError, Derivation, Kernel, build, cell, derive, generate, load, names, parse
    from lstm_sym.studies.flow_run import gradient_flow
    from lstm_sym.studies.run import study
else:  # a type checker that saw this function would take any name for one that is offered
    _ROOMS = {"gradient_flow": "lstm_sym.studies.flow_run", "study": "lstm_sym.studies.run"}
    """Where a name is defined that is not of lstm_sym.api."""

    def __getattr__(name: str) -> object:
        if name in __all__:
            from importlib import import_module

            return getattr(import_module(_ROOMS.get(name, "lstm_sym.api")), name)
        raise AttributeError(f"module 'lstm_sym' has no attribute {name!r}")


def __dir__() -> list[str]:
    hidden = {"TYPE_CHECKING", "annotations", "__dir__", "__getattr__", "_ROOMS"}
    return sorted({*globals(), *__all__} - hidden)
