"""Stacks, repetitions, transposes, reductions, choices, constants, cells that run by themselves: each form of them
through the engine, every kernel against its equations and every derived line against a complex step."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from derivation.kernel_errors import errors_of

import lstm_sym as ls
from lstm_sym.check import CHECKS, check_cell, check_lines

CONSTANTS = {"alpha": Fraction(1, 4), "tau": Fraction(5, 4), "beta": Fraction(-1, 2), "n": Fraction(2)}

# Name -> equations, or equations and sizes. Constants are those of the table above.
FORMS: dict[str, str | tuple[str, dict[str, str]]] = {
    "a stack": "h[t] = tanh(W @ [h[t-1], x[t]] + b)",
    "a stack of three": "h[t] = tanh(W @ [h[t-1], x[t], h[t-1]])",
    "a stack beside a product": "h[t] = tanh(W @ [h[t-1], x[t]] - U @ h[t-1] + V @ x[t])",
    "a stack of expressions": "h[t] = W @ [tanh(h[t-1]), 2 * x[t] + b, V @ h[t-1]]",
    "a stack in a stack": "h[t] = tanh(W @ [h[t-1], [x[t], h[t-1]]])",
    "a stack that is a quantity": "z[t] = [h[t-1], x[t]]\nh[t] = tanh(W @ z[t]) * sigmoid(U @ tanh(z[t]))",
    "a stack for two gates": "i[t] = sigmoid(W_i @ [h[t-1], x[t]])\nh[t] = i[t] * tanh(W @ [h[t-1], x[t]])",
    "a stack in a sum": "z[t] = p * [h[t-1], x[t]] + q\nh[t] = tanh(W @ z[t])",
    "a stack of sizes of its own": "s[t] = tanh(A @ x[t])\nr[t] = C @ x[t]\nh[t] = W @ [s[t], r[t]] + U @ h[t-1]",
    "a stack that is a state": "s[t] = [x[t], tanh(h[t-1])]\nh[t] = tanh(W @ s[t-1] + V @ x[t])",
    "a stack that is the output": "h[t] = tanh(U @ h[t-1] + W @ x[t])\ny[t] = [h[t], x[t]]",
    "a stack that is a state and the output": "h[t] = tanh(U @ y[t-1] + W @ x[t])\ny[t] = [h[t], h[t-1]]",
    "a stack of gates": "i[t] = sigmoid(W_i @ x[t])\nf[t] = tanh(W_f @ x[t])\nh[t] = U @ [i[t], f[t]] + h[t-1]",
    "a stack under a transpose": "h[t] = tanh(W.T @ [h[t-1], x[t]])",
    "a stack under a function": "h[t] = W @ tanh([h[t-1], x[t]])",
    "a repetition": "g[t] = sigmoid(V @ x[t] + R @ h[t-1])\nh[t] = repeat(g[t], 3) * tanh(W @ x[t] + U @ h[t-1])",
    "a repetition by a constant": "h[t] = tanh(W @ repeat(x[t], n) + U @ h[t-1])",
    "a repeated expression": "h[t] = tanh(W @ repeat(V @ x[t] + sigmoid(h[t-1]), 2))",
    "a repeated stack": "h[t] = tanh(W @ repeat([h[t-1], x[t]], 2))",
    "a repetition in a stack": "h[t] = tanh(W @ [repeat(h[t-1], 2), x[t]])",
    "a repetition that is a state": "g[t] = tanh(V @ x[t] + U @ c[t-1])\nc[t] = repeat(g[t], 2)",
    "a repetition of a repetition": "h[t] = tanh(W @ repeat(repeat(x[t], 2), 3) + U @ h[t-1])",
    "a transpose": "h[t] = tanh(U.T @ h[t-1] + W @ x[t])",
    "a matrix and its transpose": "h[t] = tanh(U @ h[t-1] - U.T @ h[t-1] + W @ x[t])",
    "a matrix of both directions": "q[t] = tanh(W.T @ h[t-1] + x[t])\nh[t] = tanh(W @ q[t] + U @ h[t-1])",
    "minus a transpose": "h[t] = tanh(-U.T @ h[t-1] + 0.5 * (W.T @ x[t]))",
    "a transpose in a gate": "h[t] = sigmoid(U.T @ (h[t-1] * tanh(W @ x[t]))) * h[t-1]",
    "a mean": "h[t] = tanh(W @ x[t] + U @ h[t-1]) - mean(h[t-1])",
    "a sum": "h[t] = tanh(W @ x[t] + U @ h[t-1]) / (2 + tanh(sum(h[t-1])))",
    "a maximum over units": "h[t] = tanh(W @ x[t]) * max(U @ h[t-1])",
    "a softmax": "a[t] = W @ x[t] + U @ h[t-1]\ne[t] = exp(a[t] - max(a[t]))\nh[t] = e[t] / sum(e[t])",
    "a normalised layer": (
        "a[t] = W @ x[t] + U @ h[t-1]\nv[t] = mean((a[t] - mean(a[t])) ** 2)\n"
        "h[t] = tanh(g * (a[t] - mean(a[t])) / sqrt(v[t] + alpha) + b)"
    ),
    "a reduction of a reduction": "h[t] = W @ x[t] + tanh(max(mean(U @ h[t-1]) * h[t-1]))",
    "a reduction of a product": "h[t] = tanh(W @ x[t] + sum(h[t-1] * tanh(U @ h[t-1])) * p)",
    "a reduction of a stack": "h[t] = tanh(W @ mean([h[t-1], x[t]]) + V @ max([x[t], h[t-1]]))",
    "a reduction of the input": ("h[t] = tanh(U @ h[t-1]) * mean(x[t])", {"x": "H"}),
    "a reduction that is a state": "m[t] = mean(h[t-1])\nh[t] = tanh(W @ x[t] + m[t-1])",
    "a reduction under a matrix": "h[t] = tanh(W @ max(x[t]) + U @ sum(h[t-1]))",
    "a reduction with a bias": "h[t] = tanh(W @ x[t]) + max(U @ h[t-1] + b)",
    "a leak": "h[t] = (1 - alpha) * h[t-1] + alpha * tanh(W @ x[t] + U @ h[t-1] + b)",
    "a leak of a sum": "h[t] = h[t-1] + alpha / tau * (tanh(W @ x[t] + U @ h[t-1]) - h[t-1])",
    "a constant before a product": "h[t] = tanh(alpha * (W @ x[t]) + (U @ h[t-1]) / tau - beta * h[t-1])",
    "a constant as a bias": "h[t] = tanh(W @ x[t] + U @ h[t-1] + alpha)",
    "a constant in an affine map": "h[t] = W @ x[t] - beta + U @ h[t-1]",
    "a constant under a mean": "h[t] = mean(W @ x[t] + alpha) + U @ h[t-1]",
    "two constants as a bias": "h[t] = tanh(W @ x[t] + U @ h[t-1] + alpha * tau)",
    "a constant times a bias": "h[t] = tanh(W @ x[t] + U @ h[t-1] + alpha * b)",
    "a function of a constant": "h[t] = exp(beta) * h[t-1] + tanh(alpha * tau) * tanh(W @ x[t])",
    "a constant that is a choice": "h[t] = maximum(alpha, beta) * h[t-1] + W @ x[t]",
    "a constant that chooses": "h[t] = where(alpha, h[t-1], 1) + W @ x[t]",
    "a number that chooses": "h[t] = where(0.5, h[t-1], 1) + W @ x[t]",
    "a maximum": "h[t] = maximum(W @ x[t], U @ h[t-1])",
    "a maximum of one": "h[t] = maximum(h[t-1], h[t-1]) + W @ x[t]",
    "a minimum with a number": "h[t] = minimum(maximum(W @ x[t] + U @ h[t-1], -0.5), 0.5)",
    "a minimum with a constant": "h[t] = minimum(W @ x[t] + U @ h[t-1], alpha)",
    "a maximum with a parameter": "h[t] = maximum(W @ x[t] + U @ h[t-1], p) * minimum(k, p)",
    "a choice": "h[t] = where(h[t-1], W @ x[t], tanh(U @ h[t-1]))",
    "a choice of parameters": "h[t] = where(W @ x[t], p, k) * h[t-1]",
    "a choice by a parameter": "h[t] = where(p, W @ x[t], h[t-1])",
    "a choice between numbers": "h[t] = where(h[t-1], 2, 0.5) * tanh(W @ x[t] + U @ h[t-1])",
    "a choice in a choice": "h[t] = where(h[t-1], where(W @ x[t], h[t-1], 1), minimum(U @ h[t-1], 1))",
    "the other functions": (
        "a[t] = W @ x[t] + U @ h[t-1]\n"
        "h[t] = softsign(a[t]) * hard_sigmoid(a[t]) + gelu(a[t]) * sqrt(2 + softsign(a[t])) - abs(a[t]) / 3"
    ),
    "functions of parameters": "h[t] = softsign(p) * h[t-1] + gelu(k) * abs(W @ x[t]) * sqrt(1 + p ** 2)",
    "no input": "h[t] = tanh(U @ h[t-1] + b)",
    "no input, two states": "h[t] = sigmoid(V @ h[t-1]) * c[t-1]\nc[t] = tanh(U @ h[t-1]) + c[t-1]",
    "no input, diagonal": "h[t] = r * h[t-1] * (1 - h[t-1])",
    "no input, a number in front": "h[t] = 1 - a * h[t-1] ** 2 + c[t-1]\nc[t] = b * h[t-1]",
    "no input, a stack": "h[t] = tanh(W @ [h[t-1], c[t-1]])\nc[t] = mean(h[t]) * c[t-1]",
    "no input, a bias in a sum": "h[t] = b + sigmoid(h[t-1])",
    "no input, a function of a parameter": "h[t] = h[t-1] + sigmoid(b)",
    "an input that the backward pass never reads": ("h[t] = U @ [tanh(h[t-1]), x[t]]", {"x": "H"}),
    "an input that no parameter reads": "h[t] = U @ h[t-1]\nc[t] = x[t]",
    "states that no parameter joins": "h[t] = tanh(h[t-1])\nc[t] = 0.5 * c[t-1]",
    "a stage of d and y": "h[t] = W @ (d * y[t]) + h[t-1]",
    "an output that the loop never reads": (
        "s[t] = P @ (U @ x[t]) - s[t-1]\nc[t] = U @ x[t]",
        {"x": "H", "s": "H"},
    ),
}


def cell_of(form: str | tuple[str, dict[str, str]]) -> ls.Cell:
    """A cell with those constants that its text reads."""
    text, sizes = form if isinstance(form, tuple) else (form, {})
    read = {name: value for name, value in CONSTANTS.items() if re.search(rf"\b{name}\b", text)}
    return ls.parse(text, sizes=sizes, constants=read)


@pytest.mark.parametrize("name", FORMS)
def test_the_kernel_is_what_the_equations_say(name: str) -> None:
    errors = errors_of(cell_of(FORMS[name]))
    assert max(errors.values()) <= 1e-12, errors


@pytest.mark.parametrize("name", FORMS)
def test_every_derived_line_is_what_a_complex_step_says(name: str) -> None:
    errors = check_lines(cell_of(FORMS[name]))
    assert max(errors.values()) <= 1e-12, errors


WHOLE = ["a stack", "a repetition", "a softmax", "a normalised layer", "a leak", "a maximum", "a choice", "no input"]


@pytest.mark.parametrize("name", WHOLE)
def test_every_check_of_a_cell_holds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for those of many steps and of saturated functions, where these forms are as any other."""
    monkeypatch.delitem(CHECKS, "autograd, many steps")
    monkeypatch.delitem(CHECKS, "saturation")
    results = check_cell(cell_of(FORMS[name]))
    assert [result for result in results if not result.passed] == []
