"""Every equation text that is no cell is refused with its place, what it is and the likely fix; nothing of it runs."""

import ast

import pytest
import sympy
from equations.refusals import Refused, check_place, check_refused, nothing_runs, refusal, right

from lstm_sym.equations import CellError, parse
from lstm_sym.equations.source_line import MAX_DEPTH, MAX_EQUATION, MAX_TEXT

RNN = "h[t] = tanh(W @ x[t] + U @ h[t-1] + b)"


HOSTILE = {
    "a call of import": right("__import__('os').system('id')", 12, "a string", "no text"),
    "code in a string": right('eval("1+1")', 6, "a string", "no text"),
    "a function of Python": right("eval(x[t])", 1, "no function `eval`", "* or @"),
    "an attribute": right("x[t].real", 1, "attribute access", "without a dot"),
    "a chain of attributes": right("x.__class__.__bases__", 1, "attribute access", "without a dot"),
    "an attribute that is called": right("x.__subclasses__()", 1, "attribute access", "equation of the paper"),
    "a name of the machine": right("__builtins__ * x[t]", 1, "not a name", "begin with a letter"),
    "a call of a call": right("tanh(b)(x[t])", 1, "called like a function", "write *"),
    "a call of a bracket": right("(W)(x[t])", 1, "no function `W`", "* or @"),
    "a format string": right('f"{x}"', 2, "a string", "no text"),
    "bytes": right("b'x'", 2, "a string", "no text"),
    "a lambda": right("lambda v: v", 1, "`lambda` is a word", "lam"),
    "a comprehension": right("[v for v in x]", 4, "`for` is a word", "no loop"),
    "a walrus": right("(a := x[t])", 4, "`:`", "define with ="),
    "a dict": right("{x: 1}", 1, "a brace", "( )"),
    "a star": right("tanh(*x)", 6, "`*name`", "one argument"),
    "a keyword argument": right("tanh(a=x[t])", 1, "one argument", "tanh(a)"),
    "no argument": right("tanh()", 1, "one argument", "tanh(a)"),
    "await": right("await x[t]", 1, "`await`", "change it"),
    "a condition": right("a if b else c", 3, "`if` is a word", "smooth gate"),
    "and": right("a and b", 3, "`and` is a word", "multiply"),
    "not": right("not x[t]", 1, "`not` is a word", "1 - a"),
    "many nots": right("not " * 200 + "x[t]", 1, "`not` is a word", "1 - a"),
    "a comparison": right("(x[t] > 0) * x[t]", 7, "a comparison", "write where(x[t], 1, 0)"),
    "an equality": right("x[t] == 0", 1, "a comparison", "smooth gate"),
    "a true": right("True * x[t]", 1, "`True`", "write 1"),
    "a statement": Refused("import os", 1, 1, "`import`", "change it"),
    "a second statement": Refused(f"{RNN}; print(1)", 1, len(RNN) + 1, "two statements", "one equation a line"),
    "a type": Refused("type h = x", 1, 6, "operator is missing", "@"),
    "a huge exponent": right("x[t] ** 1000000000", 9, "not an exponent", "exp(n * log(a))"),
    "a power of powers": right("((x[t] ** 64) ** 64) ** 64", 2, "multiply to 4096", "lower power"),
    "a tower of numbers": right("9 ** 64 ** 64 * x[t]", 6, "not an exponent", "exp(n * log(a))"),
    "many long numbers": right("999999999 * " * 40 + "x[t]", 1, "360 digits", "shorter numbers"),
    "a number under powers": right("(123456 * x[t]) ** 64", 1, "384 digits", "lower powers"),
    "a real exponent": right("x[t] ** 0.5", 9, "not an exponent", "exp(n * log(a))"),
    "a variable exponent": right("2 ** x[t]", 6, "not an exponent", "exp(n * log(a))"),
    "an infinite number": right("1e999 * x[t]", 1, "too large", "scale"),
    "a vanishing number": right("1e-999 * x[t]", 1, "too small", "scale"),
    "a tiny number": right("1e-200 * x[t]", 1, "too small", "scale"),
    "a huge integer": right("9" * 900 + " * x[t]", 1, "too large", "scale"),
    "an imaginary number": right("1j * x[t]", 1, "no number", "1 * j"),
    "a hexadecimal number": right("0x1F * x[t]", 1, "no number", "0.5"),
    "deep brackets": right("(" * 500 + "x[t]" + ")" * 400, 101, "levels of brackets", "an equation of their own"),
    "deep indices": right("h[" * 200 + "t" + "]" * 200, 202, "levels of brackets", "an equation of their own"),
    "deep calls": right("tanh(" * 120 + "x[t]" + ")" * 120, 505, "levels of brackets", "an equation of their own"),
    "many signs": right("-" * 500 + "x[t]", 1, "run of 100 signs", "one sign"),
    "many signs apart": right("- " * 300 + "x[t]", 1, "run of 100 signs", "one sign"),
    "many signs in brackets": right("-(" * 90 + "-" * 90 + "x[t]" + ")" * 90, 192, "levels of nesting", "of their own"),
    "many powers": right("x[t] ** " * 110 + "2", 801, "levels of nesting", "of their own"),
    "many powers of t": Refused("h[" + "t ** " * 190 + "t] = x[t]", 1, 1, "stands to the left", "one name[t]"),
    "many products": right("W @ " * 200 + "x[t]", 1, "left of @", "from the left"),
    "many terms": right("x[t] + " * 130 + "x[t]", 1, "levels of nesting", "of their own"),
    "a long equation": right("x[t] + " * 200 + "b", -6, "1,408 characters", "of their own"),
    "a long text": Refused("# word\n" * 3000, 1, 1, "21,000 characters", "right file"),
    "ten megabytes": Refused("a" * 10_000_000, 1, 1, "10,000,000 characters", "right file"),
    "a long name": right("a" * 200 + "[t]", 1, "not a name", "shorten"),
    "a NUL": right("x[t]\0", 5, "U+0000", "does not show"),
    "an escape sequence": right("\x1b[31mx[t]", 1, "U+001B", "does not show"),
    "a carriage return": right("x[t]\rc[t] = 1", 5, "U+000D", "plain space"),
    "a form feed": right("x[t] +\fb", 7, "U+000C", "plain space"),
    "a line separator": right("x[t]\u2028b", 5, "U+2028", "plain space"),
    "a bidi override": right("x[t] \u202e+ b", 6, "right-to-left override", "does not show"),
    "a bidi override in a comment": right("x[t] # \u202eb", 8, "right-to-left override", "does not show"),
    "a zero-width space": right("x\u200b[t]", 2, "zero width space", "does not show"),
    "a homoglyph": right("\u0430 * x[t]", 1, "cyrillic small letter a", "looks like a Latin"),
    "a wide letter": right("\uff57 * x[t]", 1, "fullwidth", "write w"),
    "a script letter": right("\U0001d4b3 @ x[t]", 1, "mathematical script capital x", "write X"),
    "a letter of another script": right("門 * x[t]", 1, "`門`", "[symbols]"),
    "a surrogate": right("\ud800 * x[t]", 1, "U+D800", "does not show"),
    "a backslash": right("x[t] \\\n+ b", 6, "a backslash", "one line"),
    "a shell command": right("`id`", 1, "a string", "no text"),
}

