"""What notebooks show: formulas in HTML, LaTeX and text, each well formed, and nothing of a user's that is not text."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from representatives import each

import lstm_sym as ls
from lstm_sym import flow
from lstm_sym.ground.shown import Shown, bundle

OWN = '''
name = "<b>& \\"mine\\" \\\\input{x}"
equations = """
h[t] = tanh(W @ x[t] + U @ h[t-1])
"""
'''
CELLS = {name: ls.cell(name) for name in ls.names()} | {"own": ls.parse(OWN, key="own")}
TYPES = {"text/plain", "text/html", "text/latex"}


def shown(item: Any) -> dict[str, str]:
    """What IPython asks for; its HTML is looked at."""
    found = item._repr_mimebundle_(include=None, exclude=None)
    assert set(found) == TYPES and all(found.values())
    ElementTree.fromstring(f"<div>{found['text/html']}</div>")
    return found


@pytest.mark.parametrize("name", [*each(CELLS), *(name for name in ("lstm", "gru", "slstm"))])
def test_a_cell_and_all_that_is_derived_from_it_show_themselves(name: str) -> None:
    cell = CELLS[name]
    derivation = ls.derive(cell)
    programs = [derivation.forward, derivation.adjoint, derivation.tangent, derivation.second_order]
    for item in (cell, derivation, *programs, *derivation.state_jacobian().values()):
        found = shown(item)
        assert found["text/html"].count("<math") == found["text/html"].count("</math>") >= 1
        assert found["text/latex"].startswith("$$\n\\begin{aligned}") and r"\operatorname" not in found["text/latex"]
        assert found["text/latex"].count("{") == found["text/latex"].count("}")


def test_a_cell_shows_its_equations() -> None:
    found = shown(CELLS["rnn"])
    assert found["text/plain"].endswith("hₜ = tanh(W xₜ + U hₜ₋₁ + b)")
    assert r"&h_{t} = \tanh(W\,x_{t} + U\,h_{t-1} + b)" in found["text/latex"]
    assert "<mi>tanh</mi>" in found["text/html"]


def test_a_jacobian_is_shown_as_the_derivation_prints_it() -> None:
    derivation = ls.derive("lstm")
    for source in ("h", "c"):
        linear = derivation.jacobian("c", source)
        assert shown(linear)["text/plain"] == derivation.text(linear)
        assert derivation.latex(linear) in shown(linear)["text/latex"]


def test_the_stages_of_a_jacobian_stand_above_it() -> None:
    linear = ls.derive("nested_lstm").jacobian("c", "h")
    assert linear.stages
    assert len(shown(linear)["text/plain"].splitlines()) == len(linear.stages) + 1


def test_a_name_is_text_in_every_form() -> None:
    found = shown(CELLS["own"])
    assert "<b>" not in found["text/html"] and "&lt;b&gt;&amp;" in found["text/html"]
    assert r"\input" not in found["text/latex"]


def test_measures_show_their_tables() -> None:
    x = np.random.default_rng(0).standard_normal((60, 3))
    kernel = ls.build("rnn")
    profile = flow.input_sensitivity(flow.record(kernel, kernel.init(3, 4), x), lags=20, ends=5)
    card = flow.memory_card(profile)
    assert shown(profile)["text/plain"] == flow.table([profile])
    assert shown(card)["text/plain"] == flow.memory_table([card])
    assert "<pre>" in shown(card)["text/html"] and r"\begin{verbatim}" in shown(card)["text/latex"]


def test_any_other_object_shows_its_own_text() -> None:
    class Other(Shown):
        def __str__(self) -> str:
            return "a < b"

    assert bundle(Other())["text/plain"] == "a < b" and bundle(Other())["text/html"] == "<pre>a &lt; b</pre>"


def test_it_is_there_as_soon_as_a_cell_is() -> None:
    import subprocess
    import sys

    script = "import lstm_sym as ls; print('<math' in ls.cell('rnn')._repr_mimebundle_()['text/html'])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "True\n"


def test_no_formula_is_cut_short() -> None:
    cell = CELLS["lstm"]
    rows = re.findall(r"&", shown(cell)["text/latex"])
    assert len(rows) == len(cell.equations)
