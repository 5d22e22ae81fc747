"""Shape inference: sizes are unified along the equations; a conflict names the equation and both shapes.

An input has size D and the states H unless the cell file says otherwise under [sizes]. Element-wise operations need
equal sizes; `W @ v` makes W (size of the result, size of v); a stack has the sum of its parts' sizes, `repeat(v, k)`
k times that of v. A number, and a constant, fits any size.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lstm_sym.equations.equation import Equation, Shape
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Expression, MatrixProduct, Name, Number, Repeat, Stack
from lstm_sym.equations.sizes import added, multiplied

Axis = tuple[str, int]


class ShapeInference:
    """Union-find over axes; a class of axes may carry a declared size and whether it holds a state."""

    def __init__(
        self,
        equations: tuple[Equation, ...],
        inputs: tuple[str, ...],
        states: tuple[str, ...],
        sizes: Mapping[str, str],
        constants: Collection[str],
    ) -> None:
        self.constants = tuple(constants)
        self.composed: dict[Axis, _Composed] = {}
        self.parent: dict[Axis, Axis] = {}
        self.input, self.states, self.equations = next(iter(inputs), ""), states, equations
        self.equation = equations[0]
        self.ranks = self._ranks()
        declared = ({self.input: "D"} if self.input else {}) | dict(sizes)
        self.label = {(name, 0): size for name, size in declared.items()}
        self.state_axes = {(state, 0) for state in states}

    def shapes(self) -> dict[str, Shape]:
        """The symbolic shape of every name. Raises CellError where two sizes that must be equal are not."""
        for equation in self.equations:
            self.equation = equation
            self.unify((equation.target, 0), self.vector(equation.expression), equation.expression)
        return self.named_shapes() | {name: () for name in self.constants}

    def _ranks(self) -> dict[str, int]:
        ranks = {equation.target: 1 for equation in self.equations}
        for equation in self.equations:
            matrices = {id(n.matrix) for n in equation.expression.walk() if isinstance(n, MatrixProduct)}
            for node in equation.expression.walk():
                if isinstance(node, Name) and node.name not in self.constants:
                    rank = 2 if id(node) in matrices else 1
                    if ranks.setdefault(node.name, rank) != rank:
                        raise equation.error(
                            f"`{node.name}` is used as a matrix (left of @) and as a vector",
                            node,
                            "a parameter is a matrix everywhere or a vector everywhere",
                            f"write {node.name} @ v here too, or use two parameters",
                        )
        return ranks

    def find(self, axis: Axis) -> Axis:
        """The representative of an axis; the way to it is shortened for the next search."""
        path = []
        while axis in self.parent:
            path.append(axis)
            axis = self.parent[axis]
        self.parent.update(dict.fromkeys(path, axis))
        return axis

    def vector(self, node: Expression) -> Axis | None:
        """The axis of a vector expression; None for what is a number at every unit."""
        if isinstance(node, Number):
            return None
        if isinstance(node, Name):
            return None if node.name in self.constants else (node.name, 0)
        if isinstance(node, MatrixProduct):
            rows, columns = (1, 0) if node.transposed else (0, 1)
            self.unify((node.matrix.name, columns), self.vector(node.operand), node)
            return (node.matrix.name, rows)
        if isinstance(node, Stack | Repeat):
            return self.compose(node)
        axis: Axis | None = None
        for child in node.children():
            found = self.vector(child)
            axis = self.unify(axis, found, node, child) if axis else found
        return axis

    def compose(self, node: Stack | Repeat) -> Axis:
        """A new axis whose size is made of others."""
        parts = []
        for child in node.children():
            part = self.vector(child)
            if part is None:
                what, fix = f"`{str(child)[:40]}` has no size of its own", "put a vector there: a parameter, a quantity"
                raise self.equation.error(what, child, "vectors in a stack and in repeat()", fix)
            parts.append(part)
        axis = (f"{node}", len(self.composed))
        count = node.count if isinstance(node, Repeat) else 1
        self.composed[axis] = _Composed(tuple(parts), count, node, self.equation)
        return axis

    def unify(self, left: Axis, right: Axis | None, node: Expression, at: Expression | None = None) -> Axis:
        """Make two axes of `node` one; a number fits any. A conflict is shown at the node `at`."""
        if right is None:
            return left
        first, second = self.find(left), self.find(right)
        if first == second:
            return first
        if not self._compatible(first, second):
            raise self._conflict(first, second, left, right, node, at or node)
        self.parent[second] = first
        if second in self.composed:
            self.merge(first, self.composed.pop(second))
        if second in self.label:
            self.label[first] = self.label.pop(second)
        if second in self.state_axes:
            self.state_axes.add(first)
        return first

    def merge(self, axis: Axis, composed: _Composed) -> None:
        """Two composed sizes of one axis are equal if their parts are."""
        mine = self.composed.setdefault(axis, composed)
        if mine is composed:
            return
        if mine.count != composed.count or len(mine.parts) != len(composed.parts):
            raise composed.equation.error(
                f"`{str(composed.node)[:40]}` and `{str(mine.node)[:40]}` are made of parts that do not match",
                composed.node,
                "vectors of equal sizes, made in the same way",
                "give one of them a matrix of its own",
            )
        for left, right in zip(mine.parts, composed.parts, strict=True):
            self.unify(left, right, composed.node)

    def _compatible(self, first: Axis, second: Axis) -> bool:
        composed = [axis in self.composed for axis in (first, second)]
        if any(composed):
            return all(composed) or not {first, second} & set(self.label)
        sizes = [self.label.get(axis) or ("H" if axis in self.state_axes else None) for axis in (first, second)]
        undeclared = [axis in self.state_axes and axis not in self.label for axis in (first, second)]
        if any(undeclared) and "D" not in sizes:
            return True
        return None in sizes or sizes[0] == sizes[1]

    def _conflict(
        self, first: Axis, second: Axis, left: Axis, right: Axis, node: Expression, at: Expression
    ) -> CellError:
        left_size, right_size = (self._shown(axis) for axis in (first, second))
        equal = f'if the sizes are meant to be equal, declare it: [sizes] {self.input} = "H"'
        if isinstance(node, MatrixProduct):
            fix = f"one matrix stands before vectors of two sizes: give `{right[0]}` a matrix of its own; {equal}"
        elif "D" in (left_size, right_size):
            fix = f"usually the input stands beside a state: pass it through a matrix, W @ {self.input}[t]; {equal}"
        else:
            fix = f"pass one of them through a matrix, from size {right_size} to {left_size}, or declare one size"
        return self.equation.error(
            f"shapes do not fit in `{str(node)[:60]}`: {self._described(left)} {left_size}, "
            f"{self._described(right)} {right_size}",
            at,
            "element-wise operations on equal sizes; W @ v where the columns of W are the size of v",
            fix,
        )

    def _shown(self, axis: Axis) -> str:
        return f"that of `{self.composed[axis].node}`" if axis in self.composed else self.label.get(axis, "H")

    def _described(self, axis: Axis) -> str:
        name, k = axis
        if name not in self.ranks:
            return f"`{name}` has size"
        part = f"`{name}`" if self.ranks[name] == 1 else f"{('the rows', 'the columns')[k]} of `{name}`"
        return f"{part} {'has' if self.ranks[name] == 1 else 'have'} size"

    def named_shapes(self) -> dict[str, Shape]:
        """Give every class of axes its name: declared, else H for the first state's, else H_<name>; or composed."""
        names: dict[Axis, str] = dict(self.label)
        plain = [axis for state in self.states if (axis := self.find((state, 0))) not in self.composed]
        undeclared = [axis for axis in plain if axis not in names]
        if undeclared and (undeclared[0] == plain[0] or "H" not in map(names.get, plain)):
            names[undeclared[0]] = "H"
        for name in [*self.states, *self.ranks]:
            for k in range(self.ranks[name]):
                if self.find((name, k)) not in self.composed:
                    names.setdefault(self.find((name, k)), f"H_{name}")
        shapes = {}
        for name, rank in self.ranks.items():
            shapes[name] = tuple(self.size(self.find((name, k)), names, ()) for k in range(rank))
        return shapes

    def size(self, axis: Axis, names: dict[Axis, str], above: tuple[Axis, ...]) -> str:
        """The name of an axis, or the sum or multiple that it is. Raises CellError for one that contains itself."""
        composed = self.composed.get(axis)
        if composed is None:
            return names.setdefault(axis, f"H_{len(names)}")
        if axis in above:
            raise composed.equation.error(
                f"`{str(composed.node)[:40]}` would be larger than itself",
                composed.node,
                "a stack or repeat() whose size is not that of one of its parts",
                "pass the result through a matrix before it is a state again",
            )
        parts = [self.size(self.find(part), names, (*above, axis)) for part in composed.parts]
        return multiplied(added(parts), composed.count)


@dataclass(frozen=True)
class _Composed:
    """A size made of others: the sum of the parts' sizes, `count` times."""

    parts: tuple[Axis, ...]
    count: int
    node: Expression
    equation: Equation
