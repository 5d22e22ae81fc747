"""The documentation is built without a warning, with search, and nothing in it is fetched."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the documentation is built where the extra docs is installed")
pytest.importorskip("myst_parser", reason="the documentation is built where the extra docs is installed")
pytest.importorskip("furo", reason="the documentation is built where the extra docs is installed")
DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_documentation_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    command += ["-c", str(DOCS / "sphinx"), str(DOCS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    pages = {page.stem: page.read_text(encoding="utf-8") for page in tmp_path.glob("*.html")}
    assert {path.stem for path in DOCS.glob("*.md")} <= set(pages) and "search" in pages
    assert "gradient_flow" in pages["api"] and '<a href="site/cells/lstm.html">' in pages["catalogue"]
    for text in pages.values():
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', text)
