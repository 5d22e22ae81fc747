"""Write the checked-in kernels: `python -m lstm_sym.emit.checked_in`."""

from __future__ import annotations

from pathlib import Path

from lstm_sym import kernels
from lstm_sym.cells import built_in_cell, built_in_names
from lstm_sym.emit.numpy.kernel import kernel_source
from lstm_sym.ground.files import write_whole

KERNELS = Path(kernels.__file__).parent


def kernel_files() -> dict[Path, str]:
    """File -> the text it must hold, for every built-in cell."""
    return {KERNELS / f"{name}.py": kernel_source(built_in_cell(name)) for name in built_in_names()}


def main() -> None:
    """Rewrite every kernel whose text changed, and remove those without a cell."""
    files = kernel_files()
    for path in KERNELS.glob("*.py"):
        if path not in files and path.name != "__init__.py":
            path.unlink()
            print(f"removed {path.name}")
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text.encode("utf-8"))
            print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
