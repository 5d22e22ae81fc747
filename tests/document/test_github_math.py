r"""The mathematics of Markdown is what GitHub draws: known macros alone, none that it refuses, no parse error.

Formulas are parsed by KaTeX where node finds it: NODE_PATH=.../node_modules python -m pytest THIS FILE -m "".
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache

import pytest
from representatives import each

import lstm_sym as ls
from lstm_sym.document.markdown import markdown_page
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.signs import GREEK
from lstm_sym.report.derivation import derivation_document

REFUSED = {"operatorname", "mbox", "phantom", "href", "def", "newcommand", "require", "class", "style"}
"""What GitHub does not draw, or shows as an error."""
LETTERS = set(GREEK) - {"omicron", "final_sigma"}
"""The Greek letters that LaTeX has macros for."""
ALLOWED = LETTERS | set(
    "begin end tag cr quad thinspace left right text tfrac frac sum mathrm mathbf odot top circ dot Sigma partial "
    "tanh exp log sin cos max min".split()
)
CELLS = {name: ls.cell(name) for name in ls.names()}
CHECK = r"""
const katex = require("katex");
const errors = [];
for (const [text, displayMode] of JSON.parse(require("fs").readFileSync(0, "utf-8"))) {
  try { katex.renderToString(text, { displayMode, throwOnError: true, strict: "error" }); }
  catch (error) { errors.push(`${text}: ${error.message}`); }
}
console.log(JSON.stringify(errors));
"""


def formulas(page: str) -> list[tuple[str, bool]]:
    """Every formula of a page of Markdown, and whether it is displayed."""
    text = re.sub(r"(?s)```.*?```|`[^`\n]*`", "", page)
    displayed = re.findall(r"(?s)\$\$\n(.*?)\n\$\$", text)
    inline = re.findall(r"(?<!\\)\$([^$\n]+)\$", re.sub(r"(?s)\$\$.*?\$\$", "", text))
    return [*((one, True) for one in displayed), *((one, False) for one in inline)]


@cache
def page(name: str) -> str:
    return markdown_page(derivation_document(CELLS[name], Sentences("en")))


def complaints(found: list[tuple[str, bool]]) -> list[str]:
    """Macros that are refused or not known, and backslashes that Markdown takes for its own."""
    macros = {macro for formula, _ in found for macro in re.findall(r"\\([a-zA-Z]+)", formula)}
    eaten = {mark for formula, _ in found for mark in re.findall(r"\\[^a-zA-Z]", formula)}
    return sorted(macros - ALLOWED) + sorted(macros & REFUSED) + sorted(eaten)


@pytest.mark.parametrize("name", each(CELLS))
def test_only_macros_that_github_draws_are_used(name: str) -> None:
    found = formulas(page(name))
    assert len(found) > 20
    assert complaints(found) == []


@pytest.mark.parametrize("formula", [r"\operatorname{diag}(x)", r"a\,b", r"\mbox{a}", r"\phantom{a}", r"\nonsense"])
def test_a_macro_that_github_refuses_is_noticed(formula: str) -> None:
    assert complaints(formulas(f"text ${formula}$ text"))
    assert complaints(formulas(f"$$\n{formula}\n$$"))


def test_a_letter_without_a_macro_is_a_letter() -> None:
    cell = ls.parse("h[t] = tanh(omicron * h[t-1] + W_omicron @ x[t])", key="greek")
    found = formulas(markdown_page(derivation_document(cell, Sentences("en"))))
    assert complaints(found) == []
    assert any("W_{o}" in formula for formula, _ in found)


@pytest.fixture(scope="module")
def katex() -> str:
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", 'require("katex")'], capture_output=True).returncode:
        pytest.skip("node finds no katex: npm install katex, and NODE_PATH=.../node_modules")
    return node


def errors_of(node: str, found: list[tuple[str, bool]]) -> list[str]:
    """What KaTeX says of formulas."""
    done = subprocess.run([node, "-e", CHECK], input=json.dumps(found), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_katex_notices_an_error(katex: str) -> None:
    assert len(errors_of(katex, [(r"\frac{1", False), (r"\nonsense", True), ("x", True)])) == 2


@pytest.mark.parametrize("name", each(CELLS))
def test_katex_parses_every_formula(katex: str, name: str) -> None:
    assert errors_of(katex, formulas(page(name))) == []
