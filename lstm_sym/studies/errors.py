"""The errors of this room."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.ground.refusal import Refusal


class StudyError(Refusal):
    """A study that is refused: cells that cannot stand in one, an option that none has, a setting that is no number."""


class NothingMeasured(StudyError):
    """No model could be measured; `reasons` has of each why."""

    def __init__(self, found: str, reasons: Sequence[Refusal]) -> None:
        super().__init__("", found)
        self.reasons = tuple(reasons)
        self.args = found, self.reasons  # what a pickle makes the error of again

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.reasons)])