SLIPS = {
    "nothing": Refused("", 1, 1, "no equation", "h[t] = tanh"),
    "comments alone": Refused("# nothing\n\n", 1, 1, "no equation", "h[t] = tanh"),
    "a number before a product": right("0.1 * U @ h[t-1] + W @ x[t]", 1, "left of @", "write 0.1 * (U @ h[t-1])"),
    "a gate before a product": right("r[t] * U @ h[t-1]", 1, "left of @", "write r[t] * (U @ h[t-1])"),
    "a divided matrix": right("U / 2 @ h[t-1]", 1, "left of @", "write U @ h[t-1] / 2"),
    "a sum of matrices": right("(U + V) @ h[t-1]", 1, "left of @", "write U @ h[t-1] + V @ h[t-1]"),
    "a chain of products": right("W @ U @ h[t-1]", 1, "left of @", "write W @ (U @ h[t-1])"),
    "a long chain of products": right("A @ K @ C @ h[t-1]", 1, "left of @", "A @ (K @ (C @ h[t-1]))"),
    "a row vector": right("h[t-1] @ U", 1, "left of @", "write U.T @ h[t-1]"),
    "two vectors": right("h[t-1] @ x[t]", 1, "left of @", "write sum(h[t-1] * x[t])"),
    "a number left of @": right("2 @ x[t]", 1, "left of @", "2 * x[t]"),
    "a function left of @": right("tanh(W) @ x[t]", 1, "left of @", "the matrix first"),
    "a number right of @": right("tanh(W @ 2 + U @ h[t-1])", 6, "a number stands at the right", "2 * (W @ x[t])"),
    "a missing product": right("tanh(U h[t-1])", 8, "operator is missing before `h`", "U @ h or U * h"),
    "a missing product of numbers": right("2 h[t-1]", 3, "operator is missing", "*"),
    "a number stuck to a name": right("2h[t-1]", 1, "`2h` is no number", "2 * h"),
    "a missing product of brackets": right("(1 - z[t])(n[t])", 2, "called like a function", "write *"),
    "a missing product of indices": right("f[t] c[t-1]", 6, "operator is missing before `c`", "* between vectors"),
    "a product stuck to an index": right("f[t]c[t-1]", 5, "operator is missing before `c`", "* between vectors"),
    "a function without brackets": right("tanh W @ x[t]", 1, "needs brackets", "tanh(W ...)"),
    "a function as a name": right("tanh * x[t]", 1, "is a function", "tanh(...)"),
    "a left side without index": Refused("h = x[t]", 1, 1, "no time index", "write h[t] ="),
    "a left side in underscore": Refused("h_t = x[t]", 1, 1, "no time index", "write h[t] ="),
    "a left side in round brackets": Refused("h(t) = x[t]", 1, 1, "no time index", "write h[t] ="),
    "the step before on the left": Refused("h[t-1] = x[t]", 1, 1, "another step", "write h[t] ="),
    "the next step on the left": Refused("h[t+1] = x[t]", 1, 1, "another step", "write h[t] ="),
    "two quantities on the left": Refused("h[t], c[t] = x[t]", 1, 1, "two quantities", "one equation a quantity"),
    "a sum on the left": Refused("h[t] + 1 = x[t]", 1, 1, "to the left of =", "to the right"),
    "a product on the left": Refused("W @ h[t] = x[t]", 1, 1, "to the left of =", "to the right"),
    "a number on the left": Refused("1 = x[t]", 1, 1, "to the left of =", "to the right"),
    "augmented": Refused("h[t] += x[t]", 1, 1, "in place", "h[t-1] + ..."),
    "chained": Refused("h[t] = c[t] = x[t]", 1, 8, "two =", "one equation a quantity"),
    "compared": Refused("h[t] == x[t]", 1, 1, "compares", "one ="),
    "no equals sign": Refused("tanh(W @ x[t])", 1, 1, "defines nothing", "name[t] ="),
    "nothing on the right": Refused("h[t] =", 1, 6, "nothing stands to the right", "same line"),
    "a comma at the end": right("x[t],", 1, "a comma", "one equation a quantity"),
    "an open end": Refused("h[t] = W @ x[t] +\nU @ h[t-1]", 1, 17, "ends with `+`", "join the next"),
    "an operator at the start": Refused("h[t] = W @ x[t]\n+ U @ h[t-1]", 2, 1, "defines nothing", "one line"),
    "two operators": right("x[t] * / 2", 8, "between `*` and `/`", "drop it"),
    "a bracket left open": Refused("h[t] = tanh(W @ x[t]\n+ b)", 1, 12, "never closed", "add `)`"),
    "a bracket too many": right("tanh(x[t]))", 11, "closes no bracket", "drop it"),
    "a bracket of the wrong kind": right("tanh(x[t)]", 9, "`)` closes a `[`", "write `]`"),
    "a power as in LaTeX": right("x[t]^2", 5, "`^`", "**"),
    "an index as in LaTeX": right("U @ h_{t-1}", 7, "a brace", "h[t-1]"),
    "a command of LaTeX": right("\\sigma(x[t])", 1, "a backslash", "sigmoid"),
    "a letter sigma": right("σ(x[t])", 1, "sigma", "sigmoid"),
    "a letter theta": right("θ * x[t]", 1, "greek small letter theta", "spell it: theta"),
    "a letter lambda": right("λ * x[t]", 1, "greek", "lam"),
    "a circled dot": right("f[t] ⊙ c[t-1]", 6, "circled dot", "write *"),
    "a minus sign": right("1 − z[t]", 3, "minus sign", "write -"),
    "a superscript": right("x[t]²", 5, "superscript two", "**"),
    "a subscript": right("W @ xₜ", 6, "subscript", "h[t]"),
    "a wide space": right("x[t]\u3000+ b", 5, "ideographic space", "plain space"),
    "a wide bracket": right("tanh（x[t]）", 5, "fullwidth", "write ("),
    "a typographic quote": right("“x”", 1, "quotation", "no text"),
    "a module's function": right("np.tanh(x[t])", 1, "attribute access", "write tanh(x[t])"),
    "a method": right("W.dot(x[t])", 1, "attribute access", "write W @ x[t]"),
    "sigma": right("sigma(x[t])", 1, "no function `sigma`", "sigmoid"),
    "a capital function": right("ReLU(x[t])", 1, "no function `ReLU`", "relu"),
    "a misspelt function": right("sigmiod(x[t])", 1, "no function `sigmiod`", "sigmoid"),
    "a misspelt root": right("sqr(x[t])", 1, "no function `sqr`", "mean sqrt?"),
    "a diagonal": right("diag(p) @ c[t-1]", 1, "left of @", "write p * c[t-1]"),
    "a concatenation": right("W @ concat(h[t-1], x[t])", 5, "no function `concat`", "write [h[t-1], x[t]]"),
    "a round index": right("U @ h(t-1)", 5, "no function `h`", "h[t-1]"),
    "a product by juxtaposition": right("b(x[t] + h[t-1])", 1, "no function `b`", "* or @"),
    "two steps back": right("h[t-2]", 3, "[t-2]", "older[t] = h[t-1]"),
    "the future": right("U @ h[t+1]", 7, "[t+1]", "shift"),
    "a fixed step": right("h[0]", 3, "[0]", "h[t-1]"),
    "another index": right("h[s]", 3, "[s]", "h[t-1]"),
    "a real step": right("h[t-1.0]", 3, "[t-1.0]", "h[t-1]"),
    "a unit's index": right("h[t, 1]", 3, "[t, 1]", "units have no index"),
    "an empty index": right("h[]", 2, "index is missing", "[t-1]"),
    "an index twice": right("h[t][t]", 1, "belongs to a name", "each name"),
    "an index of a bracket": right("(f * c)[t-1]", 2, "belongs to a name", "each name"),
    "an integer division": right("x[t] // 2", 1, "`//`", "write /"),
    "a remainder": right("x[t] % 2", 6, "`%`", "remainders"),
    "a division by zero": right("x[t] / (1 - 1)", 1, "divides by zero", "denominator"),
    "an inverse of zero": right("x[t] * 0 ** -1", 8, "divides by zero", "denominator"),
    "pi": right("pi * h[t-1]", 1, "`pi` is the name of a number", "3.14159"),
    "infinity": right("minimum(h[t-1], inf)", 17, "`inf` is the name of a number", "[initial]"),
    "nan": right("nan + h[t-1]", 1, "`nan` is the name of a number", "leave it out"),
    "a constant": Refused(f"a[t] = 1 / 3\n{RNN}", 1, 8, "is a number", "read a quantity"),
    "a keyword as a name": Refused("in[t] = x[t]", 1, 1, "`in` is a word", "in_1"),
    "lambda as a name": right("lambda * h[t-1]", 1, "`lambda`", "lam"),
    "a builtin as a name": Refused("input[t] = x[t]", 1, 1, "`input` is taken", "input_1"),
    "a module as a name": right("np * x[t]", 1, "`np` is taken", "np_1"),
    "an argument of the kernel as a name": right("W @ state[t]", 5, "`state` is taken", "state_1"),
    "the time as a name": right("t * x[t]", 1, "`t` counts", "another name"),
    "a derivative's name": right("d_h * x[t]", 1, "`d_h`", "another name"),
    "a tangent's name": Refused("h_dot[t] = x[t]", 1, 1, "`h_dot`", "another name"),
    "the previous step's name": right("U @ h_prev", 5, "`h_prev`", "write h[t-1]"),
    "a private name": right("_h * x[t]", 1, "not a name", "begin with a letter"),
}

