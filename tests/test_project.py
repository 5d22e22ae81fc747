"""What holds for the tree as a whole: sizes, words, docstrings, annotations. The rooms have a test of their own.

Every check is a function from files to complaints; each is also given a file that must be complained about.
"""

from __future__ import annotations

import ast
import math
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "lstm_sym"
CODE = ("run.py", "lstm_sym", "tests", "analysis", "benchmarks")
TEXT = (".cff", ".css", ".html", ".ipynb", ".js", ".json", ".md", ".py", ".tex", ".toml", ".txt", ".yaml")
BUILT = {"build", "dist", "study"}  # folders at the top that builds and runs write
WRITTEN = {"out", "__pycache__"}  # and anywhere

UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:root|home|work|tmp|opt|mnt|Users)/[\w.]|\b[A-Z]:\\+Users\\", re.ASCII)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """A source file: its path from the top of the tree, and its text."""

    name: str
    source: str

    @property
    def room(self) -> str:
        """`lstm_sym/flow/attribution/gates.py` is of the room flow, `lstm_sym/cli.py` of cli; "" is outside."""
        parts = Path(self.name).with_suffix("").parts
        return parts[1] if parts[0] == "lstm_sym" else ""


def files(*tops: str) -> Iterator[Path]:
    """The files of the tree, or of these parts of it; nothing hidden, nothing that a build or a run wrote."""
    for top in map(ROOT.joinpath, tops or sorted(path.name for path in ROOT.iterdir())):
        if top.is_file():
            yield top
        elif top.is_dir() and top.name not in BUILT and not top.name.startswith("."):
            found = (path for path in sorted(top.rglob("*")) if path.is_file())
            yield from (path for path in found if not WRITTEN & set(path.relative_to(ROOT).parts))


def read(path: Path) -> Module:
    return Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace"))


def modules(*tops: str) -> list[Module]:
    return [read(path) for path in files(*tops) if path.suffix == ".py"]


def written(*tops: str) -> list[Module]:
    return [module for module in modules(*tops) if module.room != "kernels"]


KERNEL = read(PACKAGE / "kernels" / "lstm_full_gate_recurrence.py")
"""One printer writes all kernels: one of them, which has all that a kernel can have, is looked at."""


def functions(module: Module) -> list[Function]:
    return [node for node in ast.walk(ast.parse(module.source)) if isinstance(node, Function)]


def length(function: Function) -> int:
    """Lines of a function, its docstring and decorators not counted."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return function.end_lineno - function.lineno + 1 - documented * (first.end_lineno - first.lineno + 1)


def percentile(numbers: list[int], share: float) -> int:
    """The smallest of the numbers that at least this share of them does not exceed."""
    return sorted(numbers)[math.ceil(share * len(numbers)) - 1]


def long_modules(module: Module) -> list[str]:
    lines = len(module.source.splitlines())
    return [f"{module.name}: {lines} lines"] if lines > 400 else []


@cache
def lengths(module: Module) -> list[tuple[str, int]]:
    """Place and lines of every function of a module."""
    return [(f"{module.name}:{f.lineno} {f.name}", length(f)) for f in functions(module)]


def long_functions(module: Module) -> list[str]:
    return [f"{place}: {lines} lines" for place, lines in lengths(module) if lines > 60]


def words(module: Module, pattern: re.Pattern[str]) -> list[str]:
    lines = enumerate(module.source.splitlines(), 1)
    return [f"{module.name}:{number}: {line.strip()}" for number, line in lines if pattern.search(line)]


def public(node: ast.Module | ast.ClassDef) -> Iterator[tuple[Function | ast.ClassDef, bool]]:
    """The public functions and classes of a module, and whether each is defined in a class."""
    for child in node.body:
        if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
            yield child, isinstance(node, ast.ClassDef)
            if isinstance(child, ast.ClassDef):
                yield from public(child)


def undocumented(module: Module) -> list[str]:
    tree = ast.parse(module.source)
    missing = [] if ast.get_docstring(tree) or not tree.body else [f"{module.name}: no docstring"]
    return missing + [
        f"{module.name}:{node.lineno} {node.name}: no docstring"
        for node, _ in public(tree)
        if not ast.get_docstring(node) and "overload" not in {getattr(d, "id", "") for d in node.decorator_list}
    ]


