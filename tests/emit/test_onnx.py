"""A cell as an ONNX model: sizes, types, parameters in the file or given, every cell, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from derivation.random_cells import random_cell
from emit.runners import by_onnx, onnx_engines, onnx_inputs
from kernels.cells import BUILT_IN, OWN

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.cli import main
from lstm_sym.emit.errors import EmitError
from lstm_sym.ground.seal import intact, sealed

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
BARS = {"float32": 1e-5, "float64": 1e-12}
ENGINES = pytest.mark.parametrize("engine", onnx_engines())


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape and found.dtype == expected.dtype
    return float(np.abs(found - expected).max(initial=0.0) / (np.abs(expected).max(initial=0.0) or 1.0))


def in_type(arrays: dict[str, np.ndarray], dtype: str) -> dict[str, np.ndarray]:
    return {k: np.asarray(v, dtype if np.asarray(v).dtype.kind == "f" else None) for k, v in arrays.items()}


def compared(cell: ls.Cell, source: bytes, case: Any, dtype: str, params: dict[str, np.ndarray], engine: str = ""):
    """The largest error of output, states and last states against the kernel, relative to the largest entry of each."""
    kernel = ls.build(cell)
    given = in_type(onnx_inputs(cell, case), dtype)
    found = by_onnx(source, given | params, engine)
    arrays = in_type(case.params, dtype), in_type(case.state, dtype)
    y, last, _ = kernel.forward(case.x.astype(dtype), kernel.Params(**arrays[0]), kernel.State(**arrays[1]))
    errors = [relative(found[cell.output], y)]
    for name, value in last._asdict().items():
        errors.append(relative(found[f"{name}_last"], value))
        np.testing.assert_array_equal(found[name][-1], found[f"{name}_last"])
    return max(errors)


@pytest.mark.parametrize("dtype", BARS)
@pytest.mark.parametrize("cell", {**BUILT_IN, **OWN}.values(), ids=str)
def test_every_cell_in_either_type_with_sizes_of_any_number(cell, dtype):
    """One file for every T, B, D and H, and it passes ONNX's own checks."""
    source = ls.generate(cell, target="onnx", dtype=dtype)
    onnx.checker.check_model(onnx.load_model_from_string(source), full_check=True)
    for sizes in ({"steps": 5, "batch": 3}, {"steps": 1, "batch": 1}, {"steps": 7, "batch": 2, "hidden": 3}):
        case = random_case(cell, **sizes)
        assert compared(cell, source, case, dtype, in_type(case.params, dtype)) <= BARS[dtype]


@ENGINES
@pytest.mark.parametrize("name", ["lstm", "slstm", "henon", "layer_norm_lstm"])
def test_a_file_that_holds_parameters_is_given_none(name, engine):
    cell, case = ls.cell(name), random_case(ls.cell(name))
    source = ls.generate(cell, target="onnx", params=case.params)
    model = onnx.load_model_from_string(source)
    onnx.checker.check_model(model, full_check=True)
    assert {one.name for one in model.graph.input} == set(onnx_inputs(cell, case))
    assert compared(cell, source, case, "float64" if case.params else "float32", {}, engine) <= 1e-5
    assert {*case.params} <= {tensor.name for tensor in model.graph.initializer}


@ENGINES
@pytest.mark.parametrize("name", ["lstm", "slstm"])
def test_first_states_may_be_left_out_or_be_one_for_all(name, engine):
    kernel, x = ls.build(name), np.random.default_rng(1).standard_normal((4, 3, 2))
    params = kernel.init(2, 5)
    source = ls.generate(name, target="onnx", params=params)
    found = by_onnx(source, {"x": x}, engine)
    np.testing.assert_allclose(found["h"], kernel.forward(x, params)[0], rtol=0, atol=1e-14)
    state = random_case(ls.cell(name), batch=1, hidden=5).state
    one = by_onnx(source, {"x": x} | {f"{k}_initial": v for k, v in state.items()}, engine)
    each = kernel.State(**{k: np.repeat(v, 3, axis=0) for k, v in state.items()})
    np.testing.assert_allclose(one["h"], kernel.forward(x, params, each)[0], rtol=0, atol=1e-14)


