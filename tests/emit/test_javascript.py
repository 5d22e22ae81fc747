"""The JavaScript module beside what the conformance suite asks: steps, types, what is refused, what its head says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from click.testing import CliRunner
from derivation.random_cells import random_cell
from emit.runners import _given, require
from kernels.cells import BUILT_IN, OWN

import lstm_sym as ls
from lstm_sym.check import random_case
from lstm_sym.cli import main
from lstm_sym.compile.plan import Plan
from lstm_sym.emit.javascript.module import page_script

_RUN = """
import { readFileSync } from 'node:fs';
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value, String) : value);
const found = [];
for (const { module, code, given } of JSON.parse(readFileSync(0, 'utf8'))) {
  const kernel = await import(module);
  try {
    found.push(new Function('kernel', 'given', code)(kernel, given));
  } catch (error) {
    found.push({ error: `${error.name}: ${error.message}` });
  }
}
console.log(JSON.stringify(found, plain));
"""
STEPS = """
const { x, params, state } = given, rows = [], [T, B, N] = x.shape;
let next = { state };
for (let t = 0; t < T; t++) {
  next = kernel.step({ data: x.data.slice(t * B * N, (t + 1) * B * N), shape: [B, N] }, next.state, params);
  rows.push(next.y);
}
const { y, state: last } = kernel.forward(x, params, state);
return { rows, last: next.state, y, whole: last };
"""


def run(folder: Path, asked: list[tuple[ls.Cell, str, Any]]) -> list[Any]:
    """What code gives that has the module of a cell as `kernel`, in one process for all of them."""
    require("javascript")
    (folder / "run.mjs").write_text(_RUN, encoding="utf-8")
    jobs = []
    for cell, code, given in asked:
        module = folder / f"{cell.key}_{cell.content_hash[:8]}.mjs"
        if not module.exists():
            module.write_text(ls.generate(cell, target="js"), encoding="utf-8")
        jobs.append({"module": module.as_uri(), "code": code, "given": given})
    done = subprocess.run(["node", str(folder / "run.mjs")], input=json.dumps(jobs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def array(found: dict[str, Any]) -> np.ndarray:
    return np.array([*map(float, found["data"])]).reshape(found["shape"])


def given(case: Any) -> dict[str, Any]:
    records = {"params": case.params, "state": case.state, "dstate": case.dstate}
    return {"x": _given(case.x), "dy": _given(case.dy)} | {
        name: {k: _given(v) for k, v in record.items()} for name, record in records.items()
    }


def test_every_cell_step_by_step_is_the_whole_sequence(tmp_path):
    randoms = [random_cell(Random(seed), plain=bool(seed % 2)).parse() for seed in range(10)]
    numbers = ls.parse("s[t] = sigmoid(f)\nh[t] = s[t] * h[t-1] + W @ x[t]", parameters={"f": "scalar"})
    cells = [*BUILT_IN.values(), *OWN.values(), numbers, *randoms]
    cases = [random_case(cell, steps=4, batch=2) for cell in cells]
    found = run(tmp_path, [(cell, STEPS, given(case)) for cell, case in zip(cells, cases, strict=True)])
    for cell, case, one in zip(cells, cases, found, strict=True):
        assert "error" not in one, (cell.key, one)
        kernel = ls.build(cell)
        y, last, _ = kernel.forward(case.x, kernel.Params(**case.params), kernel.State(**case.state))
        pairs = [(np.stack([*map(array, one["rows"])]), y), (array(one["y"]), y)]
        pairs += [(array(one[name][k]), v) for name in ("last", "whole") for k, v in last._asdict().items()]
        for computed, expected in pairs:
            assert computed.shape == expected.shape, cell.text
            np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-12 * max(1, np.abs(expected).max()))


def test_results_are_of_the_type_of_what_was_given(tmp_path):
    code = """
      const x = { data: Float32Array.from(given.x.data), shape: given.x.shape };
      const { y, state, tape } = kernel.forward(x, given.params);
      const grads = kernel.backward({ data: y.data, shape: y.shape }, tape, given.params);
      const one = kernel.step({ data: Float32Array.of(1, 2), shape: [2] }, undefined, given.params);
      const wide = kernel.forward(given.x, given.params);
      return { types: [y, state.h, state.c, grads.x, grads.params.W_i, grads.state.c, one.y, one.state.c, wide.y]
        .map(({ data }) => data.constructor.name), shape: one.y.shape, y: y.data, wide: wide.y.data };"""
    [found] = run(tmp_path, [(ls.cell("lstm"), code, given(random_case(ls.cell("lstm"))))])
    assert found["types"] == ["Float32Array"] * 8 + ["Float64Array"] and found["shape"] == [4]
    np.testing.assert_allclose([*map(float, found["y"])], [*map(float, found["wide"])], atol=1e-6)


REFUSALS = {
    "delete given.params.W_f; kernel.forward(given.x, given.params)": (
        "TypeError: forward: there is no params.W_f; params.W_f must be { data, shape } of shape (H, D)"
    ),
    "kernel.forward(given.x)": "TypeError: forward: there is no params.W_i;",
    "kernel.forward([[1, 2]], given.params)": (
        "TypeError: forward: x is no array; x must be { data, shape } of shape (T, B, D)"
    ),
    "given.x.shape = [15, 2]; kernel.forward(given.x, given.params)": "RangeError: forward: x has shape (15, 2); x",
    "given.x.shape = [5, 2, 3]; kernel.forward(given.x, given.params)": (
        "RangeError: forward: x has shape (5, 2, 3), but D = 2 by the arrays before it; x must be"
    ),
    "given.params.U_i.shape = [4, 5]; kernel.forward(given.x, given.params)": (
        "RangeError: forward: params.U_i has shape (4, 5), but H = 4 by the arrays before it"
    ),
    "given.x.data.pop(); kernel.forward(given.x, given.params)": (
        "RangeError: forward: x.data has 29 numbers, but x has shape (5, 3, 2), which is 30 of them"
    ),
    "given.state.c.shape = [1, 12]; kernel.forward(given.x, given.params, given.state)": (
        "RangeError: forward: state.c has shape (1, 12), but B = 3 by the arrays before it"
    ),
    "kernel.step(given.x, given.state, given.params)": "RangeError: step: x has shape (5, 3, 2); x must",
    "kernel.backward(given.dy, undefined, given.params)": "TypeError: backward: tape is none; give that of forward",
    "given.dy.shape = [3, 5, 4]; kernel.backward(given.dy, kernel.forward(given.x, given.params).tape, given.params)": (
        "RangeError: backward: dy has shape (3, 5, 4), but T = 5 by the arrays before it"
    ),
}


def test_what_does_not_fit_is_refused_by_its_name(tmp_path):
    case = given(random_case(ls.cell("lstm")))
    found = run(tmp_path, [(ls.cell("lstm"), code, case) for code in REFUSALS])
    for one, expected in zip(found, REFUSALS.values(), strict=True):
        assert one is not None and one["error"].startswith(expected), one


def test_a_state_whose_size_nothing_tells_must_be_given(tmp_path):
    cell = ls.parse("h[t] = tanh(x[t] + h[t-1])", sizes={"h": "D"}, key="no_matrix")
    case = given(random_case(cell))
    codes = ["kernel.forward(given.x, given.params)", "return kernel.forward(given.x, given.params, given.state)"]
    refused, fine = run(tmp_path, [(cell, code, case) for code in codes])
    assert refused["error"].endswith("there is no state, and no parameter tells the size of h; give state")
    assert fine["y"]["shape"] == [5, 3, fine["state"]["h"]["shape"][1]]


def test_the_example_at_its_head_runs(tmp_path):
    cell = ls.cell("gru")
    head = ls.generate(cell, target="js").split("/**")[0]
    lines = re.findall(r"^//     (?!import)(.*)$", head, re.MULTILINE)
    assert len(lines) == 5 and 'from "./gru.mjs"' in head
    params = ls.build(cell).init(2, 4)
    text = json.dumps({k: {"data": v.ravel().tolist(), "shape": v.shape} for k, v in params._asdict().items()})
    assert "json.dumps({k:" in head
    prepared = "const { forward, step, backward } = kernel, { text, frame, dy } = given, [T, B, D, H] = [5, 3, 2, 4];"
    code = "\n".join([prepared, *lines, "return { y, next, grads };"])
    ready = {"text": text, "frame": _given(np.ones((3, 2))), "dy": _given(np.ones((5, 3, 4)))}
    [found] = run(tmp_path, [(cell, code, ready)])
    assert array(found["y"]).shape == (5, 3, 4) and array(found["next"]["y"]).shape == (3, 4)
    assert array(found["grads"]["params"]["W_z"]).shape == (4, 2)


def test_parameters_and_states_are_documented():
    text = ls.generate("lstm", target="js")
    assert " * @property {NDArray} U_f (H, H): recurrent weights of the forget gate\n" in text
    assert " * @property {NDArray} c (B, H): cell state\n" in text
    for name in ("forward", "step", "backward"):
        assert re.search(rf" \*/\n(?:export )?function {name}\(", text), name


def test_js_is_a_name_of_javascript(tmp_path):
    assert ls.generate("gru", target="js") == ls.generate("gru", target="javascript")
    written = CliRunner().invoke(main, ["generate", "gru", "--target", "js", "-o", str(tmp_path / "gru.mjs")])
    assert written.exit_code == 0 and "export function forward" in (tmp_path / "gru.mjs").read_text(encoding="utf-8")


def test_a_page_has_what_it_calls_and_no_more():
    text, whole = page_script(Plan(ls.derive("lstm"))), ls.generate("lstm", target="js")
    assert re.findall(r"^export (?:const|function) (\w+)", text, re.MULTILINE) == [
        "shapes",
        "stateShapes",
        "forward",
        "backward",
    ]
    assert "expectArray" not in text and "expectArray" in whole and "@property" not in text


def test_the_example_of_the_page_of_kernels_runs(tmp_path):
    require("javascript")
    page = (Path(__file__).parents[2] / "docs" / "kernels.md").read_text(encoding="utf-8")
    program = page[page.index("## In JavaScript") :].split("```\n")[2]
    params = ls.build("lstm").init(3, 4)
    text = json.dumps({k: {"data": v.ravel().tolist(), "shape": v.shape} for k, v in params._asdict().items()})
    (tmp_path / "lstm.json").write_text(text, encoding="utf-8")
    (tmp_path / "lstm.mjs").write_text(ls.generate("lstm", target="js"), encoding="utf-8")
    made = "({ data: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(0.5), shape })"
    before = f"""const ones = (...shape) => {made};
      const [x, frame, dy, precise] = [ones(5, 2, 3), ones(2, 3), ones(5, 2, 4), true];
      const [first, dstate] = [{{ h: ones(2, 4), c: ones(2, 4) }}, {{ h: ones(2, 4), c: ones(2, 4) }}];"""
    after = "console.log(y.shape, next.state.c.shape, grads.params.W_i.shape, shapes.W_i);"
    (tmp_path / "run.mjs").write_text("\n".join([before, program, after]), encoding="utf-8")
    done = subprocess.run(["node", "run.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "[ 5, 2, 4 ] [ 2, 4 ] [ 4, 3 ] [ 'H', 'D' ]\n", done.stderr
