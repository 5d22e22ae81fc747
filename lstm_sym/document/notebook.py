"""A Jupyter notebook (format 4.5) as text: cells of Markdown and of Python, without results. Same cells, same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple


class NotebookCell(NamedTuple):
    """A cell: what it holds, and its text."""

    kind: Literal["markdown", "code"]
    text: str


def notebook_page(cells: Sequence[NotebookCell]) -> str:
    """The notebook as JSON, its metadata last."""
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "cells": [_written(cell, f"cell-{place}") for place, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _written(cell: NotebookCell, identity: str) -> dict[str, object]:
    run: dict[str, object] = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    return {
        "cell_type": cell.kind,
        "id": identity,
        "metadata": {},
        **run,
        "source": cell.text.strip("\n").splitlines(keepends=True),
    }
