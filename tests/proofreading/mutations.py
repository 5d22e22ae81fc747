"""Mistakes planted into the lines of a text, as edits of its characters: what people slip on when they copy a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TEXTS = Path(__file__).parent / "texts"
CELLS = {"peephole": "lstm_peephole"}
WRONG = "_wrong"
"""In the name of a text with mistakes."""

EDITS = {
    "sign": [(r" \+ ", " - "), (r" (?:-|−) ", " + ")],
    "transpose": [(r"\^\\top|(?<!\d\})\^T|\^\{T\}|\.T\b|ᵀ", "")],
    "time": [(r"_\{t-1\}", "_t"), (r"_\{t\+1\}", "_t"), (r"_prev\b", ""), (r"ₜ₋₁|ₜ₊₁", "ₜ")],
    "earlier": [(r"(?<=\b[cfhigo])_t(?!\w)", "_{t-1}"), (r"\b([fhc]) (?=[*])", r"\1_prev ")],
    "slope": [(r" (?:\\odot|\*|⊙) \(1 (?:-|−) [^()]*(?:\([^()]*\))?[^()]*\)", "")],
    "factor": [(r" (?:\\odot|\*|⊙) (?:[a-z]|\\tilde\{[ch]\})(?:_t|_\{t[-+]1\}|_prev|ₜ₋₁|ₜ|\[t(?:-1)?\])?"
                r"(?![\w({^²'\[])", "")],
    "gate": [(r"\bi(?=_t\b| |$|ₜ)", "f"), (r"\bf(?=_t\b| |$|ₜ)", "o"), (r"\bo(?=_t\b| |$|ₜ)", "i"),
             (r"\bz(?=_t\b| )", "r")],
    "function": [(r"\\?(?:np\.)?tanh\((c(?:_t|ₜ)?)\)", r"\1"), (r"(?<=\w)'(?=\()", "")],
    "square": [(r"\^2|\*\*2|²", "")],
    "complement": [(r"\(1 (?:-|−) (z(?:_t)?)\)", r"\1")],
    "twice": [(r"(?<== )(?=\S)", "2 "), (r"(?<== )(?=\S)", "0.5 ")],
    "order": [(r"(d\w+) (x|h_prev)\^T", r"\2 \1^T")],
    "superfluous": [(r"$", " + x")],
}  # fmt: skip
"""Kind of mistake -> patterns, and what stands in their place."""


def cell_of(path: Path) -> str:
    """The cell that a text is about."""
    first = path.stem.split("_")[0]
    return CELLS.get(first, first)


def right_texts() -> list[Path]:
    """The texts without a mistake."""
    return [path for path in sorted(TEXTS.iterdir()) if WRONG not in path.stem]


def mutants(path: Path) -> Iterator[tuple[str, int, str]]:
    """Every text with one mistake: its kind, the line it stands in (from 1), the whole text."""
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines):
        left, equals, right = line.partition("= ")
        if not equals or "zeros" in line or line.startswith(("With", "The ", "A ", "|", "Here")):
            continue
        end = re.search(r"(?:\$\$|\\\\|\\label.*)?\s*$", right)
        assert end
        family = re.search(r",? *\\q?quad.*$", right[: end.start()])
        place = family.start() if family else end.start()
        body, tail = right[:place].rstrip(",，。 "), right[place:]
        for kind, edits in EDITS.items():
            for pattern, put in edits if kind != "superfluous" or "$" not in body else []:
                for changed in _edited(f"{equals}{body}", pattern, put):
                    yield kind, number + 1, "\n".join([*lines[:number], left + changed + tail, *lines[number + 1 :]])


def _edited(text: str, pattern: str, put: str) -> Iterator[str]:
    """The text with one of the matches replaced."""
    for match in re.finditer(pattern, text):
        changed = text[: match.start()] + match.expand(put) + text[match.end() :]
        if changed != text:
            yield changed
