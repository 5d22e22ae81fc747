"""How far back do shipped models remember? Eight trained networks that packages of the package index bring along.

Each is fetched by pip, read without its framework, and proved to give out what its package does; then measured over
what its first recurrent layer reads in its task: the sensitivity of its output to its input so many steps before, by
lag, and the memory card. One that answers at the end of a sequence is measured there, over the real sequences; one that
reads in both directions on both sides. Beside each stands its twin, the same network untrained, with the parameters of
seed 0, over the same input. Writes a figure (SVG, PNG) with its data (CSV), a page and its numbers; no weights.
--quick measures g2p-en alone, in short. `python3 run.py analysis shipped_models [--quick] [-o DIR]`
"""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import _finding
import numpy as np
from _experiment import Options, run

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.networks import CellLayer, Recurrence
from lstm_sym.shipped import Opened, ShippedError, open_package, packages
from lstm_sym.studies.networks import runs_one_way

QUICK, SHORT = ("g2p-en",), {"length": 80, "lags": 20, "ends": 4}
ALONG = {"length": 1000, "lags": 60, "ends": 50}
"""How a stream is measured; of the other ways the table of the package says it."""
QUESTION = """Packages that people install ship trained recurrent networks. Each of these was fetched from the package
index, read without the framework that wrote it, and had to give out what its package itself does before it was
measured. Measured is the Frobenius norm of the derivative of what the network gives out at T with respect to what its
first recurrent layer reads at T − lag, relative to lag 0, over the input of its real task. Half-life: the steps in
which the median halves; lag50: within it lies half of the summed sensitivity; ≥: more lags would give more. *At the
end*: the model answers at the end of a sequence, and is measured there, by a backward pass over real sequences. *Both
sides*: it reads in both directions; lags are into the past, and the other direction stands in the numbers. All others
are measured along a stream in which the sequences of the task follow each other, without the resets of the task. The
twin is the same network with untrained parameters."""
SOURCE = """each package's own row; the recordings are five sentences of *Sense and Sensibility* read for LibriVox
(public domain), in the source archive of pocketsphinx 5.0.4. Fetched by `pip download`, checked by their SHA-256."""


@dataclass(frozen=True)
class Found:
    """What was measured of a model: its profile into the past, how it was measured, and the flow by equation."""

    opened: Opened
    profile: flow.measures.Profile
    card: flow.MemoryCard
    how: str
    future: list[float]
    shares: dict[str, float]


def measured(opened: Opened, short: bool) -> Found:
    """The profile of a model, by the way that fits it."""
    stream = opened.read.readout is None and runs_one_way(opened.model.network)
    given: Any = SHORT if short else ALONG if stream else {}
    found = ls.gradient_flow(package=opened, everything=False, **given)
    if not found.sides:
        shares = carried(opened) if stream else {}
        how = "stream" if stream else "at the end"
        return Found(opened, found.profiles[0], flow.memory_card(found.profiles[0]), how, [], shares)
    [sides], lags = found.sides, found.request.settings.lags
    lag, logs = sides.by_lag()
    past, later = (logs[:, (sign * lag >= 0) & (abs(lag) <= lags)] for sign in (1, -1))
    ends, seeds = sides.ends, np.full(len(sides.ends), -1)
    profile = flow.measures.Profile(opened.package.name, past, ends, seeds, sides.output, "x", sides.norm)
    future = np.median(later[:, ::-1] - past[:, :1], axis=0)
    return Found(opened, profile, flow.memory_card(profile), "both sides", future.tolist(), {})


def carried(opened: Opened) -> dict[str, float]:
    """The share of each equation in the flow along 60 steps of the stream, after 100 others."""
    kernel: Any = Recurrence(opened.model.network)
    x = np.concatenate(opened.sequences.sequences)[:160]
    own = {name: np.asarray(opened.model.params[name], np.float64) for name in kernel.Params._fields}
    trajectory = flow.record(kernel, kernel.Params(**own), x)
    last = len(trajectory) - 1
    return flow.gate_shares(trajectory, first=max(1, last - 60), last=last).mean()


def untrained(opened: Opened) -> Opened:
    """The same network with the parameters of seed 0."""
    _ = opened.read.readout  # of the trained network; the copy keeps it
    read = copy.copy(opened.read)
    read.model = replace(opened.model, params=opened.model.network.init(0))
    return Opened(opened.package, read, ())


def cells(opened: Opened) -> str:
    """LSTM 2 × 128, both directions."""
    layers = [layer for layer in opened.model.network.layers if isinstance(layer, CellLayer) and layer.cell.states]
    both = ", both directions" * (layers[0].direction == "both")
    return f"{layers[0].cell.key} {len(layers)} × {layers[0].size}{both}"


