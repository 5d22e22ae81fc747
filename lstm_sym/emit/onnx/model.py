"""A cell as an ONNX model: a file of bytes, the same on every machine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lstm_sym import __version__
from lstm_sym.compile.known_sizes import SizeRule, size_rules
from lstm_sym.compile.plan import Plan
from lstm_sym.compile.storage import Names
from lstm_sym.emit.onnx.batch import Batch
from lstm_sym.emit.onnx.forward import ForwardGraph
from lstm_sym.emit.onnx.graph import Graph
from lstm_sym.emit.onnx.parameters import checked_parameters
from lstm_sym.emit.onnx.sizes import Sizes
from lstm_sym.equations.sizes import number_of, parts_of

OPERATORS, FORMAT = 18, 8
"""The version of the operators, and that of the format, which goes with it."""


class Options(NamedTuple):
    """What of a model is to be chosen: see `onnx_source`."""

    quantities: bool = False
    lengths: bool = False
    resets: bool = False


def onnx_source(plan: Plan, params: Any = None, dtype: str = "", **options: bool) -> bytes:
    """The bytes of a model that runs the cell over time, from x (T, B, D) and the states before the first step.

    params: the parameters that the file is to hold, a mapping or a Params of the kernel; without them they are inputs
    of any size. dtype: "float32" or "float64", else that of the parameters, else float32. quantities: whether all that
    equations define is handed out of every step, not the output and the states alone. lengths: whether a further input
    says how many steps each sequence has, (B,), int32: from there on all is zero, and the last state is that before it.
    resets: whether another, (T, B), bool, says at which steps a sequence begins anew. Raises EmitError.
    """
    return _Model(plan, params, dtype, Options(**options)).written()


class _Model:
    """The inputs and outputs of a model, around its nodes."""

    def __init__(self, plan: Plan, params: Any, dtype: str, options: Options) -> None:
        self.plan, self.cell, self.options = plan, plan.cell, options
        self.params, self.numbers, kind = checked_parameters(self.cell, params, dtype)
        self.graph = Graph(Names(frozenset()), kind)
        self.helper, self.onnx = self.graph.onnx.helper, self.graph.onnx
        self.kind = self.helper.np_dtype_to_tensor_dtype(kind)
        self.inputs: list[Any] = []
        self.sequences, self.last = self.names()

    def names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Quantity, state -> what its steps, and what is last of it, are called; what the cell names comes first."""
        cell, names = self.cell, self.graph.names
        for name in (*cell.inputs, *cell.parameters):
            names.get(("given", name), name)
        computed = {statement.target.name for statement in self.plan.program.statements}
        others = [e.target for e in cell.equations if self.options.quantities and e.target in computed]
        wanted = dict.fromkeys([cell.output, *cell.states, *others])
        sequences = {name: names.get(("steps", name), name) for name in wanted}
        return sequences, {name: names.get(("last", name), f"{name}_last") for name in cell.states}

    def written(self) -> bytes:
        """The bytes."""
        cell, x = self.cell, self.given_input()
        params = {name: self.given_parameter(name) for name in cell.parameters}
        firsts = {name: self.given_state(name) for name in cell.states}
        given = {("", "x"): x} | {("params", name): tensor for name, tensor in params.items()}
        given |= {("state", name): first for name, first in firsts.items()}
        sizes = Sizes(self.graph, self.rules(), self.numbers, given)
        shapes = {name: sizes.shape("B", *cell.shapes[name]) for name in cell.states}
        initial = {name: self.graph.op("Expand", first, shapes[name]) for name, first in firsts.items()}
        batch = Batch(self.graph, sizes, initial, self.inputs)
        anew = batch.anew(cell, shapes) if self.options.resets else ("", {})
        writer = ForwardGraph(self.plan, self.graph, sizes, params, initial, anew)
        if self.options.lengths:
            batch.cut(lambda steps, last: writer.write(x, steps, last), self.sequences, self.last)
        else:
            writer.write(x, self.sequences, self.last)
        return self.serialized()

    def rules(self) -> dict[str, SizeRule]:
        """Size -> which axis of what is given tells it; of a cell without an input, x is an array of so many steps."""
        cell = self.cell
        others = {("state", name): cell.shapes[name][0] for name in cell.states}
        others |= {("", "x"): cell.input_shape[0]} if cell.input else {}
        batch = SizeRule("", "x", 1) if cell.input else SizeRule("state", cell.states[0], 0)
        return size_rules(cell, others) | {"T": SizeRule("", "x", 0), "B": batch}

    # Inputs

    def described(self, tensor: str, name: str, *axes: str) -> Any:
        """A tensor of the type of the arrays; a size is a number where it is known, else as the equations have it."""
        known = [number_of(axis, self.numbers) if {*parts_of(axis)} <= {*self.numbers} else axis for axis in axes]
        return self.helper.make_tensor_value_info(tensor, self.kind, known, self.cell.meaning(name))

    def taken(self, tensor: str, name: str, *axes: str) -> str:
        """An input of the model."""
        self.graph.known.add(tensor)
        self.inputs.append(self.described(tensor, name, *axes))
        return tensor

    def given_input(self) -> str:
        """The input of all steps, several one behind the other; without one an array of as many steps as are wanted."""
        cell, names = self.cell, self.graph.names
        if not cell.input:
            steps = names.get(("given", "steps"), "steps")
            self.graph.known.add(steps)
            self.inputs.append(self.helper.make_tensor_value_info(steps, self.onnx.TensorProto.INT64, []))
            return self.graph.op(
                "Expand", self.graph.integers(0), self.graph.op("Reshape", steps, self.graph.integers(1))
            )
        found = [self.taken(names.given["given", name], name, "T", "B", *cell.shapes[name]) for name in cell.inputs]
        return found[0] if len(found) == 1 else self.graph.op("Concat", *found, axis=-1)

    def given_parameter(self, name: str) -> str:
        """A parameter: an array of the file, or an input."""
        tensor = self.graph.names.given["given", name]
        self.graph.narrow.add(tensor)
        if self.params:
            return self.graph.keep(tensor, self.params[name])
        return self.taken(tensor, name, *self.cell.shapes[name])

    def given_state(self, name: str) -> str:
        """A state before the first step, for each sequence or one for all; the file says which if it knows its size."""
        tensor, size = self.graph.names.get(("first", name), f"{name}_initial"), self.cell.shapes[name][0]
        if {*parts_of(size)} <= {*self.numbers}:
            begin = np.full((1, number_of(size, self.numbers)), self.cell.initial.get(name, 0), self.graph.dtype)
            self.graph.keep(tensor, begin)
        return self.taken(tensor, name, "1 or B", size)

    # The file

    def serialized(self) -> bytes:
        """The model, its tensors named and its equations told."""
        cell = self.cell
        outputs = [
            self.described(tensor, name, "T", "B", *cell.shapes[name]) for name, tensor in self.sequences.items()
        ]
        outputs += [self.described(tensor, name, "B", *cell.shapes[name]) for name, tensor in self.last.items()]
        graph = self.helper.make_graph(self.graph.nodes, cell.key, self.inputs, outputs, self.graph.tensors)
        model = self.helper.make_model(
            graph,
            opset_imports=[self.helper.make_opsetid("", OPERATORS)],
            ir_version=FORMAT,
            producer_name="lstm_sym",
            producer_version=__version__,
            doc_string=f"{cell.name or cell.key}\n\n{cell.text}\n",
        )
        told = {"content_hash": cell.content_hash, "equations": cell.text, "output": cell.output}
        self.helper.set_model_props(model, told)
        data: bytes = model.SerializeToString(deterministic=True)
        return data