STRUCTURE = {
    "an undefined state": Refused("h[t] = tanh(W @ x[t] + U @ s[t-1])", 1, 28, "`s` is read at [t-1]", "s[t] = ..."),
    "a misspelt state": Refused("hidden[t] = W @ x[t] + U @ hiden[t-1]", 1, 28, "never defined", "mean hidden?"),
    "an input of the step before": Refused("h[t] = x[t] * x[t-1]", 1, 15, "`x` is read", "previous[t] = x[t]"),
    "two inputs": Refused("g[t] = W @ x[t]\nh[t] = U @ h[t-1] + gg[t]", 2, 21, "`x` and `gg`", "did you mean g?"),
    "an input in underscore": Refused("h[t] = tanh(W @ x_t + U @ h[t-1])", 1, 1, "no input", "x[t] for x_t"),
    "no state": Refused("h[t] = tanh(W @ x[t] + b)", 1, 1, "not recurrent", "U @ h[t-1]"),
    "a state in underscore": Refused("h[t] = tanh(W @ x[t] + U @ h_t)", 1, 1, "not recurrent", "h[t-1] for h_t"),
    "defined twice": Refused(f"{RNN}\n\n  {RNN}", 3, 3, "defined twice, first on line 1", "another name"),
    "its own equation": Refused("h[t] = tanh(W @ x[t] + U @ h[t])", 1, 28, "its own equation", "h[t-1]"),
    "read before defined": Refused(f"y[t] = V @ h[t]\n{RNN}", 1, 12, "before it is defined", "move line 2"),
    "an index forgotten": Refused("h[t] = tanh(W @ x + U @ h[t-1] + x[t])", 1, 17, "time index elsewhere", "x[t]"),
    "a state as a parameter": Refused("h[t] = W @ x[t] + h + h[t-1]", 1, 19, "time index elsewhere", "h[t-1]"),
    "sizes in a sum": Refused("h[t] = x[t] + h[t-1]", 1, 15, "`x` has size D, `h` has size H", "W @ x[t]"),
    "sizes in a product": Refused("h[t] = tanh(x[t] * h[t-1])", 1, 20, "`x` has size D", "W @ x[t]"),
    "sizes of a target": Refused("h[t] = tanh(x[t]) + 0 * W @ h[t-1]", 1, 21, "left of @", "0 * (W @ h[t-1])"),
    "a state of the input's size": Refused("  h[t] = p * x[t] + h[t-1]", 1, 21, "`h` has size H", "W @ x[t]"),
    "one matrix for both": Refused("h[t] = W @ x[t] + W @ h[t-1]", 1, 19, "columns of `W` have size D", "its own"),
    "the input in a state's matrix": Refused("h[t] = U @ (h[t-1] + x[t])", 1, 22, "`x` has size D", "matrix"),
    "a bias of two sizes": Refused(
        "h[t] = tanh(W @ (x[t] + b) + U @ h[t-1] + b)", 1, 8, "the rows of `W` have size D", "matrix"
    ),
    "a matrix as a vector": Refused("h[t] = W @ x[t] + U @ h[t-1] + U", 1, 32, "as a matrix", "two parameters"),
    "a vector as a matrix": Refused("h[t] = b * h[t-1] + b @ x[t]", 1, 21, "as a matrix", "two parameters"),
    "a conflict on an indented line": Refused(
        "a[t] = W @ x[t]\n   h[t] = a[t] + h[t-1] + x[t]", 2, 27, "size D", "x[t]"
    ),
}

