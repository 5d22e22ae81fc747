"""The one sweep backwards along a run, and the measures that are made of it."""

import ast
from pathlib import Path

import numpy as np
import pytest

from lstm_sym import flow
from lstm_sym.flow.runs import sweeps
from lstm_sym.flow.runs.sweeps import sweep
from lstm_sym.kernels import henon, lstm

FLOW = Path(flow.__file__).parent
MEASURES = {
    "input": lambda run: flow.input_sensitivity(run, lags=9, ends=6).log_norms,
    "state": lambda run: flow.state_sensitivity(run, lags=9, ends=6, source="c").log_norms,
    "units": lambda run: flow.unit_sensitivity(run, lags=9, ends=6).log_norms,
    "paths": lambda run: flow.paths(run, lags=9, ends=6).round,
    "noise": lambda run: flow.signal_to_noise(run, lags=9, ends=6).log_noise,
    "map": lambda run: flow.time_map(run, first=8).log_norms,
    "parameters": lambda run: flow.contributions(run, lags=9).log_norms,
}
OF_THE_INPUT = {name: MEASURES[name] for name in ("input", "units", "noise", "map")}


def run_of(steps=24):
    return flow.record(lstm, lstm.init(3, 4), np.random.default_rng(0).standard_normal((steps, 2, 3)))


def value(matrices):
    return np.ldexp(matrices.mantissa, matrices.exponent[..., None, :])


@pytest.mark.parametrize("memory", [1, 2**26])
def test_what_is_carried_is_the_product_of_the_jacobians(memory, monkeypatch):
    monkeypatch.setattr(sweeps, "MEMORY", memory)
    run, ends = run_of(), np.array([12, 23, 14])
    (jacobians,) = [block.state for block in run.blocks()]
    start, seen = np.random.default_rng(1).standard_normal((2, 3, 5, 8)), []
    for back in sweep(run, start, ends, 6, first=9):
        for place, (point, lag) in enumerate(zip(back.points, back.lags, strict=True)):
            seen.append((int(point), back.step))
            assert lag == ends[point] - back.step
            wanted = start[:, point]
            for step in range(ends[point], back.step, -1):
                wanted = wanted @ jacobians[step]
            np.testing.assert_allclose(value(back.matrices)[:, place], wanted, rtol=1e-12, atol=1e-15)
    wanted = [(point, step) for point, end in enumerate(ends) for step in range(max(9, end - 6), end + 1)]
    assert sorted(seen) == wanted


def test_one_sequence_is_carried_as_among_all():
    run, start, ends = run_of(), np.eye(8)[None, None], np.array([20])
    both = [value(back.source(None)) for back in sweep(run, start, ends, 5)]
    alone = [value(back.source(None)) for back in sweep(run, start, ends, 5, sequence=1)]
    np.testing.assert_allclose(alone, np.array(both)[:, 1:], rtol=1e-13)


@pytest.mark.parametrize("name", MEASURES)
def test_little_memory_gives_the_same(name, monkeypatch):
    plenty = MEASURES[name](run_of())
    monkeypatch.setattr(sweeps, "MEMORY", 1)
    np.testing.assert_allclose(MEASURES[name](run_of()), plenty, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", OF_THE_INPUT)
def test_the_input_of_a_cell_that_reads_none_is_refused(name):
    state = henon.State(np.full((1, 1), 0.1), np.full((1, 1), 0.1))
    run = flow.record(henon, henon.Params(), steps=30, state=state)
    with pytest.raises(flow.FlowError, match="reads none"):
        OF_THE_INPUT[name](run)


def test_progress_is_told_of_every_step_of_every_group(monkeypatch):
    monkeypatch.setattr(sweeps, "MEMORY", 1)
    told = []
    flow.unit_sensitivity(run_of(), lags=4, ends=[10, 12], progress=lambda *call: told.append(call))
    assert told == [(done, 10) for done in range(1, 11)]


def test_the_recursion_stands_once():
    """The product with a carried exponent is taken by the sweep; paths, which carry three at once, say how."""
    users = set()
    for path in FLOW.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        users |= {path.relative_to(FLOW).as_posix()} if "times" in names else set()
    assert users == {"runs/sweeps.py", "attribution/pathways.py"}
