"""A cell as an ES module: forward(), step() and backward(); arrays are { data, shape }, in rows, as in NumPy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files
from textwrap import wrap

from lstm_sym.compile.plan import Plan
from lstm_sym.emit.functions import FunctionWriter
from lstm_sym.emit.javascript.printer import JavaScriptPrinter
from lstm_sym.emit.nodes import Assign, Name, Node
from lstm_sym.equations.cell import Cell

_HEAD = """// {name}: forward, step and backward, generated from the equations by lstm_sym; not written by hand.
//
// {equations}
//
//     import {{ forward, step, backward }} from "./{key}.mjs";
//     const params = JSON.parse(text); // {{ {first}: {{ data: [...], shape: [...] }}, ... }}
//     const x = {{ data: new Float32Array(T * B * {inputs}), shape: [T, B, {inputs}] }};
//     const {{ y, state, tape }} = forward(x, params); // y = {output}, of shape [T, B, {outputs}]
//     const next = step(frame, state, params); // one step more: frame [B, {inputs}]; next.y, next.state
//     const grads = backward(dy, tape, params); // grads.x, grads.params.{first}, grads.state
//
// In Python, json.dumps({{k: {{"data": v.ravel().tolist(), "shape": v.shape}} for k, v in params._asdict().items()}})
// writes such a text. It is computed in float64; results are Float32Array where x or dy is, else Float64Array.
// T steps, B sequences; the other sizes are those of the arrays.

/** @typedef {{{{ data: Float64Array | Float32Array | number[], shape: number[] }}}} NDArray rows one after the other */
{params}
{state}

"""
_CORE = """export const shapes = {shapes};
export const stateShapes = {states};
const initial = {initial};

{support}
const named = (names, values) => Object.fromEntries(names.map((name, k) => [name, values[k]]));
const Params = (...values) => named(Object.keys(shapes), values);
const State = (...values) => named(Object.keys(stateShapes), values);
const Grads = (x, params, state) => ({{ x, params, state }});
const Tape = (...values) => named({fast}, values);
const PreciseTape = (...values) => named({precise}, values);
const views = (record, table) => named(Object.keys(table), Object.keys(table).map((name) => given(record[name])));
const batches = (state, B) => named(Object.keys(state), Object.values(state).map((v) => taken(v, [B, v.columns])));

// A size, as "H + 2 * D", of those that are known; NaN where one is not.
const added = (sum, [name, count = 1], sizes) => sum + count * (/^\\d/.test(name) ? Number(name) : sizes[name] ?? NaN);
const total = (size, sizes) =>
  size.split(" + ").reduce((sum, term) => added(sum, term.split(" * ").reverse(), sizes), 0);

// The state where none is given: zeros, or what the cell begins with.
function begun(params, B, values) {{
  const sizes = {{}};
  for (const [name, axes] of Object.entries(shapes)) axes.forEach((axis, k) => (sizes[axis] = params[name].shape[k]));
  const start = ([name, [size]]) =>
    fill(array(B, sizes[size] ?? total(size, sizes)), () => (Object.hasOwn(values, name) ? values[name] : 0));
  return named(Object.keys(stateShapes), Object.entries(stateShapes).map(start));
}}

{forward_head}(xGiven, paramsGiven, stateGiven, precise = false) {{
  const [T, B] = xGiven.shape;
  const [x, params] = [given(xGiven), views(paramsGiven, shapes)];
  const state = stateGiven ? views(stateGiven, stateShapes) : begun(paramsGiven, B, initial);
  const run = () => {{
{forward}
  }};
  const [y, last, arrays] = run();
  return {{ y: taken(y, [T, B, y.columns]), state: batches(last, B), tape: {{ precise, T, B, arrays }} }};
}}

