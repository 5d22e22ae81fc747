"""The diagram of a cell: it shows the data flow of the program, as geometry in which nothing lies on anything else."""

from __future__ import annotations

import itertools
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sympy
from diagram.drawn_cells import NAMES, catalogue, own, random_cells
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

import lstm_sym as ls
from lstm_sym.diagram.drawing import Drawing
from lstm_sym.diagram.expansion import expanded
from lstm_sym.diagram.folding import LARGEST, folded, size
from lstm_sym.diagram.graph import GIVEN, Graph, Kind
from lstm_sym.diagram.measures import INDEX, PADDING, joint_width
from lstm_sym.diagram.paths import simplified
from lstm_sym.diagram.placement import Placement
from lstm_sym.document.colours import colour_class, quantity_colours
from lstm_sym.program import Affine, Pointwise, Program
from lstm_sym.report import Sentences, derivation_document, html_page, markdown_page, terminal_text
from lstm_sym.report.diagram import diagram_file

RANDOM = 60
SEEDS = [pytest.param(seed, id=f"random {seed}") for seed in range(RANDOM)]
every = pytest.mark.parametrize("name", [*NAMES, *SEEDS])
SERIF = FontProperties(family="DejaVu Serif", style="italic")
SANS = FontProperties(family="DejaVu Sans")


@cache
def some() -> list[ls.Cell]:
    return random_cells(RANDOM)


@cache
def cell(name: str | int) -> ls.Cell:
    return some()[name] if isinstance(name, int) else catalogue(name)


@cache
def drawing(name: str | int) -> Drawing:
    return Drawing(ls.derive(cell(name)))


Rectangle = tuple[float, float, float, float]


def rectangles(placed: Placement) -> dict[str, Rectangle]:
    """Left, top, right, bottom of every node."""
    halves = {name: place.measure.height / 2 for name, place in placed.places.items()}
    return {name: (p.x, p.y - halves[name], p.right, p.y + halves[name]) for name, p in placed.places.items()}