TEXTS = {**HOSTILE, **SLIPS, **STRUCTURE}


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """The working folder, which must be empty at the end."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_refused_with_place_and_fix(case, empty_folder):
    check_refused(case)


PLACED = {name: case for name, case in {**SLIPS, **STRUCTURE}.items() if case.text.startswith("h")}


@pytest.mark.parametrize("case", PLACED.values(), ids=PLACED)
def test_the_place_is_that_of_the_file(case):
    check_place(case)


def test_a_valid_cell_passes_the_same_guard(empty_folder):
    assert refusal(RNN) is None


@pytest.mark.parametrize("reach", [lambda: eval("1"), lambda: exec("1"), lambda: sympy.sympify("1")])
def test_the_guard_can_fail(reach):
    with pytest.raises(AssertionError), nothing_runs():
        reach()


@pytest.mark.parametrize(
    "text",
    [
        f"h[t] = {'x' * MAX_EQUATION}",
        f"h[t] = {'(' * (MAX_DEPTH + 1)}",
        f"h[t] = {'-' * MAX_DEPTH}x[t]",
        "# \n" * MAX_TEXT,
        "h[t] = x[t] and b",
        "h[t] = lambda: x[t] if b else c",
        f"h[t] = {'(' * (MAX_DEPTH + 1)}x[t] > 0",
        "h[t] = x[t] > 'text'",
        "h[t] = 'text'",
        "h[t] = \0",
    ],
    ids=[
        "length",
        "brackets",
        "signs",
        "text",
        "words",
        "more words",
        "deep choice",
        "text in a choice",
        "strings",
        "characters",
    ],
)
def test_bounds_come_before_the_parser_of_python(text, monkeypatch):
    """Python's own parser never sees a text that is too long, too deep, or no arithmetic."""
    monkeypatch.setattr(ast, "parse", lambda *_, **__: pytest.fail("Python's parser saw the text"))
    with pytest.raises(CellError):
        parse(text)