def unannotated(module: Module) -> list[str]:
    complaints = []
    for node, in_class in public(ast.parse(module.source)):
        if isinstance(node, ast.ClassDef):
            continue
        decorators = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
        given = node.args
        arguments = [*given.posonlyargs, *given.args][in_class and "staticmethod" not in decorators :]
        arguments += [*given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
        bare = [argument.arg for argument in arguments if argument.annotation is None]
        bare += ["return"] if node.returns is None else []
        complaints += [f"{module.name}:{node.lineno} {node.name}: {name} has no annotation" for name in bare]
    return complaints


def packages_by_accident(root: Path) -> list[str]:
    return [str(path) for top in ("analysis", "reports") for path in (root / top).rglob("__init__.py")]


def hold(check: Callable[..., list[str]], looked_at: list[Module], *arguments: object) -> None:
    assert looked_at, "nothing was looked at"
    found = [complaint for module in looked_at for complaint in check(module, *arguments)]
    assert not found, "\n" + "\n".join(found)


def test_modules_are_short():
    hold(long_modules, written(*CODE))


def test_functions_are_short():
    hold(long_functions, written(*CODE))


def test_most_functions_are_very_short():
    assert percentile([lines for module in written("lstm_sym") for _, lines in lengths(module)], 0.9) <= 25


def test_nothing_is_left_unfinished():
    hold(words, [read(path) for path in files() if path.suffix in TEXT], UNFINISHED)


def test_no_text_names_a_path_of_one_machine():
    hold(words, [read(path) for path in files() if path.suffix in TEXT], MACHINE_PATH)


def test_everything_public_is_documented():
    hold(undocumented, [*written("lstm_sym"), KERNEL])


def test_everything_public_is_annotated():
    hold(unannotated, [*written("lstm_sym"), KERNEL])


def test_scripts_and_documents_are_no_packages():
    assert packages_by_accident(ROOT) == []


def test_the_version_is_the_same_wherever_it_stands():
    version = re.search(r'__version__ = "(.+)"', (PACKAGE / "__init__.py").read_text(encoding="utf-8"))[1]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_oldest_python_is_the_same_wherever_it_stands():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert f"OLDEST_PYTHON = ({oldest.replace('.', ', ')})" in (ROOT / "run.py").read_text(encoding="utf-8")
    assert project["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"


# Each check, given what it is there to find, and what it must let pass.

DOC = '"""Text."""\n'


@pytest.mark.parametrize(("lines", "found"), [(400, 0), (401, 1)])
def test_a_long_module_is_noticed(lines, found):
    assert len(long_modules(Module("lstm_sym/long.py", "x = 1\n" * lines))) == found


@pytest.mark.parametrize(("lines", "found"), [(59, 0), (60, 1)])
def test_a_long_function_is_noticed_and_its_docstring_not_counted(lines, found):
    source = 'def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * lines
    assert len(long_functions(Module("lstm_sym/long.py", source))) == found


def test_the_percentile_is_by_nearest_rank():
    assert [percentile(list(range(1, 11)), share) for share in (0.1, 0.5, 0.9, 0.91, 1)] == [1, 5, 9, 10, 10]


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X"])
def test_unfinished_work_is_noticed(word):
    assert words(Module("a.py", f"x = 1  # {word}: rest\n"), UNFINISHED)
    assert not words(Module("a.py", f"x = {word}S + {word.lower()}\n"), UNFINISHED)


@pytest.mark.parametrize("path", ["/" + "home/ada/x.csv", "/" + "tmp/x", "C:" + r"\Users\ada", "(/" + "root/.cache)"])
def test_a_machine_path_is_noticed(path):
    assert words(Module("a.md", f"see {path}\n"), MACHINE_PATH)


@pytest.mark.parametrize("text", ["https://example.org/home/x", "#!/usr/bin/env", "a /tmp folder", "docs/work/x"])
def test_other_paths_pass(text):
    assert not words(Module("a.md", text), MACHINE_PATH)


@pytest.mark.parametrize(
    "source",
    ["x = 1", f"{DOC}def f(): pass", f"{DOC}class A: pass", f"{DOC}class A:\n  {DOC}  def f(self): pass"],
)
def test_a_missing_docstring_is_noticed(source):
    assert len(undocumented(Module("lstm_sym/a.py", source))) == 1


def test_what_is_private_needs_no_docstring():
    source = f"{DOC}def f():\n  {DOC}  def inner(): pass\ndef _g(): pass\nclass _A:\n  def f(self): pass"
    assert undocumented(Module("lstm_sym/a.py", source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(): pass",
        "def f(x) -> int: pass",
        "def f(*x) -> int: pass",
        "def f(**x) -> int: pass",
        "def f(*, x) -> int: pass",
        "def f(x, /) -> int: pass",
        "class A:\n  def f(self, x) -> int: pass",
        "class A:\n  @staticmethod\n  def f(x) -> int: pass",
    ],
)
def test_a_missing_annotation_is_noticed(source):
    assert len(unannotated(Module("lstm_sym/a.py", source))) == 1


def test_full_annotations_pass():
    source = "class A:\n  def f(self, x: int, *y: int, z: int = 0, **w: int) -> int: pass\n  def _g(self, x): pass"
    assert unannotated(Module("lstm_sym/a.py", source)) == []


def test_a_package_by_accident_is_noticed(tmp_path):
    (tmp_path / "analysis" / "lag").mkdir(parents=True)
    assert packages_by_accident(tmp_path) == []
    (tmp_path / "analysis" / "lag" / "__init__.py").touch()
    assert len(packages_by_accident(tmp_path)) == 1
