"""Texts that are made as a file runs, as keys are, "W" + gate: which these may be, read in its text."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

MADE_OF = 6
"""Letters that a text has at most of which keys are made."""


def made_up(tree: ast.AST) -> Iterator[str]:
    """The texts that are made as the file runs, f"W{gate}" or "W" + gate, of a part and of what may stand beside it:
    the short texts that a loop over it takes, or of the file where none is seen, and the letters of each, "ifgo".
    """
    parts = Parts(tree)
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), ast.FormattedValue(value=inner)]):
                yield from (start + part for part in parts.of(inner) if start.isidentifier())
            case ast.JoinedStr(
                values=[
                    ast.Constant(value=str(start)),
                    ast.FormattedValue(value=inner),
                    ast.Constant(value=str(end)),
                ]
            ):
                yield from (f"{start}{part}{end}" for part in parts.of(inner) if start.isidentifier())
            case ast.BinOp(left=ast.Constant(value=str(start)), op=ast.Add(), right=ast.Name() as inner):
                yield from (start + part for part in parts.of(inner) if start.isidentifier())


class Parts:
    """What may stand in the place of a variable in texts that are made as a file runs."""

    def __init__(self, tree: ast.AST) -> None:
        self.nodes = list(ast.walk(tree))
        loops = [node for node in self.nodes if isinstance(node, ast.For | ast.comprehension)]
        self.loops = [({n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}, loop.iter) for loop in loops]

    def of(self, variable: ast.expr) -> list[str]:
        """The texts that its loops take, and their letters; those of the whole file where a loop shows none."""
        name = variable.id if isinstance(variable, ast.Name) else ""
        taken = [[*self.texts(over)] for names, over in self.loops if name in names]
        texts = [text for some in taken for text in some] if taken and all(taken) else [*constants(self.nodes)]
        short = dict.fromkeys(text for text in texts if text.isidentifier() and len(text) <= MADE_OF)
        return list(dict.fromkeys([*short, *(letter for text in short for letter in text)]))

    def texts(self, over: ast.expr) -> Iterator[str]:
        """The texts in what a loop goes over, and those of what is named there: its literals, its keys."""
        inner = list(ast.walk(over))
        yield from constants(inner)
        names = {node.id for node in inner if isinstance(node, ast.Name)}
        names |= {node.attr for node in inner if isinstance(node, ast.Attribute)}
        for node in self.nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value) if name in names:
                    yield from literals(value)
                case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=key) if name in names:
                    yield from constants([key])


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that a literal gives a loop: entries, keys, those of dict(i=0), of list("ifgo") and "i f".split()."""
    match node:
        case ast.Constant(value=str(text)):
            yield from text.split()
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            yield from (text for part in parts for text in literals(part))
        case ast.Dict(keys=keys):
            yield from (text for key in keys if key is not None for text in literals(key))
        case ast.Call(func=ast.Attribute(value=owner)):
            yield from literals(owner)
        case ast.Call(args=given, keywords=named):
            yield from (text for part in given for text in literals(part))
            yield from (keyword.arg for keyword in named if keyword.arg)


def constants(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The texts among nodes."""
    yield from (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
