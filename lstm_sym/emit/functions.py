"""A function over time as a tree of code, in sections: parameters and arrays, before the loop, the loop, after it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from lstm_sym.compile.known_sizes import size_rules
from lstm_sym.compile.plan import LoopPlan, Plan
from lstm_sym.compile.storage import Storage, View
from lstm_sym.emit import nodes as n
from lstm_sym.emit.nodes import names_in, sizes_in, walk
from lstm_sym.emit.places import Places
from lstm_sym.emit.regions import Regions, RegionWriter
from lstm_sym.equations.sizes import multiplied, parts_of
from lstm_sym.ground.groups import runs
from lstm_sym.program.statements import Accumulate
from lstm_sym.program.values import Role, Value

_WHOLE = "All steps at once"
NO_INPUT = n.Full(("T", "B", "0"), n.Number(Fraction(0)))
"""The gradient of the input of a cell that has none."""


class FunctionWriter:
    """Writes one function of a plan over time; in a fused plan its loop is compiled, under the name of the function."""

    def __init__(self, plan: Plan, loop: LoopPlan, name: str = "") -> None:
        self.plan, self.loop, self.cell, self.name = plan, loop, plan.cell, name
        self.storage: Storage = loop.storage
        self.writer = RegionWriter(loop, plan.numbers)
        self.regions: Regions = self.writer.run()
        self.one_form: dict[str, bool] = {}

    def forward(self) -> tuple[n.Node, ...]:
        """The forward pass in the form that is asked for, which decides what the tape holds."""
        y = self.whole(self.loop.program.outputs[0])
        state = self.state([carry.incoming for carry in self.loop.program.carries])
        tapes = {
            exact: n.Record(name, tuple(map(n.Name, self.loop.fields(self.plan.saved[exact]).values())))
            for exact, name in ((True, "PreciseTape"), (False, "Tape"))
        }
        precise, fast = (n.Return(n.Together((n.Copy(y), state, tapes[exact]))) for exact in (True, False))
        return self.sections(self.inputs(["x"]), [n.Choose((precise,), ()), fast])

    def backward(self) -> tuple[n.Node, ...]:
        """The backward pass, its slopes taken from the form of the tape."""
        program = self.loop.program
        saved = self.plan.tape_fields
        self.read_forms(saved)
        both = {key: name for key, name in saved[False].items() if key in saved[True]}
        targets = {s.target.of: s.target for s in program.statements if isinstance(s, Accumulate)}
        params = tuple(n.Name(self.storage.names.given[targets[value]]) for value in self.plan.program.parameters)
        result = n.Record("Grads", (self.input_gradient(0), n.Record("Params", params), self.state(self.incoming())))
        alone = self.perhaps(saved) if self.plan.fused else []
        return self.sections([*self.tape_fields(both), *alone], [n.Return(result)])

    def perhaps(self, saved: Mapping[bool, Mapping[object, str]]) -> list[n.Assign]:
        """The arrays that one form of the tape alone has, for a loop that serves both; `one_form` notes which."""
        found = []
        for exact in (True, False):
            own = {key: field for key, field in saved[exact].items() if key not in saved[not exact]}
            for node in self.tape_fields(own):
                assert isinstance(node.value, n.Field)
                self.one_form[node.target.text] = exact
                found.append(n.Assign(node.target, n.Perhaps("tape", node.value.name, exact)))
        return found

    def tangent(self) -> tuple[n.Node, ...]:
        """Values and tangents in one loop; the tape holds what the second-order backward pass reads of them."""
        y, y_dot = (n.Copy(self.whole(value)) for value in self.loop.program.outputs)
        values = self.incoming()
        states = [self.state(values[::2]), self.state(values[1::2])]
        tape = n.Record("_SecondTape", tuple(map(n.Name, self.loop.fields(self.plan.second_saved).values())))
        return self.sections(self.inputs(["x", "x_dot"]), [n.Return(n.Together((y, y_dot, *states, tape)))])

    def second_order(self) -> tuple[n.Node, ...]:
        """Adjoints and their tangents in one loop."""
        program = self.loop.program
        targets = [s.target for s in program.statements if isinstance(s, Accumulate)]
        grads = []
        for k in range(2):
            own = [value for value in targets if (value.role is Role.TANGENT) == (k == 1)]
            found = {_adjoint_of(value).of: self.storage.names.given[value] for value in own}
            params = n.Record("Params", tuple(n.Name(found[parameter]) for parameter in self.plan.program.parameters))
            grads.append(n.Record("Grads", (self.input_gradient(k), params, self.state(self.incoming()[k::2]))))
        fields = self.plan.forward_tangent.fields(self.plan.second_saved)
        return self.sections(self.tape_fields(fields), [n.Return(n.Together(tuple(grads)))])

    def step(self) -> tuple[n.Node, ...]:
        """One step, statement by statement."""
        begin, lines = self.one_step()
        return (*begin, *self.writer.parameters.bound.values(), *self.sizes(lines), *lines)

    def stream(self) -> tuple[tuple[n.Node, ...], tuple[n.Node, ...]]:
        """What many steps share, parameters and memory; one step."""
        begin, lines = self.one_step()
        shared = [*self.writer.parameters.bound.values(), *self.arrays(), *self.views(names_in(lines))]
        sizes = self.sizes([*shared, *lines])
        of_params = [node for node in sizes if isinstance(node.value, n.Extent) and node.value.rule.record == "params"]
        rest = [node for node in sizes if node not in of_params]
        return (*of_params, *shared), (*begin, *rest, *lines)

    def compiled_stream(self) -> n.Compiled:
        """One step as a call, of which the states are in the memory where they were given."""
        return self.compiled(n.Loop(self.regions.rows, tuple(self.regions.loop)))

    def one_step(self) -> tuple[list[n.Node], list[n.Node]]:
        """What a step reads of its arguments; its statements, and what it gives back, in memory of its own."""
        program, home = self.loop.program, self.storage.home
        begin: list[n.Node] = [n.Assign(n.Name(home(value).name), n.Name("x_t")) for value in program.inputs]
        begin += [n.Assign(n.Name(home(c.incoming).name), n.Field("state", c.incoming.name)) for c in program.carries]

        # What is only another name of something must not be handed out: it may be the caller's array.
        assigned = [node for node in self.regions.loop if isinstance(node, n.Assign)]
        names = {node.target for node in assigned if _is_name(node.value)}

        def given(value: Value) -> n.Node:
            name = n.Name(home(value).name)
            is_own = self.storage.place(value) is None and name not in names
            return name if is_own else n.Copy(name)

        states = n.Record("State", tuple(given(carry.outgoing) for carry in program.carries))
        end = n.Return(n.Together((given(program.outputs[0]), states)))
        # What hands the states to the next step is the caller's.
        return begin, [*(node for node in self.regions.loop if not isinstance(node, n.Rotate)), end]

    # Parts

    def incoming(self) -> list[Value]:
        """The carried values, as they come into a step."""
        return [carry.incoming for carry in self.loop.program.carries]

    def whole(self, value: Value) -> n.Node:
        """A value at every step."""
        return self.writer.at(self.storage.home(value), in_loop=False)

    def state(self, values: Iterable[Value]) -> n.Record:
        """Carried values after the last step, in memory of their own."""
        homes = [self.storage.home(value) for value in values]
        last = (n.Steps(n.Name(h.name), "last") if h.kind == "states" else n.Name(h.name) for h in homes)
        return n.Record("State", tuple(map(n.Copy, last)))

    def input_gradient(self, number: int) -> n.Node:
        """The gradient of the input, or its tangent."""
        outputs = self.loop.program.outputs
        return self.whole(outputs[number]) if outputs else NO_INPUT

    def inputs(self, given: Sequence[str]) -> list[n.Assign]:
        """The inputs under the names that the program gives them."""
        homes = (self.storage.home(value).name for value in self.loop.program.inputs)
        return [n.Assign(n.Name(name), n.Name(text)) for name, text in zip(homes, given, strict=False) if name != text]

    def tape_fields(self, fields: Mapping[object, str]) -> list[n.Assign]:
        """What is read of a tape, each array under its name here."""
        names = self.here(fields)
        return [n.Assign(n.Name(names[key]), n.Field("tape", field)) for key, field in fields.items() if key in names]

    def here(self, fields: Mapping[object, str]) -> dict[object, str]:
        """Array key -> what this function calls the array; those that it reads."""
        found = dict(self.storage.array(value) for value in self.given())
        return {key: found[key] for key in fields if key in found}

    def given(self) -> list[Value]:
        """The values that come with the tape."""
        return [*self.loop.program.inputs, *(v for s in self.loop.precisely.values() for v in s.reads())]

    def read_forms(self, saved: Mapping[bool, Mapping[object, str]]) -> None:
        """Let each branch of a choice read the arrays that one form of the tape alone has."""
        for k, node in enumerate(self.regions.before):
            if isinstance(node, n.Choose):
                precise = (*self.read_alone(saved[True], saved[False], node.precise), *node.precise)
                fast = (*self.read_alone(saved[False], saved[True], node.fast), *node.fast)
                self.regions.before[k] = n.Choose(precise, fast)

    def read_alone(
        self, own: Mapping[object, str], other: Mapping[object, str], code: tuple[n.Node, ...]
    ) -> list[n.Node]:
        """The arrays that this form of the tape alone has, and views of them, as far as the code reads them."""
        fields = self.tape_fields({key: field for key, field in own.items() if key not in other})
        arrays = {node.target.text for node in fields}
        views = [view for view in self.views(names_in(code)) if view.array.text in arrays]
        read = {**names_in(code), **names_in(views)}
        return [*(node for node in fields if node.target.text in read), *views]

    def sections(self, begin: list[n.Assign], end: list[n.Node]) -> tuple[n.Node, ...]:
        """All of a function, in order."""
        regions, parameters = self.regions, tuple(self.writer.parameters.bound.values())
        steps = n.Loop(regions.rows, tuple(regions.loop), self.loop.program.direction < 0)
        loop: list[n.Node] = [*regions.begin, steps] if regions.loop else []
        if self.plan.fused and regions.loop:
            loop = [self.compiled(steps)]
        work = [*regions.before, *loop, *regions.after, *end]
        arrays = [*self.arrays(), *self.carried()]
        choices = [node for node in regions.before if isinstance(node, n.Choose)]
        inner = {node.array.text for node in walk(choices) if isinstance(node, n.Split)}
        views = [view for view in self.views(names_in(work)) if view.array.text not in inner]
        used = names_in([*work, *views])
        if self.plan.fused:
            parameters = tuple(node for node in parameters if node.target.text in used)
            arrays = [node for node in arrays if not isinstance(node, n.Allocate) or node.target.text in used]
        body = [*(node for node in begin if node.target.text in used), *parameters, *arrays, *views]
        sizes = self.sizes([*body, *work])
        loop_title = "Step by step" + (", backwards" if self.loop.program.direction < 0 else "")
        parts = [(_WHOLE, regions.before), (loop_title, loop), (_WHOLE, regions.after)]
        sections = [n.Section(title, tuple(nodes)) for title, nodes in parts if nodes]
        if self.loop.exact is None:
            sections = self.with_flow(body, sections, end)
        return (n.Section("Sizes, parameters, arrays", (*sizes, *body)), *sections, *end)

    @cached_property
    def places(self) -> Places:
        """Where the numbers of each name of the loop are."""
        return Places(self.writer)

    def compiled(self, loop: n.Loop) -> n.Compiled:
        """The loop as a call: of all sizes, and of the arrays and vectors that are there before it, in order."""
        inside = names_in([*self.regions.begin, *loop.body])
        arrays = dict.fromkeys(place.array for place in map(self.places.of, inside) if self.places.is_given(place))
        sizes = tuple(size for size in self.cell.size_names if size not in ("T", "B"))
        return n.Compiled(self.name, sizes, tuple(map(n.Name, arrays)), self.loop.exact, loop)

    def with_flow(
        self, body: Sequence[n.Node], sections: Sequence[n.Section], end: Sequence[n.Node]
    ) -> list[n.Section]:
        """The sections, each with the arrays that it reads, and those that it gives to the sections after it."""
        known, found = self.written(body), []
        for k, section in enumerate(sections, 1):
            read, later = self.arrays_in([section]), self.arrays_in([*sections[k:], *end])
            reads, written = tuple(name for name in known if name in read), self.written([section])
            found.append(replace(section, reads=reads, gives=tuple(name for name in written if name in later)))
            known = [*dict.fromkeys([*known, *written])]
        return found

    def arrays_in(self, nodes: Sequence[n.Node]) -> set[str]:
        """The arrays that statements name, whether whole, by a view or by a row of one step."""
        return {self.array_of(name) for name in names_in(nodes)}

    def array_of(self, name: str) -> str:
        """The array that a name stands for: itself, that of a view, that of a row of one step."""
        row = self.regions.rows.get(name)
        whole = row.array.text if isinstance(row, n.Steps) else row.text if isinstance(row, n.Name) else name
        view = self.storage.views.get(whole)
        return view.array if view is not None else self.parts.get(whole, whole)

    @cached_property
    def parts(self) -> dict[str, str]:
        """Gradient of one parameter -> the array that holds it with others."""
        splits = [node for node in self.regions.after if isinstance(node, n.Split)]
        return {target.text: split.array.text for split in splits for target in split.targets}

    def written(self, nodes: Sequence[n.Node]) -> list[str]:
        """The arrays that statements write, in order."""
        found = (node for node in walk(nodes) if isinstance(node, n.Assign | n.Fill | n.Add | n.Allocate))
        names = (name for node in found for name in names_in(node.target))
        return [*dict.fromkeys(self.array_of(name) for name in names)]

    def arrays(self) -> list[n.Node]:
        """Every array that the function fills; one that shares the memory of another after that."""
        found: dict[str, n.Allocate] = {}
        for key in self.storage.rows:
            root = self.storage.root(key)
            home = self.storage.row_home(root)
            low, high = self.storage.span(root)
            if any(value in self.storage.given for value in self.storage.row_values(root)):
                continue
            width = multiplied(root[0].size, high - low)
            axes = ("T", "B", width) if home.kind == "whole" else ("B", width)
            # A slot between others that no value of the row fills must still hold a number.
            gaps = len(self.storage.slots(root)) < high - low
            alias = self.loop.aliases.get(home.name)
            found[home.name] = n.Allocate(n.Name(home.name), axes, gaps, n.Name(alias) if alias else None)
        for run in self.loop.schedule.loop:
            for part in run.parts:
                home = self.storage.home(part.target)
                if self.storage.place(part.target) is None and home.kind == "whole":
                    row = n.Name("") if part.target in self.loop.scratch else None
                    found[home.name] = n.Allocate(n.Name(home.name), ("T", "B", part.target.shape[0]), fast=row)
        return [*sorted(found.values(), key=lambda node: (node.fast is not None, node.axes, node.zeros))]

    def carried(self) -> list[n.Node]:
        """The carried values before the first step."""
        homes = [(value, self.storage.home(value)) for value in self.incoming()]
        states = [(value, n.Name(home.name)) for value, home in homes if home.kind == "states"]
        others = [(value, n.Name(home.name)) for value, home in homes if home.kind != "states"]
        return [
            *sorted((n.Allocate(name, ("T + 1", "B", v.shape[0])) for v, name in states), key=lambda node: node.axes),
            *(n.Fill(n.Steps(name, "first"), _state_field(value)) for value, name in states),
            *(n.Assign(name, self.received(value)) for value, name in others),
        ]

    def received(self, value: Value) -> n.Node:
        """What the first step receives; compiled code writes there, so that it must not be the caller's."""
        field = _state_field(value)
        return n.Copy(field) if self.plan.fused else field

    def views(self, used: Container[str]) -> list[n.Split]:
        """The views of arrays that are used; those of neighbouring slots, one each, in one statement."""
        return splits({name: view for name, view in self.storage.views.items() if name in used})

    def sizes(self, nodes: Sequence[n.Node]) -> list[n.Assign]:
        """The sizes that the code speaks of, each computed by those before it."""
        needed = {name for size in sizes_in(nodes) for name in parts_of(size)}
        owner = "state" if self.loop.program.direction > 0 else "dstate"
        others = {(owner, name): self.cell.shapes[name][0] for name in self.cell.states}
        if self.loop.program.direction < 0:
            others["", "dy"] = self.cell.shapes[self.cell.output][0]
        elif self.cell.input:
            others["", "x"] = self.cell.input_shape[0]
        found: list[n.Assign] = []
        for name, rule in reversed(size_rules(self.cell, others).items()):
            if name in needed:
                needed |= {part for other in rule.others for part in parts_of(other)}
                found.insert(0, n.Assign(n.Name(name), n.Extent(rule)))
        return found


