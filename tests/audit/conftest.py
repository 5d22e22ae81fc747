"""The mistakes that are known of a cell are listed once, however many files are audited."""

from __future__ import annotations

from typing import Any

import pytest

LISTED: dict[Any, Any] = {}
"""What is known of a cell, by its programs."""


@pytest.fixture(autouse=True)
def mistakes_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_sym.audit import auditor

    listed = auditor.candidates

    def once(adjoint: Any, forward: Any, factors: Any) -> Any:
        if factors:
            return listed(adjoint, forward, factors)
        key = adjoint.statements, forward.statements
        if key not in LISTED:
            LISTED[key] = listed(adjoint, forward)
        return LISTED[key]

    monkeypatch.setattr(auditor, "candidates", once)
