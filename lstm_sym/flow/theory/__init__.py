"""What theory says of the gradient flow, to be drawn beside what is measured.

    from lstm_sym.flow import theory

    theory.critical_point("tanh", 0.05).weight_variance          # 1.7609546...
    theory.largest_exponent("tanh", 3.0)                          # 0.310249...: x' = J tanh(x), J_ij ~ N(0, 9 / N)

Whatever depends on a cell is derived from the cell's equations with SymPy, which is imported when it is needed.
"""

from lstm_sym.flow.theory.activation import Activation, activation
from lstm_sym.flow.theory.gaussian import expectation
from lstm_sym.flow.theory.mean_field import MeanField, critical_point, largest_exponent, mean_field
from lstm_sym.flow.theory.overlay import Overlay

__all__ = [
    "Activation",
    "MeanField",
    "Overlay",
    "activation",
    "critical_point",
    "expectation",
    "largest_exponent",
    "mean_field",
]
