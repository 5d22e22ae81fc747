"""Derivations as people write them: no right line is refused, and every planted mistake is named."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from proofreading.mutations import TEXTS, WRONG, cell_of, mutants, right_texts

import lstm_sym as ls
from lstm_sym.api import derive
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.text import TextNotation

CELLS = ("lstm", "gru", "rnn", "lstm_peephole")
SHARE = 0.95
"""The smallest share of the planted mistakes that is named."""


def kinds(finding):
    """What is said to be wrong in a line."""
    assert finding.judgement is not None
    named = [change.kind for change in finding.judgement.changes]
    return [*named, *(["factor"] if finding.judgement.factor else [])]


def test_there_are_forty_texts_of_four_cells():
    texts = list(TEXTS.iterdir())
    assert len(texts) >= 40 and {cell_of(path) for path in texts} == set(CELLS)
    assert {path.suffix for path in texts} == {".md", ".tex", ".txt"}


@pytest.mark.parametrize("path", right_texts(), ids=lambda path: path.name)
def test_no_right_line_is_refused(path, judged):
    proof = judged(cell_of(path), path.read_text(encoding="utf-8"), tex=path.suffix == ".tex")
    assert [f.formula.text for f in proof.findings if f.status in ("wrong", "unread")] == []
    assert proof.counts["right"] >= len(proof.findings) - 1 and proof.right


@pytest.mark.parametrize("path", [p for p in sorted(TEXTS.iterdir()) if WRONG in p.stem], ids=lambda path: path.name)
def test_every_planted_mistake_is_named(path, judged):
    text = path.read_text(encoding="utf-8")
    planted = {
        n: m[1].strip() for n, line in enumerate(text.split("\n"), 1) if (m := re.search("wrong: ([a-z ]+)", line))
    }
    proof = judged(cell_of(path), text, tex=path.suffix == ".tex")
    found = {f.formula.line: kinds(f) for f in proof.findings if f.status == "wrong"}
    assert found == {line: [kind] for line, kind in planted.items()} and planted
    assert proof.counts["right"] == len(proof.findings) - len(planted)


@pytest.mark.parametrize("path", [p for p in sorted(TEXTS.iterdir()) if WRONG in p.stem], ids=lambda path: path.name)
def test_the_line_that_is_printed_is_right(path, judged):
    """In the place of the wrong one, with the other lines as they stand."""
    text = path.read_text(encoding="utf-8")
    wrong = [f for f in judged(cell_of(path), text, tex=path.suffix == ".tex").findings if f.status == "wrong"]
    for finding in wrong:
        shown = f"\n\n${finding.written}$\n" if finding.formula.latex else f"\n\n```\n{finding.written}\n```\n"
        proof = judged(cell_of(path), text + shown)
        last = proof.findings[-1]
        is_named = last.equals is not None and last.equals.quantity == finding.target.quantity  # a name of its own
        assert last.status == "right" or (finding.by_use and is_named), finding.written


@pytest.mark.parametrize("notation", [LatexNotation, TextNotation])
@pytest.mark.parametrize("name", CELLS)
def test_the_derived_lines_are_right_in_our_own_notation(name, notation, judged):
    derivation = derive(ls.cell(name))
    printer = notation.of(derivation.forward, derivation.adjoint)
    statements = (*derivation.forward.statements, *derivation.adjoint.statements)
    lines = [printer.line(statement) for statement in statements]
    mark = "$" if notation is LatexNotation else ""
    proof = judged(name, "\n".join(f"{mark}{line}{mark}" for line in lines))
    assert [f.formula.text for f in proof.findings if f.status != "right"] == []
    assert len(proof.findings) == len(lines)


def shuffled(line: str, rng: random.Random) -> str:
    """The same line with its factors in another order."""
    left, _, right = line.partition(" = ")
    terms = []
    for term in right.split(" + "):
        factors = term.split(" * ")
        rng.shuffle(factors)
        terms.append(" * ".join(factors))
    rng.shuffle(terms)
    return f"{left} = {' + '.join(terms)}"


@pytest.mark.parametrize("name", ["lstm_code.txt", "gru_code.txt", "peephole_code.txt"])
def test_terms_and_factors_in_another_order_are_right(name, judged):
    path, rng = TEXTS / name, random.Random(1)
    lines = path.read_text(encoding="utf-8").splitlines()
    plain = [line for line in lines if "^T" not in line or "*" not in line]
    for _ in range(5):
        proof = judged(cell_of(path), "\n".join(line if "+=" in line else shuffled(line, rng) for line in plain))
        assert [f.formula.text for f in proof.findings if f.status != "right"] == []


def share_named(judged, count: int, seed: int) -> float:
    """The share of texts with one mutated line in which one line, be it for all gates, is said to be wrong, and why."""
    every = [(path, *mutant) for path in right_texts() for mutant in mutants(path)]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    assert len(chosen) == count and len({kind for _, kind, _, _ in chosen}) >= 8
    found: Counter[str] = Counter()
    for path, _, _, text in chosen:
        wrong = [f for f in judged(cell_of(path), text, tex=path.suffix == ".tex").findings if f.status == "wrong"]
        named = len({f.formula.line for f in wrong}) == 1 and all(map(kinds, wrong))
        found["named" if named else "not named"] += 1
    print(dict(found))
    return found["named"] / count


def test_mutated_lines_are_named(judged):
    assert share_named(judged, 40, seed=14) >= SHARE


@pytest.mark.long
def test_a_thousand_mutated_lines_are_named(judged):
    assert share_named(judged, 1000, seed=12) >= SHARE