def overlap(one: Rectangle, other: Rectangle, slack: float = 0.0) -> bool:
    return (
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


def pieces(route: tuple[tuple[float, float], ...]) -> list[Rectangle]:
    """The straight pieces of a way, as rectangles without an area."""
    pairs = itertools.pairwise(simplified(route))
    return [(min(a, c), min(b, e), max(a, c), max(b, e)) for (a, b), (c, e) in pairs]


def crosses(piece: Rectangle, box: Rectangle) -> bool:
    x0, y0, x1, y1 = piece
    return overlap((x0 - 0.01, y0 - 0.01, x1 + 0.01, y1 + 0.01), box, 0.5)


def lie_on_each_other(one: Rectangle, other: Rectangle) -> bool:
    """Whether two pieces run along each other, not only across."""
    for axis in (0, 1):
        level = one[axis] == one[axis + 2] and other[axis] == other[axis + 2] and abs(one[axis] - other[axis]) < 2
        along = min(one[3 - axis], other[3 - axis]) - max(one[1 - axis], other[1 - axis])
        if level and along > 1:
            return True
    return False


def width(text: str, size: float, font: FontProperties) -> float:
    found = font.copy()
    found.set_size(size)
    return TextToPath().get_text_width_height_descent(text, found, False)[0]


@every
def test_no_node_lies_on_another(name: str | int) -> None:
    found = rectangles(drawing(name).placement)
    assert [pair for pair in itertools.combinations(found, 2) if overlap(found[pair[0]], found[pair[1]])] == []


@every
def test_no_edge_passes_through_a_node_that_is_not_its_end(name: str | int) -> None:
    placed = drawing(name).placement
    for (source, target), route in placed.routes.items():
        for node, box in rectangles(placed).items():
            if node not in (source, target):
                assert not any(crosses(piece, box) for piece in pieces(route)), (source, target, node)


@every
def test_no_two_lines_lie_on_each_other(name: str | int) -> None:
    routes = drawing(name).placement.routes
    for (one, first), (other, second) in itertools.combinations(routes.items(), 2):
        if one[0] != other[0]:
            pairs = itertools.product(pieces(first), pieces(second))
            assert not any(lie_on_each_other(*pair) for pair in pairs), (one, other)


@every
def test_every_edge_begins_and_ends_at_its_nodes_and_nothing_leaves_the_picture(name: str | int) -> None:
    placed = drawing(name).placement
    boxes = rectangles(placed)
    for (source, target), route in placed.routes.items():
        for node, (x, y) in ((source, route[0]), (target, route[-1])):
            left, top, right, bottom = boxes[node]
            assert left - 0.01 <= x <= right + 0.01 and top - 0.01 <= y <= bottom + 0.01
        for x, y in route:
            assert 0 <= x <= placed.width and 0 <= y <= placed.height
    assert all(x0 >= 0 and y0 >= 0 and x1 <= placed.width and y1 <= placed.height for x0, y0, x1, y1 in boxes.values())


@every
def test_no_text_leaves_its_node(name: str | int) -> None:
    """Widths are those of DejaVu, which is wider than the fonts that are asked for first."""
    found, placed = drawing(name), drawing(name).placement
    for node, place in placed.places.items():
        measure = place.measure
        named = sum(width(p.text, p.size, SERIF) for p in measure.name)
        shown = width(measure.text.text, 18 if len(measure.text.text) == 1 else measure.text.size, SANS)
        if found.graph.nodes[node].kind is Kind.BOX:
            assert named + shown <= measure.width - PADDING
        elif found.graph.nodes[node].kind is Kind.JOINT:
            assert shown <= joint_width(measure.text) - 4 and named <= measure.width - joint_width(measure.text)
        else:
            assert named <= measure.width
        assert all(piece.size >= INDEX >= 11 for piece in (*measure.name, measure.text))


@every
def test_states_that_are_scaled_and_added_to_run_level_and_apart(name: str | int) -> None:
    found = drawing(name)
    heights = []
    for way in found.graph.rows:
        levels = {found.placement.places[node].y for node in way}
        assert len(levels) == 1
        heights += levels
    assert len(set(heights)) == len(heights)


@every
def test_no_drawing_has_many_boxes(name: str | int) -> None:
    assert size(drawing(name).graph) <= LARGEST


def reached(graph: Graph) -> dict[str, set[str]]:
    """What is handed on -> what is given that leads to it, by the names of quantities."""
    above: dict[str, set[str]] = {}
    for name, node in graph.nodes.items():
        above[name] = {name} if node.kind in GIVEN else set().union(*(above[e.source] for e in graph.into[name]))
    ends = {name: node for name, node in graph.nodes.items() if name.endswith("-after")}
    given = {name: {graph.nodes[one].values[0].name for one in names} for name, names in above.items()}
    return {node.values[0].name: given[name] for name, node in ends.items()}


def depends(program: Program) -> dict[str, set[str]]:
    """The same, by the statements of the program."""
    above = {value: {value.name} for value in (*program.inputs, *(carry.incoming for carry in program.carries))}
    for statement in program.statements:
        if statement.provenance.rule == "part of the input":
            above[statement.target] = {statement.target.name}
        elif statement.target.time is not None:
            above[statement.target] = set().union(*(above.get(value, set()) for value in statement.reads()))
    ends = {*program.outputs, *(carry.outgoing for carry in program.carries)}
    return {value.name: above[value] for value in ends}


@every
def test_what_is_joined_is_what_depends(name: str | int) -> None:
    program = ls.derive(cell(name)).forward
    assert reached(expanded(program)) == depends(program)
    assert reached(folded(expanded(program))) == depends(program)


def scale(program: Program, state: str) -> sympy.Expr:
    """d s[t] / d s[t-1] with every function and every matrix product held: another way to the thick line."""
    held: dict[sympy.Symbol, sympy.Expr] = {}
    for statement in program.statements:
        if isinstance(statement, Pointwise):
            expression = statement.expression.xreplace(held)
            calls = {part: sympy.Dummy() for part in expression.atoms(sympy.Function)}
            held[statement.target.symbol] = expression.xreplace(calls)
        elif isinstance(statement, Affine) and statement.provenance.rule == "equation":
            kept = [t for t in statement.terms if t.operand is not None and not t.is_product and t.operator is None]
            held[statement.target.symbol] = sympy.Dummy() + sum(
                t.operand.symbol.xreplace(held)
                * (t.weight.symbol if t.weight is not None else 1)
                * sympy.Rational(t.coefficient)
                for t in kept
            )
    [carry] = [carry for carry in program.carries if carry.outgoing.name == state]
    after = held.get(carry.outgoing.symbol, sympy.Integer(0))
    found = sympy.expand(sympy.diff(after, carry.incoming.symbol))
    return sympy.Integer(0) if found.has(carry.incoming.symbol) else found


@pytest.mark.parametrize("name", NAMES)
def test_the_thick_line_is_the_state_whose_derivative_passes_no_matrix_and_no_function(name: str) -> None:
    program, graph = ls.derive(cell(name)).forward, drawing(name).graph
    thick = {graph.nodes[before].values[0].name for before in expanded(program).carousels}
    assert thick == {c.outgoing.name for c in program.carries if scale(program, c.outgoing.name) != 0}


@pytest.mark.parametrize(
    ("name", "state", "kept"),
    [
        ("lstm", "c", "f[t]"),
        ("gru", "h", "z[t]"),
        ("mgu", "h", "1 - f[t]"),
        ("lstm_no_forget_gate", "c", "1"),
        ("leaky_rnn", "h", "1 - alpha"),
        ("diagonal", "s", "a"),
        ("doubled", "s", "2 - p"),
        ("two ways", "s", "f[t] + 1"),
        ("ways of stages", "s", "f[t] + p"),
    ],
)
def test_what_scales_a_state_is_said(name: str, state: str, kept: str) -> None:
    graph = drawing(name).graph
    [before] = graph.carousels
    assert graph.nodes[before].values[0].name == state and str(graph.kept(before)) == kept


@pytest.mark.parametrize("name", ["rnn", "cfn", "logistic_map", "henon", "indrnn"])
def test_where_a_function_stands_on_every_way_there_is_no_thick_line(name: str) -> None:
    assert drawing(name).graph.carousels == {}


@pytest.mark.parametrize("name", ls.names())
def test_the_gates_of_roles_that_keep_a_state_scale_a_thick_line(name: str) -> None:
    """All but those of the chaos-free network, whose state passes tanh before its gate scales it."""
    kept = {gate.state for gate in ls.derive(cell(name)).roles.forget_gates}
    thick = {drawing(name).graph.nodes[before].values[0].name for before in drawing(name).graph.carousels}
    assert kept <= thick or name == "cfn"


def classes(name: str) -> dict[str, str]:
    targets = tuple(equation.target for equation in cell(name).equations)
    return {target: colour_class(target) for target in quantity_colours([targets])}


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_a_link_to_a_line_of_the_page_and_says_it(name: str) -> None:
    document = derivation_document(cell(name), Sentences("en"))
    page = html_page(document)
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    tree = ElementTree.fromstring(svg)
    lines = {equation.id: equation for equation in document.equations()}
    linked = [(element.get("href", "")[1:], element[0].text or "") for element in tree.iter("a")]
    assert linked
    for anchor, title in linked:
        assert f"({lines[anchor].number})" in title
    graph = drawing(name).graph
    assert len(list(tree.iter("title"))) >= len(graph.nodes) + len(graph.edges)
    gradient = next(element for element in tree.iter("g") if element.get("class") == "gradient")
    assert {lines[a.get("href", "")[1:]].number[0] for a in gradient.iter("a")} <= {"B"}


def test_the_gradient_of_each_edge_of_the_lstm_is_its_line_of_the_backward_pass() -> None:
    found = drawing("lstm")
    lines = {
        (edge.source, edge.target): found.references.backward(edge, found.graph.nodes[edge.source])
        for edge in found.graph.edges
    }
    assert None not in lines.values()
    said = {ends: re.match(r"\(B\d+\) (\S+) =", reference.text)[1] for ends, reference in lines.items()}
    assert said["x", "f"] == "δxₜ" and said["h-before", "o"] == "δh⁺ₜ₋₁" and said["c-before", "c"] == "δc⁺ₜ₋₁"
    assert said["f", "c"] == "δfₜ" and said["c.3", "tanh_c"] == "δcₜ" and said["c", "c.3"] == "δcₜ"
    assert said["h", "h-after"] == "δhₜ"


@pytest.mark.parametrize("name", ls.names())
def test_quantities_have_the_colours_of_the_page(name: str) -> None:
    found = drawing(name)
    svg = found.svg(classes(name))
    named = {node.values[0].name for node in found.graph.nodes.values() if len(node.values) == 1}
    assert set(re.findall(r'class="(q-\w+)"', svg)) == {classes(name)[one] for one in named & classes(name).keys()}


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "slstm"])
def test_a_drawing_is_small_and_the_same_each_time(name: str) -> None:
    once, again = (Drawing(ls.derive(ls.cell(name))).svg(classes(name)) for _ in range(2))
    assert once == again
    assert len(once.encode()) <= 20 * 1024 or name != "lstm"