@ENGINES
def test_last_states_go_on_where_a_sequence_was_left(engine):
    params, x = ls.build("lstm").init(2, 5), np.random.default_rng(1).standard_normal((6, 3, 2))
    source = ls.generate("lstm", target="onnx", params=params)
    whole, first = by_onnx(source, {"x": x}, engine), by_onnx(source, {"x": x[:4]}, engine)
    given = {"x": x[4:], "h_initial": first["h_last"], "c_initial": first["c_last"]}
    np.testing.assert_allclose(by_onnx(source, given, engine)["h"], whole["h"][4:], rtol=0, atol=1e-14)


def test_every_quantity_is_handed_out_if_asked_for():
    cell, case = ls.cell("lstm"), random_case(ls.cell("lstm"))
    found = by_onnx(ls.generate(cell, target="onnx", params=case.params, quantities=True), onnx_inputs(cell, case))
    assert {equation.target for equation in cell.equations} <= set(found)
    np.testing.assert_allclose(found["o"] * np.tanh(found["c"]), found["h"], rtol=0, atol=1e-14)
    before = np.concatenate([case.state["c"][None], found["c"][:-1]])
    np.testing.assert_allclose(found["f"] * before + found["i"] * found["g"], found["c"], rtol=0, atol=1e-14)


MASKED = {
    **BUILT_IN,
    "nothing in the loop": ls.parse("h[t] = tanh(W @ x[t])\ny[t] = h[t] * (V @ h[t-1])", key="no_loop"),
}


def step_by_step(kernel: Any, case: Any, begun: Any, lengths: np.ndarray, resets: np.ndarray) -> tuple[np.ndarray, Any]:
    """Output and last state of the kernel, sequence after sequence and step after step; y is zero after the last."""
    y, last = np.zeros_like(case.dy), {name: value.copy() for name, value in case.state.items()}
    for b, steps in enumerate(lengths):
        state = kernel.State(**{name: value[b : b + 1] for name, value in case.state.items()})
        for t in range(steps):
            state = begun if resets[t, b] else state
            y[t, b : b + 1], state = kernel.step(case.x[t, b : b + 1], state, kernel.Params(**case.params))
        for name, value in state._asdict().items():
            last[name][b] = value[0]
    return y, last


@ENGINES
@pytest.mark.parametrize("masks", [("lengths",), ("resets",), ("lengths", "resets")], ids=" and ".join)
@pytest.mark.parametrize("name", ["lstm", "slstm", "min_gru", "lstm_output", "henon", "nothing in the loop"])
def test_sequences_end_and_begin_anew(name, masks, engine):
    """What stands in the padding is not read."""
    cell, case = MASKED[name], random_case(MASKED[name], steps=4, batch=3)
    given = {"lengths": np.array([4, 2, 0]), "resets": np.array([[0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 0]], bool)}
    absent = {"lengths": np.full(3, len(case.x)), "resets": np.zeros((len(case.x), 3), bool)}
    chosen = absent | {mask: given[mask] for mask in masks}
    source = ls.generate(cell, target="onnx", dtype="float64", **dict.fromkeys(masks, True))
    onnx.checker.check_model(onnx.load_model_from_string(source), full_check=True)
    inputs = onnx_inputs(cell, case) | {mask: chosen[mask] for mask in masks}
    inputs = {k: v.astype(np.int32) if k == "lengths" else v for k, v in inputs.items()}
    if "lengths" in masks and cell.input:
        inputs["x"] = np.where(np.arange(4)[:, None, None] < given["lengths"][:, None], case.x, np.nan)
    found = by_onnx(source, inputs | case.params, engine)
    kernel = ls.build(cell)
    start = {k: np.full((1, v.shape[1]), cell.initial.get(k, 0.0)) for k, v in case.state.items()}
    y, last = step_by_step(kernel, case, kernel.State(**start), chosen["lengths"], chosen["resets"])
    np.testing.assert_allclose(found[cell.output], y, rtol=0, atol=1e-13)
    for state, value in last.items():
        np.testing.assert_allclose(found[f"{state}_last"], value, rtol=0, atol=1e-13)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("plain", [True, False], ids=["the forms of papers", "all forms"])
def test_random_cells(plain, seed):
    cell = random_cell(Random(seed), plain=plain).parse()
    case = random_case(cell, steps=3)
    source = ls.generate(cell, target="onnx", params=case.params, dtype="float64", quantities=True)
    assert compared(cell, source, case, "float64", {}) <= BARS["float64"]


