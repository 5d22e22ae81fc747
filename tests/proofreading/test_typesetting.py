"""What a page shows of a formula is the formula: typeset in our own notation and read again, it is judged alike."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from proofreading.mutations import cell_of, right_texts

from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.proofreading.typesetting import NotTypeset, Typesetter


def typeset(proof, notation):
    """Every right formula that can be typeset."""
    derivation = proof.derivation
    for finding in proof.findings:
        try:
            if finding.status == "right" and len(finding.sides) == 2:
                yield Typesetter(notation(signs=derivation.cell.signs), derivation).line(*finding.sides)
        except NotTypeset:
            continue


@pytest.mark.parametrize("path", right_texts(), ids=lambda path: path.name)
def test_a_right_formula_is_right_as_it_is_typeset(path, judged):
    proof = judged(cell_of(path), path.read_text(encoding="utf-8"), tex=path.suffix == ".tex")
    lines = list(typeset(proof, LatexNotation))
    again = judged(cell_of(path), "\n\n".join(f"$${line}$$" for line in lines))
    assert [f.formula.text for f in again.findings if f.status != "right"] == []
    assert len(lines) >= 0.7 * proof.counts["right"]
    for line in typeset(proof, MathMLNotation):
        ElementTree.fromstring(f"<math>{line}</math>")


def test_a_mistake_is_typeset_as_it_stands(judged):
    [finding] = judged("lstm", r"$\delta f_t = \delta c_t \odot c_t$").findings
    line = Typesetter(LatexNotation(), judged("lstm", "do = dh * tanh(c)").derivation).line(*finding.sides)
    assert re.sub(r"\s", "", line) == r"\deltaf_{t}=\deltac_{t}\odotc_{t}"
