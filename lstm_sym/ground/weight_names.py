"""How weights are called in programs and in texts where that is more than a letter and a gate."""

from __future__ import annotations

PEEPHOLES = (
    "p{gate} p_{gate} P{gate} P_{gate} w_{of}{gate} w{of}{gate} W_{of}{gate} W{of}{gate} w_{gate}{of} w{gate}{of} "
    "W_{gate}{of} W{gate}{of} peep_{gate} peephole_{gate} v{gate} v_{gate} V{gate} V_{gate}"
).split()
"""Names of what multiplies a quantity unit by unit: by the gate that it is added to, and that quantity, c."""
