"""What `import lstm_sym` offers, and what it costs."""

from __future__ import annotations

import copy
import copyreg
import importlib
import inspect
import operator
import os
import pickle
import pydoc
import re
import subprocess
import sys
import threading
import tomllib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.cli.listing import listed

ROOT = Path(__file__).parents[1]
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


BEFORE = ("lstm_sym.api", "lstm_sym.kernels.lstm", "lstm_sym.check", "lstm_sym.studies.flow_run")
OF_FUNCTIONS = f"""
import importlib, sys, types
for first in {BEFORE}:
    for name in [name for name in sys.modules if name.partition(".")[0] == "lstm_sym"]:
        del sys.modules[name]
    importlib.import_module(first)
    import lstm_sym as ls
    names = "cell load parse derive generate build names study gradient_flow".split()
    print(first, all(isinstance(getattr(ls, name), types.FunctionType) for name in names))
"""


def test_the_functions_are_functions_whatever_was_imported_before():
    """In one fresh interpreter, which imports the package anew for each."""
    assert python(OF_FUNCTIONS).splitlines() == [f"{first} True" for first in BEFORE]


def test_nothing_offered_is_called_as_a_room():
    """A module that is imported becomes an attribute of its package, in the place of what has its name."""
    rooms = {path.stem for path in Path(inspect.getfile(ls)).parent.iterdir()}
    assert rooms & {*ls.__all__} == set()


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


def test_the_kernels_of_the_package_are_what_is_generated():
    """This one for `generate`, every one in the tests of kernels."""
    path = Path(inspect.getfile(ls)).parent / "kernels" / "gru.py"
    assert path.read_text(encoding="utf-8") == ls.generate(ls.cell("gru"))


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


def test_completion_and_help_offer_the_names_and_nothing_else():
    offered = [name for name in dir(ls) if not name.startswith("_")]
    assert set(ls.__all__) <= set(offered) and not {"Any", "TYPE_CHECKING", "annotations"} & set(dir(ls))
    assert all(inspect.ismodule(getattr(ls, name)) for name in set(offered) - set(ls.__all__))
    shown = pydoc.plain(pydoc.render_doc(ls))
    assert "build(" in shown and "__getattr__" not in shown and "__dir__" not in shown


def test_what_is_shown_of_an_object_is_short_and_says_what_it_is():
    cell = ls.cell("lstm")
    derivation = ls.derive(cell)
    assert repr(cell) == "<Cell lstm (Long short-term memory): input x, states h, c, output h>"
    assert repr(ls.cell("henon")).startswith("<Cell henon") and "no input, states x, y" in repr(ls.cell("henon"))
    programs = derivation.forward, derivation.adjoint, derivation.tangent
    for shown in (derivation, *programs, derivation.jacobian("h", "h"), ls.build(cell), cell.equations[0]):
        assert len(repr(shown)) < 150, shown
    assert "lstm" in repr(ls.build(cell)) and "lstm.backward" in repr(derivation.adjoint)


PYTHON_OF_THE_README = (ROOT / "README.md").read_text("utf-8").split("```python\n", 1)[1].split("```", 1)[0]
REVEALED = {
    "kernel": "Kernel",
    "params": "Fields",
    "params.U_f": "ndarray",
    "y": "ndarray",
    "state.c": "ndarray",
    "grads.x": "ndarray",
    "grads.params.U_f": "ndarray",
    "J": "ndarray",
    "study": "Study",
    "flowing": "GradientFlow",
    "through_time.truncated(kernel, x, params, dy=dy, window=20)[0]": "ndarray",
    "flow.record(kernel, params, x)": "Trajectory",
}
PASSED = ("kernel", "lstm", "lstm_projected", "henon")


def test_a_type_checker_knows_what_the_readme_does(tmp_path):
    """Every name has a type, every kernel is a Kernel, what is none is refused, and so is a name that is not there."""
    lines = [PYTHON_OF_THE_README, "from lstm_sym import flow, through_time", "from lstm_sym.check import check_cell"]
    lines += ["from lstm_sym.kernels import henon, lstm, lstm_projected"]
    lines += [f"reveal_type({expression})" for expression in REVEALED]
    lines += [f"check_cell(cell, kernel={passed})" for passed in (*PASSED, "np")] + ["ls.biuld(cell)"]
    (tmp_path / "readme.py").write_text("\n".join(lines), "utf-8")
    options = ["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "readme.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    revealed = re.findall(r'Revealed type is "(.*)"', done.stdout)
    for expression, shown in zip(REVEALED, revealed, strict=True):
        assert REVEALED[expression] in shown.partition("[")[0], (expression, shown)
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 2 and 'expected "Kernel' in errors[0] and "biuld" in errors[1], done.stdout


def test_threads_that_build_one_cell_get_one_kernel():
    start, cell = threading.Barrier(6), ls.parse(TEXT.replace("tanh", "softsign"), key="of_threads")

    def build(_: int) -> ls.Kernel:
        start.wait()
        return ls.build(cell)

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(build, range(6)))) == 1


