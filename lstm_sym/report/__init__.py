"""Documents: a derivation or a study, built once as a document and rendered as HTML, Markdown or terminal text.

    from lstm_sym.report import Sentences, derivation_document, html_page
    page = html_page(derivation_document(cell, Sentences("en")))

A document holds mathematics as functions of a notation, so that every rendering prints the nodes the kernels are
printed from; no formula is written by hand.
"""

from lstm_sym.document.document import Document
from lstm_sym.document.html import html_page
from lstm_sym.document.markdown import markdown_page
from lstm_sym.document.sentences import LANGUAGES, Sentences, in_order
from lstm_sym.document.terminal import terminal_text
from lstm_sym.report.derivation import derivation_document
from lstm_sym.report.network import network_document

__all__ = [
    "LANGUAGES",
    "Document",
    "Sentences",
    "derivation_document",
    "html_page",
    "in_order",
    "markdown_page",
    "network_document",
    "terminal_text",
]
