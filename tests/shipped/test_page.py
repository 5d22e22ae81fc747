"""docs/shipped.md speaks of every package, and of all that the room offers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_sym.shipped import packages

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "shipped.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("one", packages(), ids=lambda one: one.name)
def test_every_package_and_its_version_is_on_the_page(one):
    assert f"| {one.name} {one.version} |" in PAGE


@pytest.mark.parametrize("name", ["packages", "package", "open_package", "Opened"])
def test_what_the_room_offers_is_on_the_page(name):
    assert re.search(rf"\b{name}\b", PAGE)
