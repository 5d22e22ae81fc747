r"""One formula for several gates: \sum_{k \in \{i, f, o\}}, `..., k \in \{i, f, o\}`, W_\star."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lstm_sym.proofreading.formulas import Formula
from lstm_sym.proofreading.tokens import MAX_FORMULA

MAX_GATES = 12
"""The most gates that a letter stands for; a longer list is no set of gates."""

_SPACE = r"(?:\s|\\[,;:! ]|\\q?quad|~|&)*"
_LETTER = r"(?P<letter>[a-zA-Z]|\\star|\\ast|\\bullet|\\[a-z]{2,7}|[★⋆•∗α-ω])"
_MEMBER = r"(?:\\(?:tilde|hat|bar)\s*(?:\{\w\}|\w)|[a-zA-Z](?:_\w)?)"
_MEMBERS = rf"(?P<members>{_MEMBER}(?:{_SPACE},{_SPACE}{_MEMBER})+)"
_SET = rf"(?:\\in|∈|\bin\b|=){_SPACE}(?:\\?[{{(\[]|\\lbrace)?{_SPACE}{_MEMBERS}{_SPACE}(?:\\?[}})\]]|\\rbrace)?"
_UNDER_SUM = re.compile(rf"(?:\\sum|sum|Σ|∑)(?:\\limits)?_{_SPACE}\{{?{_SPACE}{_LETTER}{_SPACE}(?:{_SET})?{_SPACE}\}}?")
_WORDS = (
    r"(?:\\(?:text|mathrm|mbox)\{[^{}]*\}|\\forall|∀|for|all|each|every|where|with|any|對|对|於|[,;，(]"
    r"|\s|\\[,;:! ]|\\q?quad|~|&)*"
)
_BEHIND = re.compile(rf"(?<=[\s,;，({{}}])\s*{_WORDS}(?<![A-Za-z]){_LETTER}{_SPACE}{_SET.replace('|=', '')}\)?\s*$")
_STAR = re.compile(r"\\star|\\bullet|[★⋆•]|(?<=_)\*|(?<=_)\\ast|(?<=_)∗|(?<=_\{)(?:\*|\\ast|∗)(?=[,}])")


@dataclass(frozen=True)
class Family:
    """A letter that stands for each of several gates in turn."""

    letter: str
    gates: tuple[str, ...]

    def member(self, text: str, gate: str) -> str:
        """The text with a gate in the place of the letter, where that is a name or below one by itself."""
        if not self.letter.isalpha() or not self.letter.isascii():
            starred = rf"(?P<macro>\\[A-Za-z]+)?{re.escape(self.letter)}(?![A-Za-z])"
            return re.sub(starred, lambda found: f"{found['macro']} {gate}" if found["macro"] else gate, text)
        text = re.sub(rf"(?<=\w)\[\s*{self.letter}\s*\]", lambda _: f"_{gate}", text)
        alone = rf"(?<![A-Za-z\\]){self.letter}(?![A-Za-z])"
        below = rf"(?<=_\{{[A-Za-z]){self.letter}(?=[,}}])|(?<=_[A-Za-z]){self.letter}(?![A-Za-z])"
        adjoint = rf"(?<=\bd){self.letter}(?![A-Za-z])"
        return re.sub(f"{alone}|{below}|{adjoint}", lambda _: gate, text)


def family_of(summation: str, gates: tuple[str, ...]) -> Family | None:
    """What a sign of a sum with its scripts goes over, None if not over gates; over all where no set is written."""
    found = _UNDER_SUM.fullmatch(summation.strip())
    if found is None or (found["letter"] == "t"):
        return None
    named = _split(found["members"])
    over = named or gates
    return Family(found["letter"], over) if 0 < len(over) <= MAX_GATES else None


def expanded(formula: Formula, gates: tuple[str, ...]) -> Iterator[Formula]:
    """A formula for each gate of which it is said to hold, itself where it is of one."""
    found = _BEHIND.search(formula.text) if len(formula.text) <= MAX_FORMULA else None
    if found and "=" in formula.text[: found.start()] and len(_split(found["members"])) <= MAX_GATES:
        family, text = Family(found["letter"], _split(found["members"])), formula.text[: found.start()]
    elif (star := _STAR.search(formula.text)) and gates:
        family, text = Family(star[0], gates), formula.text
    else:
        yield formula
        return
    for gate in family.gates:
        yield replace(formula, text=family.member(text, gate).rstrip(" ,;"))


def _split(members: str | None) -> tuple[str, ...]:
    """The gates of a set."""
    return tuple(re.sub(rf"^{_SPACE}|{_SPACE}$", "", part) for part in members.split(",")) if members else ()