def half_life(found: Found) -> str:
    """The half-life in steps, and the time that they take where a step has one."""
    steps, rate = found.card.half_life, found.opened.sequences.sample_rate
    return f"{steps} steps" + (f" ({steps.value / rate:.2g} s)" if rate and np.isfinite(steps.value) else "")


def law(card: flow.MemoryCard) -> str:
    """What the curve follows over the lags measured."""
    if card.rate.high is not None and card.rate.high < 0:
        return "grows with the lag"
    return (card.law or "cannot tell").replace("_", " ")


def task_length(opened: Opened) -> float:
    """The mean steps of a sequence of the task; infinite where it never begins anew here."""
    lengths = opened.sequences.lengths
    return float(np.mean(lengths)) if len(lengths) > 1 else float("inf")


def row(found: Found, twin: Found) -> list[Any]:
    """The row of a model."""
    one, steps = found.opened.package, task_length(found.opened)
    most = max(found.shares.items(), key=lambda pair: abs(pair[1]), default=None)
    return [
        f"[{one.name} {one.version}]({one.content.source}), {one.content.licence}",
        one.task,
        cells(found.opened),
        one.step,
        f"{steps:.0f}" if np.isfinite(steps) else "—",
        found.how,
        half_life(found),
        str(found.card.lag50),
        law(found.card),
        "—" if most is None else f"{most[0]} {100 * most[1]:.0f} %",
        f"{twin.card.half_life}",
        found.opened.proof[0].line,
    ]


COLUMNS = (
    *("package", "task", "network", "step", "steps of the task", "measured", "half-life", "lag50", "law"),
    *("carried by", "half-life untrained", "proved"),
)


def figure(every: list[tuple[Found, Found]], folder: Path) -> list[Path]:
    """All decay curves into the past."""
    curves = []
    for found, _ in every:
        median, low, high = found.profile.quantiles([0.5, 0.25, 0.75], relative=True)
        curves.append(flow.Curve(found.opened.package.name, found.profile.lags, median, low, high, note=found.how))
    return flow.save_curves(
        curves,
        folder,
        "shipped_models",
        title="How far back do shipped models remember?",
        subtitle="‖d output[T] / d x[T − lag]‖ relative to lag 0: median, and the middle half of the end points",
        x="lag (steps of the model)",
        y="sensitivity relative to lag 0",
        y_scale="ln",
    )


def answer(every: list[tuple[Found, Found]]) -> str:
    """The half-life of each, and where it is longer than its task goes on."""
    lines = []
    for found, _ in every:
        steps = task_length(found.opened)
        beyond = f", longer than the {steps:.0f} steps after which its task begins anew"
        whole = found.card.half_life.value > steps
        one = found.opened.package
        lines.append(f"* **{one.name}**: {half_life(found)}{beyond * whole}. In the real task: {one.resets}.")
    return "Half-lives:\n\n" + "\n".join(lines)


def numbers(found: Found, twin: Found) -> dict[str, Any]:
    """What is kept of a model for JSON."""
    one = found.opened.package
    return {
        "version": one.version,
        "licence": one.content.licence,
        "archives": {content.archive.file: content.archive.sha256 for content in one.contents},
        "proof": [claim._asdict() for claim in found.opened.proof],
        "measured": found.how,
        "lengths": found.opened.sequences.lengths,
        "ln median": found.profile.median(relative=True),
        "ln median later": found.future,
        "ln median untrained": twin.profile.median(relative=True),
        "card": found.card.row(),
        "card untrained": twin.card.row(),
        "shares": found.shares,
    }


def main(chosen: Options) -> None:
    names = QUICK if chosen.quick else tuple(one.name for one in packages())
    report, every = flow.reporter("packages"), []
    try:
        for index, name in enumerate(names):
            opened = open_package(name)
            every.append((measured(opened, chosen.quick), measured(untrained(opened), chosen.quick)))
            report(index + 1, len(names))
    except ShippedError as error:
        sys.exit(f"shipped_models: {error}")
    finding = _finding.Finding(
        title="How far back do shipped models remember?",
        question=QUESTION,
        answer=answer(every),
        columns=COLUMNS,
        rows=[row(*pair) for pair in every],
        settings={"packages": len(every), "seed of the twins": 0, **(SHORT if chosen.quick else ALONG)},
        numbers={pair[0].opened.package.name: numbers(*pair) for pair in every},
        figures=figure(every, chosen.output),
        source=SOURCE,
    )
    _finding.write(finding, chosen, "shipped_models")


if __name__ == "__main__":
    run(main, __doc__)
