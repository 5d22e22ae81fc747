"""Statements over vectors: an immutable straight-line program (SSA) for one time step, and the loop around it.

Input: a `Cell`. Output: a `Program`, on which derivation rules, passes and emitters work. Time stays a loop; matrices
enter only through `Affine`, so matrix products stay nodes until code is emitted.
"""

from lstm_sym.program.lowering import lower
from lstm_sym.program.program import Carry, Program, ProgramError
from lstm_sym.program.statements import (
    Accumulate,
    Affine,
    Contribution,
    Maximum,
    Pointwise,
    Provenance,
    Statement,
    Term,
)
from lstm_sym.program.values import Operator, Role, Value

__all__ = [
    "Accumulate",
    "Affine",
    "Carry",
    "Contribution",
    "Maximum",
    "Operator",
    "Pointwise",
    "Program",
    "ProgramError",
    "Provenance",
    "Role",
    "Statement",
    "Term",
    "Value",
    "lower",
]
