"""Which versions of what the project needs the tests run against: `run.py test --oldest` and `--newest`.

Standard library only: run.py reads this file before anything is installed.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path


def pip_options(resolution: str, pyproject: Path, folder: Path) -> list[str]:
    """What pip is told to choose these versions; the oldest are written to a file of constraints in the folder."""
    if resolution == "--newest":
        return ["--upgrade", "--upgrade-strategy", "eager"]
    constraints = folder / "oldest.txt"
    constraints.write_text("".join(f"{line}\n" for line in at_lower_bounds(pyproject)), encoding="utf-8")
    return ["--constraint", str(constraints)]


def at_lower_bounds(pyproject: Path) -> list[str]:
    """Every requirement of a pyproject.toml, those of its extras too, at its lower bound: numpy>=1.26 as numpy==1.26.

    The names of extras go, which pip allows no constraint to have. Raises ValueError for one without a lower bound.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    needed = sum(project.get("optional-dependencies", {}).values(), project.get("dependencies", []))
    if unbounded := [requirement for requirement in needed if ">=" not in requirement]:
        raise ValueError(f"pyproject.toml gives no lower bound (name>=version) for {', '.join(unbounded)}")
    return [re.sub(r"\s*(\[[^]]*\])?\s*>=", "==", requirement, count=1) for requirement in needed]
