"""jacobian_parts(): the state Jacobian split by the equation through which the flow enters the step."""

from __future__ import annotations

from lstm_sym.derivation.jacobian import Jacobians, entries, states
from lstm_sym.emit.numpy.jacobian import JacobianWriter, TapeForm, entry_point
from lstm_sym.equations.cell import Cell

_PARTS = """The Jacobian ds[t]/ds[t-1] split by the equation by which the flow enters step t; the sum is jacobian().

    {{{keys}}}: (B, S, S) for a step, (n, B, S, S) for a slice or an array of steps.
    A path belongs to the first equation on it that reads s[t-1]: that of a gate, or of the state itself."""


def parts_functions(cell: Cell, jacobians: Jacobians, forms: list[TapeForm]) -> tuple[str, set[str]]:
    """The text of jacobian_parts(), fast and precise, and the functions it needs."""
    helpers: set[str] = set()
    program = jacobians.program
    keys = ", ".join(repr(entry.name) for entry in entries(program))
    texts = [entry_point("jacobian_parts", _PARTS.format(keys=keys))]
    before, after = zip(*states(program), strict=True)
    texts += [_PartsWriter(cell, jacobians, form, "jacobian_parts", after, before, helpers).text() for form in forms]
    return "\n\n\n".join(texts), helpers


class _PartsWriter(JacobianWriter):
    """Writes the same blocks once for each equation, those paths alone that enter by it."""

    def blocks(self) -> None:
        """Write every block of every part."""
        for entry in entries(self.program):
            self.out = f"parts[{entry.name!r}]"
            self.write(entry)

    def arrays(self) -> list[str]:
        """Allocate what is returned."""
        size = self.extent(self.after)
        keys = [entry.name for entry in entries(self.program)]
        return [f"parts = {{key: np.zeros((*lead, {size}, {size}), dtype) for key in {keys!r}}}"]

    def result(self) -> str:
        """What the function returns."""
        return "parts"
