"""Jacobians and the full Lyapunov spectrum of an LSTM, against torch.func, JAX, and the product J Q alone.

    python3 run.py bench lyapunov [--quick] [--threads N] [--json FILE]

B = 1, D = H/2, S = 2H, float64, the same parameters, input and states for all. *Jacobians* is ds[t]/ds[t-1] at every
step, all kept; *spectrum* all S exponents, of a frame that is made orthonormal; *product* the multiplication J Q alone,
which nobody can spare. Ours start from the recorded run, as any measure does. PyTorch calls one jacrev a step, or
vmap of it over all steps, and torch.linalg.qr at every step; JAX a compiled vmap of jacrev or jacfwd, and one compiled
scan. What is made and compiled before is not timed. Jacobians and exponents of all are checked to agree before any is
timed. Neither is a dependency: what is not installed is not compared, and the table says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _measure import Options, interleaved, machine, options, progress, ratio, save, show, spread

from lstm_sym.cli.streams import standard_streams
from lstm_sym.flow import Trajectory, growth_rates, lyapunov, record
from lstm_sym.flow.spectra.triangular import random_columns
from lstm_sym.kernels import lstm

SIZES = (32, 64, 128)
STEPS = 200
BARRED = 64  # the size that has bars
BARS = {("Jacobians", "torch jacrev"): 25, ("spectrum", "torch jacrev"): 6, ("spectrum", "JAX scan"): 1.8}
"""How many times faster than a peer."""
MOST = 3  # times the product alone, of the spectrum
AGREEMENT = 1e-8  # of the largest element of a Jacobian, and of the first exponent
HEADER = ("H", "what", "ours ms a step", "against", "its ms a step", "its over ours", "bar")
PEERS = {"torch": "the extra `bench` has it: pip install torch", "jax": "the extra `bench` has it: pip install jax"}

Calls = dict[str, Callable[[], Any]]


class Problem(NamedTuple):
    """What all of them are given.

    Attributes:
        run: the recorded run.
        states: (T, S), the state before each step.
        weights, within, bias: of all gates, i f o g one below the other.
        start: the frame before the first step, (S, S).
    """

    run: Trajectory
    states: Any
    weights: Any
    within: Any
    bias: Any
    start: Any

    @property
    def hidden(self) -> int:
        """H."""
        return self.run.width // 2

    @property
    def driven(self) -> Any:
        """What the input adds to the gates at each step, (T, 4 H)."""
        return self.run.x[:, 0] @ self.weights.T + self.bias


def problem_of(hidden: int, steps: int) -> Problem:
    """A run of an LSTM with forget bias 1 over Gaussian noise."""
    x = np.random.default_rng(0).standard_normal((steps, 1, hidden // 2))
    run = record(lstm, lstm.init(hidden // 2, hidden, b_f=1.0), x)
    tape, params = run.tape(0), run.params._asdict()
    states = np.concatenate([tape.h[:-1, 0], tape.c[:-1, 0]], axis=1)
    gates = (np.concatenate([params[f"{kind}_{gate}"] for gate in "ifog"]) for kind in "WUb")
    return Problem(run, states, *gates, random_columns(run.width, run.width))


def ours(problem: Problem) -> Calls:
    """Our Jacobians, and our spectrum."""
    run = problem.run
    return {
        "Jacobians": lambda: lstm.jacobian(run.tape(0), run.params)[:, 0],
        "spectrum": lambda: lyapunov(run, burn_in=0).exponents,
    }


def product_of(problem: Problem) -> Callable[[], Any]:
    """J Q for as many steps, without anything else."""
    jacobian = lstm.jacobian(problem.run.tape(0), problem.run.params, 0)[0]
    return lambda: [jacobian @ problem.start for _ in range(len(problem.run))]


def by_torch(problem: Problem, threads: int) -> dict[str, Calls]:
    """The same from torch.func.jacrev."""
    import torch

    torch.set_num_threads(threads)
    within, driven, states, start = map(
        torch.from_numpy, (problem.within, problem.driven, problem.states, problem.start)
    )
    hidden = problem.hidden

    def step(state: Any, given: Any) -> Any:
        h, c = state[:hidden], state[hidden:]
        a = given + within @ h
        i, f, o = torch.sigmoid(a[: 3 * hidden]).chunk(3)
        c = f * c + i * torch.tanh(a[3 * hidden :])
        return torch.cat((o * torch.tanh(c), c))

    jacobian = torch.func.jacrev(step)
    together = torch.func.vmap(jacobian)

    def exponents(jacobians: Any) -> Any:
        frame, sums = start, torch.zeros(2 * hidden, dtype=torch.float64)
        for matrix in jacobians:
            frame, triangle = torch.linalg.qr(matrix @ frame)
            sums += torch.log(torch.abs(torch.diagonal(triangle)))
        return np.sort(sums.numpy() / len(driven))[::-1]

    def one_by_one() -> Any:
        return map(jacobian, states, driven)

    return {
        "Jacobians": {
            "torch jacrev": lambda: torch.stack(list(one_by_one())).numpy(),
            "torch vmap(jacrev)": lambda: together(states, driven).numpy(),
        },
        "spectrum": {
            "torch jacrev": lambda: exponents(one_by_one()),
            "torch vmap(jacrev)": lambda: exponents(together(states, driven)),
        },
    }


def by_jax(problem: Problem, threads: int) -> dict[str, Calls]:
    """The same from JAX, compiled."""
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    within, driven, states, start = map(jnp.asarray, (problem.within, problem.driven, problem.states, problem.start))
    hidden = problem.hidden

    def step(state: Any, given: Any) -> Any:
        h, c = state[:hidden], state[hidden:]
        a = given + within @ h
        i, f, o = jnp.split(jax.nn.sigmoid(a[: 3 * hidden]), 3)
        c = f * c + i * jnp.tanh(a[3 * hidden :])
        return jnp.concatenate((o * jnp.tanh(c), c))

    def spectrum_by(differentiated: Callable[..., Any]) -> Callable[[], Any]:
        def along(frame: Any, at: Any) -> Any:
            frame, triangle = jnp.linalg.qr(differentiated(step)(*at) @ frame)
            return frame, jnp.log(jnp.abs(jnp.diagonal(triangle)))

        compiled = jax.jit(lambda frame, at: jax.lax.scan(along, frame, at)[1].mean(axis=0))
        return lambda: np.sort(np.asarray(compiled(start, (states, driven))))[::-1]

    def jacobians_by(differentiated: Callable[..., Any]) -> Callable[[], Any]:
        compiled = jax.jit(jax.vmap(differentiated(step)))
        return lambda: jax.block_until_ready(compiled(states, driven))

    return {
        "Jacobians": {"JAX jacfwd": jacobians_by(jax.jacfwd), "JAX jacrev": jacobians_by(jax.jacrev)},
        "spectrum": {"JAX scan": spectrum_by(jax.jacrev), "JAX scan, jacfwd": spectrum_by(jax.jacfwd)},
    }


def peers_of(problem: Problem, threads: int) -> dict[str, Calls]:
    """What there is to compare with, of each quantity."""
    found: dict[str, Calls] = {"Jacobians": {}, "spectrum": {}}
    for name, calls in (("torch", by_torch), ("jax", by_jax)):
        for what, peers in (calls(problem, threads) if find_spec(name) else {}).items():
            found[what] |= peers
    return found


def require_agreement(own: Calls, peers: dict[str, Calls]) -> None:
    """Raises ValueError where Jacobians or exponents differ: what is not the same must not be compared by its time."""
    wanted = {what: np.asarray(call()) for what, call in own.items()}
    found = {f"{what} of {name}": (what, call()) for what, calls in peers.items() for name, call in calls.items()}
    found["exponents of growth_rates"] = "spectrum", growth_rates(wanted["Jacobians"]).exponents
    for name, (what, value) in found.items():
        difference = np.abs(np.asarray(value) - wanted[what]).max() / np.abs(wanted[what]).max()
        if not difference <= AGREEMENT:
            raise ValueError(f"{name} and ours differ by {difference:.1e}")


def measure(hidden: int, chosen: Options) -> list[dict[str, Any]]:
    """Both quantities at one size, against every peer and the product, in turns."""
    steps = 40 if chosen.quick else STEPS
    problem = problem_of(hidden, steps)
    own, peers = ours(problem), peers_of(problem, chosen.threads)
    require_agreement(own, peers)
    results = []
    for what, call in own.items():
        calls = {"ours": call, "product": product_of(problem), **peers[what]}
        times = interleaved(calls, chosen.clock, 0.0, 3 if chosen.quick else 9)
        for name in list(calls)[1:]:
            result = {"hidden": hidden, "what": what, "against": name, "ratio": ratio(times, name, "ours")}
            for key, timed in (("ours", "ours"), ("its", name)):
                result[key] = spread([value / steps for value in times[timed]])
            if name == "product":
                result["over product"] = ratio(times, "ours", "product")
            results.append(result)
    return results


def row(result: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""
    what, name, at_size = result["what"], result["against"], result["hidden"] == BARRED
    bar = BARS.get((what, name)) if at_size else None
    verdict = "" if bar is None else f"{bar} {'met' if result['ratio'].median >= bar else 'missed'}"
    if name == "product":
        name, over = "the product J Q", result["over product"]
        if at_size and what == "spectrum":
            verdict = f"ours at most {MOST} of it, {'met' if over.median <= MOST else 'missed'}: {over.text()}"
    times = result["ours"].text(1e3, 3), name, result["its"].text(1e3, 3)
    return str(result["hidden"]), what, *times, result["ratio"].text(), verdict


def main() -> None:
    """Measure every size, and print one table."""
    chosen = options(__doc__ or "")
    host = machine(chosen.threads)
    for name, advice in PEERS.items():
        host[name] = version(name) if find_spec(name) else "not installed"
        if not find_spec(name):
            print(f"{name} is not installed, so that nothing is compared with it ({advice})\n")
    found = [measure(hidden, chosen) for hidden in progress(SIZES, lambda hidden: f"H {hidden}")]
    results = [result for each in found for result in each]
    title = "Jacobians and Lyapunov spectrum of an LSTM, B 1, D = H/2, S = 2H, float64"
    show(title, host, HEADER, [row(result) for result in results])
    save(chosen.json, Path(__file__).stem, host, results)


if __name__ == "__main__":
    with standard_streams():
        main()
