"""The one error of this room: what happened, where, what is allowed, how to fix it."""

from __future__ import annotations


class CellError(ValueError):
    """A cell that cannot be used as written.

    Attributes: `what` happened; `source` (file name or "equations"); `line` and `column`, both from 1, or 0
    where the whole file is meant; `text` of that line; what is `allowed` there; the likely `fix`.
    """

    def __init__(
        self,
        what: str,
        *,
        source: str = "equations",
        line: int = 0,
        column: int = 0,
        text: str = "",
        allowed: str = "",
        fix: str = "",
    ) -> None:
        self.what, self.source, self.line, self.column = what, source, line, column
        self.text, self.allowed, self.fix = text, allowed, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [f"{self.source}, line {self.line}, column {self.column}: {self.what}"]
        if self.text:
            shown = self.text if len(self.text) <= 100 else self.text[:97] + "..."
            parts.append(f"    {shown}")
            if 0 < self.column <= len(shown):
                parts.append("    " + " " * (self.column - 1) + "^")
        if self.allowed:
            parts.append(f"  allowed: {self.allowed}")
        if self.fix:
            parts.append(f"  fix: {self.fix}")
        return "\n".join(parts)
