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

from lstm_sym.flow import theory
from lstm_sym.flow.advice.precision import (
    PrecisionHorizon,
    RoundedGradient,
    loss_scale,
    precision_horizon,
    rounded_gradient,
    scale_to_reach,
)
from lstm_sym.flow.advice.summary import Advice, advice_text, advise
from lstm_sym.flow.advice.truncation import Truncation, TruncationError, bias_curve, truncation_error, truncation_length
from lstm_sym.flow.attribution.gates import gate_values, log_gates
from lstm_sym.flow.attribution.pathways import Paths, carried_state, paths
from lstm_sym.flow.attribution.shares import Shares, gate_shares
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.memory.card import Estimate, MemoryCard, memory_card, memory_table
from lstm_sym.flow.memory.decay import Decay, fit_decay
from lstm_sym.flow.memory.laws import Law
from lstm_sym.flow.plots.colours import GateColour, gate_colours
from lstm_sym.flow.plots.curves import Curve, save_curves
from lstm_sym.flow.plots.fan import save_fan
from lstm_sym.flow.plots.heatmap import save_heat_map
from lstm_sym.flow.plots.profiles import save_profile_figure
from lstm_sym.flow.plots.saturation import save_saturation
from lstm_sym.flow.plots.shares import save_shares
from lstm_sym.flow.plots.spectra import save_singular_values, save_spectra
from lstm_sym.flow.plots.text import heat_map_text, spectrum_text, unfolded_text
from lstm_sym.flow.plots.unfolded import save_unfolded
from lstm_sym.flow.profiles.experiment import Model, recorded, run
from lstm_sym.flow.profiles.maps import TimeMap, time_map
from lstm_sym.flow.profiles.noise import SignalToNoise, signal_to_noise
from lstm_sym.flow.profiles.parameters import Contributions, contributions
from lstm_sym.flow.profiles.profile import Profile
from lstm_sym.flow.profiles.sensitivity import input_sensitivity, state_sensitivity
from lstm_sym.flow.profiles.tables import table
from lstm_sym.flow.profiles.unfolding import Unfolded, unfold
from lstm_sym.flow.profiles.units import UnitProfiles, unit_sensitivity
from lstm_sym.flow.runs.feedback import closed_loop
from lstm_sym.flow.runs.trajectory import Trajectory, record
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum, growth_rates, lyapunov
from lstm_sym.flow.spectra.singular import SingularSpectrum, singular_spectrum
from lstm_sym.flow.surveys import Survey, survey
from lstm_sym.ground.progress import reporter
from lstm_sym.kernels import Kernel

__all__ = [
    "Advice",
    "Contributions",
    "Curve",
    "Decay",
    "Estimate",
    "FlowError",
    "GateColour",
    "Kernel",
    "Law",
    "LyapunovSpectrum",
    "MemoryCard",
    "Model",
    "Paths",
    "PrecisionHorizon",
    "Profile",
    "RoundedGradient",
    "Shares",
    "SignalToNoise",
    "SingularSpectrum",
    "Survey",
    "TimeMap",
    "Trajectory",
    "Truncation",
    "TruncationError",
    "Unfolded",
    "UnitProfiles",
    "advice_text",
    "advise",
    "bias_curve",
    "carried_state",
    "closed_loop",
    "contributions",
    "fit_decay",
    "gate_colours",
    "gate_shares",
    "gate_values",
    "growth_rates",
    "heat_map_text",
    "input_sensitivity",
    "log_gates",
    "loss_scale",
    "lyapunov",
    "memory_card",
    "memory_table",
    "paths",
    "precision_horizon",
    "record",
    "recorded",
    "reporter",
    "rounded_gradient",
    "run",
    "save_curves",
    "save_fan",
    "save_heat_map",
    "save_profile_figure",
    "save_saturation",
    "save_shares",
    "save_singular_values",
    "save_spectra",
    "save_unfolded",
    "scale_to_reach",
    "signal_to_noise",
    "singular_spectrum",
    "spectrum_text",
    "state_sensitivity",
    "survey",
    "table",
    "theory",
    "time_map",
    "truncation_error",
    "truncation_length",
    "unfold",
    "unfolded_text",
    "unit_sensitivity",
]
