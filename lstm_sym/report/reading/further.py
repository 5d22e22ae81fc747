"""Where to go from the page: the commands that show, compare, measure and use the cell, or pages that hold the same."""

from __future__ import annotations

from collections.abc import Mapping

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


def further_section(story: Story, ways: Mapping[str, str]) -> d.Section:
    """What each page or command gives; the pages first.

    ways: "gallery", the name of a command, or "diff OTHER" -> a page that lies beside this one.
    """
    cell, told = story.cell.key, story.sentences
    other = next(name for name in OTHERS if name != cell)
    items: list[tuple[d.Line, d.Line]] = [
        ((d.Link(way.removeprefix("diff "), page),), told.line(f"further.{way.split()[0]}"))
        for way, page in ways.items()
    ]
    items += [
        ((d.Code(command.format(cell=cell, other=other)),), told.line(f"further.{key}"))
        for key, command in COMMANDS.items()
    ]
    return story.section("further", d.Definitions(tuple(items)))
