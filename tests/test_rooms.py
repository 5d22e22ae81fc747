"""The rooms of the house: imports point one way, without a circle, and a module is called after no function of its own.

Each check is a function from files to complaints; each is also given a file that must be complained about.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "lstm_sym": (
        ("ground", "kernels"),
        ("equations", "inputs", "native", "through_time"),
        ("cells", "program"),
        ("interpreter", "passes"),
        ("derivation", "mistakes"),
        ("notation",),
        ("compile",),
        ("diagram", "emit"),
        ("api",),
        ("flow",),
        ("networks",),
        ("check",),
        ("document", "interop", "training"),
        ("audit", "explore", "proofreading", "report", "shipped"),
        ("studies",),
        ("site",),
        ("cli",),
        ("__init__", "__main__"),
    ),
    "lstm_sym.audit": (
        ("errors", "mistake_wording", "names"),
        ("running",),
        ("sequences",),
        ("interface",),
        ("compare", "search"),
        ("deviations", "forward", "lines", "stage_wording"),
        ("auditor",),
        ("wording",),
        ("page", "signatures"),
        ("__init__",),
    ),
    "lstm_sym.flow": (
        ("errors",),
        ("runs", "translation"),
        ("attribution", "calculus", "drawing", "profiles", "spectra"),
        ("memory", "theory"),
        ("advice", "plots"),
        ("measures",),
        ("surveys",),
        ("__init__",),
    ),
}
"""Rooms of a package, the ground floor first: a room imports rooms of lower floors, and itself; none beside it."""
LARGEST = 9
"""The most files of a room of gradient flow: what a reader can hold in mind at once."""
OPEN_TO_ALL = {"lstm_sym.__version__"}


class Module(NamedTuple):
    """A source file: its path from the top of the tree, and its text."""

    path: str
    source: str

    @property
    def name(self) -> str:
        """lstm_sym.flow.runs.scaling; a package is called as its folder."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> tuple[str, ...]:
        return Path(self.path).parent.parts


def modules() -> list[Module]:
    """All but most kernels: what those import is asked of each beside its text, and one printer writes them."""
    every = sorted((ROOT / "lstm_sym").rglob("*.py"))
    found = [path for path in every if path.parent.name != "kernels" or path.stem in ("__init__", "lstm")]
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in found]


