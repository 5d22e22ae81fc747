"""What the commands measure here is small and the same again and again: what it costs is kept small too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

FITS: dict[Any, Any] = {}
"""What was fitted, by all that it was fitted to."""


@pytest.fixture(autouse=True)
def small_pictures_and_laws_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands in this process draw coarse pictures, and fit a law to the curves of a measurement but once."""
    from lstm_sym.flow.advice import truncation
    from lstm_sym.flow.drawing import style
    from lstm_sym.flow.memory import card, decay

    fitted = decay.fitted

    def once(curves: np.ndarray, *given: Any, **options: Any) -> Any:
        key = curves.shape, curves.tobytes(), given, tuple(options.items())
        if key not in FITS:
            FITS[key] = fitted(curves, *given, **options)
        return FITS[key]

    for module in (truncation, card, decay):
        monkeypatch.setattr(module, "fitted", once)
    monkeypatch.setattr(style, "DPI", 40)
