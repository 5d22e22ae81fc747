"""Two cells side by side: what is said of them is what their kernels do, and the columns keep to the terminal."""

from __future__ import annotations

import inspect
from xml.etree import ElementTree

import numpy as np
import pytest
from representatives import representatives

import lstm_sym as ls
from lstm_sym.cells import built_in_names
from lstm_sym.equations.sizes import number_of
from lstm_sym.ground.width import cells, folded, pieces
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.text import TextNotation
from lstm_sym.report import LANGUAGES, Document, Sentences, html_page, markdown_page, terminal_text
from lstm_sym.report.comparison import SECTIONS, comparison_data, comparison_document, side
from lstm_sym.report.sizes import SizeSum

OUT = """
g[t] = sigmoid(A @ x[t] + p * s[t-1] + b_g)
s[t] = g[t] * s[t-1] + (1 - g[t]) * tanh(R @ (g[t] * s[t-1]) + V @ x[t]) / 3
y[t] = Q @ s[t]
"""
NAMES = [name for name in ("gru", "lstm", "lstm_peephole", "rnn") if name in built_in_names()]
CELLS = {**{name: ls.cell(name) for name in NAMES}, "own": ls.parse(OUT, key="own")}
D, H, OTHER = 5, 7, 3


def compared(left: str, right: str, language: str = "en") -> tuple[Document, dict[str, object]]:
    one, other = (side(name, CELLS[name], input_size=D, hidden_size=H, sizes={"H_y": OTHER}) for name in (left, right))
    document = comparison_document(one, other, Sentences(language))
    return document, comparison_data(document, one, other)


@pytest.mark.parametrize("name", CELLS)
def test_the_numbers_are_those_of_the_kernel(name: str) -> None:
    facts = compared(name, "rnn" if name != "rnn" else "gru")[1]["left"]
    kernel = ls.build(CELLS[name])
    params = kernel.init(D, H, **({"H_y": OTHER} if name == "own" else {}))
    assert facts["parameters"]["count"] == sum(array.size for array in params)
    tapes = [kernel.forward(np.zeros((steps, 1, D)), params) for steps in (3, 4)]
    assert facts["states"]["count"] == sum(array.size for array in tapes[0][1])
    three, four = (sum(array.size for array in tape) for _, _, tape in tapes)
    assert facts["saved"]["count"] == four - three
    together = ls.derive(CELLS[name]).operations
    assert facts["operations"]["total"] == {"elementwise": together.elementwise, "products": together.products}


@pytest.mark.parametrize("name", representatives({name: ls.cell(name) for name in built_in_names()}))
def test_every_cell_can_be_compared_and_its_tape_holds_what_is_read(name: str) -> None:
    cell = ls.cell(name)
    one = side(name, cell, input_size=D, hidden_size=H)
    data = comparison_data(comparison_document(one, one, Sentences("en")), one, one)
    assert all(row["same"] for key in SECTIONS for row in data.get(key, []))
    kernel, facts = ls.build(cell), one.facts()
    inputs = one.sizes[cell.shapes[cell.input][0]] if cell.input else 0
    others = {size: one.sizes[size] for size in inspect.signature(kernel.init).parameters if size in one.sizes}
    hidden = number_of(cell.shapes[cell.states[0]][0], one.sizes)
    params = kernel.init(inputs, hidden, **others)
    assert facts["parameters"]["count"] == sum(array.size for array in params)
    state = kernel.State(*(np.full((1, number_of(cell.shapes[name][0], one.sizes)), 0.1) for name in cell.states))
    three, four = (
        sum(np.size(array) for array in kernel.forward(np.zeros((steps, 1, inputs)), params, state)[2])
        for steps in (3, 4)
    )
    assert facts["saved"]["count"] <= four - three


def test_every_block_and_equation_has_a_row_and_says_what_the_derivation_says() -> None:
    data = compared("lstm", "gru")[1]
    assert [row["of"] for row in data["equations"]] == ["i", "f", "g", "o", "c", "h", "r", "z", "n"]
    assert [row["of"] for row in data["jacobian"]] == ["h / h", "h / c", "c / h", "c / c"]
    blocks = {row["of"]: row for row in data["jacobian"]}
    for key, linear in ls.derive(ls.cell("lstm")).state_jacobian().items():
        assert blocks[" / ".join(key)]["left"].endswith(ls.derive(ls.cell("lstm")).text(linear))
    assert blocks["c / c"]["left"] == "∂cₜ/∂cₜ₋₁ = diag(fₜ)" and blocks["c / c"]["right"] is None
    assert blocks["h / h"]["right"].startswith("∂hₜ/∂hₜ₋₁ = diag(zₜ) + ")


