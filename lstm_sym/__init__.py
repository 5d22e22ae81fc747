"""Write a recurrent cell as its paper's equations; get its derivation, checked kernels and gradient-flow measures.

    import lstm_sym as ls
    cell = ls.cell("lstm")            # or ls.load("my.toml"), ls.parse(text)
    d = ls.derive(cell)               # d.jacobian("h", "h"), d.adjoint, d.tangent, ...
    kernel = ls.build(cell)           # kernel.forward, kernel.backward, ...

Names are imported when first used: `import lstm_sym` alone costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Cell", "CellError", "Derivation", "build", "cell", "derive", "generate", "load", "names", "parse"]

if TYPE_CHECKING:
    from lstm_sym.api import Cell, CellError, Derivation, build, cell, derive, generate, load, names, parse


def __getattr__(name: str) -> Any:
    if name in __all__:
        from lstm_sym import api

        return getattr(api, name)
    raise AttributeError(f"module 'lstm_sym' has no attribute {name!r}")
