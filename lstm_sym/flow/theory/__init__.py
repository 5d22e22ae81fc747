"""What theory says of the gradient flow, to be drawn beside what is measured.

    from lstm_sym.flow import theory

    theory.critical_point("tanh", 0.05).weight_variance       # 1.7609546...: the critical line of mean field
    theory.largest_exponent("tanh", 3.0)                      # 0.310249...: x' = J tanh(x), J_ij ~ N(0, 9 / N)
    theory.critical_gain(ls.cell("gru"), ["b_r"]).text()      # '1 + exp(-b_r)'
    theory.time_scale(ls.cell("lstm")).bias_for(50.0)         # 3.89...: the forget bias for 50 steps
    theory.path_bound(trajectory, lags=60)                    # an Overlay, as is every curve of this room

Whatever depends on a cell is derived from the cell's equations with SymPy, which is imported when it is needed.
"""

from lstm_sym.flow.calculus.activations import Activation, activation
from lstm_sym.flow.calculus.at_origin import Origin, origin
from lstm_sym.flow.calculus.gaussian import expectation
from lstm_sym.flow.theory.chrono import TimeScale, chrono_biases, time_scale
from lstm_sym.flow.theory.fisher import FisherMemory, fisher_memory
from lstm_sym.flow.theory.forget_gates import GateProduct, gate_product
from lstm_sym.flow.theory.gains import CriticalGain, critical_gain
from lstm_sym.flow.theory.ghosts import FixedPoints, SaddleNode, saddle_node
from lstm_sym.flow.theory.overlay import Overlay
from lstm_sym.flow.theory.pascanu import WorstCase, path_bound, slope_bound, worst_case
from lstm_sym.flow.theory.random_networks import MeanField, critical_point, largest_exponent, mean_field

__all__ = [
    "Activation",
    "CriticalGain",
    "FisherMemory",
    "FixedPoints",
    "GateProduct",
    "MeanField",
    "Origin",
    "Overlay",
    "SaddleNode",
    "TimeScale",
    "WorstCase",
    "activation",
    "chrono_biases",
    "critical_gain",
    "critical_point",
    "expectation",
    "fisher_memory",
    "gate_product",
    "largest_exponent",
    "mean_field",
    "origin",
    "path_bound",
    "saddle_node",
    "slope_bound",
    "time_scale",
    "worst_case",
]
