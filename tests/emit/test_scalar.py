"""Scalar expressions as text: what NumPy computes from the text is what SymPy says of the expression."""

from __future__ import annotations

import ast
import re
from dataclasses import FrozenInstanceError
from fractions import Fraction
from random import Random

import numpy as np
import pytest
import sympy

import lstm_sym as ls
from lstm_sym.emit.numpy.scalar import NumPyPrinter
from lstm_sym.emit.scalar import CodeScalarPrinter
from lstm_sym.equations.functions import FUNCTIONS, SLOPES
from lstm_sym.interpreter.evaluation import evaluate
from lstm_sym.notation.latex import LatexNotation
from lstm_sym.notation.mathml import MathMLNotation
from lstm_sym.notation.scalar import ScalarPrinter
from lstm_sym.notation.text import TextNotation
from lstm_sym.program import Role, Value, arithmetic
from lstm_sym.program.values import adjoint

A, B, C = (Value(name, ("H",)) for name in "abc")
D_A = adjoint(A)
VALUES = {value.symbol: value for value in (A, B, C, D_A)}
a, b, c = A.symbol, B.symbol, C.symbol


def numpy_text(expression, precise: bool = False) -> str:
    return NumPyPrinter(VALUES, lambda value: value.name, {}, precise).print(sympy.sympify(expression))


def computed(text: str, numbers: dict[str, object]):
    """The text as Python reads it: parsed to a tree, compiled, run on arrays."""
    own = {f"_{name}": getattr(arithmetic, name) for name in dir(arithmetic) if not name.startswith("_")}
    tree = ast.parse(text, mode="eval")
    return eval(compile(tree, "expression", "eval"), {"np": np, **own, **numbers})


NUMPY = {
    a + b: "a + b",
    a - b: "a - b",
    -a: "-a",
    -a - b: "-a - b",
    b - a: "b - a",
    -(a + b): "-a - b",
    a * b: "a * b",
    -a * b: "-a * b",
    a * (b + c): "a * (b + c)",
    a * (b - c): "a * (b - c)",
    -a * (1 - b): "-a * (1 - b)",
    2 * a: "2 * a",
    -2 * a: "-2 * a",
    a / 2: "0.5 * a",
    a / 3: f"{1 / 3!r} * a",
    a * sympy.Rational(-3, 4): "-0.75 * a",
    a / b: "a / b",
    1 / a: "1 / a",
    a * b / c: "a * b / c",
    a / (b * c): "a / (b * c)",
    a / (1 + b): "a / (1 + b)",
    -a / (1 + b): "-a / (1 + b)",
    a - b / c: "a - b / c",
    a * (b + 1) / c: "a * (1 + b) / c",
    a**2: "a**2",
    (a + b) ** 2: "(a + b)**2",
    a**-2: "1 / a**2",
    (1 + a) ** -3: "1 / (1 + a)**3",
    1 - a**2: "1 - a**2",
    -(a**2): "-a**2",
    (a * b) ** 2: "a**2 * b**2",
    sympy.exp(a + b): "np.exp(a + b)",
    sympy.exp(a) * b: "b * np.exp(a)",
    sympy.sin(a) ** 2: "np.sin(a)**2",
    D_A.symbol * a: "d_a * a",
    sympy.Integer(3): "3",
    sympy.Rational(1, 8): "0.125",
    sympy.Integer(-1): "-1",
}


@pytest.mark.parametrize(("expression", "expected"), NUMPY.items(), ids=lambda value: str(value))
def test_what_is_printed_for_numpy(expression, expected):
    assert numpy_text(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ((1 - a) / (2 + b), "(1 - a) / (2 + b)"),
        (-(a + b) / c, "(-a - b) / c"),
        ((a + b) / c - a, "(a + b) / c - a"),
    ],
)
def test_a_sum_above_the_line_stands_in_brackets(expression, expected):
    assert numpy_text(expression) == expected
    assert TextNotation(VALUES).print(sympy.sympify((1 - a) / (2 + b))) == "(1 − aₜ) / (2 + bₜ)"


