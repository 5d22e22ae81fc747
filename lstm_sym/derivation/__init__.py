"""Program -> derived programs: reverse mode, forward mode, Jacobians. One rule a statement kind; nothing else is known."""

from lstm_sym.derivation.vjp import vjp
from lstm_sym.derivation.jvp import jvp

__all__ = ["jvp", "vjp"]
