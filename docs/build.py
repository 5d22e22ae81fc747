"""Build the documentation with Sphinx, and in it the site of all cells.

`python3 run.py docs [-o DIR] [--package NAME]`
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent


def main() -> int:
    """The exit code of what failed first, 0 where nothing did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=DOCS / "out", help="folder to write [docs/out]")
    parser.add_argument(
        "--package", action="append", default=[], help="a package that ships a model, for a page of it; all: every one"
    )
    chosen = parser.parse_args()
    folder, models = chosen.output.resolve(), [word for name in chosen.package for word in ("--package", name)]
    sphinx = ["-W", "--keep-going", "-q", "-b", "html", "-c", str(DOCS / "sphinx"), str(DOCS), str(folder)]
    for command in (["sphinx", *sphinx], ["lstm_sym", "site", "-o", str(folder / "site"), *models]):
        if failed := subprocess.call([sys.executable, "-m", *command]):
            return failed
    print(f"open {folder / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