def random_expression(rng: Random, depth: int):
    """An expression over the grammar of pointwise statements; denominators stay away from zero."""
    if depth == 0:
        return rng.choice([a, b, c, D_A.symbol, sympy.Rational(rng.randint(1, 9), rng.randint(1, 9))])
    first, second = (random_expression(rng, rng.randint(0, depth - 1)) for _ in range(2))
    bounded = FUNCTIONS[rng.choice(("tanh", "sigmoid", "sin", "cos"))].symbol(first + 2 * rng.choice([a, b]))
    forms = (
        first + second,
        first - second,
        first * second,
        -first,
        first / (2 + bounded),
        (3 + bounded) ** -rng.randint(1, 3),
        bounded ** rng.randint(2, 4),
        bounded,
        sympy.exp(bounded),
        first * rng.choice([2, -1, sympy.Rational(1, 3), sympy.Rational(-5, 4)]),
    )
    return rng.choice(forms)


@pytest.mark.parametrize("precise", [False, True])
def test_random_expressions_compute_what_sympy_says(precise):
    rng = Random(5)
    definitions = {row.symbol: row.definition for row in FUNCTIONS.values()}
    numbers = dict(zip((a, b, c, D_A.symbol), map(sympy.Rational, ("7/10", "-13/10", "2/5", "19/10")), strict=True))
    given = {value.name: np.array([float(numbers[value.symbol])]) for value in VALUES.values()}
    for _ in range(100):
        expression = random_expression(rng, 4)
        defined = expression.replace(lambda e: e.func in definitions, lambda e: definitions[e.func](*e.args))
        expected = float(defined.xreplace(numbers).evalf(40))
        found = float(np.squeeze(computed(numpy_text(expression, precise), given)))
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-13), expression


@pytest.mark.parametrize("seed", range(40))
def test_writing_into_an_array_computes_the_same(seed):
    rng = Random(seed)
    expression = sympy.sympify(rng.choice([a, b]) * rng.choice([b, c]) + random_expression(rng, 1))
    values = {value.name: np.array([0.3, -0.8]) * k for k, value in enumerate(VALUES.values(), 1)}
    target = np.empty(2)
    printer = NumPyPrinter(VALUES, lambda value: value.name, {})
    own = {f"_{name}": getattr(arithmetic, name) for name in dir(arithmetic) if not name.startswith("_")}
    lines = printer.into(expression, "target")
    code = lines if isinstance(lines, str) else "\n".join(lines)
    exec(compile(ast.parse(code), "lines", "exec"), {"np": np, **own, **values, "target": target})
    assert np.allclose(target, computed(printer.print(expression), values), rtol=1e-14, atol=1e-15)


# Every function of the table, in every target.

CALLS = {
    "sigmoid": ("_sigmoid(a)", "_sigmoid_precise(a)", "σ(aₜ)", r"\sigma(a_{t})", "<mi>σ</mi>"),
    "tanh": ("np.tanh(a)", "np.tanh(a)", "tanh(aₜ)", r"\tanh(a_{t})", "<mi>tanh</mi>"),
    "relu": ("_relu(a)", "_relu(a)", "relu(aₜ)", r"\mathrm{relu}(a_{t})", "<mi>relu</mi>"),
    "softplus": (
        "_softplus(a)",
        "_softplus(a)",
        "softplus(aₜ)",
        r"\mathrm{softplus}(a_{t})",
        "<mi>softplus</mi>",
    ),
    "softsign": (
        "_softsign(a)",
        "_softsign(a)",
        "softsign(aₜ)",
        r"\mathrm{softsign}(a_{t})",
        "<mi>softsign</mi>",
    ),
    "hard_sigmoid": (
        "_hard_sigmoid(a)",
        "_hard_sigmoid(a)",
        "hard_sigmoid(aₜ)",
        r"\mathrm{hard\text{-}sigmoid}(a_{t})",
        "<mi>hard_sigmoid</mi>",
    ),
    "gelu": ("_gelu(a)", "_gelu(a)", "gelu(aₜ)", r"\mathrm{gelu}(a_{t})", "<mi>gelu</mi>"),
    "sqrt": ("np.sqrt(a)", "np.sqrt(a)", "sqrt(aₜ)", r"\mathrm{sqrt}(a_{t})", "<mi>sqrt</mi>"),
    "abs": ("_abs(a)", "_abs(a)", "abs(aₜ)", r"\mathrm{abs}(a_{t})", "<mi>abs</mi>"),
    "maximum": ("_maximum(a, b)", "_maximum(a, b)", "max(aₜ, bₜ)", r"\max(a_{t}, b_{t})", "<mi>max</mi>"),
    "minimum": ("_minimum(a, b)", "_minimum(a, b)", "min(aₜ, bₜ)", r"\min(a_{t}, b_{t})", "<mi>min</mi>"),
    "where": (
        "_where(a, b, c)",
        "_where(a, b, c)",
        "where(aₜ, bₜ, cₜ)",
        r"\mathrm{where}(a_{t}, b_{t}, c_{t})",
        "<mi>where</mi>",
    ),
    "exp": ("np.exp(a)", "np.exp(a)", "exp(aₜ)", r"\exp(a_{t})", "<mi>exp</mi>"),
    "log": ("np.log(a)", "np.log(a)", "log(aₜ)", r"\log(a_{t})", "<mi>log</mi>"),
    "sin": ("np.sin(a)", "np.sin(a)", "sin(aₜ)", r"\sin(a_{t})", "<mi>sin</mi>"),
    "cos": ("np.cos(a)", "np.cos(a)", "cos(aₜ)", r"\cos(a_{t})", "<mi>cos</mi>"),
}
PRIMES = {
    "sigmoid_slope": ("_sigmoid_slope(a)", "σ′(aₜ)", r"\sigma'(a_{t})", "<mi>σ</mi>"),
    "tanh_slope": ("_tanh_slope(a)", "tanh′(aₜ)", r"\tanh'(a_{t})", "<mi>tanh</mi>"),
    "relu_slope": (
        "_relu_slope(a)",
        "relu′(aₜ)",
        r"\mathrm{relu}'(a_{t})",
        "<mi>relu</mi>",
    ),
    "softsign_slope": (
        "_softsign_slope(a)",
        "softsign′(aₜ)",
        r"\mathrm{softsign}'(a_{t})",
        "<mi>softsign</mi>",
    ),
    "hard_sigmoid_slope": (
        "_hard_sigmoid_slope(a)",
        "hard_sigmoid′(aₜ)",
        r"\mathrm{hard\text{-}sigmoid}'(a_{t})",
        "<mi>hard_sigmoid</mi>",
    ),
    "gelu_slope": ("_gelu_slope(a)", "gelu′(aₜ)", r"\mathrm{gelu}'(a_{t})", "<mi>gelu</mi>"),
    "abs_slope": ("_abs_slope(a)", "abs′(aₜ)", r"\mathrm{abs}'(a_{t})", "<mi>abs</mi>"),
}
PRIME = '<mo lspace="0" rspace="0">′</mo>'


