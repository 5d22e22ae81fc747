"""Sizes made of others: their text, their numbers, and the shapes that stacks, repetitions and transposes have."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_sym.equations import CellError, parse
from lstm_sym.equations.sizes import added, is_composed, multiplied, number_of, parts_of, with_composed, written

SUMS = st.dictionaries(st.sampled_from("DHKMN"), st.integers(1, 9), min_size=1)
NUMBERS = {"D": 2, "H": 3, "K": 5, "M": 7, "N": 11}


@pytest.mark.parametrize(
    ("size", "parts"),
    [("H", {"H": 1}), ("H + D", {"H": 1, "D": 1}), ("2 * M", {"M": 2}), ("H + 2 * M + D", {"H": 1, "M": 2, "D": 1})],
)
def test_a_size_is_text_and_parts(size, parts):
    assert parts_of(size) == parts and written(parts) == size
    assert is_composed(size) is (size != "H")


def test_sums_and_multiples_collect_what_is_alike():
    assert added(["H", "D", "H"]) == "2 * H + D"
    assert added(["2 * M", "M + D"]) == "3 * M + D"
    assert multiplied("H + 2 * D", 3) == "3 * H + 6 * D"


@given(SUMS, SUMS, st.integers(1, 9))
def test_the_number_of_a_sum_is_the_sum_of_numbers(left, right, count):
    one, other = written(left), written(right)
    assert parts_of(one) == left
    assert number_of(added([one, other]), NUMBERS) == number_of(one, NUMBERS) + number_of(other, NUMBERS)
    assert number_of(multiplied(one, count), NUMBERS) == count * number_of(one, NUMBERS)
    assert eval(one, {}, NUMBERS) == number_of(one, NUMBERS)  # Python reads the text too


def test_no_units_are_no_name():
    assert number_of("0", {}) == 0


def test_what_follows_from_a_sum_is_solved_for():
    composed = {"H + D": {"H": 1, "D": 1}, "2 * M": {"M": 2}}
    assert with_composed({"H": 3, "D": 2}, composed) == {"H": 3, "D": 2, "H + D": 5}
    assert with_composed({"H + D": 5, "D": 2, "2 * M": 8}, composed)["H"] == 3
    assert with_composed({"2 * M": 8}, composed) == {"2 * M": 8, "M": 4}


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"H + D": 6, "H": 3, "D": 2}, r"H \+ D has 6 units, but H \+ D = 5"),
        ({"H + D": 2, "H": 3}, "leaves no D"),
        ({"2 * M": 7}, "leaves no M"),
    ],
)
def test_a_sum_that_does_not_hold_is_said(sizes, message):
    with pytest.raises(ValueError, match=message):
        with_composed(sizes, {"H + D": {"H": 1, "D": 1}, "2 * M": {"M": 2}})


GATES = "g[t] = sigmoid(V @ x[t])\nh[t] = repeat(g[t], 3) * tanh(W @ x[t] + U @ h[t-1])"


@pytest.mark.parametrize(
    ("text", "sizes", "shapes"),
    [
        ("h[t] = tanh(W @ [h[t-1], x[t]] + b)", {}, {"W": ("H", "H + D"), "b": ("H",)}),
        ("h[t] = tanh(W @ [x[t], h[t-1], x[t]])", {}, {"W": ("H", "2 * D + H")}),
        ("h[t] = tanh(W @ [h[t-1], x[t]])", {"x": "H"}, {"W": ("H", "2 * H")}),
        ("h[t] = tanh(W.T @ [h[t-1], x[t]])", {}, {"W": ("H + D", "H")}),
        ("h[t] = U.T @ tanh(W @ x[t]) + h[t-1]", {}, {"U": ("H_U", "H"), "W": ("H_U", "D")}),
        ("h[t] = W.T @ (W @ h[t-1]) + V @ x[t]", {"W": "K"}, {"W": ("K", "H"), "V": ("H", "D")}),
        ("z[t] = [h[t-1], x[t]]\nh[t] = W @ (p * z[t])", {}, {"z": ("H + D",), "p": ("H + D",), "W": ("H", "H + D")}),
        ("z[t] = [h[t-1], x[t]]\nh[t] = U @ h[t-1] + x[t]", {"x": "H"}, {"z": ("2 * H",)}),
        ("h[t] = U @ (A @ x[t] + [h[t-1], x[t]])", {}, {"A": ("H + D", "D"), "U": ("H", "H + D")}),
        ("h[t] = U @ [h[t-1], [x[t], h[t-1]]]", {}, {"U": ("H", "2 * H + D")}),
        (GATES, {}, {"g": ("H_g",), "h": ("3 * H_g",), "U": ("3 * H_g", "3 * H_g"), "V": ("H_g", "D")}),
        (GATES, {"g": "M"}, {"h": ("3 * M",), "W": ("3 * M", "D")}),
        ("h[t] = W @ repeat([h[t-1], x[t]], 2)", {}, {"W": ("H", "2 * H + 2 * D")}),
        ("h[t] = W @ [repeat(x[t], 2), x[t]] + h[t-1]", {}, {"W": ("H", "3 * D")}),
        ("h[t] = W @ x[t] - mean(h[t-1]) * b + max(U @ h[t-1])", {}, {"b": ("H",), "U": ("H", "H")}),
        ("h[t] = maximum(W @ x[t], b) + where(h[t-1], k, 1)", {}, {"b": ("H",), "k": ("H",), "W": ("H", "D")}),
        ("h[t] = maximum(b, 0.5) * h[t-1] + W @ x[t]", {}, {"b": ("H",)}),
        ("h[t] = U @ tanh(U.T @ h[t-1])", {}, {"h": ("H",), "U": ("H", "H_U")}),
    ],
)
def test_shapes_follow_from_the_equations(text, sizes, shapes):
    found = parse(text, sizes=sizes).shapes
    assert {name: found[name] for name in shapes} == shapes


def test_two_stacks_made_in_the_same_way_have_one_size():
    cell = parse("z[t] = [h[t-1], x[t]] * tanh([p, x[t]])\nh[t] = W @ z[t]")
    assert cell.shapes["p"] == cell.shapes["h"] == ("H",)


def test_a_constant_has_no_size_and_fits_any():
    cell = parse("h[t] = a * (W @ x[t]) + a * h[t-1] * mean(a * x[t])", sizes={"x": "H"}, constants={"a": Fraction(2)})
    assert cell.shapes["a"] == () and cell.parameters == ("W",) and cell.constants == {"a": 2}


def test_size_names_are_plain_and_the_inputs_come_first():
    assert parse(GATES, sizes={"g": "M"}).size_names == ("D", "M")
    assert parse("h[t] = tanh(U @ h[t-1])").size_names == ("H",)
    assert parse("h[t] = tanh(U @ h[t-1])").input_shape == ("0",)


@pytest.mark.parametrize(
    ("text", "sizes", "words"),
    [
        ("h[t] = [W @ x[t], V @ x[t]] + h[t-1] + x[t]", {}, "`x` has size D"),
        ("h[t] = U @ ([h[t-1], x[t]] + p) + V @ (p * x[t])", {}, "`x` has size D"),
        ("h[t] = repeat(W @ x[t], 2) * repeat(V @ x[t], 3) + h[t-1]", {}, "do not match"),
        ("z[t] = [h[t-1], x[t]]\nh[t] = W @ z[t]", {"z": "K"}, "that of `[h[t-1], x[t]]`"),
        ("h[t] = W @ [h[t-1], x[t]] + U @ x[t] + W @ h[t-1]", {}, "larger than itself"),
    ],
)
def test_sizes_that_cannot_be_one_are_refused(text, sizes, words):
    with pytest.raises(CellError) as caught:
        parse(text, sizes=sizes)
    assert words in caught.value.what and caught.value.fix


@pytest.mark.parametrize("declared", ["h1", "h2"])
def test_a_size_declared_for_one_layer_is_that_of_the_first_state(declared):
    """H of either layer is the size of both: h2 = "H" does not leave h1 with a size of its own."""
    text = "h1[t] = tanh(W @ x[t] + U @ h1[t-1])\nh2[t] = tanh(V @ h1[t] + R @ h2[t-1])"
    cell = parse(text, sizes={declared: "H"})
    assert cell.shapes["h1"] == ("H",)
    assert cell.size_names == (("D", "H") if declared == "h2" else ("D", "H", "H_h2"))
