"""Reader of .csv and .tsv files."""

import csv
import io
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import isfinite

import numpy as np

from lstm_sym.ground.progress import reporter, watched

from .checks import refuse_short, refuse_wide
from .errors import InputError
from .files import decode
from .sequences import Array, Sequences, of_file

# A comma may also be a decimal comma, the other two are delimiters only: so it comes last.
DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas"}
_MISSING = frozenset({"na", "n/a", "#n/a", "null", "none", "-", "--", "?", "."})
_SNIFFED_ROWS = 20

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class _Layout:
    """What the first rows tell: column names (of a header), the width, and whether column 1 holds labels."""

    header: list[str] | None
    width: int
    labelled: bool
    first_row: int

    def column(self, index: int) -> str:
        name = self.header[index] if self.header else ""
        return f"column {index + 1}" + (f" ({name!r})" if name else "")


def read_table(data: bytes, file: str) -> Sequences:
    """Read delimited UTF-8 text as one sequence (T, D): a row is a step, a column a channel.

    The delimiter is a tab, a semicolon or a comma, found from the first rows. The first row is a header if it
    holds no number after its first cell, or has no name for its first column, or names a column of dates. A
    first column is left out if it holds labels such as dates, or has no name in the header (row labels);
    `notes` says so. Blank rows are left out. Cells may be quoted. Numbers have a decimal point and the digits
    0 to 9. A header of numbers only cannot be told from data.

    Raises InputError: not UTF-8 text, ragged rows, a cell that is no finite number, too many columns, or fewer than 2
    rows of data; names row (as in an editor, from 1) and column.
    """
    text = decode(data, file)
    delimiter = _delimiter(text)
    rows = watched(_rows(text, delimiter, file), text.count("\n") + 1, reporter(f"reading {file}"))
    head = list(islice(rows, 2))
    refuse_short(len(head), file, "rows")
    refuse_wide(file, len(head[0][1]), f"row {head[0][0]}")
    layout = _layout(head)
    values = _values(head[1:] if layout.header else head, rows, layout, file)
    names = layout.header or [""] * layout.width
    kept = range(1 if layout.labelled else 0, layout.width)
    channels = [names[index] or f"column {index + 1}" for index in kept]
    return of_file(file, channels, values, notes=_notes(layout, delimiter))


def _delimiter(text: str) -> str:
    """Return the first of `DELIMITERS` that splits the first rows evenly, or else splits row 1 the most."""
    widths = {}
    for delimiter in DELIMITERS:
        try:
            rows = islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _SNIFFED_ROWS)
            widths[delimiter] = [len(cells) for cells in rows if any(map(str.strip, cells))] or [0]
        except csv.Error:
            widths[delimiter] = [0]
    for delimiter, counts in widths.items():
        if counts[0] > 1 and len(set(counts)) == 1:
            return delimiter
    return max(reversed(DELIMITERS), key=lambda delimiter: widths[delimiter][0])


