"""Program -> derived programs: reverse mode, forward mode, Jacobians. One rule a statement kind."""

from lstm_sym.derivation.forward_mode import jvp
from lstm_sym.derivation.reverse_mode import vjp

__all__ = ["jvp", "vjp"]
