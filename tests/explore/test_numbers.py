"""What the page computes is what the NumPy kernels give: the very code of the page, run by Node.js."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from explore import by_node, by_numpy
from explore.chosen import every_cell

import lstm_sym as ls
from lstm_sym.document.html import html_page
from lstm_sym.document.sentences import Sentences
from lstm_sym.explore import explorer_pages
from lstm_sym.explore.subject import SEEDS, STEPS, Subject
from lstm_sym.flow.profiles.profile import half_lives

BAR = 1e-12


@cache
def subject(name: str) -> Subject:
    return Subject(ls.cell(name))


@cache
def page(name: str) -> str:
    return html_page(*explorer_pages([ls.cell(name)], [Sentences("en")]))


def free(**changed: object) -> dict:
    return {"steps": 12, "seed": 0, "scale": 1.0, "unit": 0, "source": 1, "offsets": {}, "held": {}} | changed


def touched(name: str) -> dict:
    """Every lever moved, and every gate that can be held held open, shut and left, each at other steps."""
    gates = subject(name).levers.gates
    offsets = {lever.gate.name: 0.5 - 0.7 * k for k, lever in enumerate(gates)}
    held = {lever.gate.name: "1..0."[k % 5 :] + "1.0" for k, lever in enumerate(gates) if lever.holds}
    return free(seed=3, scale=1.4, unit=2, source=3, offsets=offsets, held=held)


def error(found: list, expected: np.ndarray) -> float:
    """The largest error of a number, relative to it; NaN where the page has none."""
    values = by_node.array(found)
    assert values.shape == expected.shape
    return float(np.max(np.abs(values - expected) / np.where(expected == 0, 1, np.abs(expected)), initial=0))


@every_cell
def test_the_numbers_of_a_page_are_those_of_numpy(name):
    asked = [free(), touched(name)]
    for settings, found in zip(asked, by_node.measured(page(name), [(name, one) for one in asked]), strict=True):
        expected = by_numpy.measured(subject(name), settings)
        assert error(found["sensitivity"], expected["sensitivity"]) <= BAR
        for what in ("felt", "gates"):
            assert found[what].keys() == expected[what].keys()
            assert all(error(found[what][key], value) <= BAR for key, value in expected[what].items()), what


def test_the_longest_run_of_every_seed_holds_too():
    asked = [free(steps=STEPS, seed=seed, source=7) for seed in range(SEEDS)]
    for settings, found in zip(asked, by_node.measured(page("lstm"), [("lstm", one) for one in asked]), strict=True):
        expected = by_numpy.measured(subject("lstm"), settings)["sensitivity"]
        assert error(found["sensitivity"], expected) <= BAR
        rates = np.log(expected[::-1] / expected[-1])
        assert found["halfLife"] == pytest.approx(half_lives(rates[None])[0], rel=1e-12)


def test_a_page_that_computes_something_else_is_noticed():
    wrong = page("lstm").replace("const tanh_slope = (a) => 4 *", "const tanh_slope = (a) => 4.0001 *")
    assert wrong != page("lstm")
    (found,) = by_node.measured(wrong, [("lstm", free())])
    assert error(found["sensitivity"], by_numpy.measured(subject("lstm"), free())["sensitivity"]) > 1e-6


def test_a_gate_held_open_keeps_what_was_stored():
    held = {"i": "1" + "0" * 11, "f": "1" * 12, "o": "0" * 11 + "1"}
    (found,) = by_node.measured(page("lstm"), [("lstm", free(held=held))])
    cell, output = by_node.array(found["felt"]["c"]), by_node.array(found["felt"]["h"])
    assert cell[-1] == pytest.approx(cell[0], rel=1e-6)
    assert output[-1] > 1e6 * output[1:-1].max()
