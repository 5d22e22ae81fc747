"""The characters of a formula as tokens: LaTeX, plain text and Unicode signs all give the same ones."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from lstm_sym.equations.signs import GREEK
from lstm_sym.proofreading.errors import Unreadable

MAX_FORMULA = 4_000
"""The most characters of a formula."""

_SPACE = re.compile(
    r"(?:\s|~|&|\\[,;:!> ]|\\(?:quad|qquad|thinspace|medspace|enspace|left|right|bigl?|bigr?|Bigl?|Bigr?|biggl?|biggr?"
    r"|displaystyle|textstyle|limits|nolimits|nonumber|notag|cr|allowbreak|hfill)(?![A-Za-z]))+"
)
_MATRIX = re.compile(r"\\begin\{(?:\w*matrix|array)\}.*?\\end\{(?:\w*matrix|array)\}", re.DOTALL)
_BESIDE = "¦"
"""The & of a matrix, where it is no white space."""
_DROPPED = re.compile(r"\\(?:tag|label|hspace|vspace|phantom|color)\*?\s*\{[^{}]*\}")
_LATEX = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z]+|\*\*|\+=|:=|<-|\.\*|.")
_PLAIN = re.compile(
    r"\\[A-Za-z]+|\\.|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|sum(?=_[A-Za-z{])"
    r"|[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*_?|\*\*|\+=|-=|:=|<-|\.\*|."
)
_SIGNS = {
    "∂": "\\partial", "∇": "\\nabla", "Σ": "\\sum", "∑": "\\sum", "⊙": "\\odot", "∘": "\\circ", "·": "\\cdot",
    "⋅": "\\cdot", "×": "\\times", "⊗": "\\otimes", "⊤": "\\top", "′": "'", "’": "'", "−": "-", "–": "-", "←": "=",
    "≔": "=", ":=": "=", "<-": "=", "\\leftarrow": "=", "\\coloneqq": "=", "\\triangleq": "=", "\\equiv": "=",
    "\\gets": "=", "ℓ": "\\ell", "Δ": "\\Delta", "∗": "*", "∈": "\\in", "⟨": "\\langle", "⟩": "\\rangle",
    "\\Sigma": "\\sum", "\\lbrack": "[", "\\rbrack": "]", "\\{": "\\lbrace", "\\}": "\\rbrace", "\\prime": "'",
    "\\intercal": "\\top", "\\mathsf": "\\mathrm", "\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\ast": "\\ast",
    "，": ",", "；": ";", "（": "(", "）": ")", "＝": "=", "＋": "+", "－": "-", "、": ",",
    "\\overline": "\\bar", "\\widetilde": "\\tilde", "\\widehat": "\\hat", "\\varepsilon": "\\epsilon",
}  # fmt: skip
_SIGNS[_BESIDE] = "&"
_SIGNS |= {letter: f"\\{name}" for name, letter in GREEK.items()}
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₜₕₓᵢ", "0123456789+-thxi", strict=True))
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᵗ°", "0123456789+-Tt∘", strict=True))
_ACCENTS = {"\u0303": "\\tilde", "\u0302": "\\hat", "\u0304": "\\bar", "\u0305": "\\bar", "\u0307": "\\dot"}


@dataclass(frozen=True)
class Token:
    """A word, a number or a sign under the name that LaTeX has for it, and where it stands in the formula."""

    text: str
    start: int
    end: int
    spaced: bool = False

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.text[:1].isascii() and self.text[:1].isalpha()

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return self.text[:1].isdigit() or (self.text[:1] == "." and self.text[1:2].isdigit())


def tokenized(formula: str, latex: bool) -> list[Token]:
    """The tokens of a formula. Raises Unreadable for one that is too long or holds a character that no formula has."""
    if len(formula) > MAX_FORMULA:
        raise Unreadable(f"a formula of {len(formula):,} characters; {MAX_FORMULA:,} are the most", "write it in parts")
    text = _DROPPED.sub(lambda found: " " * len(found[0]), formula)
    text = _MATRIX.sub(lambda found: found[0].replace("&", _BESIDE), text)
    found: list[Token] = []
    place, spaced = 0, False
    while place < len(text):
        space = _SPACE.match(text, place)
        if space:
            place, spaced = space.end(), True
            continue
        run = _script_run(text, place)
        if run:
            found += run
            place = run[-1].end
        else:
            place = _one(text, place, spaced, latex, found)
        spaced = False
    return found


def _one(text: str, place: int, spaced: bool, latex: bool, found: list[Token]) -> int:
    """Adds the token that begins at a place, and gives the place behind it."""
    match = (_LATEX if latex else _PLAIN).match(text, place)
    if match is None:
        raise Unreadable("a line break inside a formula")
    written, end = match[0], match.end()
    accent = _ACCENTS.get(text[end : end + 1])
    if accent and written[-1:].isalpha():
        head = written[:-1]
        if head:
            found.append(Token(head, place, end - 1, spaced))
        found += [Token(accent, end - 1, end + 1, spaced and not head), Token(written[-1], end - 1, end + 1)]
        return end + 1
    if not written.isascii() and written not in _SIGNS:
        name = unicodedata.name(written[0], "a character without a name").lower()
        raise Unreadable(f"{written[0]!r} ({name}) stands in no formula that is read here")
    found.append(Token(_SIGNS.get(written, written), place, end, spaced))
    return end


def _script_run(text: str, place: int) -> list[Token]:
    """Raised or lowered characters, as ^{...} or _{...}."""
    for letters, sign in ((_SUBSCRIPTS, "_"), (_SUPERSCRIPTS, "^")):
        end = place
        while end < len(text) and text[end] in letters:
            end += 1
        if end > place:
            inner = [letters[letter] for letter in text[place:end]]
            inner = ["\\circ" if letter == "∘" else letter for letter in inner]
            return [Token(part, place, end) for part in (sign, "{", *inner, "}")]
    return []
