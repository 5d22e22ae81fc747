"""The one error of this room: what happened, where, what is allowed, how to fix it."""

from __future__ import annotations

from lstm_sym.ground.refusal import Refusal
from lstm_sym.ground.safe_text import printable

_WIDTH = 100


class CellError(Refusal):
    """A cell that cannot be used as written.

    Attributes: `what` happened; `source` (file name or "equations"); `line` and `column`, both from 1, and 1, 1 where
    the whole file is meant; `text` of that line; what is `allowed` there; the likely `fix`. All text is printable:
    what a file holds can neither move the cursor nor reorder the line it is shown on.
    """

    def __init__(
        self,
        what: str,
        *,
        source: str = "equations",
        line: int = 1,
        column: int = 1,
        text: str = "",
        allowed: str = "",
        fix: str = "",
    ) -> None:
        self.line, self.column = line, column
        self.what, self.source, self.text = printable(what), printable(source), printable(text)
        self.allowed, self.fix = printable(allowed), printable(fix)
        super().__init__(self.place, self.what, fix=self.fix)
        self.args = (str(self),)

    @property
    def place(self) -> str:
        """The file, with line and column unless the whole of it is meant."""
        whole = not self.text and (self.line, self.column) == (1, 1)
        return self.source if whole else f"{self.source}, line {self.line}, column {self.column}"

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.what}"]
        if self.text:
            first = max(0, self.column - _WIDTH // 2) if len(self.text) > _WIDTH else 0
            shown = self.text[first : first + _WIDTH]
            before, after = "..." if first else "", "..." if first + _WIDTH < len(self.text) else ""
            parts.append(f"    {before}{shown}{after}")
            parts.append("    " + " " * (len(before) + self.column - 1 - first) + "^")
        if self.allowed:
            parts.append(f"  allowed: {self.allowed}")
        if self.fix:
            parts.append(f"  fix: {self.fix}")
        return "\n".join(parts)
