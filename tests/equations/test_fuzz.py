"""Whatever the text: a CellError that names a place, or a cell that its own text gives again; nothing else, ever."""

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lstm_sym import cells
from lstm_sym.equations import CellError, parse, read_cell
from lstm_sym.equations.functions import FUNCTIONS

CELLS = [cells.cell(name).text for name in cells.names()]
TOKENS = (
    *("h[t]", "h[t-1]", "x[t]", "c[t]", "c[t-1]", "W", "U", "b", "t", "T", "_", "h", "lambda", "if", "for", "0", "1"),
    *(
        "0.1",
        "2",
        "1e9",
        "1e-300",
        "64",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "+",
        "-",
        "*",
        "/",
        "**",
        "@",
        "=",
        "==",
        ",",
        ".",
    ),
    *(
        ":",
        ";",
        "#",
        "'",
        '"',
        "\\",
        "\n",
        " ",
        "\t",
        "\r",
        "\0",
        "~",
        "not ",
        "é",
        "σ",
        "\u202e",
        "\u2028",
        "%",
        "|",
        "<",
    ),
    *(f"{name}(" for name in FUNCTIONS),
)
TOML = (
    "equations",
    "name",
    "=",
    '"""',
    '"',
    "[",
    "]",
    "symbols",
    "options",
    "sizes",
    ".",
    "h",
    "\n",
    "{",
    "}",
    "1",
    "choices",
)

FEW = settings(max_examples=150, derandomize=True, deadline=None, database=None)


def check_text(text: str) -> None:
    try:
        cell = parse(text)
    except CellError as error:
        check_error(error)
        return
    written = "\n".join(f"{equation.target}[t] = {equation.expression}" for equation in cell.equations)
    again = parse(written)
    assert [e.expression for e in again.equations] == [e.expression for e in cell.equations]
    assert (again.shapes, again.states, again.input) == (cell.shapes, cell.states, cell.input)


def check_error(error: CellError) -> None:
    assert error.line >= 1 and error.column >= 1
    assert error.what and error.allowed and error.fix
    assert all(c.isprintable() or c == "\n" for c in str(error))


@FEW
@given(st.text(max_size=200))
def test_random_text(text):
    check_text(text)
    check_text(f"h[t] = {text}")


@FEW
@given(st.text(alphabet=string.printable, max_size=80))
def test_random_ascii(text):
    check_text(f"h[t] = {text}")


@FEW
@given(st.lists(st.sampled_from(TOKENS), max_size=40), st.sampled_from(["", "h[t] = ", "h[t] = x[t] + h[t-1] + "]))
def test_token_soup(tokens, start):
    check_text(start + "".join(tokens))
    check_text(start + " ".join(tokens))


@FEW
@given(st.data())
def test_mutated_cells(data):
    """A cell of the catalogue with a few pieces dropped, doubled or replaced."""
    text = data.draw(st.sampled_from(CELLS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 6)))
        text = text[:start] + data.draw(st.sampled_from([*TOKENS, "", text[start:stop] * 2])) + text[stop:]
    check_text(text)


def expressions() -> st.SearchStrategy[str]:
    """Text of expressions that the grammar allows."""
    leaves = st.sampled_from(["h[t-1]", "x[t]", "b", "p", "2", "0.1", "W @ x[t]", "U @ h[t-1]"])

    def larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pair = st.tuples(parts, st.sampled_from(["+", "-", "*", "/"]), parts)
        return st.one_of(
            pair.map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
            pair.map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
            st.tuples(st.sampled_from(sorted(FUNCTIONS)), parts).map(lambda p: f"{p[0]}({p[1]})"),
            parts.map(lambda p: f"-{p}"),
            parts.map(lambda p: f"({p}) ** 2"),
            parts.map(lambda p: f"V @ ({p})"),
        )

    return st.recursive(leaves, larger, max_leaves=12)


@FEW
@given(expressions())
def test_random_expressions(expression):
    check_text(f"h[t] = W @ x[t] + h[t-1] + {expression}")


@FEW
@given(st.lists(st.sampled_from(TOML), max_size=30), st.sampled_from(["", 'equations = """\nh[t] = x[t]\n"""\n']))
@example(["options", "=", "{", "h", "=", "{", "}", "}"], "")
@example(["[", "symbols", "]", "\n", "h", "=", "1"], "")
def test_random_toml(tokens, start):
    check_file((start + " ".join(tokens)).encode())
    check_file((start + "".join(tokens)).encode())


@FEW
@given(st.binary(max_size=100))
def test_random_bytes(content):
    check_file(content)
    check_file(b'equations = "' + content)


def check_file(content: bytes) -> None:
    try:
        read_cell(content, key="cell", source="cell.toml")
    except CellError as error:
        check_error(error)


def test_the_check_can_fail():
    with pytest.raises(AssertionError):
        check_error(CellError("what", line=0, allowed="a", fix="b"))
    with pytest.raises(AssertionError):
        check_error(CellError("what", allowed="a"))
