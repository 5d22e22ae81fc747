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

from lstm_sym.flow import measures, theory
from lstm_sym.flow.measures import *  # noqa: F403 the names of the table
from lstm_sym.flow.surveys import Survey, survey

__all__ = ["Survey", "survey", "theory"]
__all__ += measures.__all__
