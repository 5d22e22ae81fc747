"""The colours of the equations: those of the figures, everywhere a quantity stands, read on every page and on paper."""

from __future__ import annotations

import re
from importlib.resources import files
from xml.etree import ElementTree

import pytest
from contrast import contrast

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.document.colours import colour_style, quantity_colours
from lstm_sym.flow.drawing.colours import GATES
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.report import Sentences, derivation_document, html_page
from lstm_sym.report.comparison import comparison_document, side

STYLE = files("lstm_sym.document").joinpath("style.css").read_text(encoding="utf-8")
SCREEN = "@media screen and (prefers-color-scheme: dark)"


def names(cell: ls.Cell) -> tuple[str, ...]:
    return tuple(equation.target for equation in cell.equations)


def page_of(key: str) -> str:
    return html_page(derivation_document(ls.cell(key), Sentences("en")))


def backgrounds(scheme: int) -> list[str]:
    """What a formula stands on in the style sheet: 0 a light page, 1 a dark one, 2 paper."""
    found = [re.findall(rf"--{name}: (#\w+)", STYLE)[scheme] for name in ("page", "tint")]
    return ["#" + 2 * colour[1:] if len(colour) == 4 else colour for colour in found]


def rules(page: str) -> tuple[dict[str, str], dict[str, str]]:
    """Class -> colour, on light pages and on dark ones."""
    light, dark = page[page.index("<style>") : page.index("</style>")].split(SCREEN)
    return dict(re.findall(r"\.(q-\w+) \{ color: (#\w+); \}", light)), dict(
        re.findall(r"\.(q-\w+) \{ color: (#\w+); \}", dark)
    )


def ink(element: ElementTree.Element) -> list[str]:
    """The quantities in it that have no class of their own and stand in nothing that has one: their letters."""
    if element.get("class"):
        return []
    if element.tag in ("msub", "msubsup"):
        indices = element[1].iter("mi")
        return ["".join(element[0].itertext()).rstrip("′˙")] if [i.text for i in indices] == ["t"] else []
    return [letter for part in element for letter in ink(part)]


def letters_of(formula: str) -> str:
    """The letters of a name in MathML, its subscripts too."""
    return "".join(ElementTree.fromstring(formula).itertext()).replace(",", "")


@pytest.mark.parametrize("key", ls.names())
def test_every_colour_of_a_cell_is_read_on_light_and_dark_pages_and_on_paper(key: str) -> None:
    colours = quantity_colours([names(ls.cell(key))])
    assert colours
    for colour in colours.values():
        assert min(contrast(colour.light, page) for page in (*backgrounds(0), *backgrounds(2))) >= 4.5
        assert min(contrast(colour.dark, page) for page in backgrounds(1)) >= 4.5
    assert len(set(colours.values())) == len(colours), "one colour for two quantities"


@pytest.mark.parametrize("key", ["lstm", "gru", "cfn", "henon", "sru"])
def test_a_page_has_the_colours_of_the_figures(key: str) -> None:
    wanted = flow.gate_colours(names(ls.cell(key)))
    light, dark = rules(page_of(key))
    assert light == {f"q-{name}": colour.light for name, colour in wanted.items()}
    assert dark == {f"q-{name}": colour.dark for name, colour in wanted.items()}


@pytest.mark.parametrize("key", ["lstm", "gru", "nested_lstm", "multiplicative_lstm"])
def test_a_quantity_has_its_colour_wherever_it_stands_and_nothing_else_has_one(key: str) -> None:
    cell, page = ls.cell(key), page_of(key)
    known = quantity_colours([names(cell)])
    found = re.findall(r"<math.*?</math>", page, flags=re.DOTALL)
    trees = [ElementTree.fromstring(text) for text in found]
    shown = {name: letters_of(MathMLNotation(signs=cell.signs).named(name)) for name in cell.shapes}
    assert not {letter for tree in trees for letter in ink(tree)} & {shown[name] for name in known}
    coloured = [element for tree in trees for element in tree.iter() if element.get("class")]
    assert {f"q-{name}" for name in known} <= {element.get("class") for element in coloured}
    assert {element.get("class") for element in coloured} <= {f"q-{name}" for name in cell.shapes}
    for element in coloured:
        text = "".join(element.itertext())
        letters = re.fullmatch(r"δ?([\w˜]+?)(?:t|t−1)?[+∘]?", re.sub("[,′˙]", "", text)).group(1)
        assert letters == shown[element.get("class")[2:]]


def test_without_colours_the_page_says_the_same() -> None:
    page = page_of("lstm").partition("<script>")[0]
    assert re.sub(r' class="q-\w+"', "", page).count("q-") == 2 * len(names(ls.cell("lstm")))
    assert colour_style({}) == "" and quantity_colours([]) == {}


def test_paper_has_the_colours_of_a_light_page() -> None:
    rest = colour_style(quantity_colours([["i", "f"]]))
    assert rest.count("@media") == 1 and SCREEN in rest


def test_of_more_names_than_colours_those_of_the_figures_have_one() -> None:
    colours = quantity_colours([names(ls.cell("layer_norm_lstm"))])
    assert colours == {name: GATES[name] for name in "ifgoch"}
    given = quantity_colours([["gain", "f", "h"]])
    assert given == flow.gate_colours(["gain", "f", "h"])


def test_two_cells_side_by_side_have_the_colours_of_each() -> None:
    one, other = (side(key, ls.cell(key), input_size=3, hidden_size=4) for key in ("lstm", "gru"))
    light, _ = rules(html_page(comparison_document(one, other, Sentences("en"))))
    assert light == {f"q-{name}": GATES["g" if name == "n" else name].light for name in "ifgochrzn"}
    assert quantity_colours(["ng", "nh"])["n"] == quantity_colours(["ng"])["n"] != GATES["g"]


def test_a_part_of_a_document_keeps_its_colours() -> None:
    document = derivation_document(ls.cell("gru"), Sentences("en"))
    part = document.only(("equations",))
    assert [section.key for section in part.sections] == ["equations"]
    assert rules(html_page(part)) == rules(html_page(document))