def test_a_kernel_and_what_it_makes_go_to_a_fresh_process_and_back():
    """Neither a cell of the catalogue nor one of the user's has been built there."""
    x = np.ones((3, 2, 2))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for cell in (ls.cell("lstm_peephole", phi_h="identity"), ls.parse(TEXT + "  # mine", key="mine")):
            kernel = ls.build(cell)
            params = kernel.init(2, 3)
            y, _, tape = kernel.forward(x, params)
            there = pool.submit(operator.methodcaller("forward", x, params), kernel).result()
            assert np.array_equal(there[0], y) and type(there[1]) is kernel.State and type(there[2]) is type(tape)
            grads = kernel.backward(y, tape, params)
            again = pool.submit(copy.copy, grads).result()
            assert type(again) is kernel.Grads and type(again.params) is kernel.Params
            assert all(map(np.array_equal, again.params, grads.params))


def test_what_a_pickle_says_of_a_cell_is_read_again():
    kernel = ls.build(ls.parse(TEXT))
    assert pickle.loads(pickle.dumps(kernel)) is kernel and copy.deepcopy(kernel) is kernel
    build, (cell, _) = kernel.__reduce__()
    forged = replace(cell, equations=(replace(cell.equations[0], text="h[t] = __import__('os').getcwd()"),))
    with pytest.raises(ls.CellError, match="a string cannot stand in an equation"):
        build(forged)
    make, (_, name, values) = copyreg.dispatch_table[kernel.Params](kernel.init(2, 3))
    for wrong in ((os, "getcwd", ()), (kernel, "init", (2, 3)), (kernel, "_SHAPES", ())):
        with pytest.raises(TypeError, match="no named tuple of a kernel"):
            make(*wrong)
    assert type(make(kernel, name, values)) is kernel.Params


def test_a_name_of_the_catalogue_is_taken_for_its_cell():
    assert ls.derive("lstm") == ls.derive(ls.cell("lstm"))
    assert ls.generate("lstm") == ls.generate(ls.cell("lstm"))
    assert ls.build("lstm") is ls.build(ls.cell("lstm"))


@pytest.mark.parametrize("call", ["derive", "generate", "build", "cell", "load", "parse"])
@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ("lstm", 'ls.cell("lstm")'),
        ("my.toml", 'ls.load("my.toml")'),
        (Path("my.toml"), 'ls.load("my.toml")'),
        (TEXT, "ls.parse(text)"),
        (None, "ls.cell("),
        (b"lstm", "ls.cell("),
        (ls.cell("lstm"), "already"),
        (ls.derive(ls.cell("lstm")), "give the cell"),
    ],
)
def test_what_is_given_to_the_wrong_call_is_told_the_right_one(call, given, fix):
    takes = {"cell": "lstm", "load": "my.toml", "parse": TEXT}.get(call, "lstm")
    if str(given) == takes or (call in ("derive", "generate", "build") and isinstance(given, ls.Cell)):
        return
    with pytest.raises(ls.CellError) as error:
        getattr(ls, call)(given)
    assert fix in error.value.fix
    assert f"{call}()" in error.value.what


FILE = f'''name = "Mine"\nequations = """\n{TEXT}\n"""\n[symbols.h]\nmeaning = "state"\n'''


def test_the_text_of_a_cell_file_is_a_cell_too(tmp_path):
    (tmp_path / "mine.toml").write_text(FILE, "utf-8")
    assert ls.parse(FILE, key="mine") == ls.load(tmp_path / "mine.toml")
    with pytest.raises(ls.CellError) as error:
        ls.parse(FILE.replace("tanh", "tonh"), source="mine")
    assert (error.value.line, error.value.source) == (3, "mine")
    with pytest.raises(ls.CellError, match="`output` is given beside the text of a whole cell file"):
        ls.parse(FILE, output="h")


def test_parse_takes_what_the_parser_takes():
    theirs = dict(inspect.signature(importlib.import_module("lstm_sym.equations.cell").parse).parameters)
    del theirs["error_in"]  # for errors that stand in a file
    assert dict(inspect.signature(ls.parse).parameters) == theirs


REFUSED_BY_THE_ENGINE = {
    "h[t] = U @ b + W @ x[t] + h[t-1]": (1, 8),
    "h[t] = h[t-1] + W @ x[t]\ny[t] = h[t] / (b - b)": (2, 1),
    "q[t] = b\nh[t] = U @ q[t] + W @ x[t] + h[t-1]": (2, 8),
    "c[t] = b + c[t-1] - c[t-1]\nh[t] = W @ x[t] + c[t-1]": (1, 1),
}


@pytest.mark.parametrize("text", REFUSED_BY_THE_ENGINE)
def test_what_the_engine_refuses_is_refused_when_it_is_read(text, tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(f'equations = """\n{text}\n"""', "utf-8")
    monkeypatch.setenv("LSTM_SYM_CELLS", str(tmp_path))
    line, column = REFUSED_BY_THE_ENGINE[text]
    for read, source, first in (
        (lambda: ls.parse(text), "equations", 0),
        (lambda: ls.load(tmp_path / "mine.toml"), "mine.toml", 1),
        (lambda: ls.cell("mine"), "mine.toml", 1),
    ):
        with pytest.raises(ls.CellError) as error:
            read()
        assert (error.value.source, error.value.line, error.value.column) == (source, line + first, column)
        assert error.value.allowed and error.value.fix
    assert [cell.error.partition(",")[0] for cell in listed() if cell.name == "mine"] == ["mine.toml"]
