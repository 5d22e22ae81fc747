"""A line that is proposed is an equation, and the function that was written; words stand where none is known."""

from __future__ import annotations

import ast
import math
import random
import re
from collections.abc import Callable

import numpy as np
import pytest
from equations.refusals import refusal

from lstm_sym.check.equations import array_functions
from lstm_sym.equations import parser
from lstm_sym.equations.expressions import Binary, Call, Expression, MatrixProduct, Name, Negate, Number, Stack
from lstm_sym.equations.foreign import FOREIGN, WORDS
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.equations.meaning import FUNCTIONS as VALUES
from lstm_sym.equations.meaning import NoMeaningError, agree
from lstm_sym.equations.rewriting import proposed
from lstm_sym.equations.source_line import SourceLine

ARRAY_FUNCTIONS = array_functions(np)
Scalars = Callable[..., float]


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def mean(a: list[float]) -> float:
    return sum(a) / len(a)


def softmax(a: list[float]) -> list[float]:
    return [math.exp(v) / sum(map(math.exp, a)) for v in a]


def spread(a: list[float]) -> float:
    return mean([(v - mean(a)) ** 2 for v in a])


# What each function is, number by number, as the manuals of the libraries define it.
OF_ONE: dict[str, Scalars] = {
    "expit(x)": sigmoid,
    "torch.sigmoid(x)": sigmoid,
    "hyperbolic_tangent(x)": math.tanh,
    "rectifier(x)": lambda a: a if a > 0 else 0.0,
    "ln(x)": math.log,
    "exponential(x)": math.exp,
    "fabs(x)": abs,
    "F.elu(x)": lambda a: a if a > 0 else math.exp(a) - 1,
    "elu(x, 0.5)": lambda a: a if a > 0 else 0.5 * (math.exp(a) - 1),
    "elu(x, alpha=0.5)": lambda a: a if a > 0 else 0.5 * (math.exp(a) - 1),
    "celu(x, 2)": lambda a: max(0, a) + min(0, 2 * (math.exp(a / 2) - 1)),
    "selu(x)": lambda a: 1.0507009873554805 * (a if a > 0 else 1.6732632423543772 * (math.exp(a) - 1)),
    "silu(x)": lambda a: a * sigmoid(a),
    "swish(x)": lambda a: a * sigmoid(a),
    "swish(x, 1.5)": lambda a: a * sigmoid(1.5 * a),
    "leaky_relu(x)": lambda a: a if a > 0 else 0.01 * a,
    "leaky_relu(x, alpha=0.2)": lambda a: a if a > 0 else 0.2 * a,
    "prelu(x, 0.3)": lambda a: a if a > 0 else 0.3 * a,
    "relu6(x)": lambda a: min(max(a, 0), 6),
    "hardtanh(x)": lambda a: min(max(a, -1), 1),
    "hardtanh(x, -2, 2)": lambda a: min(max(a, -2), 2),
    "hardsigmoid(x)": lambda a: min(max(a + 3, 0), 6) / 6,
    "hardswish(x)": lambda a: a * min(max(a + 3, 0), 6) / 6,
    "softplus(x, 2)": lambda a: math.log(1 + math.exp(2 * a)) / 2,
    "softplus(x, beta=2)": lambda a: math.log(1 + math.exp(2 * a)) / 2,
    "mish(x)": lambda a: a * math.tanh(math.log(1 + math.exp(a))),
    "logsigmoid(x)": lambda a: math.log(sigmoid(a)),
    "tanhshrink(x)": lambda a: a - math.tanh(a),
    "softshrink(x)": lambda a: a - 0.5 if a > 0.5 else a + 0.5 if a < -0.5 else 0.0,
    "hardshrink(x)": lambda a: a if abs(a) > 0.5 else 0.0,
    "threshold(x, 0.1, 20)": lambda a: a if a > 0.1 else 20,
    "quick_gelu(x)": lambda a: a * sigmoid(1.702 * a),
    "np.clip(x, -1, 1)": lambda a: min(max(a, -1), 1),
    "np.clip(x, a_min=-1, a_max=1)": lambda a: min(max(a, -1), 1),
    "clamp(x, min=0.5)": lambda a: max(a, 0.5),
    "torch.clamp(x, max=0.5)": lambda a: min(a, 0.5),
    "x.clamp(-1, 1)": lambda a: min(max(a, -1), 1),
    "pow(x, 3)": lambda a: a**3,
    "x.pow(2)": lambda a: a**2,
    "square(x)": lambda a: a * a,
    "reciprocal(x)": lambda a: 1 / a,
    "rsqrt(x)": lambda a: 1 / math.sqrt(a),
    "expm1(x)": math.expm1,
    "log1p(x)": math.log1p,
    "exp2(x)": lambda a: 2**a,
    "log2(x)": math.log2,
    "log10(x)": math.log10,
    "tan(x)": math.tan,
    "sinh(x)": math.sinh,
    "cosh(x)": math.cosh,
    "sign(x)": lambda a: (a > 0) - (a < 0),
    "heaviside(x)": lambda a: float(a > 0),
    "negative(x)": lambda a: -a,
    "x if x > 0 else 0.1 * x": lambda a: a if a > 0 else 0.1 * a,
    "(x >= 1)": lambda a: float(a >= 1),
    "where(x < 0, 2, x)": lambda a: 2 if a < 0 else a,
    "where(1 >= x, x, -x)": lambda a: a if a <= 1 else -a,
}
OF_TWO: dict[str, Scalars] = {
    "logaddexp(x, h)": lambda u, v: math.log(math.exp(u) + math.exp(v)),
    "max(x, h)": max,
    "min(x, h)": min,
    "max(x, h, 1)": lambda u, v: max(u, v, 1),
    "min(x, h, 1)": lambda u, v: min(u, v, 1),
    "fmax(x, h)": max,
    "multiply(x, h)": lambda u, v: u * v,
    "add(x, h)": lambda u, v: u + v,
    "subtract(x, h)": lambda u, v: u - v,
    "divide(x, h)": lambda u, v: u / v,
    "lerp(x, h, 0.3)": lambda u, v: u + 0.3 * (v - u),
    "where(x <= h, x, 2 * h)": lambda u, v: u if u <= v else 2 * v,
}
OF_ALL: dict[str, Callable[[list[float]], float | list[float]]] = {
    "softmax(x)": softmax,
    "F.softmax(x, dim=-1)": softmax,
    "softmin(x)": lambda a: softmax([-v for v in a]),
    "log_softmax(x)": lambda a: [math.log(v) for v in softmax(a)],
    "logsumexp(x)": lambda a: math.log(sum(map(math.exp, a))),
    "norm(x)": lambda a: math.sqrt(sum(v * v for v in a)),
    "normalize(x)": lambda a: [v / math.sqrt(sum(w * w for w in a)) for v in a],
    "std(x)": lambda a: math.sqrt(spread(a)),
    "var(x)": spread,
    "layer_norm(x)": lambda a: [(v - mean(a)) / math.sqrt(spread(a) + 1e-5) for v in a],
    "rms_norm(x)": lambda a: [v / math.sqrt(mean([w * w for w in a]) + 1e-6) for v in a],
    "min(x)": min,
    "amax(x)": max,
    "reduce_sum(x)": sum,
    "reduce_mean(x)": mean,
    "x.mean()": mean,
    "inner(x, x)": lambda a: sum(v * v for v in a),
    "x @ x": lambda a: sum(v * v for v in a),
}


