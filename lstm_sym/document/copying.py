"""What can be copied from a page: each line as LaTeX and as Python, its works as BibTeX; without scripts nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

from lstm_sym.document.document import Document
from lstm_sym.document.references import bibtex
from lstm_sym.document.sentences import Sentences
from lstm_sym.notation.latex import LatexNotation


def copying_style() -> str:
    """The rules of the buttons."""
    return files(__package__).joinpath("copying.css").read_text(encoding="utf-8")


def copying_script(documents: Sequence[Document]) -> str:
    """The script with what it copies, for one document in several languages; nothing for one without equations."""
    notation = LatexNotation(signs=documents[0].signs)
    latex = {equation.id: equation.write(notation) for equation in documents[0].equations() if equation.number}
    if not latex:
        return ""
    words = {
        one.language: {key: Sentences(one.language).text(f"copying.{key}") for key in ("copy", "copied", "select")}
        for one in documents
    }
    content = {"latex": latex, "bibtex": bibtex(documents[0].references()), "words": words}
    # A < in it could end the element.
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    script = files(__package__).joinpath("copying.js").read_text(encoding="utf-8")
    return f'<script type="application/json" id="copies">{text}</script>\n<script>\n{script}</script>\n'
