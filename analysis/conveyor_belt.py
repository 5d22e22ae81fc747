"""What keeps the memory of an LSTM? Forget gates near 1 and input gates near 0: the cell state as a conveyor belt.

H = 32, 8 Gaussian inputs, kernel.init with the biases of both gates moved apart: f from half open to nearly 1, i from
half open to nearly 0. Measured: ||dc[T]/dc[T-lag]||, all paths; the direct path, on which nothing but the forget gates
acts; their product from the logarithms of the gates. With recurrent weights of zero all three are one. Writes the
figure (SVG, PNG), its data (CSV), and prints the table. `python3 run.py analysis conveyor_belt [--quick] [-o DIR]`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _experiment import Options, run, told

from lstm_sym import flow
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


def both(trajectory: flow.Trajectory, lags: int, ends: int) -> tuple[flow.Paths, np.ndarray]:
    """The flow to the cell state by its paths, and ln of the product of the forget gates: (end points, lags + 1)."""
    how = {"lags": lags, "ends": ends, "state": "c"}
    return flow.paths(trajectory, **how), theory.gate_product(trajectory, **how).log_norms()


def relative(logs: np.ndarray) -> np.ndarray:
    """The median over the end points, relative to lag 0: ln."""
    return np.median(logs - logs[:, :1], axis=0)


def curves_of(belt: Belt, found: flow.Paths, product: np.ndarray) -> list[flow.Curve]:
    """All paths, and the product of the forget gates."""
    steps = np.arange(product.shape[1])
    return [
        flow.Curve(belt.label, steps, relative(found.total)),
        flow.Curve(f"∏ f, {belt.label}", steps, relative(product), kind="theory", of=belt.label),
    ]


def table_row(belt: Belt, found: flow.Paths, product: np.ndarray) -> str:
    """What is left after all lags, by all paths, by the direct one and by the gates; and how far these two differ."""
    left = [np.exp(relative(logs)[-1]) for logs in (found.total, found.direct, product)]
    apart = np.abs(found.direct - product).max()
    return f"{belt.label:28}" + "".join(f"{value:12.4g}" for value in left) + f"{apart:12.1e}"


def main(chosen: Options) -> None:
    hidden, lags, ends = (8, 30, 3) if chosen.quick else (32, 60, 20)
    measured = [(belt, *both(run_of(belt, hidden, 3 * lags), lags, ends)) for belt in BELTS]
    curves = [curve for found in measured for curve in curves_of(*found)]
    title = "The cell state keeps what the forget gate lets pass"
    subtitle = "‖dc[T]/dc[T−lag]‖ of an LSTM relative to lag 0; dashed: the product of its forget gates alone"
    words = {"title": title, "subtitle": subtitle, "x": STEP, "y": "sensitivity relative to lag 0"}
    told(flow.save_curves(curves, chosen.output, "conveyor_belt", y_scale="ln", **words))
    print(f"left after {lags} steps{'':12}   all paths      direct         ∏ f    ln apart")
    for found in measured:
        print(table_row(*found))


if __name__ == "__main__":
    run(main, __doc__)