def in_brackets(*names: str) -> str:
    """Arguments in MathML."""
    inner = "<mo>,</mo>".join(f"<msub><mi>{n}</mi><mi>t</mi></msub>" for n in names)
    return f'<mrow><mo stretchy="false">(</mo>{inner}<mo stretchy="false">)</mo></mrow>'


def test_no_function_and_no_slope_is_left_out():
    assert set(CALLS) == set(FUNCTIONS)
    assert set(PRIMES) == set(SLOPES)


@pytest.mark.parametrize("name", CALLS)
def test_every_function_is_printed_in_every_target(name):
    row = FUNCTIONS[name]
    expression = row.symbol(*(a, b, c)[: row.arity])
    quick, exact, text, latex, mathml = CALLS[name]
    assert numpy_text(expression) == quick and numpy_text(expression, precise=True) == exact
    assert TextNotation(VALUES).print(expression) == text
    assert LatexNotation(VALUES).print(expression) == latex
    assert MathMLNotation(VALUES).print(expression) == mathml + in_brackets(*"abc"[: row.arity])


@pytest.mark.parametrize("name", PRIMES)
def test_every_slope_is_printed_in_every_target(name):
    expression = SLOPES[name].slope(a)
    code, text, latex, mathml = PRIMES[name]
    assert numpy_text(expression) == code
    assert TextNotation(VALUES).print(expression) == text
    assert LatexNotation(VALUES).print(expression) == latex
    assert MathMLNotation(VALUES).print(expression) == f"<mrow>{mathml}{PRIME}</mrow>{in_brackets('a')}"


@pytest.mark.parametrize(
    ("name", "code", "text", "latex", "mathml"),
    [
        ("maximum", "_positive(a - b)", "1₊(aₜ − bₜ)", r"\mathbf{1}_{>0}(a_{t} - b_{t})", "<mi>1₊</mi>"),
        ("minimum", "_positive(b - a)", "1₊(bₜ − aₜ)", r"\mathbf{1}_{>0}(b_{t} - a_{t})", "<mi>1₊</mi>"),
    ],
)
def test_the_derivative_of_a_choice_is_an_indicator_in_every_target(name, code, text, latex, mathml):
    first, second = (FUNCTIONS[name].symbol(a, b).diff(argument) for argument in (a, b))
    assert numpy_text(first) == numpy_text(first, precise=True) == code and numpy_text(second) == f"1 - {code}"
    assert TextNotation(VALUES).print(first) == text and TextNotation(VALUES).print(second) == f"1 − {text}"
    assert LatexNotation(VALUES).print(first) == latex and LatexNotation(VALUES).print(second) == f"1 - {latex}"
    assert MathMLNotation(VALUES).print(first).startswith(mathml)
    chosen = FUNCTIONS["where"].symbol(a, b, c).diff(b)
    assert numpy_text(chosen) == "_positive(a)" and TextNotation(VALUES).print(chosen) == "1₊(aₜ)"


