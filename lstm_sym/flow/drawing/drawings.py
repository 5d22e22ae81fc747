"""A figure and its data before either is written: what the functions of flow/plots make, and pages take as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lstm_sym.flow.drawing import fonts, style
from lstm_sym.flow.drawing.looks import FILES, PAGE, Look
from lstm_sym.flow.errors import FlowError
from lstm_sym.ground.files import write_in_order
from lstm_sym.ground.safe_text import printable_lines

if TYPE_CHECKING:
    from lstm_sym.flow.drawing.sheets import Sheet


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure that is drawn when it is asked for, and the data that it shows.

    Attributes:
        draw: makes the figure.
        columns, rows: its data; numbers are written in full, NaN as nothing.
    """

    draw: Callable[[], Sheet]
    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]

    def save(self, folder: str | Path, stem: str, look: Look | None = None) -> list[Path]:
        """Write it and return the files: stem.svg, stem.png, stem.csv, or the kinds that `look` says and stem.csv.

        The same data give the same bytes. The folder is made; all files are on the disk before the first gets its
        name, and each is whole or not there. Where a character is in no font, the SVG holds its texts as text, which
        the reader's own fonts draw, and the PNG shows a box for it. Raises FlowError: a `stem` that is a path, and a
        width that is too narrow.
        """
        _refuse_path(stem)
        files = {Path(folder) / f"{stem}.{kind}": data for kind, data in self.files(look or FILES).items()}
        write_in_order([*files.items()])
        return [*files]

    def files(self, look: Look) -> dict[str, bytes]:
        """The same as bytes, by their endings."""
        with style.styled():
            (sheet,) = laid_out([self.draw], look)
            drawn = {kind: _bytes(sheet, kind, look) for kind in look.kinds}
        return drawn | {"csv": csv_bytes(self.columns, self.rows)}


class Shown(NamedTuple):
    """What a page shows of a figure: its SVG, its title, and the notes under that."""

    svg: str
    title: str
    notes: tuple[str, ...]


def in_languages(drawings: Mapping[str, Drawing]) -> dict[str, Shown]:
    """What a page shows of one figure in the words of each language; all have one size, and their axes one place."""
    with style.styled():
        sheets = laid_out([drawing.draw for drawing in drawings.values()], PAGE)
        texts = [_bytes(sheet, "svg", PAGE).decode("utf-8") for sheet in sheets]
    found = zip(drawings, texts, sheets, strict=True)
    return {language: Shown(svg, sheet.title, sheet.notes) for language, svg, sheet in found}


def laid_out(draws: Sequence[Callable[[], Sheet]], look: Look) -> list[Sheet]:
    """Figures of the same axes, laid out together."""
    from lstm_sym.flow.drawing.sheets import lay_out

    sheets = [draw() for draw in draws]
    for sheet in sheets:
        fonts.choose(sheet)  # decides how wide their words are
    lay_out(sheets, look)
    for sheet in sheets:
        fonts.choose(sheet)
    return sheets


def has_text(svg: str) -> bool:
    """Whether an SVG holds its texts as text: for a page, or because a character of them is in no font here."""
    return "<text " in svg


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as CSV: numbers with all their digits, NaN as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_written(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8")


def _written(value: Any) -> Any:
    """A number with all its digits, NaN as nothing, -0 as 0; integers and texts as they are."""
    if not isinstance(value, float):
        return value
    return "" if np.isnan(value) else repr(float(value) + 0.0)


def _bytes(sheet: Sheet, kind: str, look: Look) -> bytes:
    """A figure as a file; texts that no font can write stay text in an SVG."""
    import matplotlib
    from matplotlib.text import Text

    texts = sheet.findobj(Text)
    lacks = fonts.without_font("".join(text.get_text() for text in texts))
    if lacks:  # characters that do not print may not stand in an SVG
        for text in texts:
            text.set_text(printable_lines(text.get_text()))
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none" if lacks or look.text else "path"}):
        sheet.savefig(buffer, format=kind, **_options(sheet, kind, look))
    return buffer.getvalue()


def _options(sheet: Sheet, kind: str, look: Look) -> dict[str, Any]:
    """Metadata without dates; with the words that do not stand in the figure itself."""
    title, note = (printable_lines(text) for text in (sheet.title, sheet.note))
    said = {} if look.title else {"Title": title, "Description" if kind == "svg" else "Subject": note}
    transparent: dict[str, Any] = {"transparent": True} if look == PAGE else {}
    return {
        "svg": {"metadata": {"Date": None, "Creator": "lstm_sym", **said}, **transparent},
        "png": {"dpi": style.DPI, "metadata": {"Software": None}},
        "pdf": {"metadata": {"CreationDate": None, "Creator": "lstm_sym", "Producer": None, **said}},
    }[kind]


def _refuse_path(stem: str) -> None:
    if not stem.strip(".") or set("/\\\0") & set(stem):
        raise FlowError(
            "figure",
            f"the stem {stem!r}",
            "a path given as the stem",
            "give the path as the folder, the name alone here",
        )
