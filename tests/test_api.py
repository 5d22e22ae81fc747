"""What `import lstm_sym` offers, and what it costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import lstm_sym as ls

TEXT = "h[t] = tanh(W @ x[t] + U @ h[t-1] + b)"


def python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PATH": "", **environment}
    )
    return done.stdout.strip()


def test_importing_the_package_imports_nothing_heavy():
    heavy = "('numpy', 'sympy', 'autograd', 'matplotlib', 'click')"
    assert python(f"import lstm_sym, sys; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_importing_a_kernel_imports_numpy_alone():
    heavy = "('sympy', 'autograd', 'matplotlib', 'click', 'lstm_sym.equations', 'lstm_sym.program', 'lstm_sym.emit')"
    code = f"import sys; from lstm_sym.kernels import lstm; print([m for m in {heavy} if m in sys.modules])"
    assert python(code) == "[]"


@pytest.mark.parametrize(
    "first",
    [
        "import lstm_sym.derivation.vjp",
        "import lstm_sym.derived",
        "import lstm_sym.api",
        "import lstm_sym.cells",
        "from lstm_sym.kernels import lstm",
        "import lstm_sym.check",
        "pass",
    ],
)
def test_the_functions_are_functions_whatever_was_imported_before(first):
    names = "('cell', 'load', 'parse', 'derive', 'generate', 'build', 'names')"
    code = f"import types; {first}; import lstm_sym as ls; "
    assert python(code + f"print(all(isinstance(getattr(ls, n), types.FunctionType) for n in {names}))") == "True"


def test_what_is_offered_is_there_and_nothing_else():
    assert all(hasattr(ls, name) for name in ls.__all__)
    with pytest.raises(AttributeError, match="module 'lstm_sym' has no attribute 'nothing'"):
        _ = ls.nothing


def test_names_are_those_of_the_files_of_the_catalogue():
    folder = Path(inspect.getfile(ls)).parent / "cells"
    assert ls.names() == tuple(sorted(path.stem for path in folder.glob("*.toml")))
    assert {"rnn", "lstm", "lstm_peephole", "gru"} <= set(ls.names())


def test_a_cell_comes_from_the_catalogue_a_file_or_text(tmp_path):
    content = (Path(inspect.getfile(ls)).parent / "cells" / "rnn.toml").read_bytes()
    (tmp_path / "rnn.toml").write_bytes(content)
    loaded, from_catalogue = ls.load(tmp_path / "rnn.toml"), ls.cell("rnn")
    parsed = ls.parse(tomllib.loads(content.decode())["equations"].strip(), key="rnn")
    assert loaded.text == from_catalogue.text == parsed.text
    assert loaded.content_hash == from_catalogue.content_hash == parsed.content_hash


def test_an_unknown_cell_is_refused_with_the_nearest():
    with pytest.raises(ls.CellError) as error:
        ls.cell("lstn")
    assert error.value.fix == "did you mean lstm?" and "rnn" in error.value.allowed


@pytest.mark.parametrize("name", ls.names())
def test_a_derivation_holds_what_its_programs_are(name):
    derivation = ls.derive(ls.cell(name))
    assert isinstance(derivation, ls.Derivation) and derivation.cell == ls.cell(name)
    assert [p.name for p in (derivation.forward, derivation.adjoint, derivation.tangent)] == [
        f"{name}.forward",
        f"{name}.backward",
        f"{name}.tangent",
    ]
    assert derivation.adjoint is derivation.adjoint, "derived once"


@pytest.mark.parametrize("name", ls.names())
def test_the_kernels_of_the_package_are_what_is_generated(name):
    path = Path(inspect.getfile(ls)).parent / "kernels" / f"{name}.py"
    assert path.read_text(encoding="utf-8") == ls.generate(ls.cell(name))


def test_generation_is_the_same_for_any_order_of_hashing():
    code = "import hashlib, lstm_sym as ls; text = ls.generate(ls.cell('lstm_peephole')); "
    code += "print(hashlib.sha256(text.encode()).hexdigest())"
    assert len({python(code, PYTHONHASHSEED=seed) for seed in ("0", "1", "2")}) == 1


def test_a_kernel_is_built_once_for_a_content():
    assert ls.build(ls.parse(TEXT)) is ls.build(ls.parse(f"# the same\n\n{TEXT}  # equation"))
    assert ls.build(ls.parse(TEXT)) is not ls.build(ls.parse(TEXT.replace("tanh", "sin")))
    assert ls.build(ls.parse(TEXT)) is not ls.build(ls.parse(TEXT, key="other"))
    assert ls.build(ls.parse(TEXT)) is not ls.build(ls.parse(TEXT, sizes={"x": "H"}))


def test_options_are_of_the_content():
    plain, linear = ls.cell("lstm_peephole"), ls.cell("lstm_peephole", phi_h="identity")
    assert plain.content_hash != linear.content_hash
    assert ls.build(plain) is not ls.build(linear)
    assert ls.build(plain.with_options(phi_h="identity")) is ls.build(linear)


def test_a_kernel_says_the_name_of_its_own_cell(tmp_path):
    for name in ("first", "second"):
        (tmp_path / "one.toml").write_text(f'name = "{name}"\nequations = """\n{TEXT}\n"""\n', encoding="utf-8")
        assert ls.build(ls.load(tmp_path / "one.toml")).__doc__.startswith(name)


def test_a_built_kernel_is_a_module_whose_tracebacks_show_its_lines():
    kernel = ls.build(ls.cell("rnn"))
    assert sys.modules[kernel.__name__] is kernel
    assert ls.cell("rnn").content_hash == kernel.CONTENT_HASH
    assert kernel.__loader__.get_source(kernel.__name__) == ls.generate(ls.cell("rnn"))


def test_a_built_kernel_runs():
    kernel = ls.build(ls.parse(TEXT))
    params = kernel.init(2, 3, rng=np.random.default_rng(1))
    y, state, tape = kernel.forward(np.ones((4, 5, 2)), params)
    assert y.shape == (4, 5, 3) and np.array_equal(state.h, y[-1])
    assert kernel.backward(np.ones_like(y), tape, params).params.W.shape == (3, 2)
