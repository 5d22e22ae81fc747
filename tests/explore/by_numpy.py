"""What the page computes, computed again with the kernel of NumPy: in chunks of one step, with cotangents carried."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_sym.explore.levers import PUSHED
from lstm_sym.explore.subject import Subject, drawn_input
from lstm_sym.interpreter.over_time import run_forward


def measured(subject: Subject, settings: dict[str, Any]) -> dict[str, Any]:
    """The sensitivity of each step, of each state to a source, the means of the gates: as measure() of the page."""
    steps, seed, unit, source = (settings[key] for key in ("steps", "seed", "unit", "source"))
    x = drawn_input(subject.inputs, seed)[:steps]
    params, kernel = [_moved(subject, settings, t) for t in range(steps)], subject.kernel
    size = kernel.forward(x[:0], params[0])[0].shape[2]
    rows = range(size) if not unit else [unit - 1]
    sensitivity = _backwards(kernel, x, params, np.eye(size)[list(rows)])
    felt = _forwards(kernel, x, params, source - 1)
    felt[subject.cell.output] = felt[subject.cell.output][..., list(rows)]
    norms = {name: np.sqrt((value**2).sum(axis=(1, 2))) for name, value in felt.items()}
    return {"sensitivity": sensitivity, "felt": norms, "gates": _means(subject, x, params)}


def _moved(subject: Subject, settings: dict[str, Any], t: int) -> Any:
    params = subject.params(settings["seed"])._asdict()
    params |= {name: settings["scale"] * params[name] for name in subject.levers.roles.recurrent}
    for lever in subject.levers.gates:
        offset = settings["offsets"].get(lever.gate.name, 0.0)
        held = settings["held"].get(lever.gate.name, "").ljust(t + 1, ".")[t]
        push = {"1": PUSHED, "0": -PUSHED, ".": offset}[held]
        params[lever.bias] = params[lever.bias] + lever.sign * push
    return subject.kernel.Params(**params)


def _backwards(kernel: Any, x: Any, params: list[Any], cotangents: Any) -> Any:
    """||d y[T] / d x[t]||, all cotangents as one batch, one chunk after the other."""
    batch, state, tapes = len(cotangents), None, []
    for t, one in enumerate(params):
        _, state, tape = kernel.forward(np.repeat(x[t : t + 1], batch, axis=1), one, state, precise=True)
        tapes.append(tape)
    sensitivity, dstate, dy = np.zeros(len(x)), None, cotangents[None]
    for t in reversed(range(len(x))):
        grads = kernel.backward(dy, tapes[t], params[t], dstate)
        sensitivity[t], dstate, dy = np.sqrt((grads.x**2).sum()), grads.state, np.zeros_like(dy)
    return sensitivity


def _means(subject: Subject, x: Any, params: list[Any]) -> dict[str, Any]:
    """The mean of each gate over its units at each step: its equations, statement by statement."""
    state, found = None, {lever.gate.name: np.zeros(len(x)) for lever in subject.levers.gates}
    for t, one in enumerate(params):
        begun = state or subject.kernel.forward(x[:0], one)[1]
        (values,) = run_forward(subject.plan.program, x[t : t + 1], one._asdict(), begun._asdict())
        for lever in subject.levers.gates:
            found[lever.gate.name][t] = values[lever.gate].mean()
        _, state, _ = subject.kernel.forward(x[t : t + 1], one, state)
    return found


def _forwards(kernel: Any, x: Any, params: list[Any], source: int) -> dict[str, Any]:
    """d s[t] / d x[source] and d y[t] / d x[source], by forward mode: name -> (T, D, N)."""
    size, state, tangent, rows = x.shape[2], None, None, []
    for t, one in enumerate(params):
        step = np.repeat(x[t : t + 1], size, axis=1)
        start = np.eye(size)[None] if t == source else None
        _, y_dot, state, tangent = kernel.jvp(step, one, state, x_dot=start, state_dot=tangent)
        rows.append({kernel.OUTPUT: y_dot[0], **tangent._asdict()})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
