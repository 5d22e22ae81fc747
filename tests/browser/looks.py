"""What is asked of every page in a browser; each function gives its complaints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

WIDTHS = (375, 768, 1280)
A4 = 642
"""Pixels between margins of 2 cm on A4."""

_CLIPPED = """() => [...document.querySelectorAll(".formula")]
  .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth)
  .map((one) => `${one.closest("[id]")?.id}: ${one.scrollWidth} in ${one.clientWidth}`)"""
_SCROLLS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
_LEADING_NOWHERE = """() => [...document.querySelectorAll("[href^='#']")]
  .map((one) => decodeURIComponent(one.getAttribute("href").slice(1)))
  .filter((anchor) => anchor && !document.getElementById(anchor))"""
_TWICE = """() => [...document.querySelectorAll("[id]")].map((one) => one.id)
  .filter((anchor, place, all) => all.indexOf(anchor) !== place)"""
_SHOWN = """() => [...new Set([...document.querySelectorAll(".told")]
  .filter((one) => one.checkVisibility()).map((one) => one.lang))]"""
_THINNED = """() => {
  for (const part of document.querySelectorAll("section, section > details"))
    [...part.querySelectorAll(":scope > .equation")].slice(3).forEach((one) => one.remove());
  for (const formula of document.querySelectorAll("math")) formula.replaceChildren();
}"""
_AXE = """async () => (await axe.run({ exclude: ["math"] }, { resultTypes: ["violations"] })).violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.length} times, as ${nodes[0].html.slice(0, 200)}`)"""


def out_of_bounds(open_page: Callable[..., Any], path: Path, address: str = "") -> list[str]:
    """Widths at which the page scrolls sideways or cuts a formula, on a screen and on paper of A4.

    Each is opened anew: Chromium takes far longer to lay a long page out again.
    """
    found: list[str] = []
    for width, media in [*((width, "screen") for width in WIDTHS), (A4, "print")]:
        page = open_page(path, width=width, media=media, address=address)
        needed, given = page.evaluate(_SCROLLS)
        found += [f"{media} {width}: the page is {needed} wide"] if needed > given else []
        found += [f"{media} {width}: {one}" for one in page.evaluate(_CLIPPED)]
        page.close()
    return found


def leading_nowhere(page: Any) -> list[str]:
    """Links to anchors that are not there, and anchors that are there twice."""
    return [*page.evaluate(_LEADING_NOWHERE), *page.evaluate(_TWICE)]


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def hard_to_use(page: Any) -> list[str]:
    """What axe finds serious or critical: contrast, names, roles, the keyboard.

    Of the equations of a section, which are made alike, three are looked at: of thousands axe would take minutes. What
    is inside a formula is read by its name; its colours have a test of their own.
    """
    page.evaluate(_THINNED)
    page.evaluate(_axe())
    found: list[str] = page.evaluate(_AXE)
    return found


def languages_wrong(open_page: Callable[..., Any], path: Path, languages: Sequence[str]) -> list[str]:
    """Languages that the switch does not show alone, or that the address does not keep."""
    page, found = open_page(path), []
    first, *others = languages
    for language in (*others, first):
        page.locator(f'label[lang="{language}"]').click()
        found += _not_shown(page, language)
        found += [] if f"lang={language}" in page.url else [f"{language}: the address is {page.url}"]
    page = open_page(path, address=f"?lang={others[0]}")
    return found + _not_shown(page, others[0])


def _not_shown(page: Any, language: str) -> list[str]:
    shown, said = page.evaluate(_SHOWN), page.evaluate("() => document.documentElement.lang")
    return [f"{language}: {shown} are shown, the page says {said}"] if (shown, said) != ([language], language) else []
