"""Parameters and constants under names of their own, bound before the loop; several of one operand in one array."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_sym.compile.plan import LoopPlan
from lstm_sym.compile.storage import Names, identifier
from lstm_sym.emit.nodes import Assign, Field, Name, Node, Number, Packed, Transposed
from lstm_sym.program.values import Role, Value


class Parameters:
    """Binds parameters; `bound` holds one statement a name, in the order in which they are asked for."""

    def __init__(self, names: Names, plan: LoopPlan) -> None:
        self.names = names
        self.constants = plan.program.constants
        self.copied = bool(plan.schedule.stored or plan.schedule.streamed) and not plan.schedule.fused
        self.bound: dict[str, Assign] = {}

    def one(self, value: Value) -> Name:
        """A parameter or constant under its own name."""
        number = self.constants.get(value)
        return self._named(value, identifier(value), field_of(value) if number is None else Number(number))

    def packed(self, values: Sequence[Value]) -> Name:
        """Several parameters one under the other, in slot order; a single one as it is."""
        if len(values) == 1:
            return self.one(values[0])
        return self._named(("pack", tuple(values)), pack_name(values), Packed(tuple(map(field_of, values))))

    def transposed(self, matrices: Sequence[Value]) -> tuple[Name, bool]:
        """A matrix, and whether it is still to be transposed: over many steps a copy is the faster operand; compiled
        code makes its own.
        """
        pack = self.packed(matrices)
        if not self.copied:
            return pack, True
        return self._named(("transposed", tuple(matrices)), f"{pack.text}_T", Transposed(pack)), False

    def _named(self, key: object, wanted: str, value: Node) -> Name:
        name = Name(self.names.get(key, wanted))
        self.bound.setdefault(name.text, Assign(name, value))
        return name


def field_of(value: Value) -> Field:
    """Where a parameter, or the tangent of one, is read from; a learned scalar as an array of one unit."""
    if value.role is Role.TANGENT and value.of is not None:
        return Field("params_dot", value.of.name, not value.shape)
    return Field("params", value.name, not value.shape)


def pack_name(values: Sequence[Value]) -> str:
    """The name of parameters packed together: W for W_i, W_f, ...; their names joined if they share no stem."""
    bases = [value.of.name if value.of is not None else value.name for value in values]
    stems = {base.split("_")[0] for base in bases}
    suffix = "_dot" if values[0].role is Role.TANGENT else ""
    return (stems.pop() if len(stems) == 1 else "_".join(bases)) + suffix


def stem(value: Value | None) -> str:
    """The part of a parameter's name before the gate: W of W_i."""
    return value.name.split("_")[0] + value.role.value if value is not None else ""


def gradient_name(targets: Sequence[Value]) -> str:
    """The name of gradients computed together: d_W for d_W_i, d_W_f, ...; d_W_dot for their tangents."""
    adjoints = [target.of if target.role is Role.TANGENT and target.of is not None else target for target in targets]
    suffix = "_dot" if targets[0].role is Role.TANGENT else ""
    return "d_" + pack_name([value.of for value in adjoints if value.of is not None]) + suffix
