"""Program -> graph: a box for each function with the sum before it, a joint for each operation of an expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import assert_never

import sympy
from sympy import Expr

from lstm_sym.diagram.graph import BLANK, Edge, Graph, Kind, Node
from lstm_sym.equations.functions import CHOICES, FUNCTIONS, SIGNS
from lstm_sym.equations.signs import Sign
from lstm_sym.notation.scalar import PRODUCT
from lstm_sym.notation.text import TextNotation
from lstm_sym.program.program import Program
from lstm_sym.program.statements import EQUATION, Accumulate, Affine, Maximum, Pointwise, Statement, Term
from lstm_sym.program.values import Role, Value

SHORT = 3
"""The most terms of a sum that a box writes out."""
FUNCTION = f"({BLANK})"

Source = tuple[int, str, Value | None]
"""What a node reads: the sign with which it does, the other node, and the value that this gives if it has a name."""


def expanded(program: Program, signs: Mapping[str, Sign] | None = None) -> Graph:
    """The graph of a forward program, each operation a node, what feeds a function alone merged into its box.

    signs: how names are shown, where not as they are written.
    """
    return _merged(_Expansion(program, signs or {}).graph())


class _Expansion:
    """Goes through the statements; `made` says which node gives a value, `nodes` are in order."""

    def __init__(self, program: Program, signs: Mapping[str, Sign]) -> None:
        self.program, self.nodes, self.edges = program, dict[str, Node](), dict[tuple[str, str], Edge]()
        self.made: dict[Value, str] = {}
        self.values = {value.symbol: value for value in program.values()}
        self.notation = TextNotation(self.values, signs=signs)
        self.statement: Statement = program.statements[0]
        self.parts: dict[Expr, str] = {}

    def graph(self) -> Graph:
        """All nodes: what is given, what each statement computes, what is handed on; what nothing reads is left out."""
        program = self.program
        for value in program.inputs:
            self.made[value] = self.node(f"{value.name}", Kind.INPUT, values=(value,))
        for carry in program.carries:
            self.made[carry.incoming] = self.node(
                f"{carry.incoming.name}-before", Kind.BEFORE, values=(carry.incoming,)
            )
        for statement in program.statements:
            if any(value in self.made or value.role is Role.INPUT for value in statement.reads()):
                self.add(statement)  # what depends on parameters alone is taken for one
        carried = {carry.outgoing for carry in program.carries}
        ends = [(Kind.AFTER, carry.outgoing) for carry in program.carries]
        ends += [(Kind.OUTPUT, value) for value in program.outputs if value not in carried]
        for kind, value in ends:
            name = self.node(f"{value.name}-after", kind, values=(value,))
            self.join(self.made[value], name, value)
        states = {self.made[c.incoming]: f"{c.outgoing.name}-after" for c in program.carries}
        read = {edge.source for edge in self.edges.values()}
        left = {name: node for name, node in self.nodes.items() if name in read or name.endswith("-after")}
        drawn = {before: after for before, after in states.items() if before in left}
        return Graph(left, tuple(self.edges.values()), drawn, self.notation.signs)

    def node(self, name: str, kind: Kind, text: str = "", values: tuple[Value, ...] = (), linear: bool = False) -> str:
        """A node more, under a name that is free."""
        place, stem = 1, name
        while name in self.nodes:
            place += 1
            name = f"{stem}.{place}"
        statements = (self.statement,) if kind in (Kind.BOX, Kind.JOINT) else ()
        self.nodes[name] = Node(name, kind, text, values, statements, linear)
        return name

    def join(self, source: str, target: str, value: Value | None = None, sign: int = 1) -> None:
        """An edge, unless the two are joined already."""
        values = () if value is None else (value,)
        self.edges.setdefault((source, target), Edge(source, target, values, sign))

    def add(self, statement: Statement) -> None:
        """The nodes of a statement; the last of them gives its target, and has its name."""
        self.statement, self.parts, target, before = statement, {}, statement.target, set(self.nodes)
        match statement:
            case Pointwise():
                name = self.expression(statement.expression)
            case Maximum():
                name = self.box(f"{SIGNS['max'][1]}{FUNCTION}", [statement.operand])
            case Affine() if all(t.operator is not None and t.transposed for t in statement.terms):
                name = self.node(target.name, Kind.INPUT)  # one of several inputs, taken out of all
            case Affine() if statement.provenance.rule == EQUATION and any(map(self.keeps, statement.terms)):
                name = self.sum_on_the_line(statement)
            case Affine():
                name = self.sum_box(statement.terms)
            case Accumulate():
                raise TypeError("a forward program accumulates nothing")
            case _:
                assert_never(statement)
        if name in before:
            name = self.unary(name, "=", True)  # another name for what is there
        named = statement.provenance.rule == EQUATION or self.nodes[name].kind is Kind.INPUT
        self.nodes[name] = replace(self.nodes[name], values=(target,) if named else ())
        self.made[target] = name

    def box(self, text: str, operands: Sequence[Value]) -> str:
        """A box that reads these values."""
        name = self.node(self.statement.target.name, Kind.BOX, text)
        for value in operands:
            if value in self.made:
                self.join(self.made[value], name, value)
        return name

    def sum_box(self, terms: Sequence[Term]) -> str:
        """A sum of matrix products and what else is added, as a box."""
        return self.box(self.sum_text(terms), [term.operand for term in terms if term.operand is not None])

    def sum_on_the_line(self, statement: Affine) -> str:
        """A sum with values in it that pass no matrix: they meet the box of the rest in a joint."""
        rest = [term for term in statement.terms if not self.keeps(term)]
        moving = [term for term in rest if term.operand in self.made]
        parts: list[Source] = [(1, self.sum_box(rest), None)] if moving else []
        for term in statement.terms:
            if self.keeps(term) and term.operand is not None:
                sign, name = (1 if term.coefficient > 0 else -1), self.made[term.operand]
                scale = self.notation.term(replace(term, operand=None, coefficient=Fraction(1)))
                if scale or abs(term.coefficient) != 1:
                    number = "" if abs(term.coefficient) == 1 else self.notation.number(abs(term.coefficient))
                    parts.append((sign, self.unary(name, f"× {' '.join(filter(None, [number, scale]))}", True), None))
                else:
                    parts.append((sign, name, term.operand))
        name = parts[0][1] if len(parts) == 1 and parts[0][0] > 0 else self.meeting("+", parts)
        still = self.notation.signed([(term.coefficient, self.notation.term(term)) for term in rest])
        return name if moving or not rest else self.unary(name, f"+ {still}", True)

    def keeps(self, term: Term) -> bool:
        """Whether a term of a sum passes on what depends on time, element by element."""
        return term.operand in self.made and not term.is_product and term.operator is None

    def sum_text(self, terms: Sequence[Term]) -> str:
        """W x + U h + b, without the names of gates; Σ where it is long, the sign of an operator of one value."""
        if len(terms) == 1 and terms[0].operator is not None:
            return self.notation.operator(terms[0].operator, terms[0].transposed) + FUNCTION
        if all(term.is_part for term in terms):
            return f"[{'; '.join(BLANK for _ in terms)}]"
        if len(terms) > SHORT or any(term.operator is not None for term in terms):
            return "Σ"
        parts, several = [], len(terms) > 1
        for term in terms:
            matrix = term.weight.name.partition("_")[0] if term.weight is not None else ""
            operand = term.operand.name if term.operand is not None and self.is_named(term.operand) else ""
            operand = operand if "_" not in operand else ""
            inner = " ".join(filter(None, [matrix, operand or (BLANK if several and term.operand is not None else "")]))
            parts.append((term.coefficient, inner))
        return self.notation.signed(parts)

    def is_named(self, value: Value) -> bool:
        """Whether a value is given or defined by an equation, and no stage."""
        return value not in self.made or self.nodes[self.made[value]].values != ()

    def moving(self, expression: Expr) -> bool:
        """Whether an expression depends on time: parameters and constants alone do not."""
        return any(self.values[symbol] in self.made for symbol in expression.free_symbols)

    def expression(self, expression: Expr) -> str:
        """The node of an expression that depends on time."""
        if expression not in self.parts:
            self.parts[expression] = self.part(expression)
        return self.parts[expression]

    def part(self, expression: Expr) -> str:
        """The node of an expression, by its outermost operation."""
        if isinstance(expression, sympy.Symbol):
            return self.made[self.values[expression]]
        if isinstance(expression, sympy.Add):
            return self.sum(expression)
        if isinstance(expression, sympy.Mul):
            return self.product(expression)
        if isinstance(expression, sympy.Pow) and not self.moving(expression.exp):
            return self.power(expression)
        return self.function(expression)

    def function(self, expression: Expr) -> str:
        """The box of a function; of a choice or another function of several arguments with its sign alone."""
        kind = type(expression).__name__
        moving = [(1, self.expression(one), self.value(one)) for one in expression.args if self.moving(one)]
        if len(expression.args) == 1 and kind in FUNCTIONS:
            return self.unary(moving[0][1], f"{SIGNS[kind][1]}{FUNCTION}", False, Kind.BOX)
        return self.meeting(SIGNS[kind][1] if type(expression) in CHOICES else "…", moving, Kind.BOX)

    def value(self, expression: Expr) -> Value | None:
        """The value that an expression is, None for one without a name."""
        return self.values[expression] if isinstance(expression, sympy.Symbol) else None

    def unary(self, source: str, text: str, linear: bool, kind: Kind = Kind.JOINT) -> str:
        """A node of one input."""
        name = self.node(self.statement.target.name, kind, text, linear=linear)
        made = next((value for value, node in self.made.items() if node == source), None)
        self.join(source, name, made)
        return name

    def printed(self, expression: Expr) -> str:
        """What does not depend on time, as text."""
        return self.notation.print(expression, PRODUCT)

    def sum(self, expression: Expr) -> str:
        """+ of what depends on time, each with its sign, then what does not: 1 − z is 1 − of one input."""
        terms = self.notation.terms(expression)
        moving = [(sign, term) for sign, term in terms if self.moving(term)]
        still = sympy.Add(*(sign * term for sign, term in terms if not self.moving(term)))
        if len(moving) == 1:
            sign, term = moving[0]
            text = f"+ {self.printed(still)}" if sign > 0 else f"{self.printed(still)} −"
            return self.unary(self.expression(term), text, True)
        name = self.joint("+", [(sign, term) for sign, term in moving])
        return name if still == 0 else self.unary(name, f"+ {self.printed(still)}", True)

    def product(self, expression: Expr) -> str:
        """× of what depends on time; a factor that does not stands on the line behind it."""
        factors = sympy.Mul.make_args(expression)
        moving = sorted((factor for factor in factors if self.moving(factor)), key=self.notation.rank)
        still = sympy.Mul(*(factor for factor in factors if not self.moving(factor)))
        name = self.expression(moving[0]) if len(moving) == 1 else self.joint("×", [(1, factor) for factor in moving])
        if still == 1:
            return name
        return self.unary(name, "−" if still == -1 else f"× {self.printed(still)}", True)

    def joint(self, text: str, operands: Sequence[tuple[int, Expr]]) -> str:
        """An operation on several inputs."""
        return self.meeting(text, [(sign, self.expression(one), self.value(one)) for sign, one in operands])

    def meeting(self, text: str, sources: Sequence[Source], kind: Kind = Kind.JOINT) -> str:
        """A node that reads several others, a joint unless it is said to be a box."""
        name = self.node(self.statement.target.name, kind, text, linear=kind is Kind.JOINT)
        for sign, source, value in sources:
            self.join(source, name, value, sign)
        return name

    def power(self, expression: Expr) -> str:
        """1/ of a reciprocal, ² of a square."""
        base, exponent = expression.args
        if exponent == -1:
            return self.unary(self.expression(base), "1 /", False)
        text = self.notation.power(BLANK, int(exponent)) if exponent.is_Integer else f"{BLANK}^{exponent}"
        return self.unary(self.expression(base), text, False)


def _merged(graph: Graph) -> Graph:
    """The graph with every stage merged into the box that alone reads it: a sum into its function, −softplus in one."""
    nodes, edges = dict(graph.nodes), list(graph.edges)
    for name in list(nodes):
        node = nodes[name]
        readers = [edge.target for edge in edges if edge.source == name]
        if len(readers) != 1 or node.values or node.kind not in (Kind.BOX, Kind.JOINT):
            continue
        reader = nodes[readers[0]]
        text = _together(node, reader, [edge for edge in edges if edge.target in (name, reader.name)])
        if text is None:
            continue
        nodes[reader.name] = replace(
            reader, text=text, kind=Kind.BOX, statements=(*node.statements, *reader.statements), linear=False
        )
        moved = [replace(edge, target=reader.name) for edge in edges if edge.target == name]
        edges = [edge for edge in edges if name not in (edge.source, edge.target)] + moved
        del nodes[name]
    unique = {(edge.source, edge.target): edge for edge in edges}
    return Graph(nodes, tuple(unique.values()), graph.states, graph.signs)


def _together(inner: Node, outer: Node, edges: Sequence[Edge]) -> str | None:
    """The text of two nodes in one; None where each stands better by itself."""
    alone = sum(edge.target == outer.name for edge in edges) == 1
    if not alone or outer.kind in (Kind.AFTER, Kind.OUTPUT):
        return None
    is_function = outer.kind is Kind.BOX and outer.text.endswith(FUNCTION)
    if is_function and ((FUNCTION not in inner.text and inner.kind is Kind.BOX) or inner.text in ("+", "−")):
        return outer.text
    if outer.text == "−" and inner.kind is Kind.BOX and inner.text.endswith(FUNCTION):
        return f"−{inner.text}"
    return None
