"""All checks of a network: those of a cell, over all of its layers at once, and those of what only sequences have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from lstm_sym.check.by_autograd import errors_beside, gradient_errors
from lstm_sym.check.case import FORMS, Array, Case, Named
from lstm_sym.check.complex_step import STEP
from lstm_sym.check.contract import SINGLE, single_error
from lstm_sym.check.dot import check_dot
from lstm_sym.check.networks.case import AsKernel, loss_by_equations, random_network_case, smooth_network_case
from lstm_sym.check.networks.equations import loss_by_equation, run_network
from lstm_sym.check.result import CheckResult, relative_error, worst
from lstm_sym.check.taylor import check_taylor
from lstm_sym.ground.progress import Progress, tell
from lstm_sym.networks import LOSSES, CellLayer, Network, NetworkError, Recurrence

LENGTHS = (6, 2, 5, 1)
COMPONENTS = 4
"""So many units of the first input a complex step is made of."""


def _gradients(kernel: AsKernel, case: Case) -> Named:
    return dict(autograd.grad(lambda given: loss_by_equations(kernel, case, given, anp))(case.named))


def check_gradients(network: Network, *, steps: int = 5, batch: int = 3, seed: int = 0) -> CheckResult:
    """Every gradient of both forms against autograd on the equations of all layers: <= 1e-13."""
    kernel, case = random_network_case(network, steps=steps, batch=batch, seed=seed)
    return _by_autograd(kernel, case, _gradients(kernel, case))


def check_lengths(network: Network) -> CheckResult:
    """The same over sequences of different lengths, each alone by its equations; what the padding holds is not read."""
    kernel, case = random_network_case(network, steps=max(LENGTHS), batch=len(LENGTHS), seed=1, lengths=LENGTHS)
    expected = _gradients(kernel, case)
    padding = np.arange(max(LENGTHS))[:, None] >= np.array(LENGTHS)
    case.x[padding] = np.nan
    if kernel.words is not None:
        kernel.words[padding] = -1
    return _by_autograd(kernel, case, expected)


def _by_autograd(kernel: AsKernel, case: Case, expected: Named) -> CheckResult:
    name, error = worst(gradient_errors(kernel, case, expected))
    what = f"{len(expected)} gradients against autograd on the equations"
    return CheckResult("", what, error, 1e-13, f"{name}; {case.label}")


def check_long(network: Network, steps: int = 201) -> CheckResult:
    """d y[T-1] / d x[0] by complex steps of the equations, in the precise form: <= 1e-12.

    Where layers read backward alone it is d y[0] / d x[T-1]. T is halved as long as the gradient is exactly zero.
    """
    network = network.over_vectors
    kernel, case = random_network_case(network, steps=steps, batch=1, seed=5)
    ends = (-1, 0) if any(not _backward(layer) for layer in network.layers) else (0, -1)
    expected = _by_complex_steps(network, case, *ends)
    while not expected.any() and len(case.x) > 2:
        case = replace(case, x=case.x[: len(case.x) // 2])
        expected = _by_complex_steps(network, case, *ends)
    params = kernel.Params(**case.params)
    y, _, tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=True)
    dy = np.zeros_like(y)
    dy[ends[0]] = case.dy[ends[0]]
    found = kernel.backward(dy, tape, params).x[ends[1], 0, : expected.size]
    what = f"dy/dx over {len(case.x) - 1} steps, |gradient| {np.abs(expected).max():.0e}"
    return CheckResult("", what, relative_error(found, expected), 1e-12, case.label)


def _by_complex_steps(network: Network, case: Case, end: int, start: int) -> Array:
    """d <dy, y[end]> / d x[start], of the first units of x."""
    found = np.zeros(min(network.inputs, COMPONENTS))
    for k in range(found.size):
        x = case.x.astype(complex)
        x[start, 0, k] += 1j * STEP
        y, _ = run_network(network, x, case.params, case.state, np)
        found[k] = (y[end][0].imag * case.dy[end].reshape(-1)).sum() / STEP
    return found


def _backward(layer: Any) -> bool:
    return isinstance(layer, CellLayer) and layer.direction == "backward"


def check_remainder(network: Network) -> CheckResult:
    """The order of the Taylor remainder of the layers above an embedding, away from kinks: >= 1.98.

    Over fewer steps where many maxima, or units of relu, leave no case away from all of their kinks.
    """
    drawn = (smooth_network_case(network.over_vectors, steps=steps, seed=10) for steps in (10, 3, 1))
    found = next((case for case in drawn if case is not None), None)
    return _left_out("kinks", "every case drawn is near a kink") if found is None else check_taylor(*found)


EPISODES = ((0, 3, 5), (0, 2))
"""The first steps of the episodes of two sequences of 7 steps; the second begins anew."""


def check_episodes(network: Network) -> CheckResult:
    """Output and gradients with resets in mid-sequence against each episode as a sequence of its own: <= 1e-12.

    The state given enters with the first episode of a sequence that does not begin anew, that of a layer which runs
    from the last step to the first with the last episode.
    """
    if network.pools:
        return _left_out("one vector a sequence", "it pools, and has no episodes within a sequence")
    kernel, case = random_network_case(network, steps=7, batch=2, seed=2)
    reset = np.zeros((7, 2), bool)
    reset[[3, 5], 0] = reset[[0, 2], 1] = True
    x: Any = case.x if kernel.words is None else kernel.words
    y, _, tape = network.forward(x, case.params, case.state, reset=reset)
    whole = network.backward(case.dy, tape, case.params)
    errors, total = {}, {name: np.zeros_like(value) for name, value in case.params.items()}
    first = {name: np.zeros_like(value) for name, value in case.state.items()}
    for b, starts in enumerate(EPISODES):
        for start, stop in zip(starts, (*starts[1:], 7), strict=True):
            part = slice(start, stop), slice(b, b + 1)
            given = [name for name in case.state if (stop == 7 if network.reads_back(name) else start == b == 0)]
            state = network.fresh(case.params, 1) | {name: case.state[name][b : b + 1] for name in given}
            own, _, kept = network.forward(x[part], case.params, state)
            grads = network.backward(case.dy[part], kept, case.params)
            errors[f"y[{start}:{stop}]"] = relative_error(y[part], own)
            errors[f"dx[{start}:{stop}]"] = 0.0 if whole.x is None else relative_error(whole.x[part], grads.x)
            total = {name: total[name] + value for name, value in grads.params.items()}
            for name in given:
                first[name][b] = grads.state[name][0]
    found = whole.params | {f"{name}[0]": value for name, value in whole.state.items()}
    expected = total | {f"{name}[0]": value for name, value in first.items()}
    name, error = worst(errors | errors_beside(found, expected))
    return CheckResult("", "5 episodes with resets against each by itself", error, 1e-12, f"{name}; {case.label}")


def check_windows(network: Network) -> CheckResult:
    """Two windows, the state carried from one to the other and its cotangent back, against one run: <= 1e-12."""
    backward = any(isinstance(layer, CellLayer) and layer.direction != "forward" for layer in network.layers)
    if backward or network.pools:
        return _left_out("reads to the end", "what it gives out at a step depends on later ones")
    kernel, case = random_network_case(network, steps=8, seed=3)
    x: Any = case.x if kernel.words is None else kernel.words
    y, last, tape = network.forward(x, case.params, case.state)
    whole = network.backward(case.dy, tape, case.params, case.dstate)
    y_low, between, low = network.forward(x[:3], case.params, case.state)
    y_high, end, high = network.forward(x[3:], case.params, between)
    upper = network.backward(case.dy[3:], high, case.params, case.dstate)
    lower = network.backward(case.dy[:3], low, case.params, upper.state)
    errors = {"y": relative_error(np.concatenate((y_low, y_high)), y)}
    errors |= {name: relative_error(end[name], value) for name, value in last.items()}
    errors |= {f"d {name}[0]": relative_error(lower.state[name], value) for name, value in whole.state.items()}
    sums = {name: lower.params[name] + upper.params[name] for name in case.params}
    name, error = worst(errors | errors_beside(sums, whole.params))
    return CheckResult("", "two windows with the state carried against one run", error, 1e-12, f"{name}; {case.label}")


def check_state_jacobian(network: Network) -> CheckResult:
    """Products of the Jacobians of the whole step over all states, as flow takes them, against backward: <= 1e-12."""
    network = network.over_vectors
    try:
        kernel = Recurrence(network)
    except NetworkError:
        return _left_out("reads to the end", "what it gives out at a step depends on later ones")
    if not kernel.State._fields:
        return _left_out("no state", "no layer has a state")
    _, case = random_network_case(network, batch=1, seed=4)
    params, state = kernel.Params(**case.params), kernel.State(**case.state)
    _, _, tape = kernel.forward(case.x, params, state, precise=True)
    carried = np.concatenate([case.dstate[name][0] for name in kernel.State._fields])
    jacobians, driven = kernel.jacobian(tape, params)[:, 0], kernel.input_jacobian(tape, params)[:, 0]
    found = np.zeros_like(case.x[:, 0])
    for t in reversed(range(len(case.x))):
        found[t] = carried @ driven[t]
        carried = carried @ jacobians[t]
    _, _, own = network.forward(case.x, case.params, case.state, precise=True)
    grads = network.backward(None, own, case.params, case.dstate)
    assert grads.x is not None  # it reads vectors
    first = np.concatenate([grads.state[name][0] for name in kernel.State._fields])
    error = max(relative_error(carried, first), *map(relative_error, found, grads.x[:, 0]))
    return CheckResult(
        "", f"products of Jacobians ({first.size}, {first.size}) against backward", error, 1e-12, case.label
    )


def check_loss(network: Network) -> CheckResult:
    """The loss and its gradient against autograd on its equation: <= 1e-13."""
    if network.loss is None:
        return _left_out("no loss", "it has no loss")
    loss, rng = network.loss, np.random.default_rng(6)
    z = rng.standard_normal((6, network.widths[-1]))
    target = rng.random(z.shape) if loss is not LOSSES["softmax"] else rng.dirichlet(np.ones(z.shape[1]), 6)

    def mean(given: Any) -> Any:
        rows = zip(given, target, strict=True)
        return sum(loss_by_equation(loss, row[None], wanted[None], anp) for row, wanted in rows) / len(target)

    value, gradient = loss.value(z, target)
    error = max(relative_error(value, mean(z)), relative_error(gradient, autograd.grad(mean)(z)))
    return CheckResult("", f"{loss.name}: value and gradient against autograd on its equation", error, 1e-13, "B 6")


def check_single(network: Network) -> CheckResult:
    """Output and gradients in float32 beside float64: arrays of float32 throughout, and the same numbers: <= 1e-4."""
    kernel, case = random_network_case(network, batch=5, seed=7)
    errors = {"": 0.0}
    for form, precise in FORMS.items():
        runs = []
        for dtype in (np.float32, np.float64):
            x, dy = case.x.astype(dtype), case.dy.astype(dtype)
            params = kernel.Params(*(value.astype(dtype) for value in case.params.values()))
            y, last, tape = kernel.forward(x, params, precise=precise)
            grads = kernel.backward(dy, tape, params)
            runs.append({"y": y, **last._asdict(), **{f"d {k}": v for k, v in grads.params._asdict().items()}})
        largest = max(float(np.abs(value).max(initial=0)) for value in runs[1].values())
        for name, value in runs[0].items():
            errors[f"{name} ({form})"] = single_error(value, runs[1][name], largest)
    name, error = worst(errors)
    return CheckResult("", "output and gradients beside float64", error, SINGLE, f"{name}; {case.label}")


def _left_out(key: str, why: str) -> CheckResult:
    return CheckResult("", why, 0.0, 1e-12, left_out=key)


NETWORK_CHECKS: dict[str, Callable[[Network], CheckResult]] = {
    "autograd": check_gradients,
    "lengths": check_lengths,
    "complex step": check_long,
    "dot test": lambda network: check_dot(*random_network_case(network, steps=20, seed=9)),
    "Taylor": check_remainder,
    "episodes": check_episodes,
    "windows": check_windows,
    "state Jacobian": check_state_jacobian,
    "loss": check_loss,
    "float32": check_single,
}
"""Name -> check of a network."""

QUICK = ("autograd", "lengths", "dot test", "loss")


def check_network(
    network: Network, *, quick: bool = False, progress: Progress | None = None
) -> tuple[CheckResult, ...]:
    """Run every check on a network at its own sizes (the quick ones alone if `quick`), over drawn sequences.

    What its cells compute is checked besides by `check_cell`.
    """
    chosen = [name for name in NETWORK_CHECKS if not quick or name in QUICK]
    results = []
    for done, name in enumerate(chosen):
        tell(progress, done, len(chosen))
        results.append(replace(NETWORK_CHECKS[name](network), name=name))
    tell(progress, len(chosen), len(chosen))
    return tuple(results)
