r"""Macros that a text defines for itself, \newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}, written out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lstm_sym.proofreading.errors import ProofreadingError

MAX_ROUNDS = 12
"""The most macros inside each other."""

_DEFINITION = re.compile(
    r"\\(?:re|provide)?newcommand\*?\s*(?:\{\s*\\(?P<braced>[A-Za-z]+)\s*\}|\\(?P<bare>[A-Za-z]+))\s*"
    r"(?:\[(?P<count>[1-9])\])?\s*(?:\[(?P<default>[^\]]*)\])?\s*(?=\{)"
    r"|\\def\s*\\(?P<plain>[A-Za-z]+)(?P<parameters>(?:#[1-9])*)\s*(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{?\s*\\(?P<operator>[A-Za-z]+)\s*\}?\s*(?=\{)"
)
_BLANK = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Macro:
    """What a macro stands for: its body with #1, #2, ...; default: of a first argument that may be left out."""

    count: int
    body: str
    default: str | None = None

    def filled(self, given: Sequence[str]) -> str:
        """The body with what is given in its places; nothing where too little is."""
        return re.sub(r"#([1-9])", lambda found: "".join(given[int(found[1]) - 1 :][:1]), self.body)


def without_macros(text: str, longest: int) -> str:
    """The text with its own macros written out, its lines where they were. Raises ProofreadingError.

    longest: the most characters it may have then, against macros that grow.
    """
    macros, rest = _definitions(text)
    if not macros:
        return text
    used = re.compile(rf"\\({'|'.join(macros)})(?![A-Za-z])")
    for _ in range(MAX_ROUNDS):
        written = _once(rest, macros, used)
        if len(written) > longest:
            break
        if not used.search(written):
            return written
        rest = written
    raise ProofreadingError(
        "",
        f"the macros of the text are more than {MAX_ROUNDS} inside each other, or grow without end",
        "a macro that stands in its own definition",
        "write the formulas out",
    )


def _definitions(text: str) -> tuple[dict[str, Macro], str]:
    """The macros that are defined, and the text without their definitions."""
    found: dict[str, Macro] = {}
    rest, place = "", 0
    for match in _DEFINITION.finditer(text):
        body = _group(text, match.end())
        if match.start() < place or body is None:
            continue
        name = next(match[key] for key in ("braced", "bare", "plain", "operator") if match[key])
        whole = rf"\operatorname{{{body}}}" if match["operator"] else body
        count = len(match["parameters"] or "") // 2 or int(match["count"] or 0)
        found[name] = Macro(count, whole.replace("\n", " "), match["default"])
        end = match.end() + len(body) + 2
        rest += text[place : match.start()] + _BLANK.sub(" ", text[match.start() : end])
        place = end
    return found, rest + text[place:]


def _once(text: str, macros: dict[str, Macro], used: re.Pattern[str]) -> str:
    """The text with every macro in it written out once."""
    made, place = "", 0
    for match in used.finditer(text):
        if match.start() < place:
            continue
        macro, end = macros[match[1]], match.end()
        given: list[str] = []
        if macro.default is not None:
            option = re.compile(r"\s*\[([^\]]*)\]").match(text, end)
            given, end = [option[1] if option else macro.default], option.end() if option else end
        while len(given) < macro.count:
            argument = _argument(text, end)
            if argument is None:
                break
            given.append(argument[0])
            end = argument[1]
        body = macro.filled(given)
        lines = "\n" * (text.count("\n", match.start(), end) - body.count("\n"))
        made += text[place : match.start()] + body + lines
        place = end
    return made + text[place:]


def _argument(text: str, place: int) -> tuple[str, int] | None:
    """What a macro is given: a group, a command or a character; and where it ends."""
    match = re.compile(r"\s*(\{|\\[A-Za-z]+|[^\s{}])").match(text, place)
    if match is None:
        return None
    if match[1] != "{":
        return match[1], match.end()
    inner = _group(text, match.start(1))
    return None if inner is None else (inner, match.start(1) + len(inner) + 2)


def _group(text: str, place: int) -> str | None:
    """What stands in the braces that open here, None if they are never closed."""
    depth = 0
    for at in range(place, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[place + 1 : at]
    return None
