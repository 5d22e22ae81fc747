"""Starts the process: `python -I __main__.py FOLDER PARENT`; the modules beside it are a package of their own name."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

NAME = "_lstm_sym_audit_child"
"""No user's module is called so, and nothing is added to the path, so that none can stand in another's place."""


def begin(folder: str, parent: int) -> None:
    """Answer the request in this folder."""
    room = Path(__file__).parent
    spec = spec_from_file_location(NAME, room / "__init__.py", submodule_search_locations=[str(room)])
    assert spec is not None and spec.loader is not None
    package = module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    import_module(f"{NAME}.answering").main(folder, parent)


if __name__ == "__main__":
    begin(sys.argv[1], int(sys.argv[2]))