def cut_after_loop(
    nodes: Sequence[n.Node], name: str
) -> tuple[tuple[n.Node, ...], tuple[str, ...], tuple[n.Node, ...]]:
    """A function that is long, cut where its loop ends: the first part, the arguments of the second, and that.

    The first part gives back what the second, called `name`, gives.
    """
    place = max(k for k, node in enumerate(nodes) if any(isinstance(inner, n.Loop) for inner in walk(node))) + 1
    first, second = nodes[:place], tuple(nodes[place:])
    bound = {name: None for node in walk(first) for name in _targets(node)}
    sizes = {part for size in sizes_in(second) for part in parts_of(size)}
    used = names_in(second)
    records = dict.fromkeys(node.record for node in walk(second) if isinstance(node, n.Field))
    given = (name for name in ("dy", "dy_dot") if name in used and name not in bound)
    arguments = (*given, *(name for name in bound if name in used or name in sizes), *records)
    if any(isinstance(node, n.Full) for node in walk(second)):
        arguments = (*arguments, "T", "B", "dtype")
    return (*first, n.Return(n.Record(name, tuple(map(n.Name, arguments))))), arguments, second


def _targets(node: n.Node) -> tuple[str, ...]:
    """The variables that a statement binds."""
    match node:
        case n.Assign() | n.Allocate():
            return (node.target.text,)
        case n.Split() | n.Rotate():
            return tuple(target.text for target in node.targets)
    return ()


