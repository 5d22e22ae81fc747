"""The cells that are explored: those that differ in kind, and with -m long all that read an input."""

from __future__ import annotations

import pytest

import lstm_sym as ls

# A state that begins at minus infinity, three states, gates shared by blocks, gates that are states, an output that is
# none, a gate that forgets where it is open, inputs as many as units.
KINDS = (
    "rnn",
    "lstm",
    "gru",
    "slstm",
    "nested_lstm",
    "lstm_block",
    "lstm_full_gate_recurrence",
    "lstm_output",
    "mgu",
    "sru",
)
OTHERS = [name for name in ls.names() if ls.cell(name).input and name not in KINDS]
every_cell = pytest.mark.parametrize("name", [*KINDS, *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)])