def test_only_the_parser_of_python_reads_an_equation(monkeypatch):
    seen = []

    def parsed(source):
        seen.append(source)
        return tree(source)

    tree = ast.parse
    monkeypatch.setattr(ast, "parse", parsed)
    parse(f"# a comment\n{RNN}  # another\n")
    assert seen == [RNN]


def test_a_long_line_is_shown_around_the_place():
    error = refusal("h[t] = " + "x[t] + " * 60 + "sigmiod(x[t])")
    shown, mark = str(error).split("\n")[1:3]
    assert len(shown) < 120
    assert shown[mark.index("^") :].startswith("sigmiod")


@pytest.mark.parametrize("name", ["I", "O", "N", "S", "E", "Q", "beta", "gamma", "e", "match", "case", "lam"])
def test_ordinary_names(name):
    assert parse(f"h[t] = {name} * h[t-1] + W @ x[t]").parameters == (name, "W")
    assert parse(f"{name}[t] = U @ {name}[t-1] + W @ x[t]").states == (name,)


@pytest.mark.parametrize(
    "text",
    [
        RNN.replace("\n", "\r\n") + "\r\n",
        "\ufeff" + RNN,
        f"\t{RNN}\t# 註解",
        "h[t] = tanh( W@x[t]+U@h[ t - 1 ]+b )",
        "h[t] = +tanh((W @ (x[t])) + (U @ h[(t-1)]) + b)",
    ],
    ids=["CRLF", "byte order mark", "tabs and a comment", "spaces", "brackets"],
)
def test_forms_that_mean_the_same(text):
    assert parse(text).equations[0].expression == parse(RNN).equations[0].expression


def test_a_sign_before_a_product_is_that_of_the_product():
    """In Python -W @ v is (-W) @ v, which is -(W @ v)."""
    signed = parse("h[t] = -W @ x[t] - -U @ h[t-1]")
    assert signed.equations[0].expression == parse("h[t] = -(W @ x[t]) - (-(U @ h[t-1]))").equations[0].expression
