"""A path that can be read, or an `InputError` that says why not; bytes as text."""

import difflib
import os
import re
import stat
from itertools import islice
from pathlib import Path

from .checks import MAX_BYTES, MEBIBYTE
from .errors import InputError

# Text is parsed cell by cell or character by character: this much takes seconds.
MAX_TEXT_BYTES = 32 * MEBIBYTE

_MAX_NAMES = 10_000
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_MAGIC = {
    b"PK\x03\x04": "a zip archive, as .xlsx, .docx and .npz are",
    b"%PDF-": "a PDF document",
    b"\x1f\x8b": "a gzip file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x93NUMPY": "a NumPy array, as .npy is",
    b"\xd0\xcf\x11\xe0": "an old Office document, as .xls is",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


def regular_file(path: Path, file: str) -> int:
    """Return the size of `path` in bytes.

    Raises InputError: it is missing (the message lists close names), a directory, not a regular file, or cannot be
    looked at.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise _missing(path, file) from None
    except OSError as error:
        raise unreadable(file, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise InputError(
            file,
            "",
            "a directory, where a file belongs",
            "the file's own name was left off the path",
            f"name one file; this folder holds {_listing(_names(path))}",
        )
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            file,
            "",
            "a device, pipe or socket, where a regular file belongs",
            "a process substitution or a path under /dev",
            "save the data to a file first",
        )
    return status.st_size


def read_bounded(path: Path, file: str, size: int, limit: int) -> bytes:
    """Return the bytes of `path`, which has `size` of them.

    Raises InputError: it is empty, larger than `limit` bytes, or cannot be read.
    """
    if size == 0:
        raise InputError(
            file,
            "",
            "an empty file of 0 bytes",
            "the program that wrote it was stopped, or has not written yet",
            "write the file again and look at its size",
        )
    if size > limit:
        raise InputError(
            file,
            "",
            f"{size / MEBIBYTE:.1f} MiB, more than the {limit // MEBIBYTE} MiB read of this kind of file",
            "a whole archive where a stretch of a few thousand steps serves",
            "cut the file into parts" + (", or save the numbers with np.save as .npy" if limit < MAX_BYTES else ""),
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(file, error) from error


def unreadable(file: str, error: OSError) -> InputError:
    """Return the `InputError` for a file that the operating system does not let us read."""
    return InputError(
        file,
        "",
        f"cannot be read: {error.strerror or error}",
        "the file belongs to another user, or its disk or network share is gone",
        "check the permissions of the file and of the folders above it, or copy it to a folder of your own",
    )


def decode(data: bytes, file: str) -> str:
    """Return UTF-8 bytes, with or without a byte order mark, as text.

    Raises InputError: the bytes are not UTF-8, or hold control characters that text does not have; the message names
    line and byte.
    """
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise _not_text(file, "byte 1", f"{kind}, not UTF-8 text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = len(data) - len(error.object) + error.start  # the error does not count a byte order mark
        line = data.count(b"\n", 0, start) + 1
        place = f"line {line}, byte {start + 1} of the file"
        raise _not_text(file, place, f"the byte 0x{data[start]:02X} is not UTF-8 text") from None
    junk = _NOT_TEXT.search(text)
    if junk is not None:
        found = f"the control character U+{ord(junk.group()):04X}"
        raise _not_text(file, place_of(text, junk.start()), found)
    return text


def place_of(text: str, offset: int) -> str:
    """Return the line and the character, both counted from 1, at which `offset` of `text` stands."""
    line = text.count("\n", 0, offset) + 1
    start = text.rfind("\n", 0, offset) + 1
    return f"line {line}, character {offset - start + 1}"


def _not_text(file: str, position: str, found: str) -> InputError:
    return InputError(
        file,
        position,
        found,
        "a binary file, or one saved in a local code page (Big5, GBK, Shift JIS, Windows-1252) or as UTF-16",
        "save it as UTF-8: 'CSV UTF-8' in a spreadsheet, or `iconv -f BIG5 -t UTF-8 old > new`",
    )


def _missing(path: Path, file: str) -> InputError:
    names = _names(path.parent)
    lowered = {name.lower(): name for name in names}
    close = [lowered[name] for name in difflib.get_close_matches(path.name.lower(), lowered, n=3)]
    if close:
        fix = f"did you mean {' or '.join(close)}?"
    elif path.parent.is_dir():
        fix = f"check the spelling; the folder holds {_listing(names)}"
    else:
        fix = f"the folder {path.parent} does not exist either: check it first"
    why = "a spelling mistake, or a path relative to another folder than the current one"
    return InputError(file, "", "no such file", why, fix)


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, _MAX_NAMES))
    except (OSError, ValueError):
        return []


def _listing(names: list[str]) -> str:
    """Return up to five names and how many more there are."""
    if not names:
        return "no file"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
