"""Program -> derived programs: reverse mode, forward mode, Jacobians. One rule a statement kind."""

from lstm_sym.derivation.jvp import jvp
from lstm_sym.derivation.vjp import vjp

__all__ = ["jvp", "vjp"]
