"""The full Lyapunov spectrum of an LSTM, against torch.func.jacrev and a QR at every step.

    python3 run.py bench lyapunov [--quick] [--threads N] [--json FILE]

B = 1, D = H/2, S = 2H, float64, the same parameters and input for both. *Jacobians* is ds[t]/ds[t-1] at every step;
*spectrum* is all S exponents; *product* the multiplication J Q alone, which nobody can spare. Ours start from the
recorded run, as any measure does; PyTorch steps the cell, calls one jacrev of it, made and called before, and takes
torch.linalg.qr. Jacobians and exponents of both are checked to agree before any is timed. PyTorch is no dependency:
without it only our own times are measured.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from _measure import Options, interleaved, machine, options, progress, ratio, save, show, spread

from lstm_sym.cli.streams import standard_streams
from lstm_sym.flow import Trajectory, growth_rates, lyapunov, record
from lstm_sym.flow.spectra.triangular import random_columns
from lstm_sym.kernels import lstm

SIZES = (32, 64, 128)
STEPS = 200
BAR = 20  # times faster, at H = 64
AGREEMENT = 1e-8  # of the largest element of a Jacobian, and of the first exponent
HEADER = ("H", "what", "product ms a step", "ours ms a step", "PyTorch ms a step", "ratio", "bar")
ADVICE = "PyTorch is not installed, so nothing is compared: `pip install torch` into .venv (the extra `bench` has it)\n"

Calls = dict[str, Callable[[], Any]]


def trajectory_of(hidden: int, steps: int) -> Trajectory:
    """A run of an LSTM with forget bias 1 over Gaussian noise."""
    x = np.random.default_rng(0).standard_normal((steps, 1, hidden // 2))
    return record(lstm, lstm.init(hidden // 2, hidden, b_f=1.0), x)


def ours(trajectory: Trajectory) -> Calls:
    """Our Jacobians, and our spectrum."""

    def jacobians() -> Any:
        return [block.state for block in trajectory.blocks()]

    return {"Jacobians": jacobians, "spectrum": lambda: lyapunov(trajectory, burn_in=0).exponents}


def product_of(trajectory: Trajectory) -> Callable[[], Any]:
    """J Q for as many steps, without anything else."""
    jacobian = next(trajectory.blocks(np.arange(1))).state[0, 0]
    frame = random_columns(*jacobian.shape)
    return lambda: [jacobian @ frame for _ in range(len(trajectory))]


def torch_calls(trajectory: Trajectory, threads: int) -> Calls:
    """The same from torch.func.jacrev."""
    import torch

    torch.set_num_threads(threads)
    params = {name: torch.from_numpy(value) for name, value in trajectory.params._asdict().items()}
    weights, within, bias = (torch.cat([params[f"{kind}_{gate}"] for gate in "ifog"]) for kind in "WUb")
    x = torch.from_numpy(trajectory.x[:, 0])
    hidden = trajectory.width // 2

    def step(state: Any, x_t: Any) -> Any:
        h, c = state[:hidden], state[hidden:]
        a = weights @ x_t + within @ h + bias
        i, f, o = torch.sigmoid(a[: 3 * hidden]).chunk(3)
        c = f * c + i * torch.tanh(a[3 * hidden :])
        return torch.cat((o * torch.tanh(c), c))

    jacobian = torch.func.jacrev(step)

    def jacobians() -> Any:
        state, found = torch.zeros(2 * hidden, dtype=torch.float64), []
        for x_t in x:
            found.append(jacobian(state, x_t))
            state = step(state, x_t)
        return found

    def exponents() -> Any:
        state, frame = torch.zeros(2 * hidden, dtype=torch.float64), torch.from_numpy(start)
        sums = torch.zeros(2 * hidden, dtype=torch.float64)
        for x_t in x:
            frame, triangle = torch.linalg.qr(jacobian(state, x_t) @ frame)
            sums += torch.log(torch.abs(torch.diagonal(triangle)))
            state = step(state, x_t)
        return np.sort(sums.numpy() / len(x))[::-1]

    start = random_columns(2 * hidden, 2 * hidden)
    return {"Jacobians": jacobians, "spectrum": exponents}


def require_agreement(own: Calls, other: Calls) -> None:
    """Raises ValueError where Jacobians or exponents differ: what is not the same must not be compared by its time."""
    left, right = np.concatenate(own["Jacobians"]())[:, 0], np.array([np.asarray(j) for j in other["Jacobians"]()])
    for name, found, wanted in (
        ("Jacobians", left, right),
        ("exponents", own["spectrum"](), other["spectrum"]()),
        ("exponents of growth_rates", growth_rates(left).exponents, other["spectrum"]()),
    ):
        difference = np.abs(found - wanted).max() / np.abs(wanted).max()
        if not difference <= AGREEMENT:
            raise ValueError(f"{name} of both differ by {difference:.1e}")


def measure(hidden: int, chosen: Options) -> list[dict[str, Any]]:
    """Both quantities at one size."""
    steps = 40 if chosen.quick else STEPS
    trajectory = trajectory_of(hidden, steps)
    own = ours(trajectory)
    other = torch_calls(trajectory, chosen.threads) if find_spec("torch") else {}
    if other:
        require_agreement(own, other)
    results = []
    for what in own:
        calls = {"product": product_of(trajectory), "ours": own[what]} | ({"PyTorch": other[what]} if other else {})
        times = interleaved(calls, chosen.clock, 0.0, 2 if chosen.quick else 9)
        result = {name: spread([value / steps for value in values]) for name, values in times.items()}
        compared = {"ratio": ratio(times, "PyTorch", "ours")} if other else {}
        results.append({"hidden": hidden, "what": what, "bar": BAR if hidden == 64 else None, **result, **compared})
    return results


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    names = ("product", "ours", "PyTorch")
    times = [result[name].text(1e3) if name in result else "not installed" for name in names]
    if "ratio" not in result:
        return str(result["hidden"]), result["what"], *times, "none", "none"
    bar = result["bar"] and f"{BAR} {'met' if result['ratio'].median >= BAR else 'missed'}"
    return str(result["hidden"]), result["what"], *times, result["ratio"].text(), bar or "none"


def main() -> None:
    """Measure every size, and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    if find_spec("torch"):
        host["torch"] = version("torch")
    else:
        print(ADVICE)
    found = [measure(hidden, chosen) for hidden in progress(SIZES, lambda hidden: f"H {hidden}")]
    results = [result for both in found for result in both]
    show("Lyapunov spectrum of an LSTM, B 1, D = H/2, S = 2H, float64", host, HEADER, [row(r) for r in results])
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
