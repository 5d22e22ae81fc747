"""Documents: a derivation or a study, built once and rendered as HTML, Markdown, LaTeX, PDF, notebook or terminal text.

    from lstm_sym.report import Sentences, derivation_document, html_page
    page = html_page(derivation_document(cell, Sentences("en")))

A document holds mathematics as functions of a notation, so that every rendering prints the nodes the kernels are
printed from; no formula is written by hand.
"""

from collections.abc import Callable

from lstm_sym.document.document import Document
from lstm_sym.document.html import html_page
from lstm_sym.document.latex import latex_page
from lstm_sym.document.markdown import markdown_page
from lstm_sym.document.pdf import pdf_page
from lstm_sym.document.sentences import LANGUAGES, Sentences, in_order
from lstm_sym.document.terminal import terminal_text
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.network import network_document
from lstm_sym.report.notebook import derivation_notebook

PAGES: dict[str, Callable[..., str | bytes]] = {
    "html": html_page,
    "md": markdown_page,
    "tex": latex_page,
    "pdf": pdf_page,
}
"""Format -> what renders a document in it."""

__all__ = [
    "LANGUAGES",
    "PAGES",
    "Document",
    "Sentences",
    "derivation_document",
    "derivation_notebook",
    "html_page",
    "in_order",
    "latex_page",
    "markdown_page",
    "network_document",
    "pdf_page",
    "terminal_text",
]
