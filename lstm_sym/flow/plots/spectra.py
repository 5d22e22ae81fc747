"""Spectra by index: Lyapunov exponents with their errors, and the singular values of a whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lstm_sym.flow.drawing.drawings import Drawing
from lstm_sym.flow.drawing.looks import Look
from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.plots.curves import Curve, Frame, curves_drawing
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum
from lstm_sym.flow.spectra.singular import SingularSpectrum
from lstm_sym.flow.translation import translated

LABELS = {
    "title": "Lyapunov spectrum",
    "subtitle": "Growth of a perturbation a step, all states together; ring: the largest, bars: standard error",
    "index": "index k",
    "exponent": "exponent λ (nats a step)",
    "largest": "λ₁ = {value} (k = 1)",
    "infinite": "▼ −∞: cut off exactly",
}
SINGULAR_LABELS = {
    "title": "Singular values of the whole run",
    "subtitle": "How much the Jacobian of {steps} steps stretches its directions",
    "band": "band: all sequences",
    "index": "index k",
    "value": "singular value",
    "zero": "▼ exactly 0",
}
# With more values than this, lines alone are drawn.
DOTTED = 64


def save_spectra(
    spectra: Sequence[LyapunovSpectrum],
    folder: str | Path,
    stem: str,
    *,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw the Lyapunov exponents of one or several models by index: stem.svg, stem.png, stem.csv.

    A ring marks the largest exponent; bars are one standard error to either side, none where it is NaN. labels: other
    words for `LABELS`. The CSV has the columns of `save_curves`, x the index from 1. Raises FlowError: what
    `save_curves` refuses, NaN exponents included.
    """
    return spectra_drawing(spectra, labels=labels).save(folder, stem, look)


def spectra_drawing(
    spectra: Sequence[LyapunovSpectrum],
    *,
    labels: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
) -> Drawing:
    """The figure of `save_spectra`, to be written; in the colours that models have on a page, by label."""
    words, given = translated(LABELS, labels), colours or {}
    curves = [_exponents(spectrum, words, given.get(spectrum.model, "")) for spectrum in spectra]
    frame = Frame(words["title"], words["subtitle"], words["index"], words["exponent"])
    return curves_drawing(curves, frame, {"infinite": words["infinite"]})


def _exponents(spectrum: LyapunovSpectrum, words: Mapping[str, str], colour: str) -> Curve:
    values = np.asarray(spectrum.exponents, np.float64)
    errors = np.asarray(spectrum.errors, np.float64)
    if values.ndim != 1 or errors.shape != values.shape or (errors < 0).any():
        raise FlowError(
            f"{spectrum.model}, spectrum",
            f"exponents of shape {values.shape} with errors of shape {errors.shape}, or an error below 0",
            "exponents and errors of different runs",
            "give one error, 0 or more, for each exponent",
        )
    around = np.nan_to_num(errors)
    note = words["largest"].format(value=f"{values[0]:.3g}".replace("-", "−")) if values.size else ""
    index = np.arange(1, len(values) + 1)
    ring = 1.0 if np.isfinite(values[:1]).any() else None
    dots = len(values) <= DOTTED
    bars = values - around, values + around
    return Curve(spectrum.model, index, values, *bars, note=note, ring=ring, dots=dots, colour=colour)


def save_singular_values(
    spectra: Sequence[SingularSpectrum],
    folder: str | Path,
    stem: str,
    *,
    labels: Mapping[str, str] | None = None,
    look: Look | None = None,
) -> list[Path]:
    """Draw singular values by index on a scale of powers of ten: stem.svg, stem.png, stem.csv.

    Of several sequences the median is drawn and a band from the smallest to the largest. Exact zeros are triangles.
    labels: other words for `SINGULAR_LABELS`. The CSV has the columns of `save_curves`, x the index from 1, log10.
    Raises FlowError: what `save_curves` refuses, NaN included.
    """
    words = translated(SINGULAR_LABELS, labels)
    steps = " / ".join(dict.fromkeys(str(spectrum.steps) for spectrum in spectra))
    curves = [_singular(spectrum) for spectrum in spectra]
    band = words["band"] if any(curve.low is not None for curve in curves) else ""
    subtitle = "; ".join(filter(None, [words["subtitle"].format(steps=steps), band]))
    frame = Frame(words["title"], subtitle, words["index"], words["value"], y_scale="ln")
    return curves_drawing(curves, frame, {"zero": words["zero"]}).save(folder, stem, look)


def _singular(spectrum: SingularSpectrum) -> Curve:
    logs = np.atleast_2d(np.asarray(spectrum.log_values, np.float64))
    index = np.arange(1, logs.shape[1] + 1)
    low, high = (logs.min(axis=0), logs.max(axis=0)) if len(logs) > 1 else (None, None)
    # The lower of the two middle ones: their mean, taken over an exact zero, would be one as well.
    middle = np.sort(logs, axis=0)[(len(logs) - 1) // 2]
    return Curve(spectrum.model, index, middle, low, high, dots=low is None and len(index) <= DOTTED)
