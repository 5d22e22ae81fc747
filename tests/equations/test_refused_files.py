"""Every file that is no cell file is refused with its place and the likely fix, and never waited for."""

import os
import pickle
from fractions import Fraction
from typing import NamedTuple

import pytest

from lstm_sym.equations import CellError, load, read_cell
from lstm_sym.equations.tomlfile import MAX_FILE

EQUATIONS = 'equations = """\nh[t] = phi(W @ x[t] + U @ h[t-1])\n"""\n'
OPTION = '[options.phi]\nchoices = ["tanh", "relu"]\ndefault = "tanh"\n'
CELL = EQUATIONS + OPTION
LEAKY = 'equations = """\nh[t] = h[t-1] + alpha * tanh(W @ x[t])\n"""\n[constants]\nalpha = 0.1\n'


class Refused(NamedTuple):
    """A file; the line and column its error names; words of what happened; words of the fix."""

    content: str | bytes
    line: int
    column: int
    what: str
    fix: str


FILES = {
    "empty": Refused("", 1, 1, "`equations` is missing", "triple quotes"),
    "white space": Refused("\n\n", 1, 1, "`equations` is missing", "triple quotes"),
    "another kind of file": Refused(b"\x89PNG\r\n\x1a\n", 1, 1, "byte 1 of the file is not UTF-8", "UTF-8"),
    "UTF-16": Refused(CELL.encode("utf-16"), 1, 1, "not UTF-8", "UTF-8"),
    "Latin-1": Refused('name = "x"\nreference = "M\xfcller"'.encode("latin-1"), 2, 15, "byte 26", "UTF-8"),
    "a cut character": Refused('name = "門"'.encode()[:-2], 1, 9, "not UTF-8", "UTF-8"),
    "too large": Refused(b"#" * (MAX_FILE + 1), 1, 1, "larger than 65,536 bytes", "right file"),
    "NUL": Refused("name = \0", 1, 8, "not TOML", "quotes"),
    "a control character in text": Refused('name = "\x07"', 1, 9, "Illegal character", "quotes"),
    "no value": Refused("name =\n", 1, 7, "Invalid value", "between quotes"),
    "no quotes": Refused("name = lstm\n", 1, 8, "Invalid value", "between quotes"),
    "a word alone": Refused("# a remark\nlstm\n", 2, 5, "Expected '='", "key = value"),
    "an equation outside quotes": Refused("h[t] = tanh(x[t])\n", 1, 2, "Expected '='", "triple quotes"),
    "quotes left open": Refused('name = "lstm\n', 1, 13, "Illegal character", "quotes"),
    "triple quotes left open": Refused('equations = """\nh[t] = x[t]\n', 2, 12, "Unterminated", "close the text"),
    "a key twice": Refused('name = "a"\nname = "b"\n', 2, 11, "Cannot overwrite", "keep one"),
    "a table twice": Refused(CELL + "[options.phi]\n", 7, 13, "Cannot declare", "keep one"),
    "a LaTeX command in quotes": Refused('reference = "\\sigma"', 1, 16, "Unescaped", "backslash"),
    "deep arrays": Refused("name = " + "[" * 60_000, 1, 1, "nested too deeply", "text and tables"),
    "deep tables": Refused("name = " + "{a=" * 20_000, 1, 1, "nested too deeply", "text and tables"),
    "a deep key": Refused("a." * 30_000 + "b = 1", 1, 2, "too many points", "two points"),
    "many deep keys": Refused(("a." * 49 + "b = 1\n") * 100, 41, 2, "too many points", "two points"),
    "a huge integer": Refused("name = " + "9" * 60_000, 1, 1, "integer string conversion", "text and tables"),
    "equations that are a list": Refused('equations = ["h[t] = x[t]"]', 1, 1, "not text", "triple quotes"),
    "equations that are a number": Refused('name = "a"\nequations = 1', 2, 1, "not text", "triple quotes"),
    "equations that are empty": Refused('name = "a"\nequations = ""', 1, 1, "no equation", "h[t] = tanh"),
    "equations that are missing": Refused('name = "a"', 1, 1, "missing", "triple quotes"),
    "equations below a table": Refused('[symbols.h]\nmeaning = "a"\n' + EQUATIONS, 3, 1, "missing", "above"),
    "a misspelt key": Refused('name = "a"\nequation = "h"', 2, 1, "unknown key `equation`", "mean equations?"),
    "a key of no use": Refused(CELL + "[colours]\n", 7, 1, "unknown key `colours`", "comments"),
    "a key that writes to the screen": Refused('"\\u001b[31m" = 1', 1, 1, "unknown key", "drop it"),
    "a name that is a number": Refused(CELL.replace("equations", "name = 3\nequations"), 1, 1, "`name`", "quotes"),
    "a name too long": Refused(f'name = "{"a" * 600}"\n{CELL}', 1, 1, "too long", "shorten"),
    "a bidi override in a name": Refused(f'name = "\u202ea"\n{CELL}', 1, 1, "does not print", "copy and paste"),
    "a newline in a reference": Refused(f'reference = "a\\nb"\n{CELL}', 1, 1, "does not print", "shorten"),
    "an unknown output": Refused(f'output = "hh"\n{CELL}', 1, 1, "output `hh`", "mean h?"),
    "an error in an equation": Refused(CELL.replace("phi(", "pih("), 2, 8, "no function `pih`", "mean phi?"),
    "an error after one line's text": Refused(
        'name = "h"\n\nequations = "h[t] = y_t"', 3, 1, "no input", "y[t] for y_t"
    ),
    "sizes that are no table": Refused(f'sizes = "H"\n{CELL}', 1, 1, "not a table", "[sizes]"),
    "a size that is a number": Refused(f"{CELL}[sizes]\nx = 4\n", 8, 1, "not text", "symbols"),
    "a size that is no name": Refused(f'{CELL}[sizes]\nx = "4"\n', 1, 1, "not a name", "symbols"),
    "a size that is an expression": Refused(f'{CELL}[sizes]\nx = "H+1"\n', 1, 1, "not a name", "symbols"),
    "a size that counts steps": Refused(f'{CELL}[sizes]\nx = "T"\n', 1, 1, "not a name", "symbols"),
    "a size of an unknown name": Refused(f'{CELL}[sizes]\nhh = "K"\n', 1, 1, "`hh`", "mean h?"),
    "sizes that conflict": Refused(f'{CELL}[sizes]\nh = "K"\nx = "L"\nU = "M"\n', 2, 8, "size M", "matrix"),
    "options that are no table": Refused(f"options = 1\n{CELL.replace(OPTION, '')}", 1, 1, "not a table", "[options]"),
    "an option that is text": Refused(f'{EQUATIONS}[options]\nphi = "tanh"\n', 5, 1, "not a table", "options.phi"),
    "an option without default": Refused(
        CELL.replace('default = "tanh"\n', ""), 4, 1, "choices and a default", "[options"
    ),
    "an option with more": Refused(f"{CELL}more = 1\n", 4, 1, "choices and a default", "[options"),
    "an option without choices": Refused(CELL.replace('"tanh", "relu"', ""), 4, 1, "choices and a default", "["),
    "a choice that is no function": Refused(CELL.replace('"relu"', '"rleu"'), 4, 1, "`rleu`", "mean relu?"),
    "a choice that is code": Refused(CELL.replace('"relu"', '"eval"'), 4, 1, "no function", "table of functions"),
    "a choice that is a list": Refused(CELL.replace('"relu"', "[]"), 4, 1, "no function", "table of functions"),
    "a default that is no choice": Refused(CELL.replace('= "tanh"', '= "exp"'), 4, 1, "default", "one of the choices"),
    "a default that is a list": Refused(CELL.replace('= "tanh"', "= []"), 4, 1, "default", "one of the choices"),
    "an option that is a function": Refused(CELL.replace("phi", "relu"), 4, 1, "cannot be called `relu`", "phi_h"),
    "an option that is a keyword": Refused(CELL.replace("phi]", "lambda]"), 4, 1, "be called `lambda`", "phi_h"),
    "an option that no equation calls": Refused(CELL + OPTION.replace("phi", "psi"), 7, 1, "`psi`", "psi(...)"),
    "an option as a name": Refused(CELL.replace("+ U", "+ phi + U"), 2, 23, "`phi` is a function", "phi(...)"),
    "constants that are no table": Refused(f"constants = 1\n{CELL}", 1, 1, "not a table", "[constants]"),
    "a constant of no use": Refused(f"{LEAKY}beta = 2\n", 1, 1, "[constants] names `beta`", "drop that line"),
    "a misspelt constant": Refused(LEAKY.replace("alpha =", "alpah ="), 1, 1, "`alpah`", "mean alpha?"),
    "a constant that is text": Refused(LEAKY.replace("0.1", '"0.1"'), 5, 1, "no number", "without quotes"),
    "a constant that is a truth": Refused(LEAKY.replace("0.1", "true"), 5, 1, "no number", "without quotes"),
    "a constant that is a list": Refused(LEAKY.replace("0.1", "[0.1]"), 5, 1, "no number", "without quotes"),
    "a constant that is a table": Refused(LEAKY.replace("0.1", "{a = 1}"), 5, 1, "no number", "without quotes"),
    "a constant that is a date": Refused(LEAKY.replace("0.1", "2000-01-01"), 5, 1, "no number", "without quotes"),
    "a constant too large": Refused(LEAKY.replace("0.1", "1e10"), 1, 1, "is 10000000000.0", "a decimal number"),
    "a constant too small": Refused(LEAKY.replace("0.1", "-1e-31"), 1, 1, "is -1e-31", "a decimal number"),
    "a constant of many digits": Refused(
        LEAKY.replace("0.1", "9" * 400), 1, 1, "the constant `alpha` is 99", "decimal"
    ),
    "an infinite constant": Refused(LEAKY.replace("0.1", "inf"), 1, 1, "is inf", "a decimal number"),
    "a constant that is no number": Refused(LEAKY.replace("0.1", "nan"), 1, 1, "is nan", "a decimal number"),
    "a constant that is a function": Refused(f"{LEAKY}tanh = 2\n", 6, 1, "be called `tanh`", "another name"),
    "a constant that is a reduction": Refused(f"{LEAKY}mean = 2\n", 6, 1, "be called `mean`", "another name"),
    "a constant that is a repetition": Refused(f"{LEAKY}repeat = 2\n", 6, 1, "be called `repeat`", "another name"),
    "a constant that counts steps": Refused(f"{LEAKY}t = 2\n", 6, 1, "be called `t`", "another name"),
    "a constant that is a word of Python": Refused(f"{LEAKY}lambda = 2\n", 6, 1, "be called `lambda`", "another name"),
    "a constant of the generated code": Refused(f"{LEAKY}params = 2\n", 6, 1, "be called `params`", "another name"),
    "a constant that reads derived": Refused(f"{LEAKY}d_h = 2\n", 6, 1, "be called `d_h`", "another name"),
    "a constant that is the input": Refused(f"{LEAKY}x = 2\n", 2, 34, "`x` is a constant", "drop x from"),
    "a constant that is a state": Refused(f"{LEAKY}h = 2\n", 2, 8, "`h` is a constant", "drop h from"),
    "a constant that is a matrix": Refused(f"{LEAKY}W = 2\n", 2, 30, "`W` is a constant", "write W * v"),
    "a constant of the step before": Refused(
        LEAKY.replace("alpha *", "alpha[t-1] *"), 2, 17, "`alpha` is read at [t-1] but never", "alpha[t] = ..."
    ),
    "a constant of this step": Refused(
        LEAKY.replace("alpha *", "alpha[t] *"), 2, 37, "`alpha` and `x` are both read at [t]", "one x"
    ),
    "a constant that is called": Refused(
        LEAKY.replace("tanh(", "alpha("), 2, 25, "no function `alpha`", "write * or @ before the bracket"
    ),
    "a constant as an exponent": Refused(
        LEAKY.replace("h[t-1] +", "h[t-1] ** alpha +"), 2, 18, "`alpha` is not an exponent", "exp(n * log(a))"
    ),
    "a constant in a stack": Refused(
        LEAKY.replace("x[t]", "[x[t], alpha]"), 2, 34, "a number stands at a part of a stack", "write a parameter"
    ),
    "a quantity of numbers alone": Refused(
        LEAKY.replace("h[t] =", "q[t] = alpha\nh[t] ="),
        2,
        8,
        "the right side is a number",
        "write the number where it is read",
    ),
    "a constant that repeats by halves": Refused(
        LEAKY.replace("x[t]", "repeat(x[t], alpha)"), 2, 47, "`alpha` is no number of repetitions", "[constants]"
    ),
    "a constant with a size": Refused(f'{LEAKY}[sizes]\nalpha = "H"\n', 1, 1, "[sizes] names `alpha`", "drop"),
    "a constant that is an option": Refused(
        f"{LEAKY}{OPTION.replace('phi', 'alpha')}", 2, 17, "`alpha` is a function", "alpha(...)"
    ),
    "initial values that are no table": Refused(f"initial = 1\n{CELL}", 1, 1, "not a table", "[initial]"),
    "an initial value of what is no state": Refused(f"{CELL}[initial]\nU = 1\n", 8, 1, "names `U`: no state", "drop"),
    "an initial value of a quantity": Refused(
        CELL.replace("h[t] = phi", "q[t] = phi(V @ x[t])\nh[t] = q[t] + phi") + "[initial]\nq = 1\n",
        9,
        1,
        "names `q`, which is never read at [t-1]: no state",
        "drop that line",
    ),
    "a misspelt state": Refused(f"{CELL}[initial]\nhh = 1\n", 8, 1, "names `hh`: no state", "mean h?"),
    "an initial value that is text": Refused(f'{CELL}[initial]\nh = "-inf"\n', 8, 1, "no number", "without quotes"),
    "an initial value that is a truth": Refused(f"{CELL}[initial]\nh = true\n", 8, 1, "no number", "without quotes"),
    "an initial value a unit": Refused(f"{CELL}[initial]\nh = [0, 1]\n", 8, 1, "no number", "without quotes"),
    "an initial value that is no number": Refused(f"{CELL}[initial]\nh = nan\n", 8, 1, "`h` is nan", "h = 1.0"),
    "an initial value too large": Refused(f"{CELL}[initial]\nh = 1e10\n", 8, 1, "`h` is 10000000000.0", "-inf"),
    "an initial value too small": Refused(f"{CELL}[initial]\nh = -1e-31\n", 8, 1, "`h` is -1e-31", "h = 1.0"),
    "an initial value among braces": Refused(f"initial = {{h = nan}}\n{CELL}", 1, 1, "`h` is nan", "h = 1.0"),
    "an initial value below a meaning": Refused(
        f'{CELL}[symbols]\nh = {{ meaning = "a" }}\n[initial]\nh = nan\n', 10, 1, "`h` is nan", "h = 1.0"
    ),
    "symbols that are no table": Refused(f"symbols = 1\n{CELL}", 1, 1, "not a table", "[symbols]"),
    "a symbol of an unknown name": Refused(f'{CELL}[symbols.hh]\nmeaning = "a"', 7, 1, "[symbols.hh]", "mean h?"),
    "a symbol that is text": Refused(f'{CELL}[symbols]\nh = "state"\n', 8, 1, "not a table", "[symbols.h]"),
    "a meaning that is a number": Refused(f"{CELL}[symbols.h]\nmeaning = 1", 7, 1, "`meaning`", "mean meaning?"),
    "a misspelt language": Refused(f'{CELL}[symbols.h]\nzh-Hand = "a"', 7, 1, "`zh-Hand`", "zh-Han"),
    "a language with more": Refused(
        f'{CELL}[symbols.h.zh-Hant]\nmeaning = "a"\nmore = "b"', 7, 1, "`zh-Hant`", "zh-Hant"
    ),
    "a meaning that writes to the screen": Refused(
        f'{CELL}[symbols.h]\nmeaning = "\\u001b[2J"', 7, 1, "does not print", "copy and paste"
    ),
}


