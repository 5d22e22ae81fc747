"""What a cell is follows from its equations: names, order, shapes, text, hash, options, meanings."""

import math
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from lstm_sym import cells
from lstm_sym.equations import CellError, parse, read_cell

RNN = "h[t] = tanh(W @ x[t] + U @ h[t-1] + b)"
GATED = """
z[t] = sigmoid(W_z @ x[t] + U_z @ h[t-1])
n[t] = tanh(W_n @ x[t])
h[t] = (1 - z[t]) * h[t-1] + z[t] * n[t]
y[t] = V @ h[t]
"""
OPTIONS = """
equations = '''
# a remark
   h[t] = phi(W @ x[t] + U @ h[t-1])

y[t] = psi(V @ h[t])
'''
[options.phi]
choices = ["tanh", "relu", "identity"]
default = "tanh"
[options.psi]
choices = ["sigmoid", "identity"]
default = "sigmoid"
[symbols.h]
meaning = "hidden state"
zh-Hant = "隱藏狀態"
[symbols.h.zh-Hans]
meaning = "隐藏状态"
[symbols.y]
zh-Hant = "輸出"
"""


def open_cell(**choices):
    return read_cell(OPTIONS.encode(), key="open", source="open.toml", choices=choices)


def test_names_follow_from_use():
    cell = parse(GATED)
    assert cell.input == "x"
    assert cell.states == ("h",)
    assert cell.parameters == ("W_z", "U_z", "W_n", "V")
    assert cell.output == "y"
    assert [equation.target for equation in cell.equations] == ["z", "n", "h", "y"]
    assert [equation.line for equation in cell.equations] == [2, 3, 4, 5]


def test_states_stand_in_the_order_of_first_reading():
    text = "a[t] = W @ x[t] + U @ c[t-1]\nc[t] = p * a[t] * b[t-1] + a[t-1]\nb[t] = c[t] + b[t-1]"
    assert parse(text).states == ("c", "b", "a")


def test_the_output_is_the_last_quantity_or_the_one_named():
    assert parse(GATED).output == "y"
    assert parse(GATED, output="h").output == "h"
    with pytest.raises(CellError, match="did you mean h"):
        parse(GATED, output="hh")


@pytest.mark.parametrize(
    ("text", "sizes", "shapes"),
    [
        (RNN, {}, {"x": ("D",), "h": ("H",), "W": ("H", "D"), "U": ("H", "H"), "b": ("H",)}),
        (RNN, {"x": "K"}, {"x": ("K",), "W": ("H", "K")}),
        (RNN, {"h": "K"}, {"h": ("K",), "W": ("K", "D"), "U": ("K", "K"), "b": ("K",)}),
        (RNN, {"b": "K"}, {"h": ("K",), "U": ("K", "K")}),
        (RNN, {"x": "H"}, {"x": ("H",), "W": ("H", "H")}),
        (RNN, {"x": "H", "h": "K"}, {"x": ("H",), "h": ("K",), "W": ("K", "H")}),
        (GATED, {"h": "K"}, {"h": ("K",), "y": ("H_y",), "V": ("H_y", "K")}),
        (GATED, {}, {"y": ("H_y",), "V": ("H_y", "H"), "z": ("H",), "n": ("H",), "W_n": ("H", "D")}),
        (GATED, {"y": "K"}, {"y": ("K",), "V": ("K", "H")}),
        ("h[t] = x[t] * h[t-1]", {"x": "H"}, {"x": ("H",), "h": ("H",)}),
        ("h[t] = P @ tanh(W @ x[t] + U @ h[t-1])", {}, {"P": ("H", "H_P"), "W": ("H_P", "D"), "U": ("H_P", "H")}),
        ("c[t] = U @ h[t-1] + c[t-1] + W @ x[t]\nh[t] = P @ c[t]", {}, {"h": ("H",), "c": ("H_c",), "U": ("H_c", "H")}),
        ("a[t] = sigmoid(p * x[t])\nh[t] = W @ a[t] + 0.5 * h[t-1]", {}, {"a": ("D",), "p": ("D",), "W": ("H", "D")}),
    ],
)
def test_shapes_follow_from_products(text, sizes, shapes):
    found = parse(text, sizes=sizes).shapes
    assert {name: found[name] for name in shapes} == shapes


def test_sizes_are_listed_from_the_input_on():
    assert parse(GATED).size_names == ("D", "H", "H_y")


def test_a_long_chain_of_quantities():
    """Sizes travel through hundreds of equations in either direction."""
    text = "q0[t] = W @ x[t]\n" + "".join(f"q{k}[t] = tanh(q{k - 1}[t])\n" for k in range(1, 600))
    cell = parse(text + "h[t] = q599[t] + h[t-1]")
    assert set(cell.shapes.values()) == {("H",), ("D",), ("H", "D")}


