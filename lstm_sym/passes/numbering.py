"""Numbers of equations: F1, F2, ... forward, B1, ... backward, T1, ... tangent; the same in reports and in kernels."""

from __future__ import annotations

from lstm_sym.program.program import Program


def number_statements(*programs: Program) -> dict[str, str]:
    """Id of a statement -> its number, in order within its kind; a statement that stands in two programs has one."""
    numbers: dict[str, str] = {}
    counts: dict[str, int] = {}
    for program in programs:
        for statement in program.statements:
            identity = statement.provenance.id
            if identity not in numbers:
                kind = identity.split(".")[1][0].upper()
                counts[kind] = counts.get(kind, 0) + 1
                numbers[identity] = f"{kind}{counts[kind]}"
    return numbers
