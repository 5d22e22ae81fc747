"""A real browser for the tests of pages: Chromium by Playwright, started once, and never let out to the network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium; the tests are skipped where it or Playwright is absent. It ends with the folder: its loop is one a
    process, and other tests may have loops of their own."""
    reason = "Playwright is not installed: pip install 'lstm-sym[browser]'"
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser on the PATH: install one of {', '.join(BROWSERS)}")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def problems() -> list[str]:
    """What the pages that were opened have said and asked for."""
    return []


@pytest.fixture
def open_page(browser: Any, problems: list[str]) -> Iterator[Callable[..., Any]]:
    """Opens a file; the test fails if a page says an error, or asks for anything that is no file."""
    contexts: list[Any] = []

    def refuse(route: Any) -> None:
        problems.append(f"a request for {route.request.url}")
        route.abort()

    def opened(
        path: Path, *, width: int = 1280, scheme: str = "light", media: str = "screen", address: str = ""
    ) -> Any:
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme)
        contexts.append(context)
        context.route(lambda url: not url.startswith("file:"), refuse)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"an error: {error}"))
        page.on("console", lambda said: problems.append(f"{said.type}: {said.text}") if said.type != "log" else None)
        page.emulate_media(media=media)
        page.goto(path.as_uri() + address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems, problems


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def derivation(folder: Path) -> Callable[[str], Path]:
    """The derivation page of a cell, in all languages, each line checked; written once."""
    import lstm_sym as ls
    from lstm_sym.explore import with_explorer
    from lstm_sym.report import Sentences, html_page, in_order
    from lstm_sym.report.checked import derivation_pages

    @cache
    def written(name: str) -> Path:
        cell, said = ls.cell(name), [Sentences(language) for language in in_order("en")]
        documents = with_explorer(derivation_pages(cell, said, []), cell, said)
        path = folder / f"{name}.html"
        path.write_text(html_page(*documents), encoding="utf-8")
        return path

    return written
