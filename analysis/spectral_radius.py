"""Does a gradient vanish or explode with the recurrent weights? A tanh RNN at several spectral radii, and its bounds.

H = 64, recurrent weights drawn from a Gaussian and scaled to the spectral radius rho, 8 Gaussian inputs; the
sensitivity ||dh[T]/dh[T-lag]|| beside Pascanu's bound (gamma sigma_max(U))^lag, which holds for any input, and beside
prod ||J[t]||, the bound along the path; and the rate of mean field. Writes two figures (SVG, PNG) with their data
(CSV), and prints the rates per step. `python3 run.py analysis spectral_radius [--quick] [-o DIR]`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _experiment import Options, run, told

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.flow import theory
from lstm_sym.kernels import rnn

INPUTS = 8
# H times the variance that the input adds to a pre-activation: W is drawn uniformly within 1 / sqrt(H).
INPUT_VARIANCE = INPUTS / 3


@dataclass(frozen=True)
class Plan:
    """The spectral radii, the units H, the lags, the draws of the weights, the end points of each."""

    radii: tuple[float, ...]
    hidden: int
    lags: int
    seeds: int
    ends: int


QUICK = Plan((0.5, 1.0, 2.0), 24, 20, 1, 5)
FULL = Plan((0.5, 0.75, 1.0, 1.25, 1.5, 2.0), 64, 60, 4, 20)


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found at one spectral radius, logarithms by lag, medians over all draws: (lags + 1,) each."""

    radius: float
    sensitivity: np.ndarray
    path: np.ndarray
    worst: np.ndarray
    mean_field: float

    @property
    def label(self) -> str:
        """Its name in figures."""
        return f"ρ = {self.radius:g}"


def measure(radius: float, plan: Plan) -> Measured:
    """The sensitivity at one spectral radius, and its bounds, over all draws."""
    found = [draw(radius, plan, seed) for seed in range(plan.seeds)]
    sensitivity, path, worst, variances = (np.median([one[k] for one in found], axis=0) for k in range(4))
    field = theory.mean_field("tanh", float(variances), INPUT_VARIANCE / plan.hidden)
    return Measured(radius, sensitivity, path, worst, field.largest_exponent)


def draw(radius: float, plan: Plan, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Sensitivity, path bound, bound for any input, and H times the variance of the weights, for one draw."""
    rng = np.random.default_rng(seed)
    params = rnn.init(INPUTS, plan.hidden, rng=rng, b=0.0)
    weights = rng.standard_normal((plan.hidden, plan.hidden))
    weights *= radius / np.abs(np.linalg.eigvals(weights)).max()
    params = params._replace(U=weights)
    trajectory = flow.record(rnn, params, rng.standard_normal((plan.lags + 140, INPUTS)))
    profile = flow.state_sensitivity(trajectory, lags=plan.lags, ends=plan.ends, norm="spectral")
    path = theory.path_bound(trajectory, lags=plan.lags, ends=plan.ends)
    worst = theory.worst_case(ls.cell("rnn"), params).overlay(profile.lags)
    return profile.median(), path.log_values, worst.log_values, plan.hidden * float(weights.var())


def tell(found: list[Measured]) -> None:
    """The rates per step, from the second half of the lags on, where the first steps no longer count."""
    print("rate of ||dh[T]/dh[T-lag]||, nats a step (below 0 it vanishes), tanh RNN; bounds beside it")
    print("  rho   measured  mean field  prod ||J||  gamma sigma_max")
    for one in found:
        middle, last = len(one.sensitivity) // 2, len(one.sensitivity) - 1
        rates = [(curve[last] - curve[middle]) / (last - middle) for curve in (one.sensitivity, one.path, one.worst)]
        print(f"{one.radius:5.2f} {rates[0]:10.4f} {one.mean_field:11.4f} {rates[1]:11.4f} {rates[2]:16.4f}")


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    report, found = flow.reporter("spectral radii"), []
    for radius in plan.radii:
        found.append(measure(radius, plan))
        report(len(found), len(plan.radii))
    lags = np.arange(plan.lags + 1)
    curves = [flow.Curve(one.label, lags, one.sensitivity) for one in found]
    words = {"title": "Gradients vanish or explode with the recurrent weights", "y_scale": "ln"}
    axes = {"x": "lag (steps back)", "y": "‖dh[T]/dh[T−lag]‖₂"}
    for stem, name, bounds in (
        ("spectral_radius", "(γ σ)^lag", [one.worst for one in found]),
        ("spectral_radius_path", "∏‖J‖", [one.path for one in found]),
    ):
        dotted = [
            flow.Curve(f"{name}, {one.label}", lags, bound, kind="bound", of=one.label)
            for one, bound in zip(found, bounds, strict=True)
        ]
        subtitle = f"tanh RNN, H = {plan.hidden}, spectral radius ρ; median; dotted: the bound {name}"
        told(flow.save_curves([*curves, *dotted], chosen.output, stem, subtitle=subtitle, **words, **axes))
    tell(found)


if __name__ == "__main__":
    run(main, __doc__)
