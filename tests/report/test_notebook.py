"""A derivation as a notebook: well formed, the same bytes each time, and its code runs in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from representatives import each

import lstm_sym as ls
from lstm_sym.document.sentences import Sentences
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.facts import Facts
from lstm_sym.report.notebook import derivation_notebook
from lstm_sym.report.source import with_source

CELLS = {name: ls.cell(name) for name in ls.names()}
QUICK = ("lstm", "henon")
OWN = """name = "Mine '''"
equations = '''
z[t] = sigmoid(W_z @ x[t] + V_z @ u[t] + U_z @ h[t-1])
h[t] = z[t] * h[t-1] + (1 - z[t]) * phi(k * x[t])
'''
inputs = ["x", "u"]
[sizes]
x = "H"
u = "H"
[options.phi]
choices = ["tanh", "relu"]
default = "tanh"
[constants]
k = 0.5
"""


def notebook(cell: ls.Cell, text: str = "", language: str = "en") -> str:
    sentences = Sentences(language)
    return derivation_notebook(
        with_source(derivation_document(cell, sentences), Facts(cell), sentences), cell, sentences, text
    )


def code(page: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(page)["cells"] if cell["cell_type"] == "code"]


def run(cells: list[str]) -> subprocess.CompletedProcess[str]:
    """The code of a notebook, cell after cell, in a fresh process."""
    script = "\n".join(f"exec(compile({text!r}, 'cell', 'exec'), globals())" for text in cells)
    return subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in CELLS]
)
def test_its_code_runs(name: str) -> None:
    done = run(code(notebook(CELLS[name])))
    assert done.returncode == 0, done.stderr[-2000:]
    assert all(f"dL/d {parameter}" in done.stdout for parameter in CELLS[name].parameters)
    assert all(f"dL/d {state}" in done.stdout for state in CELLS[name].states)


def test_a_cell_of_a_file_is_made_again_from_its_text() -> None:
    cell = ls.parse(OWN, key="mine").with_options(phi="relu", k=0.25)
    cells = [*code(notebook(cell, OWN)), f"assert cell.content_hash == {cell.content_hash!r}"]
    done = run(cells)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'with_options(phi="relu", k=0.25)' in "\n".join(cells).replace("'", '"')


@pytest.mark.parametrize(("right", "wrong"), [("1 - tanh_c**2", "1 + tanh_c**2"), ("d_g = d_c * i ", "d_g = d_c ")])
def test_a_wrong_line_makes_it_fail(right: str, wrong: str) -> None:
    page = notebook(CELLS["lstm"])
    assert page.count(right) == 1
    done = run(code(page.replace(right, wrong)))
    assert done.returncode == 1 and "AssertionError" in done.stderr


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_the_same_cell_gives_the_same_notebook(language: str) -> None:
    page = notebook(CELLS["gru"], language=language)
    assert page == notebook(CELLS["gru"], language=language)
    content: dict[str, Any] = json.loads(page)
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    identities = [cell["id"] for cell in content["cells"]]
    assert len(set(identities)) == len(identities)
    assert {cell["cell_type"] for cell in content["cells"]} == {"markdown", "code"}


@pytest.mark.parametrize("name", each(CELLS))
def test_jupyter_takes_it(name: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.reads(notebook(CELLS[name]), as_version=4))