def test_the_page_shows_the_drawing_once_in_all_languages_and_its_gradients_on_request() -> None:
    documents = [derivation_document(ls.cell("lstm"), Sentences(language)) for language in ("en", "zh-Hant", "zh-Hans")]
    page = html_page(*documents)
    assert page.count("<svg") == 1 and page.count('<input type="checkbox">') == 1
    assert ".diagram { --gradient: none; }\n.diagram:has(.switch :checked) { --gradient: inline; }" in page
    assert ".answer, .diagram .switch { display: none; }" in page[page.index("@media print") :]
    assert 'class="drawing" role="group" tabindex="0" aria-labelledby="diagram.caption"' in page


@pytest.mark.parametrize("name", NAMES)
def test_no_letter_on_a_page_is_smaller_than_eleven_pixels(name: str) -> None:
    page = html_page(derivation_document(cell(name), Sentences("en")))
    least, width = map(float, re.search(r'min-width: (\d+)px.*?viewBox="0 0 ([\d.]+)', page).groups())
    drawn = page[page.index("<svg") : page.index("</svg>")]
    assert min(map(float, re.findall(r'font-size="([\d.]+)"', drawn))) * least / width >= 11


def test_the_lstm_is_seen_whole_on_a_phone() -> None:
    """375 pixels, of which the page leaves a rem on each side."""
    page = html_page(derivation_document(cell("lstm"), Sentences("en")))
    assert float(re.search(r"min-width: (\d+)px", page)[1]) <= 375 - 2 * 16


