"""Lines of Python that are not too long."""

from __future__ import annotations

from collections.abc import Iterable

WIDTH = 112
"""The longest line before it is moved to the right, by two levels."""


def folded(line: str, width: int = WIDTH, indent: int = 4) -> list[str]:
    """A statement in lines that are short enough: broken after commas and before operators inside brackets.

    One that has no brackets where it could be broken is put into some.
    """
    if len(line) <= width:
        return [line]
    lines = _cut(line, width, indent)
    head, sign, value = next((parts for sign in (" = ", " += ") if (parts := line.partition(sign))[1]), (line, "", ""))
    if sign and max(map(len, lines)) > width:
        head = f"({head})" if ", " in head else head
        value = value if value.startswith("(") and value.endswith(")") else f"({value})"
        return _cut(f"{head}{sign}{value}", width, indent)
    return lines


def _cut(line: str, width: int, indent: int) -> list[str]:
    """The line cut where it may be: as far out of brackets as can be, and late."""
    ends, lines, start = _ends(line), list[str](), 0
    while len(line) - start > (room := width - indent * bool(lines)):
        places = {depth: place for place, depth in ends if start < place <= start + room}
        late = {depth: place for depth, place in places.items() if place - start > room // 2}
        if not places:
            break
        end = (late or places)[min(late or places)]
        lines.append(" " * indent * bool(lines) + line[start:end].rstrip())
        start = end
    return [*lines, " " * indent * bool(lines) + line[start:]]


def _ends(line: str) -> list[tuple[int, int]]:
    """Where a line may end, and how many brackets are open there: inside one, and never inside an index."""
    indices, ends = list[bool](), list[tuple[int, int]]()  # of each open bracket, whether it is that of an index
    for k, character in enumerate(line):
        if character in "([{":
            indices.append(character == "[" and k > 0 and (line[k - 1].isalnum() or line[k - 1] in "_)]"))
        elif character in ")]}":
            indices.pop()
        may_end = character == " " and indices and not any(indices)
        if may_end and (line[k - 1] == "," or line[k + 1] in "+-*@/|"):
            ends.append((k + 1, len(indices)))
    return ends


def docstring(text: str) -> str:
    """A docstring whatever the text holds: by repr if quotes or backslashes are in it."""
    if '"""' in text or "\\" in text or text.endswith('"'):
        return repr(text)
    return f'''"""{text}\n"""''' if "\n" in text else f'''"""{text}"""'''


def listed(items: Iterable[str], indent: str = "    ") -> str:
    """Items with commas, in lines that are filled; no item is broken."""
    lines = [""]
    for item in items:
        joint = ", " if lines[-1] else ""
        if lines[-1] and len(indent + lines[-1] + joint + item) >= WIDTH:
            lines[-1] += ","
            lines.append(item)
        else:
            lines[-1] += joint + item
    return "\n".join(indent + line for line in lines)