def written(text: str) -> str:
    """x and h as they stand in an equation."""
    return re.sub(r"\bh\b", "h[t-1]", re.sub(r"\bx\b", "x[t]", text))


def line_of(text: str) -> str:
    """The line proposed for an expression that is refused."""
    error = refusal(f"h[t] = {text}")
    assert error is not None, text
    found = re.search(r"write (.*?)(?:: where compares.*|, which is what.*| \(.*| for the larger.*)?$", error.fix)
    brackets = re.search(r"write (.*?)(?:: where compares.*|, which is what.*| for the larger.*)?$", error.fix)
    assert found and brackets, error.fix
    for line in (brackets[1], found[1], brackets[1].rpartition(" (")[0]):
        try:
            read(line)
            return line
        except ValueError:
            continue
    raise AssertionError(error.fix)


def value(node: Expression, names: dict[str, np.ndarray]) -> np.ndarray:
    """What our own reader has read, as numbers: independent of the tree of Python that was compared."""
    children = [value(child, names) for child in node.children()]
    match node:
        case Number():
            return np.asarray(float(node.value))
        case Name():
            return names[str(node)]
        case Negate():
            return -children[0]
        case MatrixProduct():
            return (children[0].T if node.transposed else children[0]) @ children[1]
        case Stack():
            return np.concatenate(children)
        case Binary():
            signs = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power}
            return signs[node.operator](*children)
    assert isinstance(node, Call)
    if node.function in REDUCTIONS:
        return np.asarray(getattr(np, node.function)(children[0]))
    return np.asarray(ARRAY_FUNCTIONS[node.function](*children))


