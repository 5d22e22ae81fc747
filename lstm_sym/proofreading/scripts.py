"""What stands below, above and around a letter: steps (t-1), subscripts, marks such as _next and _prev."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lstm_sym.proofreading.tokens import Token

_TIME = re.compile(r"[(<\[]*t(?:([+-])([12]))?[)>\]]*")
_NEXT = ("next", "nxt", "future", "incoming", "in_next")
_BEFORE = ("prev", "previous", "old", "last", "before")
_WORD_TIMES = {"t": 0, "tm1": -1, "tp1": 1, "tminus1": -1, "tplus1": 1, "t_1": -1}
_WRAPPERS = ("\\mathrm", "\\text", "\\mathit", "\\operatorname", "\\mathbf", "\\boldsymbol", "\\bm", "\\textrm")


def time_of(text: str) -> int | None:
    """0 for t, (t), <t>; -1 for t-1; None for what is no step."""
    found = _TIME.fullmatch(text.replace("\\langle", "<").replace("\\rangle", ">").replace(" ", ""))
    if not found:
        return None
    return int(f"{found[1]}{found[2]}") if found[1] else 0


def hole(formula: str, start: int, end: int) -> tuple[int, int]:
    """Where the step stands in a script such as (t-1)."""
    found = re.compile(r"ₜ[₊₋₁₂]*|t(?:\s*[+-]\s*[12])?").search(formula, start, end)
    return found.span() if found else (start, end)


def mark_of(text: str) -> str:
    """What a script or a part of a name says: "next", "prev", "direct", or "" for nothing of these."""
    if text in _NEXT or text == "+":
        return "next"
    return "prev" if text in _BEFORE else "direct" if text in ("direct", "\\circ") else ""


def plain_name(word: str) -> tuple[str, str, int | None, str]:
    """Key, mark, step and spelling (with a hole) of a name of a program: dc_next, c_prev, h_t, dnext_h.

    The key of "dnext_h" is "dh".
    """
    parts, mark, time, form = word.strip("_").split("_"), "", None, word
    for place in range(len(parts) - 1, -1, -1):
        if place and parts[place] in _WORD_TIMES and time is None:
            time = _WORD_TIMES[parts[place]]
            form = "_".join([*parts[:place], "\0", *parts[place + 1 :]]) if parts[place] == "t" else word
            del parts[place]
        elif place and mark_of(parts[place]) and parts[place] != "+":
            time = -1 if {mark, mark_of(parts[place])} == {"direct", "prev"} else time
            mark = mark or mark_of(parts[place])
            del parts[place]
    first = re.fullmatch(r"d(next|prev)", parts[0])
    if first and len(parts) > 1:
        return "d" + "".join(parts[1:]), first[1], time, form
    if not mark and len(parts) == 1:
        glued = re.fullmatch(r"(\w+?)(next|nxt|prev|old)", parts[0])
        if glued:
            return glued[1], mark_of(glued[2]), time, form
    if parts[-1] in ("raw", "pre", "in", "input", "hat", "lin") and len(parts) > 1:
        parts[-1] = "raw"
    return "".join(parts), mark, time, form


def pieces(tokens: Sequence[Token]) -> list[tuple[str, Token, Token]]:
    """The parts of a script between commas: their text, their first and their last token."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text in "([{") - (token.text in ")]}")
        if token.text in (",", ";") and depth == 0:
            found.append([])
        elif token.text not in _WRAPPERS:
            found[-1].append(token)
    return [("".join(t.text for t in part), part[0], part[-1]) for part in found if part]