def checked(error: CellError) -> CellError:
    """The error, after what holds for all: a place from 1, 1, what is allowed, a fix, nothing that moves the cursor."""
    assert error.line >= 1 and error.column >= 1
    assert error.allowed and error.fix
    assert all(c.isprintable() or c == "\n" for c in str(error))
    return error


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_refused_with_place_and_fix(case):
    content = case.content if isinstance(case.content, bytes) else case.content.encode()
    with pytest.raises(CellError) as caught:
        read_cell(content, key="cell", source="cell.toml")
    error = checked(caught.value)
    assert (error.line, error.column) == (case.line, case.column)
    assert case.what in error.what
    assert case.fix in error.fix
    assert error.source == "cell.toml"


def test_the_cell_that_the_files_are_made_from():
    assert read_cell(CELL.encode(), key="cell", source="cell.toml").chosen == {"phi": "tanh"}
    assert read_cell(LEAKY.encode(), key="cell", source="cell.toml").constants == {"alpha": Fraction(1, 10)}


@pytest.mark.parametrize("choices", [{"psi": "tanh"}, {"phi": "sigmoid"}, {"phi": "eval"}])
def test_choices_that_the_file_does_not_offer(choices):
    with pytest.raises(CellError) as caught:
        read_cell(CELL.encode(), key="cell", source="cell.toml", choices=choices)
    checked(caught.value)


