"""One line of the equations, and what may be said of it before Python's own parser sees it.

Every bound is tested here, on the bare text: length, characters, words, brackets, runs of signs. What passes holds
names, numbers, + - * / @ = ( ) [ ] , . and spaces: no string, no keyword, no `:`, nothing deep.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass

from lstm_sym.equations.characters import DECISION, refused_character
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS

MAX_TEXT = 20_000
MAX_EQUATION = 1_000
MAX_DEPTH = 100

ALLOWED = "names, numbers, + - * / ** @ ( ), W.T @ v, [u, v], repeat(v, k), f(...) with f one of " + ", ".join(
    sorted({*FUNCTIONS, *REDUCTIONS})
)

_PAIRS = {"(": ")", "[": "]"}
_TOKEN = re.compile(
    r"""(?P<word>[A-Za-z_]\w*)
      | (?P<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?)
      | (?P<other>[^\w\t +*/@=()\[\],.-])""",
    re.ASCII | re.VERBOSE,
)
_NUMBER = re.compile(r"(?:\d+\.?\d*)(?:[eE][+-]?\d+)?", re.ASCII)
_SIGNS = re.compile(rf"(?:[-+]\s*){{{MAX_DEPTH}}}")
_WORDS = {
    "lambda": "an equation defines no function; a quantity of this name is usually called lam",
    "if": DECISION,
    "else": DECISION,
    "and": "multiply the gates instead",
    "or": "for gates a, b write a + b - a * b",
    "not": "for a gate a write 1 - a",
    "for": "no loop is needed: * and @ already run over all units",
    "True": "write 1",
    "False": "write 0",
}


@dataclass(frozen=True)
class SourceLine:
    """A line as written, its number in the file and the name of the file."""

    raw: str
    number: int
    source: str

    @property
    def code(self) -> str:
        """The equation: without comment, without white space around it."""
        return self.raw.partition("#")[0].strip(" \t")

    @property
    def indent(self) -> int:
        """How many characters of white space stand before the equation."""
        return len(self.raw) - len(self.raw.lstrip(" \t"))

    def error(self, what: str, column: int, fix: str, allowed: str = ALLOWED) -> CellError:
        """The error at this column of the equation, counted from 1 at its first character."""
        return CellError(
            what,
            source=self.source,
            line=self.number,
            column=column + self.indent,
            text=self.raw,
            allowed=allowed,
            fix=fix,
        )


def lines_of(text: str, source: str, first_line: int) -> tuple[SourceLine, ...]:
    """The lines that hold an equation. Raises CellError for a text that is too long."""
    if len(text) > MAX_TEXT:
        raise CellError(
            f"the equations are {len(text):,} characters long",
            source=source,
            line=first_line,
            allowed=f"{MAX_TEXT:,} characters",
            fix="the largest published cells need about 2,000; is this the right file?",
        )
    written = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n").split("\n")
    lines = tuple(SourceLine(raw, number, source) for number, raw in enumerate(written, first_line))
    for line in lines:
        _check_comment(line)
    return tuple(line for line in lines if line.code)


def check_line(line: SourceLine, decision: Callable[[SourceLine], str]) -> None:
    """Refuse what is too long, too deep, or holds characters and words of another kind of text. Raises CellError.

    decision: how a comparison or a choice of this line is written, "" where that is not known.
    """
    if len(line.code) > MAX_EQUATION:
        raise line.error(
            f"the equation is {len(line.code):,} characters long",
            1,
            "give parts an equation of their own",
            f"{MAX_EQUATION:,} characters an equation",
        )
    _check_tokens(line, decision)
    _check_brackets(line)
    signs = _SIGNS.search(line.code)
    if signs:
        raise line.error(f"a run of {MAX_DEPTH} signs or more", signs.start() + 1, "write one sign")


def _check_comment(line: SourceLine) -> None:
    code, mark, comment = line.raw.partition("#")
    for column, character in enumerate(comment, len(code + mark) + 1):
        if not character.isprintable() and character != "\t":
            what, fix = refused_character(character)
            raise line.error(what, column - line.indent, fix, "text that prints, in any script, after #")


def _check_tokens(line: SourceLine, decision: Callable[[SourceLine], str]) -> None:
    for token in _TOKEN.finditer(line.code):
        text, column = token[0], token.start() + 1
        if token["word"] and keyword.iskeyword(text):
            fix = _WORDS.get(text, f"if it is a name of yours, change it: {text.lower()}_1")
            fix = (fix == DECISION and _is_arithmetic(line) and decision(line)) or fix
            raise line.error(f"`{text}` is a word of Python", column, fix)
        if token["number"] and not _NUMBER.fullmatch(text):
            factor = re.match(r"(\d+)(?![xXoObB\d])", text)
            fix = "write decimal numbers: 2, 0.5, 1e-3"
            if factor:
                fix = f"between factors write *: {factor[1]} * {text[factor.end() :][:20]}"
            raise line.error(f"`{text[:20]}` is no number", column, fix)
        if token["other"]:
            what, fix = refused_character(text)
            raise line.error(what, column, (text in "<>" and _is_arithmetic(line) and decision(line)) or fix)


def _is_arithmetic(line: SourceLine) -> bool:
    """Whether a line is within bounds, but for its comparisons and choices: what Python's parser may see of it."""
    for token in _TOKEN.finditer(line.code):
        chooses = token[0] in ("if", "else", "<", ">")
        wrong_number = token["number"] and not _NUMBER.fullmatch(token[0])
        if not chooses and (token["other"] or wrong_number or keyword.iskeyword(token[0])):
            return False
    return not _SIGNS.search(line.code) and max(map(line.code.count, "([")) <= MAX_DEPTH


def _check_brackets(line: SourceLine) -> None:
    """Every bracket closed, and by its own kind; no more than MAX_DEPTH open at once."""
    opened: list[tuple[str, int]] = []
    for column, character in enumerate(line.code, 1):
        if character in _PAIRS:
            opened.append((character, column))
            if len(opened) > MAX_DEPTH:
                raise line.error(
                    f"more than {MAX_DEPTH} levels of brackets", column, "give parts an equation of their own"
                )
        elif character in _PAIRS.values():
            start, _ = opened.pop() if opened else ("", 0)
            if _PAIRS.get(start) != character:
                what = f"`{character}` closes a `{start}`" if start else f"`{character}` closes no bracket"
                raise line.error(what, column, f"write `{_PAIRS[start]}`" if start else "drop it, or open one before")
    if opened:
        start, column = opened[-1]
        raise line.error(f"`{start}` is never closed", column, f"add `{_PAIRS[start]}`; an equation stands on one line")