@pytest.mark.parametrize(
    "expression",
    [
        "a - (b - c)",
        "a - b - c",
        "a + (b + c)",
        "a + b + c",
        "a - (b + c) - (-c)",
        "a + (-b)",
        "-a + b",
        "-(a + b)",
        "-a * b",
        "-(a * b)",
        "a * b * c",
        "a * (b * c)",
        "a / b / c",
        "a / (b / c)",
        "a / (b * c)",
        "a * b / c * a",
        "a * (b + c)",
        "a ** 2",
        "(a ** 2) ** 3",
        "(-a) ** 2",
        "-a ** 2",
        "a ** -2",
        "(a + b) ** 2",
        "(a * b) ** 2 * c",
        "a * b ** 2",
        "1 / 3 * a",
        "1e-9 * a + 1e3 * b - 0.1 * c",
        "123456789.125 * a",
        "-(-a)",
        "- - -a",
        "W @ a",
        "-W @ a",
        "-(W @ a)",
        "W @ (-a)",
        "W @ (a + b)",
        "W @ (a * b)",
        "W @ a ** 2",
        "W @ a * b",
        "b * (W @ a)",
        "W @ (U @ a)",
        "W @ tanh(a)",
        "0.5 * (W @ a) / 3",
        "tanh(a) * (1 - tanh(a))",
        "sigmoid(W @ a + (b - c))",
    ],
)
def test_an_expression_prints_as_text_that_reads_as_itself(expression):
    base = "q[t] = A @ x[t] + h[t-1]\ny[t] = "
    last = "\nh[t] = q[t]"
    first = parse(base + expression + last).equations[1].expression
    again = parse(f"{base}{first}{last}").equations[1].expression
    assert again == first
    assert str(again) == str(first)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("(a*b)*c", "a * b * c"),
        ("((a+b))-c", "a + b - c"),
        ("-W@a", "-(W @ a)"),
        ("W@a*b", "(W @ a) * b"),
        ("a--b", "a - (-b)"),
        ("a**-2", "a ** (-2)"),
    ],
)
def test_an_expression_prints_as_a_paper_would(written, printed):
    cell = parse(f"q[t] = A @ x[t] + h[t-1]\ny[t] = {written}\nh[t] = q[t]")
    assert str(cell.equations[1].expression) == printed


def test_equal_expressions_stand_for_equal_trees_alone():
    trees = {parse(f"h[t] = A @ x[t] + h[t-1] + {e}").equations[0].expression for e in ("a*b", "b*a", "a/b", "(a)*b")}
    assert len(trees) == 3


@pytest.mark.parametrize("name", cells.names())
def test_the_text_of_a_catalogue_cell_reads_as_the_cell(name):
    cell = cells.cell(name)
    text = "\n".join(f"{equation.target}[t] = {equation.expression}" for equation in cell.equations)
    again = parse(text, key=cell.key, sizes=cell.sizes, constants=cell.constants, output=cell.output)
    assert [e.expression for e in again.equations] == [e.expression for e in cell.equations]
    assert again.shapes == cell.shapes


def test_the_hash_is_that_of_the_content():
    cell = parse(RNN)
    assert parse(f"# a remark\n\n  {RNN}  # another\r\n").content_hash == cell.content_hash
    described = replace(cell, name="Elman", reference="1990", meanings={"h": {"en": "state"}})
    assert described.content_hash == cell.content_hash
    changed = [
        parse(RNN.replace("tanh", "relu")),
        parse(RNN.replace("U", "R")),
        parse(RNN, key="elman"),
        parse(RNN, sizes={"x": "H"}),
        parse(RNN + "\ny[t] = tanh(h[t])"),
        parse(RNN + "\ny[t] = tanh(h[t])", output="h"),
        parse(RNN, initial={"h": 1}),
        parse(RNN, initial={"h": -math.inf}),
        *(open_cell(phi=phi, psi=psi) for phi in ("tanh", "relu") for psi in ("sigmoid", "identity")),
    ]
    assert len({cell.content_hash, *(c.content_hash for c in changed)}) == 1 + len(changed)


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_hash_is_the_same_in_every_process(seed):
    cell = f"parse({GATED!r}, sizes={{'y': 'K', 'h': 'H'}})"
    program = f"from lstm_sym.equations import parse; print({cell}.content_hash)"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert result.stdout.strip() == parse(GATED, sizes={"h": "H", "y": "K"}).content_hash


def test_options_choose_functions():
    default = open_cell()
    assert default.chosen == {"phi": "tanh", "psi": "sigmoid"}
    assert str(default.equations[0].expression) == "tanh(W @ x[t] + U @ h[t-1])"
    changed = default.with_options(phi="identity")
    assert changed == open_cell(phi="identity")
    assert changed.content_hash == open_cell(phi="identity").content_hash != default.content_hash
    assert str(changed.equations[0].expression) == "W @ x[t] + U @ h[t-1]"
    assert [(e.line, e.column) for e in changed.equations] == [(4, 4), (6, 1)]
    assert changed.with_options(psi="identity").chosen == {"phi": "identity", "psi": "identity"}
    assert changed.with_options(phi="tanh") == default


@pytest.mark.parametrize(
    ("choices", "words"),
    [({"phy": "tanh"}, "mean phi"), ({"phi": "exp"}, "tanh, relu, identity"), ({"phi": "rleu"}, "mean relu")],
)
def test_options_that_the_cell_does_not_offer(choices, words):
    with pytest.raises(CellError, match=words):
        open_cell().with_options(**choices)


def test_meanings_fall_back_to_english_then_to_nothing():
    cell = open_cell()
    assert [cell.meaning("h", language) for language in ("en", "zh-Hant", "zh-Hans", "fr")] == [
        "hidden state",
        "隱藏狀態",
        "隐藏状态",
        "hidden state",
    ]
    assert (cell.meaning("y", "zh-Hant"), cell.meaning("y"), cell.meaning("W")) == ("輸出", "", "")


def test_an_equation_is_found_by_its_target():
    assert parse(GATED).equation("n").text == "n[t] = tanh(W_n @ x[t])"
    with pytest.raises(KeyError):
        parse(GATED).equation("x")