def test_what_is_the_same_is_said_to_be_and_nothing_else() -> None:
    data = compared("lstm", "lstm_peephole")[1]
    assert {row["of"] for row in data["equations"] if row["same"]} == {"g", "c", "h"}
    assert {row["of"] for row in data["jacobian"] if row["same"]} == {"c / h"}
    for key in SECTIONS:
        assert all(row["same"] == (row["left"] == row["right"]) for row in data[key])
    everything = [row for key in SECTIONS for row in compared("gru", "gru")[1][key]]
    assert everything and all(row["same"] for row in everything)


def test_the_page_shows_once_what_is_the_same() -> None:
    document = compared("lstm", "lstm_peephole")[0]
    text = terminal_text(document, width=120)
    assert text.count("tanh(W_g xₜ + U_g hₜ₋₁ + b_g)") == 1
    assert text.count("iₜ = σ(") == 2
    page = html_page(document)
    body = page[page.index("<body>") : page.index("</html>")].replace("<wbr>", "").replace("&", "&amp;")
    tree = ElementTree.fromstring(body)
    rows = {kind: tree.findall(f".//tr[@class='{kind}']") for kind in ("same", "different")}
    data = compared("lstm", "lstm_peephole")[1]
    same = sum(row["same"] for key in SECTIONS for row in data[key])
    assert len(rows["same"]) == same and all(len(row) == 2 for row in rows["same"])
    assert rows["different"] and all(len(row) == 3 for row in rows["different"])
    table = [line for line in markdown_page(document).split("\n") if line.startswith(("| = |", "| ≠ |"))]
    assert sum(line.startswith("| = |") and line.endswith("| = |") for line in table) == same
    assert all(line.count(" | ") == 2 for line in table)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 61, 100])
def test_columns_keep_to_the_width_in_every_language(language: str, width: int) -> None:
    for left, right in (("lstm", "lstm_peephole"), ("own", "gru")):
        text = terminal_text(compared(left, right, language)[0], width=width, prose=True)
        assert max(map(cells, text.split("\n"))) <= width
        bars = {cells(line[: line.index("│")]) for line in text.split("\n") if "│" in line}
        assert len(bars) == 1
        assert not any(line.strip().startswith(("，", "、", "。")) for line in text.split("\n"))


def test_quiet_and_loud_are_asked_for_every_line() -> None:
    document = compared("lstm", "lstm_peephole")[0]
    styled = terminal_text(document, width=80, quiet=lambda line: f"q{line}", loud=lambda line: f"l{line}")
    lines = styled.split("\n")
    assert any(line.startswith("q  = ") for line in lines) and any(line.startswith("l  ≠ ") for line in lines)
    assert not any(line.lstrip().startswith(("=", "≠")) for line in lines)


def test_nothing_of_a_text_is_lost_in_folding() -> None:
    text = "前向模式在每個值旁邊，帶著它 and averyveryverylongwordindeed, 然後繼續。 " * 3
    for width in (8, 13, 40):
        lines = folded(pieces(text), width, "  ")
        assert all(cells(line) <= width for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert folded(["a = b", " + c", " + d"], 9, "  ") == ["a = b + c", "  + d"]


def test_a_sum_of_sizes() -> None:
    shapes = [("H", "D"), ("H", "H"), ("H",), ("D", "H"), ("H", "H"), ("H",)]
    assert SizeSum.of(shapes).write(TextNotation()) == "2 (H D + H² + H)"
    assert SizeSum.of(shapes[:5]).write(TextNotation()) == "2 H D + 2 H² + H"
    assert SizeSum.of([("H",)] * 3).write(TextNotation()) == "3 H"
    assert SizeSum.of([]).write(TextNotation()) == "0"
    assert SizeSum.of([(), ("H_y",)]).write(LatexNotation()) == r"1 + H_{y}"
    assert SizeSum.of(shapes).number({"H": H, "D": D}) == 2 * (H * D + H * H + H)


def test_sizes_of_a_side() -> None:
    assert side("own", CELLS["own"], input_size=D, hidden_size=H).sizes == {"D": D, "H": H, "H_y": H}
    square = ls.parse("h[t] = tanh(U @ h[t-1] + x[t])", sizes={"x": "H"})
    assert side("square", square, input_size=D, hidden_size=H).sizes == {"H": H}


def test_where_states_start_is_a_row_if_one_does_not_start_at_zero() -> None:
    one, other = (
        ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])", key=key, initial=start)
        for key, start in (("a", {}), ("b", {"h": 1}))
    )
    left, right = (side(cell.key, cell, input_size=D, hidden_size=H) for cell in (one, other))
    rows = comparison_data(comparison_document(left, right, Sentences("en")), left, right)["states"]
    assert {"of": "initial", "same": False, "left": "start at: h = 0", "right": "start at: h = 1"} in rows
    assert "initial" not in {row["of"] for row in compared("lstm", "gru")[1]["states"]}
