"""The programs of the tutorial and of the page on experiments run as they stand there, from first line to last."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def program(page: str) -> str:
    """All Python of a page, in its order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


@pytest.mark.parametrize("page", ["tutorial.md", "own-experiment.md"])
def test_a_page_runs_as_it_stands(page: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program(page)], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    lives = [float(life) for life in re.findall(r"(\d+\.\d)(?: steps)?$", done.stdout, flags=re.MULTILINE)]
    assert len(lives) >= 2 and lives[1] > lives[0]
