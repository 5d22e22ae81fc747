"""Sequences as they are, and gradients through long time: a library over any kernel.

    from lstm_sym import through_time
    from lstm_sym.kernels import lstm

    x, lengths = through_time.pad(sequences)                        # arrays (T_b, D) -> (T, B, D)
    y, state, tape = through_time.forward(lstm, x, params, lengths=lengths)
    dy = through_time.last_cotangent(d_last, len(x), lengths)       # of a loss of the last steps
    grads = through_time.backward(dy, tape, params)                 # grads.x, grads.params, grads.state

    through_time.forward(lstm, x, params, checkpoint=True)          # memory of sqrt(T) steps beside x and y
    through_time.bidirectional.forward(lstm, x, (params, other))    # both directions, outputs side by side
    through_time.truncated(lstm, x, params, dy=dy, window=200, every=50)
    through_time.rtrl(lstm, x, params, dy=dy)                       # forward in time, no tape
    through_time.jvp(lstm, x, params, x_dot=x_dot, lengths=lengths) # forward mode
    through_time.hessian(lstm, x, params, dy=dy)                    # second order, of a small network

NumPy is all that is imported.
"""

from lstm_sym.through_time import bidirectional
from lstm_sym.through_time.errors import SequenceError
from lstm_sym.through_time.influence import RTRL, OnlineGrads, rtrl
from lstm_sym.through_time.lengths import last, last_cotangent, lengths_of, mask_of, pad, reverse_within, unpad
from lstm_sym.through_time.second_order import Hessian, hessian
from lstm_sym.through_time.segmented import Tape, backward, forward
from lstm_sym.through_time.tangents import jvp
from lstm_sym.through_time.truncation import truncated

__all__ = [
    "RTRL",
    "Hessian",
    "OnlineGrads",
    "SequenceError",
    "Tape",
    "backward",
    "bidirectional",
    "forward",
    "hessian",
    "jvp",
    "last",
    "last_cotangent",
    "lengths_of",
    "mask_of",
    "pad",
    "reverse_within",
    "rtrl",
    "truncated",
    "unpad",
]