@ENGINES
@pytest.mark.filterwarnings("ignore:overflow")  # of Sigmoid in the package onnx, where exp(-a) is of no use
@pytest.mark.parametrize(
    "function", ["sigmoid", "tanh", "softplus", "softsign", "hard_sigmoid", "gelu", "relu", "abs", "exp"]
)
def test_functions_are_those_of_the_kernel_far_out(function, engine):
    """Relative to each number where it vanishes slowly, and no infinity before the kernel has one."""
    cell = ls.parse(f"h[t] = {function}(x[t]) + 0 * h[t-1]", sizes={"h": "D"}, key="one_function")
    x = np.array([-1e300, -1e4, -700.0, -40.0, -1.5, -1e-9, 0.0, 1e-9, 1.5, 40.0, 700.0])[None, None]
    found = by_onnx(ls.generate(cell, target="onnx", dtype="float64"), {"x": x, "h_initial": 0 * x[0]}, engine)["h"]
    with np.errstate(over="ignore"):
        expected = ls.build(cell).forward(x, ls.build(cell).Params(), ls.build(cell).State(0 * x[0]))[0]
    tight = 0 if function in ("sigmoid", "tanh", "exp") else 1e-14
    np.testing.assert_allclose(found, expected, rtol=max(tight, 1e-14), atol=0 if tight else 1e-15)


@ENGINES
def test_what_is_no_number_stays_none(engine):
    cell = ls.parse(
        "h[t] = maximum(relu(x[t]), 0.5) + where(x[t], 1, 2) + hard_sigmoid(x[t]) * h[t-1]", sizes={"h": "D"}
    )
    given = {"x": np.array([[[np.nan, 1.0]]]), "h_initial": np.ones((1, 2))}
    found = by_onnx(ls.generate(cell, target="onnx", dtype="float64"), given, engine)["h"][0, 0]
    assert np.isnan(found[0]) and np.isfinite(found[1])


def test_the_loop_holds_what_depends_on_the_state_alone():
    """One Scan; input products and biases before it, and no product of parameters alone in its body."""
    params = ls.build("lstm").init(2, 4)
    graph = onnx.load_model_from_string(ls.generate("lstm", target="onnx", params=params)).graph
    [scan] = [node for node in graph.node if node.op_type == "Scan"]
    body = next(one.g for one in scan.attribute if one.name == "body")
    moving = {one.name for one in body.input}
    for node in body.node:
        assert moving.intersection(node.input), node
        moving.update(node.output)
    assert [node.op_type for node in body.node].count("MatMul") == 1
    assert "hₜ₋₁" in next(node.doc_string for node in body.node if node.name.startswith("a"))


def test_a_file_is_the_same_in_every_process():
    code = "import hashlib, lstm_sym as ls; print(hashlib.sha256(ls.generate('lstm', target='onnx')).hexdigest())"
    told = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True)
        for seed in ("1", "2")
    ]
    assert told[0].returncode == 0 and told[0].stdout == told[1].stdout
    model = onnx.load_model_from_string(ls.generate("lstm", target="onnx"))
    assert (model.producer_name, model.producer_version) == ("lstm_sym", ls.__version__)
    assert ls.cell("lstm").text in model.doc_string


def test_the_seal_is_a_part_of_the_model():
    source = ls.generate("gru", target="onnx")
    content = sealed(source)
    assert intact(content) and not intact(source)
    assert not any(
        intact(other) for other in (content[:-1], content + b"\n", content[1:], content.replace(b"gru", b"grv"))
    )
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert model.metadata_props[-1].key == "seal" and model.graph == onnx.load_model_from_string(source).graph


def test_names_that_the_model_would_use_itself():
    cell = ls.parse(
        "h[t] = tanh(h_initial @ x[t] + h_last @ h[t-1] + steps)\nnumber_0[t] = 2 * h[t]", output="number_0"
    )
    case = random_case(cell)
    found = by_onnx(
        ls.generate(cell, target="onnx", dtype="float64"), {"x": case.x, "h_initial_": case.state["h"]} | case.params
    )
    y, last, _ = (kernel := ls.build(cell)).forward(case.x, kernel.Params(**case.params), kernel.State(**case.state))
    np.testing.assert_allclose(found["number_0"], y, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found["h_last_"], last.h, rtol=0, atol=1e-14)


def refused(found: str, **options: Any) -> EmitError:
    with pytest.raises(EmitError, match=found) as error:
        ls.generate("lstm", target="onnx", **options)
    return error.value


