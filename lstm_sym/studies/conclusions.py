"""The sentences that a study concludes with, chosen by the numbers that it measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lstm_sym.document.document import Code, Line
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell
from lstm_sym.studies.measurement import HalfLife, biased_label, forget_bias, steps_text

FACTOR = 2.0
"""Half-lives that differ by less than this factor are called about the same."""


def relation(one: HalfLife, other: HalfLife) -> str:
    """How `other` compares with `one`: "similar", "longer" or "shorter"."""
    ratio = _ratio(one, other)
    if 1 / FACTOR < ratio < FACTOR:
        return "similar"
    return "longer" if ratio > 1 else "shorter"


def overlap(one: HalfLife, other: HalfLife) -> bool:
    """Whether the ranges of the two over the draws have a value in common."""
    return min(one.draws) <= max(other.draws) and min(other.draws) <= max(one.draws)


def conclusion(cells: Sequence[Cell], lives: Mapping[str, HalfLife], sentences: Sentences) -> list[Line]:
    """Sentences on every cell against the first, on every forget bias against none, and on what that means."""
    first = cells[0].key
    found: list[Line] = []
    if len(lives) == 1:
        found.append(sentences.line("answer.alone", one=Code(first), one_steps=steps_text(lives[first].together)))
    for cell in cells:
        gates = _compared(first, cell.key, lives, sentences) if cell.key != first else []
        found += gates
        if forget_bias(cell):
            biased = biased_label(cell)
            found += _compared(cell.key, biased, lives, sentences)
            if gates:
                verdict = _verdict(lives[first], lives[cell.key], lives[biased])
                found += [sentences.line(f"answer.{verdict}", cell=Code(cell.key))] if verdict else []
    return [*found, sentences.line("answer.rule", factor=f"{FACTOR:g}")]


def _verdict(base: HalfLife, drawn: HalfLife, biased: HalfLife) -> str:
    """What keeps the gradient longer: "bias", "gates", "both" or "neither"; "" where something made it shorter."""
    gates, bias = relation(base, drawn), relation(drawn, biased)
    return {
        ("similar", "longer"): "bias",
        ("longer", "longer"): "both",
        ("longer", "similar"): "gates",
        ("similar", "similar"): "neither",
    }.get((gates, bias), "")


def _compared(one: str, other: str, lives: Mapping[str, HalfLife], sentences: Sentences) -> list[Line]:
    a, b = lives[one], lives[other]
    kind = relation(a, b)
    ratio = _ratio(a, b)
    times = max(ratio, 1 / ratio) if ratio else float("inf")  # the larger is the smaller
    line = sentences.line(
        f"answer.{kind}",
        one=Code(one),
        other=Code(other),
        one_steps=steps_text(a.together),
        other_steps=steps_text(b.together),
        ratio=f"{times:.2f}" if times < 10 else steps_text(times),
    )
    doubtful = kind != "similar" and overlap(a, b)
    return [line, sentences.line("answer.overlap")] if doubtful else [line]


def _ratio(one: HalfLife, other: HalfLife) -> float:
    """other / one; 1 where neither decays."""
    if one.together == other.together:
        return 1.0
    return other.together / one.together
