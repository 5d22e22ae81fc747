"""Shape inference: sizes are unified along the equations; a conflict names the equation and both shapes.

An input has size D and the states H unless the cell file says otherwise under [sizes]. Element-wise operations need
equal sizes; `W @ v` makes W (size of the result, size of v).
"""

from __future__ import annotations

from collections.abc import Mapping

from lstm_sym.equations.cell import Equation, Shape
from lstm_sym.equations.errors import CellError
from lstm_sym.equations.expressions import Expression, MatrixProduct, Name, Number

Axis = tuple[str, int]


def infer_shapes(
    equations: tuple[Equation, ...],
    cell_input: str,
    states: tuple[str, ...],
    sizes: Mapping[str, str],
    source: str,
) -> dict[str, Shape]:
    """The symbolic shape of every name. Raises CellError where two sizes that must be equal are not."""
    inference = _Inference(equations, cell_input, states, sizes, source)
    for equation in equations:
        inference.equation = equation
        inference.unify((equation.target, 0), inference.vector(equation.expression), equation.expression)
    return inference.named_shapes()


class _Inference:
    """Union-find over axes; a class of axes may carry a declared size and whether it holds a state."""

    def __init__(
        self,
        equations: tuple[Equation, ...],
        cell_input: str,
        states: tuple[str, ...],
        sizes: Mapping[str, str],
        source: str,
    ) -> None:
        self.parent: dict[Axis, Axis] = {}
        self.input, self.states, self.source, self.equations = cell_input, states, source, equations
        self.equation = equations[0]
        self.ranks = self._ranks()
        self.label = {(name, 0): size for name, size in {cell_input: "D", **sizes}.items()}
        self.state_axes = {(state, 0) for state in states}

    def _ranks(self) -> dict[str, int]:
        ranks = {equation.target: 1 for equation in self.equations}
        for equation in self.equations:
            matrices = {id(n.matrix) for n in equation.expression.walk() if isinstance(n, MatrixProduct)}
            for node in equation.expression.walk():
                if isinstance(node, Name):
                    rank = 2 if id(node) in matrices else 1
                    if ranks.setdefault(node.name, rank) != rank:
                        raise self._rank_conflict(equation, node)
        return ranks

    def _rank_conflict(self, equation: Equation, node: Name) -> CellError:
        return equation.error(
            f"`{node.name}` is used as a matrix (left of @) and as a vector",
            node,
            self.source,
            "a parameter is a matrix everywhere or a vector everywhere",
            f"write {node.name} @ v here too, or use two parameters",
        )

    def find(self, axis: Axis) -> Axis:
        """The representative of an axis; the way to it is shortened for the next search."""
        path = []
        while axis in self.parent:
            path.append(axis)
            axis = self.parent[axis]
        self.parent.update(dict.fromkeys(path, axis))
        return axis

    def vector(self, node: Expression) -> Axis | None:
        """The axis of a vector expression; None for a pure number."""
        if isinstance(node, Number):
            return None
        if isinstance(node, Name):
            return (node.name, 0)
        if isinstance(node, MatrixProduct):
            self.unify((node.matrix.name, 1), self.vector(node.operand), node)
            return (node.matrix.name, 0)
        axis: Axis | None = None
        for child in node.children():
            found = self.vector(child)
            axis = self.unify(axis, found, node, child) if axis else found
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
        if second in self.label:
            self.label[first] = self.label.pop(second)
        if second in self.state_axes:
            self.state_axes.add(first)
        return first

    def _compatible(self, first: Axis, second: Axis) -> bool:
        sizes = [self.label.get(axis) or ("H" if axis in self.state_axes else None) for axis in (first, second)]
        undeclared = [axis in self.state_axes and axis not in self.label for axis in (first, second)]
        if any(undeclared) and "D" not in sizes:
            return True
        return None in sizes or sizes[0] == sizes[1]

    def _conflict(
        self, first: Axis, second: Axis, left: Axis, right: Axis, node: Expression, at: Expression
    ) -> CellError:
        left_size, right_size = (self.label.get(axis, "H") for axis in (first, second))
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
            self.source,
            "element-wise operations on equal sizes; W @ v where the columns of W are the size of v",
            fix,
        )

    def _described(self, axis: Axis) -> str:
        name, k = axis
        part = f"`{name}`" if self.ranks[name] == 1 else f"{('the rows', 'the columns')[k]} of `{name}`"
        return f"{part} {'has' if self.ranks[name] == 1 else 'have'} size"

    def named_shapes(self) -> dict[str, Shape]:
        """Give every class of axes its name: declared, else H for the first state's, else H_<name>."""
        names: dict[Axis, str] = dict(self.label)
        first = next((s for s in self.states if self.find((s, 0)) not in names), None)
        if first and "H" not in (names.get(self.find((s, 0))) for s in self.states):
            names[self.find((first, 0))] = "H"
        for name in [*self.states, *self.ranks]:
            for k in range(self.ranks[name]):
                names.setdefault(self.find((name, k)), f"H_{name}")
        return {name: tuple(names[self.find((name, k))] for k in range(rank)) for name, rank in self.ranks.items()}
