"""The functions a kernel brings along: source of `arithmetic`, `sizes`, `support`, under private names."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection
from functools import cache

from lstm_sym.emit.numpy import support
from lstm_sym.emit.numpy.whitelist import check_source
from lstm_sym.equations import sizes
from lstm_sym.program import arithmetic

_AVAILABLE = {
    name: function
    for module in (arithmetic, sizes, support)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
}
_CALL = re.compile(r"(?<![.\w])(\w+)(?=\()")
_ABSTRACT = re.compile(r"\b(?:Iterable|Mapping|Sequence)\[(?:[^\[\]]|\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\])*\]")
_SIGNATURE = re.compile(r"^(def \w+)\(\n    ([^\n]*)\n(\) -> [^\n]*)", re.MULTILINE)
"""A signature in three lines, which may be one once its types are short."""


def copied_functions(text: str, other: Collection[str] = ()) -> str:
    """The source of the functions that a text calls and of those they call, alphabetically, each with a leading _.

    other: those of which the text has its own.
    """
    sources: dict[str, str] = {}
    waiting = (set(re.findall(r"(?<![.\w])_(\w+)", text)) & _AVAILABLE.keys()) - {*other}
    while waiting:
        name = waiting.pop()
        sources[name], called = _private(name)
        waiting |= called - sources.keys()
    return "\n\n\n".join(sources[name] for name in sorted(sources))


@cache
def _private(name: str) -> tuple[str, frozenset[str]]:
    """A function with private names, without the abstract types that would need an import; and what it calls."""
    source = inspect.getsource(_AVAILABLE[name])
    called = frozenset(_CALL.findall(source)) & _AVAILABLE.keys()
    source = _CALL.sub(lambda m: f"_{m[1]}" if m[1] in called else m[1], source)
    source = _ABSTRACT.sub("Any", source).strip("\n")
    source = _SIGNATURE.sub(lambda m: m[0] if len(joined := f"{m[1]}({m[2]}{m[3]}") > 118 else joined, source)
    check_source(source)
    return source, called


def without_types(text: str) -> str:
    """Functions as one writes them on a blackboard: no annotations, and no comments either."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, name, [_untyped(part) for part in value])
    return "\n\n\n".join(ast.unparse(function) for function in tree.body)


def _untyped(node: ast.AST) -> ast.AST:
    """v: Array = e as v = e."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return ast.copy_location(ast.Assign([node.target], node.value), node)
    return node
