"""Parameters and constants under names of their own, bound before the loop; several of one operand in one array."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lstm_sym.emit.numpy.storage import Names, identifier
from lstm_sym.passes.scheduling import Schedule
from lstm_sym.program.values import Role, Value


class Packs:
    """Binds parameters; `lines` grows by one line a name."""

    def __init__(self, names: Names, lines: list[str], plan: Schedule) -> None:
        self.names, self.lines = names, lines
        self.constants, self.steps = plan.program.constants, bool(plan.stored)
        self.packed: dict[tuple[Value, ...], str] = {}

    def parameter(self, value: Value) -> str:
        """A parameter or constant under its own name, bound once before the loop."""
        name = self.names.get(value, identifier(value))
        number = self.constants.get(value)
        line = f"{name} = {source_of(value) if number is None else literal(number)}"
        if line not in self.lines:
            self.lines.append(line)
        return name

    def pack(self, values: Sequence[Value]) -> str:
        """Several parameters one under the other, in slot order; a single one as it is."""
        key = tuple(values)
        if len(key) == 1:
            return self.parameter(key[0])
        if key not in self.packed:
            name = self.names.get(("pack", key), pack_name(key))
            self.packed[key] = name
            listed = ", ".join(source_of(value) for value in key)
            self.lines.append(f"{name} = np.concatenate(({listed}))")
        return self.packed[key]

    def transposed(self, matrices: Sequence[Value]) -> str:
        """A transposed pack; over many steps a contiguous copy, made once, is the faster operand."""
        pack = self.pack(matrices)
        if not self.steps:
            return f"{pack}.T"
        name = self.names.get(("transposed", tuple(matrices)), f"{pack}_T")
        line = f"{name} = np.ascontiguousarray({pack}.T)"
        if line not in self.lines:
            self.lines.append(line)
        return name


def literal(number: Fraction) -> str:
    """An exact number as Python writes it."""
    return str(number.numerator) if number.denominator == 1 else repr(float(number))


def source_of(value: Value) -> str:
    """Where a parameter, or the tangent of one, is read from; a learned scalar as an array of one unit."""
    one = "" if value.shape else ".reshape(1)"
    if value.role is Role.TANGENT and value.of is not None:
        return f"params_dot.{value.of.name}{one}"
    return f"params.{value.name}{one}"


def pack_name(values: Sequence[Value]) -> str:
    """The name of parameters packed together: W for W_i, W_f, ...; their names joined if they share no stem."""
    bases = [value.of.name if value.of is not None else value.name for value in values]
    stems = {base.split("_")[0] for base in bases}
    suffix = "_dot" if values[0].role is Role.TANGENT else ""
    return (stems.pop() if len(stems) == 1 else "_".join(bases)) + suffix
