"""What keeps the memory of an LSTM? Forget gates near 1 and input gates near 0: the cell state as a conveyor belt.

H = 32, 8 Gaussian inputs, kernel.init with the biases of both gates moved apart: f from half open to nearly 1, i from
half open to nearly 0. Measured: ||dc[T]/dc[T-lag]||, all paths; the direct path, on which nothing but the forget gates
acts; their product from the logarithms of the gates. With recurrent weights of zero all three are one. Writes the
figure (SVG, PNG), its data (CSV), and prints the table. `python3 run.py analysis conveyor_belt [--quick] [-o DIR]`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _experiment import options, told

from lstm_sym import flow
from lstm_sym.cli.streams import standard_streams
from lstm_sym.flow import theory
from lstm_sym.inputs import gaussian, stream
from lstm_sym.kernels import lstm

INPUTS = 8
STEP = "lag (steps back)"


@dataclass(frozen=True)
class Belt:
    """An LSTM with these biases: gates sigmoid(forget) and sigmoid(-forget) at rest; closed: no recurrent weights."""

    label: str
    forget: float
    closed: bool = False


BELTS = (
    Belt("f ≈ 0.5, i ≈ 0.5", 0.0),
    Belt("f ≈ 0.95, i ≈ 0.05", 3.0),
    Belt("f ≈ 0.998, i ≈ 0.002", 6.0),
    Belt("f ≈ 0.95, i ≈ 0.05, U = 0", 3.0, closed=True),
)


def run_of(belt: Belt, hidden: int, steps: int) -> flow.Trajectory:
    """The belt over Gaussian input."""
    params = lstm.init(INPUTS, hidden, rng=np.random.default_rng(0), b_f=belt.forget, b_i=-belt.forget)
    if belt.closed:
        params = params._replace(**{name: np.zeros((hidden, hidden)) for name in ("U_i", "U_f", "U_g", "U_o")})
    x = stream(gaussian(steps, INPUTS, np.random.default_rng(1)))
    return flow.record(lstm, params, x, model=belt.label)


def relative(logs: np.ndarray) -> np.ndarray:
    """The median over the end points, relative to lag 0: ln."""
    return np.median(logs - logs[:, :1], axis=0)


def curves_of(belt: Belt, trajectory: flow.Trajectory, lags: int, ends: int) -> list[flow.Curve]:
    """All paths, and the product of the forget gates."""
    found = flow.paths(trajectory, lags=lags, ends=ends, state="c")
    product = theory.gate_product(trajectory, lags=lags, ends=ends, state="c")
    steps = np.arange(lags + 1)
    return [
        flow.Curve(belt.label, steps, relative(found.total)),
        flow.Curve(f"∏ f, {belt.label}", steps, relative(product.log_norms()), kind="theory", of=belt.label),
    ]


def table_row(belt: Belt, trajectory: flow.Trajectory, lags: int, ends: int) -> str:
    """What is left after all lags, by all paths, by the direct one and by the gates; and how far these two differ."""
    found = flow.paths(trajectory, lags=lags, ends=ends, state="c")
    product = theory.gate_product(trajectory, lags=lags, ends=ends, state="c").log_norms()
    left = [np.exp(relative(logs)[-1]) for logs in (found.total, found.direct, product)]
    apart = np.abs(found.direct - product).max()
    return f"{belt.label:28}" + "".join(f"{value:12.4g}" for value in left) + f"{apart:12.1e}"


def main() -> None:
    chosen = options(__doc__)
    hidden, lags, ends = (8, 30, 3) if chosen.quick else (32, 60, 20)
    runs = {belt: run_of(belt, hidden, 3 * lags) for belt in BELTS}
    curves = [curve for belt, run in runs.items() for curve in curves_of(belt, run, lags, ends)]
    title = "The cell state keeps what the forget gate lets pass"
    subtitle = "‖dc[T]/dc[T−lag]‖ of an LSTM relative to lag 0; dashed: the product of its forget gates alone"
    names = {"x": STEP, "y": "sensitivity relative to lag 0"}
    told(
        flow.save_curves(curves, chosen.output, "conveyor_belt", title=title, subtitle=subtitle, y_scale="ln", **names)
    )
    print(f"left after {lags} steps{'':12}   all paths      direct         ∏ f    ln apart")
    for belt, run in runs.items():
        print(table_row(belt, run, lags, ends))


if __name__ == "__main__":
    with standard_streams():
        main()
