"""A document as a PDF, set by Typst with the fonts that come with it and with the package: the same everywhere."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lstm_sym.document.latex_text import is_chinese
from lstm_sym.document.typst import typst_page
from lstm_sym.ground.refusal import Refusal

if TYPE_CHECKING:
    from lstm_sym.document.document import Document


class PdfError(Refusal):
    """A PDF that cannot be made here."""


def require_typst() -> Any:
    """The module of Typst. Raises PdfError where it is not installed."""
    try:
        return import_module("typst")
    except ImportError as error:
        found = "a PDF is set by Typst, which is not installed"
        raise PdfError("PDF", found, fix='pip install "lstm_sym[pdf]"') from error


def pdf_page(document: Document) -> bytes:
    """The PDF: same document and same version of Typst, same bytes. Raises PdfError without Typst.

    Fonts of the machine are looked at for Chinese characters alone that the fonts of the package have not: those of a
    user's own cell.
    """
    typst, source = require_typst(), typst_page(document)
    from lstm_sym.flow.drawing.fonts import CHINESE, FOLDER, families, written_by  # figures: for a page alone

    families()
    known = frozenset().union(*map(written_by, CHINESE))
    complete = all(character in known for character in source if is_chinese(character))
    fonts = {"font_paths": [str(FOLDER)], "ignore_system_fonts": complete}
    made: bytes = typst.compile(source.encode("utf-8"), format="pdf", **fonts)
    return made
