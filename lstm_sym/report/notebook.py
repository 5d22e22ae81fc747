"""The derivation of a cell as a notebook: its sections, its program, a check of the gradients and a figure that run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from lstm_sym import api
from lstm_sym.document import document as d
from lstm_sym.document.markdown import markdown_head, markdown_section
from lstm_sym.document.notebook import NotebookCell, notebook_page
from lstm_sym.document.sentences import Sentences
from lstm_sym.equations.cell import Cell

RUN = '''\
from lstm_sym.check import random_case

STATES, OUTPUT = {states}, {output!r}
GIVEN = {given}  # what forward returns
BACK = {back}  # what backward returns

case = random_case(cell)  # x (T, B, D), weights, first state, and dL/dy


def named(function, names, known):
    """A function of the program, its arguments and results by name."""
    arguments = [known[name] for name in inspect.signature(function).parameters]
    results = function(*arguments)
    return dict(zip(names, results if isinstance(results, tuple) else (results,), strict=True))


def run(x, weights, state):
    """The sequence forward: what every step read and gave."""
    tape = []
    for x_t in x:
        known = {{**weights, {read}**{{f"{{name}}_prev": state[name] for name in STATES}}}}
        known |= named(forward, GIVEN, known)
        state = {{name: known[name] for name in STATES}}
        tape.append(known)
    return tape


def loss(x, weights, state):
    """L = sum of dy * y."""
    return sum((step[OUTPUT] * dy).sum() for step, dy in zip(run(x, weights, state), case.dy, strict=True))


def gradients(x, weights, state):
    """dL/d each weight, by the backward pass of the program: backpropagation through time."""
    total = {{name: np.zeros_like(value) for name, value in weights.items()}}
    after = {{f"d_{{name}}_next": np.zeros_like(value) for name, value in state.items()}}
    for step, dy in zip(reversed(run(x, weights, state)), reversed(case.dy), strict=True):
        found = named(backward, BACK, {{**step, **after, "dy": dy}})
        after = {{f"d_{{name}}_next": found[f"d_{{name}}_prev"] for name in STATES}}
        total = {{name: value + found.get(f"d_{{name}}", 0) for name, value in total.items()}}
    return total, {{name: after[f"d_{{name}}_next"] for name in STATES}}
'''
CHECK = '''\
def by_complex_step(name, place):
    """dL/d one element of a weight or of the first state: no derivative, the forward pass alone."""
    arrays = {name: value.astype(complex) for name, value in {**case.params, **case.state}.items()}
    arrays[name][place] += 1e-30j
    weights, state = ({key: arrays[key] for key in group} for group in (case.params, case.state))
    return loss(case.x, weights, state).imag / 1e-30


weights, first = gradients(case.x, case.params, case.state)
for name, gradient in {**weights, **first}.items():
    second = np.array([by_complex_step(name, place) for place in np.ndindex(gradient.shape)]).reshape(gradient.shape)
    error = np.abs(gradient - second).max() / max(np.abs(second).max(), np.finfo(float).tiny)
    print(f"dL/d {name:8} relative error {error:.1e}")
    assert error <= 1e-12, name
'''
JACOBIANS = """\
for (target, source), block in d.state_jacobian().items():
    print(f"d {target}[t] / d {source}[t-1] =", d.text(block))
"""
DECAY = """\
import matplotlib.pyplot as plt

long = random_case(cell, steps=60, inputs=8, hidden=16)
tape = run(long.x, long.params, long.state)
after = {f"d_{name}_next": np.zeros_like(value) for name, value in long.state.items()}
norms = []
for lag, step in enumerate(reversed(tape)):
    dy = long.dy[-1] if lag == 0 else np.zeros_like(long.dy[-1])
    found = named(backward, BACK, {**step, **after, "dy": dy})
    after = {f"d_{name}_next": found[f"d_{name}_prev"] for name in STATES}
    norms.append(np.sqrt(sum(np.sum(value**2) for value in after.values())))

