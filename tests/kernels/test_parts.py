"""The state Jacobian split by the equation through which the flow enters, and gates in logarithms."""

import re

import mpmath
import numpy as np
import pytest
from kernels.cells import CORE

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.equations.functions import LOGARITHMS

# As the engine writes them now, not as they are checked in.
gru, lstm, lstm_concat, lstm_coupled, lstm_peephole = (
    ls.build(ls.cell(name)) for name in ("gru", "lstm", "lstm_concat", "lstm_coupled", "lstm_peephole")
)

CELLS = pytest.mark.parametrize("name", CORE)
FORMS = pytest.mark.parametrize("precise", [False, True], ids=["fast", "precise"])


def taped(cell, precise=True, steps=5):
    kernel, case = ls.build(cell), random_case(cell, steps=steps, batch=3, hidden=4)
    params = kernel.Params(**case.params)
    tape = kernel.forward(case.x, params, kernel.State(**case.state), precise=precise)[2]
    return kernel, case, params, tape


def gap(found, wanted):
    """The largest difference, relative to the largest entry."""
    return np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-300)


@CELLS
@FORMS
def test_the_parts_sum_to_the_jacobian(name, precise):
    kernel, _, params, tape = taped(CORE[name], precise)
    parts = kernel.jacobian_parts(tape, params)
    assert gap(sum(parts.values()), kernel.jacobian(tape, params)) < 1e-14


def with_aliases(cell, entry):
    """The cell in which the equation `entry` alone reads copies of the states: their columns are its part."""
    lines = []
    for equation in cell.equations:
        text = f"{equation.target}[t] = {equation.expression}"
        if equation.target == entry:
            text = re.sub(rf"\b({'|'.join(cell.states)})\[t-1\]", r"alias_\1[t-1]", text)
        lines.append(text)
    sizes = {f"alias_{state}": cell.shapes[state][0] for state in cell.states} | dict(cell.sizes)
    read = [s for s in cell.states if f"alias_{s}[t-1]" in "\n".join(lines)]
    lines += [f"alias_{state}[t] = {state}[t] * {state}[t]" for state in read]
    lines += [f"kept_{state}[t] = {state}[t-1]" for state in cell.states]  # what is read nowhere else is a state still
    sizes = {name: size for name, size in sizes.items() if not name.startswith("alias_") or name[6:] in read}
    return ls.parse("\n".join(lines), sizes=sizes, output=cell.output, constants=dict(cell.constants)), read


@pytest.mark.parametrize("name", [pytest.param("lstm_peephole", marks=pytest.mark.long), "gru", "slstm"])
def test_a_part_is_the_jacobian_with_respect_to_what_that_equation_alone_reads(name):
    """A third way beside the check of parts, which every cell passes: the equation reads a state of its own."""
    cell = ls.cell(name).with_options()
    kernel, case, params, tape = taped(cell, steps=1)
    parts = kernel.jacobian_parts(tape, params)
    for entry, part in parts.items():
        other, read = with_aliases(cell, entry)
        twin = ls.build(other)
        state = dict(case.state) | {f"alias_{s}": case.state[s] for s in read}
        state = {s: state[s] for s in other.states}
        tape_ = twin.forward(case.x, twin.Params(**case.params), twin.State(**state), precise=True)[2]
        whole = twin.jacobian(tape_, twin.Params(**case.params))
        at, columns = 0, {}
        for s in other.states:
            columns[s] = slice(at, at + state[s].shape[1])
            at += state[s].shape[1]
        mine = 0
        for s in cell.states:
            width = case.state[s].shape[1]
            rows = np.concatenate([np.arange(*columns[r].indices(at)) for r in cell.states])
            block = part[..., mine : mine + width]
            if s in read:
                assert gap(block, whole[..., rows, columns[f"alias_{s}"]]) < 1e-14, (entry, s)
            else:
                assert not block.any()
            mine += width


def test_the_part_of_the_cell_state_is_the_forget_gate():
    """dc[t]/dc[t-1] along the cell path = diag(f), and nothing else enters by the equation of c."""
    kernel, _, params, tape = taped(ls.cell("lstm"))
    size = tape.c.shape[-1]
    part = kernel.jacobian_parts(tape, params)["c"][..., size:, :]
    f = np.exp(kernel.log_terms(tape, params)["f"])
    assert gap(part[..., size:], f[..., None] * np.eye(size)) < 1e-15
    assert not part[..., :size].any()


def test_the_gru_keeps_its_state_by_the_update_gate():
    kernel, _, params, tape = taped(ls.cell("gru"))
    part = kernel.jacobian_parts(tape, params)["h"]
    z = np.exp(kernel.log_terms(tape, params)["z"])
    assert gap(part, z[..., None] * np.eye(z.shape[-1])) < 1e-15


