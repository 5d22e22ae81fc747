"""Jacobians of one step as symbols: gates, states, parameters."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import sympy
from derivation.random_cells import random_cell

import lstm_sym as ls
from lstm_sym.check.case import random_case
from lstm_sym.compile.derivation import Derivation
from lstm_sym.derivation.jacobian import Jacobians, state_jacobian
from lstm_sym.derivation.linear_map import Applied, Block, Diagonal, LinearMap, Matrix, collect, compose
from lstm_sym.equations.sizes import number_of
from lstm_sym.interpreter.evaluation import evaluate, known_sizes, operator_matrix, run_statement, run_step
from lstm_sym.notation.text import TextNotation
from lstm_sym.program import Value, lower
from lstm_sym.program.values import Operator


def text(name: str, target: str, source: str) -> str:
    derivation = ls.derive(ls.cell(name))
    return TextNotation.of(derivation.forward).linear_map(derivation.jacobian(target, source))


def symbols(derivation: Derivation, names: str) -> list[sympy.Symbol]:
    """Symbols of values by name; `c_` is c[t-1]."""
    return [derivation.value(n.rstrip("_"), source=n.endswith("_")).symbol for n in names.split()]


JACOBIANS = {
    ("lstm", "i", "h"): "diag(iₜ ⊙ (1 − iₜ)) U_i",
    ("lstm", "f", "h"): "diag(fₜ ⊙ (1 − fₜ)) U_f",
    ("lstm", "o", "x"): "diag(oₜ ⊙ (1 − oₜ)) W_o",
    ("lstm", "g", "x"): "diag(1 − gₜ²) W_g",
    ("lstm", "g", "b_g"): "diag(1 − gₜ²)",
    ("lstm", "i", "W_i"): "diag(iₜ ⊙ (1 − iₜ)) dW xₜ",
    ("lstm", "i", "U_i"): "diag(iₜ ⊙ (1 − iₜ)) dW hₜ₋₁",
    ("lstm", "c", "i"): "diag(gₜ)",
    ("lstm", "h", "c[t]"): "diag(oₜ ⊙ (1 − tanh²(cₜ)))",
    ("lstm", "h", "o"): "diag(tanh(cₜ))",
    ("lstm", "c", "c"): "diag(fₜ)",
    ("lstm", "h", "c"): "diag(oₜ ⊙ (1 − tanh²(cₜ)) ⊙ fₜ)",
    ("lstm", "i", "c"): "0",
    ("lstm", "f", "W_i"): "0",
    ("lstm", "c", "h"): ("diag(cₜ₋₁ ⊙ fₜ ⊙ (1 − fₜ)) U_f + diag(gₜ ⊙ iₜ ⊙ (1 − iₜ)) U_i + diag(iₜ ⊙ (1 − gₜ²)) U_g"),
    ("lstm_peephole", "i", "p_i"): "diag(cₜ₋₁ ⊙ iₜ ⊙ (1 − iₜ))",
    ("lstm_peephole", "f", "c"): "diag(fₜ ⊙ (1 − fₜ) ⊙ p_f)",
    ("lstm_peephole", "o", "c[t]"): "diag(oₜ ⊙ (1 − oₜ) ⊙ p_o)",
    ("gru", "z", "h"): "diag(zₜ ⊙ (1 − zₜ)) U_z",
    ("gru", "n", "r"): "diag(1 − nₜ²) U_n diag(hₜ₋₁)",
    ("gru", "n", "h"): "diag(1 − nₜ²) U_n diag(hₜ₋₁ ⊙ rₜ ⊙ (1 − rₜ)) U_r + diag(1 − nₜ²) U_n diag(rₜ)",
    ("rnn", "h", "h"): "diag(1 − hₜ²) U",
}


@pytest.mark.parametrize(("asked", "expected"), JACOBIANS.items(), ids=lambda value: str(value)[:40])
def test_jacobians_are_those_of_the_textbook(asked, expected):
    assert set(text(*asked).split(" + ")) == set(expected.split(" + "))


def test_the_cell_path_of_a_peephole_lstm_is_one_diagonal():
    derivation = ls.derive(ls.cell("lstm_peephole"))
    c_, f, i, g, p_f, p_i = symbols(derivation, "c_ f i g p_f p_i")
    found = derivation.jacobian("c", "c").diagonal()
    assert sympy.expand(found - (f + c_ * f * (1 - f) * p_f + g * i * (1 - i) * p_i)) == 0


def test_the_path_from_cell_to_output_of_a_peephole_lstm():
    derivation = ls.derive(ls.cell("lstm_peephole"))
    o, p_o, tanh_c = symbols(derivation, "o p_o tanh_c")
    through = derivation.jacobian("c", "c").diagonal()
    expected = through * (o * (1 - tanh_c**2) + tanh_c * o * (1 - o) * p_o)
    assert sympy.expand(derivation.jacobian("h", "c").diagonal() - expected) == 0


def test_the_direct_path_of_a_gru_is_its_update_gate():
    terms = ls.derive(ls.cell("gru")).jacobian("h", "h").terms
    direct = [term for term in terms if all(isinstance(factor, Diagonal) for factor in term)]
    assert [term[0].expression for term in direct] == symbols(ls.derive(ls.cell("gru")), "z")


@pytest.mark.parametrize("name", ls.names())
def test_the_state_jacobian_has_a_block_for_every_pair_of_states(name):
    cell = ls.cell(name)
    blocks = ls.derive(cell).state_jacobian()
    assert set(blocks) == {(a, b) for a in cell.states for b in cell.states}
    assert all((block.rows, block.columns) == (cell.shapes[a], cell.shapes[b]) for (a, b), block in blocks.items())


def test_staged_blocks_go_through_the_states_computed_before():
    blocks = state_jacobian(lower(ls.cell("lstm")), staged=True)
    through = [p for p in blocks["h", "c"].map.terms if isinstance(p[-1], Block)]
    assert [product[-1].target.name for product in through] == ["c"]
    assert not blocks["h", "c"].map.stages
    assert not any(isinstance(f, Block) for p in blocks["c", "c"].map.terms for f in p)


def test_a_quantity_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(KeyError, match=r"lstm has no quantity q; it has x, .*tanh_c"):
        ls.derive(ls.cell("lstm")).jacobian("q", "h")


# Numbers in place of symbols: every Jacobian against complex steps of the forward program.


def known_values(derivation: Derivation, seed: int) -> dict[Value, np.ndarray]:
    program = derivation.forward
    case = random_case(derivation.cell, steps=1, batch=1, inputs=2, hidden=3, seed=seed)
    known = {value: case.params[value.name] for value in program.parameters}
    known |= {c.incoming: case.state[c.incoming.name] for c in program.carries}
    return known | {value: case.x[0] for value in program.inputs}


def matrix(linear: LinearMap, values: dict[Value, np.ndarray], direction: np.ndarray) -> np.ndarray:
    """The map applied to a direction: of a matrix parameter it is a matrix, else a vector."""
    vectors = {v: array for v, array in values.items() if len(v.shape) < 2}
    numbers = {v.symbol: array[0] if v.time is not None else array for v, array in vectors.items()}
    total = np.zeros(number_of(linear.rows[0], known_sizes(values)))
    for product in linear.terms:
        moved = direction
        for factor in reversed(product):
            if isinstance(factor, Applied):
                moved = (moved.T if factor.transposed else moved) @ numbers[factor.operand.symbol]
            elif isinstance(factor, Matrix):
                weights = weights_of(factor, values)
                moved = (weights.T if factor.transposed else weights) @ moved
            else:
                moved = evaluate(factor.expression, numbers) * moved
        total = total + moved
    return total


def weights_of(factor: Matrix, values: dict[Value, np.ndarray]) -> np.ndarray:
    """A parameter matrix, or a constant one."""
    if isinstance(factor.value, Operator):
        return operator_matrix(factor.value, known_sizes(values))
    return values[factor.value]


CELLS = [ls.cell(name) for name in ls.names()] + [
    random_cell(Random(seed), plain=True).parse() for seed in range(400, 420)
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.text.replace("\n", "; ")[:60])
def test_every_jacobian_is_the_derivative_along_any_direction(cell):
    derivation, rng = Derivation(cell), np.random.default_rng(3)
    known = known_values(derivation, seed=5)
    values = run_step(derivation.forward, known)
    for source, array in known.items():
        direction = rng.standard_normal(array.shape)
        moved = run_step(derivation.forward, {**known, source: array + 1e-30j * direction})
        flat = direction if source.is_parameter else direction[0]
        for target in derivation.forward.statements[-1].target, derivation.forward.carries[0].outgoing:
            derived = Jacobians(derivation.forward).of(target, source)
            linear, slopes = derived.map.expanded(), {s.target: s for s in derived.slopes}
            numbers = dict(values)
            for value, statement in slopes.items():
                numbers[value] = run_statement(statement, numbers)
            expected = np.imag(moved[target])[0] / 1e-30
            error = np.abs(matrix(linear, numbers, flat) - expected).max()
            assert error <= 1e-12 * max(np.abs(expected).max(), 1e-300) or (error == 0)


# The algebra of linear maps.

E, F = sympy.symbols("e f", real=True)
U = Matrix(Value("U", ("H", "H"), None))


def test_neighbouring_diagonals_merge_and_identities_vanish():
    assert compose(Diagonal(E), (Diagonal(F), U)) == (Diagonal(E * F), U)
    assert compose(Diagonal(E), (Diagonal(1 / E), U)) == (U,)
    assert compose(Diagonal(sympy.Integer(1)), (U,)) == (U,)
    assert compose(U, (Diagonal(E),)) == (U, Diagonal(E))


def test_products_of_the_same_tail_merge_and_cancel():
    assert collect([(Diagonal(E), U), (Diagonal(F), U)]) == ((Diagonal(E + F), U),)
    assert collect([(Diagonal(E), U), (Diagonal(-E), U)]) == ()
    assert collect([(), (Diagonal(E),)]) == ((Diagonal(1 + E),),)
    assert collect([(U,), (U,)]) == ((Diagonal(sympy.Integer(2)), U),)


def test_a_map_with_a_matrix_is_not_diagonal():
    assert LinearMap(((U,),), ("H",), ("H",), {}).diagonal() is None
    assert LinearMap((), ("H",), ("H",), {}).is_zero
    assert LinearMap(((),), ("H",), ("H",), {}).diagonal() == 1


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        ("lstm", "h", "diag(oₜ ⊙ (1 − tanh²(cₜ)) ⊙ cₜ₋₁ ⊙ fₜ ⊙ (1 − fₜ)) U_f"),
        ("lstm", "h", "diag(oₜ ⊙ (1 − tanh²(cₜ)) ⊙ iₜ ⊙ (1 − gₜ²)) U_g"),
        ("gru", "h", "diag((1 − zₜ) ⊙ (1 − nₜ²)) U_n diag(hₜ₋₁ ⊙ rₜ ⊙ (1 − rₜ)) U_r"),
        ("lstm_peephole", "c", "diag(cₜ₋₁ ⊙ fₜ ⊙ (1 − fₜ)) U_f"),
    ],
)
def test_factors_stand_on_the_path_from_target_to_source(name: str, target: str, expected: str) -> None:
    """h <- tanh(c) <- c <- f <- a_f: what each step multiplies by, and its slope, one behind the other."""
    derivation = ls.derive(name)
    assert expected in derivation.text(derivation.jacobian(target, "h"))
