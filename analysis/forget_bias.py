"""How does the forget bias set the memory of an LSTM? Half-life against b_f, and chrono initialisation beside it.

H = 64, 8 Gaussian inputs, kernel.init, several draws. The half-life of dc[T]/dc[t], of dh[T]/dx[t] and of the product
of the forget gates, beside ln 2 / -ln sigmoid(b_f), where the gate hears nothing but its bias; then the sensitivity
by lag for one bias for all units against biases spread by chrono initialisation, each for dependencies of up to T_max
steps. A curve ends where the sensitivity of a draw no longer fades: above the critical gain the hidden path keeps alive
what the gates forget. Writes two figures (SVG, PNG) with their data (CSV), and prints the table.
`python3 run.py analysis forget_bias [--quick] [-o DIR]`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from _experiment import Options, run, told

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.flow import theory
from lstm_sym.flow.profiles.profile import pooled
from lstm_sym.inputs import gaussian, stream
from lstm_sym.kernels import lstm

INPUTS = 8


@dataclass(frozen=True)
class Plan:
    """Forget biases, units H, lags, draws, end points of each, steps before them, T_max of chrono initialisation."""

    biases: tuple[float, ...]
    hidden: int
    lags: int
    seeds: int
    ends: int
    settling: int
    longest: float

    @property
    def reach(self) -> dict[str, Any]:
        """What is measured: end points after the cells have filled, and the lags behind each."""
        first = self.settling + self.lags
        return {"lags": self.lags, "ends": np.linspace(first, first + 4 * self.ends, self.ends, dtype=int)}


QUICK = Plan((-1.0, 1.0, 3.0), 16, 30, 1, 5, 50, 30.0)
FULL = Plan((-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), 64, 150, 5, 10, 300, 100.0)


def parameters(plan: Plan, seed: int, **biases: Any) -> Any:
    """Parameters of one draw, with these biases."""
    drawn = lstm.init(INPUTS, plan.hidden, rng=np.random.default_rng(seed))
    return drawn._replace(**{name: np.broadcast_to(value, plan.hidden) for name, value in biases.items()})


def half_lives(bias: float, plan: Plan, x: Any) -> np.ndarray:
    """(seeds, 3): the half-life of dh/dx, of dc/dc and of the product of the forget gates, for every draw."""
    found = []
    for seed in range(plan.seeds):
        trajectory = flow.record(lstm, parameters(plan, seed, b_f=bias), x)
        whole = flow.input_sensitivity(trajectory, **plan.reach)
        cells = flow.state_sensitivity(trajectory, output="c", source="c", **plan.reach)
        gates = theory.gate_product(trajectory, **plan.reach).overlay()
        rate = np.polyfit(gates.x, gates.log_values, 1)[0]
        found.append([whole.half_life(), cells.half_life(), np.log(2.0) / -rate])
    return np.array(found)


def against_chrono(plan: Plan, x: Any) -> list[flow.Profile]:
    """dh[T]/dx[t] by lag: forget bias 1, one bias for T_max, biases drawn by chrono initialisation."""
    longest = float(theory.time_scale(ls.cell("lstm")).bias_for(plan.longest))
    profiles = []
    for label, biases in (
        ("forget bias 1", lambda _: {"b_f": 1.0}),
        (f"forget bias {longest:.2f}", lambda _: {"b_f": longest}),
        ("chrono", lambda seed: theory.chrono_biases(plan.hidden, plan.longest, np.random.default_rng(seed))),
    ):
        draws = [
            flow.record(lstm, parameters(plan, seed, **biases(seed)), x, model=label) for seed in range(plan.seeds)
        ]
        profiles.append(pooled([flow.input_sensitivity(draw, **plan.reach) for draw in draws]))
    return profiles


def curve(label: str, biases: tuple[float, ...], lives: np.ndarray) -> flow.Curve:
    """Median and range over the draws, lives (biases, seeds); it ends where a draw no longer fades."""
    finite = np.flatnonzero(np.isfinite(lives).all(axis=1))
    shown = lives[finite]
    return flow.Curve(label, np.array(biases)[finite], np.median(shown, axis=1), shown.min(axis=1), shown.max(axis=1))


def tell(biases: tuple[float, ...], found: np.ndarray, predicted: np.ndarray) -> None:
    """Half-lives in steps, the median over the draws; found (biases, seeds, 3); inf where nothing fades."""
    scale, gain = theory.time_scale(ls.cell("lstm")), theory.critical_gain(ls.cell("lstm"), ["b_f"])
    print("half-life in steps; prediction: ln 2 / -ln sigmoid(b_f)")
    print(f"critical gain at the origin: {gain.text()}; kernel.init draws weights of gain 1/sqrt(3) = {3**-0.5:.3f}")
    print(
        f"  b_f  {'dh/dx':>8} {'dc/dc':>8} {'gates':>8} {'prediction':>11} {'T = 1 + e^b_f':>14} {'critical gain':>14}"
    )
    for bias, lives, wanted in zip(biases, np.median(found, axis=1), predicted, strict=True):
        numbers = " ".join(f"{life:8.2f}" if np.isfinite(life) else f"{'never':>8}" for life in lives)
        print(
            f"{bias:5.1f}  {numbers} {wanted:11.2f} {float(scale.time_constant(bias)):14.2f} {gain.at(b_f=bias):14.3f}"
        )
    print()


def main(chosen: Options) -> None:
    plan = QUICK if chosen.quick else FULL
    x = stream(gaussian(plan.settling + plan.lags + 4 * plan.ends + 1, INPUTS, np.random.default_rng(0)))
    report, found = flow.reporter("forget biases"), []
    for bias in plan.biases:
        found.append(half_lives(bias, plan, x))
        report(len(found), len(plan.biases))
    lives = np.array(found)
    predicted = theory.time_scale(ls.cell("lstm")).half_life(np.array(plan.biases))
    labels = ("dh[T]/dx[t]", "dc[T]/dc[t]", "product of the gates")
    curves = [curve(label, plan.biases, lives[..., k]) for k, label in enumerate(labels)]
    curves.append(flow.Curve("ln 2 / −ln σ(b)", plan.biases, predicted, kind="theory"))
    words = {
        "title": "The forget bias sets the memory of an LSTM",
        "subtitle": f"H = {plan.hidden}, median and range of {plan.seeds} draws; dashed: gates that hear a bias alone",
        "x": "forget bias",
        "y": "half-life (steps)",
        "y_scale": "log",
    }
    told(flow.save_curves(curves, chosen.output, "forget_bias", **words))
    profiles = against_chrono(plan, x)
    told(flow.save_profile_figure(profiles, chosen.output, "forget_bias_chrono"))
    tell(plan.biases, lives, predicted)
    print(flow.table(profiles))


if __name__ == "__main__":
    run(main, __doc__)
