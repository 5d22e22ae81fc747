"""Random cells through the whole engine: parse, lower, derive, emit, build; every gradient against autograd."""

from __future__ import annotations

import os
from random import Random

import pytest
from derivation.kernel_errors import errors_of
from derivation.random_cells import RandomCell, random_cell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_sym.equations.expressions import Call, MatrixProduct, Repeat, Stack
from lstm_sym.equations.functions import FUNCTIONS, REDUCTIONS
from lstm_sym.equations.sizes import is_composed

BAR = 1e-12
EXAMPLES = int(os.environ.get("RANDOM_CELLS", "1000"))
long = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def cells(plain: bool) -> st.SearchStrategy[RandomCell]:
    return st.builds(lambda rng: random_cell(rng, plain=plain), st.randoms(use_true_random=False))


def hold(random: RandomCell) -> None:
    errors = errors_of(random.parse())
    assert max(errors.values()) <= BAR, (random.text, errors)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("plain", [True, False], ids=["the forms of papers", "all forms"])
def test_random_cells_hold_everywhere(plain, seed):
    """By their numbers: what hypothesis draws depends on the modules that are there."""
    hold(random_cell(Random(seed), plain=plain))


@pytest.mark.long
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(cells(plain=True), id="plain"),
        pytest.param(cells(plain=False), id="all"),
    ],
)
def test_many_random_cells(kind):
    """RANDOM_CELLS=5000 asks for that many of each kind."""
    long(given(kind)(hold))()


def test_the_same_numbers_give_the_same_cells():
    assert [random_cell(Random(k), plain=False) for k in range(50)] == [
        random_cell(Random(k), plain=False) for k in range(50)
    ]


def test_random_cells_reach_every_construct():
    randoms = [random_cell(Random(seed), plain=False) for seed in range(200)]
    for part in (
        " / ",
        " ** ",
        "-(",
        " @ (",
        ".T @ ",
        " @ [",
        "repeat(",
        ", n)",
        "exp(-",
        "gain",
        "exp(-rate)",
    ):
        assert any(part in random.text for random in randoms), part
    parsed = [random.parse() for random in randoms]
    nodes = [node for cell in parsed for equation in cell.equations for node in equation.expression.walk()]
    assert {node.function for node in nodes if isinstance(node, Call)} == {*FUNCTIONS, *REDUCTIONS}
    assert {len(node.parts) for node in nodes if isinstance(node, Stack)} == {2, 3}
    assert {node.count for node in nodes if isinstance(node, Repeat)} == {2, 3}
    assert any(isinstance(part, Stack | Repeat) for node in nodes if isinstance(node, Stack) for part in node.parts)
    assert {node.transposed for node in nodes if isinstance(node, MatrixProduct)} == {False, True}
    assert {len(cell.states) for cell in parsed} == {1, 2, 3}
    assert {len(cell.size_names) for cell in parsed} >= {1, 2, 3}
    assert {bool(cell.input) for cell in parsed} == {bool(cell.constants) for cell in parsed} == {False, True}
    assert any(is_composed(cell.shapes[state][0]) for cell in parsed for state in cell.states)
    assert any(cell.output not in cell.states for cell in parsed)
