"""What is audited: a function of a user's file, and how it may be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_sym.audit.interface.convention import Convention
from lstm_sym.audit.running.answer import Answer
from lstm_sym.audit.running.process import Notice, call
from lstm_sym.audit.running.tracing import Assigned, trace
from lstm_sym.audit.sequences.cases import ForwardPass, arrays, request


def unheard(stage: str, seconds: float) -> None:
    """A notice that nobody hears."""


@dataclass(frozen=True)
class Subject:
    """A function, "backward", or a method, "LSTM.backward", of a file; what it may take, and who hears of it."""

    file: Path
    function: str
    seed: int = 0
    timeout: float = 60.0
    notice: Notice = unheard

    @property
    def place(self) -> str:
        """my_lstm.py:backward."""
        return f"{self.file}:{self.function}"

    def run(self, convention: Convention, given: list[ForwardPass], **more: Any) -> Answer:
        """Run it on sequences under a convention, in a process of its own. Raises AuditError."""
        whole = {**_request(convention, given), **more}
        return call(self.file, self.function, whole, arrays(convention.derivation, given), self.timeout, self.notice)

    def trace(self, convention: Convention, one: ForwardPass) -> tuple[Assigned, ...]:
        """What the lines of its file assign in a sequence, which is as the function is given it: of `Audit.passes`."""
        whole, named = _request(convention, [one]), arrays(convention.derivation, [one])
        return trace(self.file, self.function, whole, named, self.timeout, self.notice)


def _request(convention: Convention, given: list[ForwardPass]) -> Mapping[str, Any]:
    return {**request(convention.derivation, given), **convention.request}