{backward_head}(dyGiven, {{ precise, T, B, arrays: tape }}, paramsGiven, dstateGiven) {{
  const [dy, params] = [given(dyGiven), views(paramsGiven, shapes)];
  const dstate = dstateGiven ? views(dstateGiven, stateShapes) : begun(paramsGiven, B, {{}});
  const run = () => {{
{backward}
  }};
  const grads = run();
  const shaped = Object.entries(grads.params).map(([name, v]) => taken(v, paramsGiven[name].shape));
  return {{ x: taken(grads.x, [T, B, grads.x.columns]), params: Params(...shaped), state: batches(grads.state, B) }};
}}
"""
_STEP = """
function runStep(xGiven, stateGiven, paramsGiven) {{
  const [B] = xGiven.shape;
  const [$x, params] = [given(xGiven), views(paramsGiven, shapes)];
  const state = stateGiven ? views(stateGiven, stateShapes) : begun(paramsGiven, B, initial);
  const run = () => {{
{step}
  }};
  const [y, last] = run();
  return {{ y: taken(y, [B, y.columns]), state: batches(last, B) }};
}}

const inputSize = {inputs};
const outputSize = {outputs};

"""


def javascript_source(plan: Plan) -> str:
    """The text of the module: deterministic, byte for byte, on every machine."""
    cell = plan.cell
    core = _core(plan, forward_head="function runForward", backward_head="function runBackward")
    step = _STEP.format(
        step=_code(plan, [_without_clash(node) for node in FunctionWriter(plan, plan.step).step()]),
        inputs=json.dumps(cell.input_shape[0]),
        outputs=json.dumps(cell.shapes[cell.output][0]),
    )
    return _head(cell) + core + step + _support("entry.js")


def page_script(plan: Plan) -> str:
    """The same for a page, which gives what fits: forward() and backward() alone, and they check nothing."""
    return _core(plan, forward_head="export function forward", backward_head="export function backward")


def _core(plan: Plan, **heads: str) -> str:
    """What computes."""
    cell = plan.cell
    tapes = {exact: json.dumps([*plan.forward.fields(plan.saved[exact]).values()]) for exact in (False, True)}
    return _CORE.format(
        shapes=json.dumps({name: list(cell.shapes[name]) for name in cell.parameters}),
        states=json.dumps({name: list(cell.shapes[name]) for name in cell.states}),
        initial=json.dumps(dict(cell.initial)),
        support=_support("support.js"),
        fast=tapes[False],
        precise=tapes[True],
        forward=_code(plan, FunctionWriter(plan, plan.forward).forward()),
        backward=_code(plan, FunctionWriter(plan, plan.backward).backward()),
        **heads,
    )


def _code(plan: Plan, nodes: Iterable[Node]) -> str:
    """The body of a function."""
    taken = re.findall(r"^(?:function|const) (\w+)", _support("support.js"), re.MULTILINE)
    scalars = [value.name for value in plan.program.constants]
    return "\n".join(f"    {line}" for line in JavaScriptPrinter(taken, scalars).lines(nodes))


def _without_clash(node: Node) -> Node:
    """The input of a step as $x: a quantity of the cell may be called x_t."""
    is_input = isinstance(node, Assign) and node.value == Name("x_t") and not node.note
    return replace(node, value=Name("$x")) if isinstance(node, Assign) and is_input else node


def _support(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _head(cell: Cell) -> str:
    """How it is used, and what parameters and states are."""
    return _HEAD.format(
        name=cell.name or cell.key,
        equations=cell.text.replace("\n", "\n// "),
        key=cell.key,
        first=next(iter(cell.parameters), "W"),
        inputs=cell.input_shape[0],
        output=cell.output,
        outputs=cell.shapes[cell.output][0],
        params=_typedef(cell, "Params", cell.parameters, "the parameters, named as in the equations"),
        state=_typedef(cell, "State", cell.states, "the carried state"),
    )


def _typedef(cell: Cell, name: str, fields: Iterable[str], text: str) -> str:
    """A record in JSDoc: each field with its shape and meaning."""
    batch = ["B"] if name == "State" else []
    lines = [f"@typedef {{Object}} {name} {text}"]
    for field in fields:
        shape, meaning = ", ".join([*batch, *cell.shapes[field]]), cell.meaning(field)
        lines += wrap(f"@property {{NDArray}} {field} ({shape}){': ' + meaning if meaning else ''}", 116)
    return "\n".join(["/**", *(f" * {line.replace('*/', '* /')}" for line in lines), " */"])
