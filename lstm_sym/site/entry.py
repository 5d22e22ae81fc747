"""One cell of the site: what the gallery shows of it, and where its pages lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lstm_sym.equations.cell import Cell
from lstm_sym.explore import explorable
from lstm_sym.report.facts import Facts
from lstm_sym.report.reading.measured import Measured

BESIDE = ("rnn", "lstm", "gru")
"""The cells that every other is compared with."""
DOCUMENTS = ("md", "tex", "ipynb")
"""The formats, beside HTML, in which a derivation lies there too."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A cell, and the keys of those that it is compared with."""

    cell: Cell
    compared: tuple[str, ...]

    @cached_property
    def facts(self) -> Facts:
        """Its derivation and its drawing."""
        return Facts(self.cell)

    @cached_property
    def measured(self) -> Measured:
        """What is measured of it."""
        return Measured(self.cell)

    @cached_property
    def explorer(self) -> str:
        """The page on which its gates are moved; "" where there is none."""
        return f"explore/{self.cell.key}.html" if explorable(self.cell) else ""

    @property
    def derivation(self) -> str:
        """The page of its derivation."""
        return f"cells/{self.cell.key}.html"

    @property
    def documents(self) -> dict[str, str]:
        """Format -> the derivation in it."""
        return {kind: f"cells/{self.cell.key}.{kind}" for kind in DOCUMENTS}

    @property
    def kernels(self) -> dict[str, str]:
        """Target -> the kernel."""
        return {"numpy": f"kernels/{self.cell.key}.py", "javascript": f"kernels/{self.cell.key}.mjs"}

    @property
    def comparisons(self) -> dict[str, str]:
        """Key of another cell -> the page with both side by side."""
        return {key: f"diff/{self.cell.key}-{key}.html" for key in self.compared}

    @property
    def files(self) -> list[str]:
        """Every file of it."""
        explorer = [self.explorer] if self.explorer else []
        return [
            self.derivation,
            *self.documents.values(),
            *explorer,
            *self.kernels.values(),
            *self.comparisons.values(),
        ]


def entries_of(cells: Sequence[Cell]) -> list[Entry]:
    """The entries, each compared with the cells of BESIDE that are on the site; a pair has one page."""
    keys = [cell.key for cell in cells]
    beside = [key for key in BESIDE if key in keys]
    return [Entry(cell, tuple(_compared(cell, beside))) for cell in cells]


def _compared(cell: Cell, beside: Sequence[str]) -> list[str]:
    if not cell.states:
        return []
    earlier = beside[: beside.index(cell.key)] if cell.key in beside else beside
    return [key for key in earlier if key != cell.key]
