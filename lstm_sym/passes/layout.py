"""Layout: pre-activations that share an operand stand side by side in one array, so that one product computes them.

A group is a set of affine targets of one size that share operands; its slots are the columns [k H, (k+1) H). What is
derived from a slot keeps the slot: the gate i, its slope, its adjoint and the adjoint of a_i all stand in the slot of
a_i, each kind in a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from lstm_sym.program.program import Program
from lstm_sym.program.statements import Affine, Pointwise
from lstm_sym.program.values import Role, Value

_ALIGNED = (Role.ADJOINT, Role.TANGENT, Role.SLOPE)


@dataclass(frozen=True)
class Group:
    """Affine targets side by side: `members` (names of pre-activations) in slot order, each of `size` units."""

    members: tuple[str, ...]
    size: str
    name: str

    @property
    def short_names(self) -> tuple[str, ...]:
        """The members without what all of them begin and end with: i, f, o of a_i_in, a_f_in, a_o_in."""
        return _without_common(self.members)


@dataclass(frozen=True)
class Place:
    """A slot of a group, in a row: () for pre-activations, ("activation",) for gates, then what was derived of it."""

    group: Group
    slot: int
    row: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """All groups of a forward program, and which activation stands over which pre-activation."""

    groups: tuple[Group, ...]
    activations: dict[str, str]

    @cached_property
    def slots(self) -> dict[str, tuple[Group, int]]:
        """Pre-activation -> its group and slot."""
        return {member: (group, slot) for group in self.groups for slot, member in enumerate(group.members)}

    def place(self, value: Value) -> Place | None:
        """Where a value of this or a derived program stands, or None if it stands alone."""
        roles: tuple[str, ...] = ()
        while value.of is not None and value.role in _ALIGNED:
            roles, value = (value.role.value, *roles), value.of
        if value.time != 0 or value.role is not Role.QUANTITY:
            return None
        member = self.activations.get(value.name)
        row = ("activation", *roles) if member else roles
        found = self.slots.get(member or value.name)
        return None if found is None else Place(*found, row)


def lay_out(forward: Program) -> Layout:
    """Group the affine statements of a forward program that share an operand and a size."""
    affine = [s for s in forward.statements if isinstance(s, Affine) and _groupable(s)]
    depth = _depths(forward)
    functions = _activations(forward, {s.target for s in affine})
    index = {statement.target: k for k, statement in enumerate(affine)}

    def slot_order(target: Value) -> tuple[int, str, int]:
        function = functions.get(target)
        return depth[target], function[1] if function else "", index[target]

    groups = []
    for targets in _components(affine):
        ordered = sorted(targets, key=slot_order)
        names = tuple(target.name for target in ordered)
        groups.append(Group(names, ordered[0].shape[0], _group_name(names)))
    named = _distinct(groups)
    return Layout(tuple(named), {output.name: target.name for target, (output, _) in functions.items()})


def _groupable(statement: Affine) -> bool:
    products = [term for term in statement.terms if term.is_product]
    plain = all(not term.transposed and term.coefficient == 1 for term in products)
    return statement.target.role is Role.QUANTITY and bool(products) and plain


def _activations(forward: Program, targets: set[Value]) -> dict[Value, tuple[Value, str]]:
    """Pre-activation -> (the gate that is a function of it alone, the function's name)."""
    found: dict[Value, tuple[Value, str]] = {}
    for statement in forward.statements:
        if isinstance(statement, Pointwise) and statement.target.role is Role.QUANTITY:
            arguments = statement.expression.args
            single = len(statement.operands) == 1 and arguments == (statement.operands[0].symbol,)
            if single and statement.operands[0] in targets and statement.expression.is_Function:
                found.setdefault(statement.operands[0], (statement.target, type(statement.expression).__name__))
    return found


def _depths(forward: Program) -> dict[Value, int]:
    """How many affine statements of the same step lie before a value."""
    depth: dict[Value, int] = {}
    for statement in forward.statements:
        below = max((depth.get(value, 0) for value in statement.reads()), default=0)
        own = 1 if isinstance(statement, Affine) else 0
        depth[statement.target] = below + own
    return depth


def _components(affine: list[Affine]) -> list[list[Value]]:
    """Connected components of affine statements over shared operands, equal sizes only."""
    components: list[tuple[set[tuple[Value, str]], list[Value]]] = []
    for statement in affine:
        keys = {(t.operand, statement.target.shape[0]) for t in statement.terms if t.is_product and t.operand}
        joined = [component for component in components if component[0] & keys]
        components = [component for component in components if component not in joined]
        operands = keys.union(*(operands for operands, _ in joined))
        components.append((operands, [v for _, members in joined for v in members] + [statement.target]))
    return [members for _, members in components]


def _group_name(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ""


def _distinct(groups: list[Group]) -> list[Group]:
    """A single pre-activation keeps its name; one group of several is nameless, several are told apart: by what all
    members of one end with (in of a_i_in, a_f_in), or by the members.
    """
    several = sum(not group.name for group in groups) > 1
    if not several:
        return groups
    return [group if group.name else replace(group, name=_told_apart(group.members)) for group in groups]


def _told_apart(members: tuple[str, ...]) -> str:
    parts = [member.split("_") for member in members]
    ends = zip(*(reversed(part) for part in parts), strict=False)
    common = [names[0] for names in takewhile(lambda names: len(set(names)) == 1, ends)]
    return "_".join(reversed(common)) or "_".join(_without_common(members))


def _without_common(members: tuple[str, ...]) -> tuple[str, ...]:
    """Names without a_ in front, and without the last words that all share."""
    parts = [member.removeprefix("a_").split("_") for member in members]
    while len(members) > 1 and all(len(part) > 1 for part in parts) and len({part[-1] for part in parts}) == 1:
        parts = [part[:-1] for part in parts]
    return tuple("_".join(part) for part in parts)
