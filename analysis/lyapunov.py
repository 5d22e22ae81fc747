"""How chaotic are random networks, and how fast do the directions of untrained cells fade? Lyapunov spectra.

Random networks x[t] = J tanh(x[t-1]), J_ij of variance g^2/N, over the gain g, beside the exponent of infinitely many
units by mean field; then all exponents of RNN, LSTM (forget bias 0, 1, 3) and GRU, driven by the same Gaussian input,
kernel.init. Writes both figures (SVG, PNG) and their data (CSV), and prints both tables.
`python3 run.py analysis lyapunov [--quick] [-o DIR]`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from _experiment import MODELS, Options, run, told

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.flow.theory import largest_exponent

NETWORK = "x[t] = J @ tanh(x[t-1])"


@dataclass(frozen=True)
class Plan:
    """The sizes of an experiment: units and draws of the random networks, their gains, and those of
    mean field; how many of the cells, their units and steps.
    """

    networks: dict[int, int]
    gains: tuple[float, ...]
    theory: int
    steps: int
    cells: int
    hidden: int
    cell_steps: int


QUICK = Plan({32: 2}, (0.5, 1.0, 2.0, 4.0), 8, 200, 2, 8, 300)
GAINS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
FULL = Plan({32: 16, 128: 8, 512: 4}, GAINS, 71, 1000, len(MODELS), 32, 4000)


def exponent(kernel: Any, gain: float, size: int, seed: int, steps: int) -> float:
    """lambda_1 of one random network, the first fifth of its steps left out."""
    rng = np.random.default_rng(seed)
    params = kernel.Params(J=gain / np.sqrt(size) * rng.standard_normal((size, size)))
    trajectory = flow.record(kernel, params, steps=steps, state=kernel.State(rng.standard_normal((1, size))))
    return float(flow.lyapunov(trajectory, count=1, burn_in=steps // 5).exponents[0])


def networks(plan: Plan) -> list[flow.Curve]:
    """lambda_1 over the gain: mean and standard deviation over the draws for every size, and mean field."""
    kernel = ls.build(ls.parse(NETWORK))
    report = flow.reporter("random networks")
    curves, total = [], len(plan.gains) * len(plan.networks)
    for size, draws in plan.networks.items():
        found = np.empty((len(plan.gains), draws))
        for at, gain in enumerate(plan.gains):
            found[at] = [exponent(kernel, gain, size, seed, plan.steps) for seed in range(draws)]
            report(len(curves) * len(plan.gains) + at + 1, total)
        mean, deviation = found.mean(axis=1), found.std(axis=1, ddof=1)
        curves.append(flow.Curve(f"N = {size}", plan.gains, mean, mean - deviation, mean + deviation))
    gains = np.linspace(plan.gains[0], plan.gains[-1], plan.theory)
    theory = [largest_exponent("tanh", gain) for gain in gains]
    return [*curves, flow.Curve("mean field", gains, theory, kind="theory")]


def spectra(plan: Plan) -> list[flow.LyapunovSpectrum]:
    """All exponents of each cell, driven by the same input."""
    x = np.random.default_rng(0).standard_normal((plan.cell_steps, 1, plan.hidden))
    found = []
    for model in MODELS[: plan.cells]:
        params = model.kernel.init(plan.hidden, plan.hidden, rng=np.random.default_rng(1), **model.fill)
        trajectory = flow.record(model.kernel, params, x, model=model.label)
        found.append(flow.lyapunov(trajectory, progress=flow.reporter(model.label)))
    return found


def tell_networks(curves: list[flow.Curve]) -> None:
    """lambda_1 at every gain, a column a size, mean field last."""
    measured = curves[:-1]
    print("lambda_1 of x[t] = J tanh(x[t-1]), nats a step, mean of the draws")
    print("   g " + "".join(f"{curve.label:>9}" for curve in measured) + "  mean field")
    for at, gain in enumerate(measured[0].x):
        values = "".join(f"{curve.y[at]:9.4f}" for curve in measured)
        print(f"{gain:5.2f}{values}{largest_exponent('tanh', gain):12.4f}")


def tell_spectra(found: list[flow.LyapunovSpectrum]) -> None:
    """The ends of every spectrum, what is read off it, and in how many steps its slowest direction halves."""
    print("\nexponents of untrained cells under Gaussian input, nats a step")
    print(f"{'cell':20}  lambda_1 +- error   lambda_S  dimension  entropy  slowest halves in")
    for one in found:
        first, last = one.exponents[0], one.exponents[-1]
        halves = f"{-np.log(2) / first:.1f} steps" if first < 0 else "never"
        numbers = f"{first:9.4f} +- {one.errors[0]:.4f} {last:10.3f} {one.dimension:10.2f} {one.entropy:8.3f}"
        print(f"{one.model:20} {numbers}  {halves}")


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    curves, found = networks(plan), spectra(plan)
    words = {"title": "Chaos in random networks", "x": "gain g", "y": "largest exponent λ₁ (nats a step)"}
    words["subtitle"] = "x[t] = J tanh(x[t−1]), J of variance g²/N; bands: one standard deviation"
    told(flow.save_curves(curves, chosen.output, "lyapunov_networks", **words))
    told(flow.save_spectra(found, chosen.output, "lyapunov_cells"))
    tell_networks(curves)
    tell_spectra(found)


if __name__ == "__main__":
    run(main, __doc__)
