"""The table of checks."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.check import CheckResult
from lstm_sym.document.document import Block, Line, Paragraph, Table, error_text
from lstm_sym.document.sentences import Words


def check_table(checks: Sequence[CheckResult], words: Words) -> list[Block]:
    """What was checked, how far it was off, and the bar."""
    if not checks:
        return [Paragraph(words.line("checks.none"))]
    head = tuple(words.text(f"checks.{c}") for c in ("check", "compares", "case", "measured", "bar", "verdict"))
    rows = tuple(_row(result, words) for result in checks)
    return [Paragraph(words.line("checks.why")), Table(head, rows, frozenset({3, 4}))]


def _row(result: CheckResult, words: Words) -> tuple[Line, ...]:
    sign = "≥" if result.at_least else "≤"
    measured = f"{result.error:.3g}" if result.at_least else error_text(result.error) if result.ran else "—"
    return (
        (check_name(result, words),),
        (_worded(result, "whats", result.what, words),),
        (result.detail,),
        (measured,),
        (f"{sign} {result.bar:g}",),
        (words.text(_verdict(result)),),
    )


def _verdict(result: CheckResult) -> str:
    if result.left_out:
        return f"checks.left_out.{result.left_out}"
    return "checks.passed" if result.passed else "checks.failed"


def check_name(result: CheckResult, words: Words) -> str:
    """The name of a check in the language; its own where the table has none."""
    return _worded(result, "names", result.name, words)


def _worded(result: CheckResult, kind: str, own: str, words: Words) -> str:
    key = f"checks.{kind}.{result.name}"
    return words.sentence(key) if words.has(key) else own
