"""Zip archives whose members are stored as they are, so that all of them together are no larger than the file."""

from __future__ import annotations

import io
import zipfile

from lstm_sym.interop.errors import InteropError


def stored_members(data: bytes, where: str, writer: str, fix: str) -> dict[str, bytes]:
    """Name -> bytes of all members of an archive. Each has a sum, which is compared.

    writer: what writes such archives, and fix: how, for the error. Raises InteropError: compressed members, larger ones
    than the file, two of one name, bytes that are not those of their sum.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise InteropError(where, f"its members are compressed, which {writer} never does", "", fix)
            if sum(entry.file_size for entry in entries) > len(data):
                raise damaged(where, "its members are said to be larger than the file")
            if len({entry.filename for entry in entries}) < len(entries):
                raise damaged(where, "two of its members have one name")
            return {entry.filename: archive.read(entry) for entry in entries}
    except InteropError:
        raise
    except Exception as error:  # what zipfile raises for broken bytes is of every kind
        raise damaged(where, f"its zip archive is damaged: {str(error)[:200]}") from error


def damaged(where: str, found: str) -> InteropError:
    """The error for bytes that are not as they were written."""
    return InteropError(where, found, "a download or a copy that was interrupted", "fetch it again, or save it again")
