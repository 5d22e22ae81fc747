"""What CONTRIBUTING.md, SECURITY.md, the glossary and the page of kernels say of the code is true."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from lstm_sym.audit.running import process
from lstm_sym.audit.running.child import limits
from lstm_sym.emit.jax.printer import JaxScalarPrinter
from lstm_sym.emit.numpy.contract import FORMAT_VERSION
from lstm_sym.emit.numpy.copied import copied_functions
from lstm_sym.emit.onnx.scalar import FORMS
from lstm_sym.emit.targets import TARGETS
from lstm_sym.equations import numbers, parser, source_line, tomlfile
from lstm_sym.equations.functions import CHOICES, FUNCTIONS, SLOPES
from lstm_sym.equations.names import MAX_NAME
from lstm_sym.inputs import checks, files
from lstm_sym.interop.hdf5.source import READINGS
from lstm_sym.interop.keras.chain import MOST_LAYERS
from lstm_sym.interop.paddle import MOST_FILES
from lstm_sym.kernels import lstm
from lstm_sym.program import Role, Statement
from lstm_sym.proofreading import formulas, symbols, tokens

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lstm_sym"
SECURITY, CONTRIBUTING = ((ROOT / name).read_text(encoding="utf-8") for name in ("SECURITY.md", "CONTRIBUTING.md"))
GLOSSARY, KERNELS = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("glossary.md", "kernels.md"))
EXECUTES = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "sympify",
    "parse_expr",
    "pickle.load",
    "pickle.loads",
    "os.system",
}
LAST = {name.rpartition(".")[2] for name in EXECUTES}


def test_javascript_knows_every_function_and_slope():
    support = (PACKAGE / "emit" / "javascript" / "support.js").read_text(encoding="utf-8")
    (of_math,) = re.findall(r"const \{ (.*) \} = Math;", support)
    defined = {*re.findall(r"^(?:const|function) (\w+)", support, re.MULTILINE), *of_math.split(", ")}
    assert {*FUNCTIONS, *SLOPES, "positive"} - defined == set()
    assert {choice.__name__ for choice in CHOICES} <= defined


def test_jax_knows_every_function_and_slope():
    printer = JaxScalarPrinter({}, str)
    called = {printer.function(name) for name in (*FUNCTIONS, *SLOPES, "positive", *(c.__name__ for c in CHOICES))}
    own = {name for name in called if not name.startswith("jnp.")}
    brought = copied_functions(" ".join(own))
    assert len(own) > 10 and own - {*re.findall(r"^def (_\w+)", brought, re.MULTILINE)} == set()


def test_onnx_knows_every_function():
    assert {*FUNCTIONS, "positive", *(choice.__name__ for choice in CHOICES)} - {*FORMS} == set()


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_is_on_the_page_of_kernels(name):
    assert f"`{name}`" in KERNELS and (PACKAGE / "emit" / name).is_dir()


def test_the_page_of_kernels_names_what_a_kernel_has():
    private = set(re.findall(r"`(_\w+)`", KERNELS))
    assert len(private) > 5 and [name for name in private if not hasattr(lstm, name)] == []
    public = {
        name for name, value in vars(lstm).items() if name[0] != "_" and getattr(value, "__globals__", 0) is vars(lstm)
    }
    assert public == set(re.findall(r"^\| `(\w+)\(", KERNELS, re.MULTILINE))
    headings = re.findall(r"^# (.+)$", KERNELS[KERNELS.index("```\n# Sizes") :], re.MULTILINE)
    source = inspect.getsource(lstm)
    assert len(headings) == 4 and [heading for heading in headings if f"    # {heading}\n" not in source] == []
    assert f"format {FORMAT_VERSION})" in KERNELS and f"format {FORMAT_VERSION})" in str(lstm.__doc__)


def test_the_places_that_know_the_kinds_of_statement_are_counted():
    found = []
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "document":  # those know the kinds of block
            continue
        if "assert_never(" in (source := path.read_text(encoding="utf-8")):
            called = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
            found += [path for function in called if ast.unparse(function) == "assert_never"]
    said = re.search(r"the (\d+) places in (\d+) files that must know it", " ".join(CONTRIBUTING.split()))
    assert said is not None and (int(said[1]), int(said[2])) == (len(found), len(set(found)))
    table = CONTRIBUTING[CONTRIBUTING.index("### A kind of statement") : CONTRIBUTING.index("### A measure")]
    assert [path.name for path in found if f"`{path.name}`" not in table] == []


def test_roles_and_kinds_of_statement_are_in_the_glossary():
    terms = {part for row in re.findall(r"^\| (.*?) \|", GLOSSARY, re.MULTILINE) for part in row.split(", ")}
    assert {role.value for role in Role} - terms == set()
    assert [kind.__name__ for kind in get_args(Statement) if f"`{kind.__name__}`" not in GLOSSARY] == []


def test_a_term_says_where_it_lives():
    rows = [row for row in GLOSSARY.splitlines() if row.startswith("| ") and not row.startswith(("| term", "| ---"))]
    assert len(rows) > 60
    assert [row for row in rows if not re.search(r"\| `[\w/]+\.py` \|$", row)] == []


def test_the_bounds_of_the_page_of_security_are_those_of_the_code():
    mebibyte = 2**20
    said = [
        f"{tomlfile.MAX_FILE:,} bytes, {tomlfile.MAX_POINTS:,} points, {tomlfile.MAX_LINE_POINTS} of them a line",
        f"{source_line.MAX_TEXT:,} characters; {source_line.MAX_EQUATION:,} |",
        f"nesting of what is read | {source_line.MAX_DEPTH} |",
        f"{MAX_NAME} characters of ASCII",
        f"0, or {float(numbers.MIN_NUMBER):.0e} to 1e{len(str(numbers.MAX_NUMBER)) - 1} in size",
        f"exponents to {numbers.MAX_EXPONENT}; repetitions to {parser.MAX_REPEAT}",
        f"one equation to | {numbers.MAX_DIGITS} |",
        f"{formulas.MAX_TEXT:,} characters, {formulas.MAX_FORMULAS:,} formulas; a formula {tokens.MAX_FORMULA:,}",
        f"{symbols.MAX_DEPTH} brackets in each other",
        f"{checks.MAX_BYTES // mebibyte} MiB (`.npy`, `.wav`) or {files.MAX_TEXT_BYTES // mebibyte} MiB (text)",
        f"{checks.MAX_CHANNELS:,} channels, {checks.MAX_SEQUENCES:,} sequences",
        f"each byte of HDF5 read {READINGS} times; {MOST_LAYERS:,} layers; {MOST_FILES:,} files of a folder",
        f"memory ({limits.MEMORY >> 30} GiB of address space)",
        f"what it prints ({limits.FILE_SIZE >> 20} MiB)",
    ]
    assert [bound for bound in said if bound not in " ".join(SECURITY.split())] == []
    assert process.MOST_SECONDS == 24 * 3600 and "a day at most" in SECURITY


def executing(source: str) -> list[str]:
    """Calls that run text, or what a pickle says."""
    called = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    calls = (ast.unparse(function) for function in called if {*map(vars(function).get, ("id", "attr"))} & LAST)
    return [name for name in calls if name in EXECUTES or name.rpartition(".")[2] in ("sympify", "parse_expr")]


def test_nothing_in_the_package_runs_a_text():
    """Generated kernels are imported by importlib, in one place; a user's file in a child process."""
    found = {path: executing(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
    assert len(found) > 200 and {path: calls for path, calls in found.items() if calls} == {}
    loads = [path for path in PACKAGE.rglob("*.py") if ".exec_module(" in path.read_text(encoding="utf-8")]
    child = {f"audit/running/child/{name}.py" for name in ("__main__", "loading")}
    assert {path.relative_to(PACKAGE).as_posix() for path in loads} == {"api/building.py", *child}


@pytest.mark.parametrize("line", ["eval('1')", "sympy.sympify(text)", "pickle.loads(data)", "exec(code, {})"])
def test_what_runs_a_text_is_noticed(line):
    assert len(executing(line)) == 1
    assert executing("re.compile(x); tree = ast.parse(x); run_step(x)") == []
