"""The target C: its functions in units of the last place, names that C has already, and what stays with NumPy."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from random import Random

import mpmath
import numpy as np
import pytest
from derivation.random_cells import random_cell
from representatives import each

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.emit.c.words import RESERVED, support
from lstm_sym.native.calls import DEFINITIONS
from lstm_sym.native.compiler import find_compiler
from lstm_sym.native.libraries import library

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler on this machine")

EXACT = {
    "exp": mpmath.exp,
    "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)),
    "sigmoid_slope": lambda a: 1 / (2 + mpmath.exp(a) + mpmath.exp(-a)),
    "tanh": mpmath.tanh,
    "tanh_slope": lambda a: mpmath.sech(a) ** 2,
    "log1p": mpmath.log1p,
    "softplus": lambda a: mpmath.log1p(mpmath.exp(a)),
    "log": mpmath.log,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "sqrt": mpmath.sqrt,
    "softsign": lambda a: a / (1 + abs(a)),
}
"""Function of functions.h -> the same of many digits."""
POSITIVE = {"log", "sqrt"}
_WRAPPER = """
void all_{0}(long n, const real *x, real *y) {{ EACH_UNIT for (long k = 0; k < n; k++) y[k] = {0}_at(x[k]); }}"""


@pytest.fixture(scope="module")
def functions():
    """The functions of both dtypes, over arrays."""
    head = "#include <math.h>\n#include <stdlib.h>\n#include <string.h>\n"
    source = head + support() + "".join(map(_WRAPPER.format, EXACT))
    libraries = {dtype: library(source, definitions) for dtype, definitions in DEFINITIONS.items()}

    def call(name, x):
        y = np.empty_like(x)
        addresses = (ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data))
        libraries[x.dtype][f"all_{name}"](ctypes.c_long(x.size), *addresses)
        return y

    return call


def points(name, dtype):
    """Arguments of all sizes: to where a function is a limit, and small ones down to the smallest."""
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    small = 10.0 ** rng.uniform(np.log10(info.smallest_subnormal), 0, 300) * rng.choice([-1, 1], 300)
    edge = np.log(float(info.smallest_subnormal))
    wide = np.concatenate([rng.uniform(edge, -edge, 400), rng.uniform(-30, 30, 400), rng.uniform(-2, 2, 400), small])
    wide = np.abs(wide[np.abs(wide) <= 1] if name == "log1p" else wide) if name in (*POSITIVE, "log1p") else wide
    return wide.astype(dtype)


def ulps(found, exact, dtype):
    """Errors in units of the last place of the exact values; what is no number of the dtype must be inf or 0."""
    errors = []
    for value, true in zip(found, exact, strict=True):
        with np.errstate(over="ignore"):
            nearest = dtype.type(float(true))
        if not np.isfinite(nearest):
            errors.append(0.0 if value == nearest or value == np.finfo(dtype).max else np.inf)
            continue
        errors.append(float(abs(mpmath.mpf(float(value)) - true) / mpmath.mpf(float(np.spacing(np.abs(nearest))))))
    return np.array(errors)


@pytest.mark.parametrize("dtype", list(DEFINITIONS), ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_a_function_is_right_to_four_units_of_the_last_place(functions, name, dtype):
    x = points(name, dtype)
    with mpmath.workdps(60):
        exact = [EXACT[name](mpmath.mpf(float(value))) for value in x]
    errors = ulps(functions(name, x), exact, dtype)
    assert errors.max() <= 4, (name, x[errors.argmax()], errors.max())


@pytest.mark.parametrize("dtype", list(DEFINITIONS), ids=str)
def test_an_error_of_five_units_is_noticed(functions, dtype):
    x = points("tanh", dtype)
    found = functions("tanh", x) * (1 + 5 * np.finfo(dtype).eps)
    with mpmath.workdps(60):
        exact = [mpmath.tanh(mpmath.mpf(float(value))) for value in x]
    assert ulps(found.astype(dtype), exact, dtype).max() > 4


@pytest.mark.parametrize("dtype", list(DEFINITIONS), ids=str)
@pytest.mark.parametrize("name", sorted(set(EXACT) - POSITIVE - {"sin", "cos", "log1p"}))
def test_no_number_stays_no_number_and_limits_are_limits(functions, name, dtype):
    x = np.array([np.nan, np.inf, -np.inf], dtype)
    found = functions(name, x)
    assert np.isnan(found[0])
    with mpmath.workdps(60):
        far = [float(EXACT[name](mpmath.mpf(a))) if name != "softsign" else np.sign(a) for a in (1e4, -1e4)]
    np.testing.assert_array_equal(found[1:], np.array(far).astype(dtype) if name != "softplus" else [np.inf, 0])


def test_subnormal_numbers_are_alive_after_a_kernel_is_loaded():
    code = """