def test_arguments_keep_their_order_and_need_no_brackets():
    expression = FUNCTIONS["where"].symbol(a - b, 2 * c, sympy.Rational(1, 2))
    assert numpy_text(expression) == "_where(a - b, 2 * c, 0.5)"
    assert TextNotation(VALUES).print(expression) == "where(aₜ − bₜ, 2 cₜ, 0.5)"
    assert LatexNotation(VALUES).print(expression) == r"\mathrm{where}(a_{t} - b_{t}, 2\,c_{t}, 0.5)"
    assert numpy_text(2 * FUNCTIONS["maximum"].symbol(b, a) + a) == "a + 2 * _maximum(b, a)"


@pytest.mark.parametrize("name", [*CALLS, *PRIMES])
def test_what_is_printed_is_known_to_numpy_or_brought_along(name):
    symbol = FUNCTIONS[name].symbol if name in FUNCTIONS else SLOPES[name].slope
    arguments = (a, b, c)[: FUNCTIONS[name].arity] if name in FUNCTIONS else (a,)
    numbers = {"a": np.array([0.5]), "b": np.array([-0.25]), "c": np.array([0.75])}
    for precise in (False, True):
        for expression in (symbol(*arguments), *(symbol(*arguments).diff(argument) for argument in arguments)):
            text = numpy_text(expression, precise)
            assert all(hasattr(arithmetic, helper) for helper in re.findall(r"\b_(\w+)\(", text))
            values = {VALUES[symbol].symbol: numbers[VALUES[symbol].name] for symbol in arguments}
            assert np.allclose(computed(text, numbers), evaluate(expression, values), rtol=1e-15, atol=0)


# Numbers.


@pytest.mark.parametrize(
    ("value", "code", "text", "latex", "mathml"),
    [
        (Fraction(2), "2", "2", "2", "<mn>2</mn>"),
        (Fraction(1, 10), "0.1", "0.1", "0.1", "<mn>0.1</mn>"),
        (Fraction(1, 3), repr(1 / 3), "1/3", r"\tfrac{1}{3}", "<mfrac><mn>1</mn><mn>3</mn></mfrac>"),
        (Fraction(5, 4), "1.25", "1.25", "1.25", "<mn>1.25</mn>"),
    ],
)
def test_numbers_are_exact_where_they_are_read_by_people(value, code, text, latex, mathml):
    assert NumPyPrinter({}, str).number(value) == code
    assert TextNotation().number(value) == text
    assert LatexNotation().number(value) == latex
    assert MathMLNotation().number(value) == mathml


def test_adjoints_stand_first_then_values_in_order_of_definition():
    last = Value("z", ("H",), 0, Role.QUANTITY)
    values = {value.symbol: value for value in (C, A, last, D_A)}
    printer = TextNotation(values)
    assert printer.print(last.symbol * a * c * D_A.symbol * 2) == "2 δaₜ ⊙ cₜ ⊙ aₜ ⊙ zₜ"
    assert printer.print(c - a * D_A.symbol) == "cₜ − δaₜ ⊙ aₜ"


def printers(base: type) -> set[type]:
    """A class of printers and all that stand on it."""
    return {base}.union(*(printers(below) for below in base.__subclasses__()))


def test_a_printer_never_changes():
    """What is printed once is printed the same again, whatever was printed between."""
    found = printers(ScalarPrinter)
    assert {TextNotation, LatexNotation, MathMLNotation, NumPyPrinter} <= found
    for printer in found:
        made = printer(VALUES, str) if issubclass(printer, CodeScalarPrinter) else printer(VALUES)
        with pytest.raises(FrozenInstanceError):
            made.values = {}
    notation, statement = TextNotation(), ls.derive(ls.cell("lstm")).adjoint.statements[0]
    assert notation.line(statement) == TextNotation.of(ls.derive(ls.cell("lstm")).adjoint).line(statement)
    assert not notation.values
