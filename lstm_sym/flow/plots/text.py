"""The figures as text for the terminal: the map in shaded blocks, spectra as bars, the unfolded network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_sym.flow.attribution.unfolding import GATES, ROWS, Unfolded
from lstm_sym.flow.plots.heatmap import checked
from lstm_sym.flow.plots.unfolded import gate_mark
from lstm_sym.flow.profiles.maps import TimeMap
from lstm_sym.flow.profiles.tables import power, sparkline
from lstm_sym.flow.runs import refusals
from lstm_sym.flow.runs.scaling import Array
from lstm_sym.flow.spectra.exponents import LyapunovSpectrum
from lstm_sym.flow.translation import translated
from lstm_sym.ground.width import aligned

# From least to most; the second for a terminal that has ASCII alone.
SHADES, ASCII_SHADES = "░▒▓█", ".:*#"
ZERO = "0"
SIDE = 32

HEAT_WORDS = {
    "caption": "{model}: ‖d{output}[T]/d{source}[t]‖, T down, t across, {steps} steps",
    "scale": "{most} = {high}, {least} = {low}",
    "zero": "0: exactly 0",
}
SPECTRUM_WORDS = {
    "model": "model",
    "largest": "λ1",
    "smallest": "λk",
    "caption": "nats a step, ± standard error over the run; bars: the exponents by index, █ = {high}, ▁ = {low}",
    "infinite": "{count} of −∞",
}
UNFOLDED_WORDS = {
    "input": "input",
    "hidden": "hidden layer",
    "output": "output",
    "gate input": "input gate",
    "gate forget": "forget gate",
    "gate output": "output gate",
    "caption": "{model}: sensitivity to the input at step 1",
    "gates": "O open, - closed",
}


def heat_map_text(
    measured: TimeMap, *, side: int = SIDE, ascii_only: bool = False, labels: Mapping[str, str] | None = None
) -> str:
    """The map in at most `side` rows of blocks, each block the largest sensitivity within it.

    Four shades divide the decades evenly; 0 is an exact zero. ascii_only: shades in ASCII. labels: other words for
    `HEAT_WORDS`. Raises FlowError as `save_heat_map` does.
    """
    words = translated(HEAT_WORDS, labels)
    logs = checked(measured)
    blocks = _coarse(logs, side)
    shades = ASCII_SHADES if ascii_only else SHADES
    finite = blocks[np.isfinite(blocks)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    lines = ["".join(2 * _shade(value, low, high, shades) for value in row).rstrip() for row in blocks]
    named = {"model": measured.model, "output": measured.output, "source": measured.source}
    ends = {"high": power(high * np.log(10.0)), "low": power(low * np.log(10.0))}
    notes = [words["caption"].format(steps=logs.shape[1], **named)]
    notes += [words["scale"].format(most=shades[-1], least=shades[0], **ends)] if finite.size else []
    notes += [words["zero"]] if np.isneginf(blocks).any() else []
    text = "\n".join([*lines, "; ".join(notes)])
    return text.replace("‖", "||") if ascii_only else text


def _coarse(logs: Array, side: int) -> Array:
    """The largest value of every block; NaN for blocks above the diagonal."""
    down, across = (np.unique(np.linspace(0, size, min(side, size), endpoint=False).astype(int)) for size in logs.shape)
    # fmax passes over NaN where there is a number.
    rows: Array = np.fmax.reduceat(np.fmax.reduceat(logs, down, axis=0), across, axis=1)
    return rows


def _shade(value: float, low: float, high: float, shades: str) -> str:
    if np.isnan(value):
        return " "
    if np.isneginf(value):
        return ZERO
    share = (value - low) / (high - low) if high > low else 1.0
    return shades[min(int(share * len(shades)), len(shades) - 1)]


def spectrum_text(spectra: Sequence[LyapunovSpectrum], *, labels: Mapping[str, str] | None = None) -> str:
    """Lyapunov spectra as a table: the first and the last finite exponent with their errors, and all as bars.

    labels: other words for `SPECTRUM_WORDS`. Raises FlowError: no spectrum, two of one model.
    """
    refusals.refuse_unclear_names([spectrum.model for spectrum in spectra], "spectrum", "table")
    words = translated(SPECTRUM_WORDS, labels)
    finite = np.concatenate([spectrum.exponents[np.isfinite(spectrum.exponents)] for spectrum in spectra])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    rows = [[words["model"], words["largest"], words["smallest"], ""]]
    rows += [_spectrum_row(spectrum, low, high, words) for spectrum in spectra]
    return "\n".join([*aligned(rows), words["caption"].format(high=f"{high:.3g}", low=f"{low:.3g}")])


def _spectrum_row(spectrum: LyapunovSpectrum, low: float, high: float, words: Mapping[str, str]) -> list[str]:
    kept = np.isfinite(spectrum.exponents)
    values, errors = spectrum.exponents[kept], spectrum.errors[kept]
    lost = len(kept) - int(kept.sum())
    note = words["infinite"].format(count=lost) if lost else ""
    if not values.size:
        return [spectrum.model, "−∞", "−∞", note]
    ends = [f"{round(values[at], 3) + 0.0:.3f} ± {errors[at]:.3f}" for at in (0, -1)]
    bars = sparkline(values - high, low - high)
    return [spectrum.model, *ends, " ".join(filter(None, [bars, note]))]


def unfolded_text(
    network: Unfolded,
    *,
    decades: float | None = None,
    ascii_only: bool = False,
    labels: Mapping[str, str] | None = None,
) -> str:
    """The unfolded network as lines, output above, input below: a block a node, the gates as O, - or their value.

    The gates stand between the rows that they join, the forget gate under the hidden layer. decades, ascii_only:
    as in `save_unfolded` and `heat_map_text`; a node with less than half a percent of the largest sensitivity of its
    row is a dot. labels: other words for `UNFOLDED_WORDS`.
    """
    words = translated(UNFOLDED_WORDS, labels)
    shades = dict(zip(ROWS, network.shades(decades), strict=True))
    nodes = {name: [_node(share, ascii_only) for share in shades[name]] for name in ROWS}
    marks = {name: [gate_mark(float(value)) for value in values] for name, values in network.gates.items()}
    rows = [["", *(str(step + 1) for step in range(network.log_sensitivity.shape[1])), ""]]
    for kind, name in (
        ("", "output"),
        ("gate ", "output"),
        ("", "hidden"),
        *((("gate ", gate)) for gate in GATES[1::-1]),
    ):
        found = marks if kind else nodes
        rows += [[words[kind + name], *found[name], ""]] if name in found else []
    rows += [[words["input"], *nodes["input"], ""]]
    notes = [words["caption"].format(model=network.model), words["gates"] if marks else ""]
    return "\n".join([*aligned(rows), "; ".join(filter(None, notes))])


def _node(share: float, ascii_only: bool) -> str:
    """A block as dark as its share; under half a percent a dot, in ASCII a low line."""
    if share < 0.005:
        return "_" if ascii_only else "·"
    return 2 * _shade(float(share), 0.0, 1.0, ASCII_SHADES if ascii_only else SHADES)
