"""Build the documentation with Sphinx, and the site of all cells in it: `python3 run.py docs [-o DIR]`."""

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
    folder = parser.parse_args().output.resolve()
    sphinx = ["-W", "--keep-going", "-q", "-b", "html", "-c", str(DOCS / "sphinx"), str(DOCS), str(folder)]
    for command in (["sphinx", *sphinx], ["lstm_sym", "site", "-o", str(folder / "site")]):
        if failed := subprocess.call([sys.executable, "-m", *command]):
            return failed
    print(f"open {folder / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
