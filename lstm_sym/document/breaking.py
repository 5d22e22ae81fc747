"""Long formulas in pieces: browsers break no MathML, so a formula becomes several, and lines break between these.

A piece begins with an operator, + − ⊙, with what is applied, W v, or after a semicolon; brackets around more than fits
on a short line are opened up, and a long fraction is a quotient, so that no piece is wider than a narrow window.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

WHOLE = 17
"""Letters of a formula that is kept whole: what fits on a line of a narrow window."""
SHORT = 9
"""Letters of a row that is kept whole in a longer formula."""
_BREAK_BEFORE, _BREAK_AFTER = {"+", "−", "⊙", "="}, {";", ","}
_FORMS = {"(": "prefix", "[": "prefix", ")": "postfix", "]": "postfix"}
_SMALL = 0.7
"""Size of a letter in a subscript or superscript."""


def pieces(text: str) -> list[str]:
    """MathML without its outer <math>, as the parts between which a line may break; one part of what is short."""
    root = ET.fromstring(f"<mrow>{text}</mrow>")
    if width(root) <= WHOLE:
        return [text]
    found: list[list[ET.Element]] = [[]]
    for element in _flat(root):
        is_space = element.tag == "mspace"
        if found[-1] and (is_space or _is_infix(element, _BREAK_BEFORE)):
            found.append([])
        if not is_space or not found[-1]:
            found[-1].append(element)
        if _is_infix(element, _BREAK_AFTER):
            found.append([])
    return ["".join(map(_text, part)) for part in found if part]


def _flat(row: ET.Element) -> Iterator[ET.Element]:
    """What stands in a row, and in the long rows in it; long fractions as quotients in a line."""
    for child in row:
        if width(child) <= SHORT or child.tag not in ("mrow", "mfrac") or "class" in child.attrib:
            yield child
        elif child.tag == "mrow":
            yield from _flat(child)
        else:
            above, below = (_bracketed(part) for part in child)
            yield from (*_flat(above), _sign("/"), *_flat(below))


def _bracketed(part: ET.Element) -> ET.Element:
    """A part of a fraction in brackets, which the bar made needless, if it is more than one thing."""
    while part.tag == "mrow" and len(part) == 1:
        part = part[0]
    row = ET.Element("mrow")
    row.extend([_sign("("), *part, _sign(")")] if part.tag == "mrow" else [part])
    return row


def _sign(sign: str) -> ET.Element:
    operator = ET.Element("mo")
    operator.text = sign
    return operator


def _is_infix(element: ET.Element, signs: set[str]) -> bool:
    return element.tag == "mo" and element.text in signs and element.get("form") != "prefix"


def _text(element: ET.Element) -> str:
    """An element as text. Outside its row an operator does not know that it stands between two, or opens or closes.

    A bracket would be as tall as what stands in its own piece, and its partner in another piece of another height.
    """
    if element.tag == "mo" and "form" not in element.attrib:
        form = _FORMS.get(element.text or "", "infix")
        element.set("form", form)
        if form != "infix":
            element.set("stretchy", "false")
    return ET.tostring(element, encoding="unicode")


def width(element: ET.Element) -> float:
    """The letters of an element, those above and below the line as the smaller ones that they are."""
    own = float(len((element.text or "").strip())) if len(element) == 0 else 0.0
    widths = [width(child) for child in element]
    if element.tag in ("msub", "msup", "munder", "mover"):
        return widths[0] + (_SMALL * widths[1] if element.tag in ("msub", "msup") else 0)
    if element.tag == "msubsup":
        return widths[0] + _SMALL * max(widths[1:])
    return own + (max(widths) if element.tag == "mfrac" else sum(widths))