def read(line: str) -> Expression:
    return parser._Reader(SourceLine(f"q[t] = {line}", 1, "equations"), {}, {}).equation().expression


def numbers(positive: bool) -> list[float]:
    rng = random.Random(1)
    return [rng.uniform(0.1 if positive else -4, 4) for _ in range(50)]


@pytest.mark.parametrize("text", OF_ONE)
def test_the_line_of_a_function_of_one_is_the_function(text: str) -> None:
    positive = text.startswith(("ln", "log", "rsqrt"))
    points = numbers(positive)
    found = value(read(line_of(written(text))), {"x[t]": np.array(points)})
    np.testing.assert_allclose(np.broadcast_to(found, (50,)), [OF_ONE[text](a) for a in points], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("text", OF_TWO)
def test_the_line_of_a_function_of_two_is_the_function(text: str) -> None:
    left, right = numbers(False), numbers(False)[::-1]
    right[:5] = left[:5]
    found = value(read(line_of(written(text))), {"x[t]": np.array(left), "h[t-1]": np.array(right)})
    np.testing.assert_allclose(found, list(map(OF_TWO[text], left, right)), rtol=1e-12)


@pytest.mark.parametrize("text", OF_ALL)
def test_the_line_of_a_function_of_all_units_is_the_function(text: str) -> None:
    points = numbers(False)[:7]
    found = value(read(line_of(written(text))), {"x[t]": np.array(points)})
    np.testing.assert_allclose(found, OF_ALL[text](points), rtol=1e-12)


def test_every_row_of_the_table_has_a_line_that_is_tested() -> None:
    """By one of its names, with as many arguments."""
    called = [re.match(r"(?:\w+\.)?(\w+)\((.*)\)", text) for text in (*OF_ONE, *OF_TWO, *OF_ALL)]
    tested = {(call[1], call[2].count(",") + 1) for call in called if call}
    for row in FOREIGN:
        fewest = sum(not default for default in row.parameters.values())
        counts = range(fewest, len(row.parameters) + 1)
        assert any((name, count) in tested for name in row.names.split() for count in counts), row.names


@pytest.mark.parametrize("row", FOREIGN, ids=lambda row: f"{row.names}({row.arguments})")
def test_every_name_of_a_row_gets_its_line(row) -> None:
    vectors = iter(["x[t] * 2", "h[t-1]", "x[t]"])
    given = [
        "3" if name == "exponent" else f"{k}.5" if k and name not in "uvw" else next(vectors)
        for k, name in enumerate(row.parameters)
    ]
    for name in row.names.split():
        error = refusal(f"h[t] = {name}({', '.join(given)}) + h[t-1]")
        assert error is not None and "write " in error.fix, (name, error)
        assert f"np.{name}" not in error.fix


@pytest.mark.parametrize(
    "text",
    [
        "(U + V) @ (h[t-1] + x[t])",
        "(U - 2 * V) @ h[t-1]",
        "(U + V).T @ h[t-1]",
        "(A @ C).T @ h[t-1]",
        "r[t] * U @ h[t-1]",
        "p * U @ h[t-1]",
        "U / r[t] @ h[t-1]",
        "U / 2 @ (h[t-1] - x[t])",
        "-3 * (U @ V) @ (x[t] + b)",
        "h[t-1] @ U",
        "h[t-1] @ U.T",
        "diag(p + b) @ (h[t-1] + x[t])",
        "np.transpose(W) @ (x[t] + b)",
        "W.dot(x[t] + b)",
        "np.matmul(W, h[t-1] - x[t])",
        "F.linear(x[t] + b, W, b)",
        "torch.cat([h[t-1], x[t]], dim=1)",
        "where(x[t] + b >= h[t-1] - b, b, 1)",
        "np.where(h[t-1] * 2 < x[t] + b, b - 1, x[t])",
        "(x[t] - b > h[t-1] + b)",
    ],
)
def test_what_is_proposed_for_products_and_choices_is_what_was_written(text: str) -> None:
    """By NumPy itself: Python runs the text, which is this test's own."""
    names = sorted(set(re.findall(r"\b(?:[AC-EG-SU-Z]|[bpk]|[rhx]\[t(?:-1)?\])(?![\w(])", text)))
    rng = np.random.default_rng(3)
    drawn = {name: rng.normal(size=(6, 6) if name.isupper() else 6) for name in names}
    line = line_of(text)
    code = text
    for name in sorted(names, key=len, reverse=True):
        code = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", f"_n[{names.index(name)}]", code)
    code = code.replace("F.linear(", "_linear(").replace("torch.cat", "_cat").replace("diag", "np.diag")
    scope = {
        "_n": [drawn[name] for name in names],
        "np": np,
        "where": np.where,
        "_linear": lambda x, matrix, b: x @ matrix.T + b,
        "_cat": lambda parts, dim: np.concatenate(parts),
    }
    np.testing.assert_allclose(value(read(line), drawn), eval(code, scope), rtol=1e-10)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tanh(W) @ x[t]", "write the matrix first"),
        ("W @ U @ V @ h[t-1] @ x[t]", "from the"),
        ("round(x[t])", "derivative is 0"),
        ("dropout(x[t], 0.5)", "random"),
        ("cumsum(x[t])", "units have no order"),
        ("outer(x[t], h[t-1])", "vector"),
        ("einsum(x[t], h[t-1])", "vector"),
        ("bilinear(x[t], h[t-1], W)", "(U @ u[t]) * (V @ v[t])"),
        ("erf(x[t])", "gelu"),
        ("batch_norm(x[t])", "one sequence"),
        ("x[t] == h[t-1]", "where(a - b, u, v)"),
        ("where(x[t] == 0, b, 1)", "where(a - b, u, v)"),
        ("where(0 < x[t] < 1, b, 1)", "where(a - b, u, v)"),
        ("x[t] if h[t-1] else b", "where(a - b, u, v)"),
        ("U (h[t-1]) + x[t] h[t-1]", "* between vectors"),
    ],
)
def test_words_stand_where_no_line_is_known(text: str, word: str) -> None:
    error = refusal(f"h[t] = {text}")
    assert error is not None and word in error.fix, error