def test_other_renderings_leave_the_drawing_out() -> None:
    document = derivation_document(ls.cell("lstm"), Sentences("en"))
    assert document.sections[0].key == "diagram"
    for text in (markdown_page(document), terminal_text(document, prose=True)):
        assert "svg" not in text and document.sections[0].title not in text


def test_the_legend_says_which_state_is_scaled_by_what_or_that_there_is_none() -> None:
    def said(name: str) -> str:
        page = html_page(derivation_document(cell(name), Sentences("en")))
        caption = page[page.index("<figcaption") : page.index("</figcaption>")]
        return re.sub(r"<[^>]+>", "", caption)

    assert "The thick line is ct" in said("lstm") and "multiplied by ft" in said("lstm")
    assert "arrives as it was" in said("lstm_no_forget_gate")
    assert "There is no thick line" in said("rnn")
    assert said("slstm").count("The thick line is") == 2
    for name in ("two ways", "ways of stages"):
        assert "2 such ways" in said(name) and "nothing else" not in said(name)
    assert "and by nothing else" in said("lstm") and "such ways" not in said("lstm")
    assert "thick line" not in said("stateless")


def test_a_file_stands_alone() -> None:
    for gradients in (False, True):
        text = diagram_file(ls.cell("lstm"), gradients=gradients)
        tree = ElementTree.fromstring(text)
        assert tree.tag == "{http://www.w3.org/2000/svg}svg" and "prefers-color-scheme: dark" in text
        assert "href" not in text and "url(" not in text and "@import" not in text
        assert ('class="gradient"' in text) is gradients
        used = set(re.findall(r"var\((--\w+)\)", text))
        assert used and all(f"{name}:" in text for name in used)


def test_text_of_a_file_is_escaped() -> None:
    text = 'name = "<b> & co"\nequations = """\nh[t] = tanh(W @ x[t] + U @ h[t-1])\n"""\n'
    tree = ElementTree.fromstring(diagram_file(ls.parse(text)))
    assert tree[0].text == "<b> & co"


def test_the_picture_of_the_readme_is_that_of_the_cell() -> None:
    """`lstm-sym diagram lstm -o docs/figures/lstm.svg` draws it again."""
    picture = Path(__file__).resolve().parents[2] / "docs" / "figures" / "lstm.svg"
    text = picture.read_text(encoding="utf-8")
    assert text[: text.index("<!-- Written")] == diagram_file(ls.cell("lstm"))


def test_a_large_cell_is_folded_to_what_its_paper_draws() -> None:
    """Layer normalisation of each side is one box; gates, the way of the cell state and the output stay."""
    graph = drawing("layer_norm_lstm").graph
    before = expanded(ls.derive(cell("layer_norm_lstm")).forward)
    assert size(before) > 4 * LARGEST
    names = {value.name for node in graph.nodes.values() for value in node.values}
    assert {"i", "f", "g", "o", "c", "h"} <= names
    assert len([node for node in graph.nodes.values() if len(node.values) > 1]) == 2


def test_equations_of_a_network_have_their_label_before_their_anchors() -> None:
    """The derivation of a cell as a part of a larger page."""
    from lstm_sym.report.network import _within

    [section] = [s for s in derivation_document(own("stateless"), Sentences("en")).sections if s.key == "diagram"]
    block = _within(section, "dense")
    assert 'href="#dense.own.equation.y"' in block.blocks[0].write({}, block.blocks[0].prefix)