figure, axes = plt.subplots()
axes.semilogy(np.array(norms) / norms[0], marker=".")
axes.set(xlabel="steps back", ylabel="norm of dL/d state, relative", title=cell.name or cell.key)
axes.grid(alpha=0.3)
plt.show()
"""


def derivation_notebook(document: d.Document, cell: Cell, sentences: Sentences, text: str = "") -> str:
    """The notebook. text: that of the cell's file, where it is none of the catalogue.

    Same document, same bytes.
    """
    return notebook_page(list(_cells(document, cell, sentences, text)))


def _cells(document: d.Document, cell: Cell, sentences: Sentences, text: str) -> Iterator[NotebookCell]:
    yield NotebookCell("markdown", markdown_head(document))
    for section in document.sections:
        if section.key != "source":
            told = markdown_section(document, section)
            yield from [NotebookCell("markdown", told)] if told else []
        if section.key == "equations":
            yield _heading("derive", sentences)
            yield NotebookCell("code", _setup(cell, text))
        elif section.key == "jacobian":
            yield _heading("jacobians", sentences)
            yield NotebookCell("code", JACOBIANS)
        elif section.key == "source":
            yield from _program(document, section, cell, sentences)
    yield _heading("decay", sentences)
    yield NotebookCell("code", DECAY)


def _heading(key: str, sentences: Sentences) -> NotebookCell:
    title, why = sentences.text(f"notebook.title.{key}"), sentences.text(f"notebook.why.{key}")
    return NotebookCell("markdown", f"## {title}\n\n{why}")


def _setup(cell: Cell, text: str) -> str:
    """The code that makes the cell, from the catalogue or from the text of its file, and derives it."""
    base = api.parse(text, key=cell.key) if text else api.cell(cell.key)
    changed = {name: value for name, value in _choices(cell).items() if _choices(base)[name] != value}
    chosen = ", ".join(f"{name}={value!r}" for name, value in changed.items())
    if text:
        made = f"ls.parse({_quoted(text)}, key={cell.key!r})" + (f".with_options({chosen})" if chosen else "")
    else:
        made = f"ls.cell({', '.join(filter(None, [repr(cell.key), chosen]))})"
    return f"import inspect\n\nimport numpy as np\n\nimport lstm_sym as ls\n\ncell = {made}\nd = ls.derive(cell)\ncell"


def _choices(cell: Cell) -> dict[str, str | float]:
    """The functions and numbers that a cell leaves open, as they are chosen."""
    return {**cell.chosen, **{name: float(value) for name, value in cell.constants.items()}}


def _quoted(text: str) -> str:
    """A text of lines between three quotes where that says the same, else as Python prints it."""
    return (
        repr(text)
        if "'''" in text or "\\" in text or not "".join(text.split("\n")).isprintable()
        else f"'''\n{text.strip()}\n'''"
    )


def _program(document: d.Document, section: d.Section, cell: Cell, sentences: Sentences) -> Iterator[NotebookCell]:
    """The program as code; then the code that runs it and checks its gradients."""
    blocks = tuple(block for block in section.blocks if not isinstance(block, d.Source))
    text = api.generate(cell, plain=True)
    yield NotebookCell("markdown", markdown_section(document, d.Section(section.key, section.title, blocks)))
    yield NotebookCell("code", text[text.index("import numpy") :])
    yield _heading("check", sentences)
    forward, backward = (_returned(text, name) for name in ("forward", "backward"))
    read = f'"{cell.input}": x_t, ' if cell.input else ""
    parts = {"states": [*cell.states], "output": cell.output, "given": forward, "back": backward, "read": read}
    yield NotebookCell("code", RUN.format(**parts))
    yield NotebookCell("code", CHECK)


def _returned(text: str, function: str) -> list[str]:
    """The names that a function of a program returns."""
    body = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == function)
    last = body.body[-1]
    assert isinstance(last, ast.Return) and last.value is not None
    values: Sequence[ast.expr] = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
    return [re.sub(r"\W", "", ast.unparse(value)) for value in values]
