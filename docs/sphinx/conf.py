"""How Sphinx builds the documentation: `python3 run.py docs`."""

import re

from sphinx.application import Sphinx

from lstm_sym import __version__

project = "lstm_sym"
author = "lstm_sym contributors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["figures", "out", "sphinx"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": False}
nitpicky = False

html_theme = "furo"
html_title = f"lstm_sym {version}"
html_static_path = ["../figures"]
html_show_sourcelink = False


def _within_the_site(app: Sphinx, name: str, source: list[str]) -> None:
    """Reports of cells are pages of the site beside; parts of files outside the documentation are the files."""
    text = re.sub(r"\[([^]]+)\]\(\.\./reports/(\w+)\.md\)", r'<a href="site/cells/\2.html">\1</a>', source[0])
    text = re.sub(r"\[([^]]+)\]\((\.\./[^)#]+\.md)(?:#[^)]*)?\)", r"{download}`\1 <\2>`", text)
    source[0] = re.sub(r"\[([^]]+)\]\(\.\./[\w/]+\)", r"\1", text)


def setup(app: Sphinx) -> None:
    """Links that lead out of this folder."""
    app.connect("source-read", _within_the_site)