@pytest.mark.parametrize("value", ["abc", "", True, None, [1], float("nan"), float("inf"), 1e10, -1e-31, "0.1; 2"])
def test_constants_that_are_no_numbers_within_bounds(value):
    with pytest.raises(CellError, match="the constant `alpha` is") as caught:
        read_cell(LEAKY.encode(), key="cell", source="cell.toml", choices={"alpha": value})
    assert "decimal number" in checked(caught.value).fix


def test_a_constant_that_the_file_does_not_have():
    with pytest.raises(CellError, match="no option `beta`") as caught:
        read_cell(LEAKY.encode(), key="cell", source="cell.toml", choices={"beta": 1})
    checked(caught.value)


@pytest.mark.parametrize("key", ["", "a b", "../cell", "a\nimport os", "a" * 65])
def test_a_key_is_a_plain_word(key):
    with pytest.raises(CellError, match="not a key"):
        read_cell(CELL.encode(), key=key, source="cell.toml")


def test_no_such_file(tmp_path):
    with pytest.raises(CellError, match="no such file") as caught:
        load(tmp_path / "cell.toml")
    checked(caught.value)


@pytest.mark.parametrize("path", ["a\0b.toml", "a" * 5000 + ".toml"], ids=["NUL", "too long"])
def test_a_path_that_no_system_takes(path):
    with pytest.raises(CellError, match=r"no such file|cannot be opened") as caught:
        load(path)
    checked(caught.value)


