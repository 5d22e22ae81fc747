"""Stacks, repetitions, transposes, reductions and functions of several arguments that are refused."""

import re

import pytest
from equations.refusals import Refused, check_place, check_refused, right

from lstm_sym.equations import CellError, parse
from lstm_sym.program import lower

WRITTEN = {
    "a stack of one": right("W @ [x[t]] + h[t-1]", 5, "fewer than two vectors", "drop the brackets"),
    "a stack of nothing": right("W @ [] + h[t-1]", 5, "fewer than two vectors", "write [h[t-1], x[t]]"),
    "a number in a stack": right("W @ [x[t], 2] + h[t-1]", 5, "a part of a stack", "a parameter for it"),
    "a sum of numbers in a stack": right("W @ [x[t], 2 * 3]", 5, "a part of a stack", "a parameter for it"),
    "a stack left of @": right("[x[t], h[t-1]] @ W", 1, "left of @", "the matrix first"),
    "a stack without a comma": right("W @ [h[t-1] x[t]]", 13, "operator is missing before `x`", "@"),
    "a stack in round brackets": right("W @ (x[t], h[t-1])", 5, "a comma", "write [x[t], h[t-1]]"),
    "a star in a stack": right("W @ [x[t], *h]", 12, "`*name`", "one argument"),
    "a time in a stack": right("W @ [x[t], t]", 12, "`t` counts", "t stands in brackets alone"),
    "a repetition of half a step": right("repeat(x[t], 1.5)", 14, "`1.5` is no number of repetitions", "[constants]"),
    "a repetition by a parameter": right("repeat(x[t], k)", 14, "`k` is no number of repetitions", "[constants]"),
    "a repetition by a quantity": right("repeat(x[t], x[t])", 14, "`x[t]` is no number of rep", "[constants]"),
    "a repetition by a sum": right("repeat(x[t], 1 + 1)", 14, "`1 + 1` is no number of rep", "write the number"),
    "a repetition of once": right("repeat(x[t], 1)", 14, "no number of repetitions", "write the number"),
    "a negative repetition": right("repeat(x[t], -2)", 14, "no number of repetitions", "write the number"),
    "too many repetitions": right("repeat(x[t], 65)", 14, "no number of repetitions", "write the number"),
    "a repetition without its number": right("repeat(x[t])", 1, "a vector and a whole number", "repeat(g[t], 2)"),
    "a repetition with a keyword": right("repeat(x[t], k=2)", 1, "a vector and a whole number", "repeat(g[t], 2)"),
    "a repeated number": right("repeat(2, 3) * h[t-1]", 1, "a number stands", "a parameter for it"),
    "a repetition as a name": right("repeat * x[t]", 1, "`repeat` is a function", "repeat_1"),
    "a reduction as a name": right("max * x[t]", 1, "`max` is a function", "max_1"),
    "a reduction of two": right("max(x[t], h[t-1])", 1, "max takes one argument", "write maximum(x[t], h[t-1])"),
    "a reduction of three": right(
        "max(b, x[t], h[t-1])", 1, "max takes one argument", "write maximum(b, maximum(x[t], h[t-1]))"
    ),
    "a mean of two": right("mean(x[t], h[t-1])", 1, "mean takes one argument", "mean(a)"),
    "the smaller of two": right("min(x[t], h[t-1])", 1, "no function `min`", "write minimum(x[t], h[t-1])"),
    "a reduction of a number": right("mean(3) * x[t]", 1, "the argument of mean", "the number alone"),
    "one argument of two": right("maximum(x[t])", 1, "maximum takes 2 arguments", "maximum(u, v)"),
    "two arguments of three": right("where(x[t], h[t-1])", 1, "where takes 3 arguments", "where(u, v, w)"),
    "two arguments of one": right("tanh(x[t], h[t-1])", 1, "tanh takes one argument", "tanh(a)"),
    "arguments by keyword": right("maximum(u=x[t], v=b)", 1, "maximum takes 2 arguments", "maximum(u, v)"),
    "above zero": right("where(x[t] > 0, b, 1)", 12, "a comparison", "write where(x[t], b, 1)"),
    "below zero": right("where(x[t] < 0, b, 1)", 12, "a comparison", "write where(-x[t], b, 1)"),
    "below a step before": right("where(x[t]<h[t-1], b, 1)", 11, "a comparison", "write where(h[t-1] - x[t], b, 1)"),
    "at least": right("where(x[t] >= h[t-1], b, 1)", 12, "a comparison", "write where(h[t-1] - x[t], 1, b)"),
    "at most": right("where(x[t] <= b - k, b, 1)", 12, "a comparison", "write where(x[t] - (b - k), 1, b)"),
    "an equality in a choice": right("where(x[t] == 0, b, 1)", 7, "a comparison", "write where(a - b, u, v)"),
    "two comparisons": right("where(0 < x[t] < 1, b, 1)", 9, "a comparison", "write where(a - b, u, v)"),
    "a transpose in words": right("W.transpose @ x[t]", 1, "left of @", "write W.T @ x[t]"),
    "a transpose that is called": right("W.T() @ x[t]", 1, "left of @", "write W.T @ x[t]"),
    "a transpose in words that is called": right("W.transpose() @ x[t]", 1, "left of @", "write W.T @ x[t]"),
    "a transpose of NumPy": right("np.transpose(W) @ x[t]", 1, "left of @", "write W.T @ x[t]"),
    "a transpose of a transpose": right("(W.T).T @ x[t]", 1, "left of @", "write W @ x[t]"),
    "a transpose twice": right("W.T.T @ x[t]", 1, "left of @", "write W @ x[t]"),
    "a transpose of a state": right("h.T @ x[t] + h[t-1]", 1, "time index elsewhere", "h[t-1]"),
    "a transpose of a vector": right("h[t-1].T @ x[t]", 1, "left of @", "write sum(h[t-1] * x[t])"),
    "a transpose alone": right("W.T + h[t-1]", 1, "attribute access", "without a dot"),
    "a transpose of a product": right("(W @ x[t]).T", 1, "attribute access", "without a dot"),
    "a transposing function": right("transpose(W) @ x[t]", 1, "left of @", "write W.T @ x[t]"),
    "a small t": right("W.t @ x[t]", 1, "left of @", "write W.T @ x[t]"),
    "a softmax": right("softmax(x[t])", 1, "no function `softmax`", "write exp(x[t] - max(x[t])) / sum("),
    "a deviation": right("std(x[t])", 1, "no function `std`", "write sqrt(mean((x[t] - mean(x[t])) ** 2))"),
    "an indicator": right("positive(x[t]) * h[t-1]", 1, "no function `positive`", "* or @"),
}

