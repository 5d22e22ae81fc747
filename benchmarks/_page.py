"""Blocks of a page that measurements write: what stands between <!-- name --> and <!-- end of name -->.

A block begins with its figure in bold, the one line that the summary of the page repeats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lstm_sym.ground.files import write_whole

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
SUMMARY = "summary"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def block(figure: str, command: str, host: dict[str, Any], body: str) -> str:
    """The figure, the command that gives it, the machine, and the table."""
    machine = f"{host['processor']}, {host['system']}, Python {host['python']}, NumPy {host['numpy']}, {host['blas']}"
    return f"**{figure}**\n\n`{command}` on {machine}.\n\n{body}"


def marks(name: str) -> tuple[str, str]:
    """Where a block begins and ends."""
    return f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"


def replaced(text: str, name: str, content: str) -> str:
    """The page with another content of one block. Raises ValueError where it has no such block."""
    begin, end = marks(name)
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"the page has no block {name}: put {begin.strip()} and {end.strip()} where it belongs")
    head, rest = text.split(begin)
    return head + begin + content + end + rest.split(end)[1]


def figures(text: str) -> dict[str, tuple[str, str]]:
    """Name of a block -> its figure and its command."""
    found = re.findall(r"<!-- ([a-z ]+) -->\n\*\*(.+?)\*\*\n\n`(.+?)`", text)
    return {name: (figure, command) for name, figure, command in found}


def summary(text: str) -> str:
    """The figures of all blocks, one a line."""
    rows = [(name, figure, f"`{command}`") for name, (figure, command) in figures(text).items()]
    return table(("rung", "figure", "command"), rows)


def update(blocks: dict[str, str], page: Path = PAGE) -> None:
    """Write blocks, and the summary, into the page; whole or not at all."""
    text = page.read_text(encoding="utf-8")
    for name, content in blocks.items():
        text = replaced(text, name, content)
    text = replaced(text, SUMMARY, summary(text))
    write_whole(page, text.encode("utf-8"))
