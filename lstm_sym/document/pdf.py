"""A document as a PDF, set by Typst with the fonts that come with it and with the package: the same everywhere."""

from __future__ import annotations

from lstm_sym.document.document import Document
from lstm_sym.document.typst import typst_page
from lstm_sym.flow.drawing.fonts import FOLDER
from lstm_sym.ground.refusal import Refusal


class PdfError(Refusal):
    """A PDF that cannot be made here."""


def pdf_page(document: Document) -> bytes:
    """The PDF: same document and same version of Typst, same bytes. Raises PdfError without Typst."""
    try:
        import typst
    except ImportError as error:
        raise PdfError("PDF", "it is set by Typst, which is not installed", fix='pip install "lstm_sym[pdf]"') from error
    source = typst_page(document).encode("utf-8")
    made = typst.compile(source, font_paths=[str(FOLDER)], ignore_system_fonts=True, format="pdf")
    assert isinstance(made, bytes)
    return made
