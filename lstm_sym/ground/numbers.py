"""Numbers as JSON can hold them."""

from __future__ import annotations

import math


def finite(value: float) -> float | None:
    """The number for JSON, which knows neither infinity nor NaN."""
    return float(value) if math.isfinite(value) else None
