"""What a step of the NumPy kernel is: few calls, and of all that reads no state none."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls


def loop_of(text: str) -> list[str]:
    """The statements of the loop of the forward pass."""
    body = text.split("\ndef _forward(")[1].split("\ndef ")[0]
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("#")]
    begin = next(k for k, line in enumerate(lines) if line.startswith("    for "))
    inside = [line[8:].split("  #")[0] for line in lines[begin + 1 :]]
    return inside[: next(k for k, line in enumerate(lines[begin + 1 :]) if not line.startswith("        "))]


@pytest.mark.parametrize("name", ["min_gru", "min_lstm", "qrnn"])
def test_a_step_of_a_cell_whose_gates_read_no_state_is_a_product_and_a_sum(name: str) -> None:
    update, rotation = loop_of(ls.generate(name))
    assert re.fullmatch(r"(\w+)_t \+= \w+_prev \* \w+_t", update) and " = " in rotation


def kernel_of(text: str, name: str) -> Any:
    """The module of a text."""
    module = ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("name", ["lstm", "lstm_peephole", "nested_lstm"])
def test_one_tanh_for_all_gates_changes_no_bit(name: str) -> None:
    text = ls.generate(name)
    apart = text.replace("shared, half = dtype == np.float32 and not precise", "shared, half = False")
    assert text.count("if shared:") >= 1 and apart != text
    found = []
    for source in (text, apart):
        kernel = kernel_of(source, name)
        x = np.random.default_rng(0).standard_normal((7, 2, 3)).astype(np.float32)
        y, state, tape = kernel.forward(x, kernel.init(3, 5, dtype=np.float32))
        found.append([y, *state, *tape])
    assert all(np.array_equal(left, right) for left, right in zip(*found, strict=True))
