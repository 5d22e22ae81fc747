"""Write what `show` prints of the built-in cells: `python -m lstm_sym.report.shown`."""

from __future__ import annotations

from pathlib import Path

from lstm_sym.cells import built_in_cell, built_in_names
from lstm_sym.document.sentences import Sentences
from lstm_sym.document.shown import FOLDER, shown_text
from lstm_sym.ground.files import write_in_order
from lstm_sym.notation.text import TextNotation
from lstm_sym.report.derivation import derivation_document


def shown_file(name: str) -> str:
    """The text that the file of a built-in cell must hold."""
    document = derivation_document(built_in_cell(name), Sentences("en"))
    return shown_text(name, document, TextNotation(signs=document.signs))


def main() -> None:
    """Rewrite every file whose text changed, and remove those without a cell."""
    wanted: dict[Path, bytes | None] = dict.fromkeys(FOLDER.glob("*.json"))
    wanted |= {FOLDER / f"{name}.json": shown_file(name).encode("utf-8") for name in built_in_names()}
    old = {path: path.read_bytes() if path.exists() else None for path in wanted}
    changed = {path: data for path, data in wanted.items() if data != old[path]}
    write_in_order([*changed.items()])
    for path, data in changed.items():
        print(f"{'removed' if data is None else 'wrote'} {path.name}")


if __name__ == "__main__":
    main()
