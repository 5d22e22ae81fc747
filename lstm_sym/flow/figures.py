"""The figure of sensitivity against lag, and the table of what it shows. matplotlib is imported when one is drawn."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_sym.flow.errors import FlowError
from lstm_sym.flow.files import write_whole
from lstm_sym.flow.profile import Profile
from lstm_sym.flow.scaled import Array
from lstm_sym.flow.words import translated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

LABELS = {
    "title": "How far back does the output feel its input?",
    "subtitle": "Median over {count} end points a model; band: 10–90 % of them; ring: half-life",
    "lag": "lag (steps back from the output)",
    "sensitivity": "sensitivity relative to lag 0",
    "half_life": "half-life {steps} steps",
    "no_half_life": "does not decay",
}
COLUMNS = ("model", "lag", "median", "q10", "q90")

# Okabe & Ito (2008), Color Universal Design: distinct with every form of colour blindness; dashes tell the rest apart.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
DASHES = ("solid", (0, (5, 1.6)), (0, (1.2, 1.4)))
INK, MUTED, GRID = "#1F2328", "#5F6872", "#E4E7EB"
# The second half holds Chinese, Japanese and Korean; whichever of them is installed is used.
FAMILIES = (
    "DejaVu Sans",
    "Noto Sans CJK TC",
    "Noto Sans CJK SC",
    "Noto Sans TC",
    "Microsoft JhengHei",
    "PingFang TC",
    "Heiti TC",
    "WenQuanYi Zen Hei",
)
SETTINGS: Any = {
    "svg.hashsalt": "lstm_sym",
    "svg.fonttype": "path",
    "font.size": 10.0,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "path.simplify": False,
}
# Inches: the axes, the margins around them, the room one label takes; the figure grows with its labels.
WIDTH, HEIGHT = 5.5, 3.4
LEFT, BOTTOM, TOP, EDGE = 0.8, 0.62, 0.88, 0.16
ROOM = 0.38
# Longer names are cut in the figure; the CSV has them whole.
LONGEST = 40


@dataclass(frozen=True, eq=False)
class _Curve:
    """What is drawn of one profile, in log10 relative to lag 0."""

    profile: Profile
    low: Array
    median: Array
    high: Array
    colour: str
    dashes: Any


def save_profile_figure(
    profiles: Sequence[Profile],
    folder: str | Path,
    stem: str,
    *,
    labels: Mapping[str, str] | None = None,
) -> list[Path]:
    """Draw the profiles against the lag, relative to lag 0, and return the files: stem.svg, stem.png, stem.csv.

    The lines are medians over the end points, the bands hold 10 to 90 % of them, the ring stands at the half-life.
    The CSV has the columns model, lag, median, q10, q90, the last three in log10. labels: other words for `LABELS`,
    in any language that an installed font can write. The same profiles give the same bytes. The folder is made;
    all three files are drawn before the first is written, and each is whole or not there.

    Raises FlowError: no profile, two of one name, a label that no installed font can write, a `stem` that is a path.
    """
    _refuse_unclear(profiles, stem)
    curves = [_curve(profile, index) for index, profile in enumerate(profiles)]
    words = translated(LABELS, labels)
    with _style():
        figure = _figure(curves, words)
        drawn = {
            "svg": _bytes(figure, "svg", metadata={"Date": None, "Creator": "lstm_sym"}),
            "png": _bytes(figure, "png", dpi=200, metadata={"Software": None}),
            "csv": _csv(curves),
        }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{stem}.{kind}" for kind in drawn]
    for path, data in zip(paths, drawn.values(), strict=True):
        write_whole(path, data)
    return paths


def _refuse_unclear(profiles: Sequence[Profile], stem: str) -> None:
    names = [profile.model for profile in profiles]
    twice = [name for name in names if names.count(name) > 1]
    if not profiles or twice:
        raise FlowError(
            "figure",
            f"two profiles are called {twice[0]!r}" if twice else "no profile",
            "the same cell with other parameters, or an empty selection",
            "give at least one profile, and every one a name of its own",
        )
    if not stem.strip(".") or set("/\\\0") & set(stem):
        raise FlowError(
            "figure",
            f"the stem {stem!r}",
            "a path given as the stem",
            "give the path as the folder, the name alone here",
        )


def _curve(profile: Profile, index: int) -> _Curve:
    low, median, high = profile.quantiles([0.1, 0.5, 0.9], relative=True) / np.log(10.0)
    dashes = DASHES[index // len(PALETTE) % len(DASHES)]
    return _Curve(profile, low, median, high, PALETTE[index % len(PALETTE)], dashes)


def _csv(curves: Sequence[_Curve]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for curve in curves:
        for lag, *values in zip(curve.profile.lags, curve.median, curve.low, curve.high, strict=True):
            writer.writerow([curve.profile.model, int(lag), *(repr(float(value)) for value in values)])
    return text.getvalue().encode("utf-8")


@contextmanager
def _style() -> Iterator[None]:
    """The settings of the figure alone; a character that no font has becomes an error instead of an empty box."""
    import matplotlib
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    families = [name for name in FAMILIES if name in installed]
    with warnings.catch_warnings(), matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS | {"font.family": families})
        warnings.filterwarnings("error", message=r"Glyph .* missing")
        try:
            yield
        except UserWarning as missing:
            raise FlowError(
                "figure, labels",
                str(missing).split(" missing")[0] + " cannot be written by any installed font",
                "a language whose font is not on this machine",
                "install one, as Noto Sans CJK, or use labels in English",
            ) from None


def _figure(curves: Sequence[_Curve], words: Mapping[str, str]) -> Figure:
    from matplotlib.figure import Figure

    height = max(HEIGHT, ROOM * len(curves))
    size = np.array([WIDTH + 2 * LEFT, height + BOTTOM + TOP])
    figure = Figure(figsize=tuple(size), facecolor="white")
    axes = figure.add_axes((LEFT / size[0], BOTTOM / size[1], WIDTH / size[0], height / size[1]))
    _frame(axes, curves, words)
    for order, curve in enumerate(curves):
        _draw(axes, curve, 1 - order / len(curves))
    texts = _name(axes, curves, words, ROOM / height)
    count = " / ".join(dict.fromkeys(str(len(curve.profile.log_norms)) for curve in curves))
    top = height + BOTTOM
    texts.append(_title(figure, words["title"], top + 0.6, fontsize=14.5, fontweight="bold"))
    texts.append(_title(figure, words["subtitle"].format(count=count), top + 0.3, fontsize=9.5, color=MUTED))
    _fit(figure, axes, texts)
    return figure


def _title(figure: Figure, text: str, height: float, **options: Any) -> Text:
    inches = figure.dpi_scale_trans
    return figure.text(EDGE, height, text, transform=inches, va="center", parse_math=False, **options)


def _fit(figure: Figure, axes: Axes, texts: Sequence[Text]) -> None:
    """Give the figure the margins that its texts need, and keep the axes as large as they are."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    box = axes.get_window_extent(renderer)
    scale = axes.yaxis.get_tightbbox(renderer)
    left = (box.x0 - scale.x0) / figure.dpi + EDGE if scale is not None else LEFT
    moved = max(left - LEFT, 0.0)
    right = max(text.get_window_extent(renderer).x1 for text in texts) / figure.dpi
    height = figure.get_size_inches()[1]
    width = right + moved + EDGE
    figure.set_size_inches(width, height)
    axes.set_position(((LEFT + moved) / width, BOTTOM / height, WIDTH / width, box.height / figure.dpi / height))


