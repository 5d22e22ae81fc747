"""The fold of one unit: against the closed form, against mpmath, and against states that are iterated."""

import mpmath
import numpy as np
import pytest

from lstm_sym import build, cell, parse
from lstm_sym.flow import FlowError, record, state_sensitivity
from lstm_sym.flow.theory import saddle_node

UNIT = saddle_node(cell("rnn"))


@pytest.mark.parametrize("u", [1.01, 1.5, 2.0, 7.0])
def test_the_fold_of_tanh_in_closed_form(u):
    """b = +-(sqrt(u (u - 1)) - arcosh(sqrt u)), and it solves h = tanh(u h + b) with slope 1 in 30 digits."""
    wanted = np.sqrt(u * (u - 1)) - np.arccosh(np.sqrt(u))
    assert UNIT.fold(u) == pytest.approx([-wanted, wanted], rel=1e-10)

    def equations(h, b):
        found = mpmath.tanh(u * h + b)
        return found - h, u * (1 - found**2) - 1

    with mpmath.workdps(30):
        solved = mpmath.findroot(equations, (-np.sqrt(1 - 1 / u), wanted))
    assert UNIT.fold(u)[1] == pytest.approx(float(solved[1]), rel=1e-10)


@pytest.mark.parametrize("u", [1.3, 2.0, 5.0])
def test_the_branches_are_formulas_of_the_same_fold(u):
    values = sorted(float(branch.xreplace({s: u for s in branch.free_symbols})) for branch in UNIT.branches)
    assert values == pytest.approx(list(UNIT.fold(u)), rel=1e-10)


@pytest.mark.parametrize("u", [-2.0, 0.0, 0.5, 1.0])
def test_there_is_no_fold_up_to_a_weight_of_one(u):
    assert UNIT.fold(u).size == 0
    assert len(UNIT.fixed_points(u, 0.3).states) == 1


@pytest.mark.parametrize(("u", "b"), [(2.0, 0.0), (2.0, 0.5), (2.0, 0.54), (1.2, -0.02), (4.0, 2.1), (4.0, 2.3)])
def test_three_fixed_points_inside_the_fold_one_outside(u, b):
    edge = UNIT.fold(u)[1]
    found = UNIT.fixed_points(u, b)
    assert len(found.states) == (3 if abs(b) < edge else 1)
    h = np.array(found.states)
    assert np.tanh(u * h + b) == pytest.approx(h, abs=1e-12)
    assert found.slopes == pytest.approx(u * (1 - h**2), rel=1e-8)
    assert found.stable == ((True, False, True) if len(h) == 3 else (True,))


@pytest.mark.parametrize("u", [1.01, 2.0, 7.0, 1e3])
def test_on_the_fold_two_fixed_points_are_one_of_slope_one(u):
    """h = -+sqrt(1 - 1/u) there, which attracts from one side alone; the third point stays stable."""
    for sign, b in zip((1, -1), UNIT.fold(u), strict=True):
        found = UNIT.fixed_points(u, b)
        double, other = (0, 1) if sign < 0 else (1, 0)
        assert len(found.states) == 2
        assert found.states[double] == pytest.approx(sign * np.sqrt(1 - 1 / u), rel=1e-9)
        assert found.slopes[double] == pytest.approx(1.0, abs=1e-9)
        assert (found.stable[double], found.stable[other]) == (False, True)
        edges = (found.states[double], np.inf) if sign < 0 else (-np.inf, found.states[double])
        assert found.basins == (edges,)


@pytest.mark.parametrize(("u", "b"), [(2.0, 0.3), (3.0, -0.8), (0.7, 0.1)])
def test_basins_are_where_iterated_states_end(u, b):
    found = UNIT.fixed_points(u, b)
    targets = [state for state, stable in zip(found.states, found.stable, strict=True) if stable]
    for start in np.linspace(-2.0, 2.0, 41):
        h = start
        for _ in range(3000):
            h = np.tanh(u * h + b)
        (inside,) = [k for k, (low, high) in enumerate(found.basins) if low < start < high]
        assert h == pytest.approx(targets[inside], abs=1e-9)


def test_the_kernel_stays_at_the_fixed_points_and_forgets_with_their_slopes():
    kernel = build(cell("rnn"))
    u, b = 1.6, 0.05
    found = UNIT.fixed_points(u, b)
    params = kernel.Params(W=np.ones((1, 1)), U=np.full((1, 1), u), b=np.full(1, b))
    x = np.random.default_rng(0).standard_normal((30, 1)) * 1e-13
    trajectory = record(kernel, params, x, state=kernel.State(h=np.array([[found.states[2]]])))
    profile = state_sensitivity(trajectory, lags=20, ends=1)
    assert profile.median()[20] == pytest.approx(20 * np.log(found.slopes[2]), rel=1e-9)


def test_a_leaky_unit_has_the_fixed_points_of_the_plain_one_and_slopes_nearer_to_one():
    leaky = saddle_node(cell("leaky_rnn").with_options(alpha=0.25))
    assert leaky.fold(2.0) == pytest.approx(UNIT.fold(2.0), rel=1e-9)
    slow, fast = leaky.fixed_points(2.0, 0.1), UNIT.fixed_points(2.0, 0.1)
    assert slow.states == pytest.approx(fast.states, rel=1e-9)
    assert slow.slopes == pytest.approx(0.75 + 0.25 * np.array(fast.slopes), rel=1e-9)


def test_another_function_has_another_fold():
    """h = sigmoid(u h + b) is tanh in other units: h = (1 + k) / 2, k = tanh(u k / 4 + (b + u / 2) / 2)."""
    found = saddle_node(parse("h[t] = sigmoid(W @ x[t] + U @ h[t-1] + b)"))
    u = 6.0
    assert found.fold(u) == pytest.approx(2 * UNIT.fold(u / 4) - u / 2, rel=1e-9)
    assert [len(found.fixed_points(u, b).states) for b in (-3.0, -2.0)] == [3, 1]


def test_a_negative_weight_jumps_from_side_to_side_and_has_no_basins_to_tell():
    found = UNIT.fixed_points(-3.0, 0.0)
    assert found.stable == (False,)
    with pytest.raises(FlowError, match="slope -3 at"):
        _ = found.basins


def test_a_function_without_bounds_is_refused():
    unit = saddle_node(parse("h[t] = softplus(W @ x[t] + U @ h[t-1] + b)"))
    with pytest.raises(FlowError, match="no bound"):
        unit.fixed_points(2.0, 1.0)


@pytest.mark.parametrize("key", ["lstm", "gru", "antisymmetric_rnn", "indrnn"])
def test_cells_of_another_form_are_refused(key):
    with pytest.raises(FlowError, match="one unit"):
        saddle_node(cell(key))
