"""Samples of everything that a figure is drawn of, and the figures of them."""

import csv
import io
from types import SimpleNamespace

import numpy as np

from lstm_sym import flow
from lstm_sym.flow.drawing import drawings, looks, style
from lstm_sym.flow.plots import fan, heatmap, profiles, saturation, shares, spectra, unfolded


def profile():
    rng = np.random.default_rng(0)
    logs = -0.2 * np.arange(31) + rng.normal(0, 0.3, (20, 31)).cumsum(axis=1)
    return flow.Profile("LSTM", logs, np.zeros((20, 2), int), np.full(20, -1), "h", "x", "frobenius")


def sensitivity_map(steps=30):
    t = np.arange(steps)
    logs = np.where(t > t[:, None], np.nan, -0.7 * (t[:, None] - t))
    logs[-3:, 2:5] = -np.inf
    return SimpleNamespace(model="LSTM", log_norms=logs, output="h", source="x")


def exponents():
    k = np.arange(12)
    cut = SimpleNamespace(model="relu", exponents=np.where(k < 9, 0.1 - 0.1 * k, -np.inf), errors=np.zeros(12))
    return [SimpleNamespace(model="LSTM", exponents=-0.05 * k, errors=np.full(12, 0.02)), cut]


def singular_values():
    k = np.arange(10)
    cut = np.where(k < 8, -1500.0 - 90 * k, -np.inf)
    many = -100 - 5.0 * np.stack([k, k + 1, k + 2])
    return [
        SimpleNamespace(model="RNN", log_values=cut, steps=900),
        SimpleNamespace(model="LSTM", log_values=many, steps=900),
    ]


def gate_shares():
    values = np.random.default_rng(0).normal(0.2, 0.2, (50, 3))
    values = np.c_[values, 1 - values.sum(axis=1)]
    return SimpleNamespace(model="LSTM", names=("f", "i", "o", "g"), steps=np.arange(10, 60), values=values)


def gates():
    rng = np.random.default_rng(0)
    return {name: rng.beta(0.3, 0.3, (50, 2, 9)) for name in "ifo"}


def network():
    logs = np.stack([[0.0] + [-np.inf] * 4, -0.4 * np.arange(5), [-3.0, -0.1, -np.inf, -0.5, -1.0]])
    opened = {"input": [1, 0, 0, 0.4, 1], "forget": [0, 1, 1, 0.95, 0.2], "output": [0, 1, 0, 1, 0.5]}
    return flow.Unfolded("LSTM", logs, {name: np.array(values, float) for name, values in opened.items()})


def law(label="forget gates", kind="prediction"):
    return SimpleNamespace(label=label, x=np.arange(31.0), log_values=-0.19 * np.arange(31), kind=kind)


def bind(save, *given, **options):
    return lambda folder, stem, **more: save(*given, folder, stem, **options, **more)


FIGURES = {
    "profiles": (bind(flow.save_profile_figure, [profile()]), profiles.LABELS),
    "fan": (bind(flow.save_fan, profile(), theory=[law(), law("bound", "bound")]), fan.LABELS),
    "map": (bind(flow.save_heat_map, sensitivity_map()), heatmap.LABELS),
    "exponents": (bind(flow.save_spectra, exponents()), spectra.LABELS),
    "singular": (bind(flow.save_singular_values, singular_values()), spectra.SINGULAR_LABELS),
    "shares": (bind(flow.save_shares, gate_shares()), shares.LABELS),
    "saturation": (bind(flow.save_saturation, gates(), model="LSTM"), saturation.LABELS),
    "unfolded": (bind(flow.save_unfolded, network()), unfolded.LABELS),
}


def drawn(monkeypatch, save, *given, **options):
    """The figure that a function draws, its titles in it, nothing written."""
    return laid_out(_asked(monkeypatch, save, *given, **options).draw)


def laid_out(draw):
    """A figure with its titles in it."""
    with style.styled():
        (sheet,) = drawings.laid_out([draw], looks.FILES)
        return sheet


def data(monkeypatch, save, *given, **options):
    """The rows of the CSV file that a function writes beside its figure, the figure not drawn."""
    asked = _asked(monkeypatch, save, *given, **options)
    return list(csv.DictReader(io.StringIO(drawings.csv_bytes(asked.columns, asked.rows).decode("utf-8"))))


def _asked(monkeypatch, save, *given, **options):
    """What a function gives to be drawn and written."""
    kept = []
    with monkeypatch.context() as patched:
        patched.setattr(drawings.Drawing, "save", lambda drawing, *_: kept.append(drawing))
        save(*given, "nowhere", "f", **options)
    return kept[0]