def splits(views: Mapping[str, View]) -> list[n.Split]:
    """Views by name: array by array, single slots first, those of neighbouring slots in one statement."""
    ordered = sorted(views.items(), key=lambda item: (item[1].array, item[1].high - item[1].low > 1, item[1].low))

    def follows(before: tuple[str, View], item: tuple[str, View]) -> bool:
        last, view = before[1], item[1]
        return last.array == view.array and last.high == view.low and last.high - last.low == view.high - view.low == 1

    found = []
    for run in runs(ordered, follows):
        first, last = run[0][1], run[-1][1]
        names = tuple(n.Name(name) for name, _ in run)
        found.append(n.Split(names, n.Name(first.array), first.low, last.high, first.size, first.parts))
    return found


def _is_name(node: n.Node) -> bool:
    """Whether an expression is another name of an array, and computes nothing."""
    return isinstance(node, n.Name) or (isinstance(node, n.Elementwise) and node.expression.is_Symbol)


def _adjoint_of(value: Value) -> Value:
    """The adjoint that a value is, or is the tangent of."""
    return value.of if value.role is Role.TANGENT and value.of is not None else value


def _state_field(value: Value) -> n.Field:
    """Where a carried value comes from: state.h, state_dot.h of a tangent, dstate.h of an adjoint."""
    base = _adjoint_of(value)
    suffix = "_dot" if base is not value else ""
    adjoint = base.role is Role.CARRIED_ADJOINT and base.of is not None
    return n.Field(("dstate" if adjoint else "state") + suffix, base.of.name if adjoint and base.of else base.name)
