"""Long formulas come in pieces that a narrow window holds; together they say what the whole says."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from representatives import representatives

import lstm_sym as ls
from lstm_sym import cells
from lstm_sym.document.breaking import WHOLE, pieces, width
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.report import Sentences, derivation_document

NARROW = 28
"""Letters of 9 pixels that a line of a window of 375 pixels holds, beside the number of a formula and its indent."""
NOTATION = MathMLNotation()
LONG = ("slstm", "nested_lstm", "lstm_full_peephole", "layer_norm_lstm")


@cache
def summands() -> list[str]:
    """Every summand of every formula of cells that show all there is, and of those with the longest."""
    every = {name: ls.cell(name) for name in cells.names()}
    chosen = representatives(every) | {name: every[name] for name in LONG}
    formulas = (f for cell in chosen.values() for f in derivation_document(cell, Sentences("en")).equations())
    return [math.write(NOTATION) for formula in formulas for _, math in formula.summands]


def letters(text: str) -> str:
    return "".join(ET.fromstring(f"<math>{text}</math>").itertext())


def test_no_piece_of_any_formula_is_wider_than_a_narrow_window() -> None:
    widest = max((piece for text in summands() for piece in pieces(text)), key=lambda piece: width(parsed(piece)))
    assert width(parsed(widest)) <= NARROW, letters(widest)
    assert max(width(parsed(text)) for text in summands()) > 3 * NARROW


def parsed(text: str) -> ET.Element:
    return ET.fromstring(f"<mrow>{text}</mrow>")


def test_the_pieces_say_what_the_whole_says() -> None:
    """Letter for letter, but for fractions, which become quotients."""
    whole = [text for text in summands() if "<mfrac>" not in text]
    assert len(whole) > 500
    for text in whole:
        assert letters("".join(pieces(text))) == letters(text)


def test_brackets_are_balanced_over_the_pieces() -> None:
    for text in summands():
        found = letters("".join(pieces(text)))
        assert found.count("(") == found.count(")") and found.count("[") == found.count("]")


def test_what_is_short_is_left_as_it_is() -> None:
    short = NOTATION.product([NOTATION.name("f", [], "", 0), NOTATION.name("c", [], "", 0)])
    assert width(parsed(short)) <= WHOLE and pieces(short) == [short]


def test_a_long_fraction_is_a_quotient_of_brackets() -> None:
    names = [NOTATION.name(letter, ["long"], "", 0) for letter in "abcdef"]
    text = NOTATION.fraction(NOTATION.plus.join(names), NOTATION.name("n", [], "", 0))
    flat = letters("".join(pieces(text)))
    assert flat.startswith("(a") and flat.endswith(")/nt") and "<mfrac>" not in "".join(pieces(text))


@pytest.mark.parametrize("sign", ["+", "−", "⊙"])
def test_a_line_breaks_before_an_operator_which_stands_between_two(sign: str) -> None:
    joined = f"<mo>{sign}</mo>".join(NOTATION.name("alpha", ["one", "two"], "", 0) for _ in range(5))
    found = pieces(joined)
    assert len(found) == 5 and all(piece.startswith(f'<mo form="infix">{sign}') for piece in found[1:])


def test_a_sign_before_a_number_is_no_place_to_break() -> None:
    long = NOTATION.plus.join(NOTATION.name("alpha", ["one", "two"], "", 0) for _ in range(5))
    text = NOTATION.negative + NOTATION.number(Fraction(1)) + NOTATION.product(["", long])
    assert pieces(text)[0].startswith('<mo form="prefix">−</mo><mn>1</mn>')
