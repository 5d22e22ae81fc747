"""What a cell file says of its parameters: read, refused, and kept to by all that draws them."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check import check_cell, random_case
from lstm_sym.equations import CellError, load, parse, read_cell
from lstm_sym.equations.parameters import Parameter

LEAKY = "k[t] = exp(-1 / tau)\nh[t] = k[t] * h[t-1] + (1 - k[t]) * tanh(W @ x[t] + U @ h[t-1] + b)"


def cell_file(lines: str) -> bytes:
    return f'equations = """\n{LEAKY}\n"""\n[parameters]\n{lines}\n'.encode()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"> 0"', Parameter(low=0)),
        ('">= 0, <=1.5"', Parameter(low=0, high=1.5)),
        ('"<-1e-3"', Parameter(high=-1e-3)),
        ('"= 0.5"', Parameter(default=0.5)),
        ("0.5", Parameter(default=0.5)),
        ("2", Parameter(default=2.0)),
        ('"scalar"', Parameter(scalar=True)),
        ('"scalar, > 0, = 5"', Parameter(low=0, default=5.0, scalar=True)),
    ],
)
def test_what_is_said_of_a_parameter(written, expected):
    cell = read_cell(cell_file(f"tau = {written}"), key="leaky", source="leaky.toml")
    assert cell.declared == {"tau": expected}
    assert cell.shapes["tau"] == (() if expected.scalar else ("H",))


@pytest.mark.parametrize(
    ("lines", "line", "what", "fix"),
    [
        ('b = 1\ntau = "positive"', 7, "`positive` says nothing", 'tau = "> 0"'),
        ('tau = "> ٠"', 6, "says nothing", '"> 0"'),
        ("tau = true", 6, "neither text nor a number", '"> 0"'),
        ('tau = ["> 0"]', 6, "neither text nor a number", '"> 0"'),
        ('tau = "> 1, < 0"', 6, "no number can be", "lower bound"),
        ('tau = "> 0, = -1"', 6, "no number can be", "lies between"),
        ("tau = 1e40", 6, "cannot bound or begin", "scale"),
        ("b = 1\nW = 0.5", 7, "the matrix `W`", "drop the number"),
        ("b = 1\nh = 0.5", 7, "`h`, which has a time index", "drop that line"),
        ("taus = 1", 6, "`taus`, which no equation reads", "did you mean tau?"),
    ],
)
def test_refused_with_place_and_fix(lines, line, what, fix):
    with pytest.raises(CellError) as caught:
        read_cell(cell_file(lines), key="leaky", source="leaky.toml")
    assert caught.value.line == line and what in caught.value.what and fix in caught.value.fix


def test_a_scalar_is_no_matrix():
    with pytest.raises(CellError, match="`U` is one number") as caught:
        parse("h[t] = W @ x[t] + U @ h[t-1]", parameters={"U": "scalar"})
    assert caught.value.column == 19


def test_a_declaration_is_part_of_the_cell(tmp_path):
    path = tmp_path / "leaky.toml"
    path.write_bytes(cell_file('tau = "scalar, > 0"\nb = 0.1'))
    cell, plain = load(path), parse(LEAKY)
    assert cell.content_hash != plain.content_hash
    constants = parse(
        "h[t] = alpha * h[t-1] + W @ x[t] * tau", constants={"alpha": Fraction(1)}, parameters={"tau": "> 0"}
    )
    assert constants.with_options(alpha=0.5).declared == constants.declared
    assert replace(cell, declared={}).content_hash == replace(plain, key="leaky").content_hash


@pytest.mark.parametrize("bounds", [(0.0, math.inf), (-math.inf, -2.0), (0.0, 1.0), (3.0, 3.5)])
@pytest.mark.parametrize("scalar", [False, True])
def test_parameters_are_drawn_within_their_bounds(bounds, scalar):
    low, high = bounds
    text = ", ".join([f"> {low}"] * math.isfinite(low) + [f"< {high}"] * math.isfinite(high) + ["scalar"] * scalar)
    cell = parse(LEAKY, parameters={"tau": text})
    for dtype in (np.float64, np.float32):
        params = ls.build(cell).init(3, 50, rng=np.random.default_rng(1), dtype=dtype)
        assert params.tau.shape == (() if scalar else (50,)) and params.tau.dtype == dtype
        assert (low < params.tau).all() and (params.tau < high).all()
    drawn = np.array([random_case(cell, hidden=7, seed=seed).params["tau"] for seed in range(20)])
    assert (low < drawn).all() and (drawn < high).all() and np.ptp(drawn) > 0


def test_parameters_begin_where_the_file_says():
    kernel = ls.build(parse(LEAKY, parameters={"tau": "scalar, > 0, = 5", "b": 0.25}))
    params = kernel.init(3, 4)
    assert params.tau == 5 and (params.b == 0.25).all() and np.ptp(params.W) > 0
    assert kernel.init(3, 4, tau=2.0).tau == 2 and (kernel.init(3, 4, tau=2.0).b == 0.25).all()
    with pytest.raises(ValueError, match=r"tau = -1\.0 is outside its bounds, 0\.0 to inf"):
        kernel.init(3, 4, tau=-1.0)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (LEAKY, {"tau": "> 0"}),
        (LEAKY, {"tau": "scalar, > 0"}),
        ("h[t] = sqrt(a) * tanh(W @ x[t]) + log(p) * h[t-1]", {"a": "> 0", "p": "> 0, < 1, = 0.5"}),
        ("a[t] = W @ x[t] + s * h[t-1]\nh[t] = tanh(sigmoid(s) * a[t]) + V @ (s * tanh(q - s))", {"s": "scalar"}),
    ],
)
def test_no_check_cries_wolf_over_a_domain_or_a_quantity_of_parameters(text, parameters):
    if "q - s" in text:
        text = text.replace("q - s", "q + s * h[t-1]")
    assert [result for result in check_cell(parse(text, parameters=parameters)) if not result.passed] == []


def test_the_same_checks_fail_where_the_domain_is_not_said():
    with np.errstate(all="ignore"):
        results = check_cell(parse("h[t] = sqrt(a) * tanh(W @ x[t]) + h[t-1]"), quick=True)
    assert any(not result.passed for result in results)


def test_the_jacobian_of_a_learned_scalar_is_a_column():
    d = ls.derive(parse("a[t] = W @ x[t] + s * h[t-1]\nh[t] = U @ tanh(a[t])", parameters={"s": "scalar"}))
    assert d.text(d.jacobian("h", "s")) == "U ((1 − tanh²(aₜ)) ⊙ hₜ₋₁)"
    assert d.text(d.jacobian("a", "s")) == "hₜ₋₁"


@pytest.mark.parametrize("name", ["A", "B", "C", "D", "T"])
def test_the_names_of_state_space_models_are_ordinary(name):
    """A parameter, a vector, a state of any of these names."""
    for text in (
        f"h[t] = {name} @ x[t] + U @ h[t-1]",
        f"h[t] = tanh({name} * h[t-1] + W @ x[t])",
        f"{name}[t] = tanh({name}[t-1] + W @ x[t])",
    ):
        assert [result for result in check_cell(parse(text), quick=True) if not result.passed] == []
