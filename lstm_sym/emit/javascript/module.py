"""forward() and backward() of a cell as an ES module: arrays are { data, shape }, in rows, as in NumPy."""

from __future__ import annotations

import json
import re
from importlib.resources import files

from lstm_sym.compile.plan import Plan
from lstm_sym.emit.functions import FunctionWriter
from lstm_sym.emit.javascript.printer import JavaScriptPrinter
from lstm_sym.emit.nodes import Node

_MODULE = """// {name}: forward and backward, generated from the equations by lstm_sym; not written by hand.
//
// {equations}
//
// forward(x, params, state, precise) -> {{ y, state, tape }}: x (T, B, {inputs}), params and state by name; state may
// be left out. backward(dy, tape, params, dstate) -> {{ x, params, state }}: gradients. An array is {{ data, shape }}.

export const shapes = {shapes};
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

// The state where none is given: zeros, or what the cell begins with.
function begun(params, B, values) {{
  const sizes = {{}};
  for (const [name, axes] of Object.entries(shapes)) axes.forEach((axis, k) => (sizes[axis] = params[name].shape[k]));
  const start = ([name, [size]]) => fill(array(B, sizes[size]), () => (Object.hasOwn(values, name) ? values[name] : 0));
  return named(Object.keys(stateShapes), Object.entries(stateShapes).map(start));
}}

export function forward(xGiven, paramsGiven, stateGiven, precise = false) {{
  const [T, B] = xGiven.shape;
  const [x, params] = [given(xGiven), views(paramsGiven, shapes)];
  const state = stateGiven ? views(stateGiven, stateShapes) : begun(paramsGiven, B, initial);
  const run = () => {{
{forward}
  }};
  const [y, last, arrays] = run();
  return {{ y: taken(y, [T, B, y.columns]), state: batches(last, B), tape: {{ precise, T, B, arrays }} }};
}}

export function backward(dyGiven, {{ precise, T, B, arrays: tape }}, paramsGiven, dstateGiven) {{
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


def javascript_source(plan: Plan) -> str:
    """The text of the module: deterministic, byte for byte, on every machine."""
    cell = plan.cell
    support = files(__package__).joinpath("support.js").read_text(encoding="utf-8")
    taken = re.findall(r"^(?:function|const) (\w+)", support, re.MULTILINE)
    scalars = [value.name for value in plan.program.constants]
    tapes = {exact: json.dumps([*plan.forward.fields(plan.saved[exact]).values()]) for exact in (False, True)}

    def code(nodes: tuple[Node, ...]) -> str:
        return "\n".join(f"    {line}" for line in JavaScriptPrinter(taken, scalars).lines(nodes))

    return _MODULE.format(
        name=cell.name or cell.key,
        equations=cell.text.replace("\n", "\n// "),
        inputs=cell.input_shape[0],
        shapes=json.dumps({name: list(cell.shapes[name]) for name in cell.parameters}),
        states=json.dumps({name: list(cell.shapes[name]) for name in cell.states}),
        initial=json.dumps(dict(cell.initial)),
        support=support,
        fast=tapes[False],
        precise=tapes[True],
        forward=code(FunctionWriter(plan, plan.forward).forward()),
        backward=code(FunctionWriter(plan, plan.backward).backward()),
    )
