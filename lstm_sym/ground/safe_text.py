"""Text that a terminal can be given: nothing in it moves the cursor, reorders the line, or speaks to the terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with every tab a space and every other character that does not print U+FFFD, one for one."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def printable_lines(text: str) -> str:
    """The same of every line: line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))
