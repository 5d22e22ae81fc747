"""Gradient-flow measures: how far back the output of a recurrent cell feels its input, on any kernel.

    from lstm_sym import flow
    from lstm_sym.kernels import lstm, rnn

    models = [flow.Model("RNN", rnn), flow.Model("LSTM, forget bias 1", lstm, fill={"b_f": 1.0})]
    profiles = flow.run(models, x, hidden=64, lags=60, ends=50, seeds=range(4))      # x (T, D) or (T, B, D)
    print(flow.table(profiles))
    flow.save_profile_figure(profiles, "out", "sensitivity")

Everything is computed from kernel.jacobian and kernel.input_jacobian with the logarithm of every norm carried, so a
sensitivity of 10^-5000 is as exact as one of 0.5. NumPy is all that is imported; matplotlib only to draw.
"""

from lstm_sym.flow.advice.precision import (
    PrecisionHorizon,
    RoundedGradient,
    loss_scale,
    precision_horizon,
    rounded_gradient,
    scale_to_reach,
)
from lstm_sym.flow.advice.summary import Advice, advice_text, advise, forget_bias
from lstm_sym.flow.advice.truncation import Truncation, TruncationError, bias_curve, truncation_error, truncation_length
from lstm_sym.flow.closed_loop import closed_loop
from lstm_sym.flow.decay import Decay, fit_decay
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.experiment import Model, run
from lstm_sym.flow.laws import Law
from lstm_sym.flow.lyapunov import LyapunovSpectrum, growth_rates, lyapunov
from lstm_sym.flow.memory import Estimate, MemoryCard, memory_card, memory_table
from lstm_sym.flow.plots.curves import Curve, save_curves
from lstm_sym.flow.plots.profiles import save_profile_figure
from lstm_sym.flow.profile import Profile
from lstm_sym.flow.progress import reporter
from lstm_sym.flow.sensitivity import input_sensitivity, state_sensitivity
from lstm_sym.flow.signal_to_noise import SignalToNoise, signal_to_noise
from lstm_sym.flow.singular import SingularSpectrum, singular_spectrum
from lstm_sym.flow.table import table
from lstm_sym.flow.trajectory import Kernel, Trajectory, record

__all__ = [
    "Advice",
    "Curve",
    "Decay",
    "Estimate",
    "FlowError",
    "Kernel",
    "Law",
    "LyapunovSpectrum",
    "MemoryCard",
    "Model",
    "PrecisionHorizon",
    "Profile",
    "RoundedGradient",
    "SignalToNoise",
    "SingularSpectrum",
    "Trajectory",
    "Truncation",
    "TruncationError",
    "advice_text",
    "advise",
    "bias_curve",
    "closed_loop",
    "fit_decay",
    "forget_bias",
    "growth_rates",
    "input_sensitivity",
    "loss_scale",
    "lyapunov",
    "memory_card",
    "memory_table",
    "precision_horizon",
    "record",
    "reporter",
    "rounded_gradient",
    "run",
    "save_curves",
    "save_profile_figure",
    "scale_to_reach",
    "signal_to_noise",
    "singular_spectrum",
    "state_sensitivity",
    "table",
    "truncation_error",
    "truncation_length",
]
