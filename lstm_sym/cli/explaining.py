"""`generate --explain`: what a call of a kernel costs, as a table."""

from __future__ import annotations

from lstm_sym.compile.derivation import Derivation
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.numpy.costs import costs_of
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.sizes import added
from lstm_sym.ground.width import aligned

_COLUMNS = ("pass", "calls", "calls a step", "products", "products a step", "operations a unit and step")
_TEXT = """{name}: what a call of its NumPy kernel does, in float32; forward and backward in the fast form

{table}

Calls are those of NumPy's functions and operators: before and after the loop over time, and in each step of it; at
B = 1 they are what costs. Products are those of matrices among them, packed where they share an operand. Operations
are the derivation's, element by element; they and the products are what costs where B is large.

The tape of T steps and B sequences holds {total} numbers a step and sequence, 4 bytes each in float32:
{tape}
Without a tape, forward(..., tape=False), it is the output and a thousand rows, or one step of a larger batch.
"""


def costs_text(cell: Cell) -> str:
    """The table of a cell, and what its tape holds."""
    costs = costs_of(Plan(Derivation(cell)))
    rows = [
        (p.name, *map(str, (p.calls, p.calls_a_step, p.products, p.products_a_step, p.operations)))
        for p in costs.passes
    ]
    tape = aligned([(f"  {name}", size) for name, size in costs.tape.items()])
    return _TEXT.format(
        name=cell.name or cell.key,
        table="\n".join(aligned([_COLUMNS, *rows], range(1, len(_COLUMNS)))),
        total=added(size for size in costs.tape.values() if size),
        tape="\n".join(tape),
    )