import numpy as np, lstm_sym as ls
kernel = ls.build("lstm", target="c")
kernel.forward(np.ones((3, 2, 4)), kernel.init(4, 4))
assert float(np.float64(1e-310) * 1.0) == 1e-310 and 5e-324 + 0.0 > 0
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def compare_with_numpy(cell, case):
    """Output and gradient of the input by C and by NumPy."""
    found = []
    for target in ("numpy", "c"):
        kernel = ls.build(cell, target=target)
        y, _, tape = kernel.forward(case.x, kernel.Params(**case.params), kernel.State(**case.state))
        found.append((y, kernel.backward(case.dy, tape, kernel.Params(**case.params)).x))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-11, atol=1e-12 * np.abs(one).max())


def test_a_quantity_may_be_called_as_c_calls_something():
    assert {"double", "exp_at", "times", "malloc", "real", "WIDTH", "vector", "at", "short", "tile"} <= RESERVED
    cell = ls.parse(
        "double[t] = sigmoid(W @ times[t] + U @ real[t-1])\nreal[t] = double[t] * real[t-1] + tanh(row @ times[t])",
        key="names",
    )
    compare_with_numpy(cell, random_case(cell))


def test_what_is_not_compiled_is_numpys_own():
    compiled, kernel = ls.build("gru", target="c"), ls.build("gru")
    x = np.ones((4, 2, 3), np.complex128) + 1e-3j
    params = kernel.Params(*(value.astype(complex) for value in kernel.init(3, 5)))
    np.testing.assert_array_equal(compiled.forward(x, params)[0], kernel.forward(x, params)[0])


def test_parameters_and_tapes_of_either_kernel_serve_the_other():
    compiled, kernel = ls.build("lstm", target="c"), ls.build("lstm")
    x, params = np.random.default_rng(0).standard_normal((6, 3, 4)), compiled.init(4, 5)
    for precise in (False, True):
        y, _, tape = compiled.forward(x, params, precise=precise)
        other = kernel.forward(x, params, precise=precise)[2]
        assert type(tape) is type(other) and tape._fields == other._fields
        grads = kernel.backward(np.ones_like(y), tape, params)
        again = compiled.backward(np.ones_like(y), other, params)
        np.testing.assert_allclose(grads.params.U_f, again.params.U_f, rtol=1e-12)
        for t in (0, -1):
            np.testing.assert_allclose(
                kernel.jacobian(tape, params, t), compiled.jacobian(other, params, t), rtol=1e-12
            )


