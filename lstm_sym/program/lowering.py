"""Cell -> Program: every named quantity a statement, every affine map an `Affine`, every function its own stage.

Stages get the names of the field: the pre-activation of i is `a_i`, the function of a plain argument `tanh_c`, a
product that stands alone `U_n_h`. No stage is named by a counter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import sympy
from sympy import Expr

from lstm_sym.equations import expressions as e
from lstm_sym.equations.cell import Cell
from lstm_sym.equations.equation import Equation
from lstm_sym.equations.functions import CHOICES, FUNCTIONS, REDUCTIONS, number_of
from lstm_sym.equations.names import reads_derived
from lstm_sym.equations.sizes import added, multiplied
from lstm_sym.program.program import Carry, Program
from lstm_sym.program.statements import EQUATION, Affine, Maximum, Pointwise, Provenance, Statement, Term
from lstm_sym.program.values import Operator, Role, Value


def lower(cell: Cell) -> Program:
    """The forward program of a cell: inputs x[t], carried states, one statement a stage, output y[t]."""
    lowering = _Lowering(cell)
    lowering.inputs()
    for equation in cell.equations:
        lowering.equation(equation)
    carries = tuple(Carry(lowering.value(s, -1), lowering.value(s, 0)) for s in cell.states)
    return Program(
        cell.key,
        "forward",
        (lowering.value(cell.input, 0),) if cell.input else (),
        carries,
        tuple(lowering.value(name, None) for name in cell.parameters),
        tuple(lowering.statements),
        (lowering.value(cell.output, 0),),
        constants={lowering.value(name, None): number for name, number in cell.constants.items()},
    )


_NO_NUMBER = (sympy.zoo, sympy.nan, sympy.oo, -sympy.oo)


class _Lowering:
    """Lowers equation after equation; `statements` grows, `taken` keeps the stages' names unique.

    `made` remembers the stage of each part: what stands twice in the equations is computed once.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.statements: list[Statement] = []
        self.taken = {*cell.shapes, "dy"}  # the cotangent of the output is called dy
        self.current = cell.equations[0]
        self.operands: dict[sympy.Symbol, Value] = {}
        self.made: dict[e.Expression, Value] = {}
        self.still: set[str] = set()  # quantities of parameters alone
        self.numbers = {
            self.value(name, None).symbol: sympy.Rational(number.numerator, number.denominator)
            for name, number in cell.constants.items()
        }
        scalars = [name for name in cell.parameters if not cell.shapes[name]]
        self.single = {*self.numbers, *(self.value(name, None).symbol for name in scalars)}

    def value(self, name: str, time: int | None) -> Value:
        """The value that a name with this time stands for."""
        role = Role.PARAMETER if time is None else Role.QUANTITY
        role = Role.CONSTANT if name in self.cell.constants else role
        role = Role.INPUT if name == self.cell.input else Role.STATE if name in self.cell.states else role
        return Value(name, self.cell.shapes[name], time, role)

    def inputs(self) -> None:
        """Each of several inputs, taken out of the one vector that holds them one behind the other."""
        if len(self.cell.inputs) < 2:
            return
        packed, before = self.value(self.cell.input, 0), list[str]()
        for name in self.cell.inputs:
            target = self.value(name, 0)
            operator = Operator("part", (packed.shape[0], target.shape[0]), tuple(before))
            provenance = Provenance(f"{self.cell.key}.forward.{name}", "part of the input")
            self.append(Affine(target, (Term(operator, packed, transposed=True),), provenance))
            before.append(target.shape[0])

    def equation(self, equation: Equation) -> None:
        """target[t] = expression, with the stages that it needs before it."""
        self.current = equation
        target = self.value(equation.target, 0)
        node = equation.expression
        if e.is_affine_sum(node):
            self.affine(target, node)
        elif isinstance(node, e.Stack | e.Repeat) or _is_reduction(node):
            self.over_units(target, node)
        else:
            self.pointwise(target, self.scalar(node))

    def provenance(self, target: Value) -> Provenance:
        """The id of a statement, and the equation it was read from."""
        rule = EQUATION if target.name == self.current.target else "stage of an equation"
        return Provenance(f"{self.cell.key}.forward.{target.name}", rule, self.current.text)

    def pointwise(self, target: Value, expression: Expr) -> Value:
        """Append target = expression; a stage of parameters alone has no time. Raises CellError on division by zero."""
        if expression.xreplace(self.numbers).has(*_NO_NUMBER):
            raise self.current.error(
                f"`{self.current.text}` divides by zero",
                None,
                "denominators that are not zero whatever the values",
                "two terms of the denominator cancel; look for a repeated name",
            )
        operands = tuple(v for s, v in self.operands.items() if s in expression.free_symbols)
        if (
            target.role is Role.QUANTITY
            and target.name not in self.cell.shapes
            and all(v.time is None for v in operands)
        ):
            target = replace(target, time=None)
        return self.append(Pointwise(target, expression, operands, self.provenance(target)))

    def stage(self, name: str, shape: tuple[str, ...]) -> Value:
        """A new value for a part of the current equation, under a name that is still free."""
        target = self.current.target
        candidates = (name, _joined(name, target), _joined(name, "in", target))
        free = next((c for c in candidates if c not in self.taken), None)
        while free is None:
            name = f"{name}_again"
            free = name if name not in self.taken else None
        self.taken.add(free)
        return Value(free, shape)

    def symbol(self, value: Value) -> Expr:
        """The symbol of an operand, remembered with its value."""
        self.operands[value.symbol] = value
        return value.symbol

    def scalar(self, node: e.Expression) -> Expr:
        """A SymPy expression for a node; affine maps and functions inside it become stages."""
        if isinstance(node, e.Number):
            return sympy.Rational(node.value.numerator, node.value.denominator)
        if isinstance(node, e.Name):
            return self.symbol(self.value(node.name, node.time))
        if node in self.made:
            return self.symbol(self.made[node])
        if e.is_affine_sum(node):
            self.made[node] = self.affine(self.affine_stage(node), node)
            return self.symbol(self.made[node])
        if isinstance(node, e.Stack | e.Repeat) or _is_reduction(node):
            self.made[node] = self.over_units(None, node)
            return self.symbol(self.made[node])
        if isinstance(node, e.Negate):
            return -self.scalar(node.operand)
        if isinstance(node, e.Binary):
            return self.binary(node)
        assert isinstance(node, e.Call)
        return self.call(node)

    def binary(self, node: e.Binary) -> Expr:
        """Arithmetic of two scalars; products and sums of numbers stay exact."""
        left, right = self.scalar(node.left), self.scalar(node.right)
        match node.operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
        return left**right

    def call(self, node: e.Call) -> Expr:
        """phi(u, ...): alone on the right side it defines the target; inside, it is a stage of its own."""
        outermost = node == self.current.expression
        symbol = FUNCTIONS[node.function].symbol
        if symbol in CHOICES:
            return self.choice(node)
        argument = self.argument(node.arguments[0])
        if not isinstance(argument, Value):
            return self.finite(symbol(argument), node)
        result = symbol(argument.symbol)
        if outermost:
            return result
        reference = argument.name + ("_prev" if argument.time == -1 else "")
        stage = self.stage(f"{node.function}_{reference}", argument.shape)
        stage = replace(stage, call=(node.function, argument)) if argument.name in self.cell.shapes else stage
        self.made[node] = self.pointwise(stage, result)
        return self.symbol(self.made[node])

    def choice(self, node: e.Call) -> Expr:
        """where(c, u, v), maximum(u, v): of a condition that is a number the branch taken, else a choice."""
        given = list(map(self.scalar, node.arguments))
        if node.function == "where" and given[0].free_symbols <= set(self.numbers):
            sign = number_of(given[0].xreplace(self.numbers))
            return given[1] if sign is not None and sign > 0 else given[2]
        return self.finite(FUNCTIONS[node.function].symbol(*given), node)

    def finite(self, expression: Expr, node: e.Call) -> Expr:
        """The expression. Raises CellError where it is of numbers and constants and no finite number."""
        if expression.free_symbols <= set(self.numbers) and number_of(expression.xreplace(self.numbers)) is None:
            raise self.current.error(
                f"`{str(node)[:40]}` is no finite number",
                node,
                "functions of numbers and constants that are finite numbers",
                "check the argument: a logarithm or root of a number below 0, or a value beyond the range of float32",
            )
        return expression

    def argument(self, node: e.Expression) -> Value | Expr:
        """The argument of a function as a value: a name as it is, anything else as a pre-activation stage.

        What is one number at all units, of scalars and constants alone, is no stage but stands for itself.
        """
        stage = _joined("a", self.current.target)
        if isinstance(node, e.Name) and self.cell.shapes[node.name]:
            self.made[node] = self.value(node.name, node.time)
        if e.is_affine_sum(node) and node not in self.made:
            self.made[node] = self.affine(self.stage(stage, self.shape(node)), node)
        if node not in self.made:
            expression = self.scalar(node)
            if expression.free_symbols <= self.single:
                return expression
            self.made[node] = self.named(expression, lambda: self.stage(stage, self.shape(node)))
        self.symbol(self.made[node])
        return self.made[node]

    def moving(self, operand: Value, node: e.Expression, *, stacked: bool = False) -> Value:
        """An operand that depends on time. Raises CellError for a map of parameters alone."""
        if self.is_still(operand):
            free = next(name for name in ("b", "p", "q", "parameter") if name not in self.cell.shapes)
            whole = f"write one parameter for the whole of it: {free}"
            split = (
                f"take it out of the stack, and add a parameter for what the matrix makes of it: W @ h[t-1] + {free}"
            )
            raise self.current.error(
                f"`{str(node)[:40]}` is made of parameters alone, so it never changes",
                node,
                "matrix products, stacks, repetitions and reductions of what changes with time",
                split if stacked else whole,
            )
        return operand

    def is_still(self, operand: Value) -> bool:
        """Whether a value depends on neither the input nor a state."""
        return operand.time is None or (operand.time == 0 and operand.name in self.still)

    def append(self, statement: Statement) -> Value:
        """Append a statement; its target. Raises CellError for a state or an output that never changes."""
        target = statement.target
        if all(map(self.is_still, statement.reads())):
            if target.name in (*self.cell.states, self.cell.output):
                raise self.current.error(
                    f"`{target.name}[t]` never changes: what depends on time cancels in `{self.current.text[:60]}`",
                    None,
                    "states and outputs that depend on the input at [t] or on a state at [t-1]",
                    "look for a term that is added and taken away again",
                )
            self.still.add(target.name)
        self.statements.append(statement)
        return target

    def named(self, expression: Expr, stage: Callable[[], Value]) -> Value:
        """The value that an expression is, if it is one already, else a new stage."""
        if isinstance(expression, sympy.Symbol) and self.operands[expression].shape:
            return self.operands[expression]
        target = self.pointwise(stage(), expression)
        self.symbol(target)
        return target

    def over_units(self, target: Value | None, node: e.Expression) -> Value:
        """A stack, a repetition or a reduction, into the target or a stage of its own."""
        stacked = isinstance(node, e.Stack)
        operands = [self.moving(self.operand(child), child, stacked=stacked) for child in node.children()]
        if target is None:
            named = {e.Stack: "", e.Repeat: "repeat"}.get(type(node), getattr(node, "function", ""))
            target = self.stage(_joined(*filter(None, [named, *(value.name for value in operands)])), self.shape(node))
        if isinstance(node, e.Call) and not REDUCTIONS[node.function].linear:
            statement: Statement = Maximum(target, operands[0], provenance=self.provenance(target))
        else:
            terms = tuple(
                Term(operator, v) for operator, v in zip(_operators(node, target, operands), operands, strict=True)
            )
            statement = Affine(target, terms, self.provenance(target))
        return self.append(statement)

    def affine_stage(self, node: e.Expression) -> Value:
        """The value of an affine map inside a larger expression, named after its first product."""
        product = next(n for n in node.walk() if isinstance(n, e.MatrixProduct))
        operand = next(n for n in product.operand.walk() if isinstance(n, e.Name))
        matrix = product.matrix.name + ("T" if product.transposed else "")
        return self.stage(_joined(matrix, operand.name), self.shape(product))

    def affine(self, target: Value, node: e.Expression) -> Value:
        """Append target = sum of terms; a term that is no map of a single value becomes a stage, added as it is."""
        linear, rest = [], []
        for sign, part in e.summands(node):
            term = self.term(sign, part)
            if term is None:
                rest.append((sign, part))
            else:
                linear.append(term)
        remainder = self.remainder(target, rest) if rest else None
        if remainder is not None:
            linear.append(Term(remainder, None) if remainder.is_parameter else Term(None, remainder))
        return self.append(Affine(target, tuple(linear), self.provenance(target)))

    def remainder(self, target: Value, parts: list[tuple[int, e.Expression]]) -> Value | None:
        """The part of a sum that is not affine in single values, r * q say; None if its terms cancel."""
        expression = sympy.Add(*(sign * self.scalar(part) for sign, part in parts))
        if expression == 0:
            return None
        return self.named(expression, lambda: self.stage(_joined(target.name, "extra"), target.shape))

    def term(self, sign: int, node: e.Expression) -> Term | None:
        """A summand as a term of an affine map, or None if it is none."""
        coefficient = Fraction(sign)
        if isinstance(node, e.Binary) and node.operator == "*" and isinstance(node.left, e.Number):
            coefficient, node = coefficient * node.left.value, node.right
        if isinstance(node, e.MatrixProduct):
            return Term(
                self.value(node.matrix.name, None),
                self.moving(self.operand(node.operand), node),
                node.transposed,
                coefficient,
            )
        if isinstance(node, e.Binary) and node.operator == "*":
            return self.diagonal_term(coefficient, node.left, node.right)
        if isinstance(node, e.Name) and self.cell.shapes[node.name]:
            value = self.value(node.name, node.time)
            if node.time is None:
                return Term(value, None, coefficient=coefficient)
            return Term(None, value, coefficient=coefficient)
        return None

    def diagonal_term(self, coefficient: Fraction, left: e.Expression, right: e.Expression) -> Term | None:
        """p * v with a vector parameter p, the map diag(p): a peephole; or with a constant."""
        if isinstance(left, e.Name) and isinstance(right, e.Name) and (left.time is None) != (right.time is None):
            weight, operand = (left, right) if left.time is None else (right, left)
            return Term(self.value(weight.name, None), self.value(operand.name, operand.time), coefficient=coefficient)
        return None

    def operand(self, node: e.Expression) -> Value:
        """The vector a matrix multiplies: a name as it is, anything else as a stage."""
        if isinstance(node, e.Name):
            return self.value(node.name, node.time)
        if node in self.made:
            return self.made[node]
        if e.is_affine_sum(node):
            self.made[node] = self.affine(self.affine_stage(node), node)
            return self.made[node]
        names = (n.name for n in node.walk() if isinstance(n, e.Name))
        self.made[node] = self.named(self.scalar(node), lambda: self.stage(_joined(*names), self.shape(node)))
        return self.made[node]

    def shape(self, node: e.Expression) -> tuple[str, ...]:
        """The shape of a vector expression."""
        if isinstance(node, e.Name):
            return self.cell.shapes[node.name]
        if isinstance(node, e.MatrixProduct):
            rows, columns = self.cell.shapes[node.matrix.name]
            return (columns if node.transposed else rows,)
        shapes = [self.shape(child) for child in node.children()]
        if isinstance(node, e.Stack):
            return (added(size for (size,) in shapes),)
        if isinstance(node, e.Repeat):
            return (multiplied(shapes[0][0], node.count),)
        return next((shape for shape in shapes if shape), ())


def _operators(node: e.Expression, target: Value, operands: list[Value]) -> list[Operator]:
    """The constant linear map of each part of a stack, of a repetition, or of a mean or sum."""
    if isinstance(node, e.Stack):
        sizes = [value.shape[0] for value in operands]
        return [Operator("part", (target.shape[0], size), tuple(sizes[:k])) for k, size in enumerate(sizes)]
    shape = (target.shape[0], operands[0].shape[0])
    if isinstance(node, e.Repeat):
        return [Operator("repeat", shape, count=node.count)]
    assert isinstance(node, e.Call)
    return [Operator(node.function, shape)]


def _is_reduction(node: e.Expression) -> bool:
    return isinstance(node, e.Call) and node.function in REDUCTIONS


def _joined(*parts: str) -> str:
    """Parts of a name with _ between them; without, where d and h would read d_h, which is the adjoint of h."""
    name = "_".join(parts)
    return name.replace("_", "") if reads_derived(name) else name