@cache
def imports(module: Module) -> list[tuple[int, str]]:
    """Line and absolute dotted name of everything that a module imports, at any depth of its code."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(module.source)):
        if isinstance(node, ast.Import):
            found += ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.package[: len(module.package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *filter(None, [node.module])])
            found += ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
    return found


def room(name: str, package: str) -> str:
    """The room of a package in which a dotted name lies; the package itself is "__init__"."""
    return name.removeprefix(package).removeprefix(".").partition(".")[0] or "__init__"


def floor(name: str, package: str) -> int | None:
    """The floor of a room, None for what is no room of the package."""
    floors = FLOORS[package]
    return next((number for number, rooms in enumerate(floors) if name in rooms), None)


def allowed(module: Module, name: str, package: str) -> bool:
    """Whether a module of a package may import this dotted name, as far as the rooms of the package go."""
    inside = f"{module.name}.".startswith(f"{package}.") and f"{name}.".startswith(f"{package}.")
    if not inside or name in OPEN_TO_ALL:
        return True
    own, other = room(module.name, package), room(name, package)
    lower = floor(other, package)
    return own == other or (lower is not None and lower < floor(own, package))


def upward_imports(module: Module) -> list[str]:
    """Imports of a floor above, or beside; and what a kernel, which stands alone, may not import."""
    if floor(room(module.name, "lstm_sym"), "lstm_sym") is None:
        return [f"{module.path}: no floor has this room: give it its place in FLOORS"]
    complaints = []
    for line, name in imports(module):
        alone = room(module.name, "lstm_sym") == "kernels"
        first = name.partition(".")[0]
        if alone and first != "numpy" and first not in sys.stdlib_module_names:
            complaints.append(f"{module.path}:{line}: a kernel must not import {name}")
        above = not alone and not all(allowed(module, name, package) for package in FLOORS)
        complaints += [f"{module.path}:{line}: {module.name} must not import {name}"] if above else []
    return complaints


def circles(found: Sequence[Module]) -> list[str]:
    """Modules that import each other, at any depth of their code."""
    graph = {module.name: set() for module in found}
    for module in found:
        for _, name in imports(module):
            if name in OPEN_TO_ALL:
                continue
            while name and name not in graph:
                name = name.rpartition(".")[0]
            if name and name != module.name:
                graph[module.name].add(name)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(error.args[1])]
    return []


def shadows(module: Module) -> list[str]:
    """Functions and classes called as the module that defines them: which of the two is meant is left to chance."""
    last = module.name.rpartition(".")[2]
    defined = (node for node in ast.parse(module.source).body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return [f"{module.path}:{node.lineno}: {node.name}" for node in defined if node.name == last]


def crowded(found: Sequence[Module]) -> list[str]:
    """Rooms of gradient flow with more than LARGEST files."""
    rooms = Counter("/".join(m.package) for m in found if m.package[:2] == ("lstm_sym", "flow"))
    return [f"{name}: {count - 1} files" for name, count in rooms.items() if count - 1 > LARGEST]


def test_imports_point_one_way():
    assert [complaint for module in modules() for complaint in upward_imports(module)] == []


def test_no_modules_import_each_other():
    assert circles(modules()) == []


def test_no_function_is_called_as_its_module():
    assert [complaint for module in modules() for complaint in shadows(module)] == []


def test_no_room_of_gradient_flow_is_crowded():
    assert crowded(modules()) == []


# Each check, given what it is there to find, and what it must let pass.


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("lstm_sym/equations/a.py", "from lstm_sym.program import Program"),
        ("lstm_sym/equations/a.py", "from ..program import Program"),
        ("lstm_sym/equations/a.py", "from .. import derivation"),
        ("lstm_sym/program/a.py", "import lstm_sym.derivation.reverse_mode"),
        ("lstm_sym/program/a.py", "def f():\n  from lstm_sym import cli"),
        ("lstm_sym/passes/a.py", "from lstm_sym.derivation import vjp"),
        ("lstm_sym/emit/a.py", "import lstm_sym"),
        ("lstm_sym/emit/a.py", "from lstm_sym import derivative"),
        ("lstm_sym/ground/a.py", "from lstm_sym.equations.errors import CellError"),
        ("lstm_sym/flow/a.py", "from lstm_sym.networks import Stack"),
        ("lstm_sym/flow/runs/a.py", "from lstm_sym.flow.profiles.profile import Profile"),
        ("lstm_sym/flow/spectra/a.py", "from lstm_sym.flow.profiles.profile import Profile"),
        ("lstm_sym/flow/runs/a.py", "from lstm_sym.flow import record"),
        ("lstm_sym/kernels/lstm.py", "import sympy"),
        ("lstm_sym/kernels/lstm.py", "from lstm_sym.equations import Cell"),
        ("lstm_sym/inputs/a.py", "from lstm_sym.equations.cell import Cell"),
        ("lstm_sym/inputs/a.py", "from lstm_sym.kernels.gru import forward\nfrom lstm_sym.cli import main"),
        ("lstm_sym/report/a.py", "from lstm_sym.cli import main"),
        ("lstm_sym/nowhere/a.py", "import numpy"),
    ],
)
def test_an_import_against_the_direction_is_noticed(path, line):
    assert len(upward_imports(Module(path, line))) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("lstm_sym/derivation/a.py", "from lstm_sym.derivation.reverse_mode import vjp"),
        ("lstm_sym/derivation/a.py", "from ..program.values import Value"),
        ("lstm_sym/emit/a.py", "from lstm_sym import __version__"),
        ("lstm_sym/flow/runs/a.py", "from lstm_sym import kernels"),
        ("lstm_sym/flow/memory/a.py", "from lstm_sym.flow.profiles.profile import Profile"),
        ("lstm_sym/kernels/lstm.py", "import hashlib, numpy.linalg"),
        ("lstm_sym/inputs/a.py", "from lstm_sym.ground.refusal import Refusal"),
        ("lstm_sym/cli.py", "from lstm_sym.report import study"),
        ("lstm_sym/__init__.py", "from .cells import cell"),
        ("lstm_sym/equations/a.py", "import sympy"),
    ],
)
def test_an_import_in_the_direction_passes(path, line):
    assert upward_imports(Module(path, line)) == []


def test_a_circle_is_noticed_wherever_the_import_stands():
    one = Module("lstm_sym/cells/one.py", "from lstm_sym.cells.two import g")
    two = Module("lstm_sym/cells/two.py", "def g():\n  from lstm_sym.cells import one")
    assert len(circles([one, two])) == 1
    assert circles([one, Module("lstm_sym/cells/two.py", "def g(): pass")]) == []


def test_a_function_called_as_its_module_is_noticed():
    assert len(shadows(Module("lstm_sym/flow/survey.py", "def survey(): pass"))) == 1
    assert shadows(Module("lstm_sym/flow/surveys.py", "def survey(): pass")) == []


@pytest.mark.parametrize(("files", "found"), [(LARGEST, 0), (LARGEST + 1, 1)])
def test_a_crowded_room_is_noticed(files, found):
    names = ["__init__", *(f"m{number}" for number in range(files))]
    assert len(crowded([Module(f"lstm_sym/flow/runs/{name}.py", "") for name in names])) == found
