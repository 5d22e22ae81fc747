"""How the source code of a target is run: many modules at once, forward and backward in both forms."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import lstm_sym as ls
from lstm_sym.check.case import Case
from lstm_sym.equations.sizes import number_of
from lstm_sym.native.calls import CompiledLoops
from lstm_sym.native.compiler import find_compiler

Results = dict[str, np.ndarray]
"""y, last.h, dx, dparams.W, dstate.h of one run; of a target that runs forward alone, y and last.h."""
FORWARD = {"onnx"}
"""Targets that have no gradients."""

_JAVASCRIPT = """
import { readFileSync } from 'node:fs';
const plain = (_, value) => (value instanceof Float64Array ? Array.from(value, String) : value);
const found = [];
for (const { module, x, params, state, dy, dstate } of JSON.parse(readFileSync(0, 'utf8'))) {
  const { forward, backward } = await import(module);
  for (const precise of [false, true]) {
    const { y, state: last, tape } = forward(x, params, state, precise);
    const grads = backward(dy, tape, params, dstate);
    found.push({ y, last, dx: grads.x, dparams: grads.params, dstate: grads.state });
  }
}
console.log(JSON.stringify(found, plain));
"""


def run_javascript(
    sources: Sequence[str], cells: Sequence[ls.Cell], cases: Sequence[Case], folder: Path
) -> list[Results]:
    """Results of every source with its case, in the fast and then in the precise form, by Node.js."""
    node = str(shutil.which("node"))
    runner = folder / "run.mjs"
    runner.write_text(_JAVASCRIPT, encoding="utf-8")
    given = []
    for number, (source, case) in enumerate(zip(sources, cases, strict=True)):
        module = folder / f"cell_{number}.mjs"
        module.write_text(source, encoding="utf-8")
        arrays = {"params": case.params, "state": case.state, "dstate": case.dstate}
        records = {name: {k: _given(v) for k, v in values.items()} for name, values in arrays.items()}
        given.append({"module": module.as_uri(), "x": _given(case.x), "dy": _given(case.dy), **records})
    done = subprocess.run([node, str(runner)], input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [_results(one) for one in json.loads(done.stdout)]


def _given(array: np.ndarray) -> dict[str, Any]:
    return {"data": np.ravel(array).tolist(), "shape": list(np.shape(array))}


def _results(found: dict[str, Any]) -> Results:
    flat = {"y": found["y"], "dx": found["dx"]}
    flat |= {f"{record}.{k}": v for record in ("last", "dparams", "dstate") for k, v in found[record].items()}
    return {k: np.array([*map(float, v["data"])]).reshape(v["shape"]) for k, v in flat.items()}


def run_c(sources: Sequence[str], cells: Sequence[ls.Cell], cases: Sequence[Case], folder: Path) -> list[Results]:
    """The same, by the kernels around these loops, which the C compiler of this machine compiles, two at once."""
    kernels: list[Any] = [ls.build(cell, target="c") for cell in cells]
    own = [kernel._compiled for kernel in kernels]
    try:
        for kernel, source in zip(kernels, sources, strict=True):
            # The text that is tested, be it another cell's.
            kernel._compiled = CompiledLoops(source, kernel._compiled.calls)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda kernel: kernel._compiled.prepare(np.dtype(np.float64)), kernels))
        return [found for kernel, case in zip(kernels, cases, strict=True) for found in of_kernel(kernel, case)]
    finally:  # a kernel is built once a process, and others want the right one
        for kernel, loops in zip(kernels, own, strict=True):
            kernel._compiled = loops


def run_jax(sources: Sequence[str], cells: Sequence[ls.Cell], cases: Sequence[Case], folder: Path) -> list[Results]:
    """The same by JAX, in float64; it has the precise form alone, which is given twice."""
    import jax

    found: list[Results] = []
    for number, (source, case) in enumerate(zip(sources, cases, strict=True)):
        with jax.enable_x64(True):
            found += [by_jax(imported(source, f"jax_cell_{number}"), case)] * 2
    return found


def by_jax(module: Any, case: Case) -> Results:
    """y, the last state, and the gradients, from JAX's own vjp of the module's forward()."""
    import jax

    params, state, dstate = module.Params(**case.params), module.State(**case.state), module.State(**case.dstate)

    @jax.jit
    def run(x: Any, params: Any, state: Any, dy: Any, dstate: Any) -> Any:
        (y, last), back = jax.vjp(module.forward, x, params, state)
        return y, last, back((dy, dstate))

    y, last, (dx, dparams, dstate) = run(case.x, params, state, case.dy, dstate)
    records = {"last": last, "dparams": dparams, "dstate": dstate}
    flat = {f"{name}.{k}": v for name, record in records.items() for k, v in record._asdict().items()}
    return {name: np.asarray(value) for name, value in {"y": y, "dx": dx, **flat}.items()}


def of_kernel(kernel: Any, case: Case) -> Iterator[Results]:
    """Results of a kernel that is a module of Python, in the fast and in the precise form."""
    params, state, dstate = kernel.Params(**case.params), kernel.State(**case.state), kernel.State(**case.dstate)
    for precise in (False, True):
        y, last, tape = kernel.forward(case.x, params, state, precise=precise)
        grads = kernel.backward(case.dy, tape, params, dstate)
        records = {"last": last, "dparams": grads.params, "dstate": grads.state}
        flat = {f"{name}.{k}": v for name, record in records.items() for k, v in record._asdict().items()}
        yield {"y": y, "dx": grads.x, **flat}


def run_torch(sources: Sequence[str], cells: Sequence[ls.Cell], cases: Sequence[Case], folder: Path) -> list[Results]:
    """The same, by PyTorch through the layer of each file, in both forms."""
    import torch

    found = []
    for number, (source, case) in enumerate(zip(sources, cases, strict=True)):
        module = imported(source, f"torch_cell_{number}")
        for precise in (False, True):
            names = {"params": [*case.params], "state": [*case.state]}
            given = [case.x, *case.params.values(), *case.state.values()]
            tensors = [torch.tensor(np.asarray(array), requires_grad=True) for array in given]
            y, *last = module._Run.apply(module, precise, *tensors)
            cotangents = [torch.tensor(np.asarray(array)) for array in (case.dy, *case.dstate.values())]
            grads = torch.autograd.grad([y, *last], tensors, cotangents)
            flat = {"y": y, **{f"last.{k}": v for k, v in zip(names["state"], last, strict=True)}, "dx": grads[0]}
            flat |= {f"dparams.{k}": v for k, v in zip(names["params"], grads[1:], strict=False)}
            flat |= {f"dstate.{k}": v for k, v in zip(names["state"], grads[1 + len(case.params) :], strict=True)}
            found.append({name: tensor.detach().numpy() for name, tensor in flat.items()})
    return found


def run_onnx(sources: Sequence[bytes], cells: Sequence[ls.Cell], cases: Sequence[Case], folder: Path) -> list[Results]:
    """y and the last states by ONNX Runtime, or by the package onnx itself; there is one form, which is given twice."""
    found: list[Results] = []
    for source, cell, case in zip(sources, cells, cases, strict=True):
        results = by_onnx(source, onnx_inputs(cell, case) | case.params)
        last = {f"last.{name}": results[f"{name}_last"] for name in cell.states}
        found += [{"y": results[cell.output], **last}] * 2
    return found


def onnx_inputs(cell: ls.Cell, case: Case) -> dict[str, np.ndarray]:
    """Inputs and first states of a case, each under its name; the number of steps of a cell without an input."""
    widths = [number_of(cell.shapes[name][0], case.sizes) for name in cell.inputs]
    parts = np.split(case.x, np.cumsum(widths)[:-1], axis=-1) if widths else []
    steps = {} if widths else {"steps": np.array(len(case.x))}
    return dict(zip(cell.inputs, parts, strict=True)) | steps | {f"{k}_initial": v for k, v in case.state.items()}


def by_onnx(source: bytes, given: Mapping[str, np.ndarray], engine: str = "") -> Results:
    """All that a model gives, by name; `engine` is one of `onnx_engines()`, their first where none is named."""
    given = {name: np.asarray(value) for name, value in given.items()}
    if (engine or onnx_engines()[0]) == "onnx":
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(source)
        return dict(zip(evaluator.output_names, evaluator.run(None, given), strict=True))
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, given), strict=True))


def onnx_engines() -> list[str]:
    """What runs a model on this machine, the faster first."""
    return [name for name in ("onnxruntime", "onnx") if importlib.util.find_spec(name) is not None]


def imported(source: str, name: str) -> ModuleType:
    """A module of this text."""
    module = sys.modules[name] = ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
    return module


def require(target: str) -> None:
    """Skip what this machine cannot run, before anything is made for it."""
    if target == "javascript" and shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    if target == "c" and find_compiler() is None:
        pytest.skip("there is no C compiler on this machine")
    if target == "torch":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    if target == "onnx":
        pytest.importorskip("onnx", reason="the package onnx is not installed")
    if target == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")


Runner = Callable[[Sequence[Any], Sequence[ls.Cell], Sequence[Case], Path], list[Results]]
RUNNERS: dict[str, Runner] = {
    "javascript": run_javascript,
    "c": run_c,
    "torch": run_torch,
    "jax": run_jax,
    "onnx": run_onnx,
}
"""Target -> what runs its sources; NumPy, the reference, is imported."""
