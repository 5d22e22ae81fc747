"""Lines that say for which gates the formulas below them hold: `for k in {i, f, o}:`, `for each k`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from lstm_sym.proofreading.families import Family
from lstm_sym.proofreading.formulas import Formula
from lstm_sym.proofreading.tokens import MAX_FORMULA

_EACH = r"each|every|all|any|\\forall|∀|每個|每个|所有|任意"
_WORDS = rf"(?:{_EACH}|for|gates?(?!\s+(?:in\b|∈))|對於|对于|對|对|的|門|门)"
_MEMBER = r"['\"]?\\?[a-zA-Z]+(?:\s*\{?[a-zA-Z]\}?)?(?:_\w)?['\"]?"
_SET = rf"(?:[\[({{]|\\\{{|\\lbrace)?\s*(?P<members>{_MEMBER}(?:\s*,\s*{_MEMBER})+)\s*(?:[\])}}]|\\\}}|\\rbrace)?"
_OVER = rf"\s*(?:\\in\b|∈|\bin\b)\s*(?:{_SET}|(?P<quote>['\"])(?P<letters>[a-z]{{2,8}})(?P=quote)|(?P<gates>gates)\b)"
_HEADER = re.compile(
    rf"\s*(?:[-*]\s+|\d+[.)]\s+)?(?P<words>(?:{_WORDS}[\s,$]*)+)(?<![A-Za-z])(?P<letter>(?!t\b)[a-zA-Z]+)(?![A-Za-z])"
    rf"(?P<over>{_OVER})?\s*\$?(?P<rest>.*)",
    re.IGNORECASE,
)
_LAST_WORDS = re.compile(r"[\s,，]*(?:we have|it holds that|do|有)?\s*[:：,，]?\s*(?:#.*)?")
_PROSE = re.compile(r"#+\s|.*[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}")


@dataclass(frozen=True)
class Header:
    """What its letter stands for, in the lines from `first` to `last`, which are below it."""

    family: Family
    first: int
    last: int


def under_headers(
    text: str, found: Iterable[Formula], gates: tuple[str, ...], known: Callable[[str], bool]
) -> Iterator[Formula]:
    """The formulas of a text, those below such a line once for each of its gates.

    gates: all there are; known: whether a letter is a name already.
    """
    headers = list(_headers(text.split("\n"), gates, known))
    for formula in found:
        begins = _HEADER.match(formula.text) if len(formula.text) <= MAX_FORMULA else None
        family = begins and _family(begins, gates, known)
        if begins and family:
            formula = replace(formula, text=begins["rest"].lstrip(" :：,，"))
        else:
            family = next((h.family for h in reversed(headers) if h.first <= formula.line <= h.last), None)
        members = [family.member(formula.text, gate) for gate in family.gates] if family else [formula.text]
        yield from (replace(formula, text=member) for member in dict.fromkeys(members))


def _headers(lines: list[str], gates: tuple[str, ...], known: Callable[[str], bool]) -> Iterator[Header]:
    for number, line in enumerate(lines):
        found = _HEADER.fullmatch(line) if len(line) <= MAX_FORMULA else None
        family = found and _LAST_WORDS.fullmatch(found["rest"]) and _family(found, gates, known)
        if family:
            yield Header(family, number + 2, number + 1 + _length(lines[number + 1 :], _indent(line)))


def _family(found: re.Match[str], gates: tuple[str, ...], known: Callable[[str], bool]) -> Family | None:
    """What a line goes over, None if over nothing that is of the cell."""
    named = [part.strip(" '\"") for part in (found["members"] or "").split(",")] if found["members"] else []
    named = named or list(found["letters"] or "")
    if named:
        return Family(found["letter"], tuple(named)) if all(known(_letters(name)) for name in named) else None
    is_each = found["gates"] or re.search(_EACH, found["words"])
    return Family(found["letter"], gates) if is_each and gates and not known(found["letter"]) else None


def _letters(name: str) -> str:
    r"""The key of a member, ~c for \tilde c."""
    return re.sub(r"\\(tilde|hat|bar)\s*\{?(\w)\}?", lambda m: {"t": "~", "h": "^", "b": "-"}[m[1][0]] + m[2], name)


def _length(below: list[str], indent: int) -> int:
    """How many lines such a line holds for: those indented more, else those up to the next words."""
    first = next((line for line in below if line.strip()), "")
    inside = _indent(first) > indent
    for number, line in enumerate(below):
        ends = _indent(line) <= indent if inside else _PROSE.match(line) or _HEADER.match(line)
        if line.strip() and ends:
            return number
    return len(below)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
