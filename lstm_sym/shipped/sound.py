"""Recordings as numbers, and what models of speech make of them: frames, spectra, bands of pitch."""

from __future__ import annotations

import numpy as np

from lstm_sym.inputs.sound import read_sound
from lstm_sym.kernels import Array

RATE = 16_000
"""Samples per second of all recordings here."""


def samples(data: bytes, name: str) -> Array:
    """The samples of a recording in [-1, 1), float32: of a .wav file, or of bare 16-bit numbers."""
    if data.startswith(b"RIFF"):
        return read_sound(data, name).sequences[0][:, 0].astype(np.float32)
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(2**15)


def frames(x: Array, length: int, step: int) -> Array:
    """Stretches of `length` samples, one every `step`: (count, length), a view."""
    return np.lib.stride_tricks.sliding_window_view(x, length)[::step]


def power_spectrum(x: Array, window: int, step: int) -> Array:
    """|DFT|^2 of frames about every `step`-th sample, under a periodic Hann window: (1 + len(x) // step, window/2 + 1).

    Beyond both ends of x there are zeros.
    """
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    cut = frames(np.pad(x, window // 2), window, step)
    found: Array = np.abs(np.fft.rfft(cut * hann, axis=-1)) ** 2
    return found


def mel_filters(bands: int, window: int, rate: int = RATE) -> Array:
    """Triangular filters (bands, window/2 + 1), evenly spaced in Slaney's mel from 0 Hz to rate/2, of area 1 in Hz.

    Slaney (1998), Auditory Toolbox: linear below 1 kHz, 3/200 mel a Hz, and above it 27 mel for each factor 6.4.
    """
    edges = _hertz(np.linspace(0.0, _mel(rate / 2), bands + 2))
    bins = np.fft.rfftfreq(window, 1 / rate)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    found: Array = np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)
    return found


_LINEAR, _FROM, _STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _mel(hertz: float) -> float:
    return float(hertz / _LINEAR if hertz < _FROM else _FROM / _LINEAR + np.log(hertz / _FROM) / _STEP)


def _hertz(mel: Array) -> Array:
    above = _FROM * np.exp(_STEP * (mel - _FROM / _LINEAR))
    return np.where(mel < _FROM / _LINEAR, _LINEAR * mel, above)
