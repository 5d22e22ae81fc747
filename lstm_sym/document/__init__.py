"""A document and its renderers: HTML, Markdown, terminal."""
