"""The table of checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lstm_sym.document.document import Block, Code, Inline, Line, Paragraph, Table, error_text
from lstm_sym.document.sentences import Sentences

if TYPE_CHECKING:  # the checks start autograd, which a table of none does not need
    from lstm_sym.check import CheckResult


def check_table(checks: Sequence[CheckResult], sentences: Sentences) -> list[Block]:
    """What was checked, how far it was off, and the bar."""
    if not checks:
        return [Paragraph(sentences.line("checks.none"))]
    head = tuple(sentences.text(f"checks.{c}") for c in ("check", "compares", "case", "measured", "bar", "verdict"))
    rows = tuple(_row(result, sentences) for result in checks)
    table: list[Block] = [Paragraph(sentences.line("checks.why")), Table(head, rows, frozenset({3, 4}))]
    ended = any(result.ended_early for result in checks)
    return [*table, Paragraph(sentences.line("checks.ended_early"))] if ended else table


def _row(result: CheckResult, sentences: Sentences) -> tuple[Line, ...]:
    sign = "≥" if result.at_least else "≤"
    measured = f"{result.error:.3g}" if result.at_least else error_text(result.error) if result.ran else "—"
    return (
        (check_name(result, sentences),),
        (_worded(result, "whats", result.what, sentences),),
        case_line(result.detail, sentences),
        (measured,),
        (f"{sign} {result.bar:g}",),
        (sentences.text(_verdict(result)),),
    )


def case_line(detail: str, sentences: Sentences) -> Line:
    """Where a check was worst, and the sizes: names as they are, words of the check in the language."""
    where, _, sizes = detail.partition("; ")
    name, _, words = where.removesuffix(")").partition(" (") if where.endswith(")") else (where, "", "")
    told = sentences.listed([_word(word, sentences) for word in words.split(", ")]) if words else ()
    found: Line = (Code(name),) if name else ()
    found = (*found, " (", *told, ")") if told else found
    return (*found, "; ", Code(sizes)) if sizes and found else (*found, Code(sizes)) if sizes else found


def _word(word: str, sentences: Sentences) -> Inline:
    key = f"checks.words.{word}"
    return sentences.sentence(key) if sentences.has(key) else Code(word)


def _verdict(result: CheckResult) -> str:
    if result.left_out:
        return f"checks.left_out.{result.left_out}"
    return "checks.passed" if result.passed else "checks.failed"


def check_name(result: CheckResult, sentences: Sentences) -> str:
    """The name of a check in the language; its own where the table has none."""
    return _worded(result, "names", result.name, sentences)


def _worded(result: CheckResult, kind: str, own: str, sentences: Sentences) -> str:
    key = f"checks.{kind}.{result.name}"
    return sentences.sentence(key) if sentences.has(key) else own