def _frame(axes: Axes, curves: Sequence[_Curve], words: Mapping[str, str]) -> None:
    from matplotlib.ticker import MaxNLocator

    low = min(float(curve.low.min()) for curve in curves)
    high = max(float(curve.high.max()) for curve in curves)
    margin = 0.04 * max(high - low, 1.0)
    axes.set_xlim(0, max(curve.profile.lags[-1] for curve in curves))
    axes.set_ylim(low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    _decades(axes, high - low)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0, pad=6, labelsize=9.5)
    axes.tick_params(axis="x", length=3)
    axes.set_xlabel(words["lag"], labelpad=6, parse_math=False)
    axes.set_ylabel(words["sensitivity"], labelpad=6, parse_math=False)


def _decades(axes: Axes, decades: float) -> None:
    """Ticks at powers of ten; at 1, 2, 5 times them where there are few, written as plain numbers."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    if decades > 2:
        axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.yaxis.set_major_formatter(lambda value, _: f"$10^{{{value:.0f}}}$" if value else "1")
        return
    low, high = axes.get_ylim()
    powers = range(int(np.floor(low)), int(np.ceil(high)))
    ticks = [power + float(np.log10(digit)) for power in powers for digit in (1, 2, 5)]
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{10.0**value:.2g}")


def _draw(axes: Axes, curve: _Curve, remaining: float) -> None:
    """Draw one curve; `remaining` falls from 1 to 0 and thins the lines, so that one shows under another."""
    lags, half_life = curve.profile.lags, curve.profile.half_life()
    axes.fill_between(lags, curve.low, curve.high, color=curve.colour, alpha=0.16, linewidth=0, zorder=2)
    line = {"color": curve.colour, "linestyle": curve.dashes, "zorder": 4 - remaining}
    axes.plot(lags, curve.median, linewidth=1.4 + 1.5 * remaining, **line)
    if half_life <= lags[-1]:
        axes.plot(
            half_life,
            np.interp(half_life, lags, curve.median),
            marker="o",
            markersize=4.8 + 3.6 * remaining,
            markerfacecolor="white",
            markeredgecolor=curve.colour,
            markeredgewidth=1.6,
            clip_on=False,
            zorder=6 - remaining,
        )


def _name(axes: Axes, curves: Sequence[_Curve], words: Mapping[str, str], gap: float) -> list[Text]:
    """Write model and half-life at the right end of every line, moved apart where lines end close together."""
    low, high = axes.get_ylim()
    ends = np.array([(curve.median[-1] - low) / (high - low) for curve in curves])
    texts = []
    for curve, end, height in zip(curves, ends, spread(ends, gap), strict=True):
        start = curve.profile.lags[-1] / axes.get_xlim()[1] + 0.008
        leader: Any = {"color": curve.colour, "linewidth": 0.8, "alpha": 0.7, "clip_on": False}
        axes.plot([start, 1.03, 1.045], [end, height, height], transform=axes.transAxes, **leader)
        name = curve.profile.model
        shown = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        bold: Any = {"fontsize": 10.5, "fontweight": "bold"}
        for text, shift, font in ((shown, 0.2, bold), (_steps(curve.profile, words), -0.24, {"fontsize": 9.0})):
            place = (1.055, height + shift * gap)
            options: Any = {"color": _dark(curve.colour), "va": "center", "parse_math": False, **font}
            texts.append(axes.text(*place, text, transform=axes.transAxes, **options))
    return texts


def _dark(colour: str) -> str:
    """The colour for text, which is read on white less easily than a line is seen."""
    return "#" + "".join(f"{round(0.7 * int(colour[at : at + 2], 16)):02X}" for at in (1, 3, 5))


def _steps(profile: Profile, words: Mapping[str, str]) -> str:
    """The half-life in words, in two digits."""
    steps = profile.half_life()
    if not np.isfinite(steps):
        return words["no_half_life"]
    return words["half_life"].format(steps=f"{steps:.1f}" if 1 <= steps < 10 else f"{float(f'{steps:.2g}'):g}")


def spread(heights: Array, gap: float) -> Array:
    """Heights moved as little as possible (least squares) so that they are `gap` apart, within 0 and 1, in their order.

    Where so many do not fit, they fill 0 to 1 evenly.
    """
    order = np.argsort(heights, kind="stable")
    count = len(heights)
    gap = min(gap, 1.0 / max(count - 1, 1))
    steps = gap * np.arange(count)
    # With the steps taken out, "gap apart" reads "not descending": pool the violators, the nearest such sequence.
    level = _ascending(heights[order] - steps).clip(0.0, max(1.0 - steps[-1], 0.0))
    moved = np.empty(count)
    moved[order] = level + steps
    return moved


def _ascending(values: Array) -> Array:
    """The ascending sequence nearest to values in least squares, by pooling adjacent violators."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])


def _bytes(figure: Figure, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, **options)
    return buffer.getvalue()