def test_parameters_that_are_not_those_of_the_cell_are_refused():
    params = ls.build("lstm").init(2, 4)
    gru = refused("there is no W_i, .*W_z, .* is none of it", params=ls.build("gru").init(2, 4))
    assert gru.where == "params" and "W_i" in gru.fix
    refused("params.U_f has shape .3, 3., but H = 4", params=params._replace(U_f=np.zeros((3, 3))))
    refused("params.b_f has shape .1, 4.; expected 1 axes", params=params._replace(b_f=np.zeros((1, 4))))
    refused("they are of complex128", params=params._replace(b_f=np.zeros(4, complex)))
    refused("dtype int64", params=params._replace(b_f=np.zeros(4, int)))
    refused("it is a list", params=[*params])
    refused("'float16' is no type of an ONNX file", dtype="float16")


def test_other_targets_have_none_of_these_options():
    with pytest.raises(TypeError, match="no option dtype of the target 'numpy'; it is of target='onnx'"):
        ls.generate("lstm", dtype="float64")
    with pytest.raises(TypeError, match="no option weight of the target 'onnx'; leave it out"):
        ls.generate("lstm", target="onnx", weight=1)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert 'pip install "lstm_sym[weights]"' in refused("the package onnx, which writes its files, is not there").fix


def invoked(*arguments: str | Path) -> Any:
    return CliRunner().invoke(main, ["generate", *map(str, arguments)])


def test_the_command_writes_a_file_of_the_weights_of_another(tmp_path):
    kernel = ls.build("gru")
    params, x = kernel.init(2, 4), np.random.default_rng(0).standard_normal((3, 2, 2))
    np.savez(tmp_path / "gru.npz", **params._asdict())
    done = invoked("gru", "--target", "onnx", "--weights", tmp_path / "gru.npz", "-o", tmp_path / "gru.onnx")
    assert done.exit_code == 0, done.output
    found = by_onnx((tmp_path / "gru.onnx").read_bytes(), {"x": x})
    np.testing.assert_allclose(found["h"], kernel.forward(x, params)[0], rtol=0, atol=1e-14)
    again = invoked(
        *("gru", "--target", "onnx", "--weights", tmp_path / "gru.npz", "--dtype", "float32", "--quantities"),
        *("--lengths", "--resets", "-o", tmp_path / "gru.onnx"),
    )
    assert again.exit_code == 0, again.output
    masks = {"lengths": np.array([3, 1], np.int32), "resets": np.zeros((3, 2), bool)}
    every = by_onnx((tmp_path / "gru.onnx").read_bytes(), {"x": x.astype("f4"), **masks})
    assert {"z", "r", "n", "h"} <= set(every) and not every["z"][1:, 1].any()


def test_the_command_refuses_before_anything_is_lost(tmp_path):
    weights = tmp_path / "gru.npz"
    np.savez(weights, **ls.build("gru").init(2, 4)._asdict())
    before = weights.read_bytes()
    other = invoked("lstm", "--target", "onnx", "--weights", weights, "-o", tmp_path / "lstm.onnx")
    assert other.exit_code == 2 and f"{weights}: there is no W_i" in other.output
    assert [path.name for path in tmp_path.iterdir()] == ["gru.npz"] and weights.read_bytes() == before
    assert "one of the inputs" in invoked("gru", "--target", "onnx", "--weights", weights, "-o", weights).output
    assert "--weights is of ONNX" in invoked("gru", "--weights", weights).output
    assert "--dtype is of ONNX" in invoked("gru", "--target", "jax", "--dtype", "float32").output
    assert "--lengths is of ONNX" in invoked("gru", "--target", "js", "--lengths").output
    assert "ends in .onnx" in invoked("gru", "--target", "onnx", "-o", tmp_path / "gru.py").output
    assert invoked("gru", "--target", "onnx").stdout_bytes == sealed(ls.generate("gru", target="onnx"))


def test_the_example_of_the_page_of_kernels_runs(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    page = (Path(__file__).parents[2] / "docs" / "kernels.md").read_text(encoding="utf-8")
    blocks = page[page.index("## As an ONNX model") :].split("```")
    monkeypatch.chdir(tmp_path)
    found = {"x": np.ones((5, 2, 3), np.float32)}
    exec(blocks[1].removeprefix("python") + blocks[3], found)
    assert found["h"].shape == (5, 2, 4) and found["h_last"].shape == (2, 4)
    kernel = found["kernel"]
    expected, _, _ = kernel.forward(np.concatenate([found["x"]] * 2), found["params"])
    np.testing.assert_allclose(found["h"], expected[5:], rtol=0, atol=1e-6)