def _rows(text: str, delimiter: str, file: str) -> Iterator[Row]:
    """Yield each row that is not blank as (its line in the file, its cells without surrounding space)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield reader.line_num, stripped
    except csv.Error as error:
        raise InputError(
            file,
            f"row {reader.line_num}",
            f"the row cannot be split into cells ({error})",
            'a quotation mark that is opened and not closed, or a single " within a cell',
            'close the quotation, or write a " within a quoted cell as ""',
        ) from error


def _layout(head: list[Row]) -> _Layout:
    (line, first), (_, second) = head
    named = not any(_is_datum(cell) for cell in first[1:]) if len(first) > 1 else not _is_datum(first[0])
    # A name over dates or numbers; without a name, only where the others count from 0, as in a data frame.
    counted = first[1:] == [str(number) for number in range(len(first) - 1)]
    over_dates = not _has_digit(first[0]) and _has_digit(second[0]) and (first[0] != "" or counted)
    header = [cell.lstrip("# ") for cell in first] if named or over_dates else None
    body = second if header else first
    unnamed = header is not None and not header[0]
    labelled = len(body) > 1 and (unnamed or (body[0] != "" and not _is_datum(body[0])))
    return _Layout(header, len(first), labelled, line)


def _is_datum(cell: str) -> bool:
    """Return whether a cell is meant as a number or a missing one, and so is neither a name nor a label."""
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return cell.lower() in _MISSING
    return True


def _has_digit(cell: str) -> bool:
    return any(map(str.isdecimal, cell))


def _values(head: list[Row], rows: Iterator[Row], layout: _Layout, file: str) -> Array:
    """Return the numbers of `head` and then `rows` as an array (T, D)."""
    start = 1 if layout.labelled else 0
    numbers = array("d")
    steps = 0
    for batch in (head, rows):
        for line, cells in batch:
            if len(cells) != layout.width:
                raise _ragged(file, line, len(cells), layout)
            numbers.extend(_row(cells[start:], file, line, start, layout))
            steps += 1
    refuse_short(steps, file, "rows of data")
    return np.frombuffer(numbers, dtype=np.float64).reshape(steps, -1).copy()


def _row(cells: list[str], file: str, line: int, start: int, layout: _Layout) -> list[float]:
    """Return the numbers of one row; cell by cell only where the row as a whole raises a doubt."""
    try:
        row = [float(cell) for cell in cells]
        doubtful = not isfinite(sum(row)) or not _is_plain("".join(cells))
    except ValueError:
        doubtful = True
    if doubtful:
        return [_number(cell, file, line, start + index, layout) for index, cell in enumerate(cells)]
    return row


def _is_plain(text: str) -> bool:
    """Return whether the digits are 0 to 9 alone: float() takes those of other scripts too, and 1_000 for 1000."""
    return text.isascii() and "_" not in text


def _number(cell: str, file: str, line: int, index: int, layout: _Layout) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = None
    if value is not None and isfinite(value) and _is_plain(cell):
        return value
    position = f"row {line}, {layout.column(index)}"
    raise InputError(file, position, f"{_shown(cell)}, where a finite number belongs", *_cause(cell, value))


def _shown(cell: str) -> str:
    if not cell:
        return "an empty cell"
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")


def _cause(cell: str, value: float | None) -> tuple[str, str]:
    """Return the usual cause of a cell that is no finite number, and the fix."""
    if not cell or cell.lower() in _MISSING or (value is not None and not isfinite(value)):
        return (
            "a missing measurement, a number out of range, or a delimiter too many at the end of the row",
            "fill the gap, or keep a stretch without one: a recurrent state never recovers from a NaN",
        )
    if any(character.isdecimal() and not character.isascii() for character in cell):
        return "digits of another script, full-width or Arabic ones", "write numbers in the digits 0 to 9: 1234.5"
    if "," in cell and _is_datum(cell):
        return (
            "a decimal comma, or a comma that groups thousands",
            "write numbers with a decimal point and without grouping: 1234.5",
        )
    if all(_is_datum(part) for part in cell.split()) and len(cell.split()) > 1:
        return "columns separated by spaces", "separate columns with commas, semicolons or tabs"
    return (
        "a column of words, a second header, a unit or a comment among the numbers",
        "delete the column or the row, or write words as numbers; only the first column may hold labels",
    )


def _ragged(file: str, line: int, width: int, layout: _Layout) -> InputError:
    return InputError(
        file,
        f"row {line}",
        f"{width} cells, where row {layout.first_row} has {layout.width}",
        "a cell that contains the delimiter and is not quoted, a comment line, or a table cut short",
        "give each row the same number of cells, and quote a cell that contains the delimiter",
    )


def _notes(layout: _Layout, delimiter: str) -> tuple[str, ...]:
    notes = [f"cells separated by {DELIMITERS[delimiter]}"] if layout.width > 1 else []
    if layout.header:
        notes.append(f"row {layout.first_row} is the header")
    if layout.labelled:
        notes.append(f"{layout.column(0)} holds labels and is left out")
    return tuple(notes)
