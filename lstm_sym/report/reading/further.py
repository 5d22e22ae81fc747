"""Where to go from the page: the commands that show, compare, measure and use the cell."""

from __future__ import annotations

from lstm_sym.document import document as d
from lstm_sym.report.reading.story import Story

COMMANDS = {
    "explore": "lstm-sym explore {cell}",
    "diff": "lstm-sym diff {cell} {other}",
    "flow": "lstm-sym flow {cell} {other}",
    "study": "lstm-sym study {cell} {other}",
    "generate": "lstm-sym generate {cell}",
    "check": "lstm-sym check {cell}",
}
OTHERS = ("lstm", "rnn")


def further_section(story: Story) -> d.Section:
    """What each command gives, and the command."""
    cell = story.cell.key
    other = next(name for name in OTHERS if name != cell)
    items: list[tuple[d.Line, d.Line]] = [
        ((d.Code(command.format(cell=cell, other=other)),), story.sentences.line(f"further.{key}"))
        for key, command in COMMANDS.items()
    ]
    return story.section("further", d.Definitions(tuple(items)))