def test_a_folder(tmp_path):
    with pytest.raises(CellError, match="folder") as caught:
        load(tmp_path)
    checked(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "cell.toml")
    with pytest.raises(CellError, match="pipe or a device") as caught:
        load(tmp_path / "cell.toml")
    checked(caught.value)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="this system has no such device")
def test_a_device_is_not_read():
    with pytest.raises(CellError, match="pipe or a device"):
        load("/dev/zero")


def test_a_file_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "cell.toml"
    path.write_text(CELL)

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refused)
    with pytest.raises(CellError, match="Permission denied") as caught:
        load(path)
    checked(caught.value)


def test_a_huge_file_is_read_within_bounds(tmp_path):
    path = tmp_path / "cell.toml"
    with path.open("wb") as file:
        file.truncate(10 * 2**40 if os.name == "posix" and os.statvfs(tmp_path).f_frsize else MAX_FILE + 1)
    with pytest.raises(CellError, match="larger than"):
        load(path)


def test_a_file_of_any_name(tmp_path):
    path = tmp_path / "3 門-cell.toml"
    path.write_bytes(b"\xef\xbb\xbf" + CELL.replace("\n", "\r\n").encode())
    assert load(path, phi="relu").chosen == {"phi": "relu"}
    assert load(path).key == "3___cell"


def test_the_error_survives_a_worker_process():
    error = CellError("what", source="a.toml", line=2, column=3, text="abc", allowed="a", fix="b")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), vars(copy)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ('"長短期記憶"', "`names` is not a table"),
        ('{ en = "mine" }', "`names` has an entry `en`"),
        ('{ fr = "mienne" }', "`names` has an entry `fr`"),
        ("{ zh-Hant = 3 }", "`names` has an entry `zh-Hant`"),
        ('{ zh-Hant = "" }', "`names` has an entry `zh-Hant`"),
        ('{ zh-Hant = "a\\u0007" }', "does not print"),
    ],
)
def test_a_name_in_another_language_is_one_line_of_text(names: str, found: str) -> None:
    text = f'name = "Mine"\nnames = {names}\nequations = "h[t] = tanh(W @ x[t] + U @ h[t-1])"\n'
    with pytest.raises(CellError, match=found) as refused:
        read_cell(text.encode(), key="mine", source="mine.toml")
    assert "mine.toml" in str(refused.value) and "fix:" in str(refused.value)
