"""Values side by side in one array, so that a step has one product where the equations have one a gate.

* ahead, maps of the same operands: a = x W^T + h_prev U^T + b, of which a_i, a_f, a_g, a_o are parts;
* back, the operands of one sum of products: d_a = (d_a_i, d_a_f, ...), d_h_prev = d_a U.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

from lstm_sym.compile.storage import identifier
from lstm_sym.emit import nodes as n
from lstm_sym.emit.parameters import gradient_name, stem
from lstm_sym.emit.regions import RegionWriter
from lstm_sym.ground.groups import grouped
from lstm_sym.program.statements import Accumulate, Affine, Statement, Term
from lstm_sym.program.values import Role, Value

Group = tuple[Value, ...]


class Stack(NamedTuple):
    """Values of one size, in their order in the array."""

    array: n.Name
    values: Group

    def parts(self, names: Sequence[n.Name]) -> n.Split:
        """The values as parts of the array."""
        count = len(self.values)
        return n.Split(tuple(names), self.array, 0, count, self.values[0].shape[0], count)


class Stacks:
    """The stacks of one function; `writer` writes what stands alone."""

    def __init__(self, writer: RegionWriter) -> None:
        self.writer = writer
        self.known: list[Stack] = []

    def add(self, values: Group) -> Stack:
        """A new stack, named as what its values begin with: a of a_i, a_f."""
        stems = {value.name.rsplit("_", 1 + value.name.endswith("_dot"))[0] for value in values}
        wanted = stems.pop() if len(stems) == 1 else "_".join(map(identifier, values))
        suffix = "_dot" if all(value.role is Role.TANGENT for value in values) and not wanted.endswith("_dot") else ""
        self.known.append(Stack(n.Name(self.writer.names.get(("stack", values), wanted + suffix)), values))
        return self.known[-1]

    def within(self, values: Iterable[Value]) -> list[Stack]:
        """The stacks all of whose values are among these."""
        among = set(values)
        return [stack for stack in self.known if among.issuperset(stack.values)]

    def split(self, stacks: Iterable[Stack]) -> list[n.Node]:
        """Each value under its own name."""
        return [stack.parts([n.Name(self.writer.storage.home(v).name) for v in stack.values]) for stack in stacks]

    def handed(self, values: Sequence[Value]) -> list[str]:
        """Names of arrays that hold these values, each stack once."""
        within = {value: stack.array.text for stack in self.within(values) for value in stack.values}
        return [*dict.fromkeys(within.get(value) or self.writer.storage.home(value).name for value in values)]

    def together(self, statements: Sequence[Affine]) -> list[n.Node]:
        """Maps of the same operands as one, and its parts."""
        columns = [*zip(*(statement.terms for statement in statements), strict=True)]
        value = reduce(n.Sum, [self.writer.term(column[0], column, True) for column in columns])
        stack = self.add(tuple(statement.target for statement in statements))
        return [*self.writer.noted(statements, [n.Assign(stack.array, value)]), *self.split([stack])]

    def joined(self, statement: Affine, order: Sequence[Value], in_loop: bool) -> list[n.Node]:
        """A sum of products of transposed matrices: of stacks, made here where there is none yet; in `order`."""
        found: list[n.Node] = []
        terms, values = [*statement.terms], list[n.Node]()
        for family in grouped(filter(is_joinable, terms), lambda term: stem(term.weight)).values():
            operands = {term.operand: term for term in family if term.operand is not None}
            sizes = {value.shape for value in operands}
            if in_loop and len(operands) == len(family) > 1 == len(sizes) and not self._used(operands):
                stack = self.add(tuple(sorted(operands, key=order.index)))
                parts = tuple(self.writer.reference(value, True) for value in stack.values)
                found.append(n.Assign(stack.array, n.Stacked(parts)))
            for stack in self.within(operands):
                taken = [operands[value] for value in stack.values]
                matrices = [term.weight for term in taken if term.weight is not None]
                values.append(self.writer.product(taken[0], matrices, in_loop, stack.array))
                terms = [term for term in terms if term not in taken]
        values += [self.writer.term(term, [term], in_loop) for term in terms]
        node = self.writer.assigned(statement.target, reduce(n.Sum, values), in_loop)
        return [*found, *self.writer.noted([statement], [node])]

    def _used(self, values: Iterable[Value]) -> bool:
        return any(value in stack.values for stack in self.known for value in values)

    def sums(self, statements: Sequence[Accumulate]) -> list[n.Node]:
        """Sums over time; those of all of a stack with the same other factors are one."""
        found: list[n.Node] = []
        for family in grouped(statements, self._family).values():
            stacks = [self._stack(part.left) for part in family[0].contributions]
            whole = [stack for stack in stacks if stack is not None and len(stack.values) == len(family)]
            if not stacks or len(whole) < len(stacks):
                found += [node for statement in family for node in self.writer.gradients([statement])]
            else:
                place = whole[0].values.index
                ordered = sorted(family, key=lambda statement: place(statement.contributions[0].left))
                found += self._sum(ordered, [stack.array for stack in whole])
        return found

    def _stack(self, value: Value) -> Stack | None:
        return next((stack for stack in self.known if value in stack.values), None)

    def _family(self, statement: Accumulate) -> object:
        """What the sums of one product share; of any other, itself."""
        parts, rank = statement.contributions, len(statement.target.shape)
        stacks = [self._stack(part.left) for part in parts]
        places = {stack.values.index(part.left) for stack, part in zip(stacks, parts, strict=True) if stack is not None}
        alone = None in stacks or len(places) != 1 or not rank
        if alone or any(part.coefficient != 1 or (part.right is not None and rank < 2) for part in parts):
            return statement.target
        return rank, tuple(part.right for part in parts), *map(id, stacks)

    def _sum(self, family: Sequence[Accumulate], arrays: Sequence[n.Name]) -> list[n.Node]:
        """One product, and its parts by the names of their own."""
        first, names = family[0], self.writer.names
        joint = n.Name(names.get(("pack", first.target), gradient_name([s.target for s in family])))
        pairs = zip(arrays, first.contributions, strict=True)
        values = [self.writer.contribution(array, part, first) for array, part in pairs]
        own = tuple(n.Name(names.get(s.target, identifier(s.target))) for s in family)
        nodes = [n.Assign(joint, values[0]), *(n.Add(joint, value) for value in values[1:])]
        split = n.Split(own, joint, 0, len(own), first.target.shape[0], len(own), rows=True)
        return [*self.writer.noted(family, nodes), split]


def columns(statement: Statement) -> object:
    """What maps that are one product share: the operands of their terms, in order; of any other statement, itself."""
    if not isinstance(statement, Affine) or not any(_varies(term) and term.is_product for term in statement.terms):
        return statement.target
    if any(term.transposed or term.coefficient != 1 or not _stands(term) for term in statement.terms):
        return statement.target
    return statement.target.shape, tuple((term.operand, stem(term.weight)) for term in statement.terms)


def _varies(term: Term) -> bool:
    return term.operand is not None and term.operand.time is not None


def _stands(term: Term) -> bool:
    """Whether a term is a product with a matrix, or a bias."""
    return term.is_product or (term.operand is None and term.weight is not None and len(term.weight.shape) == 1)


def is_joinable(term: Term) -> bool:
    """Whether a term is a product with a transposed matrix, and nothing else."""
    return term.is_product and term.transposed and term.coefficient == 1 and _varies(term)
