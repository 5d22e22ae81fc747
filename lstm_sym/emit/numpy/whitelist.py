"""What generated Python may hold: it is parsed again and walked before anyone writes it."""

from __future__ import annotations

import ast

_FORBIDDEN = frozenset("eval exec compile __import__ open globals locals vars getattr setattr delattr input".split())
_IMPORTS = {"numpy", "typing", "collections", "__future__"}
_NUMPY = frozenset(
    "add argmax array asarray ascontiguousarray broadcast_to concatenate cos divide dtype einsum empty exp eye "
    "float32 float64 full full_like inf isfinite isnan log log1p matmul max maximum mean minimum multiply ndarray "
    "ones prod random real repeat result_type shape sign sin sqrt subtract sum take_along_axis tanh where zeros "
    "zeros_like".split()
)


def check_source(text: str) -> None:
    """Generated source is parsed again and walked with a whitelist. Raises SyntaxError, ValueError.

    Allowed: imports of NumPy and typing, the names of NumPy that printers use, attributes without underscores in front.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or "."] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            relative = isinstance(node, ast.ImportFrom) and node.level > 0
            if relative or not set(names) <= _IMPORTS:
                raise ValueError(f"a kernel may not import {', '.join(names)}")
        if isinstance(node, ast.Name) and node.id in _FORBIDDEN:
            raise ValueError(f"a kernel may not use {node.id}")
        if isinstance(node, ast.Attribute):
            of_numpy = isinstance(node.value, ast.Name) and node.value.id == "np"
            if (node.attr.startswith("__") and node.attr != "__name__") or (of_numpy and node.attr not in _NUMPY):
                raise ValueError(f"a kernel may not use .{node.attr}")
