"""Texts that are refused: what their errors must say, and a guard under which nothing of them can run."""

import ast
import builtins
import sys
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import sympy

from lstm_sym.equations import CellError, parse


class Refused(NamedTuple):
    """A text; the line and column its error names; words of what happened; words of the fix."""

    text: str
    line: int
    column: int
    what: str
    fix: str


def right(expression: str, column: int, what: str, fix: str) -> Refused:
    """An equation that is refused for its right side."""
    return Refused(f"h[t] = {expression}", 1, 7 + column, what, fix)


@contextmanager
def nothing_runs():
    """Inside, Python compiles to a tree and no more, nothing is imported or opened, and SymPy reads no text.

    NumPy, whose functions import parts of it when they are called, may go on doing so.
    """

    def refuse(*_, **__):
        raise AssertionError("a cell file reached an evaluator")

    def tree_only(source, filename, mode, flags=0, *rest, **options):
        assert flags & ast.PyCF_ONLY_AST
        return compiled(source, filename, mode, flags, *rest, **options)

    def numpy_only(name, *rest, **options):
        assert name.partition(".")[0] == "numpy", "a cell file reached an evaluator"
        return imported(name, *rest, **options)

    compiled, imported = builtins.compile, builtins.__import__
    with pytest.MonkeyPatch.context() as patch:
        for name in ("sympify", "parse_expr", "lambdify"):
            patch.setattr(sympy, name, refuse)
        patch.setattr(sys.modules["sympy.core.sympify"], "sympify", refuse)
        for name in ("eval", "exec", "open"):
            patch.setattr(builtins, name, refuse)
        patch.setattr(builtins, "compile", tree_only)
        patch.setattr(builtins, "__import__", numpy_only)
        yield


def refusal(text):
    """The error that parsing the text ends in, if it does."""
    try:
        with nothing_runs():
            parse(text)
    except CellError as error:
        return error
    return None


def check_refused(case):
    """The error names place, what happened and the likely fix, and moves no cursor."""
    error = refusal(case.text)
    assert error is not None
    assert (error.line, error.column) == (case.line, case.column)
    assert case.what in error.what
    assert case.fix in error.fix
    assert error.allowed
    assert all(c.isprintable() or c == "\n" for c in str(error))


def check_place(case):
    """Two lines above and two columns before move the place by as much."""
    with pytest.raises(CellError) as caught:
        parse("\n\n" + "\n".join(f"  {line}" for line in case.text.split("\n")), first_line=5)
    assert (caught.value.line, caught.value.column) == (case.line + 6, case.column + 2)
