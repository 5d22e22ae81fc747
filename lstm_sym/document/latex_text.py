r"""Text for LaTeX: its own signs escaped, and a declaration for every character that its fonts may not have."""

from __future__ import annotations

import re
import unicodedata

from lstm_sym.equations.signs import GREEK

_ESCAPES = {
    **{sign: rf"\{sign}" for sign in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
}
_SIGNS = {
    **{"−": "-", "⊙": r"\odot", "·": r"\cdot", "×": r"\times", "±": r"\pm", "∞": r"\infty", "≈": r"\approx"},
    **{"≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∂": r"\partial", "∏": r"\prod", "∑": r"\sum", "√": r"\surd"},
    **{"′": r"^{\prime}", "°": r"^{\circ}", "‖": r"\|", "→": r"\to", "⊤": r"\top", "Σ": r"\Sigma", "Λ": r"\Lambda"},
    **{
        "✓": r"\checkmark",
        "✗": r"\times",
        "½": r"\tfrac{1}{2}",
        "Δ": r"\Delta",
        "Φ": r"\Phi",
        "…": r"\dots",
        "⋯": r"\cdots",
        "↑": r"\uparrow",
        "↓": r"\downarrow",
        "←": r"\leftarrow",
        "○": r"\bigcirc",
        "●": r"\bullet",
        "▼": r"\blacktriangledown",
        "▁": r"\rule{0.5em}{0.1em}",
        "█": r"\rule{0.5em}{0.7em}",
    },
    **{"⟨": r"\langle", "⟩": r"\rangle", "∘": r"\circ", "∈": r"\in", "ᵀ": r"^{\top}"},
    **{letter: rf"\{name}" for name, letter in GREEK.items() if name not in ("omicron", "final_sigma")},
    **{"ο": "o", "ς": r"\varsigma"},
}
"""Character -> how it is written in a formula."""
_WORDS = {
    **{"\u2002": r"\enspace{}", "\u2003": r"\quad{}", "\u2009": r"\,", "\u00a0": "~", "\u200b": r"\hspace{0pt}"},
    **{"–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''"},
}
"""Character -> how it is written in a text."""
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0307": ".", "\u0308": '"'}
"""Accent behind a letter, as in h\u0303 -> the command that puts it above."""
_RAISED = {"<sub>": "_", "<super>": "^"}


def escaped(text: str) -> str:
    """Text as LaTeX prints it; a long name may break after a _ or a point."""
    plain = re.sub(r'[{}$&#_%\\^~<>"]', lambda sign: _ESCAPES[sign[0]], text)
    plain = re.sub(rf"([A-Za-z])([{''.join(_ACCENTS)}])", lambda found: rf"\{_ACCENTS[found[2]]}{{{found[1]}}}", plain)
    return re.sub(r"(\\_|(?<=\w)\.)(?=[A-Za-z])", r"\1\\allowbreak{}", plain)


def is_chinese(character: str) -> bool:
    """Whether a character is of the writing, or the punctuation, of Chinese."""
    return unicodedata.east_asian_width(character) in "WF"


def declarations(text: str) -> list[str]:
    r"""A \newunicodechar for each character of a text that is neither ASCII nor Chinese nor a letter with an accent."""
    return [rf"\newunicodechar{{{c}}}{{{_declared(c)}}}" for c in sorted(set(text)) if not _is_known(c)]


def _is_known(character: str) -> bool:
    accented = character.isalpha() and unicodedata.normalize("NFD", character)[0].isascii()
    return character.isascii() or is_chinese(character) or accented


def _declared(character: str) -> str:
    """What a character stands for; its number in a box where that is not known, so that every text compiles."""
    if character in _WORDS:
        return _WORDS[character]
    if character in _SIGNS:
        return rf"\ensuremath{{{_SIGNS[character]}}}"
    kind, _, code = unicodedata.decomposition(character).partition(" ")
    if kind in _RAISED:
        base = chr(int(code, 16))
        return rf"\ensuremath{{{{}}{_RAISED[kind]}{{{_SIGNS.get(base, base)}}}}}"
    return rf"\fbox{{\tiny U+{ord(character):04X}}}"
