"""Forms of equations, one a test: every kernel agrees with its equations, whatever their order and their names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

import numpy as np
import pytest
from derivation.kernel_errors import errors_of

import lstm_sym as ls
from lstm_sym.check.result import relative_error
from lstm_sym.emit.numpy import whitelist
from lstm_sym.emit.numpy.contract import FORMAT_VERSION
from lstm_sym.emit.numpy.kernel import kernel_source
from lstm_sym.emit.numpy.whitelist import check_source
from lstm_sym.equations.names import reserved

# Name -> (equations, sizes).
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "a size of several others that the states alone tell": (
        "lead[t] = repeat([work[t-1], work[t-1]], 2) + 0.3 * lead[t-1]\nwork[t] = sin(work[t-1] + work[t-1])",
        {},
    ),
    "packs named as words of Python": (
        "a[t] = sigmoid(input_a @ x[t] + lambda_a @ h[t-1])\n"
        "b[t] = tanh(input_b @ x[t] + lambda_b @ h[t-1] + advance)\nh[t] = a[t] * h[t-1] + b[t]",
        {},
    ),
    "bias first": ("h[t] = tanh(b + W @ x[t] + U @ h[t-1])", {}),
    "bias first, no function": ("h[t] = b + W @ x[t] - U @ h[t-1]", {}),
    "a scaled bias first": ("h[t] = 2 * b - U @ h[t-1] + W @ x[t]", {}),
    "state first": ("h[t] = h[t-1] + W @ x[t] + 0.1 * (V @ h[t-1])", {}),
    "minus a product": ("h[t] = tanh(-(W @ x[t]) - U @ h[t-1])", {}),
    "half a product": ("h[t] = tanh(W @ x[t] + 0.5 * (U @ h[t-1]) - 0.25 * (p * h[t-1]))", {}),
    "one gate of two scaled": (
        "i[t] = sigmoid(W @ x[t] + 0.5 * (U @ h[t-1]))\nf[t] = sigmoid(W_f @ x[t] + U @ h[t-1])\n"
        "h[t] = i[t] * h[t-1] + f[t]",
        {},
    ),
    "a pre-activation with a name": ("a[t] = W @ x[t] + U @ h[t-1]\nh[t] = tanh(a[t]) * sigmoid(a[t])", {}),
    "the same matrix twice": ("q[t] = tanh(U @ h[t-1] + W @ x[t])\nh[t] = tanh(U @ q[t] + U @ (q[t] * h[t-1]))", {}),
    "the same operand twice": ("h[t] = tanh(U @ h[t-1] + V @ h[t-1] + W @ x[t])", {}),
    "the same term twice": ("h[t] = tanh(U @ h[t-1] + U @ h[t-1] + W @ x[t] + b + b + p * h[t-1] + p * h[t-1])", {}),
    "terms that cancel": ("h[t] = tanh(U @ h[t-1] - U @ h[t-1] + W @ x[t] + h[t-1] - h[t-1] + 0.5 * h[t-1])", {}),
    "a state kept one step": ("o[t] = h[t-1]\nh[t] = tanh(W @ x[t] + U @ o[t-1])", {}),
    "a state read by one product": ("o[t] = W @ x[t]\nh[t] = tanh(o[t-1] + U @ h[t-1])", {}),
    "a state the output never sees": ("c[t] = tanh(V @ x[t] + c[t-1])\nh[t] = tanh(W @ x[t] + U @ h[t-1])", {}),
    "a parameter the output never sees": ("c[t] = tanh(V @ x[t])\nh[t] = tanh(W @ x[t] + U @ h[t-1])", {}),
    "a state that nothing of its own step feeds back": ("r[t] = V @ x[t]\nq[t] = tanh(r[t-1]) + W @ x[t]", {}),
    "no parameters": ("h[t] = tanh(0.5 * h[t-1] + x[t])", {"x": "H"}),
    "a linear cell without parameters": ("h[t] = 0.5 * h[t-1] + 0.5 * x[t]", {"x": "H"}),
    "a number as bias": ("h[t] = tanh(W @ x[t] + 0.5) + h[t-1]", {}),
    "functions of parameters": ("h[t] = sigmoid(k) * h[t-1] + exp(p * k) * tanh(W @ x[t])", {}),
    "powers and quotients": ("h[t] = (1 + h[t-1] ** 2) ** -1 * tanh(W @ x[t]) / (1 + exp(p)) + p ** 2 * h[t-1]", {}),
    "a quotient of sums": ("q[t] = tanh(W @ x[t] + U @ h[t-1])\nh[t] = (1 - q[t]) / (2 + q[t])", {}),
    "a function of a function": ("h[t] = tanh(exp(tanh(h[t-1]) + W @ x[t]))", {}),
    "kinks": ("h[t] = relu(W @ x[t] + U @ h[t-1]) - relu(-h[t-1])", {}),
    "complements of a gate": (
        "z[t] = sigmoid(W @ x[t])\nh[t] = (1 - z[t]) * h[t-1] + (1 - z[t]) ** 2 / (2 - z[t])",
        {},
    ),
    "two copies of a gate": (
        "h[t] = W @ x[t] + sigmoid(h[t-1]) * c[t-1] + (1 - sigmoid(h[t-1])) * h[t-1]\nc[t] = h[t]",
        {},
    ),
    "a projection": ("c[t] = c[t-1] * tanh(V @ x[t] + U @ h[t-1])\nh[t] = P @ tanh(c[t])", {"h": "R"}),
    "an output that is no state": ("h[t] = tanh(W @ x[t] + U @ h[t-1])\nq[t] = V @ h[t]", {}),
    "an output called y": ("h[t] = tanh(W @ x[t] + U @ h[t-1])\ny[t] = V @ h[t]", {}),
    "a scaled product among gates": (
        "a[t] = V @ x[t] + softplus(s[t-1])\ng[t] = W @ x[t] + sigmoid(a[t])\n"
        "s[t] = tanh(U @ x[t] + s[t-1])\nh[t] = -3 * (R @ g[t]) + s[t]",
        {},
    ),
    "a gate that its complement alone reads": (
        "d[t] = U @ u[t] + exp(tanh(d[t-1]))\n"
        "w[t] = P @ u[t] + tanh(W @ (d[t] + tanh(d[t-1])) + (1 - sigmoid(V @ u[t] + 0.5 * d[t])))",
        {},
    ),
    "a quantity of parameters alone": ("k[t] = exp(a)\nh[t] = tanh(W @ x[t] + k[t] * h[t-1])", {}),
    "a quantity that is a parameter": ("o[t] = b\nh[t] = tanh(W @ x[t] + U @ (o[t] * h[t-1]))", {}),
    "a state of a size that no parameter has": ("c[t] = tanh(0.3 * c[t-1])\nh[t] = W @ x[t]", {"c": "S"}),
}


@pytest.mark.parametrize(("text", "sizes"), FORMS.values(), ids=FORMS)
def test_the_kernel_is_what_the_equations_say(text, sizes):
    errors = errors_of(ls.parse(text, sizes=sizes))
    assert max(errors.values()) <= 1e-12, errors


@pytest.mark.parametrize("size", ["State", "Params", "Tape", "Grads", "T", "B"])
def test_a_size_called_as_the_kernel_calls_something_is_refused(size):
    with pytest.raises(ls.CellError, match="the size of `x`"):
        ls.parse("h[t] = tanh(W @ x[t] + U @ h[t-1])", sizes={"x": size})


# Names of the generated code, of its functions and of its sizes, as names of quantities, parameters and inputs.
CLASHES = {
    "arrays of the kernel": (
        "gates[t] = sigmoid(W @ x[t] + U @ h[t-1] + a_W)\nwork[t] = tanh(W_g @ x[t] + U_g @ h[t-1] + H)\n"
        "lead[t] = sigmoid(step @ x[t] + out @ h[t-1] + T_)\na[t] = gates[t] * a[t-1] + work[t]\n"
        "h[t] = lead[t] * tanh(a[t])"
    ),
    "arguments of the kernel": "x[t] = tanh(W @ u[t] + U @ x[t-1] + b)",
    "what is printed for its locals": (
        "given[t] = tanh(fields @ x[t] + x_t @ y[t-1])\ny_t[t] = sigmoid(h_t @ x[t] + x_ @ y[t-1])\n"
        "y[t] = y_t[t] * given[t] + (1 - y_t[t]) * y[t-1]"
    ),
    "sizes": "H[t] = sigmoid(D @ x[t] + S @ H_c[t-1])\nH_c[t] = H[t] * H_c[t-1] + tanh(R @ x[t])",
    "functions": (
        "outer[t] = tanh(times @ x[t] + checked @ sizes_of[t-1])\nsizes_of[t] = outer[t] * (float_dtype @ x[t])"
    ),
    "entry points": "forward[t] = tanh(init @ x[t] + jvp @ backward[t-1])\nbackward[t] = forward[t] * (step @ x[t])",
    "annotations": "Any[t] = tanh(Array @ x[t] + NamedTuple @ Any[t-1] + SecondTape)",
    "methods of a tuple": "count[t] = tanh(index @ x[t] + self @ count[t-1] + cls)",
    "Greek": "alpha[t] = sigmoid(W_alpha @ x[t] + lambda_0)\nbeta[t] = alpha[t] * beta[t-1] + tanh(gamma @ x[t])",
    "SymPy": "S[t] = sigmoid(Q @ x[t] + I * S[t-1])\nN[t] = S[t] * N[t-1] + tanh(E @ x[t] + O)",
    "a transpose": "U_T[t] = tanh(U @ x[t] + W_T @ U_T[t-1])\nU_t[t] = tanh(W @ U_T[t] + U_T2 @ U_t[t-1])",
    "steps of a loop": "h[t] = tanh(W @ x[t] + U @ h[t-1])\nh_t[t] = h[t] * h_t[t-1]\nt_[t] = tanh(h_t[t] + t_[t-1])",
}


@pytest.mark.parametrize("text", CLASHES.values(), ids=CLASHES)
def test_no_name_of_a_cell_meets_a_name_of_the_kernel(text):
    errors = errors_of(ls.parse(text))
    assert max(errors.values()) <= 1e-12, errors


GATED = """i[t] = sigmoid(W_i @ x[t] + U_i @ h[t-1] + b_i)
g[t] = tanh(W_g @ x[t] + U_g @ h[t-1] + b_g)
c[t] = (1 - i[t]) * c[t-1] + i[t] * g[t]
h[t] = i[t] * tanh(c[t])"""
ROLES = ("x", "h", "c", "i", "W_i", "b_g")
"""Input, states, a gate, parameters."""


def identifiers() -> list[str]:
    """Every name in the kernels of some cells, and in JavaScript, that a cell may have."""
    texts = [ls.generate(name) for name in ("lstm", "gru", "slstm", "layer_norm_lstm", "lstm_block")]
    texts.append(ls.generate("gru", target="javascript"))
    found = {*re.findall(r"[A-Za-z]\w*", "\n".join(texts), re.ASCII), *keyword.kwlist, "true", "constructor", "terms"}
    return sorted(name for name in found if not reserved(name) and not re.search(rf"\b{name}\b", GATED))


def renamed(names: Sequence[str], shift: int) -> ls.Cell:
    """The cell with its symbols called by these names."""
    new = {ROLES[(k + shift) % len(ROLES)]: name for k, name in enumerate(names)}
    return ls.parse(re.sub(r"\b(\w+)\b", lambda m: new.get(m[1], m[1]), GATED))


@pytest.mark.parametrize(
    ("shift", "every"), [(0, 8), *(pytest.param(k, 1, marks=pytest.mark.long) for k in range(len(ROLES)))]
)
def test_a_cell_may_use_any_name_of_the_generated_code_for_anything(shift, every):
    """Gradients, logarithms, Jacobians and the plain form are those of the cell under its own names."""
    names, expected = identifiers(), arrays_of(ls.parse(GATED))
    assert len(names) > 200
    for start in range(0, len(names), every * len(ROLES)):
        cell = renamed(names[start : start + len(ROLES)], shift)
        found = arrays_of(cell)
        errors = [relative_error(a, b) for a, b in zip(found, expected, strict=True)]
        assert max(errors) <= 1e-12, cell.text
        compile(ls.generate(cell, plain=True), "plain", "exec", dont_inherit=True)


def arrays_of(cell: ls.Cell) -> list[np.ndarray]:
    """What the calls of a kernel give, in order."""
    kernel, rng = ls.build(cell), np.random.default_rng(1)
    params, x = kernel.init(3, 4, rng=rng), rng.standard_normal((3, 2, 3))
    y, last, tape = kernel.forward(x, params, precise=True)
    grads = kernel.backward(y, tape, params)
    _, product = kernel.hvp(x, params, dy=y, x_dot=x)
    jacobians = [kernel.jacobian(tape, params), *kernel.parameter_jacobian(tape, params, 1)]
    logs = kernel.log_terms(tape, params).values()
    return [y, *last, grads.x, *grads.params, *grads.state, *product.params, *jacobians, *logs]


# What is refused before it is written.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import os", "may not import os"),
        ("import numpy, sys", "may not import numpy, sys"),
        ("def f():\n    import subprocess as np", "may not import subprocess"),
        ("from os import path", "may not import os"),
        ("from numpy import load\nfrom pickle import loads", "may not import pickle"),
        ("x = eval('1')", "may not use eval"),
        ("exec('x = 1')", "may not use exec"),
        ("x = __import__('os')", "may not use __import__"),
        ("f = open", "may not use open"),
        ("globals()['x'] = 1", "may not use globals"),
        ("compile('1', '', 'eval')", "may not use compile"),
        ("from . import os", "may not import"),
        ("import numpy.ctypeslib", "may not import numpy.ctypeslib"),
        ("getattr(np, 'load')('x')", "may not use getattr"),
        ("np.load('x')", "may not use .load"),
        ("().__class__", "may not use .__class__"),
    ],
)
def test_source_that_reaches_beyond_numpy_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        check_source(text)


def test_source_that_is_no_python_is_refused():
    with pytest.raises(SyntaxError):
        check_source("def forward(:")


def test_no_kernel_is_handed_out_that_was_not_checked(monkeypatch):
    monkeypatch.setattr(whitelist, "_FORBIDDEN", ("Params",))
    with pytest.raises(ValueError, match="may not use Params"):
        kernel_source(ls.cell("rnn"))


def test_a_reference_with_quotes_and_backslashes_stays_text():
    hostile = '"""\nimport os\n"""' + "\\N{BULLET} \\"
    cell = ls.cell("rnn")
    changed = type(cell)(**{**vars(cell), "reference": hostile, "name": hostile})
    source = kernel_source(changed)
    space: dict[str, object] = {"__name__": "kernel"}
    exec(compile(source, "kernel", "exec"), space)
    assert hostile in str(space["__doc__"]) and "os" not in space


def test_the_format_has_a_version_in_every_kernel():
    assert f"(format {FORMAT_VERSION})" in kernel_source(ls.cell("rnn"))
