"""Characters that cannot stand in an equation: what each one is, and what to write in its place."""

from __future__ import annotations

import unicodedata

_TEXT = ("a string", "an equation holds no text; put meanings under [symbols]")
DECISION = "write where(a - b, u, v), which is u where a > b and else v, or use a smooth gate such as sigmoid(...)"
_COMPARISON = ("a comparison", DECISION)
_BRACES = ("a brace", "group with ( ); for the previous step write h[t-1]")
_LOGIC = ("an operator on bits", "for gates a, b write a * b (both) or a + b - a * b (either)")

_ASCII = {
    '"': _TEXT,
    "'": _TEXT,
    "`": _TEXT,
    "{": _BRACES,
    "}": _BRACES,
    "<": _COMPARISON,
    ">": _COMPARISON,
    "!": _COMPARISON,
    "&": _LOGIC,
    "|": _LOGIC,
    "~": ("an operator on bits", "for a gate a write 1 - a"),
    "^": ("`^`", "write ** for a power"),
    "%": ("`%`", "an equation has no remainders; a comment begins with #"),
    ":": ("`:`", "define with =, read one step with h[t] or h[t-1]"),
    ";": ("`;`, as between two statements,", "write one equation a line"),
    "\\": ("a backslash", "write a plain name for a LaTeX command: sigmoid(a); an equation stands on one line"),
    "$": ("`$`", "drop it; an equation is plain text, not LaTeX"),
    "?": ("`?`", "use a smooth gate such as sigmoid(...)"),
}

_REPLACED = {
    **dict.fromkeys("⊙∘∗·×⋅⨀•", "write * for the product of each element"),
    **dict.fromkeys("−‐‑–—", "write - (the hyphen of the keyboard)"),
    **dict.fromkeys("“”‘’「」", "an equation holds no text; put meanings under [symbols]"),
    **dict.fromkeys("₀₁₂₃₄₅₆₇₈₉", "write an index of a name as W_1"),
    **dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹", "write ** for a power: a ** 2"),
    **dict.fromkeys("ᵀ⊤", "write W.T @ v"),
    **dict.fromkeys("σς𝜎𝝈", "spell it: sigmoid(a) for the function, sigma for a name"),
    **dict.fromkeys("λ𝜆", "spell it lam, because `lambda` is a word of Python"),
    **dict.fromkeys("←≔", "write ="),
    "ₜ": "write a time index as h[t]",
    "⊗": "write * for the product of each element, @ for the product with a matrix",
    "√": "write sqrt(a)",
}


def refused_character(character: str) -> tuple[str, str]:
    """What a character is, as the beginning of an error, and the likely fix."""
    if character in _ASCII:
        what, fix = _ASCII[character]
        return f"{what} cannot stand in an equation", fix
    name = unicodedata.name(character, "a control character").lower()
    shown = f"`{character}` " if character.isprintable() else ""
    return f"the character {shown}U+{ord(character):04X} ({name}) cannot stand here", _replacement(character, name)


def _replacement(character: str, name: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    if character in _REPLACED:
        return _REPLACED[character]
    if character.isspace():
        return "write a plain space, and one equation a line"
    if not character.isprintable():
        return "delete it; it does not show, and often comes in by copy and paste"
    if plain.isascii():
        return f"write {plain}"
    if "greek" in unicodedata.name(plain[0], "").lower():
        return f"spell it: {unicodedata.name(plain[0]).lower().split(' with ')[0].split()[-1]}"
    if "cyrillic" in name or "cherokee" in name or "armenian" in name:
        return "it only looks like a Latin letter; type it again on a Latin keyboard"
    return "write names in plain ASCII; other scripts are welcome in meanings under [symbols]"
