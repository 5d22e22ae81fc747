r"""How a name is shown in formulas: a letter with an accent and a subscript, as papers write candidates, \tilde h.

A sign changes what is read and nothing else: names in equations, kernels, links and hashes stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_GREEK_LETTERS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
    "final_sigma sigma tau upsilon phi chi psi omega"
)
GREEK = {name: chr(0x3B1 + place) for place, name in enumerate(_GREEK_LETTERS.split(" "))}
ACCENTS = ("tilde", "hat", "bar", "dot", "vec")
MAX_SIGN = 64
"""The most characters of a sign as it is written."""
ALLOWED = (
    r"one letter, one word or one Greek letter (\alpha); over a letter \tilde, \hat, \bar, \dot or \vec; behind it a "
    r"subscript of letters and digits: '\tilde h', 'c_{in}', '\bar\alpha_1'"
)

_BASE = r"\\?[A-Za-z]+"
_UNDER = rf"\{{ *(?P<braced>{_BASE}) *\}}| *(?P<greek>\\[a-z]+)| +(?P<bare>[A-Za-z]+)"
_ACCENTED = rf"\\(?P<accent>{'|'.join(ACCENTS)})(?:{_UNDER})"
_FORM = re.compile(
    rf"(?:{_ACCENTED}|(?P<plain>{_BASE}))(?:_(?P<digit>[A-Za-z0-9])|_\{{(?P<word>[A-Za-z0-9]+)\}})?", re.ASCII
)


@dataclass(frozen=True)
class Sign:
    """A `base`, a letter, a word or the name of a Greek letter; an `accent` of ACCENTS over it; a `subscript`."""

    base: str
    accent: str = ""
    subscript: str = ""


def read_sign(text: str) -> Sign:
    r"""What '\tilde h_{in}' shows. Raises ValueError with what is wrong with the text."""
    if "\t" in text or "\b" in text or "\f" in text or "\r" in text or "\n" in text:
        raise ValueError(r'a backslash was read as an escape of TOML: write it in single quotes, or "\\tilde h"')
    found = _FORM.fullmatch(text) if len(text) <= MAX_SIGN else None
    if found is None:
        raise ValueError(r"write one letter as LaTeX does, '\tilde h', in no more than a line of it")
    base = found["braced"] or found["greek"] or found["bare"] or found["plain"]
    letter = base.removeprefix("\\")
    if base != letter and letter not in GREEK:
        raise ValueError(f"`\\{letter}` is no Greek letter of those that are known: {', '.join(GREEK)}")
    if found["accent"] and len(letter) > 1 and letter not in GREEK:
        raise ValueError(f"an accent stands over one letter, not over the word `{letter}`: write it as a subscript")
    return Sign(letter, found["accent"] or "", found["digit"] or found["word"] or "")


def parts_of_name(name: str) -> tuple[str, list[str]]:
    """Base and subscripts: U_h_beta is U with h and beta; an underscore that nothing follows stays where it is."""
    base, *subscripts = re.split(r"_(?=[^_])", name)
    return base, subscripts


def shown(base: str, subscripts: list[str], signs: Mapping[str, Sign]) -> tuple[Sign, ...]:
    r"""The letter of a name, and its subscripts, as signs without subscripts of their own.

    A subscript that names a quantity with a sign is shown as that: W_n is W_{\tilde h} where n is \tilde h.
    """
    name = "_".join([base, *subscripts])
    found = [signs[name]] if name in signs else [Sign(base), *(signs.get(part, Sign(part)) for part in subscripts)]
    return tuple(part for sign in found for part in (Sign(sign.base, sign.accent), Sign(sign.subscript)) if part.base)


def alike(names: tuple[str, ...], signs: Mapping[str, Sign]) -> tuple[str, str] | None:
    r"""Two names that would be shown alike, or None; \dot c is also how the tangent of c is shown."""
    seen: dict[tuple[Sign, ...], str] = {}
    for name in names:
        letter, *rest = shown(*parts_of_name(name), signs)
        if (letter, *rest) in seen:
            return seen[letter, *rest], name
        seen[letter, *rest] = name
    for (letter, *rest), name in seen.items():
        undotted = (Sign(letter.base), *rest)
        if letter.accent == "dot" and undotted in seen:
            return seen[undotted], name
    return None
