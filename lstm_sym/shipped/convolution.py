"""A convolution over time, as stands below recurrent layers."""

from __future__ import annotations

import numpy as np

from lstm_sym.kernels import Array


def convolved(x: Array, kernel: Array, bias: Array, stride: int) -> Array:
    """y[b, m, t] = sum over n, k of kernel[m, n, k] x[b, n, stride t + k - 1] + bias[m]; beyond both ends x is 0."""
    width = kernel.shape[-1]
    padded = np.pad(x, ((0, 0), (0, 0), (width // 2, width // 2)))
    cut = np.lib.stride_tricks.sliding_window_view(padded, width, axis=2)[:, :, ::stride]
    found: Array = np.tensordot(cut, kernel, axes=((1, 3), (1, 2))).transpose(0, 2, 1) + bias[:, None]
    return found