def test_the_callers_arrays_are_as_they_were():
    compiled = ls.build("lstm", target="c")
    rng = np.random.default_rng(0)
    x, params, state = (
        rng.standard_normal((5, 3, 4)),
        compiled.init(4, 4),
        compiled.State(*rng.standard_normal((2, 3, 4))),
    )
    dy, dstate = rng.standard_normal((5, 3, 4)), compiled.State(*rng.standard_normal((2, 3, 4)))
    given = [x, dy, *params, *state, *dstate]
    before = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    tape = compiled.forward(x, params, state)[2]
    compiled.backward(dy, tape, params, dstate)
    for array, old in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_arrays_that_lie_otherwise_in_memory_give_the_same():
    compiled = ls.build("lstm_peephole", target="c")
    rng = np.random.default_rng(0)
    x, params, dy = rng.standard_normal((5, 3, 4)), compiled.init(4, 6), rng.standard_normal((5, 3, 6))
    y, _, tape = compiled.forward(x, params)
    dx = compiled.backward(dy, tape, params).x
    strided = compiled.Params(*(np.repeat(value, 2, axis=-1)[..., ::2] for value in params))
    fortran = np.asfortranarray(x)
    y_again, _, tape = compiled.forward(fortran, strided)
    np.testing.assert_array_equal(y, y_again)
    np.testing.assert_allclose(compiled.backward(np.asfortranarray(dy), tape, strided).x, dx, rtol=1e-13)


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_threads_change_nothing(threads, monkeypatch):
    monkeypatch.setenv("LSTM_SYM_THREADS", threads)
    monkeypatch.setattr("lstm_sym.native.calls._WORTH_A_THREAD", 0)
    compiled = ls.build("gru", target="c")
    rng = np.random.default_rng(0)
    x, params = rng.standard_normal((6, 7, 4)), compiled.init(4, 9)
    y, _, tape = compiled.forward(x, params)
    grads = compiled.backward(np.ones_like(y), tape, params)
    expected = [ls.build("gru").forward(x, params)[0], ls.build("gru").backward(np.ones_like(y), tape, params).state.h]
    for one, other in zip(expected, [y, grads.state.h], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_the_text_names_every_equation_of_the_loop():
    text = ls.generate("lstm", target="c")
    assert all(f"({number})" in text for number in ("F2", "F9", "F11", "B1", "B17", "B18"))
    assert re.search(r"int forward_fast\(long first, long last, long T, long B", text)
    assert text == ls.generate("lstm", target="c")


@pytest.mark.parametrize("name", each({name: ls.cell(name) for name in ls.names()}))
def test_saturated_cells_keep_their_digits_in_the_precise_form(name):
    """At weights 60 times as large; both kernels round, so the bar is a few times that of each."""
    cell = ls.cell(name)
    case = random_case(cell, steps=6, batch=2)
    results = []
    for target in ("numpy", "c"):
        kernel = ls.build(cell, target=target)
        params = kernel.Params(**{key: 60 * np.asarray(value) for key, value in case.params.items()})
        state, dstate = kernel.State(**case.state), kernel.State(**case.dstate)
        with np.errstate(all="ignore"):
            y, _, tape = kernel.forward(case.x, params, state, precise=True)
            grads = kernel.backward(case.dy, tape, params, dstate)
        results.append([y, grads.x, *grads.params, *grads.state])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=5e-12 * np.abs(one).max(initial=0))


@pytest.mark.parametrize("number", [pytest.param(k, marks=[pytest.mark.long] * (k > 2)) for k in range(150)])
def test_a_random_cell_is_that_of_numpy(number):
    """Values, gradients, forward mode and second order of cells that nobody thought of."""
    cell = random_cell(Random(number), plain=False).parse()
    case = random_case(cell, steps=3, batch=2)
    rng = np.random.default_rng(number)
    found = []
    for kernel in (ls.build(cell, target="numpy"), ls.build(cell, target="c")):
        params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
        if not found:
            x_dot = rng.standard_normal(case.x.shape)
            params_dot = kernel.Params(*(rng.standard_normal(np.shape(value)) for value in params))
        along = {"x_dot": x_dot, "params_dot": params_dot}
        results = [kernel.jvp(case.x, params, state, **along)]
        results += kernel.hvp(case.x, params, state, dy=case.dy, dstate=dstate, **along)
        for precise in (False, True):
            y, last, tape = kernel.forward(case.x, params, state, precise=precise)
            results += [y, last, kernel.backward(case.dy, tape, params, dstate)]
        found.append(list(arrays_in(results)))
    for one, other in zip(*found, strict=True):
        assert np.abs(other - one).max(initial=0) <= 1e-11 * np.abs(one).max(initial=0)


def arrays_in(value):
    """All arrays of nested records, in order."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from arrays_in(part)


def test_high_powers_are_whole_and_short():
    """Of a power of a power: by squaring, not a factor written out a thousand times."""
    cell = ls.parse("h[t] = ((0.1 * tanh(W @ x[t])) ** 8 + (1 + U @ h[t-1]) ** -3) ** 7", key="powers")
    compare_with_numpy(cell, random_case(cell, steps=3, batch=2))
    assert len(ls.generate(cell, target="c")) < 2 * len(ls.generate("rnn", target="c"))
