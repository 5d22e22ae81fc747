"""The versions that `run.py test --oldest` asks for are the lower bounds of pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from resolutions import at_lower_bounds, pip_options

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"


def written(folder: Path, *requirements: str) -> Path:
    file = folder / "pyproject.toml"
    needed = "\n".join(f"  {requirement!r}," for requirement in requirements)
    file.write_text(f"[project]\ndependencies = [\n{needed}\n]\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("requirement", "constraint"),
    [
        ("numpy>=1.26", "numpy==1.26"),
        ("numpy >= 1.26", "numpy== 1.26"),
        ("dask[distributed]>=2024.1", "dask==2024.1"),
        ("a >=1,<2", "a==1,<2"),
        ("a>=1; python_version>='3.12'", "a==1; python_version>='3.12'"),
    ],
)
def test_a_requirement_is_held_at_its_lower_bound(tmp_path: Path, requirement: str, constraint: str) -> None:
    assert at_lower_bounds(written(tmp_path, requirement.replace("'", '"'))) == [constraint.replace("'", '"')]


def test_a_requirement_without_a_lower_bound_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no lower bound \(name>=version\) for b, c<2"):
        at_lower_bounds(written(tmp_path, "a>=1", "b", "c<2"))


def test_every_requirement_of_the_project_is_held_and_none_is_typed_twice(tmp_path: Path) -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    assert pip_options("--oldest", PYPROJECT, tmp_path) == ["--constraint", str(tmp_path / "oldest.txt")]
    held = (tmp_path / "oldest.txt").read_text(encoding="utf-8").splitlines()
    assert len(held) == len(needed) == len(set(held))
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", line) for line in held)


def test_the_newest_are_asked_for_whatever_is_there(tmp_path: Path) -> None:
    assert pip_options("--newest", PYPROJECT, tmp_path) == ["--upgrade", "--upgrade-strategy", "eager"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--oldest", "--newest"])
def test_each_has_an_environment_of_its_own(run: ModuleType, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    made: list[str] = []
    monkeypatch.setattr(run.Environment, "ensure", lambda self, extras: made.append(self.folder.name))
    monkeypatch.setattr(run, "call", lambda command, **how: made.extend(command) or 0)
    assert run.main(["test", option, "-x"]) == 0
    assert made[0] == f".venv{option[1:]}" and Path(made[1]).parents[1] == ROOT / made[0]
    assert made[-1] == "-x" and option not in made


@pytest.mark.parametrize("option", ["", "--oldest", "--newest"])
def test_pip_is_told_which_versions_to_take(run: ModuleType, tmp_path: Path, option: str) -> None:
    for name in ("pyproject.toml", "tests/resolutions.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    environment, commands = run.Environment(tmp_path, option), []
    environment.folder.mkdir()
    environment._attempt = lambda command, title: commands.append(command)
    environment._fill(["pip"], ("test",))
    assert commands[0][5:-2] == (pip_options(option, PYPROJECT, environment.folder) if option else [])
    assert commands[0][-1] == ".[test]"


@pytest.mark.parametrize(("option", "plan"), [("", "nothing"), ("--oldest", "nothing"), ("--newest", "install")])
def test_what_is_newest_is_looked_up_at_every_start(run: ModuleType, tmp_path: Path, option: str, plan: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    environment = run.Environment(tmp_path, option)
    environment.folder.mkdir()
    wanted = environment.wanted(())
    environment.write_stamp(wanted)
    environment.inspect = lambda: (wanted.python, True)
    assert environment.plan(wanted) == plan