SHAPES = {
    "a stack that is its own part": Refused("h[t] = [h[t-1], x[t]]", 1, 8, "larger than itself", "through a matrix"),
    "a state that grows": Refused("h[t] = repeat(h[t-1], 2)", 1, 8, "larger than itself", "through a matrix"),
    "two states that grow": Refused(
        "c[t] = [h[t-1], x[t]]\nh[t] = repeat(c[t-1], 2)", 1, 8, "larger than itself", "through a matrix"
    ),
    "a stack beside the input": Refused("h[t] = U @ ([h[t-1], b] + x[t])", 1, 27, "`x` has size D", "W @ x[t]"),
    "stacks of other parts": Refused(
        "h[t] = U @ ([h[t-1], x[t]] + [h[t-1], x[t], b])", 1, 30, "parts that do not match", "a matrix of its own"
    ),
    "a stack and a repetition": Refused(
        "h[t] = U @ ([h[t-1], x[t]] + repeat(h[t-1], 2))", 1, 30, "parts that do not match", "a matrix of its own"
    ),
    "stacks in another order": Refused(
        "h[t] = U @ ([h[t-1], x[t]] + [x[t], h[t-1]])", 1, 30, "`h` has size H, `x` has size D", "matrix"
    ),
    "sizes of two arguments": Refused("h[t] = maximum(x[t], h[t-1])", 1, 22, "`x` has size D", "W @ x[t]"),
    "sizes of a reduction": Refused("h[t] = h[t-1] * mean(x[t])", 1, 17, "`x` has size D", "W @ x[t]"),
    "the rows of a transpose": Refused("h[t] = W @ x[t] + W.T @ h[t-1]", 1, 19, "rows of `W`", "matrix"),
}

TEXTS = {**WRITTEN, **SHAPES}

NEVER_CHANGES = {
    "a product of a parameter": right(
        "U @ b + W @ x[t] + h[t-1]", 1, "`U @ b` is made of parameters alone", "of it: p"
    ),
    "a product of parameters": right("tanh(U.T @ (b * exp(k))) * h[t-1]", 6, "made of parameters alone", ""),
    "a parameter in a stack": right("U @ [h[t-1], b]", 14, "`b` is made of parameters alone", "W @ h[t-1] + p"),
    "parameters in a stack": right("h[t-1] + U @ [b, k]", 15, "`b` is made of parameters alone", "out of the stack"),
    "a repeated parameter": right("U @ repeat(b, 2) + h[t-1]", 12, "`b` is made of parameters alone", ""),
    "a sum of parameters": right("h[t-1] * sum(b + k)", 14, "`b + k` is made of parameters alone", "of it: p"),
    "a maximum of parameters": right("h[t-1] * max(b)", 14, "`b` is made of parameters alone", ""),
}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_refused_with_place_and_fix(case):
    check_refused(case)


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_the_place_is_that_of_the_file(case):
    check_place(case)


@pytest.mark.parametrize("case", NEVER_CHANGES.values(), ids=NEVER_CHANGES)
def test_a_map_of_parameters_alone_is_refused_when_it_is_lowered(case: Refused):
    """It reads like a cell, but nothing in it depends on time."""
    cell = parse(case.text)
    with pytest.raises(CellError) as caught:
        lower(cell)
    assert (caught.value.line, caught.value.column) == (case.line, case.column)
    assert case.what in caught.value.what and case.fix in caught.value.fix
    assert re.search(r"(write one|add a) parameter", caught.value.fix)


STILL = {
    "a quantity of parameters in a product": "q[t] = b\nh[t] = U @ q[t] + W @ x[t] + h[t-1]",
    "a quantity of parameters in a stack": "q[t] = b\nh[t] = tanh(U @ [q[t], h[t-1]] + W @ x[t])",
    "a state whose terms cancel": "c[t] = b + c[t-1] - c[t-1]\nh[t] = W @ x[t] + c[t-1]",
}


@pytest.mark.parametrize("text", STILL.values(), ids=STILL)
def test_what_never_changes_is_neither_mapped_nor_kept(text: str):
    with pytest.raises(CellError, match="never changes"):
        lower(parse(text))


@pytest.mark.parametrize("text", ["c[t] = exp(p)\nh[t] = W @ x[t] + c[t-1]", "h[t] = W @ x[t] + h[t-1]\ny[t] = b"])
def test_a_state_and_an_output_of_parameters_alone_are_refused(text: str):
    with pytest.raises(CellError, match=r"never (changes|depends)"):
        parse(text)
