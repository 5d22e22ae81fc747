"""The forward pass of a plan as nodes of a graph: what is before the loop, the loop, what is after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from lstm_sym.compile.plan import Plan
from lstm_sym.emit import nodes as n
from lstm_sym.emit.onnx.arrays import Arrays, Columns, Segment
from lstm_sym.emit.onnx.graph import Graph
from lstm_sym.emit.onnx.scalar import FormulaPrinter, computed
from lstm_sym.emit.onnx.scan import Scan
from lstm_sym.emit.onnx.sizes import Sizes
from lstm_sym.emit.regions import RegionWriter
from lstm_sym.equations.sizes import added
from lstm_sym.passes import Run
from lstm_sym.program.program import Carry
from lstm_sym.program.values import Value


class ForwardGraph:
    """Writes the forward pass; `params` and `initial` say what the graph calls a parameter, a first state.

    anew: where a step begins anew (T, B, 1), "" where none does; and the states that it begins at, by name.
    """

    def __init__(
        self,
        plan: Plan,
        graph: Graph,
        sizes: Sizes,
        params: Mapping[str, str],
        initial: Mapping[str, str],
        anew: tuple[str, Mapping[str, str]],
    ) -> None:
        self.plan, self.loop, self.graph, self.sizes = plan, plan.forward, graph, sizes
        self.program, self.storage = self.loop.program, self.loop.storage
        self.params, self.initial = params, initial
        self.marks, self.begun = anew
        self.writer = RegionWriter(self.loop, plan.numbers)
        self.regions = self.writer.run()
        self.scan = Scan(graph)
        self.constants: dict[str, str] = {}
        self.before = Arrays(graph, sizes, lambda array: self.states_before(array, self.before))
        self.inside = Arrays(self.scan.body, sizes, self.rows_of)
        self.after = Arrays(graph, sizes, self.steps_of)

    def write(self, x: str, sequences: Mapping[str, str], last: Mapping[str, str]) -> None:
        """All nodes; x is what the graph calls the input.

        `sequences` and `last`: quantity, state -> what its tensor of all steps, of the last one, is to be called.
        """
        schedule = self.loop.schedule
        for value in self.program.inputs:
            self.before.write(self.columns_of(value), x)
        found = self.run(schedule.before, self.before, sequences)
        carried = [carry for carry in self.program.carries if carry.outgoing in self.computed_in_loop]
        for carry in carried:
            self.inside.write(self.columns_of(carry.incoming), self.received(carry))
        rows = self.run(schedule.loop, self.inside, sequences)
        if carried:
            self.scan.ended(self.sizes.shape("T"))
        found |= {name: self.scan.sequence(row, sequences[name]) for name, row in rows.items()}
        found |= self.run(schedule.after, self.after, sequences)
        if carried:
            sent = [self.inside.read(self.columns_of(carry.outgoing)) for carry in carried]
            self.scan.finish(sent, [last[carry.incoming.name] for carry in carried])
        ends = {last[c.incoming.name]: self.last_state(c) for c in self.program.carries if c not in carried}
        for name, tensor in ({sequences[name]: found[name] for name in sequences} | ends).items():
            if name != tensor:
                self.graph.copy(tensor, name)

    def received(self, carry: Carry) -> str:
        """What a step receives of a state: what the one before sends, or, where it begins anew, what cells begin at."""
        name = carry.incoming.name
        sent = self.scan.carry(name, self.initial[name])
        if not self.marks:
            return sent
        mark = self.scan.row(self.marks, self.graph.onnx.TensorProto.BOOL)
        return self.scan.body.op("Where", mark, self.begun[name], sent)

    def run(self, runs: Iterable[Run], arrays: Arrays, wanted: Mapping[str, str]) -> dict[str, str]:
        """The statements of a region, and the tensors of the quantities that are wanted and that it completes."""
        found = {}
        for run in runs:
            self.statements(self.writer.region(run, in_loop=arrays is self.inside), arrays)
            for target in (part.target for part in run.parts):
                if target.name in wanted and self.last_run[target] is run:
                    found[target.name] = arrays.read(self.columns_of(target))
        return found

    @cached_property
    def last_run(self) -> dict[Value, Run]:
        """Value -> the run that completes it."""
        schedule = self.loop.schedule
        return {p.target: run for run in (*schedule.before, *schedule.loop, *schedule.after) for p in run.parts}

    @cached_property
    def computed_in_loop(self) -> set[Value]:
        """What the loop computes; a state that is none of it is there for all steps before the loop."""
        return {part.target for run in self.loop.schedule.loop for part in run.parts}

    # Arrays

    def states_before(self, array: str, arrays: Arrays) -> list[Segment]:
        """The states before each step, where those after each are known. Raises KeyError for any other array."""
        carry = next((c for c in self.program.carries if array == self.columns_of(c.incoming).array), None)
        if carry is None:
            raise KeyError(array)
        zero, end = self.graph.integers(0), self.graph.integers(-1)
        states = self.graph.op("Slice", self.all_states(carry, arrays), zero, end, zero)
        if self.marks:
            states = self.graph.op("Where", self.marks, self.begun[carry.incoming.name], states)
        return [Segment(0, 1, states)]

    def last_state(self, carry: Carry) -> str:
        """A state after the last step, or, of none, before the first."""
        last = self.graph.op("Squeeze", self.graph.integers(-1))
        return self.graph.op("Gather", self.all_states(carry, self.after), last, axis=0)

    def all_states(self, carry: Carry, arrays: Arrays) -> str:
        """A state at the beginning and after each step."""
        first = self.graph.op("Unsqueeze", self.initial[carry.incoming.name], self.graph.integers(0))
        return self.graph.op("Concat", first, arrays.read(self.columns_of(carry.outgoing)), axis=0)

    def rows_of(self, array: str) -> list[Segment]:
        """The row of a step, of what is there for all of them."""
        return [Segment(low, high, self.scan.row(tensor)) for low, high, tensor in self.before.of(array)]

    def steps_of(self, array: str) -> list[Segment]:
        """All steps of what the loop computes, or of what was there before it."""
        if array.endswith(" previous"):
            return self.states_before(array, self.after)
        if array not in self.inside.segments:
            return self.before.of(array)
        return [Segment(low, high, self.scan.sequence(row)) for low, high, row in self.inside.of(array)]

    def columns(self, name: str, which: str = "") -> Columns:
        """Where the numbers of a name are."""
        whole = name
        if name in self.writer.received:
            whole, which = self.writer.received[name].name, "previous"
        row = self.regions.rows.get(name)
        if isinstance(row, n.Steps):
            whole, which = row.array.text, row.which
        elif isinstance(row, n.Name):
            whole = row.text
        view = self.storage.views.get(whole)
        if view is not None:
            return Columns(view.array, view.low, view.high, view.size)
        return Columns(f"{whole} {which}".strip(), 0, *self.widths[whole])

    def columns_of(self, value: Value) -> Columns:
        """The same of a value."""
        home = self.storage.home(value)
        return self.columns(home.name, ("previous", "current")[home.offset] if home.kind == "states" else "")

    @cached_property
    def widths(self) -> dict[str, tuple[int, str]]:
        """Array -> of how many slots it is, and of what size."""
        carried = (value for carry in self.program.carries for value in (carry.incoming, carry.outgoing))
        values = [value for value in (*self.program.values(), *carried) if value.time is not None]
        found = {self.storage.home(value).name: (1, value.shape[0]) for value in values}
        for key in self.storage.rows:
            low, high = self.storage.span(key)
            found[self.storage.row_home(key).name] = high - low, self.storage.root(key)[0].size
        return found

    @cached_property
    def timeless(self) -> set[str]:
        """The names of what depends on parameters alone."""
        return {self.storage.home(value).name for value in self.program.values() if value.time is None}

    # Statements

    def statements(self, nodes: Iterable[n.Node], arrays: Arrays) -> None:
        """Statements in order, each with the equations that it computes."""
        note = ""
        for node in nodes:
            match node:
                case n.Remark():
                    note = node.text
                case n.Choose():
                    self.statements(node.fast, arrays)
                case n.Assign() | n.Fill() | n.Add():
                    self.statement(node, arrays, node.note or note)
                    note = ""

    def statement(self, node: n.Assign | n.Fill | n.Add, arrays: Arrays, note: str) -> None:
        """One statement."""
        tensor, graph = self.tensor(node.value, arrays), arrays.graph
        name = node.target.array.text if isinstance(node.target, n.Steps) else getattr(node.target, "text", "")
        if name in self.timeless:
            self.constants[name] = graph.called(tensor, name, note)
            return
        columns = self.columns(name, node.target.which if isinstance(node.target, n.Steps) else "")
        if isinstance(node, n.Add):
            tensor = graph.op("Add", arrays.read(columns), tensor)
        elif tensor in graph.narrow:
            axes = ("B", columns.width) if arrays is self.inside else ("T", "B", columns.width)
            tensor = graph.op("Expand", tensor, self.sizes.shape(*axes))
        arrays.write(columns, graph.called(tensor, name, note))

    # Expressions

    def tensor(self, node: n.Node, arrays: Arrays) -> str:
        """The tensor of an expression."""
        graph = arrays.graph

        def of(part: n.Node) -> str:
            return self.tensor(part, arrays)

        match node:
            case n.Name():
                return self.named(node.text, arrays)
            case n.Steps():
                return arrays.read(self.columns(node.array.text, node.which))
            case n.Field():
                found = self.params[node.name]
                return graph.op("Reshape", found, graph.integers(1)) if node.is_scalar else found
            case n.Number():
                return graph.number(float(node.value))
            case n.Elementwise():
                return self.elementwise(node, arrays)
            case n.Complement():
                return graph.op("Sub", graph.number(1), of(node.gate))
            case n.Sum():
                return graph.op("Add" if node.sign > 0 else "Sub", of(node.left), of(node.right))
            case n.Scaled():
                return graph.op("Mul", graph.number(float(node.coefficient)), of(node.operand))
            case n.Weighted():
                return graph.op("Mul", of(node.weight), of(node.operand))
            case n.Product():
                matrix = of(node.matrix)
                matrix = graph.op("Transpose", matrix, perm=[1, 0]) if node.transposed else matrix
                return graph.op("MatMul", of(node.left), matrix)
            case n.Transposed():
                return graph.op("Transpose", of(node.matrix), perm=[1, 0])
            case n.Packed() | n.Stacked():
                return graph.op("Concat", *map(of, node.parts), axis=0 if isinstance(node, n.Packed) else -1)
            case n.Mapped():
                return self.mapped(node, arrays)
            case n.Largest():
                return self.at_every_unit("ReduceMax", of(node.operand), graph)
            case n.Full():
                return graph.op("Expand", of(node.value), self.sizes.shape(*node.axes))
        raise TypeError(f"{type(node).__name__} is no expression of a forward pass")

    def named(self, name: str, arrays: Arrays) -> str:
        """The tensor of a variable; a parameter is made ready when it is first asked for."""
        bound = self.writer.parameters.bound
        if name in bound and name not in self.constants:
            self.constants[name] = self.graph.called(self.tensor(bound[name].value, self.before), name, "")
        return self.constants[name] if name in self.constants else arrays.read(self.columns(name))

    def elementwise(self, node: n.Elementwise, arrays: Arrays) -> str:
        """A formula of its operands."""
        tensors: dict[str, str] = {}

        def refer(value: Value) -> str:
            name = f"v{len(tensors)}"
            tensors[name] = self.tensor(node.operands[value.symbol], arrays)
            return name

        text = FormulaPrinter(node.values, refer, node.constants).print(node.expression)
        return computed(arrays.graph, text, tensors)

    def mapped(self, node: n.Mapped, arrays: Arrays) -> str:
        """A constant linear map over units."""
        graph, operand, operator = arrays.graph, self.tensor(node.operand, arrays), node.operator
        if operator.kind == "part":
            start, end = added(("0", *operator.before)), added((*operator.before, operator.shape[1]))
            return graph.op("Slice", operand, self.sizes.shape(start), self.sizes.shape(end), graph.integers(-1))
        if operator.kind == "repeat":
            ends = (graph.integers(0), self.sizes.shape(operator.shape[0]), graph.integers(1))
            units = graph.op("Range", *(graph.op("Squeeze", end) for end in ends))
            return graph.op("Gather", operand, graph.op("Div", units, graph.integers(operator.count)), axis=-1)
        return self.at_every_unit({"mean": "ReduceMean", "sum": "ReduceSum"}[operator.kind], operand, graph)

    def at_every_unit(self, operator: str, operand: str, graph: Graph) -> str:
        """A reduction over units, its result at each of them."""
        found = graph.op(operator, operand, graph.integers(-1), keepdims=1)
        return graph.op("Expand", found, graph.op("Shape", operand))
