"""Outputs beside right ones: layouts, factors, outputs in each other's place."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_sym.audit.compare import BAR, NOT_ZERO, layout_text, layouts, turned, verdict
from lstm_sym.audit.errors import AuditError
from lstm_sym.interpreter.over_time import Named

T, B, D, H = 6, 3, 2, 4
RNG = np.random.default_rng(0)
SHAPES = {"x": (T, B, D), "W": (H, D), "U": (H, H), "b": (H,), "p": (H,), "h[0]": (B, H)}
RIGHT: list[Named] = [
    {name: np.asarray(RNG.standard_normal(shape)) for name, shape in SHAPES.items()} for _ in range(2)
]


def placed(**changes: np.ndarray) -> tuple[Named, dict[str, str]]:
    found = {**RIGHT[0], **changes}
    axes = layouts(found, RIGHT[0], "own.py:f")
    texts = {name: layout_text(order) for name, order in axes.items()}
    return turned(found, RIGHT[0], axes, "own.py:f"), {name: text for name, text in texts.items() if text}


def test_other_layouts_are_put_in_order() -> None:
    right = RIGHT[0]
    for changes, expected in (
        ({}, {}),
        ({"W": right["W"].T, "U": right["U"].T}, {"W": "transposed", "U": "transposed"}),
        ({"W": right["W"].T}, {"W": "transposed"}),
        ({"x": right["x"].transpose(1, 0, 2)}, {"x": "batch first"}),
        ({"x": right["x"].transpose(2, 0, 1)}, {"x": "axes (1, 2, 0)"}),
        ({"b": right["b"][None]}, {}),
        ({"b": right["b"][:, None]}, {}),
    ):
        found, texts = placed(**changes)
        assert texts == expected
        assert all(np.array_equal(found[name], right[name]) for name in right)


def test_a_square_matrix_alone_is_not_turned() -> None:
    found, texts = placed(U=RIGHT[0]["U"].T)
    assert texts == {} and np.array_equal(found["U"], RIGHT[0]["U"].T)


@pytest.mark.parametrize("shape", [(H, H, 2), (3, 3), (8,), (H, 3)])
def test_a_shape_that_fits_in_no_order_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(AuditError, match="it must be"):
        placed(W=np.zeros(shape))


@pytest.mark.parametrize(("name", "shape"), [("x", (T, B, H)), ("h[0]", (B, D))])
def test_a_gradient_cut_in_the_wrong_place_is_told_from_its_width(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(AuditError, match=r"cut in the wrong place(.|\n)*of \[h, x\] dh = d\[:, :H\]"):
        placed(**{name: np.zeros(shape)})


def judged(name: str, *values: np.ndarray) -> tuple[bool, bool, str]:
    found = [{**right, name: value} for right, value in zip(RIGHT, values, strict=True)]
    result = verdict(name, found, RIGHT, "", [BAR] * len(RIGHT))
    return (
        result.right,
        result.exact,
        result.equals or (f"{result.broken[0]} of {result.broken[1]}" if result.broken else ""),
    )


def test_verdicts() -> None:
    values = [right["U"] for right in RIGHT]
    assert judged("U", *values) == (True, False, "")
    assert judged("U", *(v * (1 + 1e-8) for v in values)) == (True, False, "")
    assert judged("U", *(v + 1e-5 for v in values)) == (False, False, "")
    assert judged("U", *(-3 * v for v in values)) == (False, True, "")
    assert judged("U", *(v.T for v in values)) == (False, False, "U transposed")
    assert judged("U", *(0 * v for v in values)) == (False, False, "zero")
    assert judged("b", *(right["p"] for right in RIGHT)) == (False, False, "p")
    assert judged("U", values[0], values[1] + np.nan) == (False, False, "16 of 32")


def test_what_is_right_on_one_sequence_alone_is_wrong() -> None:
    assert judged("U", RIGHT[0]["U"], RIGHT[0]["U"])[0] is False
    assert judged("U", 2 * RIGHT[0]["U"], 3 * RIGHT[1]["U"])[1] is False


def test_the_factor_is_that_of_least_squares() -> None:
    found = [{"b": 2 * right["b"] + 0.1} for right in RIGHT]
    factor = verdict("b", found, [{"b": right["b"]} for right in RIGHT], "", [BAR] * 2).factor
    stacked, expected = (np.concatenate([named["b"] for named in side]) for side in (found, RIGHT))
    assert factor == pytest.approx(np.linalg.lstsq(expected[:, None], stacked, rcond=None)[0][0])


def test_what_should_be_zero_has_no_relative_error() -> None:
    right = [{**one, "b": 0 * one["b"]} if place else one for place, one in enumerate(RIGHT)]
    found = [{**one, "b": one["b"] + 1e-3 * place} for place, one in enumerate(right)]
    said = verdict("b", found, right, "", [BAR] * len(right))
    assert (said.right, said.equals, said.error) == (False, NOT_ZERO, float("inf"))
    found[0] = {**found[0], "b": 1.5 * found[0]["b"]}
    said = verdict("b", found, right, "", [BAR] * len(right))
    assert (said.right, said.equals, said.error, said.factor) == (False, "", pytest.approx(0.5), pytest.approx(1.5))
