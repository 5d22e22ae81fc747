"""Figures on a page: one drawing whose words are those of the language shown, in the ink of light and dark pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from lstm_sym.document import document as d

# Pixels of a page for a point of a drawing, where there is room; and at least, in a box that scrolls: 9 points have 9.
PIXELS, LEAST = 1.45, 1.05
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_TEXT = "<text "
Told = Callable[[Sequence[str], str], str]
"""What the languages say, by its element: once where they say the same."""


def figure_html(figures: Sequence[d.Figure], languages: Sequence[str], told: Told, captions: Sequence[str]) -> str:
    """A figure in all languages; `told` gives what they say of one thing, once where it is the same."""
    first, name = figures[0], escape(figures[0].file)
    drawn = [page_svg(figure.svg, name) for figure in figures]
    svg = told_svg(drawn, languages) or told(drawn, "div")
    head = "".join(
        f'<p class="{kind}"{place}>{told([escape(text) for text in texts], "span")}</p>'
        for kind, place, texts in (
            ("title", f' id="{name}.title"', [figure.title for figure in figures]),
            ("subtitle", "", [figure.note for figure in figures]),
        )
        if any(texts)
    )
    label = f'aria-labelledby="{name}.title"' if first.title else f'aria-label="{escape(first.alternative)}"'
    box = f'<div class="plot" role="img" tabindex="0" {label}>{svg}</div>'
    return f"<figure{_widest(drawn)}>{head}{box}<figcaption>{told(captions, 'div')}</figcaption></figure>"


def page_svg(svg: str, name: str) -> str:
    """An SVG file as an element of a page, a line an element: its colours are variables, its letters those of the page.

    No prologue, metadata, namespace or fixed size; `name` stands before the ids that it refers to, all others go.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<title>.*?</title>|<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<defs>\s*<style type="text/css">.*?</style>\s*</defs>', "", body, flags=re.DOTALL)
    body = re.sub(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"', "", body).replace("xlink:href", "href")
    referred = set(re.findall(r'href="#(\w+)"|url\(#(\w+)\)', body))
    kept = {one or other for one, other in referred}
    body = re.sub(r' id="([\w.]+)"', lambda found: f' id="{name}.{found[1]}"' if found[1] in kept else "", body)
    body = re.sub(r'href="#(\w+)"', rf'href="#{name}.\1"', body)
    body = re.sub(r"url\(#(\w+)\)", rf"url(#{name}.\1)", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body).replace(' transform="rotate(-0 ', ' transform="rotate(0 ')
    body = re.sub(r' transform="rotate\(0 [^"]*\)"', "", body)
    body = _in_variables(_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", body))
    lines = re.sub(r"\s*\n\s*", " ", body).replace("> <", ">\n<")
    return _sized(re.sub(r" ([MLQCz]) ?", r"\1", re.sub(r"<g>\s*</g>\n?", "", lines)).strip())


def told_svg(drawn: Sequence[str], languages: Sequence[str]) -> str:
    """One SVG of those of several languages that differ in their texts alone; "" where they differ in more."""
    if len(set(drawn)) == 1:
        return drawn[0]
    found, every = [], [svg.split("\n") for svg in drawn]
    if len({len(lines) for lines in every}) > 1:
        return ""
    for lines in zip(*every, strict=True):
        if len(set(lines)) == 1:
            found.append(lines[0])
        elif all(line.startswith(_TEXT) for line in lines):
            pairs = zip(languages, lines, strict=True)
            found += [line.replace(_TEXT, f'<text class="told" lang="{language}" ', 1) for language, line in pairs]
        else:
            return ""
    return "\n".join(found)


def figure_style(document: d.Document) -> str:
    """The colours of the figures of a document as variables, on light pages and on paper, then on dark screens."""
    svg = "".join(figure.svg for figure in document.figures())
    if not svg:
        return ""
    used = {name: pair for name, pair in _colours().items() if pair[0].lower() in svg}
    light, dark = ("".join(f" --{name}: {pair[at]};" for name, pair in used.items()) for at in (0, 1))
    return f":root {{{light} }}\n@media screen and (prefers-color-scheme: dark) {{\n  :root {{{dark} }}\n}}\n"


def _colours() -> dict[str, tuple[str, str]]:
    """Variable -> its colour in a drawing, and that on a dark page; of models also those of their words."""
    from lstm_sym.flow.drawing.colours import GATES, MODELS, darker

    models = {f"model-{at}": (pair.light, pair.dark) for at, pair in enumerate(MODELS, 1)}
    words = {f"word-{at}": (darker(pair.light), pair.dark) for at, pair in enumerate(MODELS, 1)}
    return models | words | {f"gate-{name}": (pair.light, pair.dark) for name, pair in GATES.items()}


def _in_variables(svg: str) -> str:
    """Ink, grid and paper as those of the page; the colours of models and gates as those of `figure_style`."""
    from lstm_sym.flow.drawing.colours import GRID, INK, MUTED, PAPER

    names = {INK: "ink", MUTED: "muted", GRID: "line", PAPER: "page", "#000000": "ink"}
    names |= {light: name for name, (light, _) in _colours().items()}
    variables = {colour.lower(): f"var(--{name}, {colour.lower()})" for colour, name in names.items()}
    return re.sub(r"(?<=: )#[0-9a-f]{6}\b", lambda found: variables.get(found[0], found[0]), svg)


def _sized(svg: str) -> str:
    """No fixed size, but a least one, below which its box scrolls."""
    head, rest = svg.split(">", 1)
    width = re.search(r'viewBox="0 0 ([\d.]+)', head)
    head = re.sub(r'\s(?:width|height)="[^"]*"', "", head)
    least = f' style="min-width: {LEAST * float(width[1]):.0f}px"' if width else ""
    return f"{head}{least}>{rest}"


def _widest(drawn: Sequence[str]) -> str:
    """So wide that the text of every figure has the same size, a little larger than on paper."""
    widths = [float(found) for svg in drawn for found in re.findall(r'viewBox="0 0 ([\d.]+)', svg)]
    return f' style="max-width: {PIXELS * max(widths):.0f}px"' if widths else ""
