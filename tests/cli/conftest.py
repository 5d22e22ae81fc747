"""What the commands measure here is small and the same again and again: what it costs is kept small too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

FITS: dict[Any, Any] = {}
"""What was fitted, by all that it was fitted to."""


@pytest.fixture
def drawn() -> None:
    """For tests of the pictures themselves: they are drawn, if coarsely."""


@pytest.fixture(autouse=True)
def blank_pictures_and_few_fits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands in this process leave the sheets of pictures blank unless a test has them `drawn`, their data are
    written all the same; they resample as little as can be, and fit a law to the curves of a measurement but once.
    """
    from lstm_sym.flow.advice import truncation
    from lstm_sym.flow.drawing import drawings, style
    from lstm_sym.flow.memory import card, decay

    fitted, resampling, laid_out = decay.fitted, card.resampling, drawings.laid_out

    def once(curves: np.ndarray, *given: Any, **options: Any) -> Any:
        key = curves.shape, curves.tobytes(), given, tuple(options.items())
        if key not in FITS:
            FITS[key] = fitted(curves, *given, **options)
        return FITS[key]

    def few(profile: Any, _: int, rng: np.random.Generator) -> Any:
        return resampling(profile, 100, rng)

    def blank(draws: Any, look: Any) -> Any:
        return laid_out([style.sheet for _ in draws], replace(look, width=None))

    for module in (truncation, card, decay):
        monkeypatch.setattr(module, "fitted", once)
    for module in (truncation, card):
        monkeypatch.setattr(module, "resampling", few)
    monkeypatch.setattr(style, "DPI", 40)
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(drawings, "laid_out", blank)
