"""Recomputed segments give the gradients of the stored tape, in the memory of one segment."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from through_time.batches import CELLS, LENGTHS, batch, error, named, results

from lstm_sym import through_time
from lstm_sym.kernels import lstm


def run(kernel, case, **options):
    params, state, dstate = named(kernel, case)
    found = through_time.forward(kernel, case.x, params, state, **options)
    return results(found, through_time.backward(case.dy, found[2], params, dstate))


@pytest.mark.parametrize("name", CELLS)
def test_checkpointed_is_stored(name):
    kernel, case = batch(name)
    stored = run(kernel, case, lengths=LENGTHS, precise=True)
    assert error(run(kernel, case, lengths=LENGTHS, precise=True, checkpoint=True), stored) <= 1e-13


@pytest.mark.parametrize("reverse", [False, True], ids=["ahead", "back"])
@pytest.mark.parametrize("checkpoint", [True, 1, 2, 3, 7, 99, 100, 400])
def test_any_number_of_segments_gives_the_same(checkpoint, reverse):
    lengths = (100, 20, 99, 0)
    kernel, case = batch("lstm", steps=100, lengths=lengths)
    stored = run(kernel, case, lengths=lengths, reverse=reverse)
    assert error(run(kernel, case, lengths=lengths, reverse=reverse, checkpoint=checkpoint), stored) <= 1e-13


@pytest.mark.parametrize("checkpoint", [None, True, 5])
def test_a_run_repeats_to_the_last_bit(checkpoint):
    kernel, case = batch("gru", steps=60, lengths=(60, 27, 60))
    first, second = (run(kernel, case, lengths=(60, 27, 60), checkpoint=checkpoint) for _ in range(2))
    assert error(second, first) == 0


def test_kept_are_the_states_at_the_starts_of_the_segments():
    """After T steps of one sequence: n states of (h, c), and no tape."""
    kernel, case = batch("lstm", steps=400, lengths=(400,))
    params, state, _ = named(kernel, case)
    _, _, tape = through_time.forward(kernel, case.x, params, state, checkpoint=True)
    assert len(tape.kept) == 20
    for segment, kept in zip(tape.plan.segments, tape.kept, strict=True):
        expected = kernel.forward(case.x[: segment.start], params, state)[1]
        assert all(np.allclose(*pair, rtol=1e-13) for pair in zip(kept, expected, strict=True))


def peak_of_gradient(steps: int, checkpoint: bool | None) -> int:
    """Bytes that forward and backward take at most, x and dy not counted."""
    x, dy = np.zeros((steps, 1, 1)), np.zeros((steps, 1, 16))
    params = lstm.init(1, 16)
    tracemalloc.start()
    try:
        _, _, tape = through_time.forward(lstm, x, params, checkpoint=checkpoint)
        through_time.backward(dy, tape, params)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_as_the_square_root_of_the_steps_beside_y_and_dx():
    """y takes 8 T H bytes, dx 8 T D; the rest a tape of about sqrt(T) steps, of less than 40 numbers a unit each."""
    for steps in (100, 900):
        outputs = 8 * steps * 17
        assert peak_of_gradient(steps, True) - outputs <= 8 * steps**0.5 * 16 * 40 + 2e5
    assert peak_of_gradient(900, None) > 3 * peak_of_gradient(900, True)


A_MILLION_STEPS = """
import resource, sys
import numpy as np
from lstm_sym import through_time
from lstm_sym.kernels import lstm
x = np.random.default_rng(0).standard_normal((1_000_000, 1, 32))
params = lstm.init(32, 32)
y, _, tape = through_time.forward(lstm, x, params, checkpoint=True)
grads = through_time.backward(y, tape, params)
assert all(np.isfinite(array).all() and array.any() for array in (grads.x, *grads.params))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
"""


@pytest.mark.long
def test_a_million_steps_take_less_than_a_gibibyte():
    """At B = 1, D = H = 32, loss half the sum of y^2, in a process of its own: MiB with Python, x, y and dx in it."""
    command = [sys.executable, "-c", A_MILLION_STEPS]
    assert float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) <= 1024
