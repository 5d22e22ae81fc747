r"""What a notebook shows of an object: HTML, LaTeX and text, as `bundle` writes them for its type.

A room that can write a type says how: @bundle.register. For any other type its own text is shown.
"""

from __future__ import annotations

from functools import singledispatch
from html import escape


class Shown:
    """Shows itself in a notebook, as IPython asks for it."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return bundle(self)


@singledispatch
def bundle(item: object) -> dict[str, str]:
    """MIME type -> text: text/plain, text/html and text/latex."""
    return text_bundle(str(item))


def text_bundle(text: str) -> dict[str, str]:
    """A text of lines, as it stands."""
    return {
        "text/plain": text,
        "text/html": f"<pre>{escape(text)}</pre>",
        "text/latex": f"\\begin{{verbatim}}\n{text}\n\\end{{verbatim}}",
    }