def test_a_stack_that_gates_share_enters_by_each_gate():
    """lstm_concat computes [h, x] once; its parts are those of the LSTM with the same weights."""
    params, x = lstm.init(3, 4), np.random.default_rng(0).standard_normal((5, 2, 3))
    joined = lstm_concat.Params(
        **{
            f"{kind}_{gate}": np.hstack([getattr(params, f"U_{gate}"), getattr(params, f"W_{gate}")])
            if kind == "W"
            else getattr(params, f"b_{gate}")
            for gate in "ifgo"
            for kind in "Wb"
        }
    )
    one = lstm.jacobian_parts(lstm.forward(x, params)[2], params)
    other = lstm_concat.jacobian_parts(lstm_concat.forward(x, joined)[2], joined)
    assert one.keys() == other.keys() == {"i", "f", "g", "o", "c"}
    assert max(gap(other[key], one[key]) for key in one) < 1e-14


@pytest.mark.parametrize("a", [-1e4, -745.5, -37.0, -1.0, -1e-9, 0.0, 0.3, 20.0, 800.0, 1e4])
def test_logarithms_from_the_pre_activation(a):
    """ln sigmoid, ln sigmoid', ln tanh' against 60 digits, where the numbers themselves are 0 or 1 in float64."""
    params, x = lstm.init(1, 1), np.zeros((1, 1, 1))
    params = lstm.Params(*(np.zeros_like(p) for p in params))._replace(b_f=np.array([a]), b_g=np.array([a]))
    found = lstm.log_terms(lstm.forward(x, params, precise=True)[2], params, 0)
    with mpmath.workdps(60 + int(abs(a))):
        e = mpmath.exp(-mpmath.mpf(a))
        wanted = {
            "f": -mpmath.log(1 + e),
            "f_slope": mpmath.log(e / (1 + e) ** 2),
            "g_slope": mpmath.log(mpmath.sech(mpmath.mpf(a)) ** 2),
        }
        for key, value in wanted.items():
            assert abs(found[key].item() - value) <= 4e-16 * max(1, abs(value)), key


def test_a_complement_is_a_gate_too():
    params, x = lstm_coupled.init(1, 1, b_i=900.0), np.zeros((1, 1, 1))
    terms = lstm_coupled.log_terms(lstm_coupled.forward(x, params, precise=True)[2], params)
    np.testing.assert_allclose(terms["f"], -900.0, rtol=1e-15)
    np.testing.assert_allclose(terms["i"], 0.0, atol=1e-300)


@pytest.mark.parametrize("t", [slice(None), 0, [1, 3]])
def test_a_gate_of_parameters_alone_has_the_axes_of_any_other(t):
    kernel = ls.build(ls.parse("k[t] = sigmoid(b)\nh[t] = k[t] * h[t-1] + (1 - k[t]) * tanh(W @ x[t])"))
    params, x = kernel.init(2, 3), np.zeros((5, 4, 2))
    terms = kernel.log_terms(kernel.forward(x, params, precise=True)[2], params, t)
    assert terms["k"].shape == terms["tanh_a_h_slope"].shape
    np.testing.assert_allclose(np.exp(terms["k"]), np.broadcast_to(1 / (1 + np.exp(-params.b)), terms["k"].shape))


def test_every_logarithm_of_the_table_is_printed_in_some_kernel():
    assert {function.__name__ for function in LOGARITHMS} == {"sigmoid", "tanh", "exp"}
    keys = {key for kernel in (lstm_peephole, gru) for key in terms_of(kernel)}
    assert keys >= {"i", "f", "o", "r", "z", "g_slope", "n_slope", "tanh_c_slope"}
    kernel = ls.build(ls.parse("e[t] = exp(W @ x[t])\nh[t] = tanh(e[t] * h[t-1])"))
    params = kernel.init(2, 3)
    x = np.ones((1, 1, 2))
    found = kernel.log_terms(kernel.forward(x, params, precise=True)[2], params)
    np.testing.assert_allclose(found["e"][0, 0], params.W @ x[0, 0], rtol=1e-15)


def terms_of(kernel):
    params, x = kernel.init(2, 3), np.zeros((1, 1, 2))
    return kernel.log_terms(kernel.forward(x, params, precise=True)[2], params)


def test_float32_stays_float32():
    params = lstm.init(2, 3, dtype=np.float32)
    tape = lstm.forward(np.zeros((4, 1, 2), np.float32), params, precise=True)[2]
    assert {v.dtype for v in lstm.log_terms(tape, params).values()} == {np.dtype(np.float32)}
    assert {v.dtype for v in lstm.jacobian_parts(tape, params).values()} == {np.dtype(np.float32)}


def test_the_tape_of_the_fast_form_is_refused():
    params = lstm.init(2, 3)
    with pytest.raises(TypeError, match=r"tape is a Tape; .* forward\(\.\.\., precise=True\)"):
        lstm.log_terms(lstm.forward(np.zeros((4, 1, 2)), params)[2], params)
