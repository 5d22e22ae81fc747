"""Live numbers: a page on which a reader moves the gates of a cell and sees at once what its gradients do.

    from lstm_sym.document.html import html_page
    from lstm_sym.explore import explorer_pages
    page = html_page(*explorer_pages([cell], [Sentences("en")]))

The values are computed in the browser by the kernel that `lstm_sym.emit.javascript` prints from the cell's plan.
"""

from lstm_sym.explore.errors import ExploreError
from lstm_sym.explore.pages import explorable, explorer_pages, with_explorer

__all__ = ["ExploreError", "explorable", "explorer_pages", "with_explorer"]