@pytest.mark.parametrize("name", WORDS)
def test_a_function_of_words_is_told_them(name: str) -> None:
    assert not {name} & {*FUNCTIONS, *REDUCTIONS}
    error = refusal(f"h[t] = {name}(x[t]) + h[t-1]")
    assert error is not None and (error.fix == WORDS[name] or error.fix.startswith("write "))


def test_the_forms_within_the_words_are_true() -> None:
    for a in numbers(False):
        exact = 0.5 * a * (1 + math.erf(a / math.sqrt(2)))
        assert abs(exact - ARRAY_FUNCTIONS["gelu"](np.asarray(a))) < 5e-4
        keras_2 = min(max(0.2 * a + 0.5, 0), 1)
        line = read("minimum(relu(0.2 * x[t] + 0.5), 1)")
        assert value(line, {"x[t]": np.asarray(a)}) == pytest.approx(keras_2, abs=1e-15)
    assert any("minimum(relu(0.2 * a + 0.5), 1)" in row.note for row in FOREIGN)


def test_a_line_that_is_another_function_is_not_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = ast.parse("where(x[t] > h[t-1], b, 1)", mode="eval").body
    assert proposed(tree, lambda _: True) == "where(x[t] - h[t-1], b, 1)"
    assert proposed(tree, lambda _: False) == ""
    monkeypatch.setattr(
        "lstm_sym.equations.rewriting._call", lambda name, c, u, v: ast.Call(ast.Name(name), [c, v, u], [])
    )
    assert proposed(tree, lambda _: True) == ""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("U @ x[t]", "U.T @ x[t]"),
        ("r[t] * (U @ x[t])", "r[t] * U @ x[t]"),
        ("where(x[t] - b, k, 1)", "where(x[t] >= b, k, 1)"),
        ("U @ x[t] + V @ x[t]", "(U - V) @ x[t]"),
        ("abs(x[t])", "x[t]"),
        ("sum(x[t])", "x[t]"),
    ],
)
def test_lines_that_differ_are_told_apart(line: str, text: str) -> None:
    one, other = (ast.parse(part, mode="eval").body for part in (line, text))
    assert not agree(one, other, {})
    assert agree(one, one, {})


@pytest.mark.parametrize(
    "text", ["x.__class__", "open(x)", "repeat(repeat(repeat(x, 64), 64), 64)", "f'{x}'", "x[t:]+y(1)"]
)
def test_what_has_no_meaning_is_not_run(text: str) -> None:
    tree = ast.parse(text, mode="eval").body
    with pytest.raises(NoMeaningError):
        agree(tree, tree, {})


def test_the_functions_of_a_cell_mean_what_its_kernels_compute() -> None:
    points = np.array(numbers(True))
    for name, row in FUNCTIONS.items():
        given = [points, points[::-1], -points][: row.arity]
        np.testing.assert_allclose(VALUES[name](*given), ARRAY_FUNCTIONS[name](*given), rtol=1e-12)
