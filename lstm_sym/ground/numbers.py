"""Numbers as JSON can hold them, and CSV."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """A value for JSON and CSV: infinity as "inf" or "-inf", NaN as None, all else as it is."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def finite(value: float) -> float | None:
    """The number for JSON, which knows neither infinity nor NaN."""
    return float(value) if math.isfinite(value) else None
